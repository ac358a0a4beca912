//! A run on a terminal that is told more than lines: how far the training is, and that it has ended.

use std::io::{self, Write};

use super::teller::Teller;
use crate::{
    protocol::{Report, Started},
    signs::{Course, Signs},
};

/// Says a run, and tells the terminal how far it is.
pub(super) struct Signed<W> {
    inner: Box<dyn Teller + Send>,
    signs: Signs,
    terminal: W,
    started: Option<Started>,
    /// The test accuracy after the last epoch.
    accuracy: Option<f64>,
    /// What was told last.
    course: Course,
}

impl<W: Write> Signed<W> {
    /// Whatever `inner` says, and these signs on this terminal.
    pub fn new(inner: Box<dyn Teller + Send>, signs: Signs, terminal: W) -> Self {
        Self { inner, signs, terminal, started: None, accuracy: None, course: Course::None }
    }

    fn show(&mut self, course: Course) -> io::Result<()> {
        if course == self.course {
            return Ok(());
        }
        self.course = course;
        self.write(&self.signs.progress(course))
    }

    fn notice(&mut self, how: &str) -> io::Result<()> {
        let run = self.started.as_ref().and_then(|started| started.run.as_deref());
        self.write(&self.signs.end(run, how, self.accuracy))
    }

    fn write(&mut self, bytes: &str) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.terminal.write_all(bytes.as_bytes())?;
        self.terminal.flush()
    }

    /// How many percent of all steps this many are.
    fn percent(&self, step: u64) -> u8 {
        let all = self
            .started
            .as_ref()
            .map_or(0, |started| started.steps_per_epoch().saturating_mul(u64::from(started.settings.epochs)));
        let percent = (step.saturating_mul(100)).checked_div(all).unwrap_or(0).min(100);
        u8::try_from(percent).expect("it is 100 at the most")
    }

    fn sign(&mut self, report: &Report) -> io::Result<()> {
        match report {
            Report::Started(started) => {
                self.accuracy = started.past.last().map(|last| last.val_accuracy);
                self.started = Some(started.clone());
                self.show(Course::Trains(self.percent(started.past_steps)))
            }
            Report::Batch(batch) => self.show(Course::Trains(self.percent(batch.step))),
            Report::Epoch { record, .. } => {
                self.accuracy = Some(record.val_accuracy);
                self.show(Course::Trains(self.percent(record.step)))
            }
            Report::Finished => self.show(Course::None).and_then(|()| self.notice("done")),
            Report::Failed { reason } => {
                self.show(Course::Failed)?;
                self.notice(&format!("failed: {reason}"))
            }
            Report::Ended { .. } => self.show(Course::None).and_then(|()| self.notice("stopped")),
            _ => Ok(()),
        }
    }
}

impl<W: Write> Teller for Signed<W> {
    fn tell(&mut self, report: &Report) -> io::Result<()> {
        self.inner.tell(report)?;
        // A terminal that takes no signs is none to be told of.
        let _ = self.sign(report);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.inner.end()?;
        self.show(Course::None)
    }
}
