//! What is handed over of a run to be kept, and when: figures of spans of batches, and checkpoints. Trains nothing.

use std::{
    mem,
    time::{Duration, Instant},
};

use crate::{
    engine::{checkpoint::Checkpoint, error::EngineError, listener::Listener, trainer::Trainer},
    metrics::Spans,
    protocol::BatchRecord,
};

/// Keeping checkpoints while an epoch lasts takes no more than one part in so many.
const SAVING_SHARE: u32 = 100;

/// Keeping those that are asked for takes no more than one part in so many.
const ASKED_SHARE: u32 = 10;

/// How often to look whether the last checkpoint is written, where the next one is asked for.
const WRITTEN: Duration = Duration::from_millis(20);

/// What is kept of the run, and when.
pub(super) struct Saving {
    every: Option<Duration>,
    /// The step of the last checkpoint.
    kept: Option<u64>,
    /// When it was, and what it took to collect it.
    last: Instant,
    cost: Duration,
    /// Whether one is asked for, and when one was kept for that.
    is_asked: bool,
    last_asked: Option<Instant>,
    /// The curve since it was last kept.
    spans: Spans<BatchRecord>,
    last_figures: Instant,
}

impl Saving {
    /// Nothing is kept yet. `every`: how often to keep something while an epoch lasts.
    pub fn new(every: Option<Duration>) -> Self {
        let now = Instant::now();
        Self {
            every,
            kept: None,
            last: now,
            cost: Duration::ZERO,
            is_asked: false,
            last_asked: None,
            spans: Spans::default(),
            last_figures: now,
        }
    }

    /// A checkpoint of this step is there already.
    pub fn note_kept(&mut self, step: u64) {
        self.kept = Some(step);
    }

    /// Somebody asks for a checkpoint.
    pub fn ask(&mut self) {
        self.is_asked = true;
    }

    /// How long until a checkpoint that is asked for is affordable; `None`: none is asked for.
    pub fn until_asked(&self, listener: &impl Listener) -> Option<Duration> {
        self.is_asked.then(|| match self.last_asked {
            None => Duration::ZERO,
            Some(_) if listener.is_keeping() => WRITTEN,
            Some(last) => {
                let cost = listener.cost_of_keeping().unwrap_or_default() + self.cost;
                cost.saturating_mul(ASKED_SHARE).saturating_sub(last.elapsed())
            }
        })
    }

    /// The checkpoint that is asked for is wanted now, whatever was kept before.
    pub fn insist(&mut self) {
        self.is_asked = false;
        self.last_asked = Some(Instant::now());
        self.kept = None;
    }

    /// The curve goes on with these.
    pub fn add(&mut self, spans: &[BatchRecord]) {
        self.spans.extend(spans.iter().copied());
    }

    /// How long until it is time to keep something of an epoch that lasts; `None`: never.
    pub fn wait(&self) -> Option<Duration> {
        Some(self.every?.saturating_sub(self.last_figures.elapsed()))
    }

    /// Whether something was trained that no checkpoint has, of a run that is to be kept in time.
    pub fn is_worth_it(&self, trainer: &Trainer, listener: &impl Listener) -> bool {
        self.every.is_some() && self.has_news(trainer, listener)
    }

    /// Whether something was trained that no checkpoint has, of a run that is to be kept.
    pub fn has_news(&self, trainer: &Trainer, listener: &impl Listener) -> bool {
        listener.keeps() && self.kept != Some(trainer.steps())
    }

    /// Whether a checkpoint now, of an epoch that lasts, takes no more than its share: those that take long are kept
    /// less often.
    pub fn is_affordable(&self, listener: &impl Listener) -> bool {
        let cost = listener.cost_of_keeping().map(|cost| cost + self.cost);
        cost.is_some_and(|cost| self.last.elapsed() >= cost.saturating_mul(SAVING_SHARE))
    }

    /// Has the figures since the last time kept, if there are any.
    pub fn keep_figures(&mut self, listener: &mut impl Listener) {
        self.last_figures = Instant::now();
        let spans = mem::take(&mut self.spans).into_vec();
        if !spans.is_empty() && listener.keeps() {
            listener.keep_figures(spans);
        }
    }

    /// Has a checkpoint of this moment kept, which comes after so many seconds of the epoch.
    pub fn keep_checkpoint(
        &mut self,
        seconds: f64,
        trainer: &mut Trainer,
        listener: &mut impl Listener,
    ) -> Result<(), EngineError> {
        let start = Instant::now();
        let checkpoint = Checkpoint::new(trainer.state()?, seconds, trainer.settings().clone());
        self.kept = Some(checkpoint.step());
        listener.keep(checkpoint);
        self.last = Instant::now();
        self.cost = start.elapsed();
        Ok(())
    }
}
