//! `fitroom watch`, by several at once: dashboards of their own on one run of another process.

use std::time::{Duration, Instant};

use super::*;
use crate::pty::{memory_of, signal};

/// A pace at which every step can be seen.
const SEEN: &str = "200";

/// How long somebody does not read.
const UNREAD: Duration = Duration::from_secs(10);

/// The epoch that a dashboard shows.
fn epoch(screen: &str) -> Option<usize> {
    let (_, after) = screen.split_once(" epoch ")?;
    after.split('/').next()?.trim().parse().ok()
}

#[test]
fn two_look_at_images_of_their_own_and_share_the_pause_and_one_leaves_the_run_to_the_other() {
    let place = Place::new();
    let _trainer = endless(&place, SEEN);
    let (mut first, mut second) = (watch(&place, "coat"), watch(&place, "coat"));
    first.until_shown("images/s");
    second.until_shown("images/s");
    assert!(first.text().lines().next().is_some_and(|line| line.contains("watching coat")), "{}", first.text());
    first.press(":7\r");
    second.press(":33\r");
    first.until_shown("Test image 7 ");
    second.until_shown("Test image 33 ");
    second.press("w");
    second.until_shown("blue for, red against");
    first.press(" ");
    first.until_shown("paused");
    second.until_shown("paused");
    assert!(first.text().contains("Test image 7 ") && !first.text().contains("blue for"), "{}", first.text());
    assert!(second.text().contains("Test image 33 "), "{}", second.text());
    // A single step, asked for by the other one.
    let step = || place.facts("coat")["kept"]["step"].as_u64();
    second.press(".s");
    second.until_shown("saved as it is after step");
    let before = step();
    second.press(".s");
    until("one more step is saved", || step() == before.map(|before| before + 1));
    second.press(" ");
    first.until("it goes on", |screen| !screen.contains("paused"));
    second.press("<");
    second.until_shown("slow motion");
    first.until_shown("slow motion");

    first.press("q");
    assert_eq!(first.wait(), 0);
    first.assert_given_back();
    let text = first.text();
    assert!(text.starts_with("Run coat: trains on") && text.contains("Watch it with: fitroom watch coat"), "{text}");
    second.press(">>>");
    let run = Run::at(&place, "coat");
    let epochs = run.epochs();
    until("more epochs", || run.epochs() > epochs);
    second.until("the epoch of now", |screen| epoch(screen).is_some_and(|epoch| epoch > epochs));
    second.press("\x03");
    assert_eq!(second.wait(), 0);
    assert_eq!(run.state(), "training");
}

#[test]
fn without_a_name_the_newest_run_that_trains_is_watched_and_where_none_does_the_newest() {
    let place = Place::new();
    let _trainer = endless(&place, SEEN);
    assert_success(&run(train(&place, &["--epochs", "1", "--run", "shirt"])));
    let watch = || {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
        command.arg("watch");
        command.cwd(place.directory.path());
        Terminal::run(80, 24, command)
    };
    watch().until_shown("watching coat");
    assert_success(&run(place.command(&["stop"])));
    watch().until_shown("run shirt");
}

#[test]
fn whoever_is_asked_whether_to_leave_it_training_is_watched_all_the_same() {
    let place = Place::new();
    let mut owner = Terminal::at(&place, 100, 30, &["--epochs", ENDLESS, "--pace", SEEN, "--run", "coat"]);
    until("it can be found", || place.path("runs/coat/run.json").exists());
    let mut watcher = watch(&place, "coat");
    watcher.until_shown("images/s");
    owner.press(":5\r");
    watcher.press(":6\r");
    owner.until_shown("Test image 5 ");
    watcher.until_shown("Test image 6 ");
    watcher.press(" ");
    owner.until_shown("paused");
    owner.press(" ");
    watcher.until("it goes on", |screen| !screen.contains("paused"));
    owner.stop_and_leave();
    assert_eq!(owner.wait(), 0);
    watcher.until_shown("stopped in epoch");
    watcher.press("q");
    assert_eq!(watcher.wait(), 0);
    watcher.assert_given_back();
}

#[test]
fn a_watcher_that_is_killed_or_hung_up_on_disturbs_nobody() {
    let place = Place::new();
    let mut trainer = endless(&place, SEEN);
    let mut witness = Visitor::of(&place, "coat");
    for name in ["KILL", "HUP", "TERM"] {
        let mut watcher = watch(&place, "coat");
        watcher.until_shown("images/s");
        watcher.press(":3\r");
        watcher.until_shown("Test image 3 ");
        watcher.signal(name);
        watcher.wait();
        witness.assert_is_told_more();
    }
    let mut watcher = watch(&place, "coat");
    watcher.until_shown("images/s");
    watcher.hang_up();
    assert_eq!(watcher.wait(), 129);
    witness.assert_is_told_more();
    assert!(trainer.0.try_wait().expect("it is ours").is_none());
}

