//! `predictions/`: what the network made of every test image, before its first step and after each epoch; a file an
//! epoch, in bounded space. Knows the files, not what makes them.

use std::{collections::BTreeSet, ffi::OsStr, io, path::PathBuf};

use super::{
    RunError,
    files::{self, FileError},
    npy::{self, NpyError},
};
use crate::{
    fashion::CLASSES,
    metrics::thinning::{CAPACITY, Thinning, most_within},
    protocol::{Predictions, Probabilities},
};

/// The predictions that a run's directory has, to be read. Others may write there meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPredictions {
    directory: PathBuf,
}

impl KeptPredictions {
    /// Those in this directory, which need not be there.
    #[must_use]
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// After which epochs there are predictions, 0 for those before the first step; oldest first. A run of an older
    /// fitroom has none.
    ///
    /// # Errors
    /// When the directory is there and cannot be read.
    pub fn epochs(&self) -> Result<BTreeSet<u32>, RunError> {
        match files::names_in(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            names => Ok(names?.iter().filter_map(|name| epoch_of(name)).collect()),
        }
    }

    /// The predictions after this epoch, in the test images' order. `None` if there are none, or if a power cut left
    /// only a part of them.
    ///
    /// # Errors
    /// When the file cannot be read, or is none of predictions.
    pub fn read(&self, epoch: u32) -> Result<Option<Predictions>, RunError> {
        let path = self.path(epoch);
        let bytes = match files::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        match npy::parse(&bytes) {
            Ok(predictions) if predictions.iter().any(is_hole) => Ok(None),
            Ok(predictions) => Ok(Some(predictions)),
            Err(NpyError::Truncated { .. }) => Ok(None),
            Err(NpyError::Magic { found }) if found.iter().all(|byte| *byte == 0) => Ok(None),
            Err(cause) => Err(RunError::Predictions { path, cause }),
        }
    }

    fn path(&self, epoch: u32) -> PathBuf {
        self.directory.join(name_of(epoch))
    }
}

/// Whether a power cut left zeros in the place of a row. Probabilities sum to 1, or are no numbers.
fn is_hole(row: &Probabilities) -> bool {
    row.map(f32::to_bits) == [0; CLASSES]
}

fn name_of(epoch: u32) -> String {
    format!("epoch-{epoch:04}.npy")
}

/// The epoch of a file with this name.
fn epoch_of(name: &OsStr) -> Option<u32> {
    let name = name.to_str()?;
    let epoch = name.strip_prefix("epoch-")?.strip_suffix(".npy")?.parse().ok()?;
    (name_of(epoch) == name).then_some(epoch)
}

/// Writes the predictions of a run's epochs, and drops those that no longer fit.
///
/// No file is waited for until it is on the disk: that takes a busy disk 10 ms, where an epoch may take 80, and whoever
/// has the checkpoint can do without. A file is in its place as a whole, except after a power cut; then it reads as if
/// it were not there.
#[derive(Debug)]
pub struct PredictionStore {
    files: KeptPredictions,
    /// Bytes that they take at the most, but for two epochs'.
    capacity: usize,
    /// The epochs whose files are there.
    epochs: BTreeSet<u32>,
}

