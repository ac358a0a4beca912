//! What a terminal, and a command, are told of a run beside the screen: the title, the progress, the end.

#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/place.rs"]
mod place;
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/terminal.rs"]
mod pty;

use std::{collections::BTreeMap, fs};

use self::{
    place::{Place, assert_success, run},
    pty::{Run, Terminal, fitroom, until},
};

/// Where these bytes stand in those that the program wrote.
fn place_of(terminal: &Terminal, bytes: &str) -> Option<usize> {
    terminal.bytes.windows(bytes.len()).position(|window| window == bytes.as_bytes())
}

fn has(terminal: &Terminal, bytes: &str) -> bool {
    place_of(terminal, bytes).is_some()
}

const KEPT: &str = "\x1b[22;0t";
const GIVEN_BACK: &str = "\x1b[23;0t";

#[test]
fn the_title_has_the_state_of_the_run_and_is_given_back() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 80, 24, &["--run", "coat", "--epochs", "2"]);
    terminal.until_shown("done");
    terminal.watch(std::time::Duration::from_millis(300));
    let kept = place_of(&terminal, KEPT).expect("the title is kept");
    let training = place_of(&terminal, "\x1b]2;fitroom coat: training 1/2").expect("the state is shown");
    let done = place_of(&terminal, "\x1b]2;fitroom coat: done · ").expect("so is its end");
    assert!(kept < training && training < done);
    assert!(!has(&terminal, GIVEN_BACK) && !has(&terminal, "\x1b]9;"));
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    assert!(place_of(&terminal, GIVEN_BACK).is_some_and(|at| at > done));
    terminal.assert_given_back();
}

#[test]
fn the_title_is_given_back_where_a_signal_ends_the_program() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 80, 24, &["--no-save", "--epochs", "1000"]);
    terminal.until_shown("training");
    terminal.signal("TERM");
    assert_eq!(terminal.wait(), 128 + 15);
    assert!(has(&terminal, GIVEN_BACK));
}

#[test]
fn no_title_is_shown_where_none_is_wanted_or_understood() {
    let place = Place::new();
    for (options, term) in [(&["--no-title"][..], "xterm-256color"), (&[], "linux"), (&[], "vt220")] {
        let mut command = fitroom(&place, &[&["--no-save", "--epochs", "1"], options].concat());
        command.env("TERM", term);
        command.env("WT_SESSION", "1");
        let mut terminal = Terminal::run(80, 24, command);
        terminal.until_shown("done");
        terminal.press("q");
        assert_eq!(terminal.wait(), 0);
        for bytes in [KEPT, GIVEN_BACK, "\x1b]2;", "\x1b]9;"] {
            assert!(!has(&terminal, bytes), "{bytes:?} with {term}");
        }
    }
}

#[test]
fn progress_is_shown_where_it_is_understood_and_taken_away() {
    let place = Place::new();
    for (arguments, keys) in
        [(&["--no-save", "--epochs", "2"][..], "q"), (&["train", "--no-save", "--epochs", "2"], "")]
    {
        let mut command = fitroom(&place, arguments);
        command.env("TERM_PROGRAM", "ghostty");
        command.env_remove("TMUX");
        command.env_remove("STY");
        let mut terminal = Terminal::run(100, 24, command);
        if !keys.is_empty() {
            terminal.until_shown("done");
            terminal.press(keys);
        }
        assert_eq!(terminal.wait(), 0);
        let shown = place_of(&terminal, "\x1b]9;4;1;").expect("it is shown");
        let gone = place_of(&terminal, "\x1b]9;4;0;\x1b\\").expect("it is taken away");
        assert!(shown < gone, "{arguments:?}");
    }
}

#[test]
fn the_end_rings_the_bell_and_says_why() {
    let place = Place::new();
    let told = "\x07\x1b]9;fitroom coat: done, test accuracy 0.";
    let mut terminal = Terminal::at(&place, 80, 24, &["--run", "coat", "--epochs", "1", "--notify"]);
    terminal.until_shown("done");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    assert!(has(&terminal, told));
    let mut train = fitroom(&place, &["train", "--no-save", "--epochs", "1", "--notify"]);
    train.env("TMUX", "/tmp/tmux,1,0");
    let mut terminal = Terminal::run(80, 24, train);
    assert_eq!(terminal.wait(), 0);
    assert!(has(&terminal, "\x07\x1bPtmux;\x1b\x1b]9;fitroom: done, test accuracy 0."));
    // Nobody is told what a run did before somebody looked on.
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["watch", "coat", "--notify"]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(80, 24, command);
    terminal.until_shown("ended just now");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    assert!(has(&terminal, "\x1b]2;fitroom coat: ended just now · ") && !has(&terminal, "\x1b]9;"));
}

