//! A `fitroom train` that leaves its terminal: it says where the run is, and nothing after that. Starts no process.

use std::{
    fs::File,
    io::{self, Write},
    process,
};

use color_eyre::eyre::{Result, WrapErr};
use rustix::{process::setsid, stdio};

use super::teller::Teller;
use crate::{protocol::Report, run::Run, session::detached::Detached};

/// Says nothing.
pub(super) struct Mute;

impl Teller for Mute {
    fn tell(&mut self, _: &Report) -> io::Result<()> {
        Ok(())
    }
}

/// Leaves the session of the terminal that the program was started from: what happens to that is of no concern any
/// more.
pub(super) fn leave_the_session() {
    // An error means that the program leads a session of its own already.
    let _ = setsid();
}

/// Says to whoever started the program what it trains, and lets go of all that it was given to say it.
pub(super) fn announce(run: &Run) -> Result<()> {
    let directory = run.directory().to_owned();
    let detached = Detached { run: run.shown_name(), directory, process: process::id() };
    let mut line = serde_json::to_string(&detached).expect("plain data under fixed names is JSON");
    line.push('\n');
    let mut out = io::stdout();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).wrap_err("cannot write to standard output")?;
    let nowhere = File::options().read(true).write(true).open("/dev/null").wrap_err("cannot open /dev/null")?;
    stdio::dup2_stdin(&nowhere)
        .and_then(|()| stdio::dup2_stdout(&nowhere))
        .and_then(|()| stdio::dup2_stderr(&nowhere))
        .wrap_err("cannot let go of the terminal")
}
