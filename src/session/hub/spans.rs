//! The batches of a run in bounded memory: each report while there are few, means over several of them later.

use crate::protocol::Batch;

/// The most spans that are kept; past it, neighbours are merged.
const MOST: usize = 2048;

/// The batches since the training began, oldest first. The newest stays as it was reported.
#[derive(Debug, Default)]
pub(super) struct Spans {
    before: Vec<Batch>,
    newest: Option<Batch>,
    /// How many steps a span stands for at least.
    resolution: u64,
}

impl Spans {
    /// Adds the newest batch.
    pub fn push(&mut self, batch: Batch) {
        let Some(before) = self.newest.replace(batch) else { return };
        match self.before.last_mut() {
            Some(last) if last.steps < self.resolution => *last = last.merged(before),
            _ => self.before.push(before),
        }
        if self.before.len() >= MOST {
            self.resolution = (self.resolution * 2).max(2);
            self.before = self.before.chunks(2).filter_map(|pair| pair.iter().copied().reduce(Batch::merged)).collect();
        }
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Batch> {
        self.before.iter().copied().chain(self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::batch, *};

    #[test]
    fn a_long_run_stays_within_its_memory_loses_no_step_and_keeps_the_newest_batch_as_it_was() {
        let mut spans = Spans::default();
        for step in 1..=100_000 {
            spans.push(batch(1, step));
            assert!(spans.iter().count() <= MOST, "{} spans after step {step}", spans.iter().count());
        }
        assert_eq!(spans.iter().map(|span| span.steps).sum::<u64>(), 100_000);
        assert!(spans.iter().is_sorted_by_key(|span| span.step));
        assert_eq!(spans.iter().last(), Some(batch(1, 100_000)));
    }
}
