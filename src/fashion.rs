//! Images, classes and data sets: what there is to learn. Reads files; knows nothing of networks.

pub mod idx;

use std::{fmt, path::PathBuf};

pub use idx::DataError;

/// Pixels along an image's side.
pub const SIDE: usize = 28;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
/// Classes of a data set.
pub const CLASSES: usize = 10;

/// A class's number, 0 to 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(u8);

impl Class {
    /// All ten, in order.
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

impl Split {
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
    /// The name of a class.
    #[must_use]
    pub fn name(&self, class: Class) -> &str {
        &self.names[class.index()]
    }
}

/// Where a data set comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Fashion-MNIST, compiled into the program.
    #[default]
    Embedded,
    /// A directory with the four IDX files, gzipped or plain, and perhaps `labels.txt`.
    Directory(PathBuf),
}