impl PredictionStore {
    /// A store in a new directory.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(directory: PathBuf) -> Result<Self, RunError> {
        files::create_directories(&directory)?;
        Ok(Self { files: KeptPredictions::at(directory), capacity: CAPACITY, epochs: BTreeSet::new() })
    }

    /// The store of a run that goes on with so many epochs trained, `None` for one that begins again: what is later is
    /// removed, and what a killed program left. A run of an older fitroom gets one.
    ///
    /// # Errors
    /// When the directory cannot be read or written.
    pub fn resume(directory: PathBuf, epochs: Option<u32>) -> Result<Self, RunError> {
        let mut store = Self::create(directory)?;
        files::remove_leftovers(&store.files.directory)?;
        store.epochs = store.files.epochs()?;
        store.remove_unless(|epoch| epochs.is_some_and(|newest| epoch <= newest))?;
        Ok(store)
    }

    /// Writes the predictions after the newest epoch, 0 for those before the first step. There are none of no images.
    ///
    /// # Errors
    /// When they cannot be written, or others that have to go cannot be removed. Nothing of them is there then, or all
    /// of them; those of later epochs can be written.
    pub fn keep(&mut self, epoch: u32, predictions: &[Probabilities]) -> Result<(), RunError> {
        if predictions.is_empty() {
            return Ok(());
        }
        let bytes = npy::to_bytes(predictions);
        self.write(epoch, &bytes)?;
        self.epochs.insert(epoch);
        // One fewer than there is room for: for a moment the newest is there and those that have to go.
        let most = most_within(self.capacity.saturating_sub(bytes.len()), bytes.len());
        let thinning = Thinning::new(self.epochs.first().copied().unwrap_or(epoch), epoch, most);
        self.remove_unless(|epoch| thinning.keeps(epoch))
    }

    /// As [`PredictionStore::keep`], unless they are there already and whole.
    ///
    /// # Errors
    /// As [`PredictionStore::keep`].
    pub fn make_good(&mut self, epoch: u32, predictions: &[Probabilities]) -> Result<(), RunError> {
        match self.files.read(epoch) {
            Ok(Some(_)) => Ok(()),
            _ => self.keep(epoch, predictions),
        }
    }

    /// A directory that somebody removed meanwhile is put back.
    fn write(&self, epoch: u32, bytes: &[u8]) -> Result<(), FileError> {
        let path = self.files.path(epoch);
        match files::replace_soon(&path, bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                files::create_directory(&self.files.directory)?;
                files::replace_soon(&path, bytes)
            }
            written => written,
        }
    }

    /// Removes the files of the other epochs. One that cannot be removed keeps none of the others from it.
    fn remove_unless(&mut self, stays: impl Fn(u32) -> bool) -> Result<(), RunError> {
        let mut removed = Ok(());
        let files = &self.files;
        self.epochs.retain(|&epoch| {
            stays(epoch)
                || match files::remove(&files.path(epoch)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        removed = Err(error);
                        true
                    }
                    _ => false,
                }
        });
        Ok(removed?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Every image's probabilities after this epoch.
    fn after(epoch: u32, images: usize) -> Vec<Probabilities> {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let probability = 1.0 / (epoch + 1) as f32;
        vec![[probability; CLASSES]; images]
    }

    fn names_in(files: &KeptPredictions) -> Vec<String> {
        let names = files::names_in(&files.directory).unwrap();
        let mut names: Vec<String> = names.into_iter().map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn size(files: &KeptPredictions) -> u64 {
        fs::read_dir(&files.directory).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
    }

    #[test]
    fn what_is_kept_of_each_epoch_reads_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("predictions");
        let files = KeptPredictions::at(path.clone());
        assert!(files.epochs().unwrap().is_empty() && files.read(0).unwrap().is_none());
        let mut store = PredictionStore::create(path).unwrap();
        for epoch in [0, 1, 2, 12_345] {
            store.keep(epoch, &after(epoch, 7)).unwrap();
        }
        assert_eq!(names_in(&files), ["epoch-0000.npy", "epoch-0001.npy", "epoch-0002.npy", "epoch-12345.npy"]);
        assert_eq!(files.epochs().unwrap(), [0, 1, 2, 12_345].into());
        assert_eq!(*files.read(12_345).unwrap().unwrap(), *after(12_345, 7));
        assert!(files.read(3).unwrap().is_none());
    }

    #[test]
    fn a_run_of_400_epochs_stays_within_its_bound_and_keeps_the_first_and_the_newest() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = PredictionStore::create(directory.path().to_owned()).unwrap();
        let file = npy::to_bytes(&after(0, 3)).len();
        store.capacity = 20 * file + 10;
        for epoch in 0..=400 {
            store.keep(epoch, &after(epoch, 3)).unwrap();
            // Also while the newest lies beside those that have to go.
            assert!(size(&store.files) + file as u64 <= store.capacity as u64 || epoch < 19, "epoch {epoch}");
            assert!(store.files.read(epoch).unwrap().is_some() && store.files.read(0).unwrap().is_some());
            assert_eq!(store.files.epochs().unwrap(), store.epochs);
        }
        assert_eq!(store.epochs, (0..=400).step_by(32).chain([400]).collect());
    }

    #[test]
    fn two_epochs_are_kept_however_large_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = PredictionStore::create(directory.path().to_owned()).unwrap();
        store.capacity = 0;
        (0..5).for_each(|epoch| store.keep(epoch, &after(epoch, 2)).unwrap());
        assert_eq!(store.files.epochs().unwrap(), [0, 4].into());
    }

    #[test]
    fn a_store_that_goes_on_forgets_what_is_later_and_ends_as_one_that_was_never_interrupted() {
        let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let small = |store: PredictionStore| PredictionStore { capacity: 2000, ..store };
        let mut store = small(PredictionStore::create(whole.path().to_owned()).unwrap());
        (0..=60).for_each(|epoch| store.keep(epoch, &after(epoch, 3)).unwrap());
        let mut other = small(PredictionStore::create(killed.path().to_owned()).unwrap());
        (0..=40).for_each(|epoch| other.keep(epoch, &after(epoch + 1, 3)).unwrap());
        // It goes on from its beginning, and from then on only two more times.
        let mut other = small(PredictionStore::resume(killed.path().to_owned(), None).unwrap());
        assert!(names_in(&other.files).is_empty());
        (0..=37).for_each(|epoch| other.keep(epoch, &after(epoch, 3)).unwrap());
        fs::write(killed.path().join(".fitroom-1-2.tmp"), "half").unwrap();
        let mut other = small(PredictionStore::resume(killed.path().to_owned(), Some(35)).unwrap());
        assert!(other.epochs.iter().all(|epoch| *epoch <= 35) && other.epochs.len() > 3);
        other.make_good(35, &after(35, 3)).unwrap();
        (36..=60).for_each(|epoch| other.keep(epoch, &after(epoch, 3)).unwrap());
        let contents = |files: &KeptPredictions| -> Vec<(String, Vec<u8>)> {
            let names = names_in(files).into_iter();
            names.map(|name| (name.clone(), fs::read(files.directory.join(name)).unwrap())).collect()
        };
        assert_eq!(contents(&other.files), contents(&store.files));
    }

    #[test]
    fn what_a_power_cut_left_of_a_file_reads_as_if_it_were_not_there_and_is_made_good() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = PredictionStore::create(directory.path().to_owned()).unwrap();
        store.keep(3, &after(3, 200)).unwrap();
        let path = store.files.path(3);
        let whole = fs::read(&path).unwrap();
        let hole = |range: std::ops::Range<usize>| {
            let mut bytes = whole.clone();
            bytes[range].fill(0);
            bytes
        };
        let torn = [Vec::new(), whole[..5].to_vec(), whole[..4096].to_vec(), hole(0..512), hole(4096..8128)];
        for (number, bytes) in torn.into_iter().enumerate() {
            fs::write(&path, bytes).unwrap();
            assert!(store.files.read(3).unwrap().is_none(), "{number}");
            store.make_good(3, &after(3, 200)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn a_file_of_something_else_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let files = KeptPredictions::at(directory.path().to_owned());
        fs::write(files.path(1), "GIF89a").unwrap();
        let error = files.read(1).unwrap_err().to_string();
        let expected = format!(
            r#"{} is not what fitroom writes: it begins with "GIF89a", expected "\x93NUMPY"; remove it"#,
            files.path(1).display()
        );
        assert_eq!(error, expected);
        for name in
            ["epoch-1.npy", "epoch-00001.npy", "epoch-+001.npy", "epoch-0001.npy.bak", "notes", "epoch-99999999999.npy"]
        {
            fs::write(directory.path().join(name), "").unwrap();
        }
        assert_eq!(files.epochs().unwrap(), [1].into());
    }

    #[test]
    fn an_epoch_that_cannot_be_written_leaves_nothing_and_later_ones_are_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("predictions");
        let mut store = PredictionStore::create(path.clone()).unwrap();
        store.keep(0, &after(0, 2)).unwrap();
        fs::create_dir(store.files.path(1)).unwrap();
        let error = store.keep(1, &after(1, 2)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write {}: ", store.files.path(1).display())), "{error}");
        fs::remove_dir(store.files.path(1)).unwrap();
        assert_eq!(names_in(&store.files), ["epoch-0000.npy"]);
        store.keep(2, &after(2, 2)).unwrap();
        // Somebody makes room.
        fs::remove_dir_all(&path).unwrap();
        store.keep(3, &after(3, 2)).unwrap();
        assert_eq!(names_in(&store.files), ["epoch-0003.npy"]);
    }
}
