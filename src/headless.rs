//! Trains without a screen: turns reports into lines of text, lines of JSON, or a progress bar. Knows no keys.

mod background;
mod bars;
mod inbox;
mod json;
mod lines;
mod signed;
mod teller;

use std::{
    env,
    io::{self, IsTerminal, Stdout, Write, stderr, stdout},
    iter::from_fn,
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::{Context, Result, bail};
use rustix::io::Errno;

use self::{
    background::Mute, bars::ProgressBars, inbox::InboxDoor, json::JsonLines, lines::TextLines, signed::Signed,
    teller::Teller,
};
use crate::{
    cli::Telling,
    depth,
    protocol::{Batch, EpochRecord, Report},
    session::{Link, RunPlan},
    signals::{self, First, HANGUP, READER_GONE, Signal, exit_status},
    signs::Signs,
};

/// Exit status where the run's last state is not on the disk.
const UNSAVED: u8 = 1;

/// How long an output that takes nothing is waited for once somebody has asked to end.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much later than the end of a pipe's reader the word may come that both have lost their terminal.
const ECHO: Duration = Duration::from_millis(100);

/// What happens while it trains.
enum Happening {
    /// A signal asks to end: its number.
    Signal(u8),
    /// The run has ended, and it is said how.
    Ended(Ending),
    /// It could not be said.
    NotTold(io::Error),
    /// There are no more reports.
    AllHeard {
        /// Whether what was last to be kept is not on the disk.
        is_unsaved: bool,
    },
    /// All is said, also what came after the end.
    AllTold,
}

/// What has happened until the program ends.
#[derive(Default)]
struct Outcome {
    /// The signal that asked to end.
    signal: Option<u8>,
    /// How the run ended by itself, or by others.
    ending: Option<Ending>,
    /// Why it could not be said.
    not_told: Option<io::Error>,
    is_unsaved: bool,
    is_all_heard: bool,
    is_all_told: bool,
}

/// How it is said how the training goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One progress bar per epoch on a terminal, one line per epoch elsewhere.
    Text,
    /// One line of JSON per epoch.
    Json,
    /// Not at all: once it trains, the program says so in a line of JSON and leaves its terminal.
    Background,
}

/// How a run ended.
enum Ending {
    Finished,
    Failed {
        reason: String,
    },
    /// By somebody who watches it.
    Stopped,
}

