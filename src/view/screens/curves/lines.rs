//! What a chart of the Curves shows: its lines' points, its axes and their labels. Arithmetic; draws nothing.

use ratatui::layout::Rect;

use super::figure::Figure;
use crate::{
    app::{
        Known,
        history::Point,
        screens::curves::{Curves, Smoothing, Unit},
    },
    metrics::merged_mean,
    protocol::EpochRecord,
    view::{
        format::{thousands, width},
        scale::{VerticalAxis, float, horizontal_ticks, logarithm_label, whole},
    },
};

/// Columns from which the horizontal axis has more labels.
const WIDE: u16 = 60;
/// What a loss of 0 is drawn as on a logarithmic axis.
const LEAST_LOSS: f64 = 1e-6;
/// A curve of fewer points has no outliers.
const LEAST_CURVE: usize = 8;

/// A line's points, by step.
pub type Points = Vec<(f64, f64)>;

/// What one chart shows.
pub struct ChartLines {
    /// The training curve as it is, where it is smoothed besides.
    pub raw: Points,
    pub training: Points,
    pub test: Points,
    pub other_training: Points,
    pub other_test: Points,
    /// The first and the last step.
    pub horizontal: (f64, f64),
    pub vertical: VerticalAxis,
    /// Steps with their labels.
    pub horizontal_labels: Vec<(f64, String)>,
    /// The labels of the vertical axis, from the lowest to the highest.
    pub vertical_labels: Vec<String>,
}

impl ChartLines {
    pub fn new(curves: &Curves, known: &Known, figure: &Figure, area: Rect) -> Self {
        let is_logarithmic = figure.is_loss && curves.logarithmic;
        let (start, end) = curves.window(curves.last_step(known));
        let height = |value: f64| if is_logarithmic { value.max(LEAST_LOSS).log10() } else { value };
        let curve = |values: Vec<f64>| -> Points {
            let columns = columns(curves, known, values, area.width);
            columns.into_iter().map(|column| (float(column.step), height(column.mean))).collect()
        };
        let plain = curve(measured(known, figure));
        let is_smoothed = curves.smoothing != Smoothing::None;
        let smoothed = is_smoothed.then(|| curve(curves.drawn(&known.history, figure.of_point)));
        let of =
            |records: &[EpochRecord], value: fn(&EpochRecord) -> f64, step: &dyn Fn(&EpochRecord) -> u64| -> Points {
                let all: Vec<(u64, f64)> = records
                    .iter()
                    .map(|record| (step(record), value(record)))
                    .filter(|(_, value)| value.is_finite())
                    .collect();
                let shown = seen(&all, (start, end), |(step, _)| *step);
                shown.iter().map(|(step, value)| (float(*step), height(*value))).collect()
            };
        let own = |record: &EpochRecord| record.step;
        let test = of(&known.epochs, figure.of_test, &own);
        let other = curves.other.as_ref().map_or(&[][..], |other| &other.epochs);
        let end_of_other = |record: &EpochRecord| curves.end_of_other(record, known.steps_per_epoch());
        let other_training = of(other, figure.of_training, &end_of_other);
        let other_test = of(other, figure.of_test, &end_of_other);
        let heights = |points: &Points| points.iter().map(|(_, height)| *height).collect::<Vec<f64>>();
        let mut all =
            [most_of(heights(&plain)), heights(&test), heights(&other_training), heights(&other_test)].concat();
        // The scale leaves the newest value out, which here counts as well.
        all.extend(all.first().copied());
        // The bounds are those of what was measured, so that smoothing does not move them.
        let bounds = (figure.bounds)(&all);
        let rows = graph_rows(area.height);
        let vertical =
            if is_logarithmic { VerticalAxis::logarithmic(&bounds, rows) } else { VerticalAxis::new(&bounds, rows) };
        let label = |value: &f64| {
            if is_logarithmic { logarithm_label(*value) } else { (figure.text)(*value, vertical.decimals) }
        };
        let vertical_labels = vertical.ticks.iter().map(label).collect();
        let (raw, training) = smoothed.map_or((Points::new(), plain.clone()), |smoothed| (plain, smoothed));
        let most = if area.width >= WIDE { 7.0 } else { 4.0 };
        let unit = if curves.unit == Unit::Epochs { float(known.steps_per_epoch()) } else { 1.0 };
        // Of the whole run no label stands within an epoch, and of steps none ever.
        let least = if curves.is_zoomed() && curves.unit == Unit::Epochs { 0.0 } else { 1.0 };
        let (end, ticks, decimals) =
            horizontal_ticks((float(start) / unit, float(end) / unit), most, least, curves.is_zoomed());
        let horizontal_label = |tick: f64| match curves.unit {
            Unit::Epochs => format!("{tick:.decimals$}"),
            Unit::Steps => thousands(whole(tick)),
        };
        Self {
            raw,
            training,
            test,
            other_training,
            other_test,
            horizontal: (float(start), end * unit),
            vertical,
            horizontal_labels: ticks.into_iter().map(|tick| (tick * unit, horizontal_label(tick))).collect(),
            vertical_labels,
        }
    }

    /// Cells of the widest label of the vertical axis.
    pub fn label_cells(&self) -> usize {
        self.vertical_labels.iter().map(|label| width(label)).max().unwrap_or(0)
    }

    /// Where the lines are drawn within a chart's area: right of the vertical axis, above the horizontal one.
    pub fn graph(&self, area: Rect) -> Rect {
        let left = u16::try_from(self.label_cells()).unwrap_or(u16::MAX).saturating_add(1).min(area.width);
        Rect { x: area.x + left, width: area.width - left, height: graph_rows(area.height), ..area }
    }
}

