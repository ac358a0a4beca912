//! The commands that ask about saved runs: how good they are, what they predict, which there are. Trains nothing.

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
    predict::{AnswerForm, predict},
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
struct SavedRun {
    run: Run,
    facts: Facts,
    checkpoint: Checkpoint,
}

impl SavedRun {
    /// Opens the run that is asked for, or the newest that has a checkpoint.
    fn open(which: &Which) -> Result<Self> {
        let (run, note) = Runs::new(&which.runs).find_kept(which.run.as_deref())?;
        let facts = run.facts()?;
        if !run.check_checkpoint(&facts, "choose another run")? {
            bail!("the run {} has no checkpoint yet: it gets its first one after an epoch", run.shown_name());
        }
        let path = run.checkpoint_path();
        let bytes = files::read(&path)?;
        let checkpoint =
            Checkpoint::from_bytes(&bytes).wrap_err_with(|| format!("cannot use {}", printable::path(&path)))?;
        if let Some(note) = note {
            // If standard error is gone, nobody can be told.
            let _ = writeln!(io::stderr(), "fitroom: {}", Printable(note));
        }
        Ok(Self { run, facts, checkpoint })
    }

    /// Reads the data set that is asked for, or the run's.
    fn dataset(&self, which: &Which) -> Result<Dataset> {
        let source = which.data.clone().map_or_else(|| self.facts.dataset.source.clone(), Source::at);
        Ok(source.load()?)
    }
}

/// Says on standard error what went wrong, in one line, whatever characters a file's name has.
pub fn complain(error: &Report) {
    // After a hang-up standard error is gone too.
    let _ = writeln!(io::stderr(), "fitroom: {}", printable::error(&**error));
}

/// Checks that standard output can be written to. If it was closed before the program started, that cannot be seen: the
/// runtime has opened `/dev/null` in its place.
///
/// # Errors
/// When it is open for reading only: what is written there would be lost without a word.
pub fn check_output() -> Result<()> {
    match fcntl_getfl(stdio::stdout()) {
        Ok(flags) if flags & OFlags::RWMODE != OFlags::RDONLY => Ok(()),
        Ok(_) => bail!("standard output is open for reading only: expected a terminal, a pipe or a file to write to"),
        Err(error) => bail!("standard output cannot be written to ({error}): expected a terminal, a pipe or a file"),
    }
}

/// This text, followed by blanks up to this width in cells.
fn padded(text: &str, cells: usize) -> String {
    let blanks = cells.saturating_sub(width(text));
    format!("{text}{:blanks$}", "")
}

/// This text, preceded by blanks up to this width in cells.
fn to_the_right(text: &str, cells: usize) -> String {
    let blanks = cells.saturating_sub(width(text));
    format!("{:blanks$}{text}", "")
}

/// Prints what is wrong with a command line, or the help or version that it asks for. Returns the exit status: 2, or 0
/// for help and the version.
///
/// # Errors
/// When it cannot be printed.
pub fn refuse(refusal: &Refusal) -> Result<u8> {
    Ok(status(refusal.print(), io::sink())?.max(refusal.status()))
}

/// Prints this. Returns the exit status.
///
/// # Errors
/// When `out` fails.
pub fn print(text: &[u8], mut out: impl Write) -> Result<u8> {
    status(out.write_all(text), out)
}

/// The exit status of a command that has written its answer: 0, or 141 if its reader has gone away.
fn status(written: io::Result<()>, mut out: impl Write) -> Result<u8> {
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(READER_GONE),
        written => written.map(|()| 0).wrap_err("cannot write to standard output"),
    }
}
