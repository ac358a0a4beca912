//! A directory with a small data set, in which tests run the real program. Has no tests of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
};

use fitroom::fashion::{Dataset, Source, Split};
use tempfile::TempDir;

pub static FASHION: LazyLock<Dataset> =
    LazyLock::new(|| Source::Embedded.load().expect("the embedded images are whole"));

/// A directory with a small data set and the runs on it.
pub struct Place {
    pub directory: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let place = Self { directory: tempfile::tempdir().expect("there is room for files") };
        let data = place.path("data");
        fs::create_dir(&data).expect("the directory is new");
        write_split(&data, "train", &FASHION.train.head(6_000));
        write_split(&data, "t10k", &FASHION.test.head(500));
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fitroom"));
        command.args(arguments).current_dir(self.directory.path()).stdin(Stdio::null());
        // Whoever runs the tests may have a configuration of their own.
        command.env("XDG_CONFIG_HOME", self.path("config"));
        command
    }

    /// `fitroom train` on the small data set.
    pub fn train(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["train", "--data", "data", "--hidden", "64"]);
        command.args(arguments);
        command
    }
}

pub fn write_split(directory: &Path, name: &str, split: &Split) {
    let count = u32::try_from(split.len()).expect("it is small").to_be_bytes();
    let images = [&[0, 0, 8, 3], &count[..], &[0, 0, 0, 28, 0, 0, 0, 28], split.pixels()].concat();
    let classes: Vec<u8> = split.classes().iter().map(|class| u8::try_from(class.index()).expect("ten")).collect();
    fs::write(directory.join(format!("{name}-images-idx3-ubyte")), images).expect("there is room");
    fs::write(directory.join(format!("{name}-labels-idx1-ubyte")), [&[0, 0, 8, 1], &count[..], &classes].concat())
        .expect("there is room");
}

pub fn run(mut command: Command) -> Output {
    command.output().expect("the program runs")
}

/// The single line on standard error of a program that failed with status 1.
pub fn error(command: Command) -> String {
    let output = run(command);
    let words = String::from_utf8(output.stderr).expect("words are text");
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
    words.trim_end().to_owned()
}

pub fn assert_success(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
