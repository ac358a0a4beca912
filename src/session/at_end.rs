//! The command that a person wants to be run once a run has ended. Knows nothing of what it does, and waits for it no
//! longer than is good for the terminal.

use std::{
    fs::File,
    io::Write,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::environment::without_options;
use crate::{
    printable::Printable,
    protocol::{EpochRecord, Report},
    run::Run,
};

/// What all variables of the command begin with. No option has a name that leads to one of these.
const PREFIX: &str = "FITROOM_ENDED_";

/// The file in the run's directory that has what the command writes.
const LOG: &str = "on-end.log";

/// How long the program waits for the command when it ends itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// A command for a run's end, which is run once.
#[derive(Clone, Debug)]
pub struct AtEnd(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    command: String,
    /// The run's name and its directory, if it is kept.
    run: Option<(String, PathBuf)>,
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    epochs: u32,
    last: Option<EpochRecord>,
    end: Option<End>,
    /// Whether somebody else goes on with the run.
    goes_on: bool,
    state: State,
}

/// How the training has ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Done,
    Failed(String),
}

/// How far the command is.
#[derive(Debug, Default)]
enum State {
    #[default]
    Waits,
    Runs,
    Ended {
        /// What went wrong, in a sentence.
        failure: Option<String>,
    },
}

impl AtEnd {
    /// This command of a shell for the end of this run, which may be kept nowhere.
    pub(super) fn new(command: String, run: Option<&Run>) -> Self {
        let directory = |run: &Run| std::path::absolute(run.directory()).unwrap_or_else(|_| run.directory().to_owned());
        let run = run.map(|run| (run.shown_name(), directory(run)));
        Self(Arc::new(Shared { command, run, held: Mutex::default(), changed: Condvar::new() }))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the command is to know.
    pub(super) fn follow(&self, report: &Report) {
        let mut held = self.held();
        match report {
            Report::Started(started) => {
                (held.epochs, held.last) = (started.settings.epochs, started.past.last().copied());
            }
            Report::Epoch { record, .. } => held.last = Some(*record),
            Report::Finished => held.end = Some(End::Done),
            Report::Failed { reason } => held.end = Some(End::Failed(reason.clone())),
            _ => {}
        }
    }

    /// The command, as a shell takes it.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.0.command
    }

    /// Another process goes on with the run, which has not ended then.
    pub fn hold_back(&self) {
        self.held().goes_on = true;
    }

    /// No other process goes on with the run.
    pub fn let_go(&self) {
        self.held().goes_on = false;
        self.run(|_| {});
    }

    /// Runs the command, once, and has a thread wait for it. `tell`: takes what went wrong, in a sentence.
    pub(super) fn run(&self, tell: impl FnOnce(&str) + Send + 'static) {
        let mut held = self.held();
        if held.goes_on || !matches!(held.state, State::Waits) {
            return;
        }
        held.state = State::Runs;
        let started = self.start(&held);
        drop(held);
        let this = self.clone();
        let wait = move || {
            let ended = started.and_then(|mut child| child.wait());
            let failure = match ended {
                Ok(status) if status.success() => None,
                Ok(status) => Some(format!("the command of --on-end {}{}", how(status), this.place())),
                Err(error) => Some(format!("the command of --on-end cannot be run: {error}")),
            };
            if let Some(failure) = &failure {
                this.write_down(failure);
                tell(failure);
            }
            this.held().state = State::Ended { failure };
            this.0.changed.notify_all();
        };
        if thread::Builder::new().name("on-end".to_owned()).spawn(wait).is_err() {
            self.held().state = State::Ended { failure: Some("the command of --on-end is not waited for".to_owned()) };
        }
    }

    fn start(&self, held: &Held) -> std::io::Result<Child> {
        let mut command = Command::new("sh");
        without_options(&mut command);
        command.arg("-c").arg(&self.0.command).stdin(Stdio::null());
        // Neither Ctrl-C nor the terminal's end is meant for it.
        command.process_group(0);
        let (state, reason) = match &held.end {
            Some(End::Done) => ("done", ""),
            Some(End::Failed(reason)) => ("failed", &**reason),
            None => ("stopped", ""),
        };
        let mut set = |name: &str, value: String| {
            command.env(format!("{PREFIX}{name}"), value);
        };
        set("STATE", state.to_owned());
        set("REASON", Printable(reason).to_string());
        set("EPOCH", held.last.map_or(0, |last| last.epoch).to_string());
        set("EPOCHS", held.epochs.to_string());
        set("TEST_ACCURACY", held.last.map_or_else(String::new, |last| format!("{:.4}", last.val_accuracy)));
        set("TEST_LOSS", held.last.map_or_else(String::new, |last| format!("{:.4}", last.val_loss)));
        let (name, directory) = self.0.run.clone().unwrap_or_default();
        set("RUN", name);
        command.env(format!("{PREFIX}DIRECTORY"), directory);
        match self.log() {
            Some(log) => command.stdout(log.try_clone()?).stderr(log),
            None => command.stdout(Stdio::null()).stderr(Stdio::null()),
        };
        command.spawn()
    }

    /// The file that has what the command writes, if the run is kept and there is room.
    fn log(&self) -> Option<File> {
        let (_, directory) = self.0.run.as_ref()?;
        File::options().create(true).append(true).open(directory.join(LOG)).ok()
    }

    /// Where what it has written is, in words.
    fn place(&self) -> String {
        let log = self.0.run.as_ref().map(|(_, directory)| directory.join(LOG));
        log.filter(|log| Path::exists(log)).map(|log| format!(": see {}", log.display())).unwrap_or_default()
    }

    fn write_down(&self, failure: &str) {
        if let Some(mut log) = self.log() {
            // Where that fails nobody can be told here.
            let _ = writeln!(log, "fitroom: {}", Printable(failure));
        }
    }

    /// Waits for the command, if it runs, but not for long. Returns what went wrong, in a sentence.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let runs = |held: &mut Held| matches!(held.state, State::Runs);
        let held = self.0.changed.wait_timeout_while(self.held(), PATIENCE, runs);
        let (held, _) = held.unwrap_or_else(PoisonError::into_inner);
        match &held.state {
            State::Ended { failure } => failure.clone(),
            // It goes on without this program.
            State::Waits | State::Runs => None,
        }
    }
}

/// How a command has failed.
fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "failed".to_owned(),
    }
}
