//! Runs that outlive their terminal, and those who look on at them from other programs: real processes in real
//! pseudo-terminals. Reads `/proc`, so it runs on Linux alone.
#![cfg(target_os = "linux")]

#[path = "watching/curve.rs"]
mod curve;
#[path = "watching/door.rs"]
mod door;
#[path = "watching/leaving.rs"]
mod leaving;
#[path = "place/left.rs"]
mod left;
#[path = "watching/looking_on.rs"]
mod looking_on;
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/place.rs"]
mod place;
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/terminal.rs"]
mod pty;
#[path = "watching/stopping.rs"]
mod stopping;
#[path = "watching/visitor.rs"]
mod visitor;

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use portable_pty::CommandBuilder;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use self::{
    left::Left,
    place::{Place, assert_success, run},
    pty::{Run, Terminal, until},
    visitor::Visitor,
};

/// The network that all of these runs train.
const NETWORK: [&str; 4] = ["--data", "data", "--hidden", "16"];

/// More epochs than any test waits for.
const ENDLESS: &str = "100000";

/// `fitroom train` as [`fitroom`] has the dashboard train.
fn train(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.command(&["train"]);
    command.args(NETWORK).args(arguments);
    command
}

/// A program that is ended with the test.
struct Running(Child);

impl Running {
    /// `fitroom train`, of which nothing is read.
    fn train(place: &Place, arguments: &[&str]) -> Self {
        let mut command = train(place, arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("the program starts"))
    }

    fn process(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A run without an end, in the background, with so many steps per second, once it trains.
fn endless(place: &Place, steps_per_second: &str) -> Running {
    let running = Running::train(place, &["--epochs", ENDLESS, "--run", "coat", "--pace", steps_per_second]);
    Visitor::of(place, "coat");
    until("it can be found", || place.path("runs/coat/run.json").exists());
    running
}

/// A run that may train in the background, and is ended with the test.
struct InTheBackground<'a>(&'a Place, &'static str);

impl Drop for InTheBackground<'_> {
    fn drop(&mut self) {
        // It does not train where the test went well.
        let _ = self.0.command(&["stop", self.1]).output();
    }
}

/// Lets the process that trains the run `coat`, once it has trained for two epochs, write no file as large as a
/// checkpoint, as on a full disk. Returns what makes room again.
fn full_disk(place: &Place, process: u32) -> impl Fn() {
    let there = Run::at(place, "coat");
    until("two epochs", || there.epochs() > 1);
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    let limit = move |current| {
        prlimit(process, Resource::Fsize, Rlimit { current, maximum: None }).expect("the process is ours");
    };
    limit(Some(60_000));
    move || limit(None)
}

/// `fitroom watch`, of this run.
fn watch(place: &Place, name: &str) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["watch", name]);
    command.cwd(place.directory.path());
    Terminal::run(100, 30, command)
}

/// Trains the run `whole`, undisturbed, which others are compared with.
fn train_whole(place: &Place, epochs: &str) {
    assert_success(&run(train(place, &["--epochs", epochs, "--run", "whole"])));
}

/// Waits until this run is trained to its end, and finds it as the one that nothing disturbed.
fn assert_whole(place: &Place, name: &str) {
    let there = Run::at(place, name);
    until(&format!("the end of {name}"), || there.state() == "done");
    // The end is written before the lock is let go of.
    until(&format!("nobody trains {name}"), || !place.path("runs").join(name).join("control.sock").exists());
    assert!(place.checkpoint(name) == place.checkpoint("whole"), "the weights of {name} differ");
    assert_eq!(place.metrics(name), place.metrics("whole"), "{name}");
    let predictions = |run: &str| {
        let directory = place.path("runs").join(run).join("predictions");
        let names = fs::read_dir(&directory).expect("the run has predictions");
        let mut files: Vec<_> = names.map(|entry| entry.expect("it can be listed").file_name()).collect();
        files.sort();
        files
            .into_iter()
            .map(|file| (file.clone(), fs::read(directory.join(file)).expect("a file")))
            .collect::<Vec<_>>()
    };
    assert!(predictions(name) == predictions("whole"), "the predictions of {name} differ");
}