/// Trains, and writes to standard output how it goes. The training never waits for an output that takes nothing, and a
/// run that is kept outlives the terminal. Returns the exit status: 0, 1 when the last state is not on the disk, 141
/// when the reader went away, or 128 + N for the signal N that ended it; then the run is saved first, unless a second
/// one comes.
///
/// # Errors
/// A data set that cannot be read, a run that cannot be continued, a device that cannot be had, an output that fails, a
/// training that failed.
#[expect(clippy::missing_panics_doc, reason = "both threads send an event however they end")]
pub fn run(plan: RunPlan, form: Form, telling: &Telling) -> Result<u8> {
    let (sender, events) = mpsc::channel();
    // Nobody could reach a run that is not kept once its terminal is gone.
    let outlives = plan.is_kept();
    let is_hung_up = Arc::new(AtomicBool::new(false));
    listen(sender.clone(), outlives.then(|| Arc::clone(&is_hung_up)))?;
    if form == Form::Background {
        background::leave_the_session();
    }
    let limits = Outlives { kept: outlives, terminal: stdout().is_terminal(), hung_up: is_hung_up };
    let dataset = Arc::new(plan.load()?);
    let (link, mut reports) = Link::train(plan, dataset, false)?;
    let told = match (form, link.own_run()) {
        (Form::Background, Some(run)) => background::begin(run, &mut reports)?,
        _ => Vec::new(),
    };
    let (to_be_told, news) = inbox::inbox();
    let heard = sender.clone();
    spawn("listener", move || listen_to(told.into_iter().chain(from_fn(|| reports.wait())), &to_be_told, &heard))?;
    let theirs = limits.clone();
    let teller = teller(form, stdout(), telling);
    spawn("teller", move || tell(from_fn(|| news.take()), teller, &theirs, &sender))?;
    let at_end = link.at_end();
    let first = events.recv().expect("the threads send one, however they end");
    // All is on the disk after this, or it is said what is not.
    drop(link);
    if let Some(failure) = at_end.and_then(|at_end| at_end.failure())
        && !limits.is_without(stderr().is_terminal())
    {
        teller::warn(&failure);
    }
    if let Happening::AllHeard { .. } | Happening::AllTold = first {
        bail!("a thread that follows the run ended unexpectedly, which is a bug in fitroom");
    }
    let outcome = Outcome::of(first, &events);
    match (outcome.ending, outcome.signal, outcome.not_told) {
        (Some(Ending::Failed { reason }), ..) => bail!("{reason}"),
        (_, Some(number), _) => Ok(exit_status(number)),
        (.., Some(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(READER_GONE),
        (.., Some(error)) => Err(error).context("cannot write to standard output"),
        (ending, None, None) => {
            if let Some(Ending::Stopped) = ending
                && !limits.is_without(stderr().is_terminal())
            {
                say_in_time("fitroom: the run was stopped by somebody who watches it")?;
            }
            Ok(if outcome.is_unsaved { UNSAVED } else { 0 })
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop).context("cannot start a thread")
}

/// Says something on standard error, unless that takes nothing for too long.
fn say_in_time(words: &'static str) -> Result<()> {
    let (said, is_said) = mpsc::channel();
    spawn("last words", move || {
        let _ = writeln!(stderr(), "{words}");
        // An error means that the program is about to end.
        let _ = said.send(());
    })?;
    let _ = is_said.recv_timeout(PATIENCE);
    Ok(())
}

impl Outcome {
    /// All that happens until all is said; where somebody has asked to end, not for long.
    fn of(first: Happening, events: &mpsc::Receiver<Happening>) -> Self {
        let mut outcome = Self::default();
        outcome.add(first);
        let start = Instant::now();
        while !(outcome.is_all_heard && outcome.is_all_told) {
            let is_asked_for = outcome.signal.is_some() || matches!(outcome.ending, Some(Ending::Stopped));
            let next = if is_asked_for {
                events.recv_timeout(PATIENCE.saturating_sub(start.elapsed())).ok()
            } else {
                events.recv().ok()
            };
            // Whoever asked to end gets what is left of it.
            let Some(next) = next else { break };
            outcome.add(next);
        }
        outcome
    }

    fn add(&mut self, happening: Happening) {
        match happening {
            Happening::Signal(number) => self.signal = Some(number),
            // What it ends by after that is this program's own doing.
            Happening::Ended(ending) => drop(self.ending.get_or_insert(ending)),
            Happening::NotTold(error) => self.not_told = Some(error),
            Happening::AllHeard { is_unsaved } => (self.is_all_heard, self.is_unsaved) = (true, is_unsaved),
            Happening::AllTold => self.is_all_told = true,
        }
    }
}

/// Takes in all reports, whether they can be said or not: how the run ends is known at once, and what is to be said
/// waits to be taken.
fn listen_to(reports: impl Iterator<Item = Report>, to_be_told: &InboxDoor, events: &mpsc::Sender<Happening>) {
    let mut last = LastHeard { events, is_unsaved: false };
    // An error means that the program is about to end.
    let send = |event| drop(events.send(event));
    let mut past_steps = 0;
    for report in reports {
        match &report {
            Report::Started(started) => past_steps = started.past_steps,
            // It was told when it happened.
            Report::Batch(Batch { step, .. }) | Report::Epoch { record: EpochRecord { step, .. }, .. }
                if *step <= past_steps =>
            {
                continue;
            }
            Report::NotSaved { .. } => last.is_unsaved = true,
            Report::Saved { .. } => last.is_unsaved = false,
            Report::Finished => send(Happening::Ended(Ending::Finished)),
            Report::Ended { .. } => send(Happening::Ended(Ending::Stopped)),
            Report::Failed { reason } => send(Happening::Ended(Ending::Failed { reason: reason.clone() })),
            // What there is to be said of them is the teller's.
            Report::Batch(_)
            | Report::Prediction { .. }
            | Report::Attribution(_)
            | Report::Tiles(_)
            | Report::Untrained { .. }
            | Report::Paused
            | Report::Resumed
            | Report::Paced { .. }
            | Report::Evaluating { .. }
            | Report::Epoch { .. }
            | Report::Usage(_)
            | Report::Note { .. }
            | Report::Replaying
            | Report::Silent => {}
        }
        to_be_told.put(report);
    }
}

/// Says what these reports have to say, in their order, but nothing to a terminal that is gone. Once one cannot be said
/// the others are only looked through, where the run outlives that.
fn tell(
    reports: impl Iterator<Item = Report>,
    mut teller: Box<dyn Teller>,
    limits: &Outlives,
    events: &mpsc::Sender<Happening>,
) {
    let _last = LastTold(events);
    let mut is_told = true;
    let mut unsaved = None;
    for report in reports {
        is_told &= !limits.is_without(limits.terminal);
        if is_told && let Err(error) = teller.tell(&report) {
            is_told = false;
            if !limits.covers(&error) {
                // An error means that the program is about to end.
                let _ = events.send(Happening::NotTold(error));
                break;
            }
        }
        let warn = |words: &str| {
            if !limits.is_without(stderr().is_terminal()) {
                teller::warn(words);
            }
        };
        match report {
            Report::Note { text } => warn(&text),
            Report::Saved { .. } => unsaved = None,
            // It stays so until something is saved.
            Report::NotSaved { reason } if unsaved.as_ref() == Some(&reason) => {}
            Report::NotSaved { reason } => {
                warn(&reason);
                unsaved = Some(reason);
            }
            _ => {}
        }
    }
    if is_told && !limits.is_without(limits.terminal) {
        // All that there was to be said is said.
        let _ = teller.end();
    }
}

/// Sends the listener's last word, also where it panics.
struct LastHeard<'a> {
    events: &'a mpsc::Sender<Happening>,
    is_unsaved: bool,
}

impl Drop for LastHeard<'_> {
    fn drop(&mut self) {
        // An error means that the program is about to end.
        let _ = self.events.send(Happening::AllHeard { is_unsaved: self.is_unsaved });
    }
}

/// Sends the teller's last word, also where it panics.
struct LastTold<'a>(&'a mpsc::Sender<Happening>);

