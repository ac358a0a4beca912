//! Starts the training while the dashboard is there already: reads the data set and starts the run on a thread of its
//! own. Attends to neither.

use std::{future::pending, sync::Arc, thread};

use color_eyre::eyre::{Context, Result};
use tokio::sync::mpsc;

use crate::{
    fashion::Dataset,
    protocol::Report,
    session::{Link, Reports, RunPlan},
};

/// What becomes ready, one after the other.
pub(super) enum Step {
    Data(Arc<Dataset>),
    Run(Link, Reports),
}

/// Reads the data set and starts the training on a thread of its own, while the screen is there already.
pub(super) fn load(plan: RunPlan) -> Result<mpsc::Receiver<Result<Step>>> {
    let (loaded, steps) = mpsc::channel(2);
    let work = move || {
        // An error means that the person has left.
        let tell = |step| drop(loaded.blocking_send(step));
        match plan.source.load() {
            Ok(data) => {
                let data = Arc::new(data);
                tell(Ok(Step::Data(Arc::clone(&data))));
                tell(Link::train(plan, data, true).map(|(link, reports)| Step::Run(link, reports)));
            }
            Err(error) => tell(Err(error.into())),
        }
    };
    thread::Builder::new().name("data".to_owned()).spawn(work).context("cannot start a thread")?;
    Ok(steps)
}

/// Waits for the next report of a run; if it has not started yet, none comes.
pub(super) async fn next(reports: &mut Option<Reports>) -> Option<Report> {
    match reports {
        Some(reports) => reports.next().await,
        None => pending().await,
    }
}
