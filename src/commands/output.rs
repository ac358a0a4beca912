//! What the commands write to, and the exit status that follows from it. Knows no command.

use std::io::{self, Write};

use color_eyre::eyre::{Report, Result, WrapErr, bail};
use rustix::{
    fs::{OFlags, fcntl_getfl},
    stdio,
};

use crate::{cli::Refusal, printable, signals::READER_GONE};

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
pub(super) fn status(written: io::Result<()>, mut out: impl Write) -> Result<u8> {
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(READER_GONE),
        written => written.map(|()| 0).wrap_err("cannot write to standard output"),
    }
}
