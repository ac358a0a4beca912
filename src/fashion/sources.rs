//! Where a data set comes from, one file per kind of source: each loads the data set and writes itself down, so that a
//! run finds it again. What a format's files must hold, and what is wrong with one, is the format's own business.

mod embedded;
mod file;
pub mod idx;

use std::{fmt, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use self::idx::{IdxDirectory, IdxProblem};
use super::{Dataset, NamesProblem};
use crate::printable;

/// Where a data set comes from. In JSON each kind has a form of its own, by which it is known again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the data set's directory, or null for the one in the program")]
pub enum Source {
    /// Fashion-MNIST, compiled into the program; in JSON `null`.
    #[default]
    Embedded,
    /// A directory with the four IDX files; in JSON its path.
    Idx(IdxDirectory),
}

impl Source {
    /// The source that lies here.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self::Idx(IdxDirectory::new(path))
    }

    /// Reads the data set.
    ///
    /// # Errors
    /// When a file is missing, cannot be read or is not what it should be; the error names the file.
    pub fn load(&self) -> Result<Dataset, DataError> {
        match self {
            Self::Embedded => embedded::load(),
            Self::Idx(directory) => directory.load(),
        }
    }

    /// The same source as it is called from any working directory.
    #[must_use]
    pub fn absolute(&self) -> Self {
        match self {
            Self::Embedded => Self::Embedded,
            Self::Idx(directory) => Self::Idx(directory.absolute()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str(embedded::NAME),
            Self::Idx(directory) => directory.fmt(f),
        }
    }
}

/// Why a data set cannot be read: which file, and what is wrong with it. Its text is one whole line.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", printable::path(file))]
pub struct DataError {
    /// The file, or the directory of the data set.
    pub file: PathBuf,
    /// What was found there, and what was expected.
    pub problem: Problem,
}

/// What is wrong with a file of a data set.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Something else has the file's name.
    #[error("found {found}, expected a file")]
    NotAFile {
        /// What it is.
        found: &'static str,
    },
    /// The system refused to read the file.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// It holds other class names than there can be.
    #[error(transparent)]
    Names(#[from] NamesProblem),
    /// It is not what IDX asks for.
    #[error(transparent)]
    Idx(#[from] IdxProblem),
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};

    use super::*;

    fn idx(directory: &[u8]) -> Source {
        Source::at(OsString::from_vec(directory.to_vec()).into())
    }

    #[test]
    fn a_source_is_written_as_the_json_of_earlier_runs_has_it_and_reads_back() {
        for (source, json) in [
            (Source::Embedded, "null"),
            (idx(b"/data"), r#""/data""#),
            (idx("/größe".as_bytes()), r#""/größe""#),
            (idx(b"/\xFF"), "[47,255]"),
        ] {
            assert_eq!(serde_json::to_string(&source).expect("it can be written"), json);
            assert_eq!(serde_json::from_str::<Source>(json).expect("it can be read"), source);
        }
    }

    #[test]
    fn what_is_no_source_is_said_without_a_type_of_this_program() {
        let error = serde_json::from_str::<Source>("7").expect_err("a number is none");
        assert_eq!(error.to_string(), "expected the data set's directory, or null for the one in the program");
    }

    #[test]
    fn a_source_is_shown_by_its_name_or_its_place() {
        assert_eq!(Source::default().to_string(), "Fashion-MNIST");
        assert_eq!(idx(b"/data").to_string(), "/data");
        assert!(idx(b"data").absolute().to_string().starts_with('/'));
        assert_eq!(Source::Embedded.absolute(), Source::Embedded);
    }
}
