//! Runs the real program in a real pseudo-terminal, as a person does: looks at the screen, presses keys, and leaves.

#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/place.rs"]
mod place;

use std::{
    fs,
    io::{Read, Write},
    num::NonZeroU16,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use self::place::Place;

/// How long a screen may take to show what it should: far above what it takes, for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// fitroom in a pseudo-terminal.
struct Terminal {
    master: Box<dyn MasterPty + Send>,
    /// Held open, so that the terminal's settings can be read after the program has left.
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    before: String,
}

impl Terminal {
    fn start(columns: u16, rows: u16, arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
        command.args(arguments);
        command.env("FITROOM_NO_SAVE", "1");
        command.cwd(Path::new(env!("CARGO_MANIFEST_DIR")));
        Self::run(columns, rows, command)
    }

    fn run(columns: u16, rows: u16, mut command: CommandBuilder) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env_remove("NO_COLOR");
        let before = settings(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let mut reader = pair.master.try_clone_reader().expect("the terminal can be read");
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().expect("the terminal takes keys");
        // The slave side stays open in `pair` until here; the program holds its own.
        Self {
            master: pair.master,
            child,
            keys,
            output,
            screen: vt100::Parser::new(cells(rows), cells(columns), 0),
            before,
        }
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads what the program writes until the screen satisfies `wanted`.
    fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(&self.text()) {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(error) => panic!("{what}: {error}; the screen:\n{}", self.text()),
            }
        }
    }

    fn until_shown(&mut self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
    }

    fn signal(&self, name: &str) {
        let process = self.child.process_id().expect("the program runs").to_string();
        let status = std::process::Command::new("kill").args([&format!("-{name}"), &process]).status();
        assert!(status.expect("kill is there").success());
    }

    /// Waits for the program to end, reads the rest of its output, and gives its exit status.
    fn wait(&mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(Duration::from_millis(20)) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
                            self.screen.process(&bytes);
                        }
                        return status.exit_code();
                    }
                    assert!(Instant::now() < end, "the program does not end; the screen:\n{}", self.text());
                    thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }

    fn assert_given_back(&self) {
        assert!(!self.screen.screen().alternate_screen(), "the alternate screen was left on");
        assert!(!self.screen.screen().hide_cursor(), "the cursor was left hidden");
        let mouse = self.screen.screen().mouse_protocol_mode();
        assert_eq!(mouse, vt100::MouseProtocolMode::None, "the mouse was left to a program that has gone");
        assert_eq!(self.before, settings(&*self.master), "the terminal's settings changed");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
    }
}

/// A run's directory, as another program sees it.
struct Run(PathBuf);

impl Run {
    fn at(place: &Place, name: &str) -> Self {
        Self(place.path("runs").join(name))
    }

    fn state(&self) -> String {
        let facts = fs::read(self.0.join("run.json")).expect("the run has facts");
        let facts: serde_json::Value = serde_json::from_slice(&facts).expect("they are JSON");
        facts["state"].as_str().expect("it is text").to_owned()
    }

    fn epochs(&self) -> usize {
        fs::read_to_string(self.0.join("metrics.jsonl")).expect("the run has metrics").lines().count()
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}

fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal has settings"))
}

