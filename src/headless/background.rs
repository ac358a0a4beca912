//! A `fitroom train` that leaves its terminal: once it trains it says where the run is, and nothing after that. Starts
//! no process.

use std::{
    fs::{self, File},
    io::{self, Write},
    sync::mpsc::TryRecvError,
    thread,
    time::Duration,
};

use color_eyre::eyre::{Result, WrapErr};
use rustix::{
    process::{getpgid, getppid, setpgid, setsid},
    stdio,
};

use super::teller::{Teller, warn};
use crate::{
    protocol::Report,
    run::Run,
    session::{Reports, detached::Detached},
};

/// How often to look whether the run has begun.
const RETRY: Duration = Duration::from_millis(5);

/// Says nothing.
pub(super) struct Mute;

impl Teller for Mute {
    fn tell(&mut self, _: &Report) -> io::Result<()> {
        Ok(())
    }
}

/// Leaves the session of the terminal that the program was started from: what happens to that is of no concern any
/// more. Signals are listened to by now.
pub(super) fn leave_the_session() {
    // Who leads a group of its own, in which no terminal's signal came until now, cannot leave the session.
    let _ = getpgid(getppid()).and_then(|group| setpgid(None, Some(group)));
    // An error means that the program leads a session of its own already, or that the terminal's session is gone.
    let _ = setsid();
    // Started by way of /proc/self/exe it would be called `exe` where processes are listed. Other systems have no such
    // file.
    let _ = fs::write("/proc/self/comm", "fitroom");
}

/// Waits until the run trains and others find it, and says so, with all that there was to be said before; a run that
/// has failed by then is left to the caller. Returns what was reported meanwhile.
pub(super) fn begin(run: &Run, reports: &mut Reports) -> Result<Vec<Report>> {
    let mut told = Vec::new();
    let (mut trains, mut is_over) = (false, false);
    let is_there = || Run::open(run.directory()).is_ok();
    while !(is_over || (trains && is_there())) {
        match reports.try_next() {
            Ok(Report::Note { text }) => warn(&text),
            Ok(report) => {
                trains |= matches!(report, Report::Untrained { .. } | Report::Batch(_));
                is_over = matches!(
                    report,
                    Report::NotSaved { .. } | Report::Finished | Report::Failed { .. } | Report::Ended { .. }
                );
                told.push(report);
            }
            Err(TryRecvError::Empty) => thread::sleep(RETRY),
            Err(TryRecvError::Disconnected) => is_over = true,
        }
    }
    if !told.iter().any(|report| matches!(report, Report::Failed { .. })) {
        for report in &told {
            if let Report::NotSaved { reason } = report {
                warn(reason);
            }
        }
        announce(run);
        let_go_of_the_terminal()?;
    }
    Ok(told)
}

/// Says to whoever started the program what it trains.
fn announce(run: &Run) {
    let mut line = serde_json::to_string(&Detached::this(run)).expect("plain data under fixed names is JSON");
    line.push('\n');
    let mut out = io::stdout();
    // An error means that nobody listens any more, as where the terminal has gone meanwhile. The run is not for them.
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

fn let_go_of_the_terminal() -> Result<()> {
    let nowhere = File::options().read(true).write(true).open("/dev/null").wrap_err("cannot open /dev/null")?;
    stdio::dup2_stdin(&nowhere)
        .and_then(|()| stdio::dup2_stdout(&nowhere))
        .and_then(|()| stdio::dup2_stderr(&nowhere))
        .wrap_err("cannot let go of the terminal")
}
