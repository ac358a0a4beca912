//! Takes the terminal over, and gives it back as it was: on a quit, an error, a panic or a stop. Draws nothing of its
//! own and reads no key. Asks the terminal nothing either, because an answer may come late or never.

use std::{
    cell::RefCell,
    io::{self, Write},
    mem, panic,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ratatui::{
    Frame, Terminal, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    layout::{Position, Rect, Size},
};

use super::{
    flow::Flow,
    tty::{Outgoing, RETRY, Tty},
};
use crate::{depth::sixteen, signs::Signs, view::Depth};

/// Makes the terminal report clicks and the wheel, with columns and rows of any size, and stop that. Mere movements are
/// not reported, because they would keep a slow connection busy.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Opens the alternate screen and clears it: a terminal without one, as inside GNU screen, shows what was there before.
const ENTER: &str = "\x1b[?1049h\x1b[0m\x1b[2J\x1b[H\x1b[?25l";
/// Goes back to the shell's screen, to an empty line even if it is the same screen.
const LEAVE: &str = "\x1b[0m\x1b[2J\x1b[H\x1b[?1049l\x1b[?25h";
/// Clears the screen before it is drawn again.
const CLEAR: &str = "\x1b[0m\x1b[2J";

/// How long to wait for a terminal that does not read when it is given back.
const PATIENCE: Duration = Duration::from_millis(500);

/// The last panic of a thread other than the one that draws.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// The terminal in raw mode and on its alternate screen, until it is dropped.
pub(super) struct TakenTerminal {
    tty: Arc<Tty>,
    terminal: Terminal<CrosstermBackend<Canvas>>,
    canvas: Canvas,
    outgoing: Outgoing,
    flow: Flow,
    has_mouse: bool,
    /// Whether colours are to be written as terminals with sixteen of them know them.
    has_sixteen: bool,
    /// What the terminal is told when it is taken over, and when it is given back.
    signs: (&'static str, String),
    /// What ends and takes back the images that the terminal was sent.
    farewell: &'static str,
    /// Whether the program has the terminal now; the thread that reads it looks here too.
    taken: Arc<AtomicBool>,
}

/// What ratatui writes a frame to.
#[derive(Clone, Default)]
struct Canvas(Rc<RefCell<Vec<u8>>>);

impl Write for Canvas {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TakenTerminal {
    /// Takes the terminal over. From here on, a panic of this thread gives the terminal back before it is printed. A
    /// panic of another thread is kept for [`take_panic`], because printing it now would garble the screen.
    /// `has_mouse`: whether the program gets the clicks; otherwise the terminal uses them to select text. `depth`: how
    /// many colours the terminal has. `farewell`: what ends and takes back the images that frames send, before the
    /// terminal is given back. `signs`: how its title is kept, and given back.
    pub(super) fn enter(has_mouse: bool, depth: Depth, farewell: &'static str, signs: &Signs) -> io::Result<Self> {
        let tty = Arc::new(Tty::open()?);
        let (canvas, area) = (Canvas::default(), Rect::from((Position::ORIGIN, tty.size()?)));
        let terminal = empty(&canvas, area)?;
        let taken = Arc::default();
        let signs = (signs.enter(), signs.leave());
        keep_panics_readable(&tty, &taken, farewell, signs.1.clone());
        let (outgoing, flow) = (Outgoing::default(), Flow::new(Instant::now()));
        let has_sixteen = depth == Depth::Ansi16;
        let mut taken_terminal =
            Self { tty, terminal, canvas, outgoing, flow, has_mouse, has_sixteen, signs, farewell, taken };
        if taken_terminal.is_ours() {
            taken_terminal.take_over()?;
        }
        Ok(taken_terminal)
    }

    /// Tells the terminal something beside the next frame.
    pub(super) fn tell(&mut self, bytes: &str) {
        self.outgoing.push(bytes.as_bytes());
    }

    /// Draws a frame and sends the cells that changed. Returns how many bytes that takes.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> io::Result<usize> {
        let area = self.area()?;
        if area != self.terminal.get_frame().area() {
            self.repaint(area)?;
        }
        self.terminal.draw(render)?;
        let frame = mem::take(&mut *self.canvas.0.borrow_mut());
        let frame = if self.has_sixteen { sixteen::plain(&frame) } else { frame.into() };
        self.outgoing.push(&frame);
        self.send()?;
        Ok(frame.len())
    }

    /// Sends the rest of a frame, as far as the terminal takes it. Returns whether a whole frame is due: the terminal
    /// had not read for a long time, and whatever it has missed, it now gets the present.
    pub(super) fn send(&mut self) -> io::Result<bool> {
        let sent = self.outgoing.send(&self.tty)?;
        self.flow.took(sent, !self.outgoing.is_empty(), Instant::now());
        let is_due = self.outgoing.is_empty() && self.flow.done(Instant::now());
        if is_due {
            self.clear()?;
        }
        Ok(is_due)
    }

    /// How long to wait before [`TakenTerminal::send`], if a frame is not sent completely yet.
    pub(super) fn retry(&self) -> Option<Duration> {
        (!self.outgoing.is_empty()).then_some(RETRY)
    }

    /// How long to wait before the next frame, so that no other is under way then; `None` if that is not known, or if
    /// the program does not have the terminal.
    pub(super) fn wait(&mut self) -> Option<Duration> {
        (self.is_taken() && self.outgoing.is_empty()).then(|| self.flow.wait(Instant::now()))
    }

    /// How many bytes per second the terminal reads, if it is slow.
    pub(super) fn rate(&self) -> Option<f64> {
        self.flow.rate()
    }

    /// The terminal's cells.
    pub(super) fn area(&self) -> io::Result<Rect> {
        Ok(Rect::from((Position::ORIGIN, self.tty.size()?)))
    }

    /// The pixels of the terminal's cell, if it says how many there are.
    pub(super) fn cell(&self) -> Option<Size> {
        self.tty.cell()
    }

    /// Forgets what the terminal shows, so that the next frame is sent whole.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.repaint(self.area()?)
    }

    fn repaint(&mut self, area: Rect) -> io::Result<()> {
        self.terminal = empty(&self.canvas, area)?;
        self.canvas.0.borrow_mut().extend(CLEAR.as_bytes());
        Ok(())
    }

    /// Whether the program has the terminal now.
    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed)
    }

    /// The same, for the thread that reads the terminal.
    pub(super) fn taken(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.taken)
    }

    /// Whether this program may take it: while a shell keeps it in the foreground, or if there is no job control.
    pub(super) fn is_ours(&self) -> bool {
        self.tty.is_ours()
    }

    /// Takes the terminal over, again if necessary. The next frame is sent whole.
    pub(super) fn take_over(&mut self) -> io::Result<()> {
        self.tty.make_raw()?;
        self.taken.store(true, Ordering::Relaxed);
        self.outgoing.push(ENTER.as_bytes());
        self.outgoing.push(if self.has_mouse { MOUSE_ON } else { "" }.as_bytes());
        self.outgoing.push(self.signs.0.as_bytes());
        self.clear()
    }

    /// Notes that others had the terminal meanwhile: it is as they left it.
    pub(super) fn lose(&mut self) {
        self.taken.store(false, Ordering::Relaxed);
        self.outgoing.clear();
    }

    /// Gives the terminal back to whoever had it before, with `words`, if there are any, on a line of their own.
    pub(super) fn give_back(&mut self, words: Option<&str>) {
        // The rest of a frame is of no use to a shell; if it stops inside a sequence, the next sequence ends that.
        self.outgoing.clear();
        give_back(&self.tty, &self.taken, [self.farewell, &self.signs.1], words);
    }

    /// Writes a line to the terminal, which was given back, unless a shell has it by now.
    pub(super) fn say(&self, words: &str) {
        if !self.is_ours() {
            return;
        }
        self.tty.insist(format!("{words}\r\n").as_bytes(), PATIENCE);
    }
}

