//! The epochs of a run: the figures of all of them, and every test image's prediction after as many as fit into memory.

use std::sync::{Arc, Weak};

use super::letter::Held;
use crate::protocol::{EpochRecord, Predictions};

/// Bytes that predictions take at the most where they are kept: with 10,000 test images, 167 epochs'.
pub const CAPACITY: usize = 64 << 20;

/// The epochs, oldest first, with two epochs' predictions at the least. Past the capacity predictions are kept of the
/// first epoch, the newest, and between them of every second, every fourth and so on.
#[derive(Debug)]
pub(super) struct Epochs {
    /// Bytes that the predictions take at the most.
    capacity: usize,
    all: Vec<KeptEpoch>,
    /// Of how many of them there are predictions.
    with_predictions: usize,
    /// Epochs from one with predictions to the next.
    stride: u32,
}

#[derive(Debug)]
struct KeptEpoch {
    record: EpochRecord,
    predictions: Option<Arc<Predictions>>,
}

impl Default for Epochs {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Epochs {
    /// No epochs yet; later their predictions take so many bytes at the most.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, all: Vec::new(), with_predictions: 0, stride: 1 }
    }

    /// No epochs again, of which predictions will take as many bytes as of these.
    pub fn emptied(&self) -> Self {
        Self::new(self.capacity)
    }

    /// Adds the newest epoch. What is returned holds its predictions as long as they are kept.
    pub fn push(&mut self, record: EpochRecord, predictions: Predictions) -> Held {
        let last = self.all.len().saturating_sub(1);
        if last > 0 {
            self.drop_unless_in_stride(last);
        }
        let bytes = size_of_val::<[_]>(&predictions);
        let predictions = Arc::new(predictions);
        let held = Arc::downgrade(&predictions);
        self.all.push(KeptEpoch { record, predictions: Some(predictions) });
        self.with_predictions += 1;
        let most = (self.capacity / bytes.max(1)).max(2);
        while self.with_predictions > most {
            self.stride = self.stride.saturating_mul(2);
            (1..self.all.len() - 1).for_each(|index| self.drop_unless_in_stride(index));
        }
        held
    }

    /// All epochs, oldest first, with their predictions as long as these are kept.
    pub fn iter(&self) -> impl Iterator<Item = (EpochRecord, Held)> {
        self.all.iter().map(|KeptEpoch { record, predictions }| {
            (*record, predictions.as_ref().map_or_else(Weak::new, Arc::downgrade))
        })
    }

    fn drop_unless_in_stride(&mut self, index: usize) {
        let epoch = &mut self.all[index];
        if !epoch.record.epoch.is_multiple_of(self.stride) && epoch.predictions.take().is_some() {
            self.with_predictions -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::epoch, *};
    use crate::{fashion::CLASSES, protocol::Probabilities};

    #[test]
    fn a_long_run_keeps_the_figures_of_all_epochs_and_predictions_within_its_memory() {
        let images = 100_000;
        let most = CAPACITY / (images * size_of::<Probabilities>());
        let mut epochs = Epochs::new(CAPACITY);
        for number in 1..=60 {
            let held = epochs.push(epoch(number), vec![[0.1; CLASSES]; images].into());
            assert!(held.upgrade().is_some(), "the newest is kept");
            let kept = epochs.iter().filter(|(_, predictions)| predictions.upgrade().is_some()).count();
            assert!(kept <= most && kept == epochs.with_predictions, "{kept} of {number} epochs");
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
            assert!(epochs.with_predictions <= 2);
        }
    }
}
