//! The directory of a run: its name, its files, and the list of all runs. Knows neither who trains nor who looks on.
//!
//! ```text
//! runs/2026-11-23T18-31-22/
//!   run.json                 what the run is and how far it came: Facts
//!   metrics.jsonl            one line per epoch: metrics
//!   batches.jsonl            one line per span of batches: batches
//!   predictions/             every test image's predictions, one file per epoch: predictions
//!   checkpoint.safetensors   the network and its optimizer; the engine's
//!   train/ validation/       TensorBoard's event files: events
//!   control.sock             while it trains, where other programs look on; the session's
//! ```
//!
//! A [`Recorder`] writes all of them but the checkpoint, from the reports of the training. Who trains a run holds its
//! directory's lock meanwhile.

pub mod batches;
mod command;
mod error;
pub mod events;
mod facts;
pub mod files;
mod holder;
mod lock;
pub mod metrics;
pub mod npy;
mod predictions;
mod recorder;
mod runs;

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
};

pub use command::command;
pub use error::RunError;
pub use facts::{Best, DatasetFacts, Facts, Kept, RunState, Versions};
pub use files::FileError;
pub use holder::Holder;
pub use jiff::Timestamp;
pub use lock::{Found, Lock, WeakLock};
pub use predictions::{KeptPredictions, PredictionStore};
pub use recorder::Recorder;
pub use runs::{Listed, NewRun, Runs};

use crate::{
    fashion::{Dataset, Source},
    printable,
    protocol::EpochRecord,
};

/// The file that makes a directory a run.
const FACTS: &str = "run.json";

/// A run's directory, with `run.json` in it or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    directory: PathBuf,
}

