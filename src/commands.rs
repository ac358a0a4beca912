//! What can be asked of runs that are kept: how good they are, what they take images for, which there are. Trains
//! nothing.

mod evaluate;
mod listing;
mod paint;
mod predict;

use std::io::{self, Write};

use color_eyre::eyre::{Report, Result, WrapErr, bail};
use rustix::{
    fs::{OFlags, fcntl_getfl},
    stdio,
};

pub use self::{
    evaluate::evaluate,
    listing::list,
    predict::{Form, predict},
};
use crate::{
    cli::{Refusal, Which},
    engine::Checkpoint,
    fashion::{Dataset, Source},
    printable::{self, Printable},
    run::{Facts, Run, Runs, files},
    signals::READER_GONE,
    view::width,
};

/// A run with its last checkpoint.
struct KeptRun {
    run: Run,
    facts: Facts,
    checkpoint: Checkpoint,
}

impl KeptRun {
    /// The run that is asked for, or the newest that has a checkpoint.
    fn open(which: &Which) -> Result<Self> {
        let (run, note) = Runs::new(&which.runs).find_kept(which.run.as_deref())?;
        let facts = run.facts()?;
        if !run.check_checkpoint(&facts, "take another run")? {
            bail!("the run {} has no checkpoint yet: it gets its first one after an epoch", run.shown_name());
        }
        let path = run.checkpoint_path();
        let bytes = files::read(&path)?;
        let checkpoint =
            Checkpoint::from_bytes(&bytes).wrap_err_with(|| format!("cannot use {}", printable::path(&path)))?;
        if let Some(note) = note {
            // Where standard error is gone there is nobody to tell.
            let _ = writeln!(io::stderr(), "fitroom: {}", Printable(note));
        }
        Ok(Self { run, facts, checkpoint })
    }

    /// The data set that is asked for, or the run's.
    fn dataset(&self, which: &Which) -> Result<Dataset> {
        let source = which.data.clone().map_or_else(|| self.facts.dataset.source.clone(), Source::at);
        Ok(source.load()?)
    }
}

/// Tells on standard error what went wrong, in one line, whatever is in the name of a file.
pub fn complain(error: &Report) {
    // After a hang-up standard error is gone too.
    let _ = writeln!(io::stderr(), "fitroom: {}", printable::error(&**error));
}

/// Whether standard output takes what is written to it. One that was closed before the program began cannot be told from
/// one that is thrown away: the runtime opens `/dev/null` in its place.
///
/// # Errors
/// When it is open for reading only: then what is written there would be lost without a word.
pub fn check_output() -> Result<()> {
    match fcntl_getfl(stdio::stdout()) {
        Ok(flags) if flags & OFlags::RWMODE != OFlags::RDONLY => Ok(()),
        Ok(_) => bail!("standard output is open for reading only: expected a terminal, a pipe or a file to write to"),
        Err(error) => bail!("standard output cannot be written to ({error}): expected a terminal, a pipe or a file"),
    }
}

/// This text with blanks behind it, as many cells wide.
fn padded(text: &str, cells: usize) -> String {
    let blanks = cells.saturating_sub(width(text));
    format!("{text}{:blanks$}", "")
}

/// This text with blanks before it, as many cells wide.
fn to_the_right(text: &str, cells: usize) -> String {
    let blanks = cells.saturating_sub(width(text));
    format!("{:blanks$}{text}", "")
}

/// Tells why a command line is none to obey. Returns the exit status: 2, or 0 for help and the version.
///
/// # Errors
/// When that cannot be told.
pub fn refuse(refusal: &Refusal) -> Result<u8> {
    Ok(status(refusal.tell(), io::sink())?.max(refusal.status()))
}

/// Writes what is ready to be written. Returns the exit status.
///
/// # Errors
/// When `out` fails.
pub fn print(text: &[u8], mut out: impl Write) -> Result<u8> {
    status(out.write_all(text), out)
}

/// The exit status of a command that wrote its answer: 0, or 141 when its reader went away.
fn status(written: io::Result<()>, mut out: impl Write) -> Result<u8> {
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(READER_GONE),
        written => written.map(|()| 0).wrap_err("cannot write to standard output"),
    }
}
