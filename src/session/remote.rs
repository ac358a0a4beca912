//! A run that another process trains, or trained: its reports come through the door of that process. What comes is
//! handed on by a hub of this process, so that whoever looks on here is as slow or as late as anywhere.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use color_eyre::eyre::{Result, WrapErr, bail};

use super::{
    door::HEARTBEAT,
    hub::{Emitter, Hub, HubSeat, Reports},
    past,
    standing::ended,
    wire::{Greeting, LONGEST_REPORT, PROTOCOL, Refusal, line},
};
use crate::{
    engine::{CommandQueue, commands},
    json,
    printable::{self, Printable},
    protocol::{Command, Report, Started},
    run::{Run, Runs, Timestamp},
};

/// After this long without a sign of life a program counts as silent.
const SILENCE: Duration = HEARTBEAT.saturating_mul(3);

/// How often to look whether somebody trains the run again.
const RETRY: Duration = Duration::from_millis(100);

/// How long a run that ended may take to be handed over to another program, before that counts as its end.
const HANDOVER: Duration = Duration::from_secs(2);

/// How long to wait after a connection through which came what cannot be understood: at first, and at most. Each time it
/// takes twice as long.
const BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// A run of another process. Dropping it leaves that process alone.
#[derive(Debug)]
pub(super) struct RemoteRun {
    seat: HubSeat,
    hub: Hub,
    line: Arc<TheLine>,
    reader: Option<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

/// The connection that there is at the moment.
#[derive(Debug, Default)]
struct TheLine {
    stream: Mutex<Option<UnixStream>>,
    is_closing: AtomicBool,
}

/// A connection whose greeting was read.
pub(super) struct Connection {
    reader: BufReader<UnixStream>,
}

impl RemoteRun {
    /// Looks on at this run through that connection, and through later ones if the run is trained by others after that.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn watch(run: Run, runs: Runs, connection: Connection) -> Result<(Self, Reports)> {
        let (hub, emitter) = Hub::new(true);
        let (seat, reports) = hub.join();
        let (sender, commands) = commands();
        let line = Arc::new(TheLine::default());
        line.set(&connection).context("cannot use the run's socket")?;
        hub.connect(sender);
        let (theirs, spare) = (Arc::clone(&line), Arc::clone(&line));
        let again = hub.clone();
        let reader = thread::Builder::new()
            .name("watcher".to_owned())
            .spawn(move || follow(&run, &runs, connection, &theirs, &again, &emitter))
            .context("cannot start a thread")?;
        let writer = thread::Builder::new()
            .name("commands".to_owned())
            .spawn(move || hand_on(&commands, &spare))
            .context("cannot start a thread")?;
        Ok((Self { seat, hub, line, reader: Some(reader), writer: Some(writer) }, reports))
    }

    /// Asks something of the run.
    pub fn send(&self, command: Command) {
        self.seat.send(command);
    }
}

impl Drop for RemoteRun {
    fn drop(&mut self) {
        self.line.is_closing.store(true, Ordering::Relaxed);
        self.line.hang_up();
        // Without it the commands end.
        self.hub.close();
        for thread in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            thread.thread().unpark();
            // A thread that panicked leaves nothing to be waited for.
            let _ = thread.join();
        }
    }
}

impl Connection {
    /// Connects to the program that trains this run; `None` where nobody opens.
    ///
    /// # Errors
    /// When what answers is no fitroom, or one that speaks otherwise.
    pub fn open(run: &Run) -> Result<Option<Self>> {
        let path = run.socket_path();
        let stream = match UnixStream::connect(&path) {
            Ok(stream) => stream,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let path = printable::path(&path);
                return Err(error).wrap_err_with(|| format!("cannot watch the run through {path}"));
            }
            // Not there, left by a killed program, or a path longer than a socket's may be, where nobody can listen.
            Err(_) => return Ok(None),
        };
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(SILENCE))?;
        let mut reader = BufReader::new(stream);
        let mut first = Vec::new();
        let path = || printable::path(&path);
        match read_line(&mut reader, &mut first) {
            Ok(true) => {}
            // It ends just now.
            Ok(false) => return Ok(None),
            Err(error) if is_late(&error) => {
                bail!("the program that trains the run does not answer at {}: is it stopped?", path())
            }
            Err(error) => return Err(error).wrap_err_with(|| format!("cannot read from {}", path())),
        }
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
        Ok(Some(Self { reader }))
    }

    /// Sends one command, and waits until the other side has hung up or has said this long nothing.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn send_and_wait(mut self, command: &Command) -> io::Result<()> {
        self.reader.get_mut().write_all(&line(command))?;
        let mut said = Vec::new();
        while let Ok(true) = read_line(&mut self.reader, &mut said) {
            said.clear();
        }
        Ok(())
    }
}

