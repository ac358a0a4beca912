//! A run that trains in a process of its own, without a terminal: starts that process, and waits until it trains or
//! says why it does not. What that process does is `headless`'s business.

use std::{
    ffi::OsString,
    io::{self, BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{ChildStderr, ChildStdout, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use color_eyre::eyre::{Result, WrapErr, bail};
use serde::{Deserialize, Serialize};

use super::environment::without_options;
use crate::{
    json,
    run::{Run, Runs, command},
};

/// The option of a `fitroom train` that leaves the terminal once it trains.
pub const BACKGROUND: &str = "--background";

/// How long a process may take to go on with a run: to read the data set, to open the device, to predict every image.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the process says once it trains, as a line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detached {
    /// The run's name.
    pub run: String,
    /// Its directory.
    #[serde(with = "json::path")]
    pub directory: PathBuf,
    /// The process.
    pub process: u32,
    /// Whether it lets others look on.
    pub can_be_watched: bool,
}

impl Detached {
    /// What can be done about it, in words, each with the command for it.
    pub fn commands(&self, runs: &Runs) -> impl Iterator<Item = (&'static str, String)> {
        let watch = self.can_be_watched.then_some(("Watch it with:", "fitroom watch"));
        let commands = watch.into_iter().chain([("Stop it with:", "fitroom stop")]);
        commands.filter_map(|(what, how)| Some((what, command(how, &self.run, runs)?)))
    }

    /// This process, with the run that it trains.
    #[must_use]
    pub fn this(run: &Run) -> Self {
        Self {
            run: run.shown_name(),
            directory: run.directory().to_owned(),
            process: std::process::id(),
            can_be_watched: run.has_socket(),
        }
    }
}

/// What came of starting it.
#[derive(Debug)]
pub enum Start {
    /// It trains.
    Trains {
        /// What it is.
        detached: Detached,
        /// What it had to say before, line by line.
        notes: String,
    },
    /// It has ended already.
    Refused {
        /// With this exit status.
        status: u8,
        /// For this reason, as it wrote it.
        words: String,
    },
}

/// Starts `fitroom train` with these arguments in a process of its own.
///
/// # Errors
/// When there can be no such process, or it says something else than expected.
pub fn start(arguments: impl IntoIterator<Item = OsString>) -> Result<Start> {
    spawn(program().arg("train").args(arguments).arg(BACKGROUND).env_remove("FITROOM_DETACH"), Duration::MAX)
}

/// Lets a process of its own go on with this run, which nobody trains any longer, as it was begun. `at_end`: what a
/// shell is to run once it has ended.
///
/// # Errors
/// As [`start`], and when it does not train in time: then it is ended.
pub fn hand_over(run: &Run, save_every: Option<Duration>, at_end: Option<&str>) -> Result<Start> {
    let mut command = program();
    // What was asked for in this environment or in a file is in the run by now, but for the instructions.
    without_options(&mut command);
    // A name alone would be looked for in the directory of all runs.
    let directory = std::path::absolute(run.directory()).wrap_err("cannot name the run's directory")?;
    let seconds = save_every.map_or_else(|| "off".to_owned(), |every| every.as_secs_f64().to_string());
    command.arg("train").arg("--resume").arg(directory).arg("--save-every").arg(seconds).arg(BACKGROUND);
    command.args(["--config", "none"]);
    if let Some(at_end) = at_end {
        command.arg("--on-end").arg(at_end);
    }
    spawn(&mut command, PATIENCE)
}

/// This program, whatever has become of its file.
fn program() -> Command {
    let path = if cfg!(target_os = "linux") { Some("/proc/self/exe".into()) } else { std::env::current_exe().ok() };
    let mut command = Command::new(path.unwrap_or_else(|| "fitroom".into()));
    command.arg0("fitroom");
    command
}

/// Starts the process, and waits this long for it to say that it trains, or why it does not.
fn spawn(command: &mut Command, patience: Duration) -> Result<Start> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What the terminal sends to this program, such as Ctrl-C or that it is gone, is not for that process, which needs
    // some time before it can leave the terminal's session.
    command.process_group(0);
    let mut child = command.spawn().wrap_err("cannot start a process for the run")?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (sender, heard) = channel();
    // An error means that nobody waits any longer.
    let listen = move || drop(sender.send(hear(out, err)));
    thread::Builder::new().name("listener".to_owned()).spawn(listen).wrap_err("cannot start a thread")?;
    let (said, mut words) = match heard.recv_timeout(patience) {
        Ok(heard) => heard.wrap_err("cannot hear from the run's process")?,
        Err(RecvTimeoutError::Timeout) => {
            // It has not begun, and nobody is to be surprised by what it does later.
            let _ = child.kill();
            let _ = child.wait();
            bail!("process {} has not begun to train within {} seconds, and was ended", child.id(), patience.as_secs());
        }
        Err(RecvTimeoutError::Disconnected) => bail!("nobody hears what the run's process says: a bug in fitroom"),
    };
    if said.is_empty() {
        let status = child.wait().wrap_err("cannot wait for the run's process")?;
        if words.trim().is_empty() {
            words = format!("fitroom: its process ended without a word: {status}\n");
        }
        let status = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        return Ok(Start::Refused { status, words });
    }
    let detached = serde_json::from_str(&said).wrap_err("the run's process says something else than expected")?;
    Ok(Start::Trains { detached, notes: words })
}

/// The line that a process says, if it says one, and then all that it has written besides: that ends where the process
/// leaves the terminal, or ends.
fn hear(out: Option<ChildStdout>, err: Option<ChildStderr>) -> io::Result<(String, String)> {
    let (mut said, mut words) = (String::new(), String::new());
    if let Some(out) = out {
        BufReader::new(out).read_line(&mut said)?;
    }
    if let Some(mut err) = err {
        err.read_to_string(&mut words)?;
    }
    Ok((said, words))
}
