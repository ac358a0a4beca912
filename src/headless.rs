//! Trains without a screen: turns reports into lines of text, lines of JSON, or a progress bar. Knows no keys.

mod bars;
mod inbox;
mod json;
mod lines;

use std::{
    env,
    io::{self, IsTerminal, Stdout, Write, stderr, stdout},
    process,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::{Context, Result, bail};

use self::{bars::Bars, inbox::Inbox, json::JsonLines, lines::Lines};
use crate::{
    depth,
    printable::Printable,
    protocol::Report,
    session::{Plan, Session},
    signals::{self, First, READER_GONE, Signal},
};

/// Exit status where the run's last state is not on the disk.
const UNSAVED: u8 = 1;

/// How long an output that takes nothing is waited for once a signal has asked to end.
const PATIENCE: Duration = Duration::from_millis(500);

/// A way to tell a run.
trait Teller {
    /// Tells what the report has to say, at once.
    fn tell(&mut self, report: &Report) -> io::Result<()>;
}

/// What happens while it trains.
enum Event {
    /// A signal asks to end: its number.
    Signal(u8),
    /// The run has ended, and it is told how.
    Ended(Ending),
    /// It could not be told.
    NotTold(io::Error),
    /// All is told, also what came after the end.
    AllTold,
}

/// How a run ended.
enum Ending {
    Finished,
    Failed { reason: String },
}

/// Trains and tells on standard output how it goes: `json`, a line of JSON an epoch; else a progress bar on a terminal, and
/// elsewhere a line an epoch. The training never waits for an output that takes nothing. Returns the exit status: 0, 1 when
/// the last state is not on the disk, 141 when the reader went away, or 128 + N for the signal N that ended it; then the run
/// is saved first, unless a second one comes.
///
/// # Errors
/// A data set that cannot be read, a run that cannot be continued, a device that cannot be had, an output that fails, a
/// training that failed.
#[expect(clippy::missing_panics_doc, reason = "the teller sends an event however it ends")]
pub fn run(plan: Plan, json: bool) -> Result<u8> {
    let (sender, events) = mpsc::channel();
    listen(sender.clone())?;
    let dataset = Arc::new(plan.source.load()?);
    let inbox = Arc::new(Inbox::default());
    let reports = Arc::clone(&inbox);
    let session = Session::start(plan, dataset, false, move |report| reports.put(report))?;
    let told = Arc::clone(&inbox);
    thread::Builder::new()
        .name("teller".to_owned())
        .spawn(move || tell(&told, teller(json, stdout()), &sender))
        .context("cannot start a thread")?;
    let event = events.recv().expect("the teller sends one, however it ends");
    // All is on the disk after this, or it is told what is not.
    drop(session);
    inbox.close();
    let signal = wait_for_the_teller(&event, &events);
    match (event, signal) {
        (Event::Ended(Ending::Failed { reason }), _) => bail!("{reason}"),
        (_, Some(number)) => Ok(128 + number),
        (Event::NotTold(error), _) if error.kind() == io::ErrorKind::BrokenPipe => Ok(READER_GONE),
        (Event::NotTold(error), _) => Err(error).context("cannot write to standard output"),
        (Event::AllTold, _) => {
            bail!("the thread that writes the run's lines ended unexpectedly, which is a bug in fitroom")
        }
        _ => Ok(if inbox.is_unsaved() { UNSAVED } else { 0 }),
    }
}

/// Waits until all is told, but after a signal not for long. Returns the signal.
fn wait_for_the_teller(event: &Event, events: &mpsc::Receiver<Event>) -> Option<u8> {
    let signal = if let Event::Signal(number) = event { Some(*number) } else { None };
    let start = Instant::now();
    loop {
        let next = match signal {
            Some(_) => events.recv_timeout(PATIENCE.saturating_sub(start.elapsed())).ok(),
            None => events.recv().ok(),
        };
        match next {
            Some(Event::Signal(number)) => return Some(number),
            Some(Event::Ended(_)) => {}
            // Whoever asked to end gets what is left of it.
            Some(Event::NotTold(_) | Event::AllTold) | None => return signal,
        }
    }
}

/// Tells what is in the inbox, in its order, until it is closed and empty.
fn tell(inbox: &Inbox, mut teller: Box<dyn Teller>, events: &mpsc::Sender<Event>) {
    let _last = Last(events);
    // An error means that the program is about to end.
    let send = |event| drop(events.send(event));
    while let Some(report) = inbox.take() {
        if let Err(error) = teller.tell(&report) {
            return send(Event::NotTold(error));
        }
        match report {
            Report::Finished => send(Event::Ended(Ending::Finished)),
            Report::Failed { reason } => send(Event::Ended(Ending::Failed { reason })),
            Report::NotSaved { reason: words } | Report::Note { text: words } => {
                // Where standard error is gone there is nobody to tell.
                let _ = writeln!(stderr(), "fitroom: {}", Printable(&words));
            }
            _ => {}
        }
    }
}

/// Sends the teller's last word, also where it panics.
struct Last<'a>(&'a mpsc::Sender<Event>);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        // An error means that the program is about to end.
        let _ = self.0.send(Event::AllTold);
    }
}

fn teller(json: bool, out: Stdout) -> Box<dyn Teller + Send> {
    let variable = |name: &str| env::var(name).ok();
    if json {
        Box::new(JsonLines::new(out))
    } else if out.is_terminal() && depth::can_draw(variable) {
        Box::new(Bars::new(out, depth::is_unicode(variable)))
    } else {
        Box::new(Lines::new(out))
    }
}

/// Listens for signals that ask to end: the first one is handed on, the second one ends the program.
fn listen(events: mpsc::Sender<Event>) -> Result<()> {
    let mut first: Option<First> = None;
    let hand_on = move |signal| {
        let Signal::End(number) = signal else { return };
        match &first {
            None => {
                first = Some(First::now());
                // An error means that the program is about to end.
                let _ = events.send(Event::Signal(number));
            }
            Some(first) if first.is_followed_by(number) => process::exit(128 + i32::from(number)),
            Some(_) => {}
        }
    };
    signals::listen(false, hand_on).context("cannot listen for signals")
}
