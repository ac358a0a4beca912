//! The epochs of a run: the figures of all of them, and every test image's prediction after as many as fit into memory.

use std::sync::{Arc, Weak};

use super::letter::Held;
use crate::{
    metrics::thinning::{Thinning, most_within},
    protocol::{EpochRecord, Predictions},
};

/// The epochs, oldest first, with the predictions of those that [`Thinning`] keeps.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    /// Bytes that the predictions take at the most, but for two epochs'.
    capacity: usize,
    all: Vec<KeptEpoch>,
    /// Which of them there are predictions of, by index, oldest first.
    with_predictions: Vec<usize>,
}

#[derive(Debug)]
struct KeptEpoch {
    record: EpochRecord,
    predictions: Option<Arc<Predictions>>,
}

impl Epochs {
    /// No epochs yet; later their predictions take so many bytes at the most.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// No epochs again, of which predictions will take as many bytes as of these.
    pub fn emptied(&self) -> Self {
        Self::new(self.capacity)
    }

    /// Adds the newest epoch. What is returned holds its predictions as long as they are kept.
    pub fn push(&mut self, record: EpochRecord, predictions: Predictions) -> Held {
        let most = most_within(self.capacity, size_of_val::<[_]>(&predictions));
        let predictions = Arc::new(predictions);
        let held = Arc::downgrade(&predictions);
        self.with_predictions.push(self.all.len());
        self.all.push(KeptEpoch { record, predictions: Some(predictions) });
        let thinning = Thinning::new(self.all[0].record.epoch, record.epoch, most);
        self.with_predictions.retain(|&index| {
            let epoch = &mut self.all[index];
            let stays = thinning.keeps(epoch.record.epoch);
            if !stays {
                epoch.predictions = None;
            }
            stays
        });
        held
    }

    /// All epochs, oldest first, with their predictions as long as these are kept.
    pub fn iter(&self) -> impl Iterator<Item = (EpochRecord, Held)> {
        self.all.iter().map(|KeptEpoch { record, predictions }| {
            (*record, predictions.as_ref().map_or_else(Weak::new, Arc::downgrade))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::epoch, *};
    use crate::{fashion::CLASSES, metrics::thinning::CAPACITY, protocol::Probabilities};

    #[test]
    fn a_long_run_keeps_the_figures_of_all_epochs_and_predictions_within_its_memory() {
        let images = 100_000;
        let most = CAPACITY / (images * size_of::<Probabilities>());
        let mut epochs = Epochs::new(CAPACITY);
        for number in 1..=60 {
            let held = epochs.push(epoch(number), vec![[0.1; CLASSES]; images].into());
            assert!(held.upgrade().is_some(), "the newest is kept");
            let kept = epochs.iter().filter(|(_, predictions)| predictions.upgrade().is_some()).count();
            assert!(kept <= most && kept == epochs.with_predictions.len(), "{kept} of {number} epochs");
        }
        assert_eq!(epochs.iter().count(), 60);
        let kept = epochs.iter().filter(|(_, predictions)| predictions.upgrade().is_some());
        let kept: Vec<u32> = kept.map(|(record, _)| record.epoch).collect();
        let expected: Vec<u32> = [1].into_iter().chain((4..=60).step_by(4)).collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn one_epoch_may_take_more_than_the_memory() {
        let mut epochs = Epochs::new(CAPACITY);
        for number in 1..=4 {
            let held =
                epochs.push(epoch(number), vec![[0.1; CLASSES]; CAPACITY / size_of::<Probabilities>() + 1].into());
            assert!(held.upgrade().is_some());
            assert!(epochs.with_predictions.len() <= 2);
        }
    }
}
