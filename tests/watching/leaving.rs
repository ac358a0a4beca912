//! A run whose terminal is gone, or that is left in the background.

use std::{process::Stdio, thread, time::Duration};

use rustix::process::{Signal, kill_process};

use super::*;
use crate::{place::error, pty::signal};

/// Slow enough to be left in the second of six epochs, which then take four seconds.
const SLOW: [&str; 4] = ["--epochs", "6", "--pace", "300"];

/// fitroom in a terminal, behind these words of a shell; `mode`: `train` or nothing.
fn behind(place: &Place, words: &str, mode: &str, name: &str) -> Terminal {
    let mut command = CommandBuilder::new("sh");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    let options = [&NETWORK[..], &SLOW].concat().join(" ");
    command.args(["-c", &format!("{words} {fitroom} {mode} {options} --run {name}")]);
    command.cwd(place.directory.path());
    Terminal::run(80, 24, command)
}

#[test]
fn a_run_whose_terminal_goes_away_is_trained_to_its_end_with_the_same_weights() {
    let place = Place::new();
    train_whole(&place, "6");
    // A process of this session gets SIGHUP; one that ignores it, or is of another session, has to notice by itself.
    let ways = [("signalled", "exec"), ("ignoring", "trap '' HUP; exec"), ("elsewhere", "exec setsid -w")];
    let mut left = Vec::new();
    for mode in ["", "train"] {
        for (way, words) in ways {
            let name = format!("{way}{mode}");
            left.push((way, behind(&place, words, mode, &name), name));
        }
    }
    for (_, terminal, name) in &mut left {
        let run = Run::at(&place, name);
        until("an epoch", || run.epochs() > 0);
        terminal.hang_up();
    }
    for (way, terminal, name) in &mut left {
        assert_whole(&place, name);
        // Of the third the terminal has only the program that waits for it.
        if *way != "elsewhere" {
            assert_eq!(terminal.wait(), 0, "{name}");
        }
    }
}

#[test]
fn a_run_whose_reader_goes_with_the_terminal_is_trained_to_its_end_and_one_whose_reader_goes_alone_is_not() {
    let place = Place::new();
    train_whole(&place, "6");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    let options = [&NETWORK[..], &SLOW].concat().join(" ");
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &format!("{fitroom} train {options} --run coat | tee log")]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(80, 24, command);
    let there = Run::at(&place, "coat");
    until("an epoch", || there.epochs() > 0);
    terminal.hang_up();
    assert_whole(&place, "coat");

    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &format!("{fitroom} train {options} --run shirt | head -n 2")]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(80, 24, command);
    terminal.wait();
    assert_eq!(Run::at(&place, "shirt").state(), "stopped");
}

#[test]
fn a_run_that_is_suspended_or_about_to_be_left_when_its_terminal_goes_away_is_trained_to_its_end() {
    let place = Place::new();
    train_whole(&place, "6");
    let mut left = Vec::new();
    let mut asked = Terminal::at(&place, 80, 24, &[&SLOW[..], &["--run", "asked"]].concat());
    asked.until("the second epoch", |screen| screen.contains("2/6"));
    asked.press("q");
    asked.until_shown("leave it training");
    asked.hang_up();
    // A shell that loses its terminal has words of its own for whom it has suspended.
    let options = [&NETWORK[..], &SLOW].concat().join(" ");
    for (shell, mode, name) in [
        ("bash --norc --noprofile -i", "", "shown"),
        ("bash --norc --noprofile -i", "train", "told"),
        ("sh -i", "", "shown-sh"),
        ("sh -i", "train", "told-sh"),
    ] {
        let mut command = CommandBuilder::from_argv(shell.split(' ').map(Into::into).collect());
        command.cwd(place.directory.path());
        command.env("PS1", "prompt> ");
        let mut terminal = Terminal::run(100, 30, command);
        terminal.until_shown("prompt>");
        terminal.press(&format!("{} {mode} {options} --run {name}\r", env!("CARGO_BIN_EXE_fitroom")));
        let there = Run::at(&place, name);
        until("an epoch", || there.epochs() > 0);
        terminal.press("\x1a");
        terminal.until("the prompt again", |screen| screen.lines().last().is_some_and(|line| line.contains("prompt>")));
        let epochs = there.epochs();
        thread::sleep(Duration::from_millis(500));
        assert_eq!(there.epochs(), epochs, "{name} is suspended");
        left.push((terminal, name));
    }
    for (terminal, name) in &mut left {
        let there = Run::at(&place, name);
        assert!(there.epochs() < 6, "{name} is not at its end");
        terminal.hang_up_at_a_prompt();
    }
    assert_whole(&place, "asked");
    for (_, name) in &left {
        assert_whole(&place, name);
    }
}

