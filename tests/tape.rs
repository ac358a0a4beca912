//! Plays the tapes that demos are recorded from, as VHS would, with the real program in a pseudo-terminal: each wait is
//! for something that is not there yet and comes, and each key does something. Records nothing.

#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/place.rs"]
mod place;
mod tape {
    pub mod script;
}
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/terminal.rs"]
mod terminal;

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::fs::symlink,
    path::PathBuf,
    time::{Duration, Instant},
};

use crossterm::event::{KeyCode, KeyEvent};
use fitroom::app::{Overlay, bound::Keys};
use portable_pty::CommandBuilder;
use tempfile::TempDir;

use self::{
    tape::script::{Script, Step},
    terminal::Terminal,
};

/// How long the answer to a key may take: far more than it takes, for the sake of busy machines.
const PATIENCE: Duration = Duration::from_secs(30);
/// What changes on its own within this time is not taken for the answer to a key.
const LIVE: Duration = Duration::from_millis(250);
/// What the last line of the screen ends with when the shell waits, as VHS has it.
const PROMPT: &str = ">";

/// A place on the screen: row, column.
type Cell = (u16, u16);

/// Somebody who plays a tape.
struct Player {
    terminal: Terminal,
    /// The screen's text when the last key was pressed.
    before: String,
    _directory: TempDir,
}

impl Player {
    /// A shell in a directory where the program lies as it does after `cargo build --release`.
    fn new(script: &Script) -> Self {
        let directory = tempfile::tempdir().expect("there is room for files");
        for program in &script.programs {
            let place = directory.path().join(program);
            assert_eq!(place.file_name(), Some("fitroom".as_ref()), "a tape needs what is no file of this project");
            fs::create_dir_all(place.parent().expect("it is in a directory")).expect("the directory is new");
            symlink(env!("CARGO_BIN_EXE_fitroom"), place).expect("there is nothing yet");
        }
        let mut shell = CommandBuilder::new("bash");
        shell.args(["--noprofile", "--norc"]);
        shell.cwd(directory.path());
        shell.env("PS1", format!("{PROMPT} "));
        shell.env("TERM", "xterm-256color");
        shell.env("COLORTERM", "");
        shell.env("FITROOM_CONFIG", "none");
        script.environment.iter().for_each(|(name, value)| shell.env(name, value));
        let mut terminal = Terminal::run(script.columns, script.rows, shell);
        terminal.until_shown(PROMPT);
        Self { terminal, before: String::new(), _directory: directory }
    }

    fn cells(&self) -> impl Iterator<Item = (Cell, vt100::Cell)> + '_ {
        let screen = self.terminal.screen.screen();
        let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
        let places = (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)));
        places.map(|place| (place, screen.cell(place.0, place.1).expect("it is on the screen").clone()))
    }

    /// The cells that are not as they were.
    fn changed(&self, before: &[(Cell, vt100::Cell)]) -> BTreeSet<Cell> {
        self.cells().zip(before).filter(|(now, before)| now != *before).map(|((place, _), _)| place).collect()
    }

    /// Presses a key, and sees that it does something: that it is one of the program's keys, that a cell changes which
    /// does not change on its own, and that the program does not name other screens for it.
    fn press(&mut self, name: &str, bytes: &str, at: usize) {
        self.before = self.terminal.text();
        if !self.terminal.screen.screen().alternate_screen() {
            self.terminal.press(bytes);
            return;
        }
        if let Some(letter) = single(name) {
            let event = KeyEvent::from(KeyCode::Char(letter));
            assert!(Keys::default().action(&Overlay::None, event).is_some(), "line {at}: {name} is no key");
        }
        let mut live = BTreeSet::new();
        let end = Instant::now() + LIVE;
        while Instant::now() < end {
            let before: Vec<_> = self.cells().collect();
            self.terminal.watch(LIVE / 10);
            live.extend(self.changed(&before));
        }
        let before: Vec<_> = self.cells().collect();
        self.before = self.terminal.text();
        self.terminal.press(bytes);
        let end = Instant::now() + PATIENCE;
        while self.terminal.screen.screen().alternate_screen() && self.changed(&before).is_subset(&live) {
            let screen = self.terminal.text();
            assert!(Instant::now() < end, "line {at}: {name} does nothing here:\n{screen}");
            self.terminal.watch(LIVE / 10);
        }
        let screen = self.terminal.text();
        assert!(!screen.contains("this key is for"), "line {at}: {name} is for other screens:\n{screen}");
    }

    /// Waits for the shell, or for a text that was not there when the last key was pressed.
    fn wait(&mut self, text: Option<&str>, time: Duration, at: usize) {
        let wanted = |screen: &str| match text {
            Some(text) => screen.contains(text),
            None => screen.trim_end().ends_with(PROMPT),
        };
        let what = text.unwrap_or("the shell");
        assert!(!wanted(&self.before), "line {at}: {what:?} was there before it is waited for:\n{}", self.before);
        let end = Instant::now() + time;
        while !wanted(&self.terminal.text()) {
            assert!(
                Instant::now() < end,
                "line {at}: {what:?} is not shown within {time:?}:\n{}",
                self.terminal.text()
            );
            self.terminal.watch(LIVE / 10);
        }
    }

    fn play(&mut self, script: &Script) {
        for (at, step) in &script.steps {
            match step {
                Step::Key { name, bytes, pause } => {
                    let start = Instant::now();
                    self.press(name, bytes, *at);
                    self.terminal.watch(pause.saturating_sub(start.elapsed()));
                }
                Step::Sleep(time) => self.terminal.watch(*time),
                Step::Wait { text, time } => self.wait(text.as_deref(), *time, *at),
            }
        }
        assert!(!self.terminal.screen.screen().alternate_screen(), "the tape ends within the program");
    }
}

/// The letter that is this key.
fn single(name: &str) -> Option<char> {
    let mut letters = name.chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// The tapes of this project.
fn tapes() -> Vec<PathBuf> {
    let mut tapes: Vec<_> = fs::read_dir(env!("CARGO_MANIFEST_DIR"))
        .expect("the project is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tape"))
        .collect();
    tapes.sort();
    tapes
}

#[test]
fn each_tape_plays_to_its_end() {
    let tapes = tapes();
    assert!(!tapes.is_empty(), "there is no tape");
    std::thread::scope(|scope| {
        for tape in &tapes {
            scope.spawn(move || {
                let script = Script::read(tape);
                Player::new(&script).play(&script);
            });
        }
    });
}