/// Rows of a chart of this height that its axis and the labels below leave.
fn graph_rows(height: u16) -> u16 {
    height.saturating_sub(1 + u16::from(height > 2))
}

/// Those of the items, which are in the order of their steps, that are within these steps, and one before and one
/// behind them, so that a line goes on to the edges.
fn seen<T>(items: &[T], (start, end): (u64, u64), step: impl Fn(&T) -> u64) -> &[T] {
    let first = items.partition_point(|item| step(item) < start).saturating_sub(1);
    let last = items.partition_point(|item| step(item) <= end).saturating_add(1).min(items.len());
    &items[first.min(last)..last]
}

/// A curve's values without the highest and the lowest two of a hundred: the first steps' loss would press all others
/// to the ground (`TensorBoard` leaves outliers out of the scale likewise).
fn most_of(mut values: Vec<f64>) -> Vec<f64> {
    if values.len() < LEAST_CURVE {
        return values;
    }
    values.sort_by(f64::total_cmp);
    let outliers = (values.len() / 50).max(1);
    values[outliers..values.len() - outliers].to_vec()
}

/// A figure of the training at each point of the curve.
fn measured(known: &Known, figure: &Figure) -> Vec<f64> {
    known.history.points().iter().map(figure.of_point).collect()
}

/// What a chart's line of the training is, where the cursor stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// So many steps are drawn as one place of the line.
    pub steps: u64,
    /// Their mean.
    pub measured: f64,
    /// The same, smoothed: the line's height.
    pub drawn: f64,
}

/// What the cursor reads of a chart's line of the training, in a chart of this width; `None` where there is no line, or
/// no cursor.
pub fn reading(curves: &Curves, known: &Known, figure: &Figure, width: u16) -> Option<Reading> {
    let step = curves.cursor(curves.last_step(known)).filter(|step| *step > 0)?;
    let under = |values: Vec<f64>| -> Option<Column> {
        let columns = columns(curves, known, values, width);
        columns.get(columns.partition_point(|column| column.step < step)).copied()
    };
    let measured = under(measured(known, figure))?;
    let drawn = under(curves.drawn(&known.history, figure.of_point))?;
    Some(Reading { steps: measured.steps, measured: measured.mean, drawn: drawn.mean })
}

/// Some steps that are drawn as one place of a line, the last of them, and a mean over them.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    step: u64,
    steps: u64,
    mean: f64,
}

/// The line of these values, one for each point of the training's curve, in a chart of this width.
fn columns(curves: &Curves, known: &Known, values: Vec<f64>, width: u16) -> Vec<Column> {
    let (start, end) = curves.window(curves.last_step(known));
    let all: Vec<(&Point, f64)> = known.history.points().iter().zip(values).collect();
    let shown = seen(&all, (start, end), |(point, _)| point.step);
    thinned(shown.iter().copied(), end - start, width)
}

/// The curve of these points over so many steps, as the mean over each column of a chart; a point counts for as many
/// steps as it stands for.
fn thinned<'a>(points: impl Iterator<Item = (&'a Point, f64)>, steps: u64, width: u16) -> Vec<Column> {
    let steps_a_column = (steps / u64::from(width.max(1))).max(1);
    let mut columns: Vec<Column> = Vec::with_capacity(width.into());
    for (point, value) in points {
        match columns.last_mut() {
            Some(column) if column.step / steps_a_column == point.step / steps_a_column => {
                column.mean = merged_mean((column.mean, column.steps), (value, point.steps));
                column.steps += point.steps;
                column.step = point.step;
            }
            _ => columns.push(Column { step: point.step, steps: point.steps, mean: value }),
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_the_mean_of_its_steps() {
        let point = |step, steps, loss| Point { step, steps, loss, accuracy: 0.5 };
        let points = [point(1, 1, 4.0), point(4, 3, 2.0), point(10, 6, 1.0), point(12, 2, 7.0)];
        let thin = |width| -> Vec<(u64, f64)> {
            let columns = thinned(points.iter().map(|point| (point, point.loss)), 20, width);
            columns.into_iter().map(|column| (column.step, column.mean)).collect()
        };
        assert_eq!(thin(20), [(1, 4.0), (4, 2.0), (10, 1.0), (12, 7.0)]);
        assert_eq!(thin(4), [(4, 2.5), (12, 2.5)]);
        assert!(thinned(std::iter::empty(), 20, 4).is_empty());
    }

    #[test]
    fn the_first_steps_do_not_set_the_scale() {
        for (count, first) in [(100, 2), (20, 1)] {
            let values: Vec<f64> = (0..count).map(|step| if step < first { 2.3 } else { 0.3 }).collect();
            assert!(most_of(values).iter().all(|value| (value - 0.3).abs() < 1e-9));
        }
        assert_eq!(most_of(vec![3.0, 1.0]), [3.0, 1.0]);
    }

    #[test]
    fn a_line_goes_on_to_the_edges_of_the_window() {
        let steps = [10, 20, 30, 40, 50];
        assert_eq!(seen(&steps, (25, 35), |step| *step), [20, 30, 40]);
        assert_eq!(seen(&steps, (0, 100), |step| *step), steps);
        assert_eq!(seen(&steps, (60, 70), |step| *step), [50]);
        assert!(seen(&[], (60, 70), |step: &u64| *step).is_empty());
    }
}
