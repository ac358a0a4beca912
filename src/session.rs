//! A run, as those see it who look on: a [`Link`] that takes commands, and [`Reports`]. Begins a run or goes on with one,
//! hands its reports around, also to other programs, and writes them on a thread of its own. Knows neither screens nor
//! lines of text.
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
mod plan;
mod record;
mod relay;
mod remote;
mod standing;
mod watching;
mod wire;

pub use self::{hub::Reports, link::Link, opening::Opening, plan::RunPlan, watching::Watching};
