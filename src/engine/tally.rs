//! Running sums over the figures of steps: arithmetic only.

use serde::{Deserialize, Serialize};

use super::learner::StepOutcome;

/// Running sums over the figures of some steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Steps counted.
    pub steps: u64,
    /// Images in those steps' batches.
    pub images: u64,
    /// Right answers among them.
    pub correct: u64,
    /// The batches' losses, each times its images.
    pub loss_sum: f64,
}

impl Tally {
    /// Counts this step.
    pub fn add(&mut self, outcome: StepOutcome) {
        self.steps += 1;
        self.images += u64::from(outcome.images);
        self.correct += u64::from(outcome.correct);
        self.loss_sum += f64::from(outcome.loss) * f64::from(outcome.images);
    }

    /// Mean loss per image, in nats, as Keras shows it: a short batch counts for less. 0 before the first step.
    #[expect(clippy::cast_precision_loss, reason = "no epoch has the 2^53 images that a float cannot count")]
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.images.max(1) as f64
    }

    /// Right answers among the images, 0 to 1. 0 before the first step.
    #[expect(clippy::cast_precision_loss, reason = "no epoch has the 2^53 images that a float cannot count")]
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_batch_counts_by_its_images_in_the_running_means() {
        let mut tally = Tally::default();
        assert_eq!((tally.loss(), tally.accuracy()), (0.0, 0.0));
        tally.add(StepOutcome { loss: 1.0, correct: 24, images: 32 });
        tally.add(StepOutcome { loss: 2.0, correct: 0, images: 8 });
        assert_eq!((tally.loss(), tally.accuracy()), (1.2, 0.6));
    }
}
