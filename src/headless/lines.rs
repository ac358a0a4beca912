//! A run as lines of text, one per epoch, in Keras's manner.

use std::io::{self, Write};

use super::teller::Teller;
use crate::{
    printable::{Printable, figure, thousands},
    protocol::{EpochRecord, Report, Started},
};

/// What stands between two parts of an epoch's line.
const BETWEEN: &str = " - ";

/// How many columns the lines may have, where they go to a terminal.
type Columns = fn() -> Option<usize>;

/// Writes a run as text.
#[derive(Debug)]
pub(super) struct TextLines<W> {
    out: W,
    columns: Columns,
    epochs: u32,
    last: Option<EpochRecord>,
}

impl<W: Write> TextLines<W> {
    /// Lines that go to `out`, each with all that it says.
    pub fn new(out: W) -> Self {
        Self::within(out, || None)
    }

    /// Lines that go to a terminal, which may change its size: where its columns are too few, what is needed least is
    /// left out of an epoch's line.
    pub fn within(out: W, columns: Columns) -> Self {
        Self { out, columns, epochs: 0, last: None }
    }

    fn begin(&mut self, started: &Started) -> io::Result<()> {
        self.epochs = started.settings.epochs;
        self.last = started.past.last().copied();
        if let Some(run) = &started.run {
            let step = started.past_steps;
            let words = if step > 0 { format!(", from step {} on", thousands(step)) } else { String::new() };
            writeln!(self.out, "Run {}{words}", Printable(run))?;
        }
        let count = |count: usize| thousands(count as u64);
        let network = format!(
            "Training {} ({} parameters) on {}",
            started.layers(),
            count(started.parameters),
            Printable(&started.device)
        );
        let images = format!(
            "{} images in {}, {} for testing",
            count(started.train_images),
            batches(started),
            count(started.test_images)
        );
        let fits = (self.columns)().is_none_or(|columns| network.chars().count() + 2 + images.len() <= columns);
        writeln!(self.out, "{network}:{}{images}", if fits { " " } else { "\n  " })
    }

    fn epoch(&mut self, record: &EpochRecord) -> io::Result<()> {
        self.last = Some(*record);
        let width = self.epochs.to_string().len();
        // Each with its importance.
        let mut parts = vec![
            (5, format!("Epoch {:>width$}/{}", record.epoch, self.epochs)),
            (0, format!("{:.3}s", record.seconds)),
            (2, format!("loss: {}", figure(record.loss))),
            (3, format!("accuracy: {:.4}", record.accuracy)),
            (1, format!("val_loss: {}", figure(record.val_loss))),
            (4, format!("val_accuracy: {:.4}", record.val_accuracy)),
        ];
        let columns = (self.columns)();
        let needed = |parts: &[(u8, String)]| {
            parts.iter().map(|(_, part)| part.len()).sum::<usize>() + BETWEEN.len() * (parts.len() - 1)
        };
        while parts.len() > 1 && columns.is_some_and(|columns| needed(&parts) > columns) {
            let least = parts.iter().map(|(importance, _)| *importance).min();
            parts.retain(|(importance, _)| Some(*importance) != least);
        }
        let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
        writeln!(self.out, "{}", parts.join(BETWEEN))
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
        size if size > started.train_images => format!("one batch ({} asked for)", thousands(size as u64)),
        size => format!("batches of {}", thousands(size as u64)),
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
            | Report::Replaying
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
    fn a_run_is_a_heading_one_line_per_epoch_and_the_test_accuracy_last() {
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
             Training 784-128-10 (101,770 parameters) on CPU, 2 threads: \
             60,000 images in batches of 32, 10,000 for testing\n\
             Epoch  1/10 - 0.789s - loss: 0.5038 - accuracy: 0.8237 - val_loss: 0.4412 - val_accuracy: 0.8410\n\
             Test loss: 0.4412 - Test accuracy: 0.8410\n"
        );
    }

    #[test]
    fn on_a_terminal_the_lines_leave_out_what_is_needed_least_and_fit() {
        let told = |columns: Columns| {
            let mut lines = TextLines::within(Vec::new(), columns);
            for report in [
                Report::Started(samples::started()),
                Report::Epoch { record: samples::record(1), predictions: [].into() },
            ] {
                lines.tell(&report).expect("memory takes all");
            }
            String::from_utf8(lines.out).expect("text")
        };
        let figures = |told: &str| -> Vec<String> {
            let epoch = told.lines().find(|line| line.starts_with("Epoch")).expect("a line");
            epoch.split(BETWEEN).filter_map(|part| part.split_once(": ")).map(|(title, _)| title.to_owned()).collect()
        };
        for (columns, expected) in [
            ((|| Some(120)) as Columns, &["loss", "accuracy", "val_loss", "val_accuracy"][..]),
            (|| Some(80), &["loss", "accuracy", "val_accuracy"]),
            (|| Some(60), &["accuracy", "val_accuracy"]),
            (|| Some(40), &["val_accuracy"]),
        ] {
            let (told, columns) = (told(columns), columns().expect("a terminal"));
            assert_eq!(figures(&told), expected, "{columns} columns");
            assert!(columns < 56 || told.lines().all(|line| line.len() <= columns), "{columns}: {told}");
        }
    }
}
