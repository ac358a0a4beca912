//! A link to a run: all that a screen, or whatever else looks on, has to do with it. A command and a report are plain
//! data, so that it makes no difference where the run trains.

use std::sync::Arc;

use color_eyre::eyre::Result;

use super::{at_end::AtEnd, hub::Reports, local::LocalRun, plan::RunPlan, watched::WatchedRun, watching::Watching};
use crate::{fashion::Dataset, protocol::Command, run::Run};

/// A link to a run. Dropping it closes it: a run of this process is stopped, and all of it on the disk after that; a
/// run of another process is left alone.
#[derive(Debug)]
pub struct Link(Linked);

#[derive(Debug)]
enum Linked {
    Local(LocalRun),
    Watched(WatchedRun),
}

impl Link {
    /// Begins to train in this process. `shows_predictions`: whether who listens shows every test image's prediction,
    /// also those before the first step and after past epochs.
    ///
    /// # Errors
    /// When the run's name is taken, its directory cannot be written, what is to go on does not fit together, or
    /// training cannot start.
    pub fn train(plan: RunPlan, dataset: Arc<Dataset>, shows_predictions: bool) -> Result<(Self, Reports)> {
        let (run, reports) = LocalRun::start(plan, dataset, shows_predictions)?;
        Ok((Self(Linked::Local(run)), reports))
    }

    /// Looks on at a run that another process trains, or opens one that nobody trains.
    ///
    /// # Errors
    /// When whoever trains it cannot be reached or understood, or what is left of it cannot be read.
    pub fn watch(watching: Watching, dataset: Arc<Dataset>) -> Result<(Self, Reports)> {
        let (run, reports) = WatchedRun::open(watching, dataset)?;
        Ok((Self(Linked::Watched(run)), reports))
    }

    /// The directory of a run that this process trains, if it is kept.
    #[must_use]
    pub fn own_run(&self) -> Option<&Run> {
        match &self.0 {
            Linked::Local(run) => run.run(),
            Linked::Watched(_) => None,
        }
    }

    /// The command for the end of a run that this process trains.
    #[must_use]
    pub fn at_end(&self) -> Option<AtEnd> {
        match &self.0 {
            Linked::Local(run) => run.at_end(),
            Linked::Watched(_) => None,
        }
    }

    /// Asks something of the run. What comes of it is in the reports.
    pub fn send(&self, command: Command) {
        match &self.0 {
            Linked::Local(run) => run.send(command),
            Linked::Watched(run) => run.send(command),
        }
    }
}
