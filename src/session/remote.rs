//! A connection to the process that trains a run: its reports come through the door of that process, and commands go
//! there.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Write},
    net::Shutdown,
    ops::ControlFlow,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::{Result, WrapErr, bail};
use rustix::{
    io::{Errno, FdFlags, fcntl_setfd},
    net::{AddressFamily, SocketType, connect, socket},
};

use super::{
    door::{HEARTBEAT, address},
    hub::Emitter,
    past,
    wire::{Greeting, LONGEST_REPORT, PROTOCOL, Refusal, add_to_line, line},
};
use crate::{
    engine::CommandQueue,
    json,
    printable::{self, Printable},
    protocol::{Command, Report, Started},
    run::Run,
};

/// After this long without a sign of life a program counts as silent.
const SILENCE: Duration = HEARTBEAT.saturating_mul(3);

/// How long a program that trains may take to open its door and to greet: more than a crowd at the door takes.
const GREETING: Duration = Duration::from_secs(5);

/// The longest greeting, and the longest word that sends somebody away.
const LONGEST_GREETING: usize = 1 << 12;

/// How often who waits for something looks whether it is still wanted.
const LOOK_UP: Duration = Duration::from_millis(50);

/// The connection that there is at the moment.
#[derive(Debug, Default)]
pub(super) struct TheLine {
    stream: Mutex<Option<UnixStream>>,
    is_closing: AtomicBool,
}

/// A connection whose greeting was read.
pub(super) struct Connection {
    reader: BufReader<UnixStream>,
    greeting: Greeting,
}

/// Nobody answers where somebody listens.
#[derive(Debug, thiserror::Error)]
#[error("the program that trains the run does not answer at {}: is it suspended?", printable::path(path))]
pub(super) struct NoAnswer {
    path: PathBuf,
}

/// What a program said that was asked to stop.
#[derive(Debug, Default)]
pub struct Heard {
    /// Whether it has ended the training, or is gone.
    pub ends: bool,
    /// What it could not keep, if that was the last it said of keeping.
    pub unsaved: Option<String>,
}

impl Connection {
    /// Connects to the program that trains this run; `None` where nobody opens, or `is_wanted` has come to an end.
    ///
    /// # Errors
    /// When what answers is no fitroom, or one that speaks otherwise, or nothing answers in time.
    pub fn open(run: &Run, is_wanted: impl Fn() -> bool) -> Result<Option<Self>> {
        let end = Instant::now() + GREETING;
        let place = run.socket_path();
        let path = || printable::path(&place);
        let goes_on = || Instant::now() < end && is_wanted();
        let late = || if is_wanted() { Err(NoAnswer { path: place.clone() }.into()) } else { Ok(None) };
        let stream = match reach(&place, goes_on) {
            Ok(stream) => stream,
            Err(error) if is_late(&error) => return late(),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(error).wrap_err_with(|| format!("cannot watch the run through {}", path()));
            }
            // Not there, left by a killed program, or a path longer than a socket's may be, where nobody can listen.
            Err(_) => return Ok(None),
        };
        stream.set_write_timeout(Some(SILENCE))?;
        let mut reader = BufReader::new(stream);
        let mut first = Vec::new();
        match read_line_while(&mut reader, &mut first, LONGEST_GREETING, goes_on) {
            Ok(true) => {}
            // It ends just now.
            Ok(false) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
            Err(error) if is_late(&error) => return late(),
            Err(error) if error.kind() == ErrorKind::InvalidData => bail!("what listens at {} is no fitroom", path()),
            Err(error) => return Err(error).wrap_err_with(|| format!("cannot read from {}", path())),
        }
        reader.get_ref().set_read_timeout(Some(SILENCE))?;
        let Ok(greeting) = serde_json::from_slice::<Greeting>(&first) else {
            match serde_json::from_slice::<Refusal>(&first) {
                Ok(refusal) => bail!(refusal),
                Err(_) => bail!("what listens at {} is no fitroom", path()),
            }
        };
        if greeting.protocol != PROTOCOL {
            bail!(
                "the run is trained by fitroom {}, which speaks version {} of the protocol, and this fitroom {} speaks \
                 version {PROTOCOL}: watch it with that program",
                Printable(greeting.fitroom),
                greeting.protocol,
                env!("CARGO_PKG_VERSION"),
            );
        }
        Ok(Some(Self { reader, greeting }))
    }

    /// Whether the training waited for somebody to let it go on when the greeting was said.
    pub fn is_paused(&self) -> bool {
        self.greeting.paused
    }

    /// Asks the program to stop, and listens until it has hung up, but no longer than to `answer` if it does not end
    /// the training by then, and to `last` if it does. What it has said of keeping the run before that counts as well:
    /// so it stands if it is gone before it says more.
    pub fn stop(mut self, answer: Instant, last: Instant) -> Heard {
        let mut heard = Heard::default();
        if self.reader.get_mut().write_all(&line(&Command::Stop)).is_err() {
            return heard;
        }
        let mut said = Vec::new();
        loop {
            let end = if heard.ends { last } else { answer };
            match read_line_while(&mut self.reader, &mut said, LONGEST_REPORT, || Instant::now() < end) {
                Ok(true) => {}
                Err(error) if is_late(&error) => return heard,
                Ok(false) | Err(_) => return Heard { ends: true, ..heard },
            }
            match serde_json::from_slice(&said) {
                Ok(Report::Ended { .. } | Report::Finished | Report::Failed { .. }) => heard.ends = true,
                Ok(Report::Saved { .. }) => heard.unsaved = None,
                Ok(Report::NotSaved { reason }) => heard.unsaved = Some(reason),
                // What this program does not understand says nothing about that.
                Ok(_) | Err(_) => {}
            }
            said.clear();
        }
    }
}

