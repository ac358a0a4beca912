//! The Curves' own state: a window of the run, smoothed or not, against which axis, with a cursor and perhaps another
//! run beside. Leads to the Dashboard, to the predictions of the moment under the cursor.

use crate::{
    app::{
        Action,
        answer::{Answer, Offer, Stance},
        history::{History, Point},
        known::Known,
        overlay::{Overlay, RunChoice},
        responds::Responds,
        scene::Scene,
        screen::Screen,
        sentences::NO_PREDICTIONS,
        ways::{Direction, Page, Stride},
    },
    protocol::{EpochRecord, OtherRun},
};

/// Points that make a curve.
const LEAST_CURVE: usize = 3;

/// How often the window can be halved.
const DEEPEST_ZOOM: u32 = 12;
/// Moves of the cursor from one end of the window to the other.
const CURSOR_MOVES: u64 = 50;

/// How much a curve is smoothed: the weight of what was before in an exponential moving average, as `TensorBoard` has
/// it.
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

    /// Values smoothed, oldest first: each is the mean of those up to it, weighted by `weight` to the power of their
    /// age (`TensorBoard`'s debiased exponential moving average). With each is how many points it is of: a part of one
    /// at the run's end, and several in the curve of an older program.
    #[must_use]
    pub fn of(self, values: impl IntoIterator<Item = (f64, f64)>) -> Vec<f64> {
        let (mut mean, mut part) = (0.0, 0.0);
        let smooth = |(value, points): (f64, f64)| {
            let weight = self.weight().powf(points);
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

impl Unit {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Epochs => Self::Steps,
            Self::Steps => Self::Epochs,
        }
    }
}

/// Loss and accuracy.
#[derive(Clone, Debug, Default)]
pub struct Curves {
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

impl Curves {
    /// The last step that is shown, of this run or of the one beside it.
    #[must_use]
    pub fn last_step(&self, known: &Known) -> u64 {
        let other = self.other.as_ref().and_then(|other| other.epochs.last());
        known.last_step().max(other.map_or(0, |record| self.end_of_other(record, known.steps_per_epoch())))
    }

    /// A figure of the training, at each point of the curve: smoothed, as it is drawn.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "parts of a point")]
    pub fn drawn(&self, history: &History, figure: impl Fn(&Point) -> f64) -> Vec<f64> {
        let cell = history.steps_a_point() as f64;
        self.smoothing.of(history.points().iter().map(|point| (figure(point), point.steps as f64 / cell)))
    }

    /// Lays the chosen run over this one's curves.
    pub(in crate::app) fn compare(&mut self, choice: RunChoice) {
        let chosen = choice.row.checked_sub(1);
        self.other = choice.runs.into_iter().flatten().nth(chosen.unwrap_or(usize::MAX));
    }

    /// What a key does that means something here alone.
    fn own(action: Action) -> Option<fn(&mut Self) -> Answer> {
        Some(match action {
            Action::NextSmoothing => |curves| {
                curves.smoothing = curves.smoothing.next();
                Answer::Done
            },
            Action::ToggleLogarithm => |curves| {
                curves.logarithmic = !curves.logarithmic;
                Answer::Done
            },
            Action::ToggleUnit => |curves| {
                curves.unit = curves.unit.other();
                Answer::Done
            },
            Action::PickRun => |_| Answer::Open(Overlay::Runs(RunChoice::default())),
            _ => return None,
        })
    }

    fn move_cursor_by_epoch(&mut self, known: &Known, direction: Direction) -> Answer {
        let last = self.last_step(known);
        let from = self.cursor(last).unwrap_or(last);
        let mut ends = known.epochs.iter().map(|record| record.step);
        let end = match direction {
            Direction::Forward => ends.find(|end| *end > from),
            Direction::Back => ends.rev().find(|end| *end < from),
        };
        let Some(end) = end else { return "no epoch ends there".into() };
        self.put_cursor(end);
        Answer::Done
    }

    /// Shows half as much of the curves, where that is enough to be seen as a curve.
    fn zoom_into(&mut self, known: &Known) -> Answer {
        let last = self.last_step(known);
        let zoom = self.zoom;
        if self.zoom_in(last) {
            let (start, end) = self.window(last);
            let points = known.history.points().iter().filter(|point| (start..=end).contains(&point.step));
            if points.count() >= LEAST_CURVE {
                return Answer::Done;
            }
        }
        self.zoom = zoom;
        "no shorter part of the run can be shown".into()
    }

    /// The step that the cursor stands on, of a run of so many steps.
    #[must_use]
    pub fn cursor(&self, last: u64) -> Option<u64> {
        self.cursor.map(|cursor| cursor.min(last))
    }

    /// The first and the last step that are shown of so many: around the cursor, or the newest.
    #[must_use]
    pub fn window(&self, last: u64) -> (u64, u64) {
        let width = (last >> self.zoom).max(1);
        let latest = last.max(width);
        let end = self.cursor(last).map_or(latest, |cursor| cursor.saturating_add(width / 2).clamp(width, latest));
        (end - width, end)
    }

