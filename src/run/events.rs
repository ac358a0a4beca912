//! TensorBoard event files, with the tags that Keras gives them. Knows what an event holds, not when there is one.
//!
//! Keras writes through TensorFlow 2, whose summaries are tensors, and TensorBoard's `EventAccumulator` lists those as
//! neither scalars nor histograms. These files hold the plain form instead (`simple_value`, `histo`), which that reader
//! lists, and which TensorBoard itself turns into what it makes of Keras's files: the same curves, the same buckets.
//! Field numbers are those of TensorFlow's `event.proto` and `summary.proto`.

mod histogram;
mod message;
mod tfrecord;

use std::path::{Path, PathBuf};

pub use histogram::Histogram;
use jiff::Timestamp;
use message::Message;

use super::{
    Holder, RunError,
    batches::SpanLine,
    files::{self, Log, Worth},
};
use crate::protocol::BatchRecord;

/// The tag of a variable's values (`dense/kernel`), as Keras names those of the first `Sequential` model.
#[must_use]
pub fn histogram_tag(variable: &str) -> String {
    format!("sequential/{variable}/histogram")
}

/// The tags of batches' figures, as Keras writes them with `update_freq`. Their events' step counts steps, not epochs.
pub const BATCH_LOSS: &str = "batch_loss";
/// As [`BATCH_LOSS`].
pub const BATCH_ACCURACY: &str = "batch_accuracy";
/// How both begin, and no other tag.
const BATCH_TAG: &[u8] = b"batch_";

/// An event file, open for writing.
#[derive(Debug)]
pub struct EventFile(Log);

impl EventFile {
    /// A new event file in this directory, which is made if it is not there. `number` counts a program's event files
    /// from 0, as their names have it. Events from `step` on that the directory's other files hold are of the past: a
    /// TensorBoard that has read them drops them.
    ///
    /// # Errors
    /// When the directory cannot be read or the file not be written.
    pub fn create(directory: &Path, number: u32, step: u64, now: Timestamp) -> Result<Self, RunError> {
        files::create_directories(directory)?;
        // Readers take the files in the order of their names: a new one comes last, also when the clock was set back.
        let latest = event_files(directory)?.iter().filter_map(|file| seconds_of(file)).max();
        let seconds = now.as_second().max(latest.map_or(0, |latest| latest + 1));
        let name = format!("events.out.tfevents.{seconds:010}.{}.{}.{number}.v2", host_name(), std::process::id());
        let mut file = Self(Log::create(&directory.join(name))?);
        let mut records = record(event(now, 0).bytes(FILE_VERSION, b"brain.Event:2"));
        records.extend(record(session_start(step, now)));
        file.0.append(records, Worth::Needed)?;
        Ok(file)
    }

    /// Writes a value of each of these tags and waits until they are on the disk.
    ///
    /// # Errors
    /// When they cannot be written; then none of them is in the file, and they are written with the next ones.
    pub fn scalars(&mut self, step: u64, now: Timestamp, values: &[(&str, f64)]) -> Result<(), RunError> {
        let records: Vec<u8> = values.iter().flat_map(|(tag, value)| record(scalar(step, now, tag, *value))).collect();
        Ok(self.0.append(records, Worth::Needed)?)
    }

    /// Writes the figures of these spans of batches. They are of too little worth to wait for the disk.
    ///
    /// # Errors
    /// When they cannot be written; then none of them is in the file, and they are written with the next ones,
    /// unless too many wait by then.
    pub fn batches(&mut self, lines: &[SpanLine]) -> Result<(), RunError> {
        let of = |line: &SpanLine| {
            let BatchRecord { step, loss, accuracy, .. } = line.record;
            [(BATCH_LOSS, loss), (BATCH_ACCURACY, accuracy)]
                .map(|(tag, value)| record(scalar(step, line.time, tag, value)))
        };
        Ok(self.0.append_soon(lines.iter().flat_map(of).flatten().collect())?)
    }

    /// Writes a histogram of each of these tags' values and waits until they are on the disk.
    ///
    /// # Errors
    /// When they cannot be written; then none of them is in the file, and they are written with the next ones,
    /// unless too many wait by then.
    pub fn histograms(&mut self, step: u64, now: Timestamp, values: &[(String, Vec<f32>)]) -> Result<(), RunError> {
        let records: Vec<u8> =
            values.iter().flat_map(|(tag, values)| record(histogram(step, now, tag, &Histogram::of(values)))).collect();
        Ok(self.0.append(records, Worth::Spare)?)
    }

    /// Writes the events that could not be written yet, and waits until all are on the disk.
    ///
    /// # Errors
    /// When they still cannot.
    pub fn flush(&mut self) -> Result<(), RunError> {
        Ok(self.0.flush()?)
    }
}

