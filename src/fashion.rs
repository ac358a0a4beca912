//! Images, classes and data sets: what there is to learn. Reads files; knows nothing of networks.

mod gzip;
mod names;
pub mod photo;
pub mod sniff;
pub mod sources;
mod survey;

use std::fmt;

pub use names::{NamesProblem, parse_names};
pub use sources::{DataError, Source};
pub use survey::Survey;

/// Pixels along an image's side.
pub const SIDE: usize = 28;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
/// Classes of a data set.
pub const CLASSES: usize = 10;
/// What Fashion-MNIST's classes are called, in their order.
pub const FASHION_NAMES: [&str; CLASSES] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// A class's number, 0 to 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(u8);

impl Class {
    /// Number 0.
    pub const FIRST: Self = Self(0);

    /// All ten, in order.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "ten fits into a byte")]
    pub fn all() -> impl ExactSizeIterator<Item = Self> + Clone {
        (0..CLASSES).map(|number| Self(u8::try_from(number).expect("CLASSES is 10")))
    }

    /// The class of this number, if there is one.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (usize::from(number) < CLASSES).then_some(Self(number))
    }

    /// The number, as an index into ten of anything.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A 28×28 grayscale image, borrowed from its split: row by row, 0 is the ground, 255 full ink.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Image<'a>(&'a [u8; PIXELS]);

impl<'a> Image<'a> {
    /// The image that these 784 bytes are, row by row.
    #[must_use]
    pub fn new(pixels: &'a [u8; PIXELS]) -> Self {
        Self(pixels)
    }

    /// The ink at this row and column, both 0 to 27.
    ///
    /// # Panics
    /// Outside the image.
    #[must_use]
    pub fn ink(self, row: usize, column: usize) -> u8 {
        assert!(row < SIDE && column < SIDE, "pixel {row},{column} lies outside 28×28");
        self.0[row * SIDE + column]
    }

    /// The 784 bytes, row by row.
    #[must_use]
    pub fn pixels(self) -> &'a [u8; PIXELS] {
        self.0
    }
}

impl fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({SIDE}×{SIDE})")
    }
}

/// Images with their classes: the training or the test half of a data set. Never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Split {
    pixels: Vec<u8>,
    labels: Vec<Class>,
}

/// Why images and classes make no split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// There is nothing to learn from.
    #[error("found no images, expected at least one")]
    Empty,
    /// Images and classes are not as many.
    #[error("found {pixels} bytes of pixels for {classes} classes, expected {PIXELS} for each class")]
    Disagree {
        /// Bytes of pixels.
        pixels: usize,
        /// Classes.
        classes: usize,
    },
}

impl Split {
    /// The split of these images, 784 bytes each and one after the other, and their classes.
    ///
    /// # Errors
    /// When there are no images, or not one for each class.
    pub fn new(pixels: Vec<u8>, classes: Vec<Class>) -> Result<Self, SplitError> {
        if classes.is_empty() && pixels.is_empty() {
            return Err(SplitError::Empty);
        }
        if classes.len().checked_mul(PIXELS) != Some(pixels.len()) {
            return Err(SplitError::Disagree { pixels: pixels.len(), classes: classes.len() });
        }
        Ok(Self { pixels, labels: classes })
    }

    /// A copy of the first `count` images with their classes; of all, where there are fewer.
    ///
    /// # Panics
    /// When `count` is 0, since a split is never empty.
    #[must_use]
    pub fn head(&self, count: usize) -> Self {
        assert!(count > 0, "a split is never empty");
        let count = count.min(self.len());
        Self { pixels: self.pixels[..count * PIXELS].to_vec(), labels: self.labels[..count].to_vec() }
    }

    /// How many images there are; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a split is never empty")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The image at `index`, from 0.
    ///
    /// # Panics
    /// When there is no such image.
    #[must_use]
    pub fn image(&self, index: usize) -> Image<'_> {
        let (images, _) = self.pixels.as_chunks::<PIXELS>();
        Image(&images[index])
    }

    /// The true class of the image at `index`, from 0.
    ///
    /// # Panics
    /// When there is no such image.
    #[must_use]
    pub fn class(&self, index: usize) -> Class {
        self.labels[index]
    }

    /// All images' bytes, one image after the other: `len() × 784`.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All images' classes.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.labels
    }
}

impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Split({} images)", self.len())
    }
}

/// A whole data set: what to train on, what to test with, and what the ten classes are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The images that the network learns from.
    pub train: Split,
    /// The images that it is measured with.
    pub test: Split,
    /// The classes' names, in the classes' order.
    names: [String; CLASSES],
}

impl Dataset {
    /// The data set of these splits; `names` are those of the classes 0 to 9, free of control characters, since they
    /// are shown as they are.
    #[must_use]
    pub fn new(train: Split, test: Split, names: [impl Into<String>; CLASSES]) -> Self {
        Self { train, test, names: names.map(Into::into) }
    }

    /// The classes' names, in the classes' order.
    #[must_use]
    pub fn names(&self) -> &[String; CLASSES] {
        &self.names
    }

    /// The name of a class.
    #[must_use]
    pub fn name(&self, class: Class) -> &str {
        &self.names[class.index()]
    }
}
