//! Trains without a screen: turns reports into lines of text, lines of JSON, or a progress bar. Knows no keys.

mod background;
mod bars;
mod inbox;
mod json;
mod lines;
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

use self::{background::Mute, bars::ProgressBars, inbox::Inbox, json::JsonLines, lines::TextLines, teller::Teller};
use crate::{
    depth,
    protocol::{Batch, EpochRecord, Report},
    session::{Link, Reports, RunPlan},
    signals::{self, First, HANGUP, READER_GONE, Signal, exit_status},
};

/// Exit status where the run's last state is not on the disk.
const UNSAVED: u8 = 1;

/// How long an output that takes nothing is waited for once a signal has asked to end.
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
    /// All is said, also what came after the end.
    AllTold {
        /// Whether what was last to be kept is not on the disk.
        is_unsaved: bool,
    },
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
#[expect(clippy::missing_panics_doc, reason = "the teller sends an event however it ends")]
pub fn run(plan: RunPlan, form: Form) -> Result<u8> {
    if form == Form::Background {
        background::leave_the_session();
    }
    let (sender, events) = mpsc::channel();
    // Nobody could reach a run that is not kept once its terminal is gone.
    let outlives = plan.is_kept();
    let is_hung_up = Arc::new(AtomicBool::new(false));
    listen(sender.clone(), outlives.then(|| Arc::clone(&is_hung_up)))?;
    let outlives = Outlives { is_kept: outlives, is_terminal: stdout().is_terminal(), is_hung_up };
    let dataset = Arc::new(plan.source.load()?);
    let (link, mut reports) = Link::train(plan, dataset, false)?;
    let told = match (form, link.own_run()) {
        (Form::Background, Some(run)) => background::begin(run, &mut reports)?,
        _ => Vec::new(),
    };
    thread::Builder::new()
        .name("teller".to_owned())
        .spawn(move || {
            let all = told.into_iter().chain(news(reports));
            tell(all, teller(form, stdout()), |error| outlives.covers(error), &sender);
        })
        .context("cannot start a thread")?;
    let event = events.recv().expect("the teller sends one, however it ends");
    // All is on the disk after this, or it is said what is not.
    drop(link);
    let (signal, is_unsaved) = wait_for_the_teller(&event, &events);
    match (event, signal) {
        (Happening::Ended(Ending::Failed { reason }), _) => bail!("{reason}"),
        (_, Some(number)) => Ok(exit_status(number)),
        (Happening::Ended(Ending::Stopped), None) => {
            let _ = writeln!(stderr(), "fitroom: the run was stopped by somebody who watches it");
            Ok(if is_unsaved { UNSAVED } else { 0 })
        }
        (Happening::NotTold(error), _) if error.kind() == io::ErrorKind::BrokenPipe => Ok(READER_GONE),
        (Happening::NotTold(error), _) => Err(error).context("cannot write to standard output"),
        (Happening::AllTold { .. }, _) => {
            bail!("the thread that writes the run's lines ended unexpectedly, which is a bug in fitroom")
        }
        _ => Ok(if is_unsaved { UNSAVED } else { 0 }),
    }
}

/// Waits until all is said, but after a signal not for long. Returns the signal, and whether the last state is not on
/// the disk.
fn wait_for_the_teller(event: &Happening, events: &mpsc::Receiver<Happening>) -> (Option<u8>, bool) {
    let signal = match event {
        Happening::AllTold { is_unsaved } => return (None, *is_unsaved),
        Happening::Signal(number) => Some(*number),
        Happening::Ended(_) | Happening::NotTold(_) => None,
    };
    let start = Instant::now();
    loop {
        let next = match signal {
            Some(_) => events.recv_timeout(PATIENCE.saturating_sub(start.elapsed())).ok(),
            None => events.recv().ok(),
        };
        match next {
            Some(Happening::Signal(number)) => return (Some(number), false),
            Some(Happening::Ended(_) | Happening::NotTold(_)) => {}
            Some(Happening::AllTold { is_unsaved }) => return (signal, is_unsaved),
            // Whoever asked to end gets what is left of it.
            None => return (signal, false),
        }
    }
}

