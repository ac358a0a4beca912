//! How a dashboard ends: with the run saved, with the run going on elsewhere, or without its terminal. Decides nothing:
//! that was `app`'s or a signal's business.

use std::{
    future::pending,
    io::{IsTerminal, Write, stderr},
    thread,
    time::Duration,
};

use color_eyre::eyre::{Context, Result, bail};
use crossterm::event::Event;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, sleep_until},
};

use super::{
    EventLoop, died,
    inputs::Inputs,
    keyboard::Input,
    parting,
    start::{Steps, next},
};
use crate::{
    app::{Action, Leaving, Overlay, Phase, Role},
    printable::Printable,
    protocol::{Command, Report},
    run::{Run, Runs, command},
    session::{
        AtEnd, Link, Reports,
        detached::{self, Detached, Start},
    },
    signals::{self, First, HANGUP, Signal},
};

/// What is so where no process goes on with a run.
const STAYS: &str = "the run is saved, but does not go on in the background";

/// How long the run's end is waited for where somebody wants to leave at once.
const AT_ONCE: Duration = Duration::from_millis(200);

impl EventLoop {
    /// Trains to the end of the run, of which nothing is drawn any more. Returns the number of the signal that ended it
    /// before, if one did.
    pub(super) async fn go_on_without_a_terminal(
        &mut self,
        inputs: &mut Inputs,
        steps: &mut Steps,
        reports: &mut Option<Reports>,
        runs: &Runs,
    ) -> Result<Option<u8>> {
        if !self.is_lost {
            let run = self.link.as_ref().and_then(Link::own_run);
            let words = run.map(|run| parting::in_the_background(&Detached::this(run), runs));
            self.terminal.give_back(words.as_deref());
            self.is_lost = true;
        }
        // A pause and slow motion were for the eyes of who is gone.
        self.send(Command::Pace { steps_per_second: None });
        if self.app.known().will_pause() {
            self.send(Command::Resume);
        }
        while !self.app.known().is_over() && self.app.leaving().is_none() {
            tokio::select! {
                biased;
                Some(signal) = inputs.signals.recv() => match signal {
                    Signal::End(HANGUP) | Signal::Continue | Signal::Resize => {}
                    Signal::End(number) => return Ok(Some(number)),
                    Signal::Stop => signals::stop().context("cannot stop")?,
                },
                step = steps.next(), if reports.is_none() => {
                    let step = step.ok_or_else(|| died("the thread that reads the data set"))??;
                    *reports = self.take_step(step);
                }
                report = next(reports) => self.take_report(report)?,
            }
        }
        Ok(None)
    }

    /// Stops the training and waits until the run is on the disk, or until a signal or a key asks to leave at once.
    /// Returns whether the whole run is on the disk.
    pub(super) async fn close(
        &mut self,
        inputs: &mut Inputs,
        steps: &mut Steps,
        reports: &mut Option<Reports>,
    ) -> Result<bool> {
        steps.call_off();
        let first = First::now();
        // A run to be trained may be about to start, and then it is to be closed as any other; a look at one leaves
        // nothing to be closed.
        while reports.is_none() && self.app.role() == Role::Trains {
            let wake = self.wake();
            tokio::select! {
                step = steps.next() => match step {
                    Some(Ok(step)) => *reports = self.take_step(step),
                    // What would have kept it from starting is of no concern to who has left.
                    Some(Err(_)) | None => break,
                },
                is_enough = self.is_enough(inputs, &first) => if is_enough? {
                    return Ok(false);
                },
                () = sleep(wake.unwrap_or_default()), if wake.is_some() => {}
            }
            self.attend_to_terminal();
        }
        let (Some(link), Some(reports)) = (self.link.take(), reports) else { return Ok(true) };
        (self.own_run, self.at_end) = (link.own_run().cloned(), link.at_end());
        if let (Some(Leaving::Detaching), Some(at_end)) = (self.app.leaving(), &self.at_end) {
            at_end.hold_back();
        }
        let (done, mut is_done) = oneshot::channel();
        let closing = thread::Builder::new().name("closing".to_owned()).spawn(move || {
            drop(link);
            // An error means that nobody waits any longer.
            let _ = done.send(());
        });
        closing.context("cannot start a thread")?;
        self.draw_at_once();
        let last = Instant::now() + AT_ONCE;
        let is_closed = loop {
            let wake = self.wake();
            tokio::select! {
                _ = &mut is_done => break true,
                is_enough = self.is_enough(inputs, &first) => if is_enough? {
                    break false;
                },
                Some(report) = reports.next() => self.app.apply(report),
                () = sleep_until(last), if self.app.leaving() == Some(Leaving::AtOnce) => break false,
                () = sleep(wake.unwrap_or_default()), if wake.is_some() => {}
            }
            self.attend_to_terminal();
        };
        while let Ok(report) = reports.try_next() {
            self.app.apply(report);
        }
        Ok(is_closed)
    }

