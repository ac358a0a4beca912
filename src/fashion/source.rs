//! Where a data set comes from: the Fashion-MNIST inside the program, or a directory. Knows files and names; their
//! format is `idx`'s business.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    panic,
    path::{Path, PathBuf},
    thread,
};

use super::{
    CLASSES, DataError, Dataset, FASHION_NAMES, Split,
    idx::{self, GZIP_MAGIC, Idx, Kind, Problem},
    sniff::ENOUGH,
};
use crate::printable;

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";
const NAMES: &str = "labels.txt";

/// Bytes that a file is read by: more than the usual 8 kB, since the images' files are megabytes.
const READ_BUFFER: usize = 128 * 1024;

/// The most bytes of `labels.txt` that are looked at.
const LONGEST_NAMES: u64 = 1 << 20;

/// Where a data set comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Fashion-MNIST, compiled into the program.
    #[default]
    Embedded,
    /// A directory with the four IDX files, gzipped (`.gz`) or plain, and perhaps `labels.txt` with the ten classes'
    /// names, one a line. Where a file is there both ways the plain one is read: it needs no inflating.
    Directory(PathBuf),
}

impl Source {
    /// Reads the data set, the training images on a thread of their own: inflating them takes as long as all else
    /// several times over.
    ///
    /// # Errors
    /// When a file is missing, cannot be read or is not what it should be; the error names the file.
    pub fn load(&self) -> Result<Dataset, DataError> {
        match self {
            Self::Embedded => {
                let train = Half::open([
                    embedded(TRAIN_IMAGES, Kind::Images, include_bytes!("../../data/train-images-idx3-ubyte.gz"))?,
                    embedded(TRAIN_LABELS, Kind::Labels, include_bytes!("../../data/train-labels-idx1-ubyte.gz"))?,
                ])?;
                let test = Half::open([
                    embedded(TEST_IMAGES, Kind::Images, include_bytes!("../../data/t10k-images-idx3-ubyte.gz"))?,
                    embedded(TEST_LABELS, Kind::Labels, include_bytes!("../../data/t10k-labels-idx1-ubyte.gz"))?,
                ])?;
                read(train, test, FASHION_NAMES.map(str::to_owned))
            }
            Self::Directory(directory) => {
                check_directory(directory)?;
                let train = Half::open([
                    stored(directory, TRAIN_IMAGES, Kind::Images)?,
                    stored(directory, TRAIN_LABELS, Kind::Labels)?,
                ])?;
                let test = Half::open([
                    stored(directory, TEST_IMAGES, Kind::Images)?,
                    stored(directory, TEST_LABELS, Kind::Labels)?,
                ])?;
                read(train, test, names(directory.join(NAMES))?)
            }
        }
    }
}

/// Reads both halves at the same time.
fn read(train: Half, test: Half, names: [String; CLASSES]) -> Result<Dataset, DataError> {
    let (train, test) = thread::scope(|scope| {
        let train = scope.spawn(|| train.read());
        let test = test.read();
        (train.join().unwrap_or_else(|cause| panic::resume_unwind(cause)), test)
    });
    Ok(Dataset::new(train?, test?, names))
}

/// One of the four files, its header read.
struct Part {
    file: PathBuf,
    idx: Idx<'static>,
}

impl Part {
    fn open(file: PathBuf, kind: Kind, input: impl BufRead + Send + 'static) -> Result<Self, DataError> {
        match Idx::open(input, kind) {
            Ok(idx) => Ok(Self { file, idx }),
            Err(problem) => Err(DataError { file, problem }),
        }
    }

    /// The file, and its content without the header.
    fn read(self) -> Result<(PathBuf, Vec<u8>), DataError> {
        match self.idx.into_bytes() {
            Ok(bytes) => Ok((self.file, bytes)),
            Err(problem) => Err(DataError { file: self.file, problem }),
        }
    }
}

/// The images of a split and their labels, as many of the one as of the other.
struct Half {
    images: Part,
    labels: Part,
}

impl Half {
    /// Images first, then their labels, as many as each file's header promises. Where these disagree each file is read
    /// first, to hold it to its own header: the one that does not is at fault, and not the other.
    fn open([images, labels]: [Part; 2]) -> Result<Self, DataError> {
        if images.idx.count() == labels.idx.count() {
            return Ok(Self { images, labels });
        }
        let counts = [&labels, &images].map(|part| part.idx.count());
        let (file, _) = labels.read()?;
        let (images_file, _) = images.read()?;
        let [labels, images] = counts;
        Err(DataError { file, problem: Problem::CountsDisagree { labels, images, images_file } })
    }

