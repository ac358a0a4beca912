//! Writes a run's files from the reports of its training. Knows neither the worker that sends them nor checkpoints.

mod logs;

use std::path::Path;

use jiff::{Timestamp, Unit};

use self::logs::Logs;
use super::{
    DatasetFacts, Facts, Found, Holder, Kept, Lock, NewRun, Run, RunError, RunState,
    batches::SpanLine,
    files::{self, FileError},
};
use crate::{
    fashion::Source,
    protocol::{BatchRecord, EpochRecord, Probabilities, Report, Started},
    settings::Settings,
};

/// Writes `run.json`, `metrics.jsonl`, `batches.jsonl`, the predictions and the event files of a run, fed with its
/// reports in their order.
///
/// An epoch must be recorded before the checkpoint that ends it is written: then a program that is killed between the
/// two leaves one epoch too many, which [`Recorder::resume`] cuts off, and never one too few.
#[derive(Debug)]
pub struct Recorder {
    run: Run,
    facts: Facts,
    logs: Logs,
    /// Steps that an epoch takes, once that is known.
    steps_per_epoch: Option<u64>,
    /// Held until the run is over and on the disk.
    lock: Option<Lock>,
    /// Whether the run's directory was not where it is to be. That is final, for what was not written is missing.
    is_gone: bool,
    /// Why the last checkpoint is not on the disk, if it is not.
    not_kept: Option<String>,
}

