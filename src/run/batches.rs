//! `batches.jsonl`: one line of JSON per span of batches, which say how an epoch goes before it ends. Knows the lines,
//! not what makes them.

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    RunError,
    files::{self, Log},
};
use crate::{
    metrics::{Span, Spans},
    protocol::BatchRecord,
};

/// The most lines of a log. When there are more, neighbours become one, so that a run of any length has no more than
/// about half a megabyte of them.
const MOST_LINES: usize = 4096;

/// The log of a run's batches, open for writing.
#[derive(Debug)]
pub struct BatchLog {
    log: Log,
    path: PathBuf,
    /// All spans.
    spans: Spans<SpanLine>,
    /// How many of them are in the file, or wait to be.
    written: usize,
    /// Whether the file has others than these.
    is_outdated: bool,
}

/// A line of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanLine {
    /// The figures.
    #[serde(flatten)]
    pub record: BatchRecord,
    /// When they were noted.
    pub time: Timestamp,
}

impl BatchLog {
    /// A log in a new file.
    ///
    /// # Errors
    /// When the file cannot be created, also when it is there already.
    pub fn create(path: &Path) -> Result<Self, RunError> {
        Ok(Self::with(Log::create(path)?, path, &[]))
    }

    fn with(log: Log, path: &Path, lines: &[SpanLine]) -> Self {
        let mut spans = Spans::new(MOST_LINES);
        for line in lines {
            spans.push(*line);
        }
        let is_outdated = spans.as_slice() != lines;
        Self { log, path: path.to_owned(), written: spans.as_slice().len(), spans, is_outdated }
    }

    /// The log in this file, cut to the spans up to `step`, and those. It need not be there yet. A line that is no span
    /// goes: lines are not waited for, so a power cut may leave a hole anywhere, and no run is to end over its curve.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn resume(path: &Path, step: u64) -> Result<(Self, Vec<SpanLine>), RunError> {
        let mut lines = match read(path) {
            Err(error) if error.kind() == Some(io::ErrorKind::NotFound) => Vec::new(),
            lines => lines?,
        };
        lines.retain(|line| line.record.step <= step);
        files::replace(path, &texts(&lines))?;
        Ok((Self::with(Log::open(path)?, path, &lines), lines))
    }

    /// Writes the lines of these spans. They are of too little worth to wait for the disk.
    ///
    /// # Errors
    /// When the lines cannot be written; then nothing of them is in the file, and they are written with the next ones,
    /// unless too many wait by then.
    pub fn append(&mut self, lines: &[SpanLine]) -> Result<(), RunError> {
        let before = self.spans.resolution();
        for line in lines {
            self.spans.push(*line);
        }
        // Else neighbours have become one.
        self.is_outdated |= self.spans.resolution() != before;
        self.write(self.spans.settled().len())
    }

    /// Writes the first so many spans, as far as they are not written.
    fn write(&mut self, count: usize) -> Result<(), RunError> {
        let spans = &self.spans.as_slice()[..count];
        if self.is_outdated {
            files::replace(&self.path, &texts(spans))?;
            self.log = Log::open(&self.path)?;
            self.is_outdated = false;
        } else if let Some(new) = spans.get(self.written..).filter(|new| !new.is_empty()) {
            self.written = count;
            return Ok(self.log.append_soon(texts(new))?);
        }
        self.written = count;
        Ok(())
    }

    /// Writes the lines that could not be written yet, and waits until all are on the disk.
    ///
    /// # Errors
    /// When they still cannot.
    pub fn flush(&mut self) -> Result<(), RunError> {
        let (settled, all) = (self.spans.settled().len(), self.spans.as_slice().len());
        self.write(all)?;
        // The newest span may still grow, if there are more after all.
        self.is_outdated = settled < all;
        Ok(self.log.flush()?)
    }
}

/// The spans of a log, oldest first. Lines that are none are passed over.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<SpanLine>, RunError> {
    Ok(parse(&files::read(path)?))
}