#[test]
fn it_starts_trains_leafs_quits_and_leaves_the_terminal_as_it_was() {
    let mut terminal = Terminal::start(100, 30, &["--epochs", "1"]);
    terminal.until_shown("Training");
    terminal.until("one epoch ends", |screen| screen.to_lowercase().contains("done"));
    terminal.until_shown("(Ankle boot)");
    terminal.press("\x1b[C");
    terminal.until_shown("(Pullover)");
    terminal.press(":9999\r");
    terminal.until_shown("Test image 9999");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn slow_motion_shows_a_single_batch_at_a_time_and_pausing_twice_resumes() {
    let mut terminal = Terminal::start(80, 24, &["--pace", "4"]);
    terminal.until_shown("slow motion");
    terminal.press(" ");
    terminal.until("paused", |screen| screen.to_lowercase().contains("paused"));
    terminal.press(" ");
    terminal.until("training again", |screen| !screen.to_lowercase().contains("paused"));
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_run_that_is_left_is_gone_on_with_to_the_end() {
    let place = Place::new();
    let dashboard = |options: &str| {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
        command.args(["--data", place.path("data").to_str().expect("text")]);
        command.args(["--runs", place.path("runs").to_str().expect("text")]);
        command.args(options.split_whitespace());
        Terminal::run(100, 30, command)
    };
    let run = Run::at(&place, "coat");
    let mut terminal = dashboard("--epochs 3 --hidden 16 --pace 250 --run coat");
    terminal.until_shown("run coat");
    terminal.press("s");
    terminal.until_shown("saved as it is after step");
    terminal.until("the second epoch", |screen| screen.contains("2/3"));
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
    assert_eq!((run.state(), run.epochs()), ("stopped".to_owned(), 1));

    let mut terminal = dashboard("--resume coat");
    terminal.until("the end", |screen| screen.contains("done in"));
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    assert_eq!((run.state(), run.epochs()), ("done".to_owned(), 3));
}

/// A press and a release of the left button on this cell, as terminals report them (SGR, from 1).
fn click(column: u16, row: u16) -> String {
    format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")
}

#[test]
fn every_screen_is_reached_by_key_and_by_mouse_and_shows_the_real_run() {
    let place = Place::new();
    let data = place.path("data");
    let options = ["--epochs", "2", "--hidden", "16", "--data", data.to_str().expect("text")];
    let mut terminal = Terminal::start(120, 40, &options);
    terminal.until_shown("done in");
    terminal.press("2");
    terminal.until_shown("500 in all · by index");
    terminal.press("x");
    terminal.until("the mistakes", |screen| screen.contains("mistakes · by index"));
    terminal.press("3");
    terminal.until_shown("Most frequent mistakes");
    terminal.press("\r");
    terminal.until_shown("taken for");
    terminal.press("4");
    terminal.until_shown("a cursor that reads the curves");
    terminal.press("5");
    terminal.until_shown("(500, 28, 28)");
    terminal.press("6");
    terminal.until_shown("Unit 0 of 16 · its 784 weights");
    // The Dashboard's name in the first line, then the picture, which opens large, and again, which closes it.
    terminal.press(&click(14, 1));
    terminal.until_shown("Epochs");
    terminal.press("w");
    terminal.until_shown("blue for, red against");
    terminal.press(&click(20, 25));
    terminal.until("the large picture", |screen| screen.contains("▸2 Gallery") && !screen.contains("Epochs"));
    terminal.press(&click(20, 25));
    terminal.until_shown("Epochs");
    terminal.press("[");
    terminal.until_shown("◂ epoch 1");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn another_run_is_laid_over_the_curves() {
    let place = Place::new();
    let dashboard = |name: &str| {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
        command.args(["--data", place.path("data").to_str().expect("text")]);
        command.args(["--runs", place.path("runs").to_str().expect("text")]);
        command.args(["--epochs", "2", "--hidden", "16", "--run", name]);
        Terminal::run(120, 40, command)
    };
    let mut first = dashboard("coat");
    first.until_shown("done in");
    first.press("q");
    assert_eq!(first.wait(), 0);
    let mut second = dashboard("shirt");
    second.until_shown("done in");
    second.press("4r");
    second.until_shown("▸ coat   16 units, Adam 0.001, batch 32   2 epochs");
    second.press("\r");
    second.until_shown("coat: training");
    second.press("q");
    assert_eq!(second.wait(), 0);
}

#[test]
fn the_mouse_is_the_terminals_own_where_that_is_asked_for() {
    for (options, reported) in [(&[][..], true), (&["--no-mouse"], false)] {
        let mut terminal = Terminal::start(80, 24, options);
        terminal.until_shown("Training");
        let mode = terminal.screen.screen().mouse_protocol_mode();
        assert_eq!(mode != vt100::MouseProtocolMode::None, reported, "{options:?}");
        terminal.press("q");
        assert_eq!(terminal.wait(), 0);
        terminal.assert_given_back();
    }
}

#[test]
fn a_run_that_cannot_be_saved_is_told_on_the_screen_and_after_it() {
    let place = Place::new();
    let mut command = CommandBuilder::new("sh");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    // No file may grow past four kilobytes, which are enough for all but the checkpoint.
    command.args(["-c", &format!("ulimit -f 8; exec {fitroom} --data data --hidden 16 --pace 100 --run coat")]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(100, 30, command);
    terminal.until_shown("run coat");
    terminal.press("s");
    terminal.until_shown("not saved: cannot write runs/");
    terminal.press("q");
    assert_eq!(terminal.wait(), 1);
    terminal.assert_given_back();
    assert!(terminal.text().contains("fitroom: not saved"), "{}", terminal.text());
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_before_training() {
    let place = Place::new();
    let mut command = CommandBuilder::new("sh");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    command.args(["-c", &format!("ulimit -f 0; exec {fitroom} --data data --hidden 16 --run coat")]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(100, 30, command);
    assert_eq!(terminal.wait(), 1);
    terminal.assert_given_back();
    assert!(terminal.text().contains("fitroom: cannot write runs/coat: "), "{}", terminal.text());
    assert!(terminal.text().contains("--no-save"), "{}", terminal.text());
}

#[test]
fn a_run_that_begins_again_says_so_on_the_screen() {
    let place = Place::new();
    let mut begun =
        place.train(&["--run", "coat", "--pace", "1"]).stdout(std::process::Stdio::null()).spawn().expect("it runs");
    let end = Instant::now() + PATIENCE;
    while !place.path("runs/coat/run.json").exists() {
        assert!(Instant::now() < end, "it does not begin");
        thread::sleep(Duration::from_millis(5));
    }
    begun.kill().expect("the process is ours");
    begun.wait().expect("it has ended");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["--resume", "coat", "--pace", "10"]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(110, 30, command);
    terminal.until_shown("the run coat was ended before its first checkpoint: it begins again at step 0");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_run_that_is_done_is_others_to_go_on_with_while_its_dashboard_is_open() {
    let place = Place::new();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["--data", "data", "--hidden", "16", "--epochs", "1", "--run", "coat"]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(100, 30, command);
    terminal.until_shown("done in");
    let run = Run::at(&place, "coat");
    let end = Instant::now() + PATIENCE;
    while run.state() != "done" {
        assert!(Instant::now() < end, "the run is {}", run.state());
        thread::sleep(Duration::from_millis(5));
    }
    // Still this one's to save, as nobody else has gone on with it.
    terminal.press("s");
    terminal.until_shown("saved as it is after step 188");

    let resumed = place.command(&["train", "--resume", "coat", "--epochs", "2"]).output().expect("the program runs");
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    let checkpoint = fs::read(run.0.join("checkpoint.safetensors")).expect("there is one");
    terminal.press("s");
    terminal.until_shown("another fitroom has gone on with the run coat");
    terminal.press("q");
    assert_eq!(terminal.wait(), 1);
    assert!(fs::read(run.0.join("checkpoint.safetensors")).expect("there is one") == checkpoint);
    assert_eq!((run.state(), run.epochs()), ("done".to_owned(), 2));
}

#[test]
fn sigterm_gives_the_terminal_back_and_ends_with_143() {
    let mut terminal = Terminal::start(80, 24, &["--pace", "4"]);
    terminal.until_shown("slow motion");
    terminal.signal("TERM");
    assert_eq!(terminal.wait(), 143);
    terminal.assert_given_back();
}

#[test]
fn a_data_directory_that_is_not_there_is_named_and_the_terminal_given_back() {
    let mut terminal = Terminal::start(80, 24, &["--data", "no/such/directory"]);
    assert_eq!(terminal.wait(), 1);
    terminal.assert_given_back();
    assert!(terminal.text().contains("no/such/directory"), "{}", terminal.text());
}

#[test]
fn a_loss_that_explodes_is_explained_and_leafing_still_works() {
    let mut terminal = Terminal::start(80, 24, &["--learning-rate", "1e6"]);
    terminal.until("training fails", |screen| screen.to_lowercase().contains("failed"));
    terminal.press("l");
    terminal.until_shown("(Pullover)");
    terminal.press("q");
    assert_eq!(terminal.wait(), 1);
    terminal.assert_given_back();
    assert!(terminal.text().contains("learning rate lower than 1000000"), "{}", terminal.text());
}

#[test]
fn a_terminal_too_small_says_what_it_needs_and_grows_back() {
    let mut terminal = Terminal::start(20, 5, &["--epochs", "1"]);
    terminal.until_shown("60");
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    terminal.master.resize(size).expect("the terminal can be resized");
    terminal.screen.screen_mut().set_size(cells(24), cells(80));
    terminal.until_shown("Training");
    terminal.press("\x03");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn without_a_terminal_it_trains_in_lines_and_ends_with_the_test_accuracy() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_fitroom"))
        .args(["--epochs", "1", "--no-save"])
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("the lines are text");
    let last = text.lines().last().expect("there are lines");
    let (_, accuracy) = last.rsplit_once("Test accuracy: ").expect("the last line says the test accuracy");
    let accuracy: f64 = accuracy.parse().expect("a number");
    assert!((0.80..0.90).contains(&accuracy), "after one epoch: {accuracy}");
    assert_eq!(text.lines().filter(|line| line.starts_with("Epoch")).count(), 1);
}