#[test]
fn a_hangup_without_the_loss_of_the_terminal_gives_it_back_and_nothing_is_written_after_that() {
    let place = Place::new();
    train_whole(&place, "6");
    let mut terminal = Terminal::at(&place, 80, 24, &[&SLOW[..], &["--run", "coat"]].concat());
    let run = Run::at(&place, "coat");
    terminal.until("the second epoch", |screen| screen.contains("2/6"));
    terminal.press(" ");
    terminal.until_shown("paused");
    terminal.signal("HUP");
    terminal.until_given_back();
    terminal.assert_given_back();
    let count = terminal.bytes.len();
    // What is typed is for nobody: neither the pause nor the question outlives those who were there.
    terminal.press("  q");
    assert_whole(&place, "coat");
    assert_eq!(terminal.wait(), 0);
    let after = String::from_utf8_lossy(&terminal.bytes[count..]).into_owned();
    // The terminal itself shows what is typed.
    assert_eq!(after.trim(), "q", "{}", terminal.text());
    assert_eq!(run.epochs(), 6);
}

#[test]
fn a_run_without_a_screen_outlives_a_hangup_and_writes_nothing_more_to_a_terminal_that_is_there_but_to_a_file() {
    let place = Place::new();
    train_whole(&place, "6");
    for (to, name) in [("", "coat"), ("> log", "shirt")] {
        let mut terminal = behind(&place, "", "train", &format!("{name} {to}"));
        let run = Run::at(&place, name);
        until("an epoch", || run.epochs() > 0);
        kill_process(trainer_of(&place, name), Signal::HUP).expect("it trains");
        // What is on its way.
        terminal.watch(Duration::from_millis(300));
        let count = terminal.bytes.len();
        assert!(run.epochs() < 6, "it is not at its end");
        assert_eq!(terminal.wait(), 0);
        assert_whole(&place, name);
        let after = String::from_utf8_lossy(&terminal.bytes[count..]).into_owned();
        assert_eq!(after, "", "{name}");
    }
    let log = fs::read_to_string(place.path("log")).expect("it is written");
    assert!(log.contains("Epoch 6/6"), "{log}");
}

#[test]
fn a_run_that_is_not_kept_ends_with_its_terminal_for_nobody_could_reach_it() {
    let place = Place::new();
    for mode in [&[][..], &["train"]] {
        for by_signal in [true, false] {
            let options = ["--no-save", "--epochs", ENDLESS];
            let mut terminal = Terminal::at(&place, 80, 24, &[mode, &options].concat());
            terminal.until("it trains", |screen| screen.contains("images/s") || screen.contains("loss: "));
            if by_signal {
                terminal.signal("HUP");
                assert_eq!(terminal.wait(), 129, "{mode:?}");
                terminal.assert_given_back();
            } else {
                terminal.hang_up();
                assert_eq!(terminal.wait(), 129, "{mode:?}");
            }
        }
    }
}

#[test]
fn after_a_hangup_sigterm_still_saves_and_ends() {
    let place = Place::new();
    for mode in [&[][..], &["train"]] {
        let name = format!("run{}", mode.len());
        let mut terminal = Terminal::at(&place, 80, 24, &[mode, &["--epochs", ENDLESS, "--run", &name]].concat());
        let run = Run::at(&place, &name);
        until("an epoch", || run.epochs() > 0);
        terminal.hang_up();
        let epochs = run.epochs();
        until("more epochs", || run.epochs() > epochs + 2);
        terminal.signal("TERM");
        assert_eq!(terminal.wait(), 143);
        assert_eq!(run.state(), "stopped");
    }
}