impl Drop for TakenTerminal {
    fn drop(&mut self) {
        self.give_back(None);
    }
}

/// A terminal of this size whose content is unknown. Its size is given, so nobody has to ask for it.
fn empty(canvas: &Canvas, area: Rect) -> io::Result<Terminal<CrosstermBackend<Canvas>>> {
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    Terminal::with_options(CrosstermBackend::new(canvas.clone()), options)
}

/// Gives the terminal back, once; one that others have by now is theirs. Ignores errors: there is no better terminal to
/// print them on.
fn give_back(tty: &Tty, taken: &AtomicBool, [farewell, signs]: [&str; 2], words: Option<&str>) {
    if !taken.swap(false, Ordering::Relaxed) || !tty.is_ours() {
        return;
    }
    // This comes first, because it works even if nobody reads.
    let _ = tty.restore();
    // All in one write, the most important first, in case there is hardly any room.
    let words = words.map_or_else(String::new, |words| format!("{words}\r\n"));
    tty.insist([farewell, MOUSE_OFF, LEAVE, signs, &words].concat().as_bytes(), PATIENCE);
}

fn keep_panics_readable(tty: &Arc<Tty>, taken: &Arc<AtomicBool>, farewell: &'static str, signs: String) {
    let drawing = thread::current().id();
    let (tty, taken) = (Arc::clone(tty), Arc::clone(taken));
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == drawing {
            give_back(&tty, &taken, [farewell, &signs], None);
            previous(info);
        } else {
            let name = thread::current().name().unwrap_or("unnamed").to_owned();
            *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("thread {name:?} {info}"));
        }
    }));
}

/// Returns, once, the panic of a thread other than the one that draws.
pub(super) fn take_panic() -> Option<String> {
    PANIC.lock().unwrap_or_else(PoisonError::into_inner).take()
}