    /// Takes note that a run is not on the disk as it is. `too_early`: it was not waited for; otherwise that matters
    /// where it was to train on.
    pub(super) fn account_for_what_is_not_saved(&mut self, too_early: bool, run: Option<&Run>, runs: &Runs) {
        let is_detaching = self.app.leaving() == Some(Leaving::Detaching);
        let early = || "not saved: left before all of the run was on the disk".to_owned();
        let known = self.app.known().unsaved.clone().filter(|_| is_detaching);
        let Some(reason) = too_early.then(early).or(known) else { return };
        let stays = if is_detaching { "; it does not go on in the background" } else { "" };
        let next = run.and_then(|run| command("fitroom --resume", &run.shown_name(), runs));
        let next = next.map(|next| format!(". Continue with: {next}")).unwrap_or_default();
        self.app.apply(Report::NotSaved { reason: format!("{reason}{stays}{next}") });
    }

    /// Gives the terminal back, and prints what the screen can no longer show: what becomes of the run, and what was
    /// not saved. Returns how the run ended.
    pub(super) fn leave(mut self, runs: &Runs) -> Phase {
        self.terminal.give_back(parting::words(&self.app, runs).as_deref());
        // From here on there is only an output to wait for.
        signals::end_at_once();
        // To a terminal that is gone nothing more is written, even if it is there for somebody else.
        let has_reader = !(self.is_lost && stderr().is_terminal());
        if let Some(reason) = self.app.known().unsaved.as_ref().filter(|_| has_reader) {
            // If standard error is gone, nobody reads it.
            let _ = writeln!(stderr(), "fitroom: {}", Printable(reason));
        }
        self.end(has_reader);
        self.app.known().phase.clone()
    }

    /// Sees to the command for the end of a run that no other process goes on with.
    fn end(&self, has_reader: bool) {
        let Some(at_end) = &self.at_end else { return };
        at_end.let_go();
        if self.app.leaving() != Some(Leaving::AtOnce)
            && let Some(failure) = at_end.failure().filter(|_| has_reader)
        {
            // If standard error is gone, nobody reads it.
            let _ = writeln!(stderr(), "fitroom: {}", Printable(&failure));
        }
    }

    /// Waits for the next signal or key, and returns whether it asks to wait no longer. `first`: when it was asked to
    /// leave.
    async fn is_enough(&mut self, inputs: &mut Inputs, first: &First) -> Result<bool> {
        tokio::select! {
            Some(signal) = inputs.signals.recv() => {
                Ok(self.take_signal(signal)?.is_some_and(|number| first.is_followed_by(number)))
            }
            Some(input) = inputs.keys.recv() => Ok(matches!(
                input,
                Input::Event(Event::Key(key)) if self.app.keys().action(&Overlay::None, key) == Some(Action::Quit)
            )),
            else => pending().await,
        }
    }

    /// Gives the terminal back, and lets a process of its own go on with the run, which is saved. Returns the exit
    /// status.
    pub(super) fn leave_training(mut self, run: &Run, runs: &Runs) -> Result<u8> {
        // Whoever presses `d` may close the terminal at once.
        signals::outlive_hangups();
        self.terminal.give_back(None);
        // The run is saved: whoever does not want to wait for that process need not.
        signals::end_at_once();
        let started = detached::hand_over(run, self.save_every, self.at_end.as_ref().map(AtEnd::command));
        if !matches!(started, Ok(Start::Trains { .. })) {
            self.end(true);
        }
        let words = match &started {
            Ok(Start::Trains { detached, .. }) => Some(parting::in_the_background(detached, runs)),
            _ => parting::words(&self.app, runs),
        };
        if let Some(words) = words {
            self.terminal.say(&words);
        }
        match started.wrap_err(STAYS)? {
            Start::Trains { notes, .. } => {
                // If standard error is gone, nobody reads it.
                let _ = write!(stderr(), "{notes}");
                Ok(0)
            }
            Start::Refused { words, .. } => {
                let words = words.trim().trim_start_matches("fitroom: ");
                bail!("{STAYS}: {}", Printable(words))
            }
        }
    }
}
