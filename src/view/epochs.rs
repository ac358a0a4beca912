//! The figures of the epochs, newest at the bottom.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::Action,
    protocol::EpochRecord,
    view::{format, heading, theme::Theme},
};

/// Rows of the heading and of the columns' names.
pub const HEADING_ROWS: u16 = 2;
/// Cells between two columns: at least this, and at most.
const GAPS: (usize, usize) = (1, 4);

/// A column of the table.
#[derive(Clone, Copy)]
struct Column {
    title: &'static str,
    cells: usize,
    text: fn(&EpochRecord) -> String,
    /// Columns of less importance leave first where there is no room for all.
    importance: u8,
}

const WIDE: [Column; 6] = [
    Column { title: "epoch", cells: 5, text: epoch, importance: 5 },
    Column { title: "loss", cells: 6, text: |record| format::loss(record.loss, 6), importance: 2 },
    Column { title: "accuracy", cells: 8, text: |record| format::accuracy(record.accuracy), importance: 3 },
    Column { title: "test loss", cells: 9, text: |record| format::loss(record.val_loss, 6), importance: 1 },
    Column { title: "test accuracy", cells: 13, text: |record| format::accuracy(record.val_accuracy), importance: 4 },
    Column { title: "seconds", cells: 7, text: |record| format::seconds(record.seconds), importance: 0 },
];

/// The same in few cells. The first column has the pane's heading for its name.
const NARROW: [Column; 6] = [
    Column { title: "", cells: 4, ..WIDE[0] },
    Column { title: "loss", cells: 5, text: |record| format::loss(record.loss, 5), ..WIDE[1] },
    Column { title: "acc", cells: 5, text: |record| format::accuracy_in(record.accuracy, 5), ..WIDE[2] },
    Column { title: "test loss", cells: 9, text: |record| format::loss(record.val_loss, 5), ..WIDE[3] },
    Column { title: "test acc", cells: 8, ..WIDE[4] },
    Column { title: "secs", cells: 4, ..WIDE[5] },
];

fn epoch(record: &EpochRecord) -> String {
    record.epoch.to_string()
}

/// Draws a heading with the best test accuracy, the columns' names, and as many of the last epochs as fit. The one
/// whose predictions are shown, which ended at the step `seen`, is marked and always among them.
pub fn draw(frame: &mut Frame, area: Rect, epochs: &[EpochRecord], seen: Option<u64>, theme: &Theme) {
    let [heading, titles, rows] = parts(area);
    let best = epochs.iter().map(|record| record.val_accuracy).fold(f64::NEG_INFINITY, f64::max);
    let aside = if best.is_finite() { format!("best test accuracy {}", format::accuracy(best)) } else { String::new() };
    heading::draw(frame, heading, "Epochs", &aside, theme);
    if epochs.is_empty() {
        frame.render_widget(Line::styled("no epoch is complete yet", theme.muted()), titles);
        return;
    }
    let last = epochs.last().map_or(0, |record| record.epoch);
    let (columns, gap) = fitting(usize::from(area.width), last);
    let line = |texts: Vec<String>| {
        let cells = texts.into_iter().zip(&columns).map(|(text, column)| format!("{text:>0$}", column.cells));
        cells.collect::<Vec<String>>().join(&" ".repeat(gap))
    };
    let named = line(columns.iter().map(|column| column.title.to_owned()).collect());
    frame.render_widget(Line::styled(named, theme.muted()), titles);
    for (record, row) in shown(epochs, seen, rows).iter().zip(rows.rows()) {
        let text = line(columns.iter().map(|column| (column.text)(record)).collect());
        let is_best = record.val_accuracy.total_cmp(&best).is_eq();
        frame.render_widget(if is_best { Span::styled(text, theme.strong()) } else { Span::raw(text) }, row);
        if seen == Some(record.step) {
            frame.render_widget(Span::raw(theme.glyphs().predicted), row);
            frame.buffer_mut().set_style(row, theme.chosen());
        }
    }
}

