//! The way to the terminal: takes a frame at a time, and never waits for a terminal that does not read. Knows bytes, not
//! what they draw.

use std::{
    collections::VecDeque,
    env,
    ffi::OsStr,
    fs::{File, OpenOptions},
    io::{self, Write, stdout},
    os::{
        fd::AsFd,
        unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    },
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use ratatui::layout::Size;
use rustix::{
    fs::OFlags,
    io::Errno,
    process::getpgrp,
    termios::{
        LocalModes, OptionalActions, QueueSelector, Termios, Winsize, tcflush, tcgetattr, tcgetpgrp, tcgetwinsize,
        tcsetattr, ttyname,
    },
};

/// The largest part of a terminal that is drawn on: more than any has, so that one that tells nonsense takes no gigabytes.
const LARGEST: Size = Size { width: 1024, height: 512 };

/// How long until one that was full is tried again.
pub(super) const RETRY: Duration = Duration::from_millis(20);

/// The most that is written at once. Of what the system holds for a terminal that does not read, the last piece stays when
/// the rest is thrown away, and takes room.
const CHUNK: usize = 1024;

/// What a terminal without a size is taken for.
const USUAL: Size = Size { width: 80, height: 24 };

/// Standard output, which is a terminal, opened once more: so that this program's writes need not wait, and those of the
/// shell, whose terminal it is too, are left as they are.
#[derive(Debug)]
pub(super) struct Tty {
    file: File,
    /// The line's settings as the shell has them.
    before: Mutex<Option<Termios>>,
}

impl Tty {
    /// The terminal that standard output is.
    pub fn open() -> io::Result<Self> {
        let name = ttyname(stdout(), Vec::new())?;
        let name = Path::new(OsStr::from_bytes(name.as_bytes()));
        let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).expect("flags are small");
        let open = |path: &Path| OpenOptions::new().write(true).custom_flags(flags).open(path);
        // Another user's terminal, after `su`, is still the terminal of this session.
        let file = open(name).or_else(|_| open(Path::new("/dev/tty")))?;
        Ok(Self { file, before: Mutex::default() })
    }

    /// Hands on each key as it comes, and shows none by itself.
    pub fn make_raw(&self) -> io::Result<()> {
        let mut modes = tcgetattr(&self.file)?;
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        // After a stop that came unasked these may be the program's own.
        if before.is_none() || modes.local_modes.contains(LocalModes::ICANON) {
            *before = Some(modes.clone());
        }
        modes.make_raw();
        Ok(tcsetattr(&self.file, OptionalActions::Now, &modes)?)
    }

    /// Sets the line as the shell had it.
    pub fn restore(&self) -> io::Result<()> {
        match &*self.before.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(modes) => Ok(tcsetattr(&self.file, OptionalActions::Now, modes)?),
            None => Ok(()),
        }
    }

    /// Whether this program is in the terminal's foreground.
    pub fn is_ours(&self) -> bool {
        is_foreground(&self.file)
    }

    /// Writes what is taken at once, no more than a kilobyte. Returns the number of bytes.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        // One that has hung up takes nothing, and says so; one that is full takes less.
        match (&self.file).write(&bytes[..bytes.len().min(CHUNK)]) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
            written => written,
        }
    }

    /// Writes all of this, waiting for it no longer than `patience`; then what the terminal has not read is thrown away, to
    /// make room, and it is tried for as long again. Returns whether it was all written.
    pub fn insist(&self, mut bytes: &[u8], patience: Duration) -> bool {
        let start = Instant::now();
        while !bytes.is_empty() {
            let Ok(count) = self.write(bytes) else { return false };
            bytes = &bytes[count..];
            if count > 0 {
                continue;
            }
            let waited = start.elapsed();
            if waited > 2 * patience {
                return false;
            }
            if waited > patience {
                let _ = tcflush(&self.file, QueueSelector::OFlush);
            }
            thread::sleep(RETRY);
        }
        true
    }

    /// The terminal's size in cells, as far as it is drawn on. One that has none is as large as `COLUMNS` and `LINES` say, or 80×24.
    pub fn size(&self) -> io::Result<Size> {
        let size = match tcgetwinsize(&self.file) {
            Ok(Winsize { ws_col, ws_row, .. }) => Size { width: ws_col, height: ws_row },
            Err(Errno::NOTTY | Errno::INVAL) => Size::ZERO,
            Err(error) => return Err(error.into()),
        };
        Ok(given(size, |name| env::var(name).ok()))
    }
}

/// Whether this program is in this terminal's foreground, or the terminal has none.
pub(super) fn is_foreground(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).map_or(true, |group| group == getpgrp())
}

/// A size whose missing sides are what the environment (`variable`: a name's value) says, or the usual ones.
pub(super) fn given(size: Size, variable: impl Fn(&str) -> Option<String>) -> Size {
    let cells = |found: u16, name: &str, usual: u16| match found {
        0 => variable(name).and_then(|value| value.trim().parse().ok()).filter(|cells| *cells > 0).unwrap_or(usual),
        found => found,
    };
    Size {
        width: cells(size.width, "COLUMNS", USUAL.width).min(LARGEST.width),
        height: cells(size.height, "LINES", USUAL.height).min(LARGEST.height),
    }
}

/// What is on its way to the terminal.
#[derive(Debug, Default)]
pub(super) struct Outgoing(VecDeque<u8>);

impl Outgoing {
    /// Takes bytes to be sent.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    /// Whether there is nothing left to be sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops what is left.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Sends what the terminal takes now, and returns the number of bytes.
    pub fn send(&mut self, tty: &Tty) -> io::Result<usize> {
        let mut sent = 0;
        while !self.0.is_empty() {
            let count = tty.write(self.0.make_contiguous())?;
            if count == 0 {
                break;
            }
            self.0.drain(..count);
            sent += count;
        }
        Ok(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_of_no_size_is_as_large_as_its_environment_says_or_as_usual() {
        let none = |_: &str| None;
        assert_eq!(given(Size::ZERO, none), Size::new(80, 24));
        assert_eq!(given(Size::new(100, 0), none), Size::new(100, 24));
        let some = |name: &str| Some(if name == "COLUMNS" { " 132 " } else { "0" }.to_owned());
        assert_eq!(given(Size::ZERO, some), Size::new(132, 24));
        assert_eq!(given(Size::new(90, 30), some), Size::new(90, 30));
        assert_eq!(given(Size::new(u16::MAX, u16::MAX), none), LARGEST);
    }
}
