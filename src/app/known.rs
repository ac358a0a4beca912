//! What is known of the run: what the reports said, and what was read for the screen. Knows nothing of where a person
//! stands.

use std::{mem, sync::Arc};

use super::{
    archive::{Archive, Moment},
    history::{History, Point},
    progress::Progress,
};
use crate::{
    fashion::{Class, Dataset, Split, Survey},
    protocol::{Attribution, Batch, EpochRecord, Predictions, Probabilities, Report, Started, Tiles, Usage},
};

/// How far the run is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// The data set is read, the device is opened.
    #[default]
    Loading,
    /// Batches are trained.
    Training,
    /// Training waits for the person.
    Paused,
    /// The test images are predicted after an epoch.
    Evaluating,
    /// All epochs are trained.
    Done,
    /// Training ended early.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
    /// Nobody trains it any longer.
    Ended {
        /// How it ended, in words.
        how: String,
        /// How to continue it, if it can be.
        next: Option<String>,
    },
}

/// Test images or training images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Half {
    /// Those that the network is measured with.
    #[default]
    Test,
    /// Those that it learns from.
    Train,
}

/// One test image as the network saw it at one step.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// Index into the test images.
    pub index: usize,
    /// Steps trained before, over the whole run.
    pub step: u64,
    /// What the network made of it.
    pub probabilities: Probabilities,
}

/// What is known of the run.
#[derive(Debug, Default)]
pub struct Known {
    /// The data set, once it is read.
    pub data: Option<Arc<Dataset>>,
    /// What the data set is made of, once it is counted.
    pub survey: Option<Survey>,
    /// The facts of the run, once it has begun.
    pub started: Option<Started>,
    /// How far the run is, as the worker says.
    pub phase: Phase,
    /// What goes on after the evaluation, if there is one.
    after_evaluation: Phase,
    /// Where the newest batch stands.
    pub batch: Option<Batch>,
    /// The run's curve.
    pub history: History,
    /// The figures of the epochs so far, oldest first.
    pub epochs: Vec<EpochRecord>,
    /// Every test image's prediction after each epoch.
    pub archive: Archive,
    /// The freshest prediction of a single image.
    pub live: Option<Live>,
    /// What the pixels of an image say for its prediction.
    pub attribution: Option<Attribution>,
    /// Parts of the network, as they were lately.
    pub tiles: Option<Tiles>,
    /// Steps per second that training keeps to; `None`: as fast as it can.
    pub pace: Option<f64>,
    /// The highest rate seen at full speed, in steps per second.
    pub full_speed: Option<f64>,
    /// How busy the device was lately.
    pub usage: Option<Usage>,
    /// Why something of the run could not be kept lately.
    pub unsaved: Option<String>,
    /// Whether the person has asked for a pause, or for its end, and the worker has not answered yet.
    pub asked_to_pause: Option<bool>,
    /// Whether this happened before, and is played again.
    pub is_replay: bool,
    /// Whether nothing comes from the program that trains.
    pub is_silent: bool,
}

impl Known {
    /// Takes in what happened to the run. `seen`: the step whose predictions are to be kept whatever comes.
    pub(super) fn apply(&mut self, report: Report, seen: Option<u64>) {
        self.is_silent = report == Report::Silent;
        match report {
            Report::Started(started) => self.apply_started(started),
            Report::Batch(batch) => self.apply_batch(batch),
            Report::Prediction { index, step, probabilities } => {
                self.live = Some(Live { index, step, probabilities });
            }
            Report::Attribution(attribution) => self.attribution = Some(attribution),
            Report::Tiles(tiles) => self.tiles = Some(tiles),
            Report::Untrained { step, predictions } => {
                let epochs = u32::try_from(self.epochs.len()).unwrap_or(u32::MAX);
                let is_whole = step == self.epochs.last().map_or(0, |record| record.step);
                self.keep(epochs, step, is_whole, predictions, seen);
            }
            Report::Paused => self.enter(Phase::Paused),
            Report::Resumed => self.enter(Phase::Training),
            Report::Paced { steps_per_second } => self.pace = steps_per_second,
            Report::Evaluating { .. } => self.begin_evaluation(),
            Report::Epoch { record, predictions } => {
                self.end_evaluation();
                self.keep(record.epoch, record.step, true, predictions, seen);
                self.epochs.push(record);
            }
            Report::Usage(usage) => self.usage = Some(usage),
            Report::Saved { .. } => self.unsaved = None,
            Report::NotSaved { reason } => self.unsaved = Some(reason),
            Report::Finished => self.enter(Phase::Done),
            Report::Failed { reason } => self.enter(Phase::Failed { reason }),
            Report::Ended { how, next } => {
                self.is_replay = false;
                self.enter(Phase::Ended { how, next });
            }
            Report::Replaying => self.is_replay = true,
            Report::Note { .. } | Report::Silent => {}
        }
    }