    /// Where, among this run's steps, an epoch of the other run ends: by its number on an axis of epochs, which another
    /// batch size makes another number of steps.
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
    fn zoom_in(&mut self, last: u64) -> bool {
        let can = self.zoom < DEEPEST_ZOOM && last >> (self.zoom + 1) > 1;
        self.zoom += u32::from(can);
        can
    }

    /// Shows twice as much; `false` where all is shown.
    fn zoom_out(&mut self) -> bool {
        let can = self.zoom > 0;
        self.zoom = self.zoom.saturating_sub(1);
        can
    }

    /// Moves the cursor by a part of the window, of so many steps: forward or back. It comes from the run's end.
    fn move_cursor(&mut self, forward: bool, last: u64) {
        let (start, end) = self.window(last);
        let stride = ((end - start) / CURSOR_MOVES).max(1);
        let from = self.cursor(last).unwrap_or(last);
        let to = if forward { from.saturating_add(stride) } else { from.saturating_sub(stride) };
        self.cursor = Some(to.clamp(1.min(last), last));
    }

    /// Puts the cursor on this step.
    fn put_cursor(&mut self, step: u64) {
        self.cursor = Some(step);
    }

    /// Takes the cursor away; `false` where there was none.
    fn take_cursor(&mut self) -> bool {
        self.cursor.take().is_some()
    }
}

impl Responds for Curves {
    fn go(&mut self, scene: &mut Scene, _: &Page, stride: Stride, direction: Direction) -> Answer {
        let last = self.last_step(&scene.known);
        match (stride, direction) {
            (Stride::One, _) => self.move_cursor(direction == Direction::Forward, last),
            (Stride::Row | Stride::Page, _) => return self.move_cursor_by_epoch(&scene.known, direction),
            (Stride::All, Direction::Forward) => self.put_cursor(last),
            (Stride::All, Direction::Back) => self.put_cursor(0),
        }
        Answer::Done
    }

    fn enter(&mut self, scene: &mut Scene) -> Answer {
        let Some(cursor) = self.cursor(self.last_step(&scene.known)) else {
            return "first put a cursor on the curves, with ← and →".into();
        };
        if scene.known.archive.newest().is_none() {
            return NO_PREDICTIONS.into();
        }
        match scene.see(cursor) {
            Answer::Done => Answer::Into(Screen::Dashboard, Stance::default(), None),
            answer => answer,
        }
    }

    fn zoom(&mut self, scene: &Scene, _: &Page, direction: Direction) -> Answer {
        match direction {
            Direction::Forward => self.zoom_into(&scene.known),
            Direction::Back if self.zoom_out() => Answer::Done,
            Direction::Back => "this is the whole run".into(),
        }
    }

    fn act(&mut self, _: &mut Scene, action: Action) -> Option<Answer> {
        if let Action::PickStep(step) = action {
            self.put_cursor(step);
            return Some(Answer::Done);
        }
        let act = Self::own(action)?;
        Some(act(self))
    }

    fn owns(&self, action: Action) -> bool {
        Self::own(action).is_some()
    }

    fn offers(&self, _: &Scene, action: Action) -> Offer {
        (self.owns(action) || matches!(action, Action::Zoom(_))).into()
    }

    fn close(&mut self) -> bool {
        self.take_cursor()
    }

    fn is_open(&self) -> bool {
        self.cursor.is_some()
    }
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
        let of_whole_points =
            |values: &[f64], smoothing: Smoothing| smoothing.of(values.iter().map(|value| (*value, 1.0)));
        assert_eq!(of_whole_points(&[4.0, 2.0, 7.0], Smoothing::None), [4.0, 2.0, 7.0]);
        let smooth = of_whole_points(&[1.0, 2.0, 3.0], Smoothing::Light);
        // TensorBoard's: (0.6·0.4·1 + 0.4·2) / (1 - 0.6²), and so on.
        for (value, expected) in smooth.iter().zip([1.0, 1.04 / 0.64, (0.624 + 1.2) / 0.784]) {
            assert!((value - expected).abs() < 1e-12, "{smooth:?}");
        }
        // A point's halves count half, and together as much as the whole.
        let halves = Smoothing::Light.of([(1.0, 1.0), (2.0, 0.5), (2.0, 0.5), (3.0, 1.0)]);
        assert!((halves[2] - smooth[1]).abs() < 1e-12 && (halves[3] - smooth[2]).abs() < 1e-12, "{halves:?}");
        assert!(halves[1] < halves[2]);
        let constant = of_whole_points(&[0.3; 100], Smoothing::Strong);
        assert!(constant.iter().all(|value| (value - 0.3).abs() < 1e-9));
    }

    #[test]
    fn the_window_is_the_run_and_then_its_end_or_what_is_around_the_cursor() {
        let mut chart = Curves::default();
        assert_eq!((chart.window(0), chart.window(1000)), ((0, 1), (0, 1000)));
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
        let mut chart = Curves::default();
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
        let mut chart = Curves::default();
        let count = (0..100).take_while(|_| chart.zoom_in(100)).count();
        assert_eq!(count, 5);
        let (start, end) = chart.window(100);
        assert!(end > start);
    }
}
