//! What a data set is made of, before any network sees it: counts, brightness, means. Arithmetic only.

use super::{CLASSES, Class, Dataset, Image, PIXELS, Split};

/// Values that a pixel can have.
const LEVELS: usize = 256;

/// A data set in figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Training images of each class.
    pub train: [u32; CLASSES],
    /// Test images of each class.
    pub test: [u32; CLASSES],
    /// How many pixels of the training images have each value, 0 to 255.
    pub histogram: [u64; LEVELS],
    /// Each class's mean training image, rounded; black where the class has none.
    means: Vec<[u8; PIXELS]>,
}

impl Survey {
    /// Counts all of a data set. Takes some ten milliseconds for Fashion-MNIST.
    #[must_use]
    pub fn new(data: &Dataset) -> Self {
        let train = counts(&data.train);
        let mut sums = vec![[0_u64; PIXELS]; CLASSES];
        let mut histogram = [0; LEVELS];
        let (images, _) = data.train.pixels().as_chunks::<PIXELS>();
        // A sum of 2²⁴ bytes still fits into 32 bits, and adding them in few bits is twice as fast.
        for (images, classes) in images.chunks(1 << 16).zip(data.train.classes().chunks(1 << 16)) {
            let mut part = vec![[0_u32; PIXELS]; CLASSES];
            for (image, class) in images.iter().zip(classes) {
                let sums = &mut part[class.index()];
                sums.iter_mut().zip(image).for_each(|(sum, byte)| *sum += u32::from(*byte));
            }
            for (sums, part) in sums.iter_mut().flatten().zip(part.iter().flatten()) {
                *sums += u64::from(*part);
            }
        }
        // Four counters in turns: one would have each pixel wait for the one before, which mostly has the same value.
        let mut lanes = [[0_u64; LEVELS]; 4];
        let (quartets, _) = data.train.pixels().as_chunks::<4>();
        for quartet in quartets {
            lanes.iter_mut().zip(quartet).for_each(|(lane, byte)| lane[usize::from(*byte)] += 1);
        }
        for lane in &lanes {
            histogram.iter_mut().zip(lane).for_each(|(count, lane)| *count += lane);
        }
        let means = sums.iter().zip(train).map(|(sums, count)| sums.map(|sum| mean(sum, count))).collect();
        Self { train, test: counts(&data.test), histogram, means }
    }

    /// A class's mean training image.
    #[must_use]
    pub fn mean(&self, class: Class) -> Image<'_> {
        Image::new(&self.means[class.index()])
    }
}

fn counts(split: &Split) -> [u32; CLASSES] {
    let mut counts = [0; CLASSES];
    split.classes().iter().for_each(|class| counts[class.index()] += 1);
    counts
}

fn mean(sum: u64, count: u32) -> u8 {
    let count = u64::from(count.max(1));
    u8::try_from((sum + count / 2) / count).expect("a mean of bytes is a byte")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fashion::{FASHION_NAMES, Source};

    #[test]
    fn fashion_mnist_is_balanced_and_half_black() {
        let survey = Survey::new(&Source::Embedded.load().expect("the compiled-in data can be read"));
        assert_eq!((survey.train, survey.test), ([6000; CLASSES], [1000; CLASSES]));
        assert_eq!(survey.histogram.iter().sum::<u64>(), 60_000 * 784);
        // As `np.bincount(train_images.ravel())` counts them.
        assert_eq!(survey.histogram[0], 23_616_498);
    }

    #[test]
    fn a_mean_is_rounded_and_of_its_class_alone() {
        let pixels = [[10; PIXELS], [11; PIXELS], [200; PIXELS]].concat();
        let classes = [0, 0, 5].map(|number| Class::new(number).expect("a class")).to_vec();
        let split = Split::new(pixels, classes).expect("three images");
        let survey = Survey::new(&Dataset::new(split.clone(), split, FASHION_NAMES));
        let ink = |class: u8| survey.mean(Class::new(class).expect("a class")).ink(3, 3);
        assert_eq!((ink(0), ink(5), ink(7)), (11, 200, 0));
        assert_eq!((survey.histogram[10], survey.histogram[200], survey.train[0]), (784, 784, 2));
    }
}
