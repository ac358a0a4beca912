//! The runs that can be laid over the curves, to choose one of, over the panes.

use ratatui::{
    Frame,
    layout::{Alignment, Constraint, Rect},
    text::Line,
    widgets::{Block, Clear, Padding},
};

use crate::{
    app::Choice,
    protocol::OtherRun,
    view::{
        format::{accuracy, fit, width},
        theme::Theme,
    },
};

/// Rows that are shown at once, at the most.
const MOST: usize = 12;

/// Draws the list in the middle of the area, over what is there.
pub fn draw(frame: &mut Frame, area: Rect, choice: &Choice, theme: &Theme) {
    let rows = rows(choice);
    let widest = rows.iter().map(|row| width(row)).max().unwrap_or(0) + 2;
    let shown = rows.len().min(MOST);
    let cell = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let window = area.centered(Constraint::Length(cell(widest + 4).max(30)), Constraint::Length(cell(shown + 2)));
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(theme.muted())
        .title(Line::styled(" Lay over the curves ", theme.strong()))
        .title_bottom(Line::styled(" Enter chooses ", theme.muted()).alignment(Alignment::Right))
        .padding(Padding::horizontal(1));
    let inside = block.inner(window);
    frame.render_widget(Clear, window);
    frame.render_widget(block, window);
    // The chosen row is on the page that is shown.
    let height = usize::from(inside.height).max(1);
    let start = choice.row / height * height;
    for ((number, text), row) in rows.iter().enumerate().skip(start).zip(inside.rows()) {
        let is_chosen = number == choice.row && choice.runs.is_some();
        let mark = if is_chosen { theme.glyphs().predicted } else { " " };
        let text = fit(&format!("{mark} {text}"), usize::from(row.width), theme.glyphs().ellipsis);
        frame.render_widget(Line::styled(text, if is_chosen { theme.strong() } else { theme.muted() }), row);
    }
}

fn rows(choice: &Choice) -> Vec<String> {
    match &choice.runs {
        None => vec!["reading the runs".to_owned()],
        Some(runs) if runs.is_empty() => vec!["no other run has an epoch to show".to_owned()],
        Some(runs) => ["none".to_owned()].into_iter().chain(runs.iter().map(describe)).collect(),
    }
}

/// A run in a line: its name, what tells it from others, how good it became.
fn describe(run: &OtherRun) -> String {
    let hidden: Vec<String> = run.settings.hidden.iter().map(usize::to_string).collect();
    let best = run.epochs.iter().map(|record| record.val_accuracy).fold(0.0, f64::max);
    let settings = &run.settings;
    format!(
        "{}   {} units, Adam {}, batch {}   {} epochs, best {}",
        run.name,
        hidden.join(","),
        settings.learning_rate,
        settings.batch_size,
        run.epochs.len(),
        accuracy(best)
    )
}
