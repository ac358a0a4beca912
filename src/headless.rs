//! Trains without a screen: turns reports into lines of text, lines of JSON, or a progress bar. Knows no keys.

mod bars;
mod json;
mod lines;

use std::{
    io::{self, IsTerminal, Stdout, stdout},
    sync::{Arc, mpsc},
    thread,
};

use color_eyre::eyre::{Context, Result, bail, eyre};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use self::{bars::Bars, json::JsonLines, lines::Lines};
use crate::{
    protocol::Report,
    session::{Plan, Session},
};

/// Exit status of a program whose reader has gone, as a shell shows it: 128 + SIGPIPE.
const READER_GONE: u8 = 128 + 13;

/// A way to tell a run.
trait Teller {
    /// Tells what the report has to say, at once.
    fn tell(&mut self, report: &Report) -> io::Result<()>;
}

/// What comes in while it trains.
enum Event {
    Report(Report),
    /// The number of a signal that asks to end.
    Signal(u8),
}

/// Trains and tells on standard output how it goes: `json`, a line of JSON an epoch; else a progress bar on a terminal, and
/// elsewhere a line an epoch. Returns the exit status: 0, 141 when the reader went away, or 128 + N for the signal N that
/// ended it; then the run is saved first, unless a second one comes.
///
/// # Errors
/// A data set that cannot be read, a run that cannot be gone on with, a device that cannot be had, an output that fails, a
/// training that failed.
pub fn run(plan: Plan, json: bool) -> Result<u8> {
    let (sender, events) = mpsc::channel();
    listen(sender.clone())?;
    let dataset = Arc::new(plan.source.load()?);
    let emit = move |report| drop(sender.send(Event::Report(report)));
    let session = Session::start(plan, dataset, None, emit)?;
    let told = follow(&events, &mut *teller(json, stdout()));
    // All is on the disk after this, or it is told what is not.
    drop(session);
    for event in events.try_iter() {
        tell_what_is_not_saved(&event);
    }
    told
}

/// Tells the run's reports up to its end. Returns the exit status.
fn follow(events: &mpsc::Receiver<Event>, teller: &mut dyn Teller) -> Result<u8> {
    for event in events {
        let report = match &event {
            Event::Signal(number) => return Ok(128 + number),
            Event::Report(report) => report,
        };
        match teller.tell(report) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(READER_GONE),
            told => told.context("cannot write to standard output")?,
        }
        tell_what_is_not_saved(&event);
        match report {
            Report::Finished => return Ok(0),
            Report::Failed { reason } => bail!("{reason}"),
            _ => {}
        }
    }
    Err(eyre!("the thread that trains ended unexpectedly, which is a bug in fitroom"))
}

fn tell_what_is_not_saved(event: &Event) {
    if let Event::Report(Report::NotSaved { reason }) = event {
        eprintln!("fitroom: {reason}");
    }
}

fn teller(json: bool, out: Stdout) -> Box<dyn Teller> {
    if json {
        Box::new(JsonLines::new(out))
    } else if out.is_terminal() {
        Box::new(Bars::new(out))
    } else {
        Box::new(Lines::new(out))
    }
}

/// Listens for signals that ask to end, on a thread of its own: the first one is handed on, the second one ends the program.
fn listen(events: mpsc::Sender<Event>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for signals")?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let mut numbers = signals.forever().filter_map(|number| u8::try_from(number).ok());
            if let Some(number) = numbers.next() {
                // Nobody listens any longer: the program is about to end.
                let _ = events.send(Event::Signal(number));
            }
            if let Some(number) = numbers.next() {
                std::process::exit(i32::from(128 + number));
            }
        })
        .context("cannot start a thread")?;
    Ok(())
}
