//! What a hub remembers of its run: as much as a listener that comes late needs, in bounded memory. That is of each
//! kind the newest report, of batches the curve of all, of epochs all figures and as many predictions as
//! [`epochs`] keeps.
//!
//! [`epochs`]: super::epochs

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use super::{
    asked::{Asked, answered, answers},
    epochs::Epochs,
    letter::Letter,
};
use crate::{
    metrics::Spans,
    protocol::{Batch, BatchRecord, Look, Predictions, Report, Started},
};

/// The notes that are kept, the newest ones.
const MOST_NOTES: usize = 32;

/// What is known of the run.
#[derive(Debug, Default)]
pub(super) struct Memory {
    started: Option<Started>,
    notes: VecDeque<String>,
    /// What the network made of the test images after so many steps, before it was trained any further: at the run's
    /// beginning, and where it last went on.
    untrained: BTreeMap<u64, Arc<Predictions>>,
    /// The newest batch, and the curve of all.
    batch: Option<Batch>,
    curve: Spans<BatchRecord>,
    epochs: Epochs,
    pace: Option<Report>,
    usage: Option<Report>,
    /// The newest word of what is on the disk.
    saved: Option<Report>,
    /// The newest word of whether it trains.
    phase: Option<Report>,
    /// The evaluation that goes on between two batches, if one does.
    evaluating: Option<Report>,
    answers: BTreeMap<Asked, Report>,
}

impl Memory {
    /// Nothing yet; later predictions of past epochs take so many bytes at the most.
    pub fn new(capacity: usize) -> Self {
        Self { epochs: Epochs::new(capacity), ..Self::default() }
    }

    /// Takes note of a report, and returns it as listeners get it.
    pub fn keep(&mut self, report: Report) -> Letter {
        let newest = match &report {
            Report::Epoch { .. } | Report::Untrained { .. } => return self.keep_predictions(report),
            Report::Prediction { .. } | Report::Attribution(_) | Report::Tiles(_) => {
                if let Some(asked) = answered(&report) {
                    self.answers.insert(asked, report.clone());
                }
                return report.into();
            }
            Report::Started(started) => {
                let (notes, epochs) = (std::mem::take(&mut self.notes), self.epochs.emptied());
                *self = Self { started: Some(started.clone()), notes, epochs, ..Self::default() };
                return report.into();
            }
            // What it is silent about stays as it was.
            Report::Silent => return report.into(),
            Report::Batch(batch) => {
                self.curve.extend(batch.spans.iter().copied());
                self.batch = Some(Batch { spans: Vec::new(), ..batch.clone() });
                return report.into();
            }
            Report::Note { text } => {
                self.notes.push_back(text.clone());
                if self.notes.len() > MOST_NOTES {
                    self.notes.pop_front();
                }
                return report.into();
            }
            Report::Paced { .. } => &mut self.pace,
            Report::Usage(_) => &mut self.usage,
            Report::Saved { .. } | Report::NotSaved { .. } => &mut self.saved,
            Report::Evaluating { .. } => &mut self.evaluating,
            Report::Paused | Report::Resumed | Report::Replaying => &mut self.phase,
            Report::Finished | Report::Failed { .. } | Report::Ended { .. } => {
                self.evaluating = None;
                &mut self.phase
            }
        };
        *newest = Some(report.clone());
        report.into()
    }

    fn keep_predictions(&mut self, report: Report) -> Letter {
        match report {
            Report::Epoch { record, predictions } => {
                self.evaluating = None;
                let predictions = self.epochs.push(record, predictions);
                Letter::Epoch { record, predictions }
            }
            Report::Untrained { step, predictions } => {
                let predictions = Arc::new(predictions);
                let held = Arc::downgrade(&predictions);
                self.untrained.retain(|earlier, _| *earlier == 0);
                self.untrained.insert(step, predictions);
                Letter::Untrained { step, predictions: held }
            }
            report => report.into(),
        }
    }

    /// Whether the training waits for somebody to let it go on.
    pub fn is_paused(&self) -> bool {
        self.phase == Some(Report::Paused)
    }

    /// All of it, in an order in which it could have happened.
    pub fn replay(&self) -> Vec<Letter> {
        // All fields by their names, so that the compiler asks for a new one.
        let Self {
            started,
            notes,
            untrained,
            batch,
            curve,
            epochs,
            pace,
            usage,
            saved,
            phase,
            evaluating,
            answers: _, // They go to whoever looks.
        } = self;
        let mut letters: Vec<Letter> = Vec::new();
        letters.extend(started.clone().map(|started| Report::Started(started).into()));
        letters.extend(notes.iter().map(|text| Report::Note { text: text.clone() }.into()));
        letters.extend(pace.clone().map(Letter::from));
        let mut untrained = untrained.iter().peekable();
        let mut untrained_before = |next: u64| {
            let (step, predictions) = untrained.next_if(|(step, _)| **step < next)?;
            Some(Letter::Untrained { step: *step, predictions: Arc::downgrade(predictions) })
        };
        let mut batch = batch.clone().map(|batch| Batch { spans: curve.as_slice().to_vec(), ..batch });
        for (record, predictions) in epochs.iter() {
            letters.extend(untrained_before(record.step));
            letters.extend(batch.take_if(|batch| batch.step <= record.step).map(|batch| Report::Batch(batch).into()));
            letters.push(Letter::Epoch { record, predictions });
        }
        if let Some(batch) = batch {
            letters.extend(untrained_before(batch.step));
            letters.push(Report::Batch(batch).into());
        }
        letters.extend(std::iter::from_fn(|| untrained_before(u64::MAX)));
        letters.extend([usage, saved, phase, evaluating].into_iter().flatten().cloned().map(Letter::from));
        letters
    }

    /// The newest answers to what is looked at.
    pub fn answers(&self) -> impl Iterator<Item = &Report> {
        self.answers.values()
    }

    /// Forgets what nobody looks at any longer.
    pub fn forget_answers_but(&mut self, look: &Look) {
        self.answers.retain(|_, report| answers(report, look));
    }
}