#[test]
fn a_dashboard_that_a_shell_has_stopped_is_hung_up_on_or_ended_without_asking_for_the_shells_terminal() {
    let place = Place::new();
    train_whole(&place, "6");
    let options = [&NETWORK[..], &SLOW].concat().join(" ");
    for (name, signal, state) in [("hung-up", Signal::HUP, "done"), ("ended", Signal::TERM, "stopped")] {
        let mut command = CommandBuilder::from_argv(["bash", "--norc", "--noprofile", "-i"].map(Into::into).to_vec());
        command.cwd(place.directory.path());
        command.env("PS1", "prompt> ");
        let mut terminal = Terminal::run(100, 30, command);
        terminal.until_shown("prompt>");
        terminal.press(&format!("{} {options} --run {name}\r", env!("CARGO_BIN_EXE_fitroom")));
        let there = Run::at(&place, name);
        until("an epoch", || there.epochs() > 0);
        let process = trainer_of(&place, name);
        kill_process(process, Signal::STOP).expect("it trains");
        terminal.until("the prompt again", |screen| screen.lines().last().is_some_and(|line| line.contains("prompt>")));
        for signal in [signal, Signal::CONT] {
            kill_process(process, signal).expect("it is stopped");
        }
        until(&format!("{name} is {state}"), || there.state() == state);
        if state == "done" {
            assert_whole(&place, name);
        }
    }
}

#[test]
fn what_a_shell_sends_that_was_started_from_another_as_it_loses_its_terminal_is_a_hangup_too() {
    let place = Place::new();
    train_whole(&place, "6");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    let options = [&NETWORK[..], &SLOW].concat().join(" ");
    // It leads no session, and this is what bash sends then.
    let words = format!(
        "{fitroom} train {options} --run coat > log & \
         until [ -s runs/coat/metrics.jsonl ]; do sleep 0.05; done; \
         for signal in STOP HUP TERM CONT; do kill -$signal $!; done; wait $!"
    );
    let shell = Command::new("sh").args(["-c", &words]).current_dir(place.directory.path()).spawn();
    let mut shell = Running(shell.expect("there is a shell"));
    assert_eq!(shell.0.wait().expect("it is ours").code(), Some(0));
    assert_whole(&place, "coat");
}

#[test]
fn sigterm_from_anybody_but_the_shell_saves_and_ends_whatever_comes_with_it() {
    let place = Place::new();
    let options = [&NETWORK[..], &["--epochs", ENDLESS, "--pace", "300"]].concat().join(" ");
    // As systems send them that shut down, or end what was started in a session.
    let ways = [
        ("suspended", &[Signal::STOP, Signal::TERM, Signal::HUP, Signal::CONT][..]),
        ("running", &[Signal::TERM, Signal::CONT, Signal::HUP]),
    ];
    for (mode, (way, signals)) in ["", "train"].into_iter().flat_map(|mode| ways.map(|way| (mode, way))) {
        let name = format!("{way}{mode}");
        // Its session is led by another process, as by a shell.
        let mut command = CommandBuilder::new("sh");
        let fitroom = env!("CARGO_BIN_EXE_fitroom");
        command.args(["-c", &format!("{fitroom} {mode} {options} --run {name}; exit $?")]);
        command.cwd(place.directory.path());
        let mut terminal = Terminal::run(80, 24, command);
        let there = Run::at(&place, &name);
        until("an epoch", || there.epochs() > 0);
        let process = trainer_of(&place, &name);
        for signal in signals {
            kill_process(process, *signal).expect("it trains");
        }
        assert_eq!(terminal.wait(), 143, "{name}");
        assert_eq!(there.state(), "stopped", "{name}");
    }
}

#[test]
fn whoever_quits_a_run_that_trains_is_asked_and_may_go_on_or_leave_it_training() {
    let place = Place::new();
    train_whole(&place, "6");
    let mut terminal = Terminal::at(&place, 100, 30, &[&SLOW[..], &["--run", "coat"]].concat());
    terminal.until("the second epoch", |screen| screen.contains("2/6"));
    let owner = terminal.process();
    terminal.press("q");
    terminal.until_shown("leave it training");
    terminal.press("\x1b");
    terminal.until("it goes on", |screen| !screen.contains("leave it training"));
    let _background = InTheBackground(&place, "coat");
    terminal.press("qd");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
    let text = terminal.text();
    let (_, told) =
        text.split_once("Run coat trains in the background, in process ").unwrap_or_else(|| panic!("{text}"));
    let process: u32 = told.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
    assert_ne!(process, owner);
    assert!(told.contains("fitroom watch coat") && told.contains("fitroom stop coat"), "{told}");
    assert_eq!(session_of(process), process, "it has a session of its own");
    assert_whole(&place, "coat");
}