impl Recorder {
    /// Begins the files of a run, in its new directory.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn create(new: NewRun, settings: Settings, dataset: DatasetFacts, now: Timestamp) -> Result<Self, RunError> {
        let NewRun { run, lock } = new;
        let facts = Facts::new(settings, dataset, to_milliseconds(now));
        // First, so that a program that is killed here leaves either nothing or a run that can be gone on with.
        save(&run, &facts)?;
        let logs = Logs::create(&run, now)?;
        Self::with(run, lock, facts, logs)
    }

    /// Goes on with the files of a run that is held by `lock`, from this checkpoint: later epochs are cut off, and what
    /// a killed program left of files is removed. `source`: where the run's data set is now.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn resume(run: Run, lock: Lock, source: Source, kept: Option<Kept>, now: Timestamp) -> Result<Self, RunError> {
        let mut facts = run.facts()?;
        // Whoever opens the run after this finds the data set without being told.
        facts.dataset.source = source;
        let (logs, records) = Logs::resume(&run, kept, now)?;
        facts.set_epochs(&records);
        facts.epochs_done = kept.map_or(0, |kept| kept.epoch);
        facts.kept = kept;
        facts.state = RunState::Training;
        facts.ended = None;
        facts.held_by = Some(Holder::this());
        Self::with(run, lock, facts, logs)
    }

    fn with(run: Run, lock: Lock, facts: Facts, logs: Logs) -> Result<Self, RunError> {
        let recorder =
            Self { run, facts, logs, steps_per_epoch: None, lock: Some(lock), is_gone: false, not_kept: None };
        recorder.save()?;
        Ok(recorder)
    }

    /// What `run.json` says.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Writes what this report means for the files, and waits until it is on the disk; predictions are not waited for.
    /// Of a run that was let go of, and that others may have gone on with, nothing is written.
    ///
    /// # Errors
    /// When a file cannot be written. The recorder can be fed on: what could not be written is missing, none is torn.
    pub fn record(&mut self, report: &Report, now: Timestamp) -> Result<(), RunError> {
        if self.is_let_go() {
            return Ok(());
        }
        self.find()?;
        match report {
            Report::Started(started) => self.start(started),
            Report::Untrained { step, predictions } => self.untrained(*step, predictions),
            Report::Epoch { record, predictions } => self.epoch(record, predictions, now),
            Report::Finished => self.finish(now),
            Report::Usage(usage) => {
                self.facts.usage = Some(usage.clone());
                Ok(())
            }
            Report::Failed { reason } => self.end(RunState::Failed { reason: reason.clone() }, now),
            Report::Batch(_)
            | Report::Prediction { .. }
            | Report::Attribution(_)
            | Report::Tiles(_)
            | Report::Paused
            | Report::Resumed
            | Report::Paced { .. }
            | Report::Evaluating { .. }
            | Report::Saved { .. }
            | Report::NotSaved { .. }
            | Report::Note { .. }
            | Report::Ended { .. }
            | Report::Replaying
            | Report::Silent => Ok(()),
        }
    }

    /// Writes the histograms of the variables after this epoch (from 1), under these tags: see
    /// [`histogram_tag`](super::events::histogram_tag). Of a run that was let go of nothing is written.
    ///
    /// # Errors
    /// When the event file cannot be written.
    pub fn histograms(&mut self, epoch: u32, variables: &[(String, Vec<f32>)], now: Timestamp) -> Result<(), RunError> {
        if self.is_let_go() {
            return Ok(());
        }
        self.find()?;
        self.logs.histograms(epoch, variables, now)
    }

    /// Writes the figures of these spans of batches, oldest first. Of a run that was let go of nothing is written.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn batches(&mut self, records: &[BatchRecord], now: Timestamp) -> Result<(), RunError> {
        if self.is_let_go() {
            return Ok(());
        }
        self.find()?;
        let time = to_milliseconds(now);
        let lines: Vec<SpanLine> = records.iter().map(|&record| SpanLine { record, time }).collect();
        self.logs.batches(&lines)
    }

    /// Writes a checkpoint by `write`, which is given its path, and takes note of it. A run that was over, and whose
    /// lock others could have taken since, is taken hold of again meanwhile.
    ///
    /// # Errors
    /// When it cannot be written, or the run is another program's by now.
    pub fn keep(
        &mut self,
        kept: Kept,
        now: Timestamp,
        write: impl FnOnce(&Path) -> Result<(), FileError>,
    ) -> Result<(), RunError> {
        let written =
            self.hold_again().and_then(|()| self.find()).and_then(|()| Ok(write(&self.run.checkpoint_path())?));
        self.not_kept = written.as_ref().err().map(ToString::to_string);
        written?;
        self.facts.kept = Some(kept);
        match self.facts.state {
            // It was trained to the end, and only now is that on the disk.
            RunState::Failed { .. } if self.is_whole() => self.end(RunState::Done, now),
            _ => self.let_go_when_over(),
        }
    }

    /// The reports have ended. A run that neither finished nor failed was stopped.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn close(mut self, now: Timestamp) -> Result<(), RunError> {
        if self.is_let_go() {
            return Ok(());
        }
        self.find()?;
        let logs = self.logs.flush();
        let ended = if self.facts.state == RunState::Training { self.end(RunState::Stopped, now) } else { Ok(()) };
        let left = if self.facts.held_by.take().is_some() { self.save() } else { Ok(()) };
        logs.and(ended).and(left)
    }

    fn start(&mut self, started: &Started) -> Result<(), RunError> {
        self.facts.settings = started.settings.clone();
        self.facts.device = Some(started.device.clone());
        self.facts.parameters = Some(started.parameters);
        self.steps_per_epoch = Some(started.steps_per_epoch());
        self.save()
    }

    /// What the network makes of the test images before it trains any further. Between two epochs those are the
    /// predictions after the first of them, which a killed program, or an older one, may not have left.
    fn untrained(&mut self, step: u64, predictions: &[Probabilities]) -> Result<(), RunError> {
        let per_epoch = self.steps_per_epoch.filter(|steps| step.is_multiple_of(*steps));
        match per_epoch.and_then(|steps| u32::try_from(step / steps).ok()) {
            Some(epochs) => self.logs.untrained(epochs, predictions),
            None => Ok(()),
        }
    }

    /// What cannot be written of it is the error, and the rest is written all the same.
    fn epoch(&mut self, record: &EpochRecord, predictions: &[Probabilities], now: Timestamp) -> Result<(), RunError> {
        self.facts.add_epoch(record);
        self.logs.epoch(record, predictions, now).and(self.save())
    }

    /// All epochs are trained. A run is done when that is on the disk too.
    fn finish(&mut self, now: Timestamp) -> Result<(), RunError> {
        if self.is_whole() {
            return self.end(RunState::Done, now);
        }
        let reason = self.not_kept.clone().unwrap_or_else(|| "the last checkpoint was not written".to_owned());
        self.end(RunState::Failed { reason: format!("trained to the end, but not saved: {reason}") }, now)
    }

    /// Whether the last epoch is on the disk.
    fn is_whole(&self) -> bool {
        self.facts.kept.is_some_and(|kept| kept.epoch >= self.facts.settings.epochs)
    }

    fn end(&mut self, state: RunState, now: Timestamp) -> Result<(), RunError> {
        self.facts.end(state, to_milliseconds(now));
        self.let_go_when_over()
    }

    /// A run that is over is others' to go on with, once all of it is on the disk: its checkpoint and every log. What
    /// cannot be written yet keeps the hold on it.
    fn let_go_when_over(&mut self) -> Result<(), RunError> {
        if self.facts.state == RunState::Training || self.not_kept.is_some() {
            return self.save();
        }
        let flushed = self.logs.flush();
        if flushed.is_ok() {
            self.facts.held_by = None;
        }
        flushed.and(self.save())?;
        self.lock = None;
        Ok(())
    }

    /// Whether the run is over, on the disk, and others' to go on with: none of its files are ours to write any longer.
    fn is_let_go(&self) -> bool {
        self.lock.is_none()
    }

    /// Finds the run where it was begun: what has its name by now may be another one. One that is moved back is not
    /// written to any more.
    fn find(&mut self) -> Result<(), RunError> {
        let path = self.run.directory();
        self.is_gone |= self.lock.as_ref().is_some_and(|lock| lock.find(path) != Found::Held);
        if self.is_gone { Err(RunError::Gone { path: path.to_owned() }) } else { Ok(()) }
    }

    /// Takes hold of a run that was let go of, unless somebody else has gone on with it.
    fn hold_again(&mut self) -> Result<(), RunError> {
        if self.is_let_go() {
            let lock = Lock::take(self.run.directory())?;
            if self.run.facts()? != self.facts {
                return Err(RunError::GoneOn { name: self.run.shown_name() });
            }
            self.lock = Some(lock);
        }
        Ok(())
    }

    fn save(&self) -> Result<(), RunError> {
        save(&self.run, &self.facts)
    }
}

fn save(run: &Run, facts: &Facts) -> Result<(), RunError> {
    let mut text = serde_json::to_string_pretty(facts).expect("facts are plain data under fixed names");
    text.push('\n');
    Ok(files::replace(&run.facts_path(), text.as_bytes())?)
}

/// As precise as anybody reads it.
fn to_milliseconds(time: Timestamp) -> Timestamp {
    time.round(Unit::Millisecond).unwrap_or(time)
}

#[cfg(test)]
mod tests;