/// Connects to the socket at this place, which may have as many who wait as it holds, while this `goes_on`.
fn reach(place: &Path, goes_on: impl Fn() -> bool) -> io::Result<UnixStream> {
    let address = address(place)?;
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    let stream = UnixStream::from(socket);
    // Otherwise it would be waited for without a limit.
    stream.set_nonblocking(true)?;
    loop {
        match connect(&stream, &address) {
            Ok(()) => break,
            Err(Errno::AGAIN | Errno::INTR) if goes_on() => thread::sleep(LOOK_UP),
            Err(error) => return Err(error.into()),
        }
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

impl TheLine {
    /// There will be no further connection.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.hang_up();
    }

    pub fn set(&self, connection: &Connection) -> io::Result<()> {
        let stream = connection.reader.get_ref().try_clone()?;
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
        Ok(())
    }

    /// A command that cannot be sent is lost with the program that it was for.
    fn send(&self, command: &Command) {
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(UnixStream::try_clone);
        if let Some(Ok(mut stream)) = stream {
            let _ = stream.write_all(&line(command));
        }
    }

    pub fn hang_up(&self) {
        if let Some(stream) = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits this long, unless nobody looks on here any more.
    pub fn rest(&self, wait: Duration) {
        let start = Instant::now();
        while !self.is_closing() && start.elapsed() < wait {
            thread::park_timeout(wait.saturating_sub(start.elapsed()));
        }
    }

    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }
}

/// Sends commands until there are no more.
pub(super) fn hand_on(commands: &CommandQueue, line: &TheLine) {
    while let Ok(command) = commands.recv() {
        line.send(&command);
    }
}

/// Hands on what comes through one connection, to its end.
pub(super) fn take_in(connection: &mut Connection, run: &Run, line: &TheLine, emitter: &Emitter) -> io::Result<()> {
    let mut begun = None;
    let mut said = Vec::new();
    while !line.is_closing() {
        match read_line(&mut connection.reader, &mut said) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if is_late(&error) => {
                // What has come of a line stays until the rest comes.
                emitter.emit(Report::Silent);
                continue;
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error),
        }
        if !said.trim_ascii().is_empty() {
            match serde_json::from_slice(&said) {
                Ok(report) => hand_on_report(report, run, &mut begun, emitter),
                Err(error) => match serde_json::from_slice::<Refusal>(&said) {
                    Ok(refusal) => return Err(io::Error::other(refusal)),
                    Err(_) => return Err(io::Error::new(ErrorKind::InvalidData, json::plain(&error))),
                },
            }
        }
        said.clear();
    }
    Ok(())
}

/// Hands on what happened, and what of it the program that trains no longer has, but the run's directory.
fn hand_on_report(report: Report, run: &Run, begun: &mut Option<Started>, emitter: &Emitter) {
    match report {
        Report::Started(started) => {
            // Of predictions before the first step the program has only those that it made itself.
            let first = past::predictions(run, 0, &started).filter(|_| started.past_steps > 0);
            *begun = Some(started.clone());
            emitter.emit(Report::Started(started));
            if let Some(predictions) = first {
                emitter.emit(Report::Untrained { step: 0, predictions });
            }
        }
        Report::Epoch { record, predictions } if predictions.is_empty() => {
            let kept = begun.as_ref().and_then(|started| past::predictions(run, record.epoch, started));
            emitter.emit(Report::Epoch { record, predictions: kept.unwrap_or_default() });
        }
        report => emitter.emit(report),
    }
}

/// Whether a reading took longer than the other side should be silent.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Reads on to the end of a line; `false`: there is no more. What is read of a line stays when an error comes first.
fn read_line(reader: &mut impl BufRead, said: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        if let ControlFlow::Break(is_line) = read_part(reader, said, LONGEST_REPORT)? {
            return Ok(is_line);
        }
    }
}

/// As [`read_line`], of at most `longest` bytes, but only while this `goes_on`; after that it is too late.
fn read_line_while(
    reader: &mut BufReader<UnixStream>,
    said: &mut Vec<u8>,
    longest: usize,
    goes_on: impl Fn() -> bool,
) -> io::Result<bool> {
    reader.get_ref().set_read_timeout(Some(LOOK_UP))?;
    while goes_on() {
        match read_part(reader, said, longest) {
            Ok(ControlFlow::Break(is_line)) => return Ok(is_line),
            Ok(ControlFlow::Continue(())) => {}
            Err(error) if is_late(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::TimedOut.into())
}

/// Reads what is there of a line, and returns whether that is its end, or, with `false`, whether there is no more.
fn read_part(reader: &mut impl BufRead, said: &mut Vec<u8>, longest: usize) -> io::Result<ControlFlow<bool>> {
    let read = match reader.fill_buf() {
        Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(ControlFlow::Continue(())),
        read => read?,
    };
    if read.is_empty() {
        return Ok(ControlFlow::Break(false));
    }
    let Some((taken, is_at_its_end)) = add_to_line(said, read, longest) else {
        return Err(io::Error::new(ErrorKind::InvalidData, "a line is longer than any report"));
    };
    reader.consume(taken);
    Ok(if is_at_its_end { ControlFlow::Break(true) } else { ControlFlow::Continue(()) })
}
