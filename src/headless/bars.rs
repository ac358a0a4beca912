//! A run on a terminal: a progress bar per epoch, in Keras's manner, that leaves the epoch's line behind.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{lines::TextLines, teller::Teller};
use crate::{
    depth,
    printable::figure,
    protocol::{Batch, Report},
};

/// Draws the epoch that trains under the lines of those that have ended.
pub(super) struct ProgressBars<W> {
    lines: TextLines<W>,
    steps: u64,
    bar: ProgressBar,
    characters: &'static str,
}

impl<W: Write> ProgressBars<W> {
    /// Bars and lines that go to `out`, which is standard output; `unicode`: whether it shows more than ASCII.
    pub fn new(out: W, unicode: bool) -> Self {
        let characters = if unicode { "━╸─" } else { "=>-" };
        Self { lines: TextLines::within(out, depth::columns), steps: 0, bar: ProgressBar::hidden(), characters }
    }

    fn begin(&mut self, epoch: u32) {
        let style = ProgressStyle::with_template("{prefix} {human_pos:>6}/{human_len} {bar:16} {elapsed} {wide_msg}")
            .expect("the template is a valid one")
            .progress_chars(self.characters);
        self.bar = ProgressBar::with_draw_target(Some(self.steps), ProgressDrawTarget::stdout_with_hz(20));
        self.bar.set_style(style);
        self.bar.set_prefix(format!("Epoch {epoch}"));
    }

    fn batch(&mut self, batch: &Batch) {
        if self.bar.is_hidden() && self.bar.length().is_none() {
            self.begin(batch.epoch);
        }
        self.bar.set_position(batch.step_in_epoch);
        self.bar.set_message(format!("loss: {} - accuracy: {:.4}", figure(batch.epoch_loss), batch.epoch_accuracy));
    }
}

impl<W: Write> Teller for ProgressBars<W> {
    fn tell(&mut self, report: &Report) -> io::Result<()> {
        match report {
            Report::Started(started) => self.steps = started.steps_per_epoch(),
            Report::Batch(batch) => self.batch(batch),
            Report::Epoch { .. } | Report::NotSaved { .. } | Report::Failed { .. } => {
                self.bar.finish_and_clear();
                self.bar = ProgressBar::hidden();
            }
            _ => {}
        }
        self.lines.tell(report)
    }
}

impl<W> Drop for ProgressBars<W> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
