//! Runs the real program in a real pseudo-terminal, as a person does: looks at the screen, presses keys, and leaves.

#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/place.rs"]
mod place;
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/terminal.rs"]
mod pty;

use std::fs;

use portable_pty::CommandBuilder;

use self::{
    place::Place,
    pty::{Run, Terminal, click, until},
};

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
    terminal.stop_and_leave();
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
    assert_eq!((run.state(), run.epochs()), ("stopped".to_owned(), 1));

    let mut terminal = dashboard("--resume coat");
    terminal.until("the end", |screen| screen.contains("done in"));
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    assert_eq!((run.state(), run.epochs()), ("done".to_owned(), 3));
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
    terminal.until_shown("move a cursor");
    terminal.press("5");
    terminal.until_shown("(500, 28, 28)");
    terminal.press("6");
    terminal.until_shown("Unit 0 of 16 · its 784 weights");
    // Click the Dashboard's name in the first line, then twice the picture, which opens it.
    terminal.press(&click(14, 1));
    terminal.until_shown("Epochs");
    terminal.press("w");
    terminal.until_shown("blue for, red against");
    terminal.press(&click(20, 25).repeat(2));
    terminal.until("the large picture", |screen| screen.contains("▸2 Gallery") && !screen.contains("Epochs"));
    terminal.press("\x1b");
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
    second.until_shown("▸ coat  16 units  Adam 0.001  batch 32  2 epochs");
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
    // No file may grow beyond four kilobytes, which is enough for all but the checkpoint.
    command.args(["-c", &format!("ulimit -f 8; exec {fitroom} --data data --hidden 16 --pace 100 --run coat")]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(100, 30, command);
    terminal.until_shown("run coat");
    terminal.press("s");
    terminal.until_shown("not saved: cannot write runs/");
    terminal.stop_and_leave();
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
    until("the beginning", || place.path("runs/coat/run.json").exists());
    begun.kill().expect("the process is ours");
    begun.wait().expect("it has ended");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["--resume", "coat", "--pace", "10"]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(110, 30, command);
    terminal.until_shown("the run coat ended before its first checkpoint: it starts again at step 0");
    terminal.stop_and_leave();
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn of_two_notes_at_the_start_both_are_shown_in_their_order() {
    let place = Place::new();
    let mut begun =
        place.train(&["--run", "coat", "--pace", "1"]).stdout(std::process::Stdio::null()).spawn().expect("it runs");
    let facts = place.path("runs/coat/run.json");
    let read = || fs::read_to_string(&facts).unwrap_or_default();
    until("the device is known", || read().contains("\"device\": \"CPU, "));
    begun.kill().expect("the process is ours");
    begun.wait().expect("it has ended");
    // As written by a machine with a GPU.
    fs::write(&facts, read().replacen("\"CPU, ", "\"CUDA GPU 0, ", 1)).expect("it can be written");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["--resume", "coat", "--pace", "10"]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(110, 30, command);
    let begins_again = "the run coat ended before its first checkpoint: it starts again at step 0";
    let elsewhere = "the run was trained on CUDA GPU 0, ";
    terminal.until_shown(begins_again);
    terminal.press("l");
    terminal.until_shown(elsewhere);
    terminal.stop_and_leave();
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_run_that_is_done_but_not_wholly_written_is_nobody_else_s_to_go_on_with() {
    let place = Place::new();
    let mut command = CommandBuilder::new("sh");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    // There is room for the checkpoint of this small network, but not for the histograms of all epochs, nor, where it
    // trains slowly, for the curve.
    let options = "--data data --hidden 1 --epochs 60 --run coat";
    command.args(["-c", &format!("ulimit -f 100; exec {fitroom} {options}")]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(100, 30, command);
    terminal.until_shown("done in");
    let run = Run::at(&place, "coat");
    until("the end is on the disk", || run.state() == "done");
    terminal.until_shown("not saved: cannot write runs/coat/");
    let words = place::error(place.command(&["train", "--resume", "coat", "--epochs", "61"]));
    assert!(words.contains("runs/coat is in use: another fitroom trains this run"), "{words}");
    terminal.press("q");
    assert_eq!(terminal.wait(), 1);
    assert_eq!((run.state(), run.epochs()), ("done".to_owned(), 60));
    let resumed = place.command(&["train", "--resume", "coat", "--epochs", "61"]).output().expect("the program runs");
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
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
    until("the end is on the disk", || run.state() == "done");
    // It still belongs to this program, as no other has continued it.
    terminal.press("s");
    terminal.until_shown("saved as it is after step 188");

    let resumed = place.command(&["train", "--resume", "coat", "--epochs", "2"]).output().expect("the program runs");
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    let checkpoint = fs::read(run.checkpoint()).expect("there is one");
    terminal.press("s");
    terminal.until_shown("another fitroom has continued the run coat");
    terminal.press("q");
    assert_eq!(terminal.wait(), 1);
    assert!(fs::read(run.checkpoint()).expect("there is one") == checkpoint);
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
    terminal.resize(80, 24);
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
