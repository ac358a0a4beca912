//! Opens the run while the dashboard is there already: reads the data set and starts the run, or finds it, on a thread
//! of its own. Attends to neither.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use color_eyre::eyre::{Context, Result};
use tokio::sync::mpsc;

use crate::{
    fashion::Dataset,
    protocol::Report,
    session::{Link, Opening, Reports},
};

/// What becomes ready, one after the other.
pub(super) enum Step {
    Data(Arc<Dataset>),
    Run(Link, Reports),
}

/// What becomes ready, and the word to begin nothing more.
pub(super) struct Steps {
    ready: mpsc::Receiver<Result<Step>>,
    is_off: Arc<AtomicBool>,
}

impl Steps {
    /// The next thing that is ready; `None`: there is no more.
    pub async fn next(&mut self) -> Option<Result<Step>> {
        self.ready.recv().await
    }

    /// Begins nothing that has not begun. What has may still become ready.
    pub fn call_off(&self) {
        self.is_off.store(true, Ordering::Relaxed);
    }
}

/// Reads the data set and opens the run on a thread of its own, while the screen is there already.
pub(super) fn load(opening: Opening) -> Result<Steps> {
    let (loaded, ready) = mpsc::channel(2);
    let steps = Steps { ready, is_off: Arc::default() };
    let is_off = Arc::clone(&steps.is_off);
    let work = move || {
        // An error means that the person has left.
        let tell = |step| drop(loaded.blocking_send(step));
        match opening.load() {
            Ok(data) => {
                let data = Arc::new(data);
                tell(Ok(Step::Data(Arc::clone(&data))));
                if !is_off.load(Ordering::Relaxed) {
                    tell(opening.begin(data).map(|(link, reports)| Step::Run(link, reports)));
                }
            }
            Err(error) => tell(Err(error)),
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
