//! What of the curves a person looks at: a window of the run, smoothed or not, against which axis, with a cursor and
//! perhaps another run beside. Arithmetic; draws nothing.

use super::history::Point;
use crate::protocol::{EpochRecord, OtherRun};

/// How often the window can be halved.
const DEEPEST_ZOOM: u32 = 12;
/// Moves of the cursor from one end of the window to the other.
const CURSOR_MOVES: u64 = 50;

/// How much a curve is smoothed: the weight of what was before in an exponential moving average, as `TensorBoard` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Smoothing {
    /// As it is.
    #[default]
    None,
    /// 0.6.
    Light,
    /// 0.9.
    Medium,
    /// 0.99.
    Strong,
}

impl Smoothing {
    /// The next stronger one, around.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::None => Self::Light,
            Self::Light => Self::Medium,
            Self::Medium => Self::Strong,
            Self::Strong => Self::None,
        }
    }

    /// The weight of what was before, 0 to 1.
    #[must_use]
    pub fn weight(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Light => 0.6,
            Self::Medium => 0.9,
            Self::Strong => 0.99,
        }
    }

    /// Values smoothed, oldest first: each is the mean of those up to it, weighted by `weight` to the power of their age
    /// (`TensorBoard`'s debiased exponential moving average).
    #[must_use]
    pub fn of(self, values: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let weight = self.weight();
        let (mut mean, mut part) = (0.0, 0.0);
        let smooth = |value: f64| {
            mean = mean * weight + value * (1.0 - weight);
            part = part * weight + (1.0 - weight);
            mean / part
        };
        values.into_iter().map(smooth).collect()
    }
}

/// What the horizontal axis counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Epochs.
    #[default]
    Epochs,
    /// Steps.
    Steps,
}

/// The curves' screen, as its keys have set it.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// How the training curves are smoothed.
    pub smoothing: Smoothing,
    /// Whether the loss has a logarithmic axis.
    pub logarithmic: bool,
    /// What the horizontal axis counts.
    pub unit: Unit,
    /// Another run, laid over this one.
    pub other: Option<OtherRun>,
    /// The step that the cursor stands on.
    cursor: Option<u64>,
    /// The window is the whole run, halved so often.
    zoom: u32,
}

impl Chart {
    /// The step that the cursor stands on, of a run of so many steps.
    #[must_use]
    pub fn cursor(&self, last: u64) -> Option<u64> {
        self.cursor.map(|cursor| cursor.min(last))
    }

    /// The first and the last step that are shown of so many: around the cursor, or the newest.
    #[must_use]
    pub fn window(&self, last: u64) -> (u64, u64) {
        let width = (last >> self.zoom).max(1);
        let end =
            self.cursor(last).map_or(last, |cursor| cursor.saturating_add(width / 2).clamp(width, last.max(width)));
        (end - width, end)
    }

    /// Where, among this run's steps, an epoch of the other run ends: by its number on an axis of epochs, which another batch
    /// size makes another number of steps.
    #[must_use]
    pub fn end_of_other(&self, record: &EpochRecord, steps_per_epoch: u64) -> u64 {
        match self.unit {
            Unit::Epochs => u64::from(record.epoch) * steps_per_epoch,
            Unit::Steps => record.step,
        }
    }

    /// Whether only a part of the run is shown.
    #[must_use]
    pub fn is_zoomed(&self) -> bool {
        self.zoom > 0
    }

    /// Shows half as much; `false` where that is not to be had.
    pub fn zoom_in(&mut self, last: u64) -> bool {
        let can = self.zoom < DEEPEST_ZOOM && last >> (self.zoom + 1) > 1;
        self.zoom += u32::from(can);
        can
    }

    /// Shows twice as much; `false` where all is shown.
    pub fn zoom_out(&mut self) -> bool {
        let can = self.zoom > 0;
        self.zoom = self.zoom.saturating_sub(1);
        can
    }

    /// Moves the cursor by a part of the window, of so many steps: forward or back. It comes from the run's end.
    pub fn move_cursor(&mut self, forward: bool, last: u64) {
        let (start, end) = self.window(last);
        let stride = ((end - start) / CURSOR_MOVES).max(1);
        let from = self.cursor(last).unwrap_or(last);
        let to = if forward { from.saturating_add(stride) } else { from.saturating_sub(stride) };
        self.cursor = Some(to.clamp(1.min(last), last));
    }

    /// Puts the cursor on this step.
    pub fn put_cursor(&mut self, step: u64) {
        self.cursor = Some(step);
    }

    /// Takes the cursor away; `false` where there was none.
    pub fn take_cursor(&mut self) -> bool {
        self.cursor.take().is_some()
    }
}

/// The point that a step is part of; none behind the last one.
#[must_use]
pub fn point_at(points: &[Point], step: u64) -> Option<&Point> {
    points.get(points.partition_point(|point| point.step < step))
}

/// The last epoch that had ended at this step, of epochs that each ended at the step that `end` says.
pub fn epoch_at(epochs: &[EpochRecord], step: u64, end: impl Fn(&EpochRecord) -> u64) -> Option<&EpochRecord> {
    epochs.iter().rev().find(|record| end(record) <= step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_begins_with_the_first_value_and_lags_behind_the_others() {
        assert_eq!(Smoothing::None.of([4.0, 2.0, 7.0]), [4.0, 2.0, 7.0]);
        let smooth = Smoothing::Light.of([1.0, 2.0, 3.0]);
        // TensorBoard's: (0.6·0.4·1 + 0.4·2) / (1 - 0.6²), and so on.
        for (value, expected) in smooth.iter().zip([1.0, 1.04 / 0.64, (0.624 + 1.2) / 0.784]) {
            assert!((value - expected).abs() < 1e-12, "{smooth:?}");
        }
        let constant = Smoothing::Strong.of([0.3; 100]);
        assert!(constant.iter().all(|value| (value - 0.3).abs() < 1e-9));
    }

    #[test]
    fn the_window_is_the_run_and_then_its_end_or_what_is_around_the_cursor() {
        let mut chart = Chart::default();
        assert_eq!(chart.window(1000), (0, 1000));
        assert!(chart.zoom_in(1000) && chart.zoom_in(1000));
        assert_eq!(chart.window(1000), (750, 1000));
        chart.put_cursor(500);
        assert_eq!(chart.window(1000), (375, 625));
        chart.put_cursor(10);
        assert_eq!(chart.window(1000), (0, 250));
        assert!(chart.zoom_out() && chart.zoom_out() && !chart.zoom_out());
        assert_eq!(chart.window(0), (0, 1), "a run without steps has a window too");
    }

    #[test]
    fn the_cursor_comes_from_the_end_and_stays_within_the_run() {
        let mut chart = Chart::default();
        chart.move_cursor(false, 1000);
        assert_eq!(chart.cursor(1000), Some(980));
        (0..3).for_each(|_| chart.move_cursor(true, 1000));
        assert_eq!(chart.cursor(1000), Some(1000));
        (0..99).for_each(|_| chart.move_cursor(false, 1000));
        assert_eq!(chart.cursor(1000), Some(1));
        assert!(chart.take_cursor() && !chart.take_cursor());
    }

    #[test]
    fn zooming_ends_where_a_single_step_is_shown() {
        let mut chart = Chart::default();
        let count = (0..100).take_while(|_| chart.zoom_in(100)).count();
        assert_eq!(count, 5);
        let (start, end) = chart.window(100);
        assert!(end > start);
    }
}
