//! Loss and accuracy over the run, with the running means of the epoch.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use crate::{
    app::{Known, history::Point},
    view::{
        bars::Curve,
        format::{accuracy, loss, percent_with},
        scale::Bounds,
        theme::Theme,
    },
};

/// Cells of a curve's name and figure, and of its scale.
const LABELS: (u16, u16) = (8, 4);

/// Draws both curves, one over the other.
pub fn draw(frame: &mut Frame, area: Rect, known: &Known, theme: &Theme) {
    let air = u16::from(area.height > 4);
    let height = area.height.saturating_sub(air) / 2;
    let [upper, lower] = area
        .layout(&Layout::vertical([Constraint::Length(height), Constraint::Length(height)]).spacing(i32::from(air)));
    let batch = known.batch.as_ref();
    let loss = Sparkline {
        name: "loss",
        mean: batch.map(|batch| loss(batch.epoch_loss, 6)),
        of: |point| point.loss,
        bounds: Bounds::around,
        bound: |value, decimals| format!("{value:.decimals$}"),
    };
    let accuracy = Sparkline {
        name: "accuracy",
        mean: batch.map(|batch| accuracy(batch.epoch_accuracy)),
        of: |point| point.accuracy,
        bounds: Bounds::around_parts,
        bound: |value, decimals| percent_with(value, decimals.saturating_sub(2)),
    };
    draw_curve(frame, upper, &loss, known, theme);
    draw_curve(frame, lower, &accuracy, known, theme);
}

/// What a curve shows.
struct Sparkline {
    name: &'static str,
    /// The running mean since the epoch began.
    mean: Option<String>,
    of: fn(&Point) -> f64,
    bounds: fn(&[f64]) -> Bounds,
    /// A bound of the scale, with this many digits after the point.
    bound: fn(f64, usize) -> String,
}

/// The name over the mean, the bounds of the scale, the curve.
fn draw_curve(frame: &mut Frame, area: Rect, figure: &Sparkline, known: &Known, theme: &Theme) {
    let [names, scale, curve] = area.layout(
        &Layout::horizontal([Constraint::Length(LABELS.0), Constraint::Length(LABELS.1), Constraint::Fill(1)])
            .spacing(1),
    );
    let texts = [
        Line::styled(figure.name, theme.muted()),
        Line::styled(figure.mean.clone().unwrap_or_default(), theme.strong()),
    ];
    for (text, row) in texts.into_iter().zip(names.rows()) {
        frame.render_widget(text, row);
    }
    let columns = known.history.columns(usize::from(curve.width), known.is_over());
    let values: Vec<f64> = columns.iter().map(figure.of).collect();
    if values.is_empty() {
        return;
    }
    let bounds = (figure.bounds)(&values);
    frame.render_widget(&Curve { values: &values, bounds, style: theme.accent(), glyphs: theme.glyphs() }, curve);
    for (row, bound) in [(scale.rows().next(), bounds.high), (scale.rows().next_back(), bounds.low)] {
        let text = Span::styled(short((figure.bound)(bound, bounds.decimals), bound), theme.muted());
        frame.render_widget(text.into_right_aligned_line(), row.unwrap_or_default());
    }
}

/// A bound's text, or its power of ten where the text is too long for the scale.
fn short(text: String, bound: f64) -> String {
    if text.len() > usize::from(LABELS.1) { format!("{bound:.0e}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_is_too_long_is_told_as_a_power_of_ten() {
        assert_eq!(short("0.25".to_owned(), 0.25), "0.25");
        assert_eq!(short("20000".to_owned(), 20_000.0), "2e4");
    }
}
