//! Arithmetic on predictions: which class, how sure, right or wrong. Knows nothing of where they come from.

use crate::{fashion::Class, protocol::Probabilities};

/// The most probable class; the first of equals, as `numpy.argmax` has it. NaN counts as less than any number.
#[must_use]
pub fn most_probable(probabilities: &Probabilities) -> Class {
    let mut best = Class::FIRST;
    for class in Class::all() {
        let (probability, most) = (probabilities[class.index()], probabilities[best.index()]);
        if probability > most || (most.is_nan() && !probability.is_nan()) {
            best = class;
        }
    }
    best
}

/// A part of a whole as a ratio in 0..=1, also for 0 of 0 and for more than all.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a ratio for the eye")]
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these ratios are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_most_probable_class_is_the_first_of_equals() {
        let mut probabilities = [0.0; 10];
        assert_eq!(most_probable(&probabilities).index(), 0);
        probabilities[3] = 0.5;
        probabilities[7] = 0.5;
        assert_eq!(most_probable(&probabilities).index(), 3);
    }

    #[test]
    fn nan_is_never_the_most_probable_while_a_number_is_there() {
        let mut probabilities = [f32::NAN; 10];
        assert_eq!(most_probable(&probabilities).index(), 0);
        probabilities[4] = 0.1;
        assert_eq!(most_probable(&probabilities).index(), 4);
        probabilities[9] = 0.2;
        assert_eq!(most_probable(&probabilities).index(), 9);
    }

    #[test]
    fn a_ratio_stays_between_nothing_and_all() {
        assert_eq!(ratio(0, 0), 0.0);
        assert_eq!(ratio(5, 0), 0.0);
        assert_eq!(ratio(1, 4), 0.25);
        assert_eq!(ratio(9, 4), 1.0);
    }
}
