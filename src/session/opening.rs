//! What a dashboard is opened on: a run to train, or one to look at.

use std::sync::Arc;

use color_eyre::eyre::Result;

use super::{hub::Reports, link::Link, plan::RunPlan, watching::Watching};
use crate::{fashion::Dataset, run::Runs};

/// What a dashboard is opened on.
#[derive(Clone, Debug)]
pub enum Opening {
    /// A run to train in this process.
    Train(RunPlan),
    /// A run that another process trains, or nobody.
    Watch(Watching),
}

impl Opening {
    /// Reads the images.
    ///
    /// # Errors
    /// When a file of them cannot be read.
    pub fn load(&self) -> Result<Dataset> {
        match self {
            Self::Train(plan) => plan.load(),
            Self::Watch(watching) => Ok(watching.run.load(&watching.source)?),
        }
    }

    /// Where runs are kept.
    #[must_use]
    pub fn runs(&self) -> &Runs {
        match self {
            Self::Train(plan) => &plan.runs,
            Self::Watch(watching) => &watching.runs,
        }
    }

    /// Begins, with every prediction that a dashboard shows.
    ///
    /// # Errors
    /// As [`Link::train`] and [`Link::watch`].
    pub fn begin(self, dataset: Arc<Dataset>) -> Result<(Link, Reports)> {
        match self {
            Self::Train(plan) => Link::train(plan, dataset, true),
            Self::Watch(watching) => Link::watch(watching, dataset),
        }
    }
}