impl TheLine {
    fn set(&self, connection: &Connection) -> io::Result<()> {
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

    fn hang_up(&self) {
        if let Some(stream) = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits this long, unless nobody looks on here any more.
    fn rest(&self, wait: Duration) {
        let start = Instant::now();
        while !self.is_closing() && start.elapsed() < wait {
            thread::park_timeout(wait.saturating_sub(start.elapsed()));
        }
    }

    fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }
}

/// Sends commands until there are no more.
fn hand_on(commands: &CommandQueue, line: &TheLine) {
    while let Ok(command) = commands.recv() {
        line.send(&command);
    }
}

/// Hands on what is reported, by whoever trains the run, until nobody looks on here any more.
fn follow(run: &Run, runs: &Runs, first: Connection, line: &TheLine, hub: &Hub, emitter: &Emitter) {
    let mut connection = first;
    let mut back_off = BACK_OFF;
    loop {
        let done = take_in(&mut connection, run, line, emitter);
        line.hang_up();
        match done {
            Ok(()) => back_off = BACK_OFF,
            // The next connection will hardly be any better.
            Err(error) => {
                let how = format!("cannot be watched: {}", Printable(error.to_string()));
                emitter.emit(Report::Ended { how, next: None });
                line.rest(back_off);
                back_off = back_off.saturating_mul(2).min(LONGEST_BACK_OFF);
            }
        }
        let Some(next) = wait_for_next(run, runs, line, emitter) else { return };
        connection = next;
        if line.set(&connection).is_ok() {
            hub.ask_again();
        }
    }
}

/// Hands on what comes through one connection, to its end.
fn take_in(connection: &mut Connection, run: &Run, line: &TheLine, emitter: &Emitter) -> io::Result<()> {
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

/// Waits until somebody trains the run again; if that takes longer than to hand it over, says how it ended. `None` once
/// nobody looks on here any more.
fn wait_for_next(run: &Run, runs: &Runs, line: &TheLine, emitter: &Emitter) -> Option<Connection> {
    let start = Instant::now();
    let mut is_said = false;
    let mut why_not = None;
    while !line.is_closing() {
        let rest = match Connection::open(run) {
            Ok(Some(connection)) => return Some(connection),
            Ok(None) => RETRY,
            Err(error) => {
                let text = format!("{error:#}");
                if why_not.as_ref() != Some(&text) {
                    emitter.emit(Report::Note { text: text.clone() });
                    why_not = Some(text);
                }
                BACK_OFF
            }
        };
        if !is_said && start.elapsed() >= HANDOVER {
            emitter.emit(ended(run, runs, Timestamp::now()));
            is_said = true;
        }
        line.rest(rest);
    }
    None
}

/// Whether a reading took longer than the other side should be silent.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Reads on to the end of a line; `false`: there is no more. What is read of a line stays when an error comes first.
fn read_line(reader: &mut impl BufRead, said: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        let read = match reader.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read.is_empty() {
            return Ok(false);
        }
        let end = read.iter().position(|&byte| byte == b'\n');
        let taken = end.map_or(read.len(), |end| end + 1);
        said.extend_from_slice(&read[..taken]);
        reader.consume(taken);
        if said.len() > LONGEST_REPORT {
            return Err(io::Error::new(ErrorKind::InvalidData, "a line is longer than any report"));
        }
        if end.is_some() {
            return Ok(true);
        }
    }
}
