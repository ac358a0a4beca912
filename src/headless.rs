//! Trains without a screen: turns reports into lines of text, lines of JSON, or a progress bar. Knows no keys.

mod bars;
mod json;
mod lines;

use std::{
    fs,
    io::{self, IsTerminal, Stdout, Write, stderr, stdout},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::{Context, Result, bail, eyre};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use self::{bars::Bars, json::JsonLines, lines::Lines};
use crate::{
    printable::Printable,
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
    Signal(i32),
}

/// Trains and tells on standard output how it goes: `json`, a line of JSON an epoch; else a progress bar on a terminal,
/// and elsewhere a line an epoch. Returns the exit status: 0, 1 when the last of it is not saved, 141 when the reader
/// went away, or 128 + N for the signal N that ended it; then the run is saved first, unless a second one comes.
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
    let mut is_saved = true;
    let told = follow(&events, &mut *teller(json, stdout()), &mut is_saved);
    // All is on the disk after this, or it is told what is not.
    drop(session);
    for event in events.try_iter() {
        tell_beside(&event, &mut is_saved);
    }
    // What is not saved is told by now.
    told.map(|status| if is_saved { status } else { status.max(1) })
}

/// Tells the run's reports up to its end. Returns the exit status.
fn follow(events: &mpsc::Receiver<Event>, teller: &mut dyn Teller, is_saved: &mut bool) -> Result<u8> {
    for event in events {
        let report = match &event {
            Event::Signal(number) => return Ok(u8::try_from(128 + number).expect("their numbers are small")),
            Event::Report(report) => report,
        };
        match teller.tell(report) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(READER_GONE),
            told => told.context("cannot write to standard output")?,
        }
        tell_beside(&event, is_saved);
        match report {
            Report::Finished => return Ok(0),
            Report::Failed { reason } => bail!("{reason}"),
            _ => {}
        }
    }
    Err(eyre!("the thread that trains ended unexpectedly, which is a bug in fitroom"))
}

/// Tells on standard error what is not saved and what else should be known, and follows whether the latest of the run
/// is saved.
fn tell_beside(event: &Event, is_saved: &mut bool) {
    // Where standard error is gone there is nobody to tell.
    let tell = |words: &str| drop(writeln!(stderr(), "fitroom: {}", Printable(words)));
    match event {
        Event::Report(Report::NotSaved { reason }) => {
            *is_saved = false;
            tell(reason);
        }
        Event::Report(Report::Note { text }) => tell(text),
        Event::Report(Report::Saved { .. }) => *is_saved = true,
        _ => {}
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
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&number| !is_ignored(number));
    let mut signals = Signals::new(wanted).context("cannot listen for signals")?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let mut first = None;
            for number in signals.forever() {
                match first {
                    None => {
                        first = Some(Instant::now());
                        // An error means that the program is about to end.
                        let _ = events.send(Event::Signal(number));
                    }
                    Some(first) if is_second(number, first.elapsed()) => std::process::exit(128 + number),
                    Some(_) => {}
                }
            }
        })
        .context("cannot start a thread")?;
    Ok(())
}

/// Whether a signal so long after the first one is a second request. A shell that loses its terminal hangs its programs up
/// more than once, and `timeout` ends the program and its group, which are one request each.
fn is_second(number: i32, after: Duration) -> bool {
    const AT_ONCE: Duration = Duration::from_millis(50);
    number != SIGHUP && after > AT_ONCE
}

/// Whether whoever started the program wants it to pass over this signal, as `nohup` does. Where the system does not tell,
/// SIGHUP is left as it is.
fn is_ignored(number: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    match ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()) {
        Some(mask) => mask >> (number - 1) & 1 == 1,
        None => number == SIGHUP,
    }
}
