//! Runs that nobody trains any longer, opened with `fitroom watch` in a real pseudo-terminal: whole, and changing
//! nothing.

#[path = "place/place.rs"]
mod place;
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/terminal.rs"]
mod pty;

use std::{collections::BTreeMap, fs, path::Path, process::Stdio};

use portable_pty::CommandBuilder;

use self::{
    place::{Place, assert_success, error, run},
    pty::{Run, Terminal, until},
};

/// `fitroom watch` on this run.
fn watch(place: &Place, columns: u16, rows: u16, arguments: &[&str]) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.arg("watch");
    command.args(arguments);
    command.cwd(place.directory.path());
    Terminal::run(columns, rows, command)
}

/// Every file of a run with its bytes.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("it is a directory") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if let Ok(bytes) = fs::read(&path) {
            all.insert(path.to_string_lossy().into_owned(), bytes);
        }
    }
    all
}

/// The figures of the epochs that `metrics.jsonl` has: loss and test accuracy as the table shows them.
fn figures(place: &Place, name: &str) -> Vec<[String; 2]> {
    let text = fs::read_to_string(place.path("runs").join(name).join("metrics.jsonl")).expect("the run has figures");
    text.lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
            let number = |key: &str| line[key].as_f64().expect("a number");
            [format!("{:.4}", number("loss")), format!("{:.1}%", 100.0 * number("val_accuracy"))]
        })
        .collect()
}

#[test]
fn an_ended_run_opens_whole_on_all_screens_with_all_its_epochs_and_nothing_of_it_changes() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "4", "--run", "coat"])));
    let before = files(&place.path("runs/coat"));
    let mut terminal = watch(&place, 100, 34, &["coat"]);
    terminal.until_shown("ended just now");
    for [loss, accuracy] in figures(&place, "coat") {
        terminal.until("the epoch's figures", |screen| {
            screen.lines().any(|line| line.contains(&loss) && line.contains(&accuracy))
        });
    }
    terminal.until_shown("▸✓ Ankle boot");
    for epoch in ["epoch 3", "epoch 2", "epoch 1", "untrained"] {
        terminal.press("[");
        terminal.until_shown(&format!("◂ {epoch}"));
    }
    terminal.press("3");
    terminal.until_shown("◂ untrained");
    for epoch in ["epoch 1", "epoch 2", "epoch 3"] {
        terminal.press("]");
        terminal.until_shown(&format!("◂ {epoch}"));
    }
    terminal.press("]");
    terminal.until("the present", |screen| !screen.contains('◂'));
    for (key, shown) in [("2", "500 in all"), ("4", "━━ training"), ("5", "(500, 28, 28)"), ("6", "Unit 0 of 64")] {
        terminal.press(key);
        terminal.until(shown, |screen| screen.contains(shown));
    }
    // Nothing of it can be changed either.
    terminal.press("s");
    terminal.until_shown("training has ended");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
    assert!(files(&place.path("runs/coat")) == before, "a file of the run has changed");
}

