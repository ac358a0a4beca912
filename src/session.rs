//! A training and the directory of its run: begins a run or goes on with one, and writes what its training reports, on a
//! thread of its own. Knows neither screens nor lines of text.

mod directory;
mod local;
mod meter;
mod plan;
mod record;
mod relay;

pub use self::{local::Session, plan::RunPlan};