impl Drop for LastTold<'_> {
    fn drop(&mut self) {
        // An error means that the program is about to end.
        let _ = self.0.send(Happening::AllTold);
    }
}

/// What of an output's failures the run outlives: that the terminal is gone.
#[derive(Clone)]
struct Outlives {
    /// Whether the run is kept.
    kept: bool,
    /// Whether the output is a terminal: one that is gone no longer says so.
    terminal: bool,
    /// Whether the signal has come that says that it is gone.
    hung_up: Arc<AtomicBool>,
}

impl Outlives {
    /// Whether the run goes on without an output because that `is_terminal`: one that its user has left may still be
    /// there, for somebody else.
    fn is_without(&self, is_terminal: bool) -> bool {
        self.kept && is_terminal && self.hung_up.load(Ordering::Relaxed)
    }

    fn covers(&self, error: &io::Error) -> bool {
        let is_gone = self.terminal && error.raw_os_error() == Some(Errno::IO.raw_os_error());
        self.kept && (is_gone || (error.kind() == io::ErrorKind::BrokenPipe && self.is_hung_up_with_its_reader()))
    }

    /// Whether the reader of a pipe has gone with the terminal, as `tee` does: both are sent the signal at once.
    fn is_hung_up_with_its_reader(&self) -> bool {
        thread::sleep(ECHO);
        self.hung_up.load(Ordering::Relaxed)
    }
}

