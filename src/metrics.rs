//! Arithmetic on what a run reports. Of predictions: which class, how sure, right or wrong; of steps: means over spans
//! of them. Knows nothing of where they come from.

mod spans;
pub mod thinning;

use serde::Serialize;

pub use self::spans::{MOST_CELLS, Span, Spans, merged_mean};

use crate::{
    fashion::{CLASSES, Class},
    protocol::Probabilities,
};

/// The most probable class; of equals the first, as in `numpy.argmax`. NaN counts as less than any number.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "there are ten probabilities and ten classes")]
pub fn most_probable(probabilities: &Probabilities) -> Class {
    let (mut best, mut most) = (0, probabilities[0]);
    for (number, probability) in (0..).zip(probabilities) {
        if *probability > most || (most.is_nan() && !probability.is_nan()) {
            (best, most) = (number, *probability);
        }
    }
    Class::new(best).expect("there are ten classes")
}

/// A part of a whole as a ratio in 0..=1, also for 0 of 0 and for more than the whole.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a ratio for the eye")]
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}

/// How often each class was predicted for each: ten rows of true classes, ten columns of predicted classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfusionMatrix {
    counts: [[u32; CLASSES]; CLASSES],
}

/// How well one class is told from the others, or the mean over the classes. Each figure is 0 to 1, and 0 where it
/// would be 0 of 0, as in scikit-learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ClassFigures {
    /// The part of the images predicted as this class that really are of it.
    pub precision: f64,
    /// The part of the images of this class that were predicted as it.
    pub recall: f64,
    /// The harmonic mean of the two.
    pub f1: f64,
    /// Images of the class.
    pub support: u32,
}

impl ConfusionMatrix {
    /// Counts pairs of the true class and the most probable class.
    #[must_use]
    pub fn new<'a>(truths: impl IntoIterator<Item = &'a Class>, predictions: &[Probabilities]) -> Self {
        Self::of_answers(truths, predictions.iter().map(most_probable))
    }

    /// Counts pairs of the true class and the predicted class.
    #[must_use]
    pub fn of_answers<'a>(
        truths: impl IntoIterator<Item = &'a Class>,
        answers: impl IntoIterator<Item = Class>,
    ) -> Self {
        let mut confusion = Self::default();
        for (truth, answer) in truths.into_iter().zip(answers) {
            confusion.counts[truth.index()][answer.index()] += 1;
        }
        confusion
    }

    /// The counts: one row per true class, one column per predicted class.
    #[must_use]
    pub fn counts(&self) -> &[[u32; CLASSES]; CLASSES] {
        &self.counts
    }

    /// How many images are of this class.
    #[must_use]
    pub fn truths(&self, class: Class) -> u32 {
        self.counts[class.index()].iter().sum()
    }

    /// How many images were predicted as this class.
    #[must_use]
    pub fn predictions(&self, class: Class) -> u32 {
        self.counts.iter().map(|row| row[class.index()]).sum()
    }

    /// How many images there are in all.
    #[must_use]
    pub fn images(&self) -> u32 {
        self.counts.iter().flatten().sum()
    }

    /// The part of all images that were predicted right, 0 to 1.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right: u32 = Class::all().map(|class| self.counts[class.index()][class.index()]).sum();
        ratio(right.into(), self.images().into())
    }

    /// The figures of one class.
    #[must_use]
    pub fn class(&self, class: Class) -> ClassFigures {
        let right = u64::from(self.counts[class.index()][class.index()]);
        let (truths, predictions) = (self.truths(class), self.predictions(class));
        ClassFigures {
            precision: ratio(right, predictions.into()),
            recall: ratio(right, truths.into()),
            f1: ratio(2 * right, u64::from(truths) + u64::from(predictions)),
            support: truths,
        }
    }

    /// The mean over the classes, all with the same weight.
    #[must_use]
    pub fn macro_average(&self) -> ClassFigures {
        self.average(|_| 1.0)
    }

    /// The mean over the classes, each weighted by its number of images.
    #[must_use]
    pub fn weighted_average(&self) -> ClassFigures {
        self.average(|figures| figures.support.into())
    }

    fn average(&self, weight: impl Fn(&ClassFigures) -> f64) -> ClassFigures {
        let all: Vec<ClassFigures> = Class::all().map(|class| self.class(class)).collect();
        let whole: f64 = all.iter().map(&weight).sum();
        let mean = |figure: fn(&ClassFigures) -> f64| {
            let sum: f64 = all.iter().map(|figures| figure(figures) * weight(figures)).sum();
            if whole > 0.0 { sum / whole } else { 0.0 }
        };
        ClassFigures {
            precision: mean(|figures| figures.precision),
            recall: mean(|figures| figures.recall),
            f1: mean(|figures| figures.f1),
            support: self.images(),
        }
    }
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

    fn class(number: u8) -> Class {
        Class::new(number).expect("a class")
    }

    fn sure_of(number: usize) -> Probabilities {
        let mut probabilities = [0.0; CLASSES];
        probabilities[number] = 1.0;
        probabilities
    }

    /// The figures are those of scikit-learn's `classification_report` for these answers.
    #[test]
    fn a_class_s_figures_are_those_of_scikit_learn() {
        let truths = [0, 0, 0, 1, 1, 2].map(class);
        let confusion = ConfusionMatrix::new(&truths, &[0, 0, 1, 1, 2, 1].map(sure_of));
        assert_eq!((confusion.counts()[0][1], confusion.counts()[2][1], confusion.images()), (1, 1, 6));
        assert_eq!(confusion.accuracy(), 0.5);
        let zero = ClassFigures { precision: 1.0, recall: 2.0 / 3.0, f1: 0.8, support: 3 };
        assert_eq!(confusion.class(class(0)), zero);
        let one = ClassFigures { precision: 1.0 / 3.0, recall: 0.5, f1: 0.4, support: 2 };
        assert_eq!(confusion.class(class(1)), one);
        assert_eq!(confusion.class(class(2)), ClassFigures { support: 1, ..ClassFigures::default() });
        assert_eq!(confusion.class(class(9)), ClassFigures::default());
        let weighted = confusion.weighted_average();
        assert!((weighted.f1 - (0.8 * 3.0 + 0.4 * 2.0) / 6.0).abs() < 1e-12);
        assert!((confusion.macro_average().f1 - 0.12).abs() < 1e-12);
        assert_eq!(ConfusionMatrix::default().weighted_average(), ClassFigures::default());
    }

    #[test]
    fn a_ratio_stays_between_nothing_and_all() {
        assert_eq!(ratio(0, 0), 0.0);
        assert_eq!(ratio(5, 0), 0.0);
        assert_eq!(ratio(1, 4), 0.25);
        assert_eq!(ratio(9, 4), 1.0);
    }
}
