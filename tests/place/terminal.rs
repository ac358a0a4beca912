//! A pseudo-terminal in which tests run the real program, and somebody who reads it: at once, slowly, or not at all.

use std::{
    env, fs,
    io::{self, Read, Write},
    num::NonZeroU16,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::place::Place;

/// How long a screen may take to show what it should: far more than it takes, for the sake of busy machines.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal that reads at once.
pub const AT_ONCE: usize = usize::MAX;
/// A terminal that is gone.
const GONE: usize = usize::MAX - 1;

/// A program in a pseudo-terminal.
pub struct Terminal {
    /// Kept open, so that the terminal's settings can be read after the program has left.
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    /// How many bytes per second are read.
    speed: Arc<AtomicUsize>,
    pub screen: vt100::Parser,
    /// Everything that has been read so far.
    pub bytes: Vec<u8>,
    before: String,
}

impl Terminal {
    /// Starts fitroom on a run of which nothing is kept.
    pub fn start(columns: u16, rows: u16, arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
        command.args(arguments);
        command.env("FITROOM_NO_SAVE", "1");
        command.cwd(Path::new(env!("CARGO_MANIFEST_DIR")));
        Self::run(columns, rows, command)
    }

    /// Starts fitroom on the small data set of a place, where the run is kept.
    pub fn at(place: &Place, columns: u16, rows: u16, arguments: &[&str]) -> Self {
        Self::run(columns, rows, fitroom(place, arguments))
    }

    pub fn run(columns: u16, rows: u16, command: CommandBuilder) -> Self {
        Self::read_at(AT_ONCE, columns, rows, command)
    }

    /// Starts a program whose output is read at this many bytes per second.
    pub fn read_at(speed: usize, columns: u16, rows: u16, mut command: CommandBuilder) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let defaults =
            [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8"), ("FITROOM_CONFIG", "none")];
        for (name, value) in defaults {
            // What the test itself sets or removes stays so.
            if command.get_env(name) == env::var_os(name).as_deref() {
                command.env(name, value);
            }
        }
        // What the terminal of whoever runs the tests has set decides nothing.
        for name in ["NO_COLOR", "STY", "TMUX", "TERM_PROGRAM", "VTE_VERSION", "WT_SESSION", "KITTY_WINDOW_ID"] {
            if command.get_env(name) == env::var_os(name).as_deref() {
                command.env_remove(name);
            }
        }
        let before = settings(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let reader = pair.master.try_clone_reader().expect("the terminal can be read");
        let (sender, output) = channel();
        let speed = Arc::new(AtomicUsize::new(speed));
        let theirs = Arc::clone(&speed);
        thread::spawn(move || read(reader, &theirs, |bytes| sender.send(bytes).is_ok()));
        let keys = pair.master.take_writer().expect("the terminal takes keys");
        // The slave side stays open in `pair` until here; the program holds its own.
        let screen = vt100::Parser::new(cells(rows.max(1)), cells(columns.max(1)), 0);
        Self { master: Some(pair.master), child, keys, output, speed, screen, bytes: Vec::new(), before }
    }

    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads what the program writes until the screen satisfies `wanted`.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(&self.text()) {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => panic!("{what}: {error}; the screen:\n{}", self.text()),
            }
        }
    }

    pub fn until_shown(&mut self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Reads what the program writes until it has left the screen to others.
    pub fn until_given_back(&mut self) {
        let end = Instant::now() + PATIENCE;
        while self.screen.screen().alternate_screen() {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => panic!("the terminal is not given back: {error}; the screen:\n{}", self.text()),
            }
        }
    }

    /// Reads what comes during this time.
    pub fn watch(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(bytes) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.take(&bytes);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        self.screen.process(bytes);
    }

    /// Reads this many bytes per second from here on; 0: nothing.
    pub fn set_speed(&self, bytes_per_second: usize) {
        self.speed.store(bytes_per_second, Ordering::Relaxed);
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
    }

    /// Stops and saves a run that trains, and leaves.
    pub fn stop_and_leave(&mut self) {
        self.press("qs");
    }

    /// Makes the terminal report this size, whatever is seen of it.
    pub fn claim(&self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master().resize(size).expect("the terminal can be resized");
    }

    /// Makes the terminal report this size, and that its cells have so many pixels across and down.
    pub fn claim_pixels(&self, columns: u16, rows: u16, (width, height): (u16, u16)) {
        let (pixel_width, pixel_height) = (columns * width, rows * height);
        let size = PtySize { rows, cols: columns, pixel_width, pixel_height };
        self.master().resize(size).expect("the terminal can be resized");
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.claim(columns, rows);
        self.screen.screen_mut().set_size(cells(rows), cells(columns));
    }

    fn master(&self) -> &dyn MasterPty {
        &**self.master.as_ref().expect("the terminal is there")
    }

    /// Takes the terminal away.
    pub fn hang_up(&mut self) {
        self.set_speed(GONE);
        self.keys = Box::new(io::sink());
        self.master = None;
    }

    /// The same where nothing comes from the terminal but the echo of what is typed.
    pub fn hang_up_at_a_prompt(&mut self) {
        self.set_speed(GONE);
        // Whoever reads it notices that it is gone once there is something to be read.
        self.press("#");
        self.hang_up();
    }

    pub fn process(&self) -> u32 {
        self.child.process_id().expect("the program runs")
    }

    pub fn signal(&self, name: &str) {
        signal(self.process(), name);
    }

    /// The program's state as `/proc` shows it: `S`, `R`, `T` if it is stopped, `Z` if it has ended.
    pub fn state(&self) -> char {
        let state = status(self.process(), "State");
        state.chars().next().expect("a state is a letter and a word")
    }

    /// How many bytes of memory the program has.
    pub fn memory(&self) -> u64 {
        memory_of(self.process())
    }

    /// Waits for the program to end, reads the rest of its output, and returns its exit status.
    pub fn wait(&mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(Duration::from_millis(20)) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                        self.watch(Duration::from_millis(100));
                        return status.exit_code();
                    }
                    assert!(Instant::now() < end, "the program does not end; the screen:\n{}", self.text());
                    thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }

    pub fn assert_given_back(&self) {
        self.assert_is_the_shells();
        assert_eq!(self.before, settings(self.master()), "the terminal's settings changed");
    }

    /// Whatever a shell needs but the line's settings, which an interactive one changes itself.
    pub fn assert_is_the_shells(&self) {
        assert!(!self.screen.screen().alternate_screen(), "the alternate screen was left on");
        assert!(!self.screen.screen().hide_cursor(), "the cursor was left hidden");
        let mouse = self.screen.screen().mouse_protocol_mode();
        assert_eq!(mouse, vt100::MouseProtocolMode::None, "the mouse was left to a program that has gone");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
    }
}

