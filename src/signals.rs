//! Turns signals into messages: those that would end the program, and those that concern its terminal. Knows neither
//! what is saved nor what the terminal shows.

use std::{
    fs, io, process,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{SigSet, Signal as Number, raise},
    unistd::{getppid, getsid},
};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// To end; this is the signal's number.
    End(u8),
    /// To stop until [`Signal::Continue`], as Ctrl-Z does: see [`stop`].
    Stop,
    /// The program continues after any signal has stopped it.
    Continue,
    /// The terminal has another size.
    Resize,
}

/// The number of SIGHUP: the terminal is gone.
pub const HANGUP: u8 = Number::SIGHUP as u8;

/// The exit status of a program whose reader has gone away.
pub const READER_GONE: u8 = exit_status(Number::SIGPIPE as u8);

/// The exit status of a program that this signal has ended, as a shell shows it: 128 and the signal's number.
#[must_use]
pub const fn exit_status(number: u8) -> u8 {
    128 + number
}

/// The terminal's own signals. SIGCONT is none of them: it continues a program whoever takes it.
const OF_THE_TERMINAL: [Number; 2] = [Number::SIGTSTP, Number::SIGWINCH];

/// Signals that are left alone: those that cannot be caught, those that end nothing, and those that stop a background
/// program when it wants the terminal.
const LEFT_ALONE: [Number; 6] =
    [Number::SIGKILL, Number::SIGSTOP, Number::SIGCHLD, Number::SIGURG, Number::SIGTTIN, Number::SIGTTOU];

/// Whether a signal ends the program at once.
static AT_ONCE: AtomicBool = AtomicBool::new(false);

/// Whether a hangup does nothing.
static OUTLIVES_HANGUPS: AtomicBool = AtomicBool::new(false);