/// Writes down what it is told, a block per run.
const WRITE: &str = "{ env | grep ^FITROOM_ | sort; echo; } >> ended; echo something";

/// What the commands at the ends of runs were told.
fn ends(place: &Place) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(place.path("ended")).unwrap_or_default();
    let blocks = text.split_terminator("\n\n");
    let line = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    blocks.map(|block| block.lines().filter_map(line).collect()).collect()
}

/// Waits for the only end, and returns what was told of it.
fn end(place: &Place) -> BTreeMap<String, String> {
    until("the command is run", || !ends(place).is_empty());
    let mut all = ends(place);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_command_is_run_once_the_run_is_done_and_knows_it() {
    let place = Place::new();
    let mut command = place.train(&["--epochs", "2", "--run", "coat"]);
    command.env("FITROOM_ON_END", WRITE).env("FITROOM_SEED", "4");
    let output = run(command);
    assert_success(&output);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("something"));
    let told = end(&place);
    let accuracy: f64 = told["FITROOM_ENDED_TEST_ACCURACY"].parse().expect("it is a number");
    assert!((0.5..1.0).contains(&accuracy));
    for (name, value) in [
        ("STATE", "done"),
        ("RUN", "coat"),
        ("EPOCH", "2"),
        ("EPOCHS", "2"),
        ("REASON", ""),
        ("DIRECTORY", fs::canonicalize(place.path("runs/coat")).expect("it is there").to_str().expect("text")),
    ] {
        assert_eq!(told[&format!("FITROOM_ENDED_{name}")], value, "{name}");
    }
    assert!(told.keys().all(|name| name.starts_with("FITROOM_ENDED_")), "options are not inherited: {told:?}");
    assert_eq!(fs::read_to_string(place.path("runs/coat/on-end.log")).expect("it is kept"), "something\n");
}

#[test]
fn a_command_is_run_where_a_signal_has_saved_the_run() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 80, 24, &["--run", "coat", "--epochs", "10000", "--on-end", WRITE]);
    terminal.until_shown("training");
    until("an epoch", || Run::at(&place, "coat").epochs() > 0);
    terminal.signal("TERM");
    assert_eq!(terminal.wait(), 128 + 15);
    let told = end(&place);
    assert_eq!((&*told["FITROOM_ENDED_STATE"], &*told["FITROOM_ENDED_EPOCHS"]), ("stopped", "10000"));
    assert_eq!(Run::at(&place, "coat").state(), "stopped");
    terminal.assert_given_back();
}

#[test]
fn a_command_is_run_in_the_dashboard_when_the_run_is_done_and_not_again_when_it_is_left() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 80, 24, &["--run", "coat", "--epochs", "1", "--on-end", WRITE]);
    terminal.until_shown("done");
    assert_eq!(end(&place)["FITROOM_ENDED_STATE"], "done");
    assert!(!terminal.text().contains("something"));
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(end(&place)["FITROOM_ENDED_RUN"], "coat");
}

#[test]
fn a_run_that_goes_on_in_the_background_ends_once() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 80, 24, &["--run", "coat", "--epochs", "10000", "--on-end", WRITE]);
    until("an epoch", || Run::at(&place, "coat").epochs() > 0);
    terminal.press("qd");
    assert_eq!(terminal.wait(), 0);
    assert!(ends(&place).is_empty(), "it trains on");
    assert_success(&run(place.command(&["stop", "coat"])));
    assert_eq!(end(&place)["FITROOM_ENDED_STATE"], "stopped");

    let detached = place.train(&["--detach", "--run", "dress", "--epochs", "1", "--on-end", "echo $FITROOM_ENDED_RUN"]);
    assert_success(&run(detached));
    let log = place.path("runs/dress/on-end.log");
    until("the command", || fs::read_to_string(&log).is_ok_and(|text| text == "dress\n"));
}

#[test]
fn a_command_that_fails_is_told_of_and_changes_no_status() {
    let place = Place::new();
    let output = run(place.train(&["--epochs", "1", "--run", "coat", "--on-end", "echo oh; exit 3"]));
    assert_success(&output);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("fitroom: the command of --on-end ended with status 3: see /"), "{told}");
    let log = fs::read_to_string(place.path("runs/coat/on-end.log")).expect("it is kept");
    assert!(log.starts_with("oh\nfitroom: the command of --on-end ended with status 3"), "{log}");
    // One that takes long is not waited for.
    let begun = std::time::Instant::now();
    let mut terminal = Terminal::at(&place, 80, 24, &["--no-save", "--epochs", "1", "--on-end", "sleep 60; false"]);
    terminal.until_shown("done");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    assert!(begun.elapsed().as_secs() < 50, "{:?}", begun.elapsed());
    terminal.assert_given_back();
}
