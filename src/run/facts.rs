//! `run.json`: what a run is and how far it came. Knows neither its directory nor who trains it.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::holder::Holder;
use crate::{
    fashion::{Class, Dataset, Source, Split},
    protocol::{EpochRecord, Usage},
    settings::Settings,
};

/// What `run.json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// How the run stands, by its own account.
    #[serde(flatten)]
    pub state: RunState,
    /// Epochs that are trained and evaluated.
    pub epochs_done: u32,
    /// The epoch with the highest accuracy on the test images.
    pub best: Option<Best>,
    /// What of it is on the disk: the last checkpoint that was written; `null` before the first.
    #[serde(default)]
    pub kept: Option<Kept>,
    /// When the run was begun.
    pub started: Timestamp,
    /// When it ended; `null` while it trains.
    pub ended: Option<Timestamp>,
    /// Who trains it; `null` when nobody does. One who was killed is named still: see [`super::Lock::is_held`].
    #[serde(default)]
    pub held_by: Option<Holder>,
    /// What the run was asked to do.
    pub settings: Settings,
    /// The device that trains, in words; `null` until it answered.
    pub device: Option<String>,
    /// How busy the device was lately; `null` until it was read.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// Weights and biases of the network; `null` until it stood.
    pub parameters: Option<usize>,
    /// What it learns.
    pub dataset: DatasetFacts,
    /// What trains it.
    pub versions: Versions,
}

impl Facts {
    /// The facts of a run that begins now.
    #[must_use]
    pub fn new(settings: Settings, dataset: DatasetFacts, now: Timestamp) -> Self {
        Self {
            state: RunState::Training,
            epochs_done: 0,
            best: None,
            kept: None,
            started: now,
            ended: None,
            held_by: Some(Holder::this()),
            settings,
            device: None,
            usage: None,
            parameters: None,
            dataset,
            versions: Versions::default(),
        }
    }

    /// Reads what `run.json` says.
    ///
    /// # Errors
    /// When these bytes are none of a run.
    pub fn from_json(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Takes note of the epochs so far, oldest first, in place of those noted before.
    pub fn set_epochs(&mut self, records: &[EpochRecord]) {
        self.epochs_done = 0;
        self.best = None;
        for record in records {
            self.add_epoch(record);
        }
    }

    /// Takes note of one more epoch.
    pub fn add_epoch(&mut self, record: &EpochRecord) {
        self.epochs_done = record.epoch;
        let is_better = self.best.is_none_or(|best| record.val_accuracy > best.val_accuracy);
        if is_better && record.val_accuracy.is_finite() {
            self.best = Some(Best { epoch: record.epoch, val_accuracy: record.val_accuracy });
        }
    }

    /// The run has come to this end.
    pub fn end(&mut self, state: RunState, now: Timestamp) {
        self.state = state;
        self.ended = Some(now);
    }

    /// The epoch that it was in last, from 1.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epochs_done.saturating_add(1).min(self.settings.epochs)
    }

    /// The last epoch on the disk, where later ones are trained that are not: 0 when nothing is.
    #[must_use]
    pub fn saved_no_further_than(&self) -> Option<u32> {
        let saved = self.kept.map_or(0, |kept| kept.epoch);
        (saved < self.epochs_done).then_some(saved)
    }
}

/// How a run stands, by its own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// It trains; or the program was killed and could not say otherwise.
    Training,
    /// All epochs are trained.
    Done,
    /// It was ended before its last epoch.
    Stopped,
    /// It could not go on.
    Failed {
        /// What was found, and what to do.
        reason: String,
    },
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Training => "training",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed { .. } => "failed",
        })
    }
}

/// A run's best epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch, from 1; the first of those with this accuracy.
    pub epoch: u32,
    /// Its accuracy on the test images, 0 to 1.
    pub val_accuracy: f64,
}

/// What a run's checkpoint holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Steps that are trained in it.
    pub step: u64,
    /// Whole epochs among them.
    pub epoch: u32,
}

/// A data set: where it was, and how to know it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetFacts {
    /// Where it was read from.
    #[serde(rename = "directory")]
    pub source: Source,
    /// The names of the ten classes.
    pub classes: Vec<String>,
    /// Images to learn from.
    pub train_images: usize,
    /// Images to measure with.
    pub test_images: usize,
    /// SHA-256, in hexadecimal, of all there is to learn and to measure: the training images' bytes, their classes, a
    /// byte each, the test images' bytes and their classes.
    pub sha256: String,
}

impl DatasetFacts {
    /// The facts of a data set that was read from `source`. Hashes all its images.
    #[must_use]
    pub fn new(dataset: &Dataset, source: &Source) -> Self {
        Self {
            source: source.absolute(),
            classes: Class::all().map(|class| dataset.name(class).to_owned()).collect(),
            train_images: dataset.train.len(),
            test_images: dataset.test.len(),
            sha256: sha256(&[bytes(&dataset.train), bytes(&dataset.test)].concat()),
        }
    }

