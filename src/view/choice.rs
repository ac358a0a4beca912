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
        format::{accuracy, fit, thousands, width},
        theme::Theme,
    },
};

/// Rows that are shown at once, at the most.
const MOST: usize = 12;
/// Cells between two columns.
const GAP: usize = 2;
/// Cells of a row's mark.
const MARK: usize = 2;
/// Columns of the frame and its padding.
const FRAME: u16 = 4;
/// Cells that a name keeps.
const LEAST_NAME: usize = 8;

/// What a click there means: the row, and beside the list to close it.
pub fn hit(area: Rect, choice: &RunChoice, position: Position) -> Action {
    let rows = rows(area, choice, "");
    let inside = window(area, &rows).inner(Margin::new(2, 1));
    let row = start(choice, inside) + usize::from(position.y.saturating_sub(inside.y));
    if inside.contains(position) && row < rows.len() { Action::PickRow(row) } else { Action::Back }
}

fn window(area: Rect, rows: &[String]) -> Rect {
    let widest = rows.iter().map(|row| width(row)).max().unwrap_or(0) + MARK;
    let shown = rows.len().min(MOST);
    let cell = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    area.centered(Constraint::Length(cell(widest).saturating_add(FRAME).max(30)), Constraint::Length(cell(shown + 2)))
}

/// The first row of the page that the chosen one is on.
fn start(choice: &RunChoice, inside: Rect) -> usize {
    let height = usize::from(inside.height).max(1);
    choice.row / height * height
}

/// Draws the list in the middle of the area, over what is there.
pub fn draw(frame: &mut Frame, area: Rect, choice: &RunChoice, theme: &Theme) {
    let rows = rows(area, choice, theme.glyphs().ellipsis);
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

/// The list's rows, no wider than this area and its frame allow.
fn rows(area: Rect, choice: &RunChoice, ellipsis: &str) -> Vec<String> {
    match &choice.runs {
        None => vec!["reading the runs".to_owned()],
        Some(runs) if runs.is_empty() => vec!["no other run has an epoch to show".to_owned()],
        Some(runs) => ["none".to_owned()].into_iter().chain(table(area, runs, ellipsis)).collect(),
    }
}

/// A run per row: its name, what tells it from others, how good it became. Names give way where there is little room.
fn table(area: Rect, runs: &[OtherRun], ellipsis: &str) -> Vec<String> {
    let figures: Vec<[String; 5]> = runs.iter().map(figures).collect();
    let widths: [usize; 5] =
        std::array::from_fn(|column| figures.iter().map(|row| width(&row[column])).max().unwrap_or(0));
    let used = widths.iter().map(|width| GAP + width).sum::<usize>() + usize::from(FRAME) + MARK;
    let longest = runs.iter().map(|run| width(&run.name)).max().unwrap_or(0);
    let name_cells = longest.min(usize::from(area.width).saturating_sub(used).max(LEAST_NAME));
    let gap = " ".repeat(GAP);
    let row = |(run, figures): (&OtherRun, [String; 5])| {
        let name = fit(&run.name, name_cells, ellipsis);
        let mut text = format!("{name}{}", " ".repeat(name_cells - width(&name)));
        for (figure, cells) in figures.into_iter().zip(widths) {
            text = format!("{text}{gap}{figure:>cells$}");
        }
        text
    };
    runs.iter().zip(figures).map(row).collect()
}

fn figures(run: &OtherRun) -> [String; 5] {
    let best = run.epochs.iter().map(|record| record.val_accuracy).fold(0.0, f64::max);
    let (settings, epochs) = (&run.settings, run.epochs.len() as u64);
    [
        format!("{} units", settings.units()),
        format!("Adam {}", settings.learning_rate),
        format!("batch {}", thousands(settings.batch_size as u64)),
        format!("{} {}", thousands(epochs), if epochs == 1 { "epoch " } else { "epochs" }),
        format!("best {}", accuracy(best)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{protocol::samples, settings::Settings};

    #[test]
    fn the_columns_stand_below_each_other_and_only_names_are_cut() {
        let run = |name: &str, hidden: &[usize], batch_size, epochs| OtherRun {
            settings: Settings { hidden: hidden.to_vec(), batch_size, ..Settings::default() },
            ..samples::other_run(name, epochs)
        };
        let runs = [
            run("a-run-with-a-name-that-says-all-there-is-to-say-of-it", &[256, 64], 60_000, 10),
            run("長靴", &[16], 8, 1),
        ];
        let column = |row: &str, word: &str| width(row.split(word).next().expect("a part before it"));
        for columns in [60, 80, 200] {
            let rows = table(Rect::new(0, 0, columns, 24), &runs, "…");
            assert_eq!(width(&rows[0]), width(&rows[1]), "{rows:?}");
            for word in ["units", "epoch", "best"] {
                assert_eq!(column(&rows[0], word), column(&rows[1], word), "{word} in {rows:?}");
            }
            let is_whole = rows[0].contains("says-all-there-is-to-say-of-it");
            assert_eq!(is_whole, columns == 200, "{rows:?}");
            assert!(columns < 80 || width(&rows[0]) + 6 <= columns.into(), "{rows:?}");
        }
    }
}