#[test]
fn who_does_not_read_for_ten_seconds_holds_up_nothing_and_catches_up() {
    let place = Place::new();
    // Each epoch's predictions take 27 kB, and the socket holds some 200 kB.
    let trainer = endless(&place, "2000");
    let run = Run::at(&place, "coat");
    let mut deaf = Visitor::of(&place, "coat");
    let mut stopped = watch(&place, "coat");
    stopped.until_shown("images/s");
    stopped.signal("STOP");
    let (start, epochs, memory) = (Instant::now(), run.epochs(), memory_of(trainer.process()));
    let mut witness = Visitor::of(&place, "coat");
    while start.elapsed() < UNREAD || run.epochs() < epochs + 40 {
        witness.until_report("epoch");
    }
    let after = memory_of(trainer.process());
    assert!(after < memory + (32 << 20), "{after} bytes after {memory}");
    let epochs = run.epochs();
    stopped.signal("CONT");
    stopped.until("the present", |screen| epoch(screen).is_some_and(|epoch| epoch >= epochs));
    // It has all epochs, each once, and every step.
    let (mut expected, mut ended, mut steps) = (1, 0, 0);
    while expected <= epochs as u64 || steps < ended {
        let report = deaf.next().expect("it is still told");
        match report["report"].as_str() {
            Some("epoch") => {
                assert_eq!(report["record"]["epoch"].as_u64(), Some(expected));
                ended = report["record"]["step"].as_u64().expect("a number");
                expected += 1;
            }
            Some("batch") => {
                for span in report["spans"].as_array().expect("the curve goes on") {
                    steps += span["steps"].as_u64().expect("a number");
                    assert_eq!(span["step"].as_u64(), Some(steps), "steps are missing before epoch {expected}");
                }
                assert_eq!(report["step"].as_u64(), Some(steps));
            }
            _ => {}
        }
    }
}

#[test]
fn who_comes_late_sees_the_epochs_and_the_curves_as_who_was_there_from_the_beginning() {
    let place = Place::new();
    // So many steps that those of long ago are told as spans.
    let _trainer = endless(&place, "1500");
    let mut early = watch(&place, "coat");
    early.until("many steps", |screen| epoch(screen).is_some_and(|epoch| epoch > 16));
    early.press(" ");
    early.until_shown("paused");
    let mut late = watch(&place, "coat");
    late.until_shown("paused");
    for (keys, heading) in [("1", "Epochs"), ("4", "Curves"), ("ma", "Curves"), ("3", "Most frequent mistakes")] {
        early.press(keys);
        late.press(keys);
        early.until_shown(heading);
        late.until_shown(heading);
        assert_same(&mut early, &mut late);
    }
    // Epochs long ago, too.
    for keys in ["1[", "[", "[[["] {
        early.press(keys);
        late.press(keys);
        early.until_shown("◂ epoch");
        assert_same(&mut early, &mut late);
    }
}

/// Both show the same, in the end.
fn assert_same(first: &mut Terminal, second: &mut Terminal) {
    // Blanks at a line's end may be drawn or not.
    let plain = |screen: &str| screen.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let wanted = plain(&settled(first));
    second.until(&format!("the same as\n{wanted}"), |screen| plain(screen) == wanted);
}

/// What a screen shows once it changes no more.
pub fn settled(terminal: &mut Terminal) -> String {
    loop {
        let before = terminal.text();
        terminal.watch(Duration::from_millis(300));
        if terminal.text() == before {
            return before;
        }
    }
}

#[test]
fn a_trainer_that_is_stopped_is_seen_to_stand_still_and_goes_on_when_it_is_continued() {
    let place = Place::new();
    let trainer = endless(&place, SEEN);
    let mut watcher = watch(&place, "coat");
    watcher.until_shown("images/s");
    for _ in 0..2 {
        signal(trainer.process(), "STOP");
        watcher.until_shown("not answering");
        // It is looked at all the same.
        watcher.press("l");
        watcher.until_shown("Test image ");
        // It is steered, too, but not before it goes on.
        watcher.press(" ");
        watcher.until_shown("the program that trains does not answer: it gets to this when it goes on");
        let mut newcomer = watch(&place, "coat");
        assert_eq!(newcomer.wait(), 1);
        assert!(newcomer.text().contains("does not answer"), "{}", newcomer.text());
        signal(trainer.process(), "CONT");
        watcher.until_shown("paused");
        watcher.press(" ");
        watcher.until("it goes on", |screen| !screen.contains("not answering") && !screen.contains("paused"));
    }
}

#[test]
fn a_run_that_is_handed_over_to_another_process_is_watched_on() {
    let place = Place::new();
    train_whole(&place, "12");
    let mut owner = Terminal::at(&place, 100, 30, &["--epochs", "12", "--pace", "300", "--run", "coat"]);
    owner.until("the second epoch", |screen| screen.contains("2/12"));
    let mut watcher = watch(&place, "coat");
    watcher.until_shown("images/s");
    watcher.press(":9\rw");
    watcher.until_shown("blue for, red against");
    let _background = InTheBackground(&place, "coat");
    owner.press("qd");
    assert_eq!(owner.wait(), 0);
    owner.assert_given_back();
    watcher.until("the end", |screen| screen.contains("12/12") && screen.contains("ended"));
    assert!(watcher.text().contains("Test image 9 "), "{}", watcher.text());
    assert_whole(&place, "coat");
    watcher.press("q");
    assert_eq!(watcher.wait(), 0);
}
