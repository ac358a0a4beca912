//! Why a run's directory cannot be used, in sentences that say what to do about it.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use super::{
    files::{self, FileError},
    holder::Holder,
    npy::NpyError,
};
use crate::{fashion::DataError, json, printable};

/// Why a run's directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file or directory that cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A name that cannot be a directory's.
    #[error("{name:?} cannot be a run's name: {reason}")]
    Name {
        /// The name.
        name: OsString,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A new run would have the name of another.
    #[error(
        "the run {name} exists already ({what}): {}, or give another name with --run",
        live.clone().unwrap_or_else(|| format!("continue it with --resume {name}"))
    )]
    Exists {
        /// The name.
        name: String,
        /// How the other run stands.
        what: String,
        /// What can be done with it while it trains, if it does.
        live: Option<String>,
    },
    /// A new run would have the name of something else.
    #[error("{} exists already and is not a run: give another name with --run", printable::path(path))]
    Taken {
        /// The file or directory.
        path: PathBuf,
    },
    /// A directory without `run.json`, or none at all.
    #[error("{} is not a run: there is no run.json in it", printable::path(path))]
    NoRun {
        /// The directory.
        path: PathBuf,
    },
    /// A file of a run, in place of the run.
    #[error("{} is a file in a run: name the run itself, {}", printable::path(path), printable::path(run))]
    InARun {
        /// The file.
        path: PathBuf,
        /// The run's directory.
        run: PathBuf,
    },
    /// The images that a run was trained on cannot be read.
    #[error("{cause}; the run {name} was trained on these images: if they are elsewhere now, name that with --data")]
    Data {
        /// The run's name.
        name: String,
        /// What is wrong.
        cause: DataError,
    },
    /// Neither a run of this name nor a directory.
    #[error("no run {name} in {}{}", printable::path(root), among(others))]
    NotFound {
        /// What was asked for.
        name: String,
        /// The directory of all runs.
        root: PathBuf,
        /// The runs that are there, newest first.
        others: Vec<String>,
    },
    /// The newest run was asked for and there is none.
    #[error("no runs in {}: train one with `fitroom train`", printable::path(root))]
    Empty {
        /// The directory of all runs.
        root: PathBuf,
    },
    /// Another program trains this run.
    #[error(
        "{} is in use: another fitroom trains this run{}{}",
        printable::path(path),
        by(holder.as_ref()),
        ways.as_ref().map(|ways| format!("; {ways}")).unwrap_or_default()
    )]
    InUse {
        /// The run's directory.
        path: PathBuf,
        /// Who does, where that is known.
        holder: Option<Holder>,
        /// What can be done with it meanwhile, where that can be said.
        ways: Option<String>,
    },
    /// The run's directory was removed, moved or replaced while it was trained.
    #[error("the directory {} is gone, or another one by now: nothing more of the run is kept", printable::path(path))]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// Another program went on with a run that this one had ended.
    #[error("another fitroom has continued the run {name} since this one ended it")]
    GoneOn {
        /// The run's name.
        name: String,
    },
    /// A run that was saved has no checkpoint.
    #[error(
        "the run {name} was saved, but its checkpoint is missing: expected {}; put it back, or {otherwise}",
        printable::path(path)
    )]
    CheckpointMissing {
        /// The run's name.
        name: String,
        /// Where the checkpoint was.
        path: PathBuf,
        /// What else can be done.
        otherwise: &'static str,
    },
    /// A run would go on with other images.
    #[error(
        "the run {name} was trained on {theirs}, and this is other data: {ours}; name the data it was trained on with \
         --data"
    )]
    OtherData {
        /// The run's name.
        name: String,
        /// The data set of the run.
        theirs: String,
        /// The data set that is given.
        ours: String,
    },
    /// A `run.json` that is none.
    #[error(
        "{} is not what fitroom writes: {}; put back a copy of it, or remove the run",
        printable::path(path),
        json::plain(cause)
    )]
    Facts {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// A line of `metrics.jsonl` that is no epoch.
    #[error("{}, line {line}: {}", printable::path(path), json::plain(cause))]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// A file that has no predictions of a run's test images.
    #[error("{} is not what fitroom writes: {cause}; remove it", printable::path(path))]
    Predictions {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: NpyError,
    },
}

impl RunError {
    /// Another program trains the run in this directory.
    pub(super) fn in_use(path: &Path) -> Self {
        Self::InUse { path: path.to_owned(), holder: Holder::of(path), ways: while_it_trains(path) }
    }

    /// What the operating system said, if it is what went wrong.
    #[must_use]
    pub fn kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::File(error) => Some(error.kind()),
            _ => None,
        }
    }
}

/// Who holds a run.
fn by(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| format!(" ({holder})"))
}

/// What can be done with the run in this directory while it trains: it can always be stopped, and be watched where its
/// program has made a socket.
pub(super) fn while_it_trains(directory: &Path) -> Option<String> {
    let shown = printable::shell_word(&printable::path(directory))?;
    let watch =
        if files::socket(directory).exists() { format!("fitroom watch {shown} shows it, and ") } else { String::new() };
    Some(format!("{watch}fitroom stop {shown} ends it"))
}

/// The names that there are, a few of them.
fn among(names: &[String]) -> String {
    const SHOWN: usize = 5;
    match names.len() {
        0 => ", nor any other".to_owned(),
        1 => format!("; there is {}", names[0]),
        count if count <= SHOWN => format!("; there are {}", names.join(", ")),
        count => format!("; there are {} and {} more", names[..SHOWN].join(", "), count - SHOWN),
    }
}