/// fitroom on the small data set of a place.
pub fn fitroom(place: &Place, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(arguments);
    command.args(["--data", "data", "--hidden", "16"]);
    command.cwd(place.directory.path());
    command
}

/// Waits for something outside the terminal.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

pub fn signal(process: u32, name: &str) {
    let status = std::process::Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(status.expect("kill is there").success());
}

/// A press and a release of the left button on this cell, as terminals report them (SGR, from 1).
pub fn click(column: u16, row: u16) -> String {
    format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")
}

/// Reads this many bytes per second, in twenty parts per second unless it reads at once.
fn read(mut reader: Box<dyn Read + Send>, speed: &AtomicUsize, hand_on: impl Fn(Vec<u8>) -> bool) {
    const TICK: Duration = Duration::from_millis(50);
    let mut buffer = [0; 4096];
    loop {
        let room = match speed.load(Ordering::Relaxed) {
            AT_ONCE => buffer.len(),
            GONE => return,
            speed => {
                thread::sleep(TICK);
                (speed / 20).min(buffer.len())
            }
        };
        if room == 0 {
            continue;
        }
        match reader.read(&mut buffer[..room]) {
            Ok(count) if count > 0 && hand_on(buffer[..count].to_vec()) => {}
            _ => return,
        }
    }
}

/// How many bytes of memory a process has.
pub fn memory_of(process: u32) -> u64 {
    let kilobytes = status(process, "VmRSS");
    kilobytes.split(' ').next().and_then(|number| number.parse::<u64>().ok()).expect("a number of kB") * 1024
}

fn status(process: u32, key: &str) -> String {
    let path = PathBuf::from(format!("/proc/{process}/status"));
    let status = fs::read_to_string(path).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).expect("it has this line");
    line.trim().to_owned()
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}

fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal has settings"))
}

/// A run's directory, as another program sees it.
pub struct Run(PathBuf);

impl Run {
    pub fn at(place: &Place, name: &str) -> Self {
        Self(place.path("runs").join(name))
    }

    pub fn state(&self) -> String {
        let facts = fs::read(self.0.join("run.json")).expect("the run has facts");
        let facts: serde_json::Value = serde_json::from_slice(&facts).expect("they are JSON");
        facts["state"].as_str().expect("it is text").to_owned()
    }

    pub fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint.safetensors")
    }

    /// How many epochs are on the disk.
    pub fn epochs(&self) -> usize {
        fs::read_to_string(self.0.join("metrics.jsonl")).map_or(0, |lines| lines.lines().count())
    }
}