    fn read(self) -> Result<Split, DataError> {
        let Self { images, labels } = self;
        let (file, labels) = labels.read()?;
        let classes = idx::classes(&labels).map_err(|problem| DataError { file, problem })?;
        let (_, pixels) = images.read()?;
        Ok(Split::new(pixels, classes).expect("both headers promised the same count, at least 1, and kept it"))
    }
}

fn embedded(name: &str, kind: Kind, bytes: &'static [u8]) -> Result<Part, DataError> {
    Part::open(PathBuf::from(format!("{name}.gz (in the program)")), kind, bytes)
}

/// Opens the plain file of this name, or else the gzipped one.
fn stored(directory: &Path, name: &'static str, kind: Kind) -> Result<Part, DataError> {
    let plain = directory.join(name);
    if let Some(input) = open_file(&plain)? {
        return Part::open(plain, kind, input);
    }

    let file = directory.join(format!("{name}.gz"));
    let Some(mut input) = open_file(&file)? else {
        return Err(DataError { file, problem: Problem::Missing { plain: name } });
    };
    let problem = match input.fill_buf() {
        Ok(start) if start.starts_with(&GZIP_MAGIC) => return Part::open(file, kind, input),
        Ok(start) => {
            let found = start.iter().copied().take(ENOUGH).collect();
            Problem::NotGzip { found }
        }
        Err(error) => Problem::Unreadable(error),
    };
    Err(DataError { file, problem })
}

/// The opened file; `None` when there is nothing of that name.
fn open_file(path: &Path) -> Result<Option<BufReader<File>>, DataError> {
    let opened = fs::metadata(path).map_err(Problem::Unreadable).and_then(|metadata| {
        if metadata.is_file() {
            return File::open(path).map_err(Problem::Unreadable);
        }
        // Opening a pipe would wait for its other end.
        Err(Problem::NotAFile { found: if metadata.is_dir() { "a directory" } else { "a device, pipe or socket" } })
    });
    match opened {
        Ok(file) => Ok(Some(BufReader::with_capacity(READ_BUFFER, file))),
        Err(Problem::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(DataError { file: path.to_owned(), problem }),
    }
}

fn check_directory(directory: &Path) -> Result<(), DataError> {
    let problem = match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => Problem::NotADirectory { found: "found a file" },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Problem::NotADirectory { found: "found nothing" },
        Err(error) => Problem::Unreadable(error),
    };
    Err(DataError { file: directory.to_owned(), problem })
}

/// The classes' names in this file; Fashion-MNIST's when there is no such file.
fn names(file: PathBuf) -> Result<[String; CLASSES], DataError> {
    let names = match open_file(&file)? {
        None => return Ok(FASHION_NAMES.map(str::to_owned)),
        Some(mut input) => {
            let mut bytes = Vec::new();
            // Ten names are never as long; where the file is, it is no file of names.
            let read = (&mut input).take(LONGEST_NAMES).read_to_end(&mut bytes);
            read.map_err(Problem::Unreadable).and_then(|_| parse_names(&bytes))
        }
    };
    names.map_err(|problem| DataError { file, problem })
}

/// The names in the bytes of a `labels.txt`: ten lines, one name each, in the classes' order. Blanks around a name, blank
/// lines at the end and a byte order mark, which some editors write, are no part of it.
///
/// # Errors
/// When there are not ten, one is empty, or one cannot be shown.
pub fn parse_names(bytes: &[u8]) -> Result<[String; CLASSES], Problem> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        Problem::NamesNotText { line: before.split(|byte| *byte == b'\n').count() }
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).trim_end();

    let found = text.lines().count();
    if found != CLASSES {
        return Err(Problem::NamesCount { found });
    }
    let mut names = [""; CLASSES];
    names.iter_mut().zip(text.lines()).for_each(|(name, line)| *name = line.trim());
    for (line, name) in (1..).zip(names) {
        if name.is_empty() {
            return Err(Problem::NameEmpty { line });
        }
        if let Some(found) = name.chars().find(|c| printable::is_control(*c)) {
            return Err(Problem::NameControl { line, found });
        }
    }
    Ok(names.map(str::to_owned))
}
