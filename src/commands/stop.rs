//! `fitroom stop`: saves and ends a run that another program trains. Ends none of its own.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use rustix::process::{Pid, Signal, kill_process};

use super::output::status;
use crate::{
    cli::Which,
    printable,
    run::{Facts, Holder, Run, Runs, Status, command, standing},
    session,
};

/// How long a run may take to be saved.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often to look whether it is.
const RETRY: Duration = Duration::from_millis(20);

/// Saves and ends the run that is asked for, or the newest that trains, and says how far it came. Returns the exit
/// status.
///
/// # Errors
/// When no such run trains, it cannot be reached, or does not end.
pub fn stop(which: &Which, mut out: impl Write) -> Result<u8> {
    let runs = Runs::new(&which.runs);
    let run = match &which.run {
        Some(asked) => runs.find(Some(asked))?,
        None => newest_that_trains(&runs)?,
    };
    let facts = run.facts()?;
    if run.status(&facts) != Status::Training {
        let name = run.shown_name();
        bail!("the run {name} does not train now: {}", standing(&facts, &run.status(&facts)));
    }
    if !session::ask_to_stop(&run)? {
        ask_the_process(&run, &facts)?;
    }
    let facts = wait_for_the_end(&run)?;
    let (name, epochs) = (run.shown_name(), facts.settings.epochs);
    let ended = match run.status(&facts) {
        Status::Done => format!("Run {name} is done: all {epochs} epochs are trained."),
        _ => format!("Run {name} is stopped and saved, with {} of {epochs} epochs done.", facts.epochs_done),
    };
    let next = command("fitroom --resume", &name, &runs).filter(|_| run.status(&facts) != Status::Done);
    let next = next.map(|command| format!(" Continue with: {command}")).unwrap_or_default();
    let written = writeln!(out, "{ended}{next}");
    status(written, out)
}

fn newest_that_trains(runs: &Runs) -> Result<Run> {
    let listed = runs.list()?.into_iter();
    let mut training = listed.filter(|listed| matches!(&listed.facts, Ok((_, Status::Training))));
    let newest = training.next().map(|listed| listed.run);
    newest.ok_or_else(|| eyre!("no run in {} trains now", printable::path(runs.root())))
}

/// Sends the process that trains it the signal to end, where nobody opens its door.
fn ask_the_process(run: &Run, facts: &Facts) -> Result<()> {
    let name = run.shown_name();
    let Some(holder) = &facts.held_by else { bail!("the run {name} does not say which process trains it") };
    if holder.host != Holder::this().host {
        bail!("the run {name} is trained by {holder}: stop it there");
    }
    let process = i32::try_from(holder.process).ok().and_then(Pid::from_raw);
    let process = process.ok_or_else(|| eyre!("{holder}, which is to train the run {name}, cannot be"))?;
    kill_process(process, Signal::TERM).wrap_err_with(|| format!("cannot stop {holder}, which trains the run {name}"))
}

/// Waits until nobody holds the run, and returns what it is then.
fn wait_for_the_end(run: &Run) -> Result<Facts> {
    let start = Instant::now();
    loop {
        let facts = run.facts()?;
        if run.status(&facts) != Status::Training {
            return Ok(facts);
        }
        if start.elapsed() > PATIENCE {
            let name = run.shown_name();
            bail!("the run {name} was asked to stop {} seconds ago, and still trains", PATIENCE.as_secs());
        }
        thread::sleep(RETRY);
    }
}
