//! The runs that can be laid over the curves, to choose one of, over the panes.

use ratatui::{
    Frame,
    layout::{Alignment, Constraint, Margin, Position, Rect},
    text::Line,
    widgets::{Block, Clear, Padding},
};

use crate::{
    app::{Action, RunChoice},
    protocol::OtherRun,
    view::{
        format::{accuracy, fit, width},
        theme::Theme,
    },
};

/// Rows that are shown at once, at the most.
const MOST: usize = 12;

/// What a click there means: the row, and beside the list to close it.
pub fn hit(area: Rect, choice: &RunChoice, position: Position) -> Action {
    let inside = window(area, &rows(choice)).inner(Margin::new(2, 1));
    let row = start(choice, inside) + usize::from(position.y.saturating_sub(inside.y));
    if inside.contains(position) && row < rows(choice).len() { Action::PickRow(row) } else { Action::Back }
}

fn window(area: Rect, rows: &[String]) -> Rect {
    let widest = rows.iter().map(|row| width(row)).max().unwrap_or(0) + 2;
    let shown = rows.len().min(MOST);
    let cell = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    area.centered(Constraint::Length(cell(widest + 4).max(30)), Constraint::Length(cell(shown + 2)))
}

/// The first row of the page that the chosen one is on.
fn start(choice: &RunChoice, inside: Rect) -> usize {
    let height = usize::from(inside.height).max(1);
    choice.row / height * height
}

/// Draws the list in the middle of the area, over what is there.
pub fn draw(frame: &mut Frame, area: Rect, choice: &RunChoice, theme: &Theme) {
    let rows = rows(choice);
    let window = window(area, &rows);
    let can_choose = choice.runs.as_ref().is_some_and(|runs| !runs.is_empty());
    let hint = if can_choose { " Enter chooses " } else { " Esc closes " };
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(theme.muted())
        .title(Line::styled(" Compare with a run ", theme.strong()))
        .title_bottom(Line::styled(hint, theme.muted()).alignment(Alignment::Right))
        .padding(Padding::horizontal(1));
    let inside = block.inner(window);
    frame.render_widget(Clear, window);
    frame.render_widget(block, window);
    for ((number, text), row) in rows.iter().enumerate().skip(start(choice, inside)).zip(inside.rows()) {
        let is_chosen = number == choice.row && can_choose;
        let mark = if is_chosen { theme.glyphs().predicted } else { " " };
        let text = fit(&format!("{mark} {text}"), usize::from(row.width), theme.glyphs().ellipsis);
        frame.render_widget(Line::styled(text, if is_chosen { theme.strong() } else { theme.muted() }), row);
    }
}

fn rows(choice: &RunChoice) -> Vec<String> {
    match &choice.runs {
        None => vec!["reading the runs".to_owned()],
        Some(runs) if runs.is_empty() => vec!["no other run has an epoch to show".to_owned()],
        Some(runs) => ["none".to_owned()].into_iter().chain(runs.iter().map(describe)).collect(),
    }
}

/// A run in a line: its name, what tells it from others, how good it became.
fn describe(run: &OtherRun) -> String {
    let best = run.epochs.iter().map(|record| record.val_accuracy).fold(0.0, f64::max);
    let settings = &run.settings;
    format!(
        "{}   {} units, Adam {}, batch {}   {} epochs, best {}",
        run.name,
        settings.units(),
        settings.learning_rate,
        settings.batch_size,
        run.epochs.len(),
        accuracy(best)
    )
}
