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

pub mod detached;
mod directory;
mod door;
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

use color_eyre::eyre::Result;

use self::{remote::Connection, wire::Refusal};
use crate::{protocol::Command, run::Run};

pub use self::{hub::Reports, link::Link, opening::Opening, plan::RunPlan, watching::Watching};

/// Asks whoever trains this run to save and end it, and waits until the run is left or nothing more is heard of it.
/// Returns whether anybody listens.
///
/// # Errors
/// When whoever listens cannot be understood.
pub fn ask_to_stop(run: &Run) -> Result<bool> {
    match Connection::open(run) {
        Ok(Some(connection)) => Ok(connection.send_and_wait(&Command::Stop).is_ok()),
        Ok(None) => Ok(false),
        // There is no room for one more.
        Err(error) if error.is::<Refusal>() => Ok(false),
        Err(error) => Err(error),
    }
}
