//! Where a person stands: how far the run is, what lies over the panes, which images, how many of them at once. Plain data.

use crate::protocol::OtherRun;

/// How far the run is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The data set is read, the device is opened.
    Loading,
    /// Batches are trained.
    Training,
    /// Training waits for the person.
    Paused,
    /// The test images are predicted after an epoch.
    Evaluating,
    /// All epochs are trained.
    Done,
    /// Training ended early.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
}

/// What lies over the panes and takes the keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The help.
    Help {
        /// Its page, from 0.
        page: usize,
    },
    /// An index is typed; this much of it.
    Prompt(String),
    /// A run is chosen, to be compared with.
    Runs(Choice),
}

/// The runs that can be compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// Those that there are, newest first; `None` while they are read.
    pub runs: Option<Vec<OtherRun>>,
    /// The chosen row: 0 is none of them, and then they follow.
    pub row: usize,
}

/// Which images the gallery shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Half {
    /// Those that the network is measured with.
    #[default]
    Test,
    /// Those that it learns from.
    Train,
}

/// How much of something the terminal holds at once. The state knows no terminal, so it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Side by side; at least 1.
    pub columns: usize,
    /// One below the other; at least 1.
    pub rows: usize,
    /// The largest picture that fits; 0 is half of the usual size, which is 1.
    pub largest: u16,
    /// Pages that the help has; at least 1.
    pub help: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { columns: 10, rows: 10, largest: 1, help: 1 }
    }
}

impl Page {
    /// How many fit.
    #[must_use]
    pub fn count(&self) -> usize {
        self.columns * self.rows
    }

    /// The first place of the page that this place is on.
    #[must_use]
    pub fn start(&self, place: usize) -> usize {
        place / self.count() * self.count()
    }
}
