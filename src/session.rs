//! A run, as those see it who look on: a [`Link`] that takes commands, and [`Reports`]. Begins a run or goes on with
//! one, hands its reports around, also to other programs, and writes them on a thread of its own. Knows neither screens
//! nor lines of text.
//!
//! ```text
//! Link ── Command ──> hub (looks merged) ──> trainer's thread
//! Reports <── mailbox <── hub <── Report ── relay ──┘   │ reports, checkpoints
//!                          │  └─ saved, not saved ── recorder's thread ──> the run's directory
//!                          └── door ══ control.sock ══ remote (another process) ── its own hub ──> Link, Reports
//! ```

mod at_end;
pub mod detached;
mod directory;
mod door;
mod environment;
mod hub;
mod link;
mod local;
mod meter;
mod opening;
mod past;
mod plan;
mod record;
mod relay;
mod remote;
mod saved;
mod standing;
mod watched;
mod watching;
mod wire;

use std::time::Instant;

use color_eyre::eyre::Result;

use self::{
    remote::{Connection, NoAnswer},
    wire::Refusal,
};
use crate::run::Run;

pub use self::{
    at_end::AtEnd, hub::Reports, link::Link, opening::Opening, plan::RunPlan, remote::Heard, watching::Watching,
};

/// Whether the training of this run waits for somebody to let it go on; `None` where nobody says so until this `end`,
/// as where the program that trains is suspended.
#[must_use]
pub fn is_paused(run: &Run, end: Instant) -> Option<bool> {
    let connection = Connection::open(run, || Instant::now() < end).ok()??;
    Some(connection.is_paused())
}

/// Asks whoever trains this run to save and end it, and listens until the run is left, but no longer than to `answer`
/// if the training does not end by then, and to `last` if it does. Returns what was heard; `None` where nobody lets
/// anybody in, or nobody answers.
///
/// # Errors
/// When whoever listens cannot be understood.
pub fn ask_to_stop(run: &Run, answer: Instant, last: Instant) -> Result<Option<Heard>> {
    match Connection::open(run, || Instant::now() < answer) {
        Ok(connection) => Ok(connection.map(|connection| connection.stop(answer, last))),
        // There is no room for one more, or the program has no time for who comes in.
        Err(error) if error.is::<Refusal>() || error.is::<NoAnswer>() => Ok(None),
        Err(error) => Err(error),
    }
}
