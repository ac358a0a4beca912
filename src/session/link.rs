//! A link to a run: all that a screen, or whatever else looks on, has to do with it. A command and a report are plain
//! data, so that it makes no difference where the run trains.

use std::sync::Arc;

use color_eyre::eyre::Result;

use super::{hub::Reports, local::LocalRun, plan::RunPlan};
use crate::{fashion::Dataset, protocol::Command};

/// A link to a run. Dropping it closes it: a run of this process is stopped, and all of it on the disk after that.
#[derive(Debug)]
pub struct Link {
    run: LocalRun,
}

impl Link {
    /// Begins to train in this process. `shows_predictions`: whether who listens shows every test image's prediction, also
    /// those before the first step and after past epochs.
    ///
    /// # Errors
    /// When the run's name is taken, its directory cannot be written, what is to go on does not fit together, or
    /// training cannot start.
    pub fn train(plan: RunPlan, dataset: Arc<Dataset>, shows_predictions: bool) -> Result<(Self, Reports)> {
        let (run, reports) = LocalRun::start(plan, dataset, shows_predictions)?;
        Ok((Self { run }, reports))
    }

    /// Asks something of the run. What comes of it is in the reports.
    pub fn send(&self, command: Command) {
        self.run.send(command);
    }
}