/// Cuts the event files of a directory to the events of the steps before `step`, for a run that goes on from there.
/// What a killed writer left of a last event goes too, as does a file that holds no other event. No directory, no
/// events.
///
/// Events of batches all go, to be written again after the start of the next file: with it a TensorBoard drops what it
/// has read of `step` and later ones, and theirs, which count otherwise, among them.
///
/// # Errors
/// When a file cannot be read or written.
pub fn keep_before(directory: &Path, step: u64) -> Result<(), RunError> {
    if !directory.exists() {
        return Ok(());
    }
    for path in event_files(directory)? {
        let bytes = files::read(&path)?;
        let mut rest = &bytes[..];
        let mut kept = Vec::new();
        let mut has_events = false;
        while let Some(data) = tfrecord::take(&mut rest) {
            match step_of_summary(data) {
                Some((at, is_batches)) if is_batches || at >= step => continue,
                Some(_) => has_events = true,
                None => {}
            }
            tfrecord::append(&mut kept, data);
        }
        if !has_events {
            files::remove(&path)?;
        } else if kept.len() < bytes.len() {
            files::replace(&path, &kept)?;
        }
    }
    Ok(())
}

// Fields of an event.
const WALL_TIME: u64 = 1;
const STEP: u64 = 2;
const FILE_VERSION: u64 = 3;
const SUMMARY: u64 = 5;
const SESSION_LOG: u64 = 7;

fn event(now: Timestamp, step: u64) -> Message {
    Message::default().double(WALL_TIME, now.as_duration().as_secs_f64()).integer(STEP, step)
}

/// The run begins at this step. A reader drops what it has read of this step and later ones, but TensorBoard does so
/// only from the second such event on, so the first file of a run has one too.
fn session_start(step: u64, now: Timestamp) -> Message {
    event(now, step).message(SESSION_LOG, &Message::default().integer(1, 1))
}

fn scalar(step: u64, now: Timestamp, tag: &str, value: f64) -> Message {
    #[expect(clippy::cast_possible_truncation, reason = "the format holds a scalar in 32 bits")]
    let value = value as f32;
    summary(step, now, &Message::default().bytes(1, tag.as_bytes()).chosen_float(2, value))
}

fn histogram(step: u64, now: Timestamp, tag: &str, histogram: &Histogram) -> Message {
    let values = Message::default()
        .double(1, histogram.min)
        .double(2, histogram.max)
        .double(3, histogram.count)
        .double(4, histogram.sum)
        .double(5, histogram.sum_squares)
        .doubles(6, &histogram.limits)
        .doubles(7, &histogram.counts);
    summary(step, now, &Message::default().bytes(1, tag.as_bytes()).message(5, &values))
}

fn summary(step: u64, now: Timestamp, value: &Message) -> Message {
    event(now, step).message(SUMMARY, &Message::default().message(1, value))
}

fn record(event: Message) -> Vec<u8> {
    let mut record = Vec::new();
    tfrecord::append(&mut record, &event.into_bytes());
    record
}

/// The step of an event that holds a summary, and whether it is one of batches.
fn step_of_summary(mut event: &[u8]) -> Option<(u64, bool)> {
    let mut step = 0;
    let mut summary = None;
    while let Some(field) = message::take_field(&mut event) {
        match field.number {
            STEP => step = field.integer?,
            SUMMARY => summary = Some(field.bytes),
            _ => {}
        }
    }
    // A summary's first value, and that one's tag.
    let value = message::take_field(&mut summary?).filter(|field| field.number == 1);
    let tag = value.and_then(|mut value| message::take_field(&mut value.bytes)).filter(|field| field.number == 1);
    Some((step, tag.is_some_and(|tag| tag.bytes.starts_with(BATCH_TAG))))
}

/// The files of a directory that TensorBoard takes for event files, oldest first.
fn event_files(directory: &Path) -> Result<Vec<PathBuf>, RunError> {
    let mut names = files::names_in(directory)?;
    names.retain(|name| name.to_string_lossy().contains("tfevents"));
    names.sort();
    Ok(names.into_iter().map(|name| directory.join(name)).collect())
}

/// When an event file was begun, as its name has it.
fn seconds_of(path: &Path) -> Option<i64> {
    path.file_name()?.to_str()?.strip_prefix("events.out.tfevents.")?.split('.').next()?.parse().ok()
}

