//! The directory of a run that is about to train: held against other programs, read where the run goes on, and handed
//! to the thread that writes it.

use std::{
    collections::BTreeSet,
    sync::{Arc, mpsc::Receiver},
    thread::{self, JoinHandle},
};

use color_eyre::eyre::{Report as Error, Result, WrapErr, bail, eyre};

use super::{
    hub::Emitter,
    record::{Recording, SavingCost, ToRecord, on_disk, record},
};
use crate::{
    engine::{Checkpoint, Job, Past},
    fashion::{Dataset, Source},
    printable,
    run::{DatasetFacts, Kept, Lock, NewRun, Recorder, Run, RunError, Timestamp, WeakLock, files, metrics},
    settings::Settings,
};

/// A run's directory that is about to be written, and held against other programs.
pub(super) enum OpenRun {
    New { new: NewRun, settings: Settings, dataset: Arc<Dataset>, source: Source },
    Again { run: Run, lock: Lock, dataset: DatasetFacts, kept: Option<Kept> },
}

impl OpenRun {
    /// A new run.
    pub fn new(new: NewRun, job: &Job, source: Source) -> Self {
        Self::New { new, settings: job.settings.clone(), dataset: Arc::clone(&job.dataset), source }
    }

    /// A run to go on with, and what it did before; `None` when it was ended before its first checkpoint.
    pub fn again(run: Run, job: &Job, source: &Source) -> Result<(Self, Option<Past>)> {
        let facts = DatasetFacts::new(&job.dataset, source);
        let lock = run.hold(&facts)?;
        let checkpoint = if run.has_checkpoint() {
            let path = run.checkpoint_path();
            let checkpoint = checkpoint(&files::read(&path)?, job, &facts.sha256);
            Some(checkpoint.wrap_err_with(|| format!("cannot continue from {}", printable::path(&path)))?)
        } else {
            None
        };
        if let Some(epoch) = checkpoint.as_ref().map(Checkpoint::epoch).filter(|epoch| *epoch > job.settings.epochs) {
            let (name, asked) = (run.shown_name(), job.settings.epochs);
            bail!("the run {name} is in epoch {epoch} and cannot end after {asked}: --epochs can only be raised");
        }
        let kept = checkpoint.as_ref().map(on_disk);
        let epochs = metrics::read_first(&run.metrics_path(), kept.map_or(0, |kept| kept.epoch))?;
        let past = checkpoint.map(|checkpoint| Past { checkpoint, epochs });
        Ok((Self::Again { run, lock, dataset: facts, kept }, past))
    }

    /// The run.
    pub fn run(&self) -> &Run {
        match self {
            Self::New { new, .. } => new.run(),
            Self::Again { run, .. } => run,
        }
    }

    /// What knows whether the run is still held.
    pub fn lock(&self) -> WeakLock {
        match self {
            Self::New { new, .. } => new.lock(),
            Self::Again { lock, .. } => lock.downgrade(),
        }
    }

    /// Writes the run's files on a thread of its own, as these messages come.
    ///
    /// # Errors
    /// When the files of a run to go on with cannot be written. Those of a new one are left to the thread, and the
    /// digest of its data set, so that training need not wait for it.
    pub fn write(
        self,
        messages: Receiver<ToRecord>,
        cost: Arc<SavingCost>,
        emitter: Emitter,
    ) -> Result<JoinHandle<()>> {
        let (epochs_done, begin): (_, Box<dyn FnOnce() -> Recording + Send>) = match self {
            Self::New { new, settings, dataset, source } => {
                let begin = move || {
                    let facts = DatasetFacts::new(&dataset, &source);
                    let digest = facts.sha256.clone();
                    Ok((Recorder::create(new, settings, facts, Timestamp::now())?, digest))
                };
                (0, Box::new(begin))
            }
            Self::Again { run, lock, dataset: DatasetFacts { source, sha256: digest, .. }, kept } => {
                let recorder = Recorder::resume(run, lock, source, kept, Timestamp::now())?;
                (kept.map_or(0, |kept| kept.epoch), Box::new(move || Ok((recorder, digest))))
            }
        };
        let thread = thread::Builder::new().name("recorder".to_owned());
        thread.spawn(move || record(begin, epochs_done, &messages, &cost, &emitter)).wrap_err("cannot start a thread")
    }
}

fn checkpoint(bytes: &[u8], job: &Job, digest: &str) -> Result<Checkpoint> {
    let checkpoint = Checkpoint::from_bytes(bytes)?;
    checkpoint.check(&job.settings, digest)?;
    Ok(checkpoint)
}

/// Says what to do about a directory that cannot be written.
pub(super) fn with_advice(error: RunError) -> Error {
    match error {
        RunError::File(error) => {
            eyre!("{error}; choose another directory with --runs, or train without keeping the run with --no-save")
        }
        error => error.into(),
    }
}

/// Which of the epochs that were trained before have lost their figures, in words; `None` where none has.
pub(super) fn missing_figures(past: &Past) -> Option<String> {
    let done = past.checkpoint.epochs_done();
    let known: BTreeSet<u32> = past.epochs.iter().map(|record| record.epoch).collect();
    let missing: Vec<String> =
        (1..=done).filter(|epoch| !known.contains(epoch)).map(|epoch| epoch.to_string()).collect();
    let (first, last) = (missing.first()?, missing.last()?);
    let which = if missing.len() == 1 {
        format!("epoch {first}")
    } else {
        format!("{} epochs between {first} and {last}", missing.len())
    };
    Some(format!(
        "metrics.jsonl has no line for {which}, which the checkpoint has: their figures are lost, the training is not"
    ))
}
