//! How far the run is and how long it will still take: arithmetic on what the reports say. Formats nothing.

use crate::{
    metrics::ratio,
    protocol::{Batch, EpochRecord, Started},
};

/// The recent rate counts only where it differs from the epoch's mean by more than this factor: a mean is steadier.
const STEADY: f64 = 1.5;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The epoch that is trained, from 1.
    pub epoch: u32,
    /// How many epochs there will be.
    pub epochs: u32,
    /// Steps trained in this epoch.
    pub step_in_epoch: u64,
    /// Steps that an epoch takes.
    pub steps_per_epoch: u64,
    /// Steps trained in the whole run.
    pub step: u64,
    /// Training images per second over the last moments; not negative, finite.
    pub images_per_second: f64,
    steps_per_second: Option<f64>,
    /// Evaluations to come, and the seconds that the last one took.
    evaluations: (u32, f64),
}

impl Progress {
    /// From the run's facts, its newest batch and its epochs so far.
    #[must_use]
    pub fn new(started: &Started, batch: Option<&Batch>, epochs: &[EpochRecord]) -> Self {
        let evaluated = u32::try_from(epochs.len()).unwrap_or(u32::MAX);
        let eval_seconds = epochs.last().map_or(0.0, |record| positive(record.eval_seconds).unwrap_or(0.0));
        let steps_per_epoch = started.steps_per_epoch();
        let (epoch, step_in_epoch, step) = match batch {
            Some(batch) => (batch.epoch, batch.step_in_epoch, batch.step),
            None => place(started.past_steps, steps_per_epoch),
        };
        Self {
            epoch,
            epochs: started.settings.epochs,
            step_in_epoch,
            steps_per_epoch,
            step,
            images_per_second: batch.and_then(|batch| positive(batch.images_per_second)).unwrap_or(0.0),
            steps_per_second: batch.and_then(|batch| rate(batch, started.settings.batch_size)),
            evaluations: (started.settings.epochs.saturating_sub(evaluated), eval_seconds),
        }
    }

    /// Steps that the whole run takes.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps_per_epoch.saturating_mul(u64::from(self.epochs))
    }

    /// The part of the run that is trained, 0 to 1.
    #[must_use]
    pub fn run_ratio(&self) -> f64 {
        ratio(self.step, self.steps())
    }

    /// The part of the epoch that is trained, 0 to 1.
    #[must_use]
    pub fn epoch_ratio(&self) -> f64 {
        ratio(self.step_in_epoch, self.steps_per_epoch)
    }

    /// Seconds until the run ends, rounded up; `None` while no speed is known.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate for the eye")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and capped before")]
    pub fn remaining_seconds(&self) -> Option<u64> {
        let (evaluations, seconds) = self.evaluations;
        let training = self.steps().saturating_sub(self.step) as f64 / self.steps_per_second?;
        let total = training + f64::from(evaluations) * seconds;
        // A thousand years stand for all that is longer.
        Some(total.ceil().min(31_557_600_000.0) as u64)
    }
}

/// Where so many steps lead: the epoch, from 1, the steps trained in it, and all steps.
fn place(step: u64, steps_per_epoch: u64) -> (u32, u64, u64) {
    let before = step.saturating_sub(1) / steps_per_epoch.max(1);
    let epoch = u32::try_from(before + 1).unwrap_or(u32::MAX);
    (epoch, step - before * steps_per_epoch, step)
}

/// Steps per second: the epoch's mean, or the recent rate where the pace has changed since.
#[expect(clippy::cast_precision_loss, reason = "an estimate for the eye")]
fn rate(batch: &Batch, batch_size: usize) -> Option<f64> {
    let mean = positive(batch.step_in_epoch as f64 / batch.seconds);
    let recent = positive(batch.images_per_second / batch_size as f64);
    match (mean, recent) {
        (Some(mean), Some(recent)) if mean / recent > STEADY || recent / mean > STEADY => Some(recent),
        (mean, recent) => mean.or(recent),
    }
}

/// A number that can be divided by.
fn positive(number: f64) -> Option<f64> {
    (number.is_finite() && number > 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::samples::{self, started};

    fn batch(step: u64, seconds: f64, images_per_second: f64) -> Batch {
        Batch { seconds, images_per_second, ..samples::batch(step) }
    }

    fn record(eval_seconds: f64) -> EpochRecord {
        EpochRecord { eval_seconds, ..samples::record(1) }
    }

    #[test]
    fn a_run_that_was_trained_before_stands_where_it_was_left() {
        let at = |past_steps| {
            let progress = Progress::new(&Started { past_steps, ..started() }, None, &[]);
            (progress.epoch, progress.step_in_epoch, progress.step)
        };
        assert_eq!((at(0), at(1), at(1874)), ((1, 0, 0), (1, 1, 1), (1, 1874, 1874)));
        assert_eq!((at(1875), at(1876), at(18_750)), ((1, 1875, 1875), (2, 1, 1876), (10, 1875, 18_750)));
    }

    #[test]
    fn half_an_epoch_at_a_known_speed_leaves_the_rest_of_the_run() {
        let progress = Progress::new(&started(), Some(&batch(750, 1.0, 24_000.0)), &[]);
        assert_eq!(progress.remaining_seconds(), Some(24)); // 18,000 steps at 750 per second
        assert_eq!((progress.run_ratio(), progress.epoch_ratio()), (0.04, 0.4));
    }

    #[test]
    fn evaluations_to_come_count_too() {
        let progress = Progress::new(&started(), Some(&batch(1875, 1.0, 60_000.0)), &[record(2.0)]);
        assert_eq!(progress.remaining_seconds(), Some(9 + 9 * 2));
    }

    #[test]
    fn after_a_change_of_pace_the_recent_speed_counts() {
        let progress = Progress::new(&started(), Some(&batch(750, 1.0, 32.0)), &[]);
        assert_eq!(progress.remaining_seconds(), Some(18_000));
    }

    #[test]
    fn without_a_speed_there_is_no_estimate_and_no_nonsense() {
        for (seconds, speed) in [(0.0, 0.0), (f64::NAN, f64::NAN), (0.0, f64::INFINITY), (-1.0, -3.0)] {
            let progress = Progress::new(&started(), Some(&batch(5, seconds, speed)), &[record(f64::NAN)]);
            assert_eq!(progress.remaining_seconds(), None, "{seconds} s, {speed} images/s");
            assert!(progress.images_per_second.abs() < f64::EPSILON);
        }
        assert_eq!(Progress::new(&started(), None, &[]).remaining_seconds(), None);
    }

    #[test]
    fn a_speed_next_to_nothing_still_gives_a_number() {
        let progress = Progress::new(&started(), Some(&batch(1, f64::MAX, 0.0)), &[]);
        assert_eq!(progress.remaining_seconds(), Some(31_557_600_000));
    }

    #[test]
    fn a_run_of_nothing_is_neither_divided_by_zero_nor_more_than_done() {
        let mut started = started();
        started.train_images = 0;
        started.settings.epochs = 0;
        let progress = Progress::new(&started, Some(&batch(3, 1.0, 1.0)), &[]);
        assert_eq!((progress.run_ratio(), progress.epoch_ratio()), (0.0, 0.0));
        assert_eq!(progress.remaining_seconds(), Some(0));
    }
}
