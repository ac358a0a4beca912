//! `fitroom stop`: saves and ends a run that another program trains. Ends none of its own.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::{Result, bail, eyre};

use super::{output::status, trainer::Trainer};
use crate::{
    cli::Which,
    printable::{self, Printable},
    run::{Facts, Run, Runs, Status, command, standing},
    session,
};

/// How long a run may take to be ended and saved.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the program that trains it may take to end the training, before it is sent a signal.
const ANSWER: Duration = Duration::from_secs(15);

/// How often to look whether it is.
const RETRY: Duration = Duration::from_millis(20);

/// Saves and ends the run that is asked for, or the newest that trains, and says how far it came. Returns the exit
/// status.
///
/// # Errors
/// When no such run trains, it cannot be reached, does not end, or not all of it is saved.
pub fn stop(which: &Which, mut out: impl Write) -> Result<u8> {
    let start = Instant::now();
    let runs = Runs::new(&which.runs);
    let run = match &which.run {
        Some(asked) => runs.find(Some(asked))?,
        None => {
            runs.newest_that_trains()?.ok_or_else(|| eyre!("no run in {} trains now", printable::path(runs.root())))?
        }
    };
    let (runs, facts) = (runs.around(&run), run.facts()?);
    let name = run.shown_name();
    if run.status(&facts) != Status::Training {
        bail!("the run {name} does not train now: {}", standing(&facts, &run.status(&facts)));
    }
    let heard = session::ask_to_stop(&run, start + ANSWER, start + PATIENCE)?.unwrap_or_default();
    if !heard.ends {
        Trainer::of(&run)?.map_or(Ok(()), Trainer::ask_to_end)?;
    }
    let facts = wait_for_the_end(&run, start)?;
    let status_now = run.status(&facts);
    let epochs = facts.settings.epochs;
    let next = command("fitroom --resume", &name, &runs).filter(|_| status_now != Status::Done);
    let next = next.map(|command| format!(" Continue with: {command}")).unwrap_or_default();
    let ended = match &status_now {
        Status::Done => format!("Run {name} is done: all {epochs} epochs are trained."),
        Status::Stopped if heard.unsaved.is_none() && facts.saved_no_further_than().is_none() => {
            format!("Run {name} is stopped and saved, with {} of {epochs} epochs done.", facts.epochs_done)
        }
        _ => bail!("{}.{next}", not_saved(&name, &facts, &status_now, heard.unsaved.as_deref())),
    };
    status(writeln!(out, "{ended}{next}"), out)
}

/// What became of a run that is not saved as it was when it ended; `reason`: what its program said about that.
fn not_saved(name: &str, facts: &Facts, status: &Status, reason: Option<&str>) -> String {
    let stands = standing(facts, status);
    let reason = reason.map(|reason| reason.strip_prefix("not saved: ").unwrap_or(reason));
    match (status, reason) {
        (Status::Interrupted, _) => {
            format!("the program that trained the run {name} ended without saving it: {stands}")
        }
        (Status::Failed { reason }, _) => format!("the run {name} has {stands}: {}", Printable(reason)),
        (_, Some(reason)) if facts.saved_no_further_than().is_none() => {
            format!("the run {name} is {stands}, but not all of it is saved: {}", Printable(reason))
        }
        (_, Some(reason)) => format!("the run {name} is {stands}: {}", Printable(reason)),
        (_, None) => format!("the run {name} is {stands}"),
    }
}

/// Waits until nobody holds the run, which was asked for at `start`, and returns what is kept of it then.
fn wait_for_the_end(run: &Run, start: Instant) -> Result<Facts> {
    loop {
        let facts = run.facts_as_it_stands()?;
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
