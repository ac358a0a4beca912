//! Reads the data set and begins to train, on a thread of its own.

use std::{sync::Arc, thread};

use color_eyre::eyre::{Context, Result};
use tokio::sync::mpsc;

use crate::{
    fashion::Dataset,
    session::{Link, Reports, RunPlan},
};

/// What is ready, one after the other.
pub(super) enum Ready {
    Data(Arc<Dataset>),
    Run(Link, Reports),
}

/// Reads the data set and begins to train on a thread of its own, so that the screen is there meanwhile.
pub(super) fn load(plan: RunPlan) -> Result<mpsc::Receiver<Result<Ready>>> {
    let (loaded, steps) = mpsc::channel(2);
    let work = move || {
        // An error means that the person has left.
        let tell = |step| drop(loaded.blocking_send(step));
        match plan.source.load() {
            Ok(data) => {
                let data = Arc::new(data);
                tell(Ok(Ready::Data(Arc::clone(&data))));
                tell(Link::train(plan, data, true).map(|(link, reports)| Ready::Run(link, reports)));
            }
            Err(error) => tell(Err(error.into())),
        }
    };
    thread::Builder::new().name("data".to_owned()).spawn(work).context("cannot start a thread")?;
    Ok(steps)
}
