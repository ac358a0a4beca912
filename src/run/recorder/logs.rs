//! The logs of a run, which grow with its epochs and batches: `metrics.jsonl`, `batches.jsonl`, the event files, and
//! the predictions after each epoch. Knows neither `run.json` nor who trains.

use std::mem;

use jiff::Timestamp;

use crate::{
    metrics::{Span, Spans},
    protocol::{EpochRecord, Probabilities},
    run::{
        Kept, PredictionStore, Run, RunError,
        batches::{BatchLog, SpanLine},
        events::{self, EventFile},
        files,
        metrics::MetricsLog,
    },
};

/// The logs, open for writing. What of one cannot be written keeps none of the others from being written.
#[derive(Debug)]
pub(super) struct Logs {
    metrics: MetricsLog,
    batches: BatchLog,
    predictions: PredictionStore,
    train: EventFile,
    /// Of the curve what is not in the event file yet: cells that are not over.
    unfinished: Spans<SpanLine>,
    validation: EventFile,
}

impl Logs {
    /// The logs of a new run.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub fn create(run: &Run, now: Timestamp) -> Result<Self, RunError> {
        let metrics = MetricsLog::create(&run.metrics_path())?;
        let batches = BatchLog::create(&run.batches_path())?;
        let predictions = PredictionStore::create(run.predictions_directory())?;
        Self::with_events(run, (metrics, batches, predictions), 0, now)
    }

    /// The logs of a run that goes on from this checkpoint, and the epochs that are in them: what is later is cut off,
    /// and what a killed program left of files is removed.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn resume(run: &Run, kept: Option<Kept>, now: Timestamp) -> Result<(Self, Vec<EpochRecord>), RunError> {
        let (step, epochs) = kept.map_or((0, 0), |kept| (kept.step, kept.epoch));
        for directory in [run.directory(), &run.train_directory(), &run.validation_directory()] {
            if directory.exists() {
                files::remove_leftovers(directory)?;
            }
        }
        let (metrics, records) = MetricsLog::resume(&run.metrics_path(), epochs)?;
        let (batches, spans) = BatchLog::resume(&run.batches_path(), step)?;
        let predictions = PredictionStore::resume(run.predictions_directory(), kept.map(|kept| kept.epoch))?;
        events::keep_before(&run.train_directory(), u64::from(epochs))?;
        events::keep_before(&run.validation_directory(), u64::from(epochs))?;
        let mut logs = Self::with_events(run, (metrics, batches, predictions), epochs, now)?;
        logs.tell_batches(&spans)?;
        Ok((logs, records))
    }

    /// These logs, and new event files after so many epochs.
    fn with_events(
        run: &Run,
        (metrics, batches, predictions): (MetricsLog, BatchLog, PredictionStore),
        epochs: u32,
        now: Timestamp,
    ) -> Result<Self, RunError> {
        let step = u64::from(epochs);
        let train = EventFile::create(&run.train_directory(), 0, step, now)?;
        let validation = EventFile::create(&run.validation_directory(), 1, step, now)?;
        Ok(Self { metrics, batches, predictions, train, unfinished: Spans::default(), validation })
    }

    /// Writes an epoch's figures, and waits until the line of them is on the disk; and the predictions after it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn epoch(
        &mut self,
        record: &EpochRecord,
        predictions: &[Probabilities],
        now: Timestamp,
    ) -> Result<(), RunError> {
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
            self.predictions.keep(record.epoch, predictions),
        ];
        written.into_iter().collect()
    }

    /// Writes the predictions with which training begins or goes on after so many epochs, unless they are there.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn untrained(&mut self, epochs: u32, predictions: &[Probabilities]) -> Result<(), RunError> {
        self.predictions.make_good(epochs, predictions)
    }

    /// Writes the figures of these spans of batches, oldest first.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn batches(&mut self, lines: &[SpanLine]) -> Result<(), RunError> {
        self.batches.append(lines).and(self.tell_batches(lines))
    }

    /// Writes the curve into the event file, of which no part is written twice: so only in whole cells.
    fn tell_batches(&mut self, lines: &[SpanLine]) -> Result<(), RunError> {
        self.unfinished.extend(lines.iter().copied());
        self.train.batches(&self.unfinished.take_over())
    }

    /// Writes the histograms of the variables after this epoch, counted from 1.
    ///
    /// # Errors
    /// When the event file cannot be written.
    pub fn histograms(&mut self, epoch: u32, variables: &[(String, Vec<f32>)], now: Timestamp) -> Result<(), RunError> {
        self.train.histograms(step_of(epoch), now, variables)
    }

    /// Writes what waits, and waits until all of it is on the disk.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn flush(&mut self) -> Result<(), RunError> {
        let rest = mem::take(&mut self.unfinished).into_vec().into_iter().reduce(Span::merged);
        let told = self.train.batches(rest.as_slice());
        let logs = [told, self.metrics.flush(), self.batches.flush(), self.train.flush(), self.validation.flush()];
        logs.into_iter().collect()
    }
}

/// The step of an epoch's events: Keras counts from 0.
fn step_of(epoch: u32) -> u64 {
    u64::from(epoch.saturating_sub(1))
}