/// Starts a thread that hands every signal that would end the program to `hand_on` instead of letting it act, and
/// SIGCONT; with `terminal` also the signals of the terminal. A signal that the program was started to ignore, such
/// as SIGHUP by `nohup`, stays ignored. A fault of the program's own, such as SIGSEGV from its own code, still ends
/// it at once. SIGXFSZ does not: a file that grows beyond `ulimit -f` is an error, like a full disk.
///
/// Call this before any other thread is started, because it is the threads that hold signals back.
///
/// # Errors
/// When no thread can be started, or the system offers no way to read signals.
pub fn listen(terminal: bool, mut hand_on: impl FnMut(Signal) + Send + 'static) -> io::Result<()> {
    let set = wanted(terminal);
    set.thread_block()?;
    let mut signals = held_back::HeldBack::new(set)?;
    let mut parting = ShellsParting::of(shells());
    let take = move || {
        while let Ok((number, sender)) = signals.next() {
            let is_outlived = number == HANGUP && OUTLIVES_HANGUPS.load(Ordering::Relaxed);
            if parting.includes(number, sender, was_suspended) || is_outlived {
                continue;
            }
            let signal = meaning(number);
            if let Signal::End(number) = signal
                && AT_ONCE.load(Ordering::Relaxed)
            {
                process::exit(exit_status(number).into());
            }
            hand_on(signal);
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(take).map(drop)
}

/// From here on a signal that ends the program does so at once: there is nothing left to save.
pub fn end_at_once() {
    AT_ONCE.store(true, Ordering::Relaxed);
}

/// From here on a hangup does nothing: what is under way does not need the terminal.
pub fn outlive_hangups() {
    OUTLIVES_HANGUPS.store(true, Ordering::Relaxed);
}

/// Stops this process until it is continued, as SIGTSTP does to a program that does not listen. Does nothing if nobody
/// could continue it.
///
/// # Errors
/// When the system refuses.
pub fn stop() -> io::Result<()> {
    let mut stop = SigSet::empty();
    stop.add(Number::SIGTSTP);
    stop.thread_unblock()?;
    // Sent only to this thread, so that the one that reads signals does not take it.
    raise(Number::SIGTSTP)?;
    stop.thread_block()?;
    Ok(())
}

/// Distinguishes a second request to end from an echo of the first.
#[derive(Debug)]
pub struct First(Instant);

impl First {
    /// Notes that the first request came now.
    #[must_use]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// Whether this signal, coming now, is a second request. A shell that loses its terminal sends SIGHUP more than
    /// once, and `timeout` signals the program and its group; each of these is one request.
    #[must_use]
    pub fn is_followed_by(&self, number: u8) -> bool {
        const ECHO: Duration = Duration::from_millis(50);
        number != HANGUP && self.0.elapsed() > ECHO
    }
}

/// What a shell that loses its terminal sends to a program that Ctrl-Z has suspended: like the system SIGHUP and
/// SIGCONT, but bash SIGTERM too. All of that means that the terminal is gone, and no more. SIGTERM from anybody else
/// asks to end, also where it comes just then, as from a system that shuts down; and it is taken after SIGHUP, which
/// has the lower number, even if it was sent before.
#[derive(Debug)]
struct ShellsParting {
    /// The processes that may be that shell.
    shells: Vec<u32>,
    /// When a suspended program was hung up on.
    since: Option<Instant>,
}

impl ShellsParting {
    fn of(shells: Vec<u32>) -> Self {
        Self { shells, since: None }
    }

    /// Whether this signal, coming now, is a part of that besides SIGHUP; `sender`: the process that sent it, if that
    /// is known, `was_suspended`: whether the program was until now.
    fn includes(&mut self, number: u8, sender: Option<u32>, was_suspended: impl FnOnce() -> bool) -> bool {
        // It sends them one after another, and on a busy machine other programs come between.
        const LONGEST: Duration = Duration::from_secs(5);
        if number == HANGUP {
            self.since = was_suspended().then(Instant::now);
        }
        number == Number::SIGTERM as u8
            && self.since.is_some_and(|since| since.elapsed() < LONGEST)
            && sender.is_some_and(|sender| self.shells.contains(&sender))
    }
}

/// The processes that may be the shell that this program was started from: the leader of its session, and, for one
/// shell may be started from another, its parent there. Asked for at the beginning, because a shell that has parted is
/// nobody's parent any more.
fn shells() -> Vec<u32> {
    let session = getsid(None).ok();
    let parent = Some(getppid()).filter(|parent| getsid(Some(*parent)).ok() == session);
    session.into_iter().chain(parent).map(|process| process.as_raw().unsigned_abs()).collect()
}

/// Whether the program was suspended until now: then it takes no signal before SIGCONT has come, which waits to
/// be taken too. To the leader of a session, which Ctrl-Z does not suspend, the system sends that with every
/// SIGHUP. Where it does not say all this the program was not.
fn was_suspended() -> bool {
    let continues = mask("ShdPnd:").is_some_and(|pending| contains(pending, Number::SIGCONT));
    let session = status("NSsid:").and_then(|sessions| sessions.split_whitespace().last()?.parse().ok());
    continues && session.is_some_and(|session: u32| session != process::id())
}

/// A set of signals of this process, as Linux has it under this name.
fn mask(name: &str) -> Option<u64> {
    u64::from_str_radix(&status(name)?, 16).ok()
}

/// What Linux says of this process under this name.
fn status(name: &str) -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(status.lines().find_map(|line| line.strip_prefix(name))?.trim().to_owned())
}

fn contains(mask: u64, signal: Number) -> bool {
    mask >> (signal as i32 - 1) & 1 == 1
}

fn meaning(number: u8) -> Signal {
    match Number::try_from(i32::from(number)) {
        Ok(Number::SIGTSTP) => Signal::Stop,
        Ok(Number::SIGCONT) => Signal::Continue,
        Ok(Number::SIGWINCH) => Signal::Resize,
        _ => Signal::End(number),
    }
}

fn wanted(terminal: bool) -> SigSet {
    // All of them, including the real-time signals, which by default end the program too.
    let mut set = SigSet::all();
    let of_the_terminal = OF_THE_TERMINAL.into_iter().filter(|_| !terminal);
    for signal in LEFT_ALONE.into_iter().chain(of_the_terminal).chain(ignored()) {
        set.remove(signal);
    }
    set
}

/// The signals that are ignored: by whoever started the program, and SIGPIPE by Rust. Where the system does not say
/// which they are, they are ignored all the same, because an ignored signal is not held back there.
fn ignored() -> Vec<Number> {
    match mask("SigIgn:") {
        Some(mask) => Number::iterator().filter(|signal| contains(mask, *signal)).collect(),
        None => vec![Number::SIGPIPE],
    }
}

#[cfg(target_os = "linux")]
mod held_back {
    use std::io;

    use nix::sys::{
        signal::SigSet,
        signalfd::{SfdFlags, SignalFd},
    };

    /// The signals that are held back, by number, the real-time ones too.
    pub(super) struct HeldBack(SignalFd);

    impl HeldBack {
        pub fn new(set: SigSet) -> io::Result<Self> {
            Ok(Self(SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC)?))
        }

        /// Waits for the next one. With it comes the process that sent it, if that can be seen from here.
        pub fn next(&mut self) -> io::Result<(u8, Option<u32>)> {
            loop {
                match self.0.read_signal() {
                    Ok(Some(signal)) => {
                        let number = u8::try_from(signal.ssi_signo).map_err(io::Error::other)?;
                        return Ok((number, Some(signal.ssi_pid).filter(|process| *process > 0)));
                    }
                    Ok(None) | Err(nix::Error::EINTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod held_back {
    use std::io;

    use nix::sys::signal::SigSet;

    /// The signals that are held back.
    pub(super) struct HeldBack(SigSet);

    impl HeldBack {
        #[expect(clippy::unnecessary_wraps, reason = "on Linux it can fail")]
        pub fn new(set: SigSet) -> io::Result<Self> {
            Ok(Self(set))
        }

        /// Waits for the next one. Who sent it is not known.
        pub fn next(&mut self) -> io::Result<(u8, Option<u32>)> {
            Ok((self.0.wait()? as u8, None))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminals_signals_are_left_alone_where_there_is_no_dashboard() {
        for signal in OF_THE_TERMINAL {
            assert!(wanted(true).contains(signal) && !wanted(false).contains(signal), "{signal}");
        }
    }

    #[test]
    fn whatever_ends_a_program_and_can_be_caught_is_wanted() {
        for signal in [Number::SIGUSR1, Number::SIGQUIT, Number::SIGALRM, Number::SIGXCPU, Number::SIGSEGV] {
            assert!(wanted(false).contains(signal), "{signal}");
        }
        assert!(!wanted(true).contains(Number::SIGPIPE), "Rust ignores it");
    }

    #[test]
    fn numbers_without_a_name_ask_to_end() {
        assert_eq!([meaning(1), meaning(34), meaning(64)], [1, 34, 64].map(Signal::End));
        assert_eq!(meaning(Number::SIGWINCH as u8), Signal::Resize);
    }
}
