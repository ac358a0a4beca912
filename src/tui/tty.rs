//! Writes to the terminal, one frame at a time, and never waits for a terminal that does not read. Knows bytes, not
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

/// The largest part of a terminal that is drawn on. No real one is larger, and one that reports nonsense takes no
/// gigabytes.
const LARGEST: Size = Size { width: 1024, height: 512 };

/// The most pixels that a cell has, in letters for a wall.
const LARGEST_CELL: Size = Size { width: 64, height: 128 };

/// How long to wait before writing again to a terminal that was full.
pub(super) const RETRY: Duration = Duration::from_millis(20);

/// The most bytes to write at once. When the system throws away what it holds for a terminal that does not read, the
/// last piece stays, and takes room.
const CHUNK: usize = 1024;

/// The size that a terminal without a size is assumed to have.
const USUAL: Size = Size { width: 80, height: 24 };

/// The terminal of standard output, opened a second time: so this program's writes never wait, and those of the shell,
/// which has the same terminal, work as before.
#[derive(Debug)]
pub(super) struct Tty {
    file: File,
    /// The line's settings as the shell has them.
    before: Mutex<Option<Termios>>,
}

impl Tty {
    /// Opens the terminal of standard output.
    pub fn open() -> io::Result<Self> {
        let name = ttyname(stdout(), Vec::new())?;
        let name = Path::new(OsStr::from_bytes(name.as_bytes()));
        let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).expect("flags are small");
        let open = |path: &Path| OpenOptions::new().write(true).custom_flags(flags).open(path);
        // After `su` the terminal belongs to another user, and is still the terminal of this session.
        let file = open(name).or_else(|_| open(Path::new("/dev/tty")))?;
        Ok(Self { file, before: Mutex::default() })
    }

    /// Makes the terminal hand on each key as it comes, and show none by itself.
    pub fn make_raw(&self) -> io::Result<()> {
        let mut modes = tcgetattr(&self.file)?;
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        // After an unexpected stop these may be the program's own settings.
        if before.is_none() || modes.local_modes.contains(LocalModes::ICANON) {
            *before = Some(modes.clone());
        }
        modes.make_raw();
        Ok(tcsetattr(&self.file, OptionalActions::Now, &modes)?)
    }

    /// Restores the settings that the shell had.
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

    /// Writes what the terminal takes at once, at most a kilobyte. Returns the number of bytes.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        // A terminal that has hung up reports an error; one that is full takes less.
        match (&self.file).write(&bytes[..bytes.len().min(CHUNK)]) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
            written => written,
        }
    }

    /// Writes all of this and waits for it no longer than `patience`. After that it throws away what the terminal has
    /// not read, to make room, and tries for as long again. Returns whether everything was written.
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

    /// The size in cells of the part that is drawn on. A terminal without a size is as large as `COLUMNS` and `LINES`
    /// say, or 80×24.
    pub fn size(&self) -> io::Result<Size> {
        let size = match tcgetwinsize(&self.file) {
            Ok(Winsize { ws_col, ws_row, .. }) => Size { width: ws_col, height: ws_row },
            Err(Errno::NOTTY | Errno::INVAL) => Size::ZERO,
            Err(error) => return Err(error.into()),
        };
        Ok(given(size, |name| env::var(name).ok()))
    }

    /// The pixels of a cell, if the terminal says how many there are.
    pub fn cell(&self) -> Option<Size> {
        cell(&self.file)
    }
}

/// The pixels of this terminal's cell, if it says how many there are, and no nonsense.
pub(super) fn cell(terminal: impl AsFd) -> Option<Size> {
    let Winsize { ws_col, ws_row, ws_xpixel, ws_ypixel } = tcgetwinsize(terminal).ok()?;
    let (width, height) = (ws_xpixel.checked_div(ws_col)?, ws_ypixel.checked_div(ws_row)?);
    let is_likely = (1..=LARGEST_CELL.width).contains(&width) && (1..=LARGEST_CELL.height).contains(&height);
    is_likely.then_some(Size { width, height })
}

/// Whether this program is in this terminal's foreground, or the terminal has none.
pub(super) fn is_foreground(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).map_or(true, |group| group == getpgrp())
}

/// This size, with missing sides taken from the environment (`variable`: a name's value), or else the usual ones.
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
    /// Adds bytes to send.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    /// Whether there is nothing left to send.
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
