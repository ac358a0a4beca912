//! The batches of a run in bounded memory, for listeners that come late.

use crate::{metrics::Spans, protocol::Batch};

/// The most spans that are kept, the newest batch among them.
const MOST: usize = 2048;

/// The batches since the training began, oldest first. The newest stays as it was reported.
#[derive(Debug)]
pub(super) struct BatchSpans {
    before: Spans<Batch>,
    newest: Option<Batch>,
}

impl Default for BatchSpans {
    fn default() -> Self {
        Self { before: Spans::new(MOST - 1), newest: None }
    }
}

impl BatchSpans {
    /// Adds the newest batch.
    pub fn push(&mut self, batch: Batch) {
        if let Some(before) = self.newest.replace(batch) {
            self.before.push(before);
        }
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Batch> {
        self.before.as_slice().iter().copied().chain(self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::batch, *};

    #[test]
    fn a_long_run_stays_within_its_memory_loses_no_step_and_keeps_the_newest_batch_as_it_was() {
        let mut spans = BatchSpans::default();
        for step in 1..=100_000 {
            spans.push(batch(1, step));
            assert!(spans.iter().count() <= MOST, "{} spans after step {step}", spans.iter().count());
        }
        assert_eq!(spans.iter().map(|span| span.steps).sum::<u64>(), 100_000);
        assert!(spans.iter().is_sorted_by_key(|span| span.step));
        assert_eq!(spans.iter().last(), Some(batch(1, 100_000)));
    }
}
