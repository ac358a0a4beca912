//! Why a data set cannot be read: what can be wrong with any file, and below it what each format finds wrong.

use std::{io, path::PathBuf};

use super::idx::IdxProblem;
use crate::{fashion::NamesProblem, printable};

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
