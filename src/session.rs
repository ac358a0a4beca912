//! A run that trains, as those see it who look on: a [`Link`] that takes commands, and [`Reports`]. Begins a run or goes
//! on with one, hands its reports around, and writes them on a thread of its own. Knows neither screens nor lines of text.
//!
//! ```text
//! Link ── Command ──> hub (looks merged) ──> trainer's thread
//! Reports <── mailbox <── hub <── Report ── relay ──┘   │ reports, checkpoints
//!                          └─ saved, not saved ── recorder's thread ──> the run's directory
//! ```

mod directory;
mod hub;
mod link;
mod local;
mod meter;
mod plan;
mod record;
mod relay;

pub use self::{hub::Reports, link::Link, plan::RunPlan};
