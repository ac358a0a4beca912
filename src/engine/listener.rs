//! Who gets a run's reports, and keeps of it what is to be kept. Knows nothing of how.

use std::time::Duration;

use super::checkpoint::Checkpoint;
use crate::protocol::{BatchRecord, Report};

/// Who gets a run's reports, on the thread that trains. Any `FnMut(Report)` is one that keeps no checkpoints.
pub trait Listener: Send + 'static {
    /// Takes a report: something happened.
    fn report(&mut self, report: Report);

    /// Whether [`Listener::keep`] is to be called: after each epoch, as often as `save_every` of the job has it, on
    /// the command `Save`, and at the end of a run that is stopped.
    fn keeps(&self) -> bool {
        false
    }

    /// What it takes to keep a checkpoint, as the last one showed; `None` while one is being kept, and where none can
    /// be.
    fn cost_of_keeping(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    /// Whether a checkpoint that was handed over is still being kept.
    fn is_keeping(&self) -> bool {
        false
    }

    /// Keeps the figures of spans of batches, oldest first: of all that were trained since the last time. Comes before
    /// the checkpoint, or the report of the epoch, that has these batches in it.
    fn keep_figures(&mut self, _figures: Vec<BatchRecord>) {}

    /// Keeps a checkpoint. An epoch's comes after its report.
    fn keep(&mut self, _checkpoint: Checkpoint) {}
}

impl<F: FnMut(Report) + Send + 'static> Listener for F {
    fn report(&mut self, report: Report) {
        self(report);
    }
}
