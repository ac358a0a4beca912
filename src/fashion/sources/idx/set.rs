//! The four files of a data set as MNIST has them: their names, and how they are read together, wherever they lie.

use std::{io::BufRead, panic, path::PathBuf, thread};

use super::{IdxKind, IdxProblem, IdxReader, classes};
use crate::fashion::{
    CLASSES, Dataset, Split,
    sources::{DataError, Problem},
};

/// The four files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetFile {
    /// The images to learn from.
    TrainImages,
    /// Their classes.
    TrainLabels,
    /// The images to measure with.
    TestImages,
    /// Their classes.
    TestLabels,
}

impl SetFile {
    /// The plain file's name; gzipped it has `.gz` at its end.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TrainImages => "train-images-idx3-ubyte",
            Self::TrainLabels => "train-labels-idx1-ubyte",
            Self::TestImages => "t10k-images-idx3-ubyte",
            Self::TestLabels => "t10k-labels-idx1-ubyte",
        }
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(self) -> IdxKind {
        match self {
            Self::TrainImages | Self::TestImages => IdxKind::Images,
            Self::TrainLabels | Self::TestLabels => IdxKind::Labels,
        }
    }
}

/// Reads a data set: `open` opens each of its files, `names` knows what its classes are called. The training images are
/// read on a thread of their own: inflating them takes several times as long as all else.
///
/// # Errors
/// When one of the two fails, or a file is not what it should be.
pub fn load_set(
    open: impl Fn(SetFile) -> Result<IdxFile, DataError>,
    names: impl FnOnce() -> Result<[String; CLASSES], DataError>,
) -> Result<Dataset, DataError> {
    let train = SplitFiles::open([open(SetFile::TrainImages)?, open(SetFile::TrainLabels)?])?;
    let test = SplitFiles::open([open(SetFile::TestImages)?, open(SetFile::TestLabels)?])?;
    let names = names()?;
    let (train, test) = thread::scope(|scope| {
        let train = scope.spawn(|| train.read());
        let test = test.read();
        (train.join().unwrap_or_else(|cause| panic::resume_unwind(cause)), test)
    });
    Ok(Dataset::new(train?, test?, names))
}

/// One of the four files, its header read.
pub struct IdxFile {
    file: PathBuf,
    reader: IdxReader<'static>,
}

impl IdxFile {
    /// The file of this name and content.
    ///
    /// # Errors
    /// When it does not begin as an IDX file of this kind.
    pub fn open(file: PathBuf, kind: IdxKind, input: impl BufRead + Send + 'static) -> Result<Self, DataError> {
        match IdxReader::open(input, kind) {
            Ok(reader) => Ok(Self { file, reader }),
            Err(problem) => Err(DataError { file, problem }),
        }
    }

    /// The file, and its content without the header.
    fn read(self) -> Result<(PathBuf, Vec<u8>), DataError> {
        match self.reader.into_bytes() {
            Ok(bytes) => Ok((self.file, bytes)),
            Err(problem) => Err(DataError { file: self.file, problem }),
        }
    }
}

/// The images of a split and their labels, as many of the one as of the other.
struct SplitFiles {
    images: IdxFile,
    labels: IdxFile,
}

impl SplitFiles {
    /// Images first, then their labels, as many as each file's header promises. Where these disagree each file is read
    /// first, to hold it to its own header: the one that does not is at fault, and not the other.
    fn open([images, labels]: [IdxFile; 2]) -> Result<Self, DataError> {
        if images.reader.count() == labels.reader.count() {
            return Ok(Self { images, labels });
        }
        let counts = [&labels, &images].map(|part| part.reader.count());
        let (file, _) = labels.read()?;
        let (images_file, _) = images.read()?;
        let [labels, images] = counts;
        let problem = Problem::Idx(IdxProblem::CountsDisagree { labels, images, images_file });
        Err(DataError { file, problem })
    }

    fn read(self) -> Result<Split, DataError> {
        let Self { images, labels } = self;
        let (file, labels) = labels.read()?;
        let classes = classes(&labels).map_err(|problem| DataError { file, problem })?;
        let (_, pixels) = images.read()?;
        Ok(Split::new(pixels, classes).expect("both headers promised the same count, at least 1, and kept it"))
    }
}
