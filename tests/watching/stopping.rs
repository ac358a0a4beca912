//! `fitroom stop`: a run that trains elsewhere is saved and ended.

use std::io::Write;

use rustix::fs::{OFlags, fcntl_setfl};

use super::*;
use crate::{place::error, pty::signal, visitor::socket};

/// What a program wrote to standard output, once it has ended well.
fn told(command: Command) -> String {
    let output = run(command);
    assert_success(&output);
    String::from_utf8(output.stdout).expect("words are text")
}

#[test]
fn a_run_that_is_stopped_from_elsewhere_says_so_where_it_trained_and_goes_on_with_the_same_weights() {
    let place = Place::new();
    train_whole(&place, "4");
    for (name, asked) in [("coat", Some("coat")), ("shirt", Some("runs/shirt")), ("dress", None)] {
        let options = ["--epochs", "4", "--pace", "200", "--run", name];
        let trainer = train(&place, &options).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let there = Run::at(&place, name);
        until("an epoch", || there.epochs() > 0);
        let said = told(place.command(&[&["stop"], asked.as_slice()].concat()));
        let epochs = there.epochs();
        let expected = format!(
            "Run {name} is stopped and saved, with {epochs} of 4 epochs done. Continue with: fitroom --resume {name}\n"
        );
        assert_eq!(said, expected);
        assert_eq!(there.state(), "stopped");
        let output = trainer.wait_with_output().expect("it ends");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{words}");
        assert_eq!(words, "fitroom: the run was stopped by somebody who watches it\n");
        assert_success(&run(place.command(&["train", "--resume", name])));
        assert_whole(&place, name);
    }
}

#[test]
fn of_a_run_that_was_found_by_its_path_the_commands_say_where_it_is() {
    let place = Place::new();
    let _trainer = Running::train(&place, &["--epochs", ENDLESS, "--pace", "200", "--runs", "other", "--run", "coat"]);
    until("it can be found", || place.path("other/coat/run.json").exists());
    let mut watcher = watch(&place, "other/coat");
    watcher.until_shown("images/s");
    watcher.press("q");
    assert_eq!(watcher.wait(), 0);
    let text = watcher.text();
    assert!(text.contains("Watch it with: fitroom watch coat --runs other"), "{text}");
    let said = told(place.command(&["stop", "other/coat"]));
    assert!(said.contains("Continue with: fitroom --resume coat --runs other"), "{said}");
    let mut watcher = watch(&place, "other/coat");
    watcher.until_shown("fitroom --resume coat --runs other");
}

#[test]
fn a_run_whose_output_takes_nothing_ends_when_it_is_stopped_from_elsewhere() {
    for with_errors in [false, true] {
        let place = Place::new();
        let (_reader, mut full) = std::io::pipe().expect("there is room");
        fcntl_setfl(&full, OFlags::NONBLOCK).expect("it is ours");
        while full.write(&[b'x'; 512]).is_ok() {}
        while full.write(b"x").is_ok() {}
        fcntl_setfl(&full, OFlags::empty()).expect("it is ours");
        let mut trainer = train(&place, &["--epochs", ENDLESS, "--pace", "200", "--run", "coat"]);
        let errors = if with_errors { full.try_clone().expect("there is room").into() } else { Stdio::null() };
        let mut trainer = Running(trainer.stdout(full).stderr(errors).spawn().expect("it runs"));
        let there = Run::at(&place, "coat");
        until("two epochs", || place.path("runs/coat/run.json").exists() && there.epochs() > 1);
        told(place.command(&["stop", "coat"]));
        until("it ends", || trainer.0.try_wait().expect("it is ours").is_some());
        assert_eq!(trainer.0.wait().expect("it has ended").code(), Some(0));
        assert!(!socket(&place, "coat").exists());
    }
}

#[test]
fn a_dashboard_whose_run_is_stopped_from_elsewhere_gives_the_terminal_back_with_its_parting_line() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 100, 30, &["--epochs", ENDLESS, "--pace", "200", "--run", "coat"]);
    let there = Run::at(&place, "coat");
    until("an epoch", || there.epochs() > 0);
    let mut watcher = watch(&place, "coat");
    watcher.until_shown("images/s");
    told(place.command(&["stop"]));
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
    let text = terminal.text();
    assert!(text.starts_with("Run coat: test accuracy 0."), "{text}");
    assert!(text.contains("Continue with: fitroom --resume coat"), "{text}");
    assert_eq!(there.state(), "stopped");
    // Who only looks on stays, and sees what became of it.
    watcher.until_shown("stopped in epoch");
    watcher.press("q");
    assert_eq!(watcher.wait(), 0);
}