/// Says how the training goes in this form, and to a terminal what it is told beside that.
fn teller(form: Form, out: Stdout, telling: &Telling) -> Box<dyn Teller + Send> {
    let variable = |name: &str| env::var(name).ok();
    let is_ascii = !depth::is_unicode(variable);
    let signs = Signs::new(!telling.no_title, telling.notify, is_ascii, variable);
    let (told_to_out, told_to_err) = (out.is_terminal(), stderr().is_terminal());
    let inner = of_form(form, out);
    match (form, told_to_out, told_to_err) {
        (Form::Text | Form::Json, true, _) => Box::new(Signed::new(inner, signs, stdout())),
        (Form::Text | Form::Json, false, true) => Box::new(Signed::new(inner, signs, stderr())),
        _ => inner,
    }
}

fn of_form(form: Form, out: Stdout) -> Box<dyn Teller + Send> {
    let variable = |name: &str| env::var(name).ok();
    if form == Form::Background {
        Box::new(Mute)
    } else if form == Form::Json {
        Box::new(JsonLines::new(out))
    } else if out.is_terminal() && depth::can_draw(variable) {
        Box::new(ProgressBars::new(out, depth::is_unicode(variable)))
    } else {
        Box::new(TextLines::new(out))
    }
}

/// Listens for signals that ask to end: the first one is handed on, the second one ends the program. A hangup is only
/// noted in `outlived`, if there is that.
fn listen(events: mpsc::Sender<Happening>, outlived: Option<Arc<AtomicBool>>) -> Result<()> {
    let mut first: Option<First> = None;
    let hand_on = move |signal| {
        let Signal::End(number) = signal else { return };
        if let (HANGUP, Some(is_hung_up)) = (number, &outlived) {
            is_hung_up.store(true, Ordering::Relaxed);
            return;
        }
        match &first {
            None => {
                first = Some(First::now());
                // An error means that the program is about to end.
                let _ = events.send(Happening::Signal(number));
            }
            Some(first) if first.is_followed_by(number) => process::exit(exit_status(number).into()),
            Some(_) => {}
        }
    };
    signals::listen(false, hand_on).context("cannot listen for signals")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the first so many reports, and fails from then on.
    struct Breaking(usize);

    impl Teller for Breaking {
        fn tell(&mut self, _: &Report) -> io::Result<()> {
            self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
            Ok(())
        }
    }

    fn not_saved() -> Report {
        Report::NotSaved { reason: "not saved: the disk is full".to_owned() }
    }

    #[test]
    fn what_was_last_to_be_kept_decides_whether_the_run_is_saved() {
        for (reports, expected) in [
            (vec![not_saved(), Report::Saved { step: 1 }, Report::Finished], false),
            (vec![Report::Saved { step: 1 }, Report::Finished, not_saved()], true),
        ] {
            let (sender, happenings) = mpsc::channel();
            listen_to(reports.into_iter(), &inbox::inbox().0, &sender);
            let happened: Vec<_> = happenings.try_iter().collect();
            assert!(matches!(happened[..], [Happening::Ended(Ending::Finished), Happening::AllHeard { is_unsaved }]
                if is_unsaved == expected));
        }
    }

    #[test]
    fn an_output_that_broke_is_said_once_however_the_run_ended_meanwhile() {
        let (sender, happenings) = mpsc::channel();
        let reports = vec![Report::Resumed, Report::Finished, not_saved()];
        let limits = Outlives { kept: false, terminal: false, hung_up: Arc::default() };
        tell(reports.clone().into_iter(), Box::new(Breaking(1)), &limits, &sender);
        listen_to(reports.into_iter(), &inbox::inbox().0, &sender);
        let outcome = Outcome::of(happenings.recv().expect("there is one"), &happenings);
        assert!(matches!(outcome.not_told, Some(error) if error.kind() == io::ErrorKind::BrokenPipe));
        assert!(outcome.is_unsaved, "what came after it is heard as well");
    }
}
