//! A report on its way to a listener. It does not hold the predictions that come with it, which are large: the hub's
//! memory does.

use std::sync::Weak;

use crate::protocol::{Batch, EpochRecord, Predictions, Report};

/// Predictions as long as the hub keeps them. What holds them is one more allocation away: a weak pointer to the
/// numbers themselves would keep their memory.
pub(super) type Held = Weak<Predictions>;

/// A report that waits.
#[derive(Clone, Debug)]
pub(super) enum Letter {
    /// As it is.
    Plain(Report),
    /// An epoch, with its predictions as long as the hub keeps them.
    Epoch { record: EpochRecord, predictions: Held },
    /// The predictions before the first step, likewise.
    Untrained { step: u64, predictions: Held },
}

impl From<Report> for Letter {
    fn from(report: Report) -> Self {
        Self::Plain(report)
    }
}

impl Letter {
    /// The report that it is.
    pub fn open(self) -> Report {
        match self {
            Self::Plain(report) => report,
            Self::Epoch { record, predictions } => Report::Epoch { record, predictions: taken(&predictions) },
            Self::Untrained { step, predictions } => Report::Untrained { step, predictions: taken(&predictions) },
        }
    }

    /// The report, unless predictions come with it.
    pub fn plain(&self) -> Option<&Report> {
        if let Self::Plain(report) = self { Some(report) } else { None }
    }

    /// The batch, if it is one.
    pub fn batch(&mut self) -> Option<&mut Batch> {
        if let Self::Plain(Report::Batch(batch)) = self { Some(batch) } else { None }
    }
}

/// The predictions, as long as they are kept; else none.
fn taken(predictions: &Held) -> Predictions {
    predictions.upgrade().map(|held| Predictions::clone(&held)).unwrap_or_default()
}