/// As [`read`], of the bytes that such a file has.
#[must_use]
pub fn parse(bytes: &[u8]) -> Vec<SpanLine> {
    // A hole that a power cut left reads as zeros, which no line has.
    let lines = bytes.split(|&byte| byte == b'\n' || byte == 0);
    lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

impl Span for SpanLine {
    fn steps(&self) -> u64 {
        self.record.steps
    }

    fn merged(self, later: Self) -> Self {
        Self { record: self.record.merged(later.record), ..later }
    }
}

fn texts(lines: &[SpanLine]) -> Vec<u8> {
    lines.iter().flat_map(|line| (text(line) + "\n").into_bytes()).collect()
}

fn text(line: &SpanLine) -> String {
    serde_json::to_string(line).expect("numbers and a time under fixed names are JSON")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn line(step: u64) -> SpanLine {
        let record = BatchRecord { epoch: 1, step, steps: 10, loss: 0.1 + 0.2, accuracy: 0.8125 };
        SpanLine { record, time: "2026-11-23T18:31:22.5Z".parse().unwrap() }
    }

    #[test]
    fn a_line_has_the_promised_names_in_order() {
        assert_eq!(
            text(&line(20)),
            "{\"epoch\":1,\"step\":20,\"steps\":10,\"loss\":0.30000000000000004,\"accuracy\":0.8125,\
             \"time\":\"2026-11-23T18:31:22.5Z\"}"
        );
    }

    #[test]
    fn a_resumed_log_forgets_the_later_spans_and_a_torn_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("batches.jsonl");
        let mut log = BatchLog::create(&path).unwrap();
        for step in [10, 20, 30] {
            log.append(&[line(step)]).unwrap();
        }
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(b"{\"epoch\":1,\"st");
        fs::write(&path, bytes).unwrap();
        let (mut log, lines) = BatchLog::resume(&path, 20).unwrap();
        assert_eq!(lines, [line(10), line(20)]);
        log.append(&[line(25)]).unwrap();
        assert_eq!(read(&path).unwrap(), [line(10), line(20), line(25)]);
    }

    #[test]
    fn a_hole_anywhere_in_a_log_costs_no_more_than_the_lines_that_it_is_in() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("batches.jsonl");
        let whole: Vec<u8> = [10, 20, 30].map(|step| text(&line(step)) + "\n").concat().into_bytes();
        let length = whole.len() / 3;
        for start in 0..2 * length {
            let mut bytes = whole.clone();
            bytes[start..start + length].fill(0);
            fs::write(&path, bytes).unwrap();
            let (_, lines) = BatchLog::resume(&path, 30).unwrap();
            assert_eq!(lines.contains(&line(10)), start >= length - 1, "a hole from byte {start}");
            assert_eq!(lines.contains(&line(30)), start <= length, "a hole from byte {start}");
            assert_eq!(read(&path).unwrap(), lines);
        }
    }

    #[test]
    fn the_log_of_a_run_of_any_length_stays_within_its_lines_and_loses_no_step() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("batches.jsonl");
        let mut log = BatchLog::create(&path).unwrap();
        let steps = 5 * MOST_LINES as u64;
        for first in (1..=steps).step_by(7) {
            let lines: Vec<SpanLine> = (first..(first + 7).min(steps + 1)).map(one).collect();
            log.append(&lines).unwrap();
            if first % 700 == 1 {
                let written = read(&path).unwrap();
                assert!(written.len() <= MOST_LINES, "{} lines after step {first}", written.len());
                let missing = first + 6 - written.iter().map(|line| line.record.steps).sum::<u64>();
                assert!(missing < 16, "{missing} steps are not written");
                assert!(written.is_sorted_by_key(|line| line.record.step));
            }
        }
        log.flush().unwrap();
        assert_eq!(read(&path).unwrap().iter().map(|line| line.record.steps).sum::<u64>(), steps);
        // It goes on after that as if nothing had been waited for.
        log.append(&[one(steps + 1), one(steps + 2)]).unwrap();
        log.flush().unwrap();
        assert_eq!(read(&path).unwrap().iter().map(|line| line.record.steps).sum::<u64>(), steps + 2);
    }

    /// A span of one step.
    fn one(step: u64) -> SpanLine {
        SpanLine { record: BatchRecord { steps: 1, ..line(step).record }, ..line(step) }
    }

    #[test]
    fn a_run_of_an_older_fitroom_has_no_log_and_gets_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("batches.jsonl");
        assert!(BatchLog::resume(&path, 20).unwrap().1.is_empty());
        assert!(read(&path).unwrap().is_empty());
    }
}
