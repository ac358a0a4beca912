//! Reports that wait to be said. Whoever says them slowly is behind by what has happened, not by all that could have
//! been seen of it: of batches only the newest waits. Takes reports from nobody.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::protocol::Report;

/// A place for reports to wait in: where they are put in, and where they are taken.
pub(super) fn inbox() -> (InboxDoor, Inbox) {
    let shared = Arc::new(Shared::default());
    (InboxDoor(Arc::clone(&shared)), Inbox(shared))
}

/// Where reports are put in. Dropping it says that there are no more.
pub(super) struct InboxDoor(Arc<Shared>);

/// Where reports are taken.
pub(super) struct Inbox(Arc<Shared>);

#[derive(Default)]
struct Shared {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Default)]
struct Held {
    /// What is still to be said, in its order.
    waiting: VecDeque<Report>,
    is_closed: bool,
}

impl InboxDoor {
    /// Takes a report in, and never waits.
    pub fn put(&self, report: Report) {
        self.0.held().put(report);
        self.0.changed.notify_one();
    }
}

impl Drop for InboxDoor {
    fn drop(&mut self) {
        self.0.held().is_closed = true;
        self.0.changed.notify_one();
    }
}

impl Inbox {
    /// The next report to be said, once there is one; `None`: there are no more.
    pub fn take(&self) -> Option<Report> {
        let is_to_wait = |held: &mut Held| held.waiting.is_empty() && !held.is_closed;
        let held = self.0.changed.wait_while(self.0.held(), is_to_wait);
        held.unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Takes in what there is something to be said of. A newer batch takes the place of one that waits, and so does an
    /// epoch, whose figures say more.
    fn put(&mut self, report: Report) {
        let report = match report {
            Report::Epoch { record, .. } => Report::Epoch { record, predictions: [].into() },
            Report::NotSaved { .. } if self.last(|waits| matches!(waits, Report::NotSaved { .. })) == Some(&report) => {
                return;
            }
            Report::Started(_)
            | Report::Batch(_)
            | Report::NotSaved { .. }
            | Report::Note { .. }
            | Report::Finished
            | Report::Failed { .. }
            | Report::Ended { .. } => report,
            Report::Untrained { .. }
            | Report::Prediction { .. }
            | Report::Attribution(_)
            | Report::Tiles(_)
            | Report::Paused
            | Report::Resumed
            | Report::Paced { .. }
            | Report::Evaluating { .. }
            | Report::Usage(_)
            | Report::Saved { .. }
            | Report::Replaying
            | Report::Silent => return,
        };
        if let Report::Batch(_) | Report::Epoch { .. } = report
            && let Some(older) = self.waiting.iter().rposition(|waits| matches!(waits, Report::Batch(_)))
        {
            self.waiting.remove(older);
        }
        self.waiting.push_back(report);
    }

    fn last(&self, is_meant: impl Fn(&&Report) -> bool) -> Option<&Report> {
        self.waiting.iter().rev().find(is_meant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fashion::CLASSES,
        protocol::{Predictions, samples},
    };

    fn batch(step: u64) -> Report {
        Report::Batch(samples::batch(step))
    }

    fn epoch() -> Report {
        Report::Epoch { record: samples::record(1), predictions: [].into() }
    }

    fn note(text: &str) -> Report {
        Report::Note { text: text.to_owned() }
    }

    fn told(reports: impl IntoIterator<Item = Report>) -> Vec<Report> {
        let (door, inbox) = inbox();
        reports.into_iter().for_each(|report| door.put(report));
        drop(door);
        std::iter::from_fn(|| inbox.take()).collect()
    }

    #[test]
    fn of_batches_that_wait_only_the_newest_is_told() {
        assert_eq!(told((1..=4096).map(batch)), [batch(4096)]);
        let apart = [batch(1), note("a"), batch(2), note("b"), batch(3), note("c")];
        assert_eq!(told(apart), [note("a"), note("b"), batch(3), note("c")]);
    }

    #[test]
    fn an_epoch_that_waits_is_told_without_its_batches() {
        let epochs = (1..=samples::EPOCH).map(batch).chain([epoch()]);
        assert_eq!(told(epochs.clone()), [epoch()]);
        let next = batch(samples::EPOCH + 1);
        assert_eq!(told(epochs.chain([next.clone()])), [epoch(), next]);
    }

    #[test]
    fn what_nothing_is_said_of_does_not_wait_and_neither_do_predictions_nor_the_same_failure_again() {
        let not_saved = Report::NotSaved { reason: "not saved: the disk is full".to_owned() };
        let predictions: Predictions = [[0.1; CLASSES]; 2].into();
        let whole = Report::Epoch { record: samples::record(1), predictions: predictions.clone() };
        let silent = [Report::Paused, Report::Resumed, Report::Evaluating { epoch: 1 }, Report::Saved { step: 1 }];
        let all = silent.into_iter().chain([not_saved.clone(), whole, not_saved.clone()]);
        assert_eq!(told(all), [not_saved, epoch()]);
        assert_eq!(std::sync::Arc::strong_count(&predictions), 1);
    }
}
