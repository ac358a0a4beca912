//! Loss and accuracy of training and test images over the run, as the Curves have them, with the figures of now.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use crate::{
    app::{Known, screens::curves::Curves},
    view::{
        format::{accuracy, loss, width},
        screens::curves::{FIGURES, draw_graph},
        theme::Theme,
    },
};

/// Rows of the area from which charts can be read, one over the other.
pub const LEAST_ROWS: u16 = 15;
/// Columns from which they stand side by side.
const SIDE_BY_SIDE: u16 = 84;
/// Cells between two charts, and between the entries of a title.
const GUTTER: u16 = 2;

/// Draws both charts.
pub fn draw(frame: &mut Frame, area: Rect, known: &Known, theme: &Theme) {
    let batch = known.batch.as_ref();
    let last = known.epochs.last();
    let means = [batch.map(|batch| loss(batch.epoch_loss, 6)), batch.map(|batch| accuracy(batch.epoch_accuracy))];
    let tests = [last.map(|last| loss(last.val_loss, 6)), last.map(|last| accuracy(last.val_accuracy))];
    let halves = [Constraint::Fill(1), Constraint::Fill(1)];
    let areas: [Rect; 2] = if area.width >= SIDE_BY_SIDE {
        area.layout(&Layout::horizontal(halves).spacing(i32::from(GUTTER)))
    } else {
        area.layout(&Layout::vertical(halves).spacing(1))
    };
    let curves = Curves::default();
    for (((figure, area), mean), test) in FIGURES.iter().zip(areas).zip(means).zip(tests) {
        let [title, graph] = area.layout(&Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]));
        frame.render_widget(title_line(figure.name, mean, test, usize::from(title.width), theme), title);
        if known.batch.is_some() {
            draw_graph(frame, graph, figure, &curves, known, theme);
        }
    }
}

/// The figure's name, and of each line what it looks like and where it stands.
fn title_line(
    name: &'static str,
    mean: Option<String>,
    test: Option<String>,
    cells: usize,
    theme: &Theme,
) -> Line<'static> {
    let [training_sample, test_sample, ..] = theme.strokes().samples;
    let mut line = Line::styled(format!("{name:8}"), theme.muted());
    let entries = [(training_sample, theme.accent(), "training", mean), (test_sample, theme.second(), "test", test)];
    for (sample, style, words, figure) in entries {
        let Some(figure) = figure else { continue };
        let needed = usize::from(GUTTER) + width(sample) + width(words) + width(&figure) + 2;
        if line.width() + needed > cells {
            break;
        }
        line.push_span(" ".repeat(GUTTER.into()));
        line.push_span(Span::styled(sample, style));
        line.push_span(Span::styled(format!(" {words} "), theme.muted()));
        line.push_span(Span::styled(figure, theme.strong()));
    }
    line
}
