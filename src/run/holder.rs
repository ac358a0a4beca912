//! A program that trains a run, as `run.json` names it. Holds nothing itself: that is for `lock`.

use std::{fmt, fs, path::Path, process};

use rustix::system::uname;
use serde::{Deserialize, Serialize};

/// A program that trains a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub process: u32,
    /// The machine that it runs on.
    pub host: String,
}

impl Holder {
    /// This program.
    #[must_use]
    pub fn this() -> Self {
        Self { process: process::id(), host: uname().nodename().to_string_lossy().into_owned() }
    }

    /// Who wrote that it trains the run in this directory, and did not take it back.
    pub(super) fn of(directory: &Path) -> Option<Self> {
        /// All that is asked of a `run.json` here.
        #[derive(Deserialize)]
        struct HeldBy {
            held_by: Option<Holder>,
        }
        let facts = fs::read(directory.join("run.json")).ok()?;
        serde_json::from_slice::<HeldBy>(&facts).ok()?.held_by
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.process, self.host)
    }
}