#[test]
fn a_run_that_is_paused_or_in_slow_motion_is_stopped_as_any_other() {
    let place = Place::new();
    let mut trainer = endless(&place, "1");
    let mut visitor = Visitor::of(&place, "coat");
    visitor.send(r#"{"command":"pause"}"#);
    visitor.until_report("paused");
    told(place.command(&["stop", "coat"]));
    assert_eq!(trainer.0.wait().expect("it ends").code(), Some(0));
    visitor.until_report("ended");
    visitor.until_report("saved");
    assert_eq!(visitor.next(), None);
}

#[test]
fn without_its_socket_a_run_is_stopped_by_the_signal_to_end() {
    let place = Place::new();
    let mut trainer = endless(&place, "200");
    fs::remove_file(socket(&place, "coat")).expect("it is there");
    let said = told(place.command(&["stop", "coat"]));
    assert!(said.starts_with("Run coat is stopped and saved, with "), "{said}");
    assert_eq!(trainer.0.wait().expect("it ends").code(), Some(143));
    assert_eq!(Run::at(&place, "coat").state(), "stopped");
}

#[test]
fn what_does_not_train_cannot_be_stopped() {
    let place = Place::new();
    assert_eq!(error(place.command(&["stop"])), "fitroom: no run in runs trains now");
    assert_success(&run(train(&place, &["--epochs", "1", "--run", "coat"])));
    assert_eq!(error(place.command(&["stop", "coat"])), "fitroom: the run coat does not train now: done");
    assert_eq!(error(place.command(&["stop"])), "fitroom: no run in runs trains now");
    assert!(error(place.command(&["stop", "shirt"])).contains("no run shirt in runs; there is coat"));

    let trainer = Running::train(&place, &["--epochs", ENDLESS, "--run", "dress", "--pace", "300"]);
    let there = Run::at(&place, "dress");
    until("two epochs", || place.path("runs/dress/run.json").exists() && place.facts("dress")["kept"]["epoch"] == 2);
    signal(trainer.process(), "KILL");
    drop(trainer);
    assert_eq!(there.state(), "training", "it could not say otherwise");
    assert_eq!(
        error(place.command(&["stop", "dress"])),
        "fitroom: the run dress does not train now: killed in epoch 3"
    );
}

#[test]
fn the_list_of_runs_says_which_trains_how_far_it_is_and_which_was_killed() {
    let place = Place::new();
    assert_success(&run(train(&place, &["--epochs", "2", "--run", "coat"])));
    let of = |name: &str| {
        let table = told(place.command(&["runs"]));
        let line = table.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{table}"));
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let state = |name: &str| {
        let lines = told(place.command(&["runs", "--json"]));
        let mut runs = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        runs.find(|run| run["run"] == name).expect("it is listed")["state"].clone()
    };
    assert_eq!(of("coat")[..3], ["coat", "done", "2/2"]);
    let trainer = Running::train(&place, &["--epochs", "100", "--run", "dress", "--pace", "100"]);
    let epochs = || place.facts("dress")["kept"]["epoch"].as_u64();
    until("it trains", || place.path("runs/dress/run.json").exists());
    assert_eq!(of("dress")[..3], ["dress", "training in epoch 1", "0/100"]);
    until("an epoch", || epochs() == Some(1));
    assert_eq!(of("dress")[..3], ["dress", "training in epoch 2", "1/100"]);
    assert_eq!(state("dress"), "training");
    // What its program says of it is in the list, too, and nobody waits for one that says nothing.
    let mut visitor = Visitor::of(&place, "dress");
    visitor.send(r#"{"command":"pause"}"#);
    visitor.until_report("paused");
    let in_epoch = |does: &str| format!("{does} in epoch {}", epochs().map_or(1, |epochs| epochs + 1));
    assert_eq!(of("dress")[1], in_epoch("paused"));
    let line = told(place.command(&["runs", "--json"]));
    assert!(line.contains(r#""paused":true"#) && line.matches(r#""paused""#).count() == 1, "{line}");
    signal(trainer.process(), "STOP");
    let start = std::time::Instant::now();
    assert_eq!(of("dress")[1], in_epoch("training"));
    assert!(start.elapsed() < std::time::Duration::from_secs(3), "{:?}", start.elapsed());
    signal(trainer.process(), "KILL");
    drop(trainer);
    assert_eq!(of("dress")[..3], ["dress", "killed in epoch 2", "1/100"]);
    assert_eq!(state("dress"), "interrupted");
    let words = error(train(&place, &["--run", "dress"]));
    assert!(
        words.contains("the run dress exists already (killed in epoch 2, 1 epoch, best test accuracy 0."),
        "{words}"
    );
}

#[test]
fn whoever_wants_to_continue_a_run_that_trains_is_told_how_to_watch_it() {
    let place = Place::new();
    let trainer = endless(&place, "100");
    for command in ["train --resume coat", "train --resume", "train --resume coat --detach"] {
        let words = error(place.command(&command.split(' ').collect::<Vec<_>>()));
        let process = trainer.process();
        assert!(
            words.starts_with("fitroom: runs/coat is in use: another fitroom trains this run (process "),
            "{words}"
        );
        assert!(words.contains(&process.to_string()), "{words}");
        assert!(words.ends_with("; fitroom watch runs/coat shows it, and fitroom stop runs/coat ends it"), "{words}");
    }
    let words = error(train(&place, &["--run", "coat"]));
    assert!(words.starts_with("fitroom: the run coat exists already (training, "), "{words}");
    let expected =
        "): fitroom watch runs/coat shows it, and fitroom stop runs/coat ends it, or give another name with --run";
    assert!(words.ends_with(expected), "{words}");
    let mut watcher = watch(&place, "runs/coat");
    watcher.until_shown("images/s");
}

#[test]
fn a_run_that_cannot_be_saved_is_not_said_to_be_and_says_why() {
    let place = Place::new();
    let mut trainer = endless(&place, "300");
    let _room = full_disk(&place, trainer.process());
    let there = Run::at(&place, "coat");
    let epochs = there.epochs();
    until("an epoch that is not saved", || there.epochs() > epochs + 1);
    let words = error(place.command(&["stop", "coat"]));
    assert!(words.starts_with("fitroom: the run coat is stopped, not saved after epoch "), "{words}");
    // The checkpoint, or the curve for TensorBoard.
    assert!(words.contains(": cannot write runs/coat/"), "{words}");
    assert!(words.ends_with(". Continue with: fitroom --resume coat"), "{words}");
    assert_eq!(trainer.0.wait().expect("it ends").code(), Some(1));
}

#[test]
fn a_run_whose_program_is_killed_while_it_is_asked_to_stop_is_said_to_be_killed() {
    let place = Place::new();
    let mut trainer = endless(&place, "300");
    let there = Run::at(&place, "coat");
    until("an epoch", || there.epochs() > 0);
    // It does not get to what it is asked.
    signal(trainer.process(), "STOP");
    let stopping = place.command(&["stop", "coat"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let stopping = stopping.expect("the program starts");
    std::thread::sleep(std::time::Duration::from_millis(500));
    signal(trainer.process(), "KILL");
    trainer.0.wait().expect("it ends");
    let output = stopping.wait_with_output().expect("it ends");
    let words = String::from_utf8(output.stderr).expect("words are text");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{words}");
    assert!(
        words.starts_with("fitroom: the program that trained the run coat ended without saving it: killed in epoch "),
        "{words}"
    );
    assert_eq!(there.state(), "training", "it could not say otherwise");
}

#[test]
fn a_run_whose_program_is_suspended_is_not_waited_for() {
    let place = Place::new();
    let trainer = endless(&place, "300");
    signal(trainer.process(), "STOP");
    let words = error(place.command(&["stop", "coat"]));
    assert!(words.contains("which trains the run coat, is suspended: let it go on first, with `fg` or "), "{words}");
    signal(trainer.process(), "CONT");
    told(place.command(&["stop", "coat"]));
}

#[test]
fn no_signal_goes_to_a_stranger_that_has_the_number_of_the_program_that_trained() {
    let place = Place::new();
    assert_success(&run(train(&place, &["--epochs", "1", "--run", "coat"])));
    let mut stranger = Running(Command::new("sleep").arg("60").spawn().expect("sleep is there"));
    let mut facts = place.facts("coat");
    facts["state"] = "training".into();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    facts["held_by"] = serde_json::json!({ "process": stranger.process(), "host": host });
    let directory = place.path("runs/coat");
    fs::write(directory.join("run.json"), facts.to_string()).expect("it can be written");
    let lock = fs::File::open(&directory).expect("it is there");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).expect("nobody else holds it");
    let words = error(place.command(&["stop", "coat"]));
    assert!(words.starts_with("fitroom: the run coat is trained by another program than process "), "{words}");
    assert_eq!(stranger.0.try_wait().expect("it is ours"), None);
}