/// This machine's name, in letters that a file's name can have.
fn host_name() -> String {
    let name: String = Holder::this()
        .host
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' })
        .collect();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// 2026-11-23T18:31:22.5Z: 1795458682.5 seconds.
    fn now() -> Timestamp {
        "2026-11-23T18:31:22.5Z".parse().unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
            .collect()
    }

    /// Steps of the summaries of all event files of a directory, in a reader's order.
    fn steps(directory: &Path) -> Vec<u64> {
        let mut steps = Vec::new();
        for path in event_files(directory).unwrap() {
            let bytes = fs::read(&path).unwrap();
            let mut rest = &bytes[..];
            while let Some(data) = tfrecord::take(&mut rest) {
                steps.extend(step_of_summary(data).map(|(step, _)| step));
            }
            assert!(rest.is_empty(), "{} has a torn end", path.display());
        }
        steps
    }

    fn write(directory: &Path, steps: std::ops::Range<u64>) -> EventFile {
        let mut file = EventFile::create(directory, 0, steps.start, now()).unwrap();
        for step in steps {
            file.scalars(step, now(), &[("epoch_loss", 0.5)]).unwrap();
            file.histograms(step, now(), &[(histogram_tag("dense/bias"), vec![0.0, 1.0])]).unwrap();
        }
        file
    }

    // The expected bytes are those that Google's protobuf library and TensorBoard's own writer make of the same values.

    #[test]
    fn a_file_begins_with_its_version_and_the_session_s_start() {
        let version = record(event(now(), 0).bytes(FILE_VERSION, b"brain.Event:2"));
        assert_eq!(hex(&version), "1800000000000000a37f4b22090000a09e21c1da411a0d627261696e2e4576656e743a3232009f98");
        let directory = tempfile::tempdir().unwrap();
        EventFile::create(directory.path(), 0, 2, now()).unwrap();
        let bytes = fs::read(&event_files(directory.path()).unwrap()[0]).unwrap();
        assert_eq!(bytes, [version, record(session_start(2, now()))].concat());
    }

    #[test]
    fn a_scalar_is_an_event_with_a_simple_value() {
        assert_eq!(
            hex(&scalar(0, now(), "epoch_loss", 0.5).into_bytes()),
            "090000a09e21c1da412a130a110a0a65706f63685f6c6f7373150000003f"
        );
    }

    #[test]
    fn a_histogram_is_an_event_with_edges_and_counts() {
        let values = Histogram {
            min: -1.0,
            max: 1.0,
            count: 3.0,
            sum: -1.0,
            sum_squares: 3.0,
            limits: vec![0.0, 1.0],
            counts: vec![2.0, 1.0],
        };
        assert_eq!(
            hex(&histogram(300, now(), "k/histogram", &values).into_bytes()),
            "090000a09e21c1da4110ac022a620a600a0b6b2f686973746f6772616d2a5109000000000000f0bf11000000000000f03f\
             19000000000000084021000000000000f0bf29000000000000084032100000000000000000000000000000f03f\
             3a100000000000000040000000000000f03f"
        );
    }

    #[test]
    fn a_session_s_start_is_an_event_with_its_step() {
        assert_eq!(hex(&session_start(3, now()).into_bytes()), "090000a09e21c1da4110033a020801");
    }

    #[test]
    fn tags_are_those_of_keras() {
        assert_eq!(histogram_tag("dense/kernel"), "sequential/dense/kernel/histogram");
        assert_eq!(histogram_tag("dense_2/bias"), "sequential/dense_2/bias/histogram");
    }

    #[test]
    fn a_file_s_name_has_the_time_the_host_and_the_process() {
        let directory = tempfile::tempdir().unwrap();
        EventFile::create(directory.path(), 1, 0, now()).unwrap();
        let name = files::names_in(directory.path()).unwrap().remove(0).into_string().unwrap();
        assert!(name.starts_with("events.out.tfevents.1795458682."), "{name}");
        assert!(name.ends_with(&format!(".{}.1.v2", std::process::id())), "{name}");
    }

    #[test]
    fn a_later_file_comes_last_also_when_the_clock_was_set_back() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), 0..2);
        let yesterday = "2026-11-22T18:31:22Z".parse().unwrap();
        EventFile::create(directory.path(), 0, 2, yesterday).unwrap().scalars(2, yesterday, &[("a", 0.0)]).unwrap();
        assert_eq!(steps(directory.path()), [0, 0, 1, 1, 2]);
    }

    #[test]
    fn a_run_that_goes_on_has_every_step_once() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), 0..4);
        keep_before(directory.path(), 2).unwrap();
        assert_eq!(steps(directory.path()), [0, 0, 1, 1]);
        write(directory.path(), 2..4);
        assert_eq!(steps(directory.path()), [0, 0, 1, 1, 2, 2, 3, 3]);
    }

    #[test]
    fn events_of_batches_go_whatever_their_step() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = write(directory.path(), 0..1);
        let record = BatchRecord { epoch: 1, step: 0, steps: 1, loss: 0.5, accuracy: 0.25 };
        file.batches(&[
            SpanLine { record, time: now() },
            SpanLine { record: BatchRecord { step: 90, ..record }, time: now() },
        ])
        .unwrap();
        assert_eq!(steps(directory.path()), [0, 0, 0, 0, 90, 90]);
        keep_before(directory.path(), 1).unwrap();
        assert_eq!(steps(directory.path()), [0, 0]);
    }

    #[test]
    fn a_torn_event_goes_and_the_events_before_it_stay() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), 0..2);
        let path = event_files(directory.path()).unwrap().remove(0);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        keep_before(directory.path(), 2).unwrap();
        assert_eq!(steps(directory.path()), [0, 0, 1]);
    }

    #[test]
    fn a_run_that_begins_again_has_no_events() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), 0..2);
        fs::write(directory.path().join("notes"), "mine").unwrap();
        keep_before(directory.path(), 0).unwrap();
        assert_eq!(files::names_in(directory.path()).unwrap(), ["notes"]);
        keep_before(&directory.path().join("none"), 0).unwrap();
    }
}
