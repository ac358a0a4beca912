//! What a network's logits mean: probabilities, and loss and accuracy over a split. Knows no network.

use super::learner::Logits;
use crate::{
    fashion::{CLASSES, Split},
    metrics::most_probable,
    protocol::Probabilities,
};

/// How a network does on a split.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Mean softmax cross entropy, in nats.
    pub loss: f64,
    /// Right answers among the images, 0 to 1.
    pub accuracy: f64,
    /// Every image's probabilities, in the split's order.
    pub predictions: Vec<Probabilities>,
}

/// Mean loss, accuracy and probabilities of a split that got these logits.
#[expect(clippy::cast_precision_loss, reason = "a split has fewer than the 2^53 images that a float counts exactly")]
pub(super) fn evaluation(split: &Split, logits: &[Logits]) -> Evaluation {
    let predictions: Vec<_> = logits.iter().map(softmax).collect();
    let loss: f64 =
        logits.iter().zip(split.classes()).map(|(logits, class)| cross_entropy(logits, class.index())).sum();
    let right = predictions
        .iter()
        .zip(split.classes())
        .filter(|(probabilities, class)| most_probable(probabilities) == **class);
    let images = split.len() as f64;
    Evaluation { loss: loss / images, accuracy: right.count() as f64 / images, predictions }
}

/// Softmax cross entropy of one image, in nats: ln Σ exp(logit) - the true class's logit. Taken from the logits, for a
/// probability that a float rounds to 0 would make it infinite.
fn cross_entropy(logits: &Logits, class: usize) -> f64 {
    let logits = logits.map(f64::from);
    let largest = logits.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    sum.ln() + largest - logits[class]
}

/// The probabilities that these logits mean. A network whose logits are no finite numbers any more says nothing, and so
/// each class gets a tenth.
pub(super) fn softmax(logits: &Logits) -> Probabilities {
    if !logits.iter().all(|logit| logit.is_finite()) {
        return [0.1; CLASSES];
    }
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials = logits.map(|logit| (logit - largest).exp());
    let sum: f32 = exponentials.iter().sum();
    exponentials.map(|exponential| exponential / sum)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "these figures are exact")]

    use super::*;

    #[test]
    fn huge_logits_have_finite_losses_and_probabilities() {
        let mut logits = [0.0; CLASSES];
        logits[3] = 3e38;
        logits[4] = -3e38;
        assert_eq!(softmax(&logits)[3], 1.0);
        assert_eq!(cross_entropy(&logits, 3), 0.0);
        assert!(cross_entropy(&logits, 4) > 5e38);
        assert!((cross_entropy(&[1.0; CLASSES], 0) - 10.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn logits_that_are_no_numbers_mean_a_tenth_for_each_class() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut logits = [1.0; CLASSES];
            logits[9] = bad;
            assert_eq!(softmax(&logits), [0.1; CLASSES]);
        }
    }
}