    /// Whether both have the same images and classes, wherever they come from and whatever the classes are called.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.sha256 == other.sha256 && self.train_images == other.train_images && self.test_images == other.test_images
    }
}

impl fmt::Display for DatasetFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} + {} images)", self.source, self.train_images, self.test_images)
    }
}

/// A split's share of the digest: its images' bytes, then their classes.
fn bytes(split: &Split) -> [Cow<'_, [u8]>; 2] {
    let classes =
        split.classes().iter().map(|class| u8::try_from(class.index()).expect("there are ten classes")).collect();
    [Cow::Borrowed(split.pixels()), Cow::Owned(classes)]
}

fn sha256(parts: &[Cow<'_, [u8]>]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// What trains a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The program's version.
    pub fitroom: String,
}

impl Default for Versions {
    /// This program's.
    fn default() -> Self {
        Self { fitroom: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::protocol::samples;

    pub fn dataset() -> DatasetFacts {
        DatasetFacts {
            source: Source::Embedded,
            classes: (0..10).map(|class| format!("class {class}")).collect(),
            train_images: 60_000,
            test_images: 10_000,
            sha256: "ab".repeat(32),
        }
    }

    pub fn epoch(epoch: u32, val_accuracy: f64) -> EpochRecord {
        EpochRecord { val_accuracy, ..samples::record(epoch) }
    }

    fn facts() -> Facts {
        Facts::new(Settings::default(), dataset(), "2026-11-23T18:31:22.5Z".parse().unwrap())
    }

    #[test]
    fn facts_read_back_as_they_are_written() {
        let mut facts = facts();
        facts.add_epoch(&epoch(1, 0.1 + 0.2));
        for state in [RunState::Done, RunState::Stopped, RunState::Failed { reason: "the loss is NaN".to_owned() }] {
            facts.end(state, "2026-11-23T18:32:00Z".parse().unwrap());
            let text = serde_json::to_string(&facts).unwrap();
            assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
        }
    }

    #[test]
    fn a_directory_reads_back_to_the_last_byte() {
        use std::os::unix::ffi::OsStringExt;
        for bytes in [&b"/data/gr\xf6\xdfe"[..], b"/data", "/größe".as_bytes()] {
            let source = Source::at(std::ffi::OsString::from_vec(bytes.to_vec()).into());
            let dataset = DatasetFacts { source, ..dataset() };
            let text = serde_json::to_string(&dataset).unwrap();
            assert_eq!(serde_json::from_str::<DatasetFacts>(&text).unwrap(), dataset, "{text}");
        }
    }

    #[test]
    fn the_state_comes_first_and_times_are_utc() {
        let text = serde_json::to_string(&facts()).unwrap();
        assert!(text.starts_with(r#"{"state":"training","epochs_done":0,"#), "{text}");
        assert!(text.contains(r#""started":"2026-11-23T18:31:22.5Z","ended":null,"#), "{text}");
        let mut facts = facts();
        facts.end(RunState::Failed { reason: "why".to_owned() }, facts.started);
        let text = serde_json::to_string(&facts).unwrap();
        assert!(text.starts_with(r#"{"state":"failed","reason":"why","#), "{text}");
    }

    #[test]
    fn the_best_epoch_is_the_first_of_the_most_accurate() {
        let mut facts = facts();
        facts.set_epochs(&[epoch(1, f64::NAN), epoch(2, 0.86), epoch(3, 0.88), epoch(4, 0.88), epoch(5, 0.87)]);
        assert_eq!(facts.epochs_done, 5);
        assert_eq!(facts.best, Some(Best { epoch: 3, val_accuracy: 0.88 }));
        facts.set_epochs(&[]);
        assert_eq!((facts.epochs_done, facts.best), (0, None));
    }

    #[test]
    fn a_data_set_is_known_by_its_images_and_not_by_its_place() {
        let elsewhere = DatasetFacts { source: Source::at("/data".into()), classes: Vec::new(), ..dataset() };
        assert!(dataset().is_same(&elsewhere));
        assert!(!dataset().is_same(&DatasetFacts { sha256: "cd".repeat(32), ..dataset() }));
        assert!(!dataset().is_same(&DatasetFacts { train_images: 59_999, test_images: 10_001, ..dataset() }));
    }

    /// The example of FIPS 180-2: the digest of "abc".
    #[test]
    fn the_digest_is_that_of_all_parts_together() {
        let parts = [Cow::Borrowed(&b"a"[..]), Cow::Borrowed(&b"bc"[..])];
        assert_eq!(sha256(&parts), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
