//! Writes a run's files from the reports of its training. Knows neither the worker that sends them nor checkpoints.

use std::path::Path;

use jiff::{Timestamp, Unit};

use super::{
    DatasetFacts, Facts, Holder, Kept, Lock, NewRun, Run, RunError, State,
    batches::{BatchLog, Line},
    events,
    events::EventFile,
    files::{self, FileError},
    metrics::MetricsLog,
};
use crate::{
    protocol::{BatchRecord, EpochRecord, Report, Started},
    settings::Settings,
};

/// Writes `run.json`, `metrics.jsonl`, `batches.jsonl` and the event files of a run, fed with its reports in their
/// order.
///
/// An epoch must be recorded before the checkpoint that ends it is written: then a program that is killed between the
/// two leaves one epoch too many, which [`Recorder::resume`] cuts off, and never one too few.
#[derive(Debug)]
pub struct Recorder {
    run: Run,
    facts: Facts,
    metrics: MetricsLog,
    batches: BatchLog,
    train: EventFile,
    validation: EventFile,
    /// Held until the run is over and on the disk.
    lock: Option<Lock>,
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
        let metrics = MetricsLog::create(&run.metrics_path())?;
        let batches = BatchLog::create(&run.batches_path())?;
        Self::with(run, lock, facts, (metrics, batches), now)
    }

    /// Goes on with the files of a run that is held by `lock`, from this checkpoint: later epochs are cut off, and what
    /// a killed program left of files is removed.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn resume(run: Run, lock: Lock, kept: Option<Kept>, now: Timestamp) -> Result<Self, RunError> {
        let epochs = kept.map_or(0, |kept| kept.epoch);
        let mut facts = run.facts()?;
        for directory in [run.directory(), &run.train_directory(), &run.validation_directory()] {
            if directory.exists() {
                files::remove_leftovers(directory)?;
            }
        }
        let (metrics, records) = MetricsLog::resume(&run.metrics_path(), epochs)?;
        let (batches, spans) = BatchLog::resume(&run.batches_path(), kept.map_or(0, |kept| kept.step))?;
        events::keep_before(&run.train_directory(), u64::from(epochs))?;
        events::keep_before(&run.validation_directory(), u64::from(epochs))?;
        facts.set_epochs(&records);
        facts.epochs_done = epochs;
        facts.kept = kept;
        facts.state = State::Training;
        facts.ended = None;
        facts.held_by = Some(Holder::this());
        let mut recorder = Self::with(run, lock, facts, (metrics, batches), now)?;
        recorder.train.batches(&spans)?;
        Ok(recorder)
    }

    fn with(
        run: Run,
        lock: Lock,
        facts: Facts,
        (metrics, batches): (MetricsLog, BatchLog),
        now: Timestamp,
    ) -> Result<Self, RunError> {
        let step = u64::from(facts.epochs_done);
        let train = EventFile::create(&run.train_directory(), 0, step, now)?;
        let validation = EventFile::create(&run.validation_directory(), 1, step, now)?;
        let recorder = Self { run, facts, metrics, batches, train, validation, lock: Some(lock), not_kept: None };
        recorder.save()?;
        Ok(recorder)
    }

    /// The run that is recorded.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// What `run.json` says.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Writes what this report means for the files, and waits until it is on the disk.
    ///
    /// # Errors
    /// When a file cannot be written. The recorder can be fed on: what could not be written is missing, none is torn.
    pub fn record(&mut self, report: &Report, now: Timestamp) -> Result<(), RunError> {
        match report {
            Report::Started(started) => self.start(started),
            Report::Epoch { record, .. } => self.epoch(record, now),
            Report::Finished => self.finish(now),
            Report::Usage(usage) => {
                self.facts.usage = Some(usage.clone());
                Ok(())
            }
            Report::Failed { reason } => self.end(State::Failed { reason: reason.clone() }, now),
            Report::Batch(_)
            | Report::Prediction { .. }
            | Report::Attribution(_)
            | Report::Tiles(_)
            | Report::Untrained { .. }
            | Report::Paused
            | Report::Resumed
            | Report::Paced { .. }
            | Report::Evaluating { .. }
            | Report::Saved { .. }
            | Report::NotSaved { .. }
            | Report::Note { .. } => Ok(()),
        }
    }

    /// Writes the histograms of the variables after this epoch (from 1), under these tags: see
    /// [`events::histogram_tag`].
    ///
    /// # Errors
    /// When the event file cannot be written.
    pub fn histograms(&mut self, epoch: u32, variables: &[(String, Vec<f32>)], now: Timestamp) -> Result<(), RunError> {
        self.train.histograms(step_of(epoch), now, variables)
    }

    /// Writes the figures of a span of batches.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn batches(&mut self, record: BatchRecord, now: Timestamp) -> Result<(), RunError> {
        let line = Line { record, time: to_milliseconds(now) };
        self.batches.append(&line).and(self.train.batches(&[line]))
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
        let written = self.hold_again().and_then(|()| Ok(write(&self.run.checkpoint_path())?));
        self.not_kept = written.as_ref().err().map(ToString::to_string);
        written?;
        self.facts.kept = Some(kept);
        match self.facts.state {
            // It was trained to the end, and only now is that on the disk.
            State::Failed { .. } if self.is_whole() => self.end(State::Done, now),
            _ => self.let_go_when_over(),
        }
    }

    /// The reports have ended. A run that neither finished nor failed was stopped.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn close(mut self, now: Timestamp) -> Result<(), RunError> {
        // Of a run that is others' by now there is nothing left to write.
        if self.lock.is_none() {
            return Ok(());
        }
        let logs = self.flush();
        let ended = if self.facts.state == State::Training { self.end(State::Stopped, now) } else { Ok(()) };
        let left = if self.facts.held_by.take().is_some() { self.save() } else { Ok(()) };
        logs.and(ended).and(left)
    }

    fn start(&mut self, started: &Started) -> Result<(), RunError> {
        self.facts.settings = started.settings.clone();
        self.facts.device = Some(started.device.clone());
        self.facts.parameters = Some(started.parameters);
        self.save()
    }

    /// What cannot be written of it is told, and the rest written all the same.
    fn epoch(&mut self, record: &EpochRecord, now: Timestamp) -> Result<(), RunError> {
        self.facts.add_epoch(record);
        let step = step_of(record.epoch);
        let train = [
            ("epoch_loss", record.loss),
            ("epoch_accuracy", record.accuracy),
            ("epoch_learning_rate", record.learning_rate),
        ];
        let validation = [("epoch_loss", record.val_loss), ("epoch_accuracy", record.val_accuracy)];
        let written = [
            self.metrics.append(record),
            self.train.scalars(step, now, &train),
            self.validation.scalars(step, now, &validation),
            self.save(),
        ];
        written.into_iter().collect()
    }

    /// All epochs are trained. A run is done when that is on the disk too.
    fn finish(&mut self, now: Timestamp) -> Result<(), RunError> {
        if self.is_whole() {
            return self.end(State::Done, now);
        }
        let reason = self.not_kept.clone().unwrap_or_else(|| "the last checkpoint was not written".to_owned());
        self.end(State::Failed { reason: format!("trained to the end, but not saved: {reason}") }, now)
    }

    /// Whether the last epoch is on the disk.
    fn is_whole(&self) -> bool {
        self.facts.kept.is_some_and(|kept| kept.epoch >= self.facts.settings.epochs)
    }

    fn end(&mut self, state: State, now: Timestamp) -> Result<(), RunError> {
        self.facts.end(state, to_milliseconds(now));
        self.let_go_when_over()
    }

    /// A run that is over is others' to go on with, once all of it is on the disk: its checkpoint and every log. What
    /// cannot be written yet keeps the hold on it.
    fn let_go_when_over(&mut self) -> Result<(), RunError> {
        if self.facts.state == State::Training || self.not_kept.is_some() {
            return self.save();
        }
        let flushed = self.flush();
        if flushed.is_ok() {
            self.facts.held_by = None;
        }
        flushed.and(self.save())?;
        self.lock = None;
        Ok(())
    }

    /// Writes what waits in the logs, and waits until all of it is on the disk.
    fn flush(&mut self) -> Result<(), RunError> {
        let logs = [self.metrics.flush(), self.batches.flush(), self.train.flush(), self.validation.flush()];
        logs.into_iter().collect()
    }

    /// Takes hold of a run that was let go of, unless somebody else has gone on with it.
    fn hold_again(&mut self) -> Result<(), RunError> {
        if self.lock.is_none() {
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

/// The step of an epoch's events: Keras counts from 0.
fn step_of(epoch: u32) -> u64 {
    u64::from(epoch.saturating_sub(1))
}

/// As precise as anybody reads it.
fn to_milliseconds(time: Timestamp) -> Timestamp {
    time.round(Unit::Millisecond).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::{
        fashion::Source,
        protocol::samples,
        run::{
            Best, Runs, Status,
            facts::tests::{dataset, epoch},
        },
    };

    fn now() -> Timestamp {
        "2026-11-23T18:31:22.5Z".parse().unwrap()
    }

    fn run() -> (TempDir, Run) {
        let directory = tempfile::tempdir().unwrap();
        let new = Runs::new(directory.path()).create(None, now()).unwrap();
        (directory, new.run)
    }

    fn create(run: &Run) -> Recorder {
        let new = NewRun::of(run.directory().to_owned()).unwrap();
        Recorder::create(new, Settings::default(), dataset(), now()).unwrap()
    }

    fn resume(run: &Run, epochs: u32) -> Result<Recorder, RunError> {
        let kept = (epochs > 0).then(|| kept(epochs));
        Recorder::resume(run.clone(), run.hold(&dataset())?, kept, now())
    }

    fn kept(epoch: u32) -> Kept {
        Kept { step: u64::from(epoch) * 1875, epoch }
    }

    /// Keeps a checkpoint after this epoch, of no matter what.
    fn keep(recorder: &mut Recorder, epoch: u32) -> Result<(), RunError> {
        recorder.keep(kept(epoch), now(), |path| files::replace(path, b"checkpoint"))
    }

    fn started() -> Report {
        let settings = Settings { epochs: 3, ..Settings::default() };
        Report::Started(Started { settings, ..samples::started() })
    }

    /// The epoch of this number, its figures moved by `offset` so that two trainings of it differ.
    fn report(number: u32, offset: f64) -> Report {
        let record = epoch(number, 0.8 + 0.01 * f64::from(number) + offset);
        Report::Epoch { record, predictions: Vec::new() }
    }

    fn feed(recorder: &mut Recorder, reports: impl IntoIterator<Item = Report>) {
        for report in reports {
            recorder.record(&report, now()).unwrap();
        }
    }

    fn files_of(run: &Run) -> Vec<String> {
        let mut names: Vec<String> =
            files::names_in(run.directory()).unwrap().into_iter().map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_leaves_its_files_and_says_that_it_is_done() {
        let (_directory, run) = run();
        let mut recorder = create(&run);
        assert_eq!(run.status(&run.facts().unwrap()), Status::Training);
        feed(&mut recorder, [started(), report(1, 0.0), report(2, 0.0), report(3, -0.02)]);
        keep(&mut recorder, 3).unwrap();
        feed(&mut recorder, [Report::Finished]);
        recorder.close(now()).unwrap();

        assert_eq!(
            files_of(&run),
            ["batches.jsonl", "checkpoint.safetensors", "metrics.jsonl", "run.json", "train", "validation"]
        );
        let facts = run.facts().unwrap();
        assert_eq!(run.status(&facts), Status::Done);
        assert_eq!((facts.started, facts.ended), (now(), Some(now())));
        assert_eq!(facts.epochs_done, 3);
        assert_eq!(facts.best, Some(Best { epoch: 2, val_accuracy: 0.8 + 0.01 * 2.0 }));
        assert_eq!(facts.settings.epochs, 3);
        assert_eq!(facts.device.as_deref(), Some("CPU, 2 threads"));
        assert_eq!(facts.parameters, Some(101_770));
        assert_eq!(run.metrics().unwrap().len(), 3);
    }

    #[test]
    fn each_epoch_is_in_the_files_as_soon_as_it_is_recorded() {
        let (_directory, run) = run();
        let mut recorder = create(&run);
        for number in 1..=3 {
            feed(&mut recorder, [report(number, 0.0)]);
            assert_eq!(run.metrics().unwrap().len(), number as usize);
            assert_eq!(run.facts().unwrap().epochs_done, number);
        }
    }

    #[test]
    fn a_run_that_fails_keeps_the_reason() {
        let (_directory, run) = run();
        let mut recorder = create(&run);
        feed(&mut recorder, [Report::Failed { reason: "no CUDA device".to_owned() }]);
        recorder.close(now()).unwrap();
        let facts = run.facts().unwrap();
        assert_eq!(run.status(&facts), Status::Failed { reason: "no CUDA device".to_owned() });
        assert_eq!(facts.ended, Some(now()));
    }

    #[test]
    fn a_run_that_is_ended_early_was_stopped_and_one_that_is_killed_was_interrupted() {
        let (_directory, stopped) = run();
        create(&stopped).close(now()).unwrap();
        assert_eq!(stopped.status(&stopped.facts().unwrap()), Status::Stopped);

        let (_directory, killed) = run();
        drop(create(&killed));
        assert_eq!(killed.status(&killed.facts().unwrap()), Status::Interrupted);
    }

    #[test]
    fn a_run_that_goes_on_has_the_files_of_one_that_was_never_interrupted() {
        let (_directory, whole) = run();
        let mut recorder = create(&whole);
        feed(&mut recorder, [started(), report(1, 0.0), report(2, 0.0), report(3, 0.0)]);
        keep(&mut recorder, 3).unwrap();
        feed(&mut recorder, [Report::Finished]);
        recorder.close(now()).unwrap();

        let (_directory, killed) = run();
        let mut recorder = create(&killed);
        feed(&mut recorder, [started(), report(1, 0.0)]);
        keep(&mut recorder, 1).unwrap();
        feed(&mut recorder, [report(2, 0.1)]);
        drop(recorder);
        fs::write(killed.directory().join(".fitroom-1-2.tmp"), "half").unwrap();
        let mut recorder = resume(&killed, 1).unwrap();
        assert_eq!(recorder.facts().epochs_done, 1);
        feed(&mut recorder, [started(), report(2, 0.0), report(3, 0.0)]);
        keep(&mut recorder, 3).unwrap();
        feed(&mut recorder, [Report::Finished]);
        recorder.close(now()).unwrap();

        assert_eq!(killed.facts().unwrap(), whole.facts().unwrap());
        assert_eq!(killed.metrics().unwrap(), whole.metrics().unwrap());
        assert_eq!(files_of(&killed), files_of(&whole));
    }

    #[test]
    fn a_run_that_was_killed_with_nothing_but_its_facts_goes_on() {
        let (_directory, run) = run();
        drop(create(&run));
        fs::remove_file(run.metrics_path()).unwrap();
        for directory in [run.train_directory(), run.validation_directory()] {
            fs::remove_dir_all(directory).unwrap();
        }
        let mut recorder = resume(&run, 0).unwrap();
        feed(&mut recorder, [report(1, 0.0)]);
        assert_eq!(run.metrics().unwrap().len(), 1);
        assert_eq!(files_of(&run), ["batches.jsonl", "metrics.jsonl", "run.json", "train", "validation"]);
    }

    #[test]
    fn a_run_whose_last_epoch_is_not_on_the_disk_is_not_done_until_it_is() {
        let (_directory, run) = run();
        let mut recorder = create(&run);
        feed(&mut recorder, [started(), report(1, 0.0)]);
        keep(&mut recorder, 1).unwrap();
        feed(&mut recorder, [report(2, 0.0), report(3, 0.0)]);
        fs::remove_file(run.checkpoint_path()).unwrap();
        fs::create_dir(run.checkpoint_path()).unwrap();
        keep(&mut recorder, 3).unwrap_err();
        feed(&mut recorder, [Report::Finished]);
        let facts = run.facts().unwrap();
        let State::Failed { reason } = &facts.state else { panic!("{:?}", facts.state) };
        assert!(reason.starts_with("trained to the end, but not saved: cannot write "), "{reason}");
        assert_eq!((facts.epochs_done, facts.kept), (3, Some(kept(1))));
        assert_eq!(crate::run::standing(&facts, &run.status(&facts)), "failed, not saved after epoch 1");
        assert!(matches!(run.hold(&dataset()).unwrap_err(), RunError::InUse { .. }), "what is not saved is let go of");

        fs::remove_dir(run.checkpoint_path()).unwrap();
        keep(&mut recorder, 3).unwrap();
        assert_eq!((run.facts().unwrap().state, run.facts().unwrap().kept), (State::Done, Some(kept(3))));
        run.hold(&dataset()).unwrap();
    }

    #[test]
    fn a_run_that_is_done_is_others_to_go_on_with_and_theirs_from_then_on() {
        let (_directory, run) = run();
        let mut recorder = create(&run);
        assert_eq!(run.facts().unwrap().held_by, Some(Holder::this()));
        feed(&mut recorder, [started(), report(1, 0.0), report(2, 0.0), report(3, 0.0)]);
        keep(&mut recorder, 3).unwrap();
        feed(&mut recorder, [Report::Finished]);
        assert_eq!(run.facts().unwrap().held_by, None);
        keep(&mut recorder, 3).unwrap();

        let mut other = resume(&run, 3).unwrap();
        let error = keep(&mut recorder, 3).unwrap_err().to_string();
        assert!(error.ends_with(&format!("another fitroom trains this run ({})", Holder::this())), "{error}");
        feed(&mut other, [report(4, 0.0)]);
        other.close(now()).unwrap();
        assert!(matches!(keep(&mut recorder, 3).unwrap_err(), RunError::GoneOn { .. }));
    }

    #[test]
    fn a_run_goes_on_only_with_the_data_that_it_learned_from() {
        let (_directory, run) = run();
        drop(create(&run));
        let other = DatasetFacts { source: Source::at("/other".into()), sha256: "cd".repeat(32), ..dataset() };
        let error = run.hold(&other).unwrap_err();
        assert!(matches!(error, RunError::OtherData { .. }), "{error}");
        assert!(error.to_string().contains("Fashion-MNIST (60000 + 10000 images)"), "{error}");
        resume(&run, 0).unwrap();
    }

    #[test]
    fn a_run_that_trains_is_left_alone() {
        let (_directory, run) = run();
        let mut recorder = create(&run);
        feed(&mut recorder, [report(1, 0.0)]);
        let error = resume(&run, 0).unwrap_err();
        assert!(matches!(error, RunError::InUse { .. }), "{error}");
        assert_eq!(run.metrics().unwrap().len(), 1);
    }

    #[test]
    fn files_that_cannot_be_written_are_an_error_that_names_them() {
        let (_directory, run) = run();
        let mut recorder = create(&run);
        feed(&mut recorder, [report(1, 0.0)]);
        fs::remove_dir_all(run.directory()).unwrap();
        let error = recorder.record(&report(2, 0.0), now()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write {}: No such file", run.metrics_path().display())), "{error}");
    }
}
