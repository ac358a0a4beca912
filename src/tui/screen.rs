//! The terminal, taken over and given back as it was: by a quit, an error, a panic or a suspension. Draws nothing of
//! its own and reads no key.

use std::{
    cell::Cell,
    io::{self, BufWriter, Stdout, Write, stdout},
    mem::ManuallyDrop,
    panic,
    rc::Rc,
    sync::{Mutex, PoisonError},
    thread,
};

use crossterm::{
    cursor::Show,
    execute,
    style::{Print, ResetColor},
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{Frame, Terminal, backend::CrosstermBackend, layout::Rect};
use rustix::process::{Signal, kill_current_process_group};

/// A frame leaves in one write, so that a slow link shows no half of one.
type Output = Counter<BufWriter<Stdout>>;

/// Counts what is written.
struct Counter<W> {
    inner: W,
    /// Shared with the screen, which cannot look into what ratatui draws with.
    bytes: Rc<Cell<u64>>,
}

impl<W: Write> Write for Counter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.bytes.set(self.bytes.get() + count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Room for a large frame.
const OUTPUT_BYTES: usize = 1 << 16;

/// Report clicks and the wheel, with columns and rows of any size; and no longer. Not where the mouse merely moves, which
/// would keep a slow link busy.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// The last panic of a thread other than the one that draws.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// The terminal in raw mode and on its alternate screen, until it is dropped.
pub(super) struct Screen {
    /// Never dropped: that would show the cursor, as [`give_back`] does, but panic where the terminal and standard error
    /// are both gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Output>>>,
    /// Bytes so far.
    written: Rc<Cell<u64>>,
    has_mouse: bool,
}

impl Screen {
    /// Takes the terminal over. From here on a panic of this thread gives it back before it is told, and a panic of
    /// another one is kept for [`take_panic`], since telling it now would tear the screen. `has_mouse`: whether clicks are
    /// the program's; otherwise they are the terminal's own, to select text.
    pub(super) fn enter(has_mouse: bool) -> io::Result<Self> {
        keep_panics_readable();
        take_over(has_mouse)?;
        let written = Rc::new(Cell::new(0));
        let output = Counter { inner: BufWriter::with_capacity(OUTPUT_BYTES, stdout()), bytes: Rc::clone(&written) };
        match Terminal::new(CrosstermBackend::new(output)) {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal), written, has_mouse }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Draws a frame; only the cells that changed are sent. Returns the number of bytes that this took.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> io::Result<u64> {
        let before = self.written.get();
        self.terminal.draw(render)?;
        Ok(self.written.get() - before)
    }

    /// The terminal's cells.
    pub(super) fn area(&self) -> io::Result<Rect> {
        self.terminal.size().map(|size| Rect::new(0, 0, size.width, size.height))
    }

    /// Forgets what the terminal shows, so that the next frame is sent whole.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Gives the terminal to the shell and stops; returns when the shell puts the program in the foreground again.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The whole job, as the terminal itself would do it: a `cargo run` around the program stops as well.
        kill_current_process_group(Signal::TSTP)?;
        self.resume()
    }

    /// Takes the terminal over again after a stop that came from elsewhere.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        take_over(self.has_mouse)?;
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take_over(with_mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    let mouse = if with_mouse { MOUSE_ON } else { "" };
    execute!(stdout(), EnterAlternateScreen, Print(mouse)).inspect_err(|_| give_back())
}

/// Errors are passed over: there is no better terminal to tell them to.
fn give_back() {
    let _ = execute!(stdout(), Print(MOUSE_OFF), ResetColor, LeaveAlternateScreen, Show);
    let _ = stdout().flush();
    let _ = disable_raw_mode();
}

fn keep_panics_readable() {
    let drawing = thread::current().id();
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == drawing {
            give_back();
            previous(info);
        } else {
            let name = thread::current().name().unwrap_or("unnamed").to_owned();
            *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("thread {name:?} {info}"));
        }
    }));
}

/// What a thread other than the one that draws panicked with, once.
pub(super) fn take_panic() -> Option<String> {
    PANIC.lock().unwrap_or_else(PoisonError::into_inner).take()
}
