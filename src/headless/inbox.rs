//! Reports on their way to an output that may take its time: the training never waits for it, and what is kept meanwhile
//! is no more than an epoch's figures for each epoch.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::protocol::{Batch, Report};

/// What is still to be told.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    reports: VecDeque<Report>,
    /// The newest batch since the last of those.
    batch: Option<Batch>,
    is_closed: bool,
    /// Whether what was last to be kept is not on the disk.
    is_unsaved: bool,
}

impl Inbox {
    /// Takes a report in, as far as it is to be told.
    pub fn put(&self, report: Report) {
        let mut held = self.held();
        match report {
            Report::Batch(batch) => held.batch = Some(batch),
            // The predictions are for the dashboard.
            Report::Epoch { record, .. } => {
                held.batch = None;
                held.reports.push_back(Report::Epoch { record, predictions: Vec::new() });
            }
            Report::Started(_) | Report::Note { .. } | Report::Finished | Report::Failed { .. } => {
                held.reports.push_back(report);
            }
            Report::NotSaved { .. } => {
                held.is_unsaved = true;
                // A disk that stays full is told once until the output has taken that.
                if held.reports.back() != Some(&report) {
                    held.reports.push_back(report);
                }
            }
            Report::Saved { .. } => held.is_unsaved = false,
            _ => return,
        }
        self.changed.notify_one();
    }

    /// Waits for the next report to be told; `None`: there will be none.
    pub fn take(&self) -> Option<Report> {
        let mut held = self.held();
        loop {
            let batch = if held.reports.is_empty() { held.batch.take().map(Report::Batch) } else { None };
            if let Some(report) = batch.or_else(|| held.reports.pop_front()) {
                return Some(report);
            }
            if held.is_closed {
                return None;
            }
            held = self.changed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// There will be no more reports.
    pub fn close(&self) {
        self.held().is_closed = true;
        self.changed.notify_one();
    }

    /// Whether what was last to be kept is not on the disk.
    pub fn is_unsaved(&self) -> bool {
        self.held().is_unsaved
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::samples;

    fn not_saved() -> Report {
        Report::NotSaved { reason: "not saved: the disk is full".to_owned() }
    }

    #[test]
    fn of_batches_that_nobody_takes_the_newest_is_kept() {
        let inbox = Inbox::default();
        (1..=1000).for_each(|step| inbox.put(Report::Batch(samples::batch(step))));
        inbox.put(Report::Paused);
        inbox.close();
        assert_eq!(inbox.take(), Some(Report::Batch(samples::batch(1000))));
        assert_eq!(inbox.take(), None);
    }

    #[test]
    fn the_end_comes_last_and_one_reason_once() {
        let inbox = Inbox::default();
        inbox.put(not_saved());
        inbox.put(not_saved());
        inbox.put(Report::Finished);
        inbox.close();
        assert!(inbox.is_unsaved());
        let told: Vec<Report> = std::iter::from_fn(|| inbox.take()).collect();
        assert_eq!(told, [not_saved(), Report::Finished]);
        inbox.put(Report::Saved { step: 1 });
        assert!(!inbox.is_unsaved());
    }
}
