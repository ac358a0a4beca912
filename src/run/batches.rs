//! `batches.jsonl`: one line of JSON per span of batches, which say how an epoch goes before it ends. Knows the lines,
//! not what makes them.

use std::{
    io, mem,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    RunError,
    files::{self, Log},
};
use crate::{
    metrics::{MOST_CELLS, Span, Spans},
    protocol::BatchRecord,
};

/// The most lines of a log. When there are more, the curve is written anew, in half as many at the most: so a run of
/// any length has no more than about half a megabyte of them.
const MOST_LINES: usize = 2 * MOST_CELLS as usize;

/// The log of a run's batches, open for writing.
#[derive(Debug)]
pub struct BatchLog {
    log: Log,
    path: PathBuf,
    /// All lines, as they were told: the log may be cut behind any portion, to go on from there.
    lines: Vec<SpanLine>,
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
        Ok(Self { log: Log::create(path)?, path: path.to_owned(), lines: Vec::new(), is_outdated: false })
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
        let log = Self { log: Log::open(path)?, path: path.to_owned(), lines: lines.clone(), is_outdated: false };
        Ok((log, lines))
    }

    /// Writes the lines of these spans. They are of too little worth to wait for the disk.
    ///
    /// # Errors
    /// When the lines cannot be written; then nothing of them is in the file, and they are written with the next ones,
    /// unless too many wait by then.
    pub fn append(&mut self, lines: &[SpanLine]) -> Result<(), RunError> {
        let is_room_for = |count: usize| count + lines.len() <= MOST_LINES;
        if !is_room_for(self.lines.len()) {
            self.is_outdated = true;
            self.lines = curve(mem::take(&mut self.lines));
        }
        let is_room = is_room_for(self.lines.len());
        self.lines.extend(lines);
        if !is_room {
            self.lines = curve(mem::take(&mut self.lines));
        }
        if self.is_outdated {
            return self.write_anew();
        }
        Ok(self.log.append_soon(texts(lines))?)
    }

    fn write_anew(&mut self) -> Result<(), RunError> {
        files::replace(&self.path, &texts(&self.lines))?;
        self.log = Log::open(&self.path)?;
        self.is_outdated = false;
        Ok(())
    }

    /// Writes the lines that could not be written yet, and waits until all are on the disk.
    ///
    /// # Errors
    /// When they still cannot.
    pub fn flush(&mut self) -> Result<(), RunError> {
        if self.is_outdated {
            self.write_anew()?;
        }
        Ok(self.log.flush()?)
    }
}

/// The curve that these lines make, oldest first.
fn curve(lines: Vec<SpanLine>) -> Vec<SpanLine> {
    lines.into_iter().collect::<Spans<SpanLine>>().into_vec()
}

/// The lines of a log, oldest first: the curve in the portions in which it was told. Lines that are none are passed
/// over.
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
    fn step(&self) -> u64 {
        self.record.step
    }

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
            let last = (first + 6).min(steps);
            let lines: Vec<SpanLine> = (first..=last).map(one).collect();
            log.append(&lines).unwrap();
            if first % 700 == 1 {
                let written = read(&path).unwrap();
                assert!(written.len() <= MOST_LINES, "{} lines after step {first}", written.len());
                let expected: Spans<BatchRecord> = (1..=last).map(|step| one(step).record).collect();
                let records: Spans<BatchRecord> = written.iter().map(|line| line.record).collect();
                assert_eq!(records, expected, "after step {last}");
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
