//! Reports that wait to be said. Whoever says them slowly is behind by what has happened, not by all that could have
//! been seen of it: of batches only the newest waits. Takes reports from nobody.

use std::collections::VecDeque;

use crate::protocol::Report;

/// What is still to be said, in its order.
#[derive(Debug, Default)]
pub(super) struct Inbox(VecDeque<Report>);

impl Inbox {
    /// Takes a report in. A newer batch takes the place of one that waits, and so does an epoch, whose figures say
    /// more.
    pub fn put(&mut self, report: Report) {
        if let Report::Batch(_) | Report::Epoch { .. } = report
            && let Some(older) = self.0.iter().rposition(|waits| matches!(waits, Report::Batch(_)))
        {
            self.0.remove(older);
        }
        self.0.push_back(report);
    }

    /// The next report to be said, if one waits.
    pub fn take(&mut self) -> Option<Report> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::samples;

    fn batch(step: u64) -> Report {
        Report::Batch(samples::batch(step))
    }

    fn epoch() -> Report {
        Report::Epoch { record: samples::record(1), predictions: [].into() }
    }

    fn told(reports: impl IntoIterator<Item = Report>) -> Vec<Report> {
        let mut inbox = Inbox::default();
        reports.into_iter().for_each(|report| inbox.put(report));
        std::iter::from_fn(|| inbox.take()).collect()
    }

    #[test]
    fn of_batches_that_wait_only_the_newest_is_told() {
        assert_eq!(told((1..=4096).map(batch)), [batch(4096)]);
        let apart = [batch(1), Report::Saved { step: 1 }, batch(2), Report::Paused, batch(3), Report::Resumed];
        assert_eq!(told(apart), [Report::Saved { step: 1 }, Report::Paused, batch(3), Report::Resumed]);
    }

    #[test]
    fn an_epoch_that_waits_is_told_without_its_batches() {
        let epochs = (1..=samples::EPOCH).map(batch).chain([Report::Evaluating { epoch: 1 }, epoch()]);
        assert_eq!(told(epochs.clone()), [Report::Evaluating { epoch: 1 }, epoch()]);
        let next = batch(samples::EPOCH + 1);
        assert_eq!(told(epochs.chain([next.clone()])), [Report::Evaluating { epoch: 1 }, epoch(), next]);
    }
}
