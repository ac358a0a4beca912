//! Loss and accuracy over the run in a few rows, with the running means of the epoch.

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
/// Cells of a mean.
const MEAN: u16 = 6;
/// Cells between the two on one row.
const GAP: u16 = 2;

/// Draws both curves, one over the other, or on a single row side by side.
pub fn draw(frame: &mut Frame, area: Rect, known: &Known, theme: &Theme) {
    let batch = known.batch.as_ref();
    let loss = Sparkline {
        name: "loss",
        mean: batch.map(|batch| loss(batch.epoch_loss, MEAN.into())),
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
    if area.height == 1 {
        return draw_on_one_row(frame, area, [&loss, &accuracy], known, theme);
    }
    let air = u16::from(area.height > 4 || area.height == 3);
    let height = area.height.saturating_sub(air) / 2;
    let halves = Layout::vertical([Constraint::Length(height), Constraint::Length(height)]).spacing(i32::from(air));
    for (figure, area) in [loss, accuracy].iter().zip(area.layout::<2>(&halves)) {
        if height == 1 {
            draw_behind_mean(frame, area, figure, LABELS.0, known, theme);
        } else {
            draw_beside_scale(frame, area, figure, known, theme);
        }
    }
}

/// Both names and means, and the curves where they have room.
fn draw_on_one_row(frame: &mut Frame, area: Rect, figures: [&Sparkline; 2], known: &Known, theme: &Theme) {
    let texts = figures.map(|figure| cells(figure.name.len()) + 1 + MEAN);
    let spare = area.width.saturating_sub(texts.iter().sum::<u16>() + GAP) / 2;
    let mut x = area.x;
    for (figure, text) in figures.into_iter().zip(texts) {
        let place = Rect { x, width: text + spare, ..area }.intersection(area);
        draw_behind_mean(frame, place, figure, cells(figure.name.len()), known, theme);
        x += text + spare + GAP;
    }
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
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

impl Sparkline {
    /// Its name and its mean.
    fn texts(&self, theme: &Theme) -> [Line<'_>; 2] {
        [Line::styled(self.name, theme.muted()), Line::styled(self.mean.as_deref().unwrap_or_default(), theme.strong())]
    }
}

/// The name over the mean, the bounds of the scale, the curve.
fn draw_beside_scale(frame: &mut Frame, area: Rect, figure: &Sparkline, known: &Known, theme: &Theme) {
    let [names, scale, curve] = area.layout(
        &Layout::horizontal([Constraint::Length(LABELS.0), Constraint::Length(LABELS.1), Constraint::Fill(1)])
            .spacing(1),
    );
    for (text, row) in figure.texts(theme).into_iter().zip(names.rows()) {
        frame.render_widget(text, row);
    }
    let Some(bounds) = draw_curve(frame, curve, figure, known, theme) else { return };
    for (row, bound) in [(scale.rows().next(), bounds.high), (scale.rows().next_back(), bounds.low)] {
        let text = Span::styled(short((figure.bound)(bound, bounds.decimals), bound), theme.muted());
        frame.render_widget(text.into_right_aligned_line(), row.unwrap_or_default());
    }
}

/// The name, in so many cells, the mean and the curve on one row.
fn draw_behind_mean(frame: &mut Frame, area: Rect, figure: &Sparkline, name: u16, known: &Known, theme: &Theme) {
    let [words, figures] = figure.texts(theme);
    let part = |x: u16, width: u16| Rect { x: area.x + x, width, ..area }.intersection(area);
    frame.render_widget(words, part(0, name));
    frame.render_widget(figures.right_aligned(), part(name + 1, MEAN));
    let before = name + 1 + MEAN + 1;
    draw_curve(frame, part(before, area.width.saturating_sub(before)), figure, known, theme);
}

/// The curve alone; returns its scale.
fn draw_curve(frame: &mut Frame, area: Rect, figure: &Sparkline, known: &Known, theme: &Theme) -> Option<Bounds> {
    let columns = known.history.columns(usize::from(area.width), known.is_over());
    let values: Vec<f64> = columns.iter().map(figure.of).collect();
    if values.is_empty() {
        return None;
    }
    let bounds = (figure.bounds)(&values);
    frame.render_widget(&Curve { values: &values, bounds, style: theme.accent(), glyphs: theme.glyphs() }, area);
    Some(bounds)
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
