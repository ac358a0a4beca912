//! A data set as MNIST's makers publish it: a directory with four IDX files, gzipped or plain. What an IDX file is, is
//! said in `format`.

mod format;
mod problem;
mod set;

use std::{
    fmt, fs,
    io::{self, BufRead},
    path::{self, PathBuf},
};

use serde::{Deserialize, Serialize};

pub(super) use self::set::{IdxFile, SetFile, load_set};
pub use self::{
    format::{IdxReader, classes, is_idx, read_images, read_labels},
    problem::{IdxKind, IdxProblem},
};
use super::{DataError, Problem, file};
use crate::{
    fashion::{Dataset, gzip, sniff},
    json, printable,
};

/// The file with the classes' names.
const NAMES: &str = "labels.txt";

/// A directory with the four IDX files, gzipped (`.gz`) or plain, and perhaps `labels.txt` with the ten classes' names,
/// one per line. Where a file is there both ways the plain one is read: it needs no inflating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdxDirectory(#[serde(with = "json::path")] PathBuf);

impl IdxDirectory {
    /// This directory.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// Reads the data set.
    ///
    /// # Errors
    /// When a file is missing, cannot be read or is not what it should be.
    pub fn load(&self) -> Result<Dataset, DataError> {
        self.check()?;
        load_set(|file| self.open(file), || file::names(self.0.join(NAMES)))
    }

    /// The same directory as it is called from any other.
    #[must_use]
    pub fn absolute(&self) -> Self {
        Self(path::absolute(&self.0).unwrap_or_else(|_| self.0.clone()))
    }

    fn check(&self) -> Result<(), DataError> {
        let problem = match fs::metadata(&self.0) {
            Ok(metadata) if metadata.is_dir() => return Ok(()),
            Ok(_) => IdxProblem::NotADirectory { found: "found a file" }.into(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                IdxProblem::NotADirectory { found: "found nothing" }.into()
            }
            Err(error) => Problem::Unreadable(error),
        };
        Err(DataError { file: self.0.clone(), problem })
    }

    /// Opens the plain file, or else the gzipped one.
    fn open(&self, set_file: SetFile) -> Result<IdxFile, DataError> {
        let (name, kind) = (set_file.name(), set_file.kind());
        let plain = self.0.join(name);
        if let Some(input) = file::open(&plain)? {
            return IdxFile::open(plain, kind, input);
        }

        let file = self.0.join(format!("{name}.gz"));
        let Some(mut input) = file::open(&file)? else {
            return Err(DataError { file, problem: IdxProblem::Missing { plain: name }.into() });
        };
        let problem = match input.fill_buf() {
            Ok(start) if start.starts_with(&gzip::MAGIC) => return IdxFile::open(file, kind, input),
            Ok(start) => {
                let found = start.iter().copied().take(sniff::ENOUGH).collect();
                IdxProblem::NotGzip { found }.into()
            }
            Err(error) => Problem::Unreadable(error),
        };
        Err(DataError { file, problem })
    }
}

impl fmt::Display for IdxDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable::path(&self.0))
    }
}