    /// A phase that may be the answer to what was asked for.
    fn enter(&mut self, phase: Phase) {
        let is_open = match phase {
            Phase::Paused => self.asked_to_pause == Some(false),
            Phase::Training => self.asked_to_pause == Some(true),
            _ => false,
        };
        if !is_open {
            self.asked_to_pause = None;
        }
        self.phase = phase;
    }

    /// An evaluation comes between two batches, whether somebody waits for each of them or not.
    fn begin_evaluation(&mut self) {
        if self.phase != Phase::Evaluating {
            self.after_evaluation = mem::replace(&mut self.phase, Phase::Evaluating);
        }
    }

    fn end_evaluation(&mut self) {
        if self.phase == Phase::Evaluating {
            self.phase = mem::take(&mut self.after_evaluation);
        }
    }

    /// What was known before goes, but for what is no report's, and what may come before the first report. What a run
    /// did that goes on comes in reports of its own.
    fn apply_started(&mut self, started: Started) {
        *self = Self {
            data: self.data.take(),
            survey: self.survey.take(),
            unsaved: self.unsaved.take(),
            asked_to_pause: self.asked_to_pause,
            phase: Phase::Training,
            ..Self::default()
        };
        self.started = Some(started);
    }

    #[expect(clippy::cast_precision_loss, reason = "a batch size is far below 2⁵²")]
    fn apply_batch(&mut self, mut batch: Batch) {
        for span in batch.spans.drain(..) {
            self.history.push(Point::from(span));
        }
        if let (None, Some(started)) = (self.pace, &self.started) {
            let rate = batch.images_per_second / started.settings.batch_size as f64;
            self.full_speed = Some(self.full_speed.map_or(rate, |fastest| fastest.max(rate)));
        }
        self.batch = Some(batch);
    }

    /// Keeps every test image's prediction. Of an epoch long ago there may be none to be had any longer.
    fn keep(&mut self, epoch: u32, step: u64, is_whole: bool, predictions: Predictions, seen: Option<u64>) {
        if predictions.is_empty() {
            return;
        }
        let truths = self.data.as_ref().map_or(&[][..], |data| data.test.classes());
        self.archive.push(Moment::new(epoch, step, is_whole, truths, predictions), seen);
    }

    /// How far the run is, once it has begun.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        Some(Progress::new(self.started.as_ref()?, self.batch.as_ref(), &self.epochs))
    }

    /// This half of the data set, once it is read.
    #[must_use]
    pub fn split(&self, half: Half) -> Option<&Split> {
        let data = self.data.as_ref()?;
        Some(match half {
            Half::Test => &data.test,
            Half::Train => &data.train,
        })
    }

    /// The true classes of this half, once it is read.
    pub(super) fn classes(&self, half: Half) -> &[Class] {
        self.split(half).map_or(&[], Split::classes)
    }

    /// Steps that an epoch takes; 1 before the run has begun.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        self.started.as_ref().map_or(1, Started::steps_per_epoch)
    }

    /// The last step that is known of.
    #[must_use]
    pub fn last_step(&self) -> u64 {
        self.history.points().last().map_or(0, |point| point.step)
    }

    /// Whether batches are trained, or the test images are predicted between two epochs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Training | Phase::Evaluating) && !self.will_pause()
    }

    /// Whether training waits for the person, or will as soon as the worker gets to it.
    #[must_use]
    pub fn will_pause(&self) -> bool {
        let can_pause = matches!(self.phase, Phase::Training | Phase::Evaluating | Phase::Paused);
        let then = if self.phase == Phase::Evaluating { &self.after_evaluation } else { &self.phase };
        can_pause && self.asked_to_pause.unwrap_or(*then == Phase::Paused)
    }

    /// Whether all epochs are trained.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Whether the run has ended, well or not.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done | Phase::Failed { .. } | Phase::Ended { .. })
    }
}