impl Run {
    /// The run in this directory.
    ///
    /// # Errors
    /// When there is no directory with a `run.json`.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, RunError> {
        let run = Self { directory: directory.into() };
        if run.facts_path().is_file() {
            return Ok(run);
        }
        let path = run.directory;
        match path.parent().filter(|parent| path.is_file() && parent.join(FACTS).is_file()) {
            Some(run) => Err(RunError::InARun { run: run.to_owned(), path }),
            None => Err(RunError::NoRun { path }),
        }
    }

    /// Reads the data set that it was trained on, where that is now.
    ///
    /// # Errors
    /// When a file of it cannot be read.
    pub fn load(&self, source: &Source) -> Result<Dataset, RunError> {
        source.load().map_err(|cause| RunError::Data { name: self.shown_name(), cause })
    }

    /// The run's name: its directory's. What of it is no UTF-8 is replaced.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.directory.file_name().unwrap_or(self.directory.as_os_str()).to_string_lossy()
    }

    /// Its name as a terminal can be shown it.
    #[must_use]
    pub fn shown_name(&self) -> String {
        printable::path(self.directory.file_name().unwrap_or(self.directory.as_os_str()))
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What `run.json` says.
    ///
    /// # Errors
    /// When it cannot be read, or is none of a run.
    pub fn facts(&self) -> Result<Facts, RunError> {
        let path = self.facts_path();
        let bytes = files::read(&path)?;
        let mut facts = Facts::from_json(&bytes).map_err(|cause| RunError::Facts { path: path.clone(), cause })?;
        let says_what_is_kept =
            || serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|value| value.get("kept").is_some());
        if facts.kept.is_none() && facts.epochs_done > 0 && !says_what_is_kept() {
            // An older fitroom wrote it, which kept every epoch that it counted, or said that it could not.
            let step = self.metrics().ok().and_then(|records| records.last().map(|record| record.step));
            facts.kept = step.map(|step| Kept { step, epoch: facts.epochs_done });
        }
        Ok(facts)
    }

    /// What `run.json` says, and of what is kept only what is still there.
    ///
    /// # Errors
    /// As [`Run::facts`].
    pub fn facts_as_it_stands(&self) -> Result<Facts, RunError> {
        let mut facts = self.facts()?;
        facts.kept = facts.kept.filter(|_| self.has_checkpoint());
        Ok(facts)
    }

    /// Whether there is a checkpoint.
    #[must_use]
    pub fn has_checkpoint(&self) -> bool {
        self.checkpoint_path().exists()
    }

    /// Whether there is a checkpoint of this run with these facts, which one that was saved must have.
    ///
    /// # Errors
    /// When the run was saved and its checkpoint is gone. `otherwise`: what can be done about it but to put it back.
    pub fn check_checkpoint(&self, facts: &Facts, otherwise: &'static str) -> Result<bool, RunError> {
        let is_there = self.has_checkpoint();
        if !is_there && facts.kept.is_some() {
            let (name, path) = (self.shown_name(), self.checkpoint_path());
            return Err(RunError::CheckpointMissing { name, path, otherwise });
        }
        Ok(is_there)
    }

    /// The epochs that are done, oldest first.
    ///
    /// # Errors
    /// When `metrics.jsonl` cannot be read, or a line of it is no epoch.
    pub fn metrics(&self) -> Result<Vec<EpochRecord>, RunError> {
        metrics::read(&self.metrics_path())
    }

    /// What the network made of every test image, after the epochs of which that is kept.
    #[must_use]
    pub fn predictions(&self) -> KeptPredictions {
        KeptPredictions::at(self.predictions_directory())
    }

    /// Takes hold of the run, to go on with it on this data set.
    ///
    /// # Errors
    /// When it trains just now, has learned from another data set, or its facts cannot be read.
    pub fn hold(&self, dataset: &DatasetFacts) -> Result<Lock, RunError> {
        let lock = Lock::take(&self.directory)?;
        let facts = self.facts()?;
        if facts.dataset.is_same(dataset) {
            return Ok(lock);
        }
        let (name, theirs) = (self.shown_name(), facts.dataset.to_string());
        Err(RunError::OtherData { name, theirs, ours: dataset.to_string() })
    }

    /// How the run stands that has these facts: one that says it trains, and that nobody holds, was interrupted.
    #[must_use]
    pub fn status(&self, facts: &Facts) -> Status {
        match &facts.state {
            RunState::Training if Lock::is_held(&self.directory) == Some(false) => Status::Interrupted,
            RunState::Training => Status::Training,
            RunState::Done => Status::Done,
            RunState::Stopped => Status::Stopped,
            RunState::Failed { reason } => Status::Failed { reason: reason.clone() },
        }
    }

    /// Where the facts are.
    #[must_use]
    pub fn facts_path(&self) -> PathBuf {
        self.directory.join(FACTS)
    }

    /// Where the metrics are.
    #[must_use]
    pub fn metrics_path(&self) -> PathBuf {
        self.directory.join("metrics.jsonl")
    }

    /// Where the figures of batches are.
    #[must_use]
    pub fn batches_path(&self) -> PathBuf {
        self.directory.join("batches.jsonl")
    }

    /// Where the checkpoint is, once there is one.
    #[must_use]
    pub fn checkpoint_path(&self) -> PathBuf {
        self.directory.join("checkpoint.safetensors")
    }

    /// Where other programs look on while it trains.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        files::socket(&self.directory)
    }

    /// Whether whoever trains it has made that place, so that others can look on.
    #[must_use]
    pub fn has_socket(&self) -> bool {
        self.socket_path().exists()
    }

    /// Where the predictions after each epoch are.
    #[must_use]
    pub fn predictions_directory(&self) -> PathBuf {
        self.directory.join("predictions")
    }

    /// Where the event files of the training are.
    #[must_use]
    pub fn train_directory(&self) -> PathBuf {
        self.directory.join("train")
    }

    /// Where the event files of the evaluations are.
    #[must_use]
    pub fn validation_directory(&self) -> PathBuf {
        self.directory.join("validation")
    }
}

/// How a run stands, as seen from outside.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Status {
    /// A program trains it now.
    Training,
    /// The program that trained it is gone and left no word.
    Interrupted,
    /// All epochs are trained.
    Done,
    /// It was ended before its last epoch.
    Stopped,
    /// It could not go on.
    Failed {
        /// What was found, and what to do.
        reason: String,
    },
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Training => "training",
            Self::Interrupted => "killed",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed { .. } => "failed",
        })
    }
}

/// How a run with these facts stands, in a few words, and whether that is saved.
#[must_use]
pub fn standing(facts: &Facts, status: &Status) -> String {
    let words = match status {
        Status::Interrupted => format!("{status} in epoch {}", facts.epoch()),
        // What it trains is about to be saved.
        Status::Training => return status.to_string(),
        _ => status.to_string(),
    };
    match facts.saved_no_further_than() {
        None => words,
        Some(0) => format!("{words}, not saved"),
        Some(epoch) => format!("{words}, not saved after epoch {epoch}"),
    }
}
