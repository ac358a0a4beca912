//! A connection to the process that trains a run: its reports come through the door of that process, and commands go
//! there.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    time::Duration,
};

use color_eyre::eyre::{Result, WrapErr, bail};

use super::{
    door::HEARTBEAT,
    hub::Emitter,
    past,
    wire::{Greeting, LONGEST_REPORT, PROTOCOL, Refusal, line},
};
use crate::{
    json,
    printable::{self, Printable},
    protocol::{Command, Report, Started},
    run::Run,
};

/// After this long without a sign of life a program counts as silent.
const SILENCE: Duration = HEARTBEAT.saturating_mul(3);

/// The connection that there is at the moment.
#[derive(Debug, Default)]
pub(super) struct TheLine {
    stream: Mutex<Option<UnixStream>>,
    is_closing: AtomicBool,
}

/// A connection whose greeting was read.
pub(super) struct Connection {
    reader: BufReader<UnixStream>,
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

    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }
}

/// Sends commands until there are no more.
pub(super) fn hand_on(commands: &Receiver<Command>, line: &TheLine) {
    for command in commands {
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
                    Ok(Refusal { error }) => emitter.emit(Report::Note { text: error }),
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