#[test]
fn a_run_is_played_again_as_it_went_with_pauses_and_steps() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "3", "--run", "coat"])));
    let mut terminal = watch(&place, 100, 34, &[]);
    terminal.until_shown("ended just now");
    terminal.press("P");
    terminal.until_shown("replaying");
    terminal.press(" ");
    terminal.until_shown("paused");
    let epochs = |screen: &str| screen.lines().filter(|line| line.contains('%') && line.contains("0.")).count();
    let shown = epochs(&terminal.text());
    terminal.press(">>>>>>>> ");
    terminal.until_shown("ended just now");
    assert!(epochs(&terminal.text()) > shown, "it was at its beginning");
    for [loss, _] in figures(&place, "coat") {
        terminal.until_shown(&loss);
    }
    terminal.press("P");
    terminal.until_shown("replaying");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_run_that_is_played_shows_the_last_checkpoint_s_neurons_and_is_left_by_esc_and_by_p() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "3", "--run", "coat"])));
    let mut terminal = watch(&place, 80, 24, &["coat"]);
    let figures = figures(&place, "coat");
    for (keys, number) in [("\x1b", 1), ("P", 2)] {
        terminal.until_shown("ended just now");
        terminal.press("P");
        terminal.until_shown("replaying coat");
        // In slow motion, far from the end.
        terminal.press("<<<<<<<<");
        terminal.until_shown("replay: ");
        terminal.press("6");
        terminal.until_shown("last checkpoint");
        terminal.until_shown("replaying coat");
        terminal.press("1");
        terminal.until_shown("replaying");
        let text = terminal.text();
        assert!(!text.contains("images/s") && !text.contains(" left"), "{text}");
        terminal.press(keys);
        terminal.until("the run's end", |screen| screen.contains("ended just now") && !screen.contains("replaying"));
        let [_, accuracy] = figures.last().expect("there are three");
        terminal.until_shown(&format!("test accuracy {accuracy}"));
        terminal.press("6");
        terminal.until("the step of the end", |screen| screen.contains("Unit 0 of 64") && screen.contains("step 564"));
        terminal.press("1");
        terminal.until(&format!("the Dashboard, {number}"), |screen| screen.contains("Test image"));
    }
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_killed_run_says_so_in_its_first_line_and_how_it_goes_on() {
    let place = Place::new();
    let mut child = place
        .train(&["--epochs", "4", "--run", "coat", "--pace", "300"])
        .stdout(Stdio::null())
        .spawn()
        .expect("it runs");
    let kept = Run::at(&place, "coat");
    until("two epochs are kept", || kept.epochs() >= 2 && kept.checkpoint().exists());
    child.kill().expect("the process is ours");
    child.wait().expect("it has ended");
    for (columns, rows) in [(80, 24), (60, 16), (120, 40)] {
        let mut terminal = watch(&place, columns, rows, &["coat"]);
        terminal.until_shown("killed in epoch");
        let first = terminal.text().lines().next().unwrap_or_default().to_owned();
        let how = if columns < 80 { "killed" } else { "killed in epoch" };
        assert!(first.contains(how) && first.contains("fitroom --resume coat"), "{columns}x{rows}: {first}");
        terminal.press("[");
        terminal.until_shown("◂ epoch");
        terminal.press("q");
        assert_eq!(terminal.wait(), 0);
    }
    assert_success(&run(place.train(&["--resume", "coat"])));
    let mut terminal = watch(&place, 80, 24, &["coat"]);
    terminal.until_shown("ended just now");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_run_of_an_older_fitroom_opens_with_what_it_has() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "3", "--run", "coat"])));
    fs::remove_dir_all(place.path("runs/coat/predictions")).expect("the run has predictions");
    fs::remove_file(place.path("runs/coat/batches.jsonl")).expect("the run has batches");
    let mut terminal = watch(&place, 100, 34, &["coat"]);
    terminal.until_shown("ended just now");
    for [loss, _] in figures(&place, "coat") {
        terminal.until_shown(&loss);
    }
    terminal.until_shown("▸✓ Ankle boot");
    terminal.press("[");
    terminal.until_shown("no predictions");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_run_that_was_killed_before_its_first_epoch_opens_too() {
    let place = Place::new();
    let mut child = place.train(&["--run", "coat", "--pace", "20"]).stdout(Stdio::null()).spawn().expect("it runs");
    until("it trains", || place.path("runs/coat/run.json").exists());
    child.kill().expect("the process is ours");
    child.wait().expect("it has ended");
    let mut terminal = watch(&place, 80, 24, &["coat"]);
    terminal.until_shown("killed in epoch 1");
    terminal.press("P");
    terminal.press("6");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn what_cannot_be_opened_is_said() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    let words = error(place.command(&["watch", "coat"]));
    assert!(words.contains("a run is watched on a terminal"), "{words}");
    let mut terminal = watch(&place, 80, 24, &["boot"]);
    assert_eq!(terminal.wait(), 1);
    assert!(terminal.text().contains("boot") && terminal.text().contains("coat"), "{}", terminal.text());
    let moved = place.path("moved");
    fs::rename(place.path("data"), &moved).expect("it is there");
    let mut terminal = watch(&place, 200, 24, &["coat"]);
    assert_eq!(terminal.wait(), 1);
    let advice = "the run coat was trained on these images: if they are elsewhere now, name that with --data";
    assert!(terminal.text().replace('\n', "").contains(advice), "{}", terminal.text());
    terminal.assert_given_back();
    for command in [&["evaluate", "coat"][..], &["train", "--resume", "coat"]] {
        assert!(error(place.command(command)).ends_with(advice), "{command:?}");
    }
    let mut terminal = watch(&place, 80, 24, &["coat", "--data", "moved"]);
    terminal.until_shown("ended just now");
}