/// Heading, the columns' names, rows.
fn parts(area: Rect) -> [Rect; 3] {
    area.layout(&Layout::vertical([Constraint::Length(1), Constraint::Length(1), Constraint::Fill(1)]))
}

/// The epochs that these rows show: the last ones, or those from the one that is seen.
fn shown(epochs: &[EpochRecord], seen: Option<u64>, rows: Rect) -> &[EpochRecord] {
    let last = epochs.len().saturating_sub(usize::from(rows.height));
    let seen = epochs.iter().position(|record| Some(record.step) == seen);
    &epochs[seen.map_or(last, |seen| seen.min(last))..]
}

/// What a click there means: to see the predictions of that epoch.
pub fn hit(area: Rect, epochs: &[EpochRecord], seen: Option<u64>, position: Position) -> Option<Action> {
    let [_, _, rows] = parts(area);
    let record = shown(epochs, seen, rows).get(usize::from(position.y.checked_sub(rows.y)?))?;
    Some(Action::See(record.step))
}

/// The columns that fit, of epochs up to this one, and the cells between two of them.
fn fitting(cells: usize, newest: u32) -> (Vec<Column>, usize) {
    let needed = |columns: &[Column]| {
        columns.iter().map(|column| column.cells).sum::<usize>() + GAPS.0 * columns.len().saturating_sub(1)
    };
    let numbered = |columns: [Column; 6]| {
        let mut columns = columns.to_vec();
        // The mark stands before the number.
        columns[0].cells = columns[0].cells.max(1 + newest.to_string().len());
        columns
    };
    let wide = numbered(WIDE);
    let mut columns = if needed(&wide) <= cells { wide } else { numbered(NARROW) };
    while needed(&columns) > cells && columns.len() > 1 {
        let least = (0..columns.len()).min_by_key(|index| columns[*index].importance).expect("there are two at least");
        columns.remove(least);
    }
    let gaps = columns.len().saturating_sub(1).max(1);
    let spare = cells.saturating_sub(needed(&columns)) / gaps;
    (columns, (GAPS.0 + spare).min(GAPS.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::samples;

    fn titles(cells: usize) -> Vec<&'static str> {
        fitting(cells, 10).0.iter().map(|column| column.title).collect()
    }

    #[test]
    fn a_narrow_table_leaves_out_what_matters_least() {
        assert_eq!(titles(60), ["epoch", "loss", "accuracy", "test loss", "test accuracy", "seconds"]);
        assert_eq!(titles(40), ["", "loss", "acc", "test loss", "test acc", "secs"]);
        assert_eq!(titles(28), ["", "loss", "acc", "test acc"]);
        assert_eq!(titles(0), [""]);
    }

    #[test]
    fn a_table_is_never_wider_than_its_area() {
        for cells in 4..200 {
            let (columns, gap) = fitting(cells, 10);
            let used = columns.iter().map(|column| column.cells).sum::<usize>() + gap * (columns.len() - 1);
            assert!(used <= cells, "{used} of {cells}");
        }
    }

    #[test]
    fn no_figure_is_wider_than_its_column() {
        for figure in [0.0, 1.0, 0.995, 123.456, 99_999.0, 1e9, 1e30, f64::MAX, f64::INFINITY, f64::NAN] {
            for epoch in [1, 9_999, 100_000] {
                let record = EpochRecord {
                    epoch,
                    loss: figure,
                    accuracy: figure.clamp(0.0, 1.0),
                    val_loss: figure,
                    val_accuracy: figure.clamp(0.0, 1.0),
                    seconds: figure,
                    ..samples::record(1)
                };
                for cells in [40, 60, 100] {
                    for column in fitting(cells, epoch).0 {
                        let text = (column.text)(&record);
                        assert!(text.trim().len() <= column.cells, "{text:?} in {:?}", column.title);
                    }
                }
            }
        }
    }
}