#[test]
fn a_run_whose_data_set_was_moved_is_left_training_where_it_was_resumed_with_the_new_place() {
    let place = Place::new();
    train_whole(&place, "6");
    assert_success(&run(train(&place, &["--epochs", "1", "--run", "coat"])));
    fs::rename(place.path("data"), place.path("moved")).expect("it is there");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["--resume", "coat", "--epochs", "6", "--pace", "300", "--data", "moved"]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(100, 30, command);
    terminal.until("the third epoch", |screen| screen.contains("3/6"));
    let _background = InTheBackground(&place, "coat");
    terminal.press("qd");
    assert_eq!(terminal.wait(), 0, "{}", terminal.text());
    assert_whole(&place, "coat");
    // Nobody need say it again.
    assert_success(&run(place.command(&["evaluate", "coat"])));
}

#[test]
fn whoever_asks_twice_to_quit_leaves_at_once_and_the_run_can_be_continued() {
    let place = Place::new();
    train_whole(&place, "6");
    let mut terminal = Terminal::at(&place, 100, 30, &[&SLOW[..], &["--run", "coat"]].concat());
    terminal.until("the second epoch", |screen| screen.contains("2/6"));
    terminal.press("q\x03");
    let status = terminal.wait();
    assert!(status < 2, "{status}");
    terminal.assert_given_back();
    assert_success(&run(place.command(&["train", "--resume", "coat"])));
    assert_whole(&place, "coat");
}

#[test]
fn a_run_that_cannot_be_saved_stays_in_its_terminal_and_trains_on_until_it_can() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 100, 30, &["--epochs", ENDLESS, "--pace", "300", "--run", "coat"]);
    let there = Run::at(&place, "coat");
    let make_room = full_disk(&place, terminal.process());
    // What was saved before may be told only now.
    terminal.until_shown("not saved: cannot write ");
    terminal.press("qd");
    terminal.until_shown("it stays in this terminal: not saved: cannot write ");
    let epochs = there.epochs();
    until("it trains on", || there.epochs() > epochs + 1);
    make_room();
    // What could not be saved shortly before may be told only now.
    let kept = || place.facts("coat")["kept"]["epoch"].as_u64();
    until("it is saved again", || kept() > u64::try_from(epochs).ok());
    let _background = InTheBackground(&place, "coat");
    terminal.press("qd");
    assert_eq!(terminal.wait(), 0);
    let text = terminal.text();
    assert!(text.contains("Run coat trains in the background, in process "), "{text}");
    assert!(place.facts("coat")["kept"]["epoch"].as_u64() >= u64::try_from(epochs).ok(), "nothing is lost");
}

#[test]
fn whoever_quits_before_a_run_is_handed_over_is_told_what_is_so() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 100, 30, &["--epochs", ENDLESS, "--pace", "300", "--run", "coat"]);
    let there = Run::at(&place, "coat");
    until("an epoch", || there.epochs() > 0);
    let _background = InTheBackground(&place, "coat");
    terminal.press("qdqq");
    let status = terminal.wait();
    let text = terminal.text().replace('\n', "");
    if text.contains("Run coat trains in the background, in process ") {
        assert_eq!(status, 0, "{text}");
        assert_success(&run(place.command(&["stop", "coat"])));
    } else {
        assert_eq!(error(place.command(&["stop"])), "fitroom: no run in runs trains now");
        assert!(text.contains("Continue with: fitroom --resume coat"), "{text}");
    }
    assert_success(&run(place.command(&["evaluate", "coat", "--data", "data"])));
}

