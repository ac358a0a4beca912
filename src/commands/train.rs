//! `fitroom train --detach`: has a process of its own train a run. Trains nothing itself.

use std::{
    ffi::OsString,
    io::{self, Write},
};

use color_eyre::eyre::Result;

use super::output::status;
use crate::{
    run::Runs,
    session::detached::{Start, start},
};

/// The option that asks for this.
const DETACH: &str = "--detach";

/// Has another process train with these arguments of `fitroom train`, and says how to watch it once it trains. Returns
/// the exit status.
///
/// # Errors
/// When there can be no such process, or `out` fails.
pub fn train_in_the_background(
    arguments: impl IntoIterator<Item = OsString>,
    runs: &Runs,
    mut out: impl Write,
) -> Result<u8> {
    match start(arguments.into_iter().filter(|argument| argument != DETACH))? {
        Start::Refused { status, words } => {
            // If standard error is gone, nobody reads it.
            let _ = write!(io::stderr(), "{words}");
            Ok(status)
        }
        Start::Trains { detached, notes } => {
            let _ = write!(io::stderr(), "{notes}");
            let (run, process) = (&detached.run, detached.process);
            let mut lines = format!("Run {run} trains in the background, in process {process}.\n");
            for (what, command) in detached.commands(runs) {
                lines = format!("{lines}{what:15}{command}\n");
            }
            status(out.write_all(lines.as_bytes()), out)
        }
    }
}
