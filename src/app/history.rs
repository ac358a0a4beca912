//! The run's curve of loss and accuracy, step by step, in bounded memory. Draws nothing.

use crate::{
    metrics::{Span, Spans, merged_mean},
    protocol::BatchRecord,
};

/// Means over some consecutive steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The last of these steps, counted over the run from 1.
    pub step: u64,
    /// How many steps.
    pub steps: u64,
    /// Mean loss over them, in nats.
    pub loss: f64,
    /// Mean accuracy over them, 0 to 1.
    pub accuracy: f64,
}

impl From<BatchRecord> for Point {
    fn from(BatchRecord { step, steps, loss, accuracy, .. }: BatchRecord) -> Self {
        Self { step, steps, loss, accuracy }
    }
}

impl Span for Point {
    fn step(&self) -> u64 {
        self.step
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn merged(self, later: Self) -> Self {
        Self {
            step: later.step,
            steps: self.steps + later.steps,
            loss: merged_mean((self.loss, self.steps), (later.loss, later.steps)),
            accuracy: merged_mean((self.accuracy, self.steps), (later.accuracy, later.steps)),
        }
    }
}

/// The points since the run began, oldest first: every step while there are few, means of several later.
#[derive(Clone, Debug, Default)]
pub struct History {
    points: Spans<Point>,
}

impl History {
    /// Adds the newest point. What is not finite is left out: a curve cannot show it.
    pub fn push(&mut self, point: Point) {
        if point.loss.is_finite() && point.accuracy.is_finite() {
            self.points.push(point);
        }
    }

    /// The points, oldest first.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        self.points.as_slice()
    }

    /// How many steps a point stands for: one of the end of a run that goes on may stand for fewer.
    #[must_use]
    pub fn steps_a_point(&self) -> u64 {
        self.points.cell()
    }

    /// The curve in at most `width` columns, oldest first. While the run grows a column stands for a number of steps
    /// that leaves at most a ninth of the width free and changes seldom, so that a drawn column mostly stays as it is;
    /// of a run that `is_over` the curve fills the width. A column in which no point ends repeats the one before.
    #[must_use]
    pub fn columns(&self, width: usize, is_over: bool) -> Vec<Point> {
        let (Some(last), true) = (self.points().last(), width > 0) else { return Vec::new() };
        let width = width as u64;
        let steps_a_column = scale(last.step.div_ceil(width));
        let count = if is_over { width.min(last.step) } else { last.step.div_ceil(steps_a_column) };
        let mut columns: Vec<Point> = Vec::new();
        let mut points = self.points().iter().copied().peekable();
        for number in 1..=count {
            let end = if is_over { (last.step * number).div_ceil(count) } else { steps_a_column * number };
            let mut column = None::<Point>;
            while let Some(point) = points.next_if(|point| point.step <= end) {
                column = Some(column.map_or(point, |column| column.merged(point)));
            }
            let shown = column.or_else(|| columns.last().copied()).or_else(|| points.peek().copied());
            columns.extend(shown);
        }
        columns
    }
}

/// The least number that is no less than this one and whose binary digits behind the first four are 0: 1 to 16, 18, 20
/// and so on.
fn scale(least: u64) -> u64 {
    let coarse = 1 << least.max(1).ilog2().saturating_sub(3);
    least.max(1).div_ceil(coarse) * coarse
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these means are exact")]
mod tests {
    use super::*;
    use crate::metrics::MOST_CELLS;

    fn history(steps: u64) -> History {
        let mut history = History::default();
        for step in 1..=steps {
            history.push(Point { step, steps: 1, loss: 1.0, accuracy: 0.5 });
        }
        history
    }

    #[test]
    fn a_long_run_stays_within_the_capacity_and_loses_no_step() {
        let history = history(100_000);
        assert!(history.points().len() <= MOST_CELLS as usize + 16);
        assert_eq!(history.points().iter().map(|point| point.steps).sum::<u64>(), 100_000);
        assert_eq!(history.points().last().map(|point| point.step), Some(100_000));
    }

    #[test]
    fn merging_weighs_by_steps() {
        let early = Point { step: 3, steps: 3, loss: 1.0, accuracy: 0.0 };
        let late = Point { step: 4, steps: 1, loss: 5.0, accuracy: 1.0 };
        assert_eq!(early.merged(late), Point { step: 4, steps: 4, loss: 2.0, accuracy: 0.25 });
    }

    #[test]
    fn columns_fill_nearly_all_of_the_width_and_of_a_run_that_is_over_all_of_it() {
        for (steps, least) in [(1, 1), (7, 7), (40, 40), (41, 21), (1000, 36), (18_750, 36), (100_000, 36)] {
            let columns = history(steps).columns(40, false).len();
            assert!((least..=40).contains(&columns), "{steps} steps: {columns} columns");
            let columns = history(steps).columns(40, true);
            assert_eq!(columns.len() as u64, steps.min(40), "{steps} steps");
            assert_eq!(columns.last().map(|point| point.step), Some(steps));
        }
        assert!(history(5).columns(0, false).is_empty() && history(5).columns(0, true).is_empty());
        assert!(History::default().columns(40, true).is_empty());
    }

    #[test]
    fn a_drawn_column_stays_until_the_scale_changes() {
        let mut history = history(30);
        let before = history.columns(40, false);
        for step in 31..=40 {
            history.push(Point { step, steps: 1, loss: 9.0, accuracy: 0.5 });
        }
        assert_eq!(history.columns(40, false)[..30], before[..]);
    }

    #[test]
    fn a_point_that_stands_for_many_steps_leaves_no_gap() {
        let mut history = History::default();
        history.push(Point { step: 10, steps: 10, loss: 2.0, accuracy: 0.1 });
        history.push(Point { step: 20, steps: 10, loss: 1.0, accuracy: 0.2 });
        let columns = history.columns(20, false);
        assert_eq!(columns.len(), 20);
        assert_eq!(columns[0].loss, 2.0);
        assert_eq!(columns[12].loss, 2.0);
        assert_eq!(columns[19].loss, 1.0);
    }

    #[test]
    fn a_loss_that_is_no_number_is_left_out() {
        let mut history = History::default();
        history.push(Point { step: 1, steps: 1, loss: f64::NAN, accuracy: 0.1 });
        assert!(history.points().is_empty());
    }
}
