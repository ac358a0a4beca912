//! A run as lines of text, one per epoch, in Keras's manner.

use std::io::{self, Write};

use super::teller::Teller;
use crate::{
    printable::{Printable, figure},
    protocol::{EpochRecord, Report, Started},
};

/// Writes a run as text.
#[derive(Debug)]
pub(super) struct TextLines<W> {
    out: W,
    epochs: u32,
    last: Option<EpochRecord>,
}

impl<W: Write> TextLines<W> {
    /// Lines that go to `out`.
    pub fn new(out: W) -> Self {
        Self { out, epochs: 0, last: None }
    }

    fn begin(&mut self, started: &Started) -> io::Result<()> {
        self.epochs = started.settings.epochs;
        self.last = started.past.last().copied();
        if let Some(run) = &started.run {
            let step = started.past_steps;
            let words = if step > 0 { format!(", from step {step} on") } else { String::new() };
            writeln!(self.out, "Run {}{words}", Printable(run))?;
        }
        writeln!(
            self.out,
            "Training {} ({} parameters) on {}: {} images in {}, {} for testing",
            started.layers(),
            started.parameters,
            Printable(&started.device),
            started.train_images,
            batches(started),
            started.test_images
        )
    }

    fn epoch(&mut self, record: &EpochRecord) -> io::Result<()> {
        self.last = Some(*record);
        writeln!(
            self.out,
            "Epoch {:>width$}/{} - {:.3}s - loss: {} - accuracy: {:.4} - val_loss: {} - val_accuracy: {:.4}",
            record.epoch,
            self.epochs,
            record.seconds,
            figure(record.loss),
            record.accuracy,
            figure(record.val_loss),
            record.val_accuracy,
            width = self.epochs.to_string().len()
        )
    }

    fn end(&mut self) -> io::Result<()> {
        match &self.last {
            Some(record) => {
                let loss = figure(record.val_loss);
                writeln!(self.out, "Test loss: {loss} - Test accuracy: {:.4}", record.val_accuracy)
            }
            None => Ok(()),
        }
    }
}

/// How the training images are dealt out.
fn batches(started: &Started) -> String {
    match started.settings.batch_size {
        size if size > started.train_images => format!("one batch ({size} asked for)"),
        size => format!("batches of {size}"),
    }
}

impl<W: Write> Teller for TextLines<W> {
    /// Flushes each line, so that a pipe's reader sees an epoch when it ends.
    fn tell(&mut self, report: &Report) -> io::Result<()> {
        match report {
            Report::Started(started) => self.begin(started)?,
            Report::Epoch { record, .. } => self.epoch(record)?,
            Report::Finished => self.end()?,
            Report::Batch(_)
            | Report::Prediction { .. }
            | Report::Attribution(_)
            | Report::Tiles(_)
            | Report::Untrained { .. }
            | Report::Paused
            | Report::Resumed
            | Report::Paced { .. }
            | Report::Evaluating { .. }
            | Report::Usage(_)
            | Report::Saved { .. }
            | Report::NotSaved { .. }
            | Report::Note { .. }
            | Report::Failed { .. }
            | Report::Ended { .. }
            | Report::Silent => return Ok(()),
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::samples;

    #[test]
    fn a_run_is_a_heading_a_line_an_epoch_and_the_test_accuracy_last() {
        let mut lines = TextLines::new(Vec::new());
        let record = EpochRecord {
            loss: 0.503_84,
            accuracy: 0.8237,
            val_loss: 0.4412,
            val_accuracy: 0.841,
            seconds: 0.789,
            ..samples::record(1)
        };
        let started = Started { run: Some("coat".to_owned()), ..samples::started() };
        for report in [
            Report::Started(started),
            Report::Epoch { record, predictions: [].into() },
            Report::Paused,
            Report::Finished,
        ] {
            lines.tell(&report).expect("memory takes all");
        }
        assert_eq!(
            String::from_utf8(lines.out).expect("text"),
            "Run coat\n\
             Training 784-128-10 (101770 parameters) on CPU, 2 threads: 60000 images in batches of 32, \
             10000 for testing\n\
             Epoch  1/10 - 0.789s - loss: 0.5038 - accuracy: 0.8237 - val_loss: 0.4412 - val_accuracy: 0.8410\n\
             Test loss: 0.4412 - Test accuracy: 0.8410\n"
        );
    }
}
