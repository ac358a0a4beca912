//! Trains without a screen: turns reports into lines of text, one an epoch, in Keras's manner. Knows nothing of
//! terminals.

use std::{
    io::{self, Write},
    sync::{Arc, mpsc},
};

use color_eyre::eyre::{Context, Result, bail, eyre};

use crate::{
    engine::{self, Job},
    fashion::Source,
    protocol::{EpochRecord, Report, Started},
    settings::Settings,
};

/// Exit status of a program whose reader has gone, as a shell shows it: 128 + SIGPIPE.
const READER_GONE: u8 = 128 + 13;

/// Trains and writes lines to `out` until the run has ended. Returns the exit status: 0, or 141 when `out` was closed.
///
/// # Errors
/// A data set that cannot be read, a device that cannot be had, an `out` that fails, a training that failed.
pub fn run(settings: Settings, source: &Source, pace: Option<f64>, out: impl Write) -> Result<u8> {
    let dataset = Arc::new(source.load()?);
    let (sender, reports) = mpsc::channel();
    let job = Job { settings, dataset, pace, selected: None, evaluate_untrained: false };
    // An error means that this end has gone, and the worker learns that from its commands.
    let _worker = engine::spawn(job, move |report| drop(sender.send(report))).context("cannot start training")?;
    let mut lines = Lines::new(out);
    for report in reports {
        match lines.write(&report) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(READER_GONE),
            written => written.context("cannot write to standard output")?,
        }
        match report {
            Report::Finished => return Ok(0),
            Report::Failed { reason } => bail!("{reason}"),
            _ => {}
        }
    }
    Err(eyre!("the thread that trains ended unexpectedly, which is a bug in fitroom"))
}

/// Writes a run as text.
#[derive(Debug)]
pub struct Lines<W> {
    out: W,
    epochs: u32,
    last: Option<EpochRecord>,
}

impl<W: Write> Lines<W> {
    /// Lines that go to `out`.
    pub fn new(out: W) -> Self {
        Self { out, epochs: 0, last: None }
    }

    /// Writes what the report has to say, and flushes it, so that a pipe's reader sees an epoch when it ends.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn write(&mut self, report: &Report) -> io::Result<()> {
        match report {
            Report::Started(started) => self.begin(started)?,
            Report::Epoch { record, .. } => self.epoch(record)?,
            Report::Finished => self.end()?,
            _ => return Ok(()),
        }
        self.out.flush()
    }

    fn begin(&mut self, started: &Started) -> io::Result<()> {
        self.epochs = started.settings.epochs;
        writeln!(
            self.out,
            "Training {} ({} parameters) on {}: {} images in batches of {}, {} for testing",
            started.layers(),
            started.parameters,
            started.device,
            started.train_images,
            started.settings.batch_size,
            started.test_images
        )
    }

    fn epoch(&mut self, record: &EpochRecord) -> io::Result<()> {
        self.last = Some(*record);
        writeln!(
            self.out,
            "Epoch {:>width$}/{} - {:.3}s - loss: {:.4} - accuracy: {:.4} - val_loss: {:.4} - val_accuracy: {:.4}",
            record.epoch,
            self.epochs,
            record.seconds,
            record.loss,
            record.accuracy,
            record.val_loss,
            record.val_accuracy,
            width = self.epochs.to_string().len()
        )
    }

    fn end(&mut self) -> io::Result<()> {
        match &self.last {
            Some(record) => {
                writeln!(self.out, "Test loss: {:.4} - Test accuracy: {:.4}", record.val_loss, record.val_accuracy)
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn a_run_is_a_heading_a_line_an_epoch_and_the_test_accuracy_last() {
        let mut lines = Lines::new(Vec::new());
        let record = EpochRecord {
            epoch: 1,
            step: 1875,
            loss: 0.503_84,
            accuracy: 0.8237,
            val_loss: 0.4412,
            val_accuracy: 0.841,
            learning_rate: 0.001,
            seconds: 0.789,
            eval_seconds: 0.03,
            images_per_second: 76_000.0,
        };
        let started = Started {
            settings: Settings::default(),
            device: "CPU, 2 threads".to_owned(),
            parameters: 101_770,
            train_images: 60_000,
            test_images: 10_000,
        };
        for report in [
            Report::Started(started),
            Report::Epoch { record, predictions: Vec::new() },
            Report::Paused,
            Report::Finished,
        ] {
            lines.write(&report).expect("memory takes all");
        }
        assert_eq!(
            String::from_utf8(lines.out).expect("text"),
            "Training 784-128-10 (101770 parameters) on CPU, 2 threads: 60000 images in batches of 32, 10000 for testing\n\
             Epoch  1/10 - 0.789s - loss: 0.5038 - accuracy: 0.8237 - val_loss: 0.4412 - val_accuracy: 0.8410\n\
             Test loss: 0.4412 - Test accuracy: 0.8410\n"
        );
    }
}
