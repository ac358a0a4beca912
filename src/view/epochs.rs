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
const TITLE: &str = "Epochs";

/// A column of the table.
#[derive(Clone, Copy)]
struct Column {
    title: &'static str,
    cells: usize,
    text: fn(&EpochRecord) -> String,
    /// Columns of less importance leave first where there is no room for all.
    importance: u8,
}

const WIDE: [Column; 7] = [
    Column { title: "epoch", cells: 5, text: epoch, importance: 6 },
    Column { title: "loss", cells: 6, text: |record| format::loss(record.loss, 6), importance: 3 },
    Column { title: "accuracy", cells: 8, text: |record| format::accuracy(record.accuracy), importance: 4 },
    Column { title: "test loss", cells: 9, text: |record| format::loss(record.val_loss, 6), importance: 2 },
    Column { title: "test accuracy", cells: 13, text: |record| format::accuracy(record.val_accuracy), importance: 5 },
    Column { title: "gap", cells: 5, text: gap, importance: 1 },
    Column { title: "seconds", cells: 7, text: |record| format::seconds(record.seconds), importance: 0 },
];

/// The same in few cells. The first column has the pane's heading for its name.
const NARROW: [Column; 7] = [
    Column { title: "", cells: 3, ..WIDE[0] },
    WIDE[1],
    Column { title: "acc", cells: 5, text: |record| format::accuracy_in(record.accuracy, 5), ..WIDE[2] },
    WIDE[3],
    Column { title: "test acc", cells: 8, ..WIDE[4] },
    Column { title: "gap", cells: 4, ..WIDE[5] },
    Column { title: "secs", cells: 4, ..WIDE[6] },
];

fn epoch(record: &EpochRecord) -> String {
    record.epoch.to_string()
}

/// How much better the network does on the training images than on the test images, in points of a percentage.
pub fn gap(record: &EpochRecord) -> String {
    let points = (record.accuracy - record.val_accuracy) * 100.0;
    // A zero that is not negative, as which it would be written.
    let text = format!("{:.1}", (points * 10.0).round() / 10.0 + 0.0);
    if text.len() <= 4 { text } else { format!("{points:.0}") }
}

/// The epoch with the best test accuracy, the first of several.
pub fn best(epochs: &[EpochRecord]) -> Option<&EpochRecord> {
    let is_number = |record: &&EpochRecord| record.val_accuracy.is_finite();
    // The last of those that are alike would be taken, therefore from the end.
    epochs.iter().rev().filter(is_number).max_by(|one, other| one.val_accuracy.total_cmp(&other.val_accuracy))
}

/// Draws a heading with the best test accuracy, the columns' names, and as many of the last epochs as fit. The one
/// whose predictions are shown, which ended at the step `seen`, is marked and always among them.
pub fn draw(frame: &mut Frame, area: Rect, epochs: &[EpochRecord], seen: Option<u64>, theme: &Theme) {
    let [heading, titles, rows] = parts(area);
    let best = best(epochs);
    heading::draw(frame, heading, TITLE, &best.map(|best| aside(best, area.width, theme)).unwrap_or_default(), theme);
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
        let is_best = best.is_some_and(|best| best.epoch == record.epoch);
        frame.render_widget(if is_best { Span::styled(text, theme.strong()) } else { Span::raw(text) }, row);
        if seen == Some(record.step) {
            frame.render_widget(Span::raw(theme.glyphs().predicted), row);
            frame.buffer_mut().set_style(row, theme.chosen());
        }
    }
}

/// What stands beside the heading: the best test accuracy, and where there is room for it, which epoch's it is.
fn aside(best: &EpochRecord, cells: u16, theme: &Theme) -> String {
    let words = format!("best test accuracy {}", format::accuracy(best.val_accuracy));
    let whole = format!("{words} in epoch {}", best.epoch);
    let room = usize::from(cells).saturating_sub(format::width(TITLE) + format::width(theme.glyphs().dot));
    if format::width(&whole) <= room { whole } else { words }
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
    let with_gaps = |columns: &[Column], gap: usize| {
        columns.iter().map(|column| column.cells).sum::<usize>() + gap * columns.len().saturating_sub(1)
    };
    let needed = |columns: &[Column]| with_gaps(columns, GAPS.0);
    let numbered = |columns: [Column; 7]| {
        let mut columns = columns.to_vec();
        // The mark stands before the number.
        columns[0].cells = columns[0].cells.max(1 + newest.to_string().len());
        columns
    };
    let wide = numbered(WIDE);
    let mut columns = if with_gaps(&wide, 2 * GAPS.0) <= cells { wide } else { numbered(NARROW) };
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
        assert_eq!(titles(65), ["epoch", "loss", "accuracy", "test loss", "test accuracy", "gap", "seconds"]);
        assert_eq!(titles(64), ["", "loss", "acc", "test loss", "test acc", "gap", "secs"]);
        assert_eq!(titles(40), ["", "loss", "acc", "test loss", "test acc", "gap"]);
        assert_eq!(titles(28), ["", "loss", "acc", "test acc"]);
        assert_eq!(titles(0), [""]);
    }

    #[test]
    fn the_gap_is_what_training_accuracy_has_before_test_accuracy_in_points() {
        let texts = [(0.91, 0.885), (0.85, 0.8549), (0.8, 0.80001), (1.0, 0.0), (0.0, 1.0), (f64::NAN, 0.5)]
            .map(|(accuracy, val_accuracy)| gap(&EpochRecord { accuracy, val_accuracy, ..samples::record(1) }));
        assert_eq!(texts, ["2.5", "-0.5", "0.0", "100", "-100", "NaN"]);
    }

    #[test]
    fn the_first_of_equally_good_epochs_is_the_best() {
        let epoch = |(epoch, val_accuracy)| EpochRecord { val_accuracy, ..samples::record(epoch) };
        let best_of = |epochs: &[EpochRecord]| best(epochs).map(|record| record.epoch);
        assert_eq!(best_of(&[(1, 0.8), (2, 0.9), (3, f64::NAN), (4, 0.9)].map(epoch)), Some(2));
        assert_eq!(best_of(&[(1, f64::NAN)].map(epoch)), None);
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