#[test]
fn a_run_whose_network_cannot_be_opened_has_its_curves_and_predictions_and_says_what_is_missing() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "2", "--run", "coat"])));
    let checkpoint = place.path("runs/coat/checkpoint.safetensors");
    for is_torn in [true, false] {
        if is_torn {
            fs::write(&checkpoint, "torn").expect("it can be written");
        } else {
            fs::remove_file(&checkpoint).expect("it is there");
        }
        let mut terminal = watch(&place, 200, 34, &["coat"]);
        terminal.until_shown("Neurons and explanations are missing: ");
        assert!(terminal.text().contains("runs/coat/checkpoint.safetensors"), "{}", terminal.text());
        for [loss, _] in figures(&place, "coat") {
            terminal.until_shown(&loss);
        }
        terminal.press("[");
        terminal.until_shown("◂ epoch 1");
        terminal.press("6");
        terminal.until_shown("no network to be shown");
        terminal.press("q");
        assert_eq!(terminal.wait(), 0);
        terminal.assert_given_back();
    }
}

#[test]
fn a_resumed_run_has_the_curve_and_the_predictions_of_before() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "2", "--run", "coat"])));
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["--resume", "coat", "--epochs", "3"]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(100, 34, command);
    terminal.until("it is done", |screen| screen.contains("done in"));
    for [loss, _] in figures(&place, "coat") {
        terminal.until_shown(&loss);
    }
    for epoch in ["epoch 2", "epoch 1", "untrained"] {
        terminal.press("[");
        terminal.until_shown(&format!("◂ {epoch}"));
    }
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_watched_run_that_ends_is_opened_whole_and_one_that_goes_on_is_followed() {
    let place = Place::new();
    let options = ["--epochs", "30", "--run", "coat", "--pace", "300"];
    let mut child = place.train(&options).stdout(Stdio::null()).spawn().expect("it runs");
    let kept = Run::at(&place, "coat");
    until("an epoch is kept", || kept.epochs() >= 1 && kept.checkpoint().exists());
    let mut terminal = watch(&place, 100, 34, &["coat"]);
    terminal.until("it is watched", |screen| screen.contains("training") && screen.contains("slow motion"));
    child.kill().expect("the process is ours");
    child.wait().expect("it has ended");
    terminal.until_shown("killed in epoch");
    terminal.press("6");
    terminal.until_shown("Unit 0 of 64");
    terminal.press("1");
    terminal.press("P");
    terminal.until_shown("replaying");
    terminal.press(">>>>>>>>>>>>");
    terminal.until_shown("killed in epoch");
    let mut child =
        place.command(&["train", "--resume", "coat", "--pace", "300"]).stdout(Stdio::null()).spawn().expect("it runs");
    terminal.until("it goes on", |screen| screen.contains("● training"));
    terminal.press(" ");
    terminal.until_shown("paused");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    child.kill().expect("the process is ours");
    child.wait().expect("it has ended");
}

#[test]
fn a_run_is_not_shown_on_other_data() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    let mut terminal = watch(&place, 200, 24, &["coat", "--data", env!("CARGO_MANIFEST_DIR")]);
    assert_eq!(terminal.wait(), 1);
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
    let mut terminal = watch(&place, 200, 24, &["coat", "--data", data]);
    assert_eq!(terminal.wait(), 1);
    assert!(terminal.text().contains("this is other data"), "{}", terminal.text());
}
