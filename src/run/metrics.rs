//! `metrics.jsonl`: one line of JSON per epoch. Knows the lines, not what makes them.

use std::{io, path::Path};

use super::{
    RunError,
    files::{self, Log, Worth},
};
use crate::protocol::EpochRecord;

/// The log of a run's epochs, open for writing.
#[derive(Debug)]
pub struct MetricsLog(Log);

impl MetricsLog {
    /// A log in a new file.
    ///
    /// # Errors
    /// When the file cannot be created, also when it is there already.
    pub fn create(path: &Path) -> Result<Self, RunError> {
        Ok(Self(Log::create(path)?))
    }

    /// The log in this file, cut to the first `epochs` epochs, and those epochs' figures. Without epochs it need not be
    /// there yet.
    ///
    /// # Errors
    /// When the file cannot be read or written, or a line but the last, torn one is no epoch.
    pub fn resume(path: &Path, epochs: u32) -> Result<(Self, Vec<EpochRecord>), RunError> {
        let records = read_first(path, epochs)?;
        let lines: String = records.iter().map(|record| line(record) + "\n").collect();
        files::replace(path, lines.as_bytes())?;
        Ok((Self(Log::open(path)?), records))
    }

    /// Writes an epoch's line and waits until it is on the disk.
    ///
    /// # Errors
    /// When the line cannot be written; then nothing of it is in the file, and it is written with the next one.
    pub fn append(&mut self, record: &EpochRecord) -> Result<(), RunError> {
        Ok(self.0.append((line(record) + "\n").into_bytes(), Worth::Needed)?)
    }

    /// Writes the lines that could not be written yet.
    ///
    /// # Errors
    /// When they still cannot.
    pub fn flush(&mut self) -> Result<(), RunError> {
        Ok(self.0.flush()?)
    }
}

/// An epoch as a line of JSON, without the line's end. A figure that is no finite number is `null`.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "numbers under fixed names are JSON")]
pub fn line(record: &EpochRecord) -> String {
    serde_json::to_string(record).expect("numbers under fixed names are JSON")
}

/// The epochs of a log, oldest first. What a killed writer left of a last line is passed over.
///
/// # Errors
/// When the file cannot be read, or a line is no epoch; the error has the line's number.
pub fn read(path: &Path) -> Result<Vec<EpochRecord>, RunError> {
    parse(&files::read(path)?, path)
}

/// As [`read`], of the bytes that the file at `path` has.
///
/// # Errors
/// When a line is no epoch.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Vec<EpochRecord>, RunError> {
    let mut records = Vec::new();
    for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        match serde_json::from_slice(line) {
            Ok(record) => records.push(record),
            Err(_) if !line.ends_with(b"\n") => {} // Torn: only the last line lacks its end.
            Err(cause) => return Err(RunError::Line { path: path.to_owned(), line: index + 1, cause }),
        }
    }
    Ok(records)
}

/// The first `epochs` epochs of a log. Without epochs it need not be there yet.
///
/// # Errors
/// As [`read`].
pub fn read_first(path: &Path, epochs: u32) -> Result<Vec<EpochRecord>, RunError> {
    let mut records = match read(path) {
        Err(error) if epochs == 0 && error.kind() == Some(io::ErrorKind::NotFound) => Vec::new(),
        records => records?,
    };
    records.retain(|record| record.epoch <= epochs);
    Ok(records)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::protocol::samples;

    /// Figures that no decimal of few digits is, and some that are.
    fn record(epoch: u32) -> EpochRecord {
        EpochRecord {
            loss: 0.1 + 0.2,
            accuracy: 0.8237,
            val_loss: 1.0 / 3.0,
            val_accuracy: 0.881,
            seconds: 1.25,
            eval_seconds: 0.125,
            images_per_second: 48_000.0,
            ..samples::record(epoch)
        }
    }

    fn log_of(epochs: u32) -> (TempDir, PathBuf, MetricsLog) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("metrics.jsonl");
        let mut log = MetricsLog::create(&path).unwrap();
        for epoch in 1..=epochs {
            log.append(&record(epoch)).unwrap();
        }
        (directory, path, log)
    }

    #[test]
    fn a_line_has_the_promised_names_in_order() {
        assert_eq!(
            line(&record(1)),
            "{\"epoch\":1,\"step\":1875,\"loss\":0.30000000000000004,\"accuracy\":0.8237,\
             \"val_loss\":0.3333333333333333,\"val_accuracy\":0.881,\"learning_rate\":0.001,\"seconds\":1.25,\
             \"eval_seconds\":0.125,\"images_per_second\":48000.0}"
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        let (_directory, path, _log) = log_of(3);
        assert_eq!(read(&path).unwrap(), [record(1), record(2), record(3)]);
    }

    proptest! {
        #[test]
        fn every_finite_figure_reads_back_to_the_last_bit(bits: u64) {
            let loss = f64::from_bits(bits);
            prop_assume!(loss.is_finite());
            let back = serde_json::from_str::<EpochRecord>(&line(&EpochRecord { loss, ..record(1) })).unwrap();
            prop_assert_eq!(back.loss.to_bits(), bits);
        }
    }

    #[test]
    fn a_figure_that_is_no_number_reads_back_as_none() {
        let text = line(&EpochRecord { loss: f64::NAN, val_loss: f64::INFINITY, ..record(1) });
        assert!(text.contains("\"loss\":null,"), "{text}");
        let back = serde_json::from_str::<EpochRecord>(&text).unwrap();
        assert!(back.loss.is_nan() && back.val_loss.is_nan());
        assert_eq!(back.step, 1875);
    }

    #[test]
    fn a_log_torn_at_any_byte_of_its_last_line_keeps_the_lines_before() {
        let (_directory, path, _log) = log_of(2);
        let whole = fs::read(&path).unwrap();
        let first = line(&record(1)).len() + 1;
        for length in first..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let epochs = if length == whole.len() - 1 { 2 } else { 1 };
            assert_eq!(read(&path).unwrap().len(), epochs, "cut after {length} bytes");
        }
    }

    #[test]
    fn a_bad_line_in_the_middle_is_named_by_its_number() {
        let (_directory, path, _log) = log_of(1);
        let text = format!("{}\n{{\"epoch\":2}}\n{}\n", line(&record(1)), line(&record(3)));
        fs::write(&path, text).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("metrics.jsonl, line 2: missing field `step`"), "{error}");
    }

    #[test]
    fn a_resumed_log_forgets_the_later_epochs_and_a_torn_line() {
        let (_directory, path, log) = log_of(3);
        drop(log);
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(b"{\"epoch\":4,\"st");
        fs::write(&path, bytes).unwrap();
        let (mut log, records) = MetricsLog::resume(&path, 2).unwrap();
        assert_eq!(records, [record(1), record(2)]);
        log.append(&EpochRecord { loss: 0.5, ..record(3) }).unwrap();
        assert_eq!(read(&path).unwrap(), [record(1), record(2), EpochRecord { loss: 0.5, ..record(3) }]);
    }
}