#[test]
fn the_terminal_is_given_back_before_the_process_that_goes_on_is_waited_for() {
    let place = Place::new();
    let options = ["--epochs", ENDLESS, "--pace", "300", "--run", "coat"];
    let mut terminal = Terminal::at(&place, 100, 30, &options);
    let there = Run::at(&place, "coat");
    until("an epoch", || there.epochs() > 0);
    terminal.press("qd");
    let parent = terminal.process();
    let children = || fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).expect("Linux lists them");
    // It is held up before it trains, which takes it some time.
    let start = std::time::Instant::now();
    let child = loop {
        if let Some(child) = children().trim().parse().ok().and_then(Pid::from_raw) {
            kill_process(child, Signal::STOP).expect("it has just begun");
            break child;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "there is no process for the run");
    };
    terminal.until_given_back();
    terminal.assert_given_back();
    kill_process(child, Signal::KILL).expect("it is held up");
    assert_eq!(terminal.wait(), 1);
    let text = terminal.text().replace('\n', "");
    assert!(text.contains("Continue with: fitroom --resume coat"), "{text}");
    let expected =
        "the run is saved, but does not go on in the background: its process ended without a word: signal: 9";
    assert!(text.contains(expected), "{text}");
    assert_eq!(there.state(), "stopped");
}

/// Runs that are left with `d`, and the milliseconds after which their shell's terminal goes away.
const SHELLS_RUNS: [(&str, u64); 5] = [("s50", 50), ("s200", 200), ("s300", 300), ("s400", 400), ("s800", 800)];

#[test]
fn a_terminal_that_goes_away_while_another_process_begins_to_train_ends_no_run() {
    let place = Place::new();
    train_whole(&place, "6");
    let _handed_over = InTheBackground(&place, "coat");
    let mut terminal = Terminal::at(&place, 100, 30, &[&SLOW[..], &["--run", "coat"]].concat());
    terminal.until("the second epoch", |screen| screen.contains("2/6"));
    terminal.press("qd");
    terminal.until_given_back();
    terminal.hang_up();
    // As a shell loses it, which has words of its own for its jobs, at any moment of the hand-over.
    let _shells_runs = SHELLS_RUNS.map(|(name, _)| InTheBackground(&place, name));
    let shells = SHELLS_RUNS.map(|(name, wait)| {
        let mut command = CommandBuilder::from_argv(["bash", "--norc", "--noprofile", "-i"].map(Into::into).to_vec());
        command.cwd(place.directory.path());
        command.env("PS1", "prompt> ");
        let mut terminal = Terminal::run(100, 30, command);
        terminal.until_shown("prompt>");
        let options = [&NETWORK[..], &SLOW].concat().join(" ");
        terminal.press(&format!("{} {options} --run {name}\r", env!("CARGO_BIN_EXE_fitroom")));
        terminal.until("the second epoch", |screen| screen.contains("2/6"));
        terminal.press("qd");
        thread::sleep(Duration::from_millis(wait));
        terminal.hang_up_at_a_prompt();
        terminal
    });
    // Here nobody is left to hear that the other process trains; once by Ctrl-C, once by the terminal's loss.
    let detached = ["shirt", "dress"].map(|name| {
        let options = [&["train", "--detach"][..], &SLOW, &["--run", name]].concat();
        let mut terminal = Terminal::at(&place, 100, 30, &options);
        until("the other process has begun", || place.path("runs").join(name).exists());
        if name == "shirt" {
            terminal.press("\x03");
        } else {
            terminal.hang_up();
        }
        (InTheBackground(&place, name), terminal)
    });
    let names = ["coat", "shirt", "dress"].into_iter().chain(SHELLS_RUNS.map(|(name, _)| name));
    for name in names {
        until("it is there", || Run::at(&place, name).epochs() > 0);
        assert_whole(&place, name);
    }
    drop((shells, detached));
}