/// These reports as they are to be said: whatever came while the last one was said is looked through first.
fn news(mut reports: Reports) -> impl Iterator<Item = Report> {
    let mut inbox = Inbox::default();
    from_fn(move || {
        while let Ok(report) = reports.try_next() {
            inbox.put(report);
        }
        inbox.take().or_else(|| reports.wait())
    })
}

/// Says what these reports have to say, in their order. Once one cannot be said the others are only looked through;
/// where the run `outlives` that, for how the run ends.
fn tell(
    reports: impl Iterator<Item = Report>,
    mut teller: Box<dyn Teller>,
    outlives: impl Fn(&io::Error) -> bool,
    events: &mpsc::Sender<Happening>,
) {
    let mut last = Last { events, is_unsaved: false };
    // An error means that the program is about to end.
    let send = |event| drop(events.send(event));
    let (mut is_told, mut is_broken) = (true, false);
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
            _ => {}
        }
        match report {
            Report::NotSaved { .. } => last.is_unsaved = true,
            Report::Saved { .. } => last.is_unsaved = false,
            _ => {}
        }
        if is_told && let Err(error) = teller.tell(&report) {
            is_told = false;
            if !outlives(&error) {
                is_broken = true;
                send(Happening::NotTold(error));
            }
        }
        if is_broken {
            continue;
        }
        match report {
            Report::Finished => send(Happening::Ended(Ending::Finished)),
            Report::Ended { .. } => send(Happening::Ended(Ending::Stopped)),
            Report::Failed { reason } => send(Happening::Ended(Ending::Failed { reason })),
            Report::NotSaved { reason: words } | Report::Note { text: words } => teller::warn(&words),
            // What there is to be said of them is the teller's.
            Report::Started(_)
            | Report::Batch(_)
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
            | Report::Saved { .. }
            | Report::Replaying
            | Report::Silent => {}
        }
    }
}

/// Sends the teller's last word, also where it panics.
struct Last<'a> {
    events: &'a mpsc::Sender<Happening>,
    is_unsaved: bool,
}

impl Drop for Last<'_> {
    fn drop(&mut self) {
        // An error means that the program is about to end.
        let _ = self.events.send(Happening::AllTold { is_unsaved: self.is_unsaved });
    }
}

/// What of an output's failures the run outlives: that the terminal is gone.
struct Outlives {
    is_kept: bool,
    /// Whether the output is one: when it is gone, it no longer says so.
    is_terminal: bool,
    /// Whether the signal has come that says it.
    is_hung_up: Arc<AtomicBool>,
}

impl Outlives {
    fn covers(&self, error: &io::Error) -> bool {
        let is_gone = self.is_terminal && error.raw_os_error() == Some(Errno::IO.raw_os_error());
        self.is_kept && (is_gone || (error.kind() == io::ErrorKind::BrokenPipe && self.is_hung_up_with_its_reader()))
    }

    /// Whether the reader of a pipe has gone with the terminal, as `tee` does: both are sent the signal at once.
    fn is_hung_up_with_its_reader(&self) -> bool {
        thread::sleep(ECHO);
        self.is_hung_up.load(Ordering::Relaxed)
    }
}

fn teller(form: Form, out: Stdout) -> Box<dyn Teller + Send> {
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

    /// What comes of these reports, where so many of them can be said.
    fn told(reports: Vec<Report>, count: usize) -> Vec<Happening> {
        let (sender, happenings) = mpsc::channel();
        tell(reports.into_iter(), Box::new(Breaking(count)), |_| false, &sender);
        drop(sender);
        happenings.iter().collect()
    }

    #[test]
    fn what_was_last_to_be_kept_decides_whether_the_run_is_saved() {
        for (reports, expected) in [
            (vec![not_saved(), Report::Saved { step: 1 }, Report::Finished], false),
            (vec![Report::Saved { step: 1 }, Report::Finished, not_saved()], true),
        ] {
            let happened = told(reports, 3);
            assert!(matches!(happened[..], [Happening::Ended(Ending::Finished), Happening::AllTold { is_unsaved }]
                if is_unsaved == expected));
        }
    }

    #[test]
    fn what_comes_after_an_output_broke_is_still_looked_through() {
        let happened = told(vec![Report::Resumed, Report::Finished, not_saved()], 1);
        assert!(matches!(happened[..], [Happening::NotTold(_), Happening::AllTold { is_unsaved: true }]));
    }
}
