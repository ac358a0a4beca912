//! Opens the files of a data set. Knows nothing of what is in them, but for the class names.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use super::{DataError, Problem};
use crate::fashion::{CLASSES, FASHION_NAMES, parse_names};

/// Bytes that a file is read by: more than the usual 8 kB, since the images' files are megabytes.
const READ_BUFFER: usize = 128 * 1024;

/// The most bytes of a list of names that are looked at.
const LONGEST_NAMES: u64 = 1 << 20;

/// The opened file; `None` when there is nothing of that name.
///
/// # Errors
/// When it is no file, or cannot be opened.
pub(super) fn open(path: &Path) -> Result<Option<BufReader<File>>, DataError> {
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

/// The classes' names in this file; Fashion-MNIST's when there is no such file.
///
/// # Errors
/// When it cannot be read, or holds other than ten names.
pub(super) fn names(file: PathBuf) -> Result<[String; CLASSES], DataError> {
    let Some(mut input) = open(&file)? else { return Ok(FASHION_NAMES.map(str::to_owned)) };
    let mut bytes = Vec::new();
    // Ten names are never as long; where the file is, it is no file of names.
    let read = (&mut input).take(LONGEST_NAMES).read_to_end(&mut bytes);
    let names = read.map_err(Problem::Unreadable).and_then(|_| Ok(parse_names(&bytes)?));
    names.map_err(|problem| DataError { file, problem })
}