/// The session that a process belongs to.
fn session_of(process: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process is there");
    let (_, after_name) = stat.rsplit_once(") ").expect("a name in brackets");
    after_name.split(' ').nth(3).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn train_in_the_background_says_how_to_watch_it_and_gives_the_shell_back() {
    let place = Place::new();
    train_whole(&place, "6");
    let _background = InTheBackground(&place, "coat");
    let mut terminal = Terminal::at(&place, 100, 30, &[&["train", "--detach"][..], &SLOW, &["--run", "coat"]].concat());
    assert_eq!(terminal.wait(), 0);
    let text = terminal.text();
    let holder = place.facts("coat")["held_by"]["process"].as_u64().expect("somebody trains it");
    let process = u32::try_from(holder).expect("a process's number");
    let expected = format!(
        "Run coat trains in the background, in process {process}.\n\
         Watch it with: fitroom watch coat\nStop it with:  fitroom stop coat"
    );
    assert_eq!(text.trim(), expected);
    assert_eq!(session_of(process), process, "it has a session of its own");
    let name = fs::read_to_string(format!("/proc/{process}/comm")).expect("it is there");
    assert_eq!(name, "fitroom\n");
    for descriptor in 0..3 {
        let open = fs::read_link(format!("/proc/{process}/fd/{descriptor}")).expect("it is open");
        assert_eq!(open.to_str(), Some("/dev/null"));
    }
    terminal.hang_up();
    signal(process, "HUP");
    assert_whole(&place, "coat");
}

/// A directory of runs that is too deep for a socket, with this after it.
macro_rules! deep {
    ($name:literal) => {
        concat!("deep/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep", $name)
    };
}
const DEEP: &str = deep!("");
const DEEP_COAT: &str = deep!("/coat");

#[test]
fn of_a_run_that_nobody_can_watch_only_what_works_is_named() {
    let place = Place::new();
    let _background = InTheBackground(&place, DEEP_COAT);
    let options = ["--epochs", ENDLESS, "--pace", "300", "--runs", DEEP, "--run", "coat"];
    let output = run(train(&place, &[&options[..], &["--detach"]].concat()));
    assert_success(&output);
    let said = String::from_utf8(output.stdout).expect("words are text");
    let words = String::from_utf8(output.stderr).expect("words are text");
    assert!(words.starts_with("fitroom: nobody can watch this run: "), "{words}");
    assert!(said.ends_with(&format!(".\nStop it with:  fitroom stop coat --runs {DEEP}\n")), "{said}");
    let words = error(place.command(&["train", "--resume", "coat", "--runs", DEEP]));
    assert!(words.ends_with(&format!("); fitroom stop {DEEP_COAT} ends it")), "{words}");
    assert_success(&run(place.command(&["stop", DEEP_COAT])));

    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["--resume", "coat", "--runs", DEEP]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(100, 30, command);
    terminal.until_shown("images/s");
    terminal.press("qd");
    assert_eq!(terminal.wait(), 0);
    let text = terminal.text().replace('\n', "");
    assert!(text.contains("Run coat trains in the background, in process "), "{text}");
    assert!(text.contains("fitroom stop coat") && !text.contains("fitroom watch"), "{text}");
}

#[test]
fn what_keeps_a_run_from_training_in_the_background_is_said_where_it_was_asked_for() {
    let place = Place::new();
    assert_success(&run(train(&place, &["--epochs", "1", "--run", "coat"])));
    let words = error(train(&place, &["--detach", "--run", "coat"]));
    assert!(words.starts_with("fitroom: the run coat exists already"), "{words}");
    let words = error(place.command(&["train", "--detach", "--data", "nowhere"]));
    assert!(words.starts_with("fitroom: ") && words.contains("nowhere"), "{words}");
    for switch in ["--no-save", "--json"] {
        let output = run(train(&place, &["--detach", switch]));
        assert_eq!(output.status.code(), Some(2), "{switch}");
    }
}

#[test]
fn a_shell_that_reads_all_that_is_said_does_not_wait_for_the_run_in_the_background() {
    let place = Place::new();
    let _background = InTheBackground(&place, "coat");
    let mut command = train(&place, &["--detach", "--epochs", ENDLESS, "--pace", "100", "--run", "coat"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    // As in `$(fitroom train --detach)`: until nobody holds the other end.
    let output = child.wait_with_output().expect("it can be read");
    assert_success(&output);
    assert_success(&run(place.command(&["stop", "coat"])));
}

/// The process that trains this run.
fn trainer_of(place: &Place, name: &str) -> Pid {
    let process = place.facts(name)["held_by"]["process"].as_i64().expect("somebody trains it");
    i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process's number")
}
