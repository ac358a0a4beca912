//! The configuration file, as the real program reads it.

#[path = "place/place.rs"]
mod place;
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/terminal.rs"]
mod pty;

use std::{fs, process::Command};

use serde_json::Value;

use self::{
    place::{Place, assert_success, error, run},
    pty::{Terminal, fitroom},
};

/// Writes the configuration that the program looks for.
fn configure(place: &Place, text: &str) {
    fs::create_dir_all(place.path("config/fitroom")).expect("there is room");
    fs::write(place.path("config/fitroom/config.toml"), text).expect("there is room");
}

/// What `fitroom config` says, as JSON.
fn shown(mut command: Command) -> Value {
    command.arg("--json");
    let output = run(command);
    assert_success(&output);
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

/// What holds for an option: its value, and where that is from.
fn held(shown: &Value, name: &str) -> (String, String) {
    let options = shown["options"].as_array().expect("it is a list");
    let option = options.iter().find(|option| option["name"] == name).expect(name);
    let text = |key: &str| option[key].as_str().expect("it is text").to_owned();
    (text("value"), text("from"))
}

/// What the program says about wrong usage, and nothing else.
fn refusal(command: Command) -> String {
    let output = run(command);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(output.stdout.is_empty());
    words
}

#[test]
fn flags_beat_the_environment_which_beats_the_file_which_beats_what_is_usual() {
    let place = Place::new();
    configure(&place, "epochs = 4\nhidden = [48, 24]\nseed = 1\nno-mouse = true\nsave-every = \"off\"\n");
    let mut command = place.command(&["config", "--epochs", "2"]);
    command.env("FITROOM_EPOCHS", "3").env("FITROOM_SEED", "2").env("FITROOM_NO_MOUSE", "off");
    let shown = shown(command);
    let expect = |name: &str, value: &str, from: &str| {
        assert_eq!(held(&shown, name), (value.to_owned(), from.to_owned()), "{name}");
    };
    expect("epochs", "2", "argument");
    expect("seed", "2", "environment");
    expect("no-mouse", "false", "environment");
    expect("hidden", "48,24", "file");
    expect("save-every", "off", "file");
    expect("batch-size", "32", "default");
    // What is shown is what happens.
    let mut train = place.command(&["train", "--data", "data", "--epochs", "2", "--run", "coat"]);
    train.env("FITROOM_SEED", "2");
    let told = run(train);
    assert_success(&told);
    let told = String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("Training 784-48-24-10 ") && told.contains("Epoch 2/2 - "), "{told}");
    let facts = fs::read(place.path("runs/coat/run.json")).expect("it is kept");
    assert_eq!(serde_json::from_slice::<Value>(&facts).expect("it is JSON")["settings"]["seed"], 2);
}

#[test]
fn what_excludes_an_option_excludes_what_the_file_says_of_it() {
    let place = Place::new();
    configure(&place, "no-save = true\n");
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    assert!(place.path("runs/coat/checkpoint.safetensors").exists());
    let mut unless = place.train(&["--epochs", "1"]);
    unless.env("FITROOM_NO_SAVE", "0").env("FITROOM_RUNS", "others");
    assert_success(&run(unless));
    assert!(place.path("others").exists());
    assert_success(&run(place.train(&["--epochs", "1", "--runs", "none"])));
    assert!(!place.path("none").exists());
}

#[test]
fn a_run_that_goes_on_keeps_its_settings_whatever_the_file_says() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat", "--seed", "5"])));
    configure(&place, "hidden = 32\nseed = 9\nbatch-size = 7\nepochs = 1\ndata = \"nowhere\"\n");
    let output = run(place.command(&["train", "--resume", "coat", "--epochs", "2"]));
    assert_success(&output);
    assert!(String::from_utf8_lossy(&output.stdout).contains("Training 784-64-10 "), "{output:?}");
    let mut by_variable = place.command(&["train", "--epochs", "3"]);
    by_variable.env("FITROOM_RESUME", "coat");
    assert_success(&run(by_variable));
    let shown = shown(place.command(&["config", "--resume", "coat"]));
    assert_eq!(held(&shown, "hidden"), ("the run's".to_owned(), "default".to_owned()));
}

#[test]
fn a_command_takes_from_the_file_what_it_knows_and_no_more() {
    let place = Place::new();
    configure(&place, "epochs = \"many\"\nruns = \"kept\"\nfps = 0\n");
    let mut train = place.train(&["--epochs", "1", "--run", "coat"]);
    assert_success(&run({
        train.env("FITROOM_FPS", "20");
        train
    }));
    assert!(place.path("kept/coat").exists());
    for arguments in [&["runs"][..], &["evaluate"], &["predict", "1", "--as-is"]] {
        assert_success(&run(place.command(arguments)));
    }
    assert!(refusal(place.train(&[])).contains("for 'epochs in "));
    configure(&place, "what is this");
    for arguments in [&["completions", "bash"][..], &["man"], &["--help"], &["-V"], &["runs", "--config", "none"]] {
        assert_success(&run(place.command(arguments)));
    }
    assert!(refusal(place.command(&["runs"])).contains("config.toml, line 1: is not TOML"));
}

#[test]
fn every_mistake_is_told_with_the_file_the_line_and_the_name() {
    let place = Place::new();
    let file = place.path("config/fitroom/config.toml");
    let file = file.to_str().expect("it is text");
    for (text, expected) in [
        ("\nepoch = 3", "{file}, line 2: epoch is no option: expected epochs, or another that fitroom config lists"),
        ("seed = -1", "invalid value '-1' for 'seed in {file}, line 1 (--seed <N>)': invalid digit found in string"),
        ("# a\n\nhidden = [64, 0]", "invalid value '0' for 'hidden in {file}, line 3 (--hidden <UNITS>)': expected a"),
        ("color = \"blue\"", "invalid value 'blue' for 'color in {file}, line 1 (--color <WHEN>)'"),
        ("run = \"coat\"", "{file}, line 1: run is for a single time: expected it on the command line, as --run"),
        ("json = true", "{file}, line 1: json is for a single time: expected it on the command line, as --json"),
        ("no-save = \"yes\"", "{file}, line 1: no-save has another kind of value: expected true or false"),
        ("epochs = [1]", "{file}, line 1: epochs has another kind of value: expected a single number or text"),
        ("pace = false", "{file}, line 1: pace has another kind of value: expected a number or a text"),
        ("hidden = []", "{file}, line 1: hidden has another kind of value: expected at least one number"),
        ("epochs = 1979-05-27", "{file}, line 1: epochs is a date or a time: expected a number, a text, true"),
        ("[keys]\npuase = 'p'", "{file}, line 2: puase is no action of a key: expected pause, or another"),
        ("[keys]\npause = 'pp'", "{file}, line 2: pause: \"pp\" is no key: expected a character, Ctrl- with a letter"),
        ("[keys]\npause = true", "{file}, line 2: pause is true or false: expected a key"),
        ("[keys]\npause = 'q'", "{file}, line 2: pause: q is the key of quit already: expected another key, or"),
        ("[keys]\nwhy = 'v'\norder = 'v'", "{file}, line 2: why: v is the key of order already"),
        ("[keys]\nwhy = 'Enter'", "{file}, line 2: why: Enter cannot be bound anew: expected another key"),
        ("[train]\nepochs = 1", "{file}, line 1: [train] is no table of a configuration: expected [keys], or options"),
        ("epochs = 1\nepochs = 2", "{file}, line 2: is not TOML: duplicate key"),
        ("x = \"\u{1b}\"", "{file}, line 1: is not TOML: "),
    ] {
        configure(&place, text);
        let told = refusal(place.command(&["--data", "data", "--epochs", "1"]));
        let expected = format!("error: {}", expected.replace("{file}", file));
        assert!(told.starts_with(&expected), "{text:?}: {told}");
        assert!(!told.contains('\x1b'), "{told:?}");
    }
    fs::write(file, b"epochs = 1\nrun = \"\xff\"\n").expect("there is room");
    assert!(refusal(place.command(&["runs"])).contains("line 2: is not UTF-8"));
    let told = refusal(place.command(&["runs", "--config", "nowhere"]));
    assert_eq!(told, "error: nowhere: there is no such file: expected a configuration, or none\n");
    assert!(refusal(place.command(&["runs", "--config", "data"])).contains("data: cannot be read: it is a directory"));
}

#[test]
fn another_file_can_be_named_or_none() {
    let place = Place::new();
    configure(&place, "epochs = 4\n");
    fs::write(place.path("mine.toml"), "epochs = 5\nruns = \"~/there\"\n").expect("there is room");
    let epochs = |command: Command| held(&shown(command), "epochs").0;
    assert_eq!(epochs(place.command(&["config"])), "4");
    assert_eq!(epochs(place.command(&["config", "--config", "mine.toml"])), "5");
    assert_eq!(epochs(place.command(&["config", "--config", "none"])), "10");
    let mut command = place.command(&["config"]);
    command.env("FITROOM_CONFIG", "mine.toml").env("HOME", "/home/me");
    let shown = shown(command);
    assert_eq!(held(&shown, "runs").0, "/home/me/there");
    assert_eq!((held(&shown, "config").1.as_str(), &shown["file"]), ("environment", &"mine.toml".into()));
}

#[test]
fn what_holds_is_shown_in_words() {
    let place = Place::new();
    let told = |command: Command| String::from_utf8(run(command).stdout).expect("it is text");
    let none = told(place.command(&["config"]));
    assert!(none.starts_with("Configuration file: none (there is no /") && !none.contains("Keys"), "{none}");
    configure(&place, "epochs = 4\n[keys]\npause = [\"p\", \"Space\"]\nwhy = []\n");
    let words = told(place.command(&["config", "--seed", "7"]));
    for line in [
        "epochs         4                                   configuration file, line 1",
        "seed           7                                   --seed",
        "threads        as many as pay off on this machine  default",
        "Keys",
        "pause  p Space  configuration file, line 3; usually Space",
        "why    no key   configuration file, line 4; usually w",
    ] {
        assert!(words.lines().any(|other| other == line), "{line:?} is not in\n{words}");
    }
}

#[test]
fn the_keys_of_the_file_are_those_of_the_dashboard() {
    let place = Place::new();
    configure(&place, "[keys]\npause = \"p\"\none-batch = \"F5\"\nhelp = [\"H\"]\nquit = \"Ctrl-X\"\n");
    let mut command = fitroom(&place, &["--no-save", "--epochs", "1000"]);
    command.env("XDG_CONFIG_HOME", place.path("config"));
    command.env("FITROOM_CONFIG", "");
    let mut terminal = Terminal::run(100, 30, command);
    terminal.until("the footer", |screen| screen.contains("p pause") && screen.contains("Ctrl-X quit"));
    terminal.press("\x1b[15~");
    terminal.until_shown("pause first (p), then train batch by batch");
    terminal.press("p");
    terminal.until("the pause", |screen| screen.contains("p resume") && screen.contains("F5 one batch"));
    // What they were is no key any more.
    terminal.press(" q?");
    terminal.press("H");
    terminal.until("the help", |screen| screen.contains("Ctrl-X Ctrl-C  leave") && screen.contains("H "));
    terminal.press("\x1bp");
    terminal.until_shown("p pause");
    terminal.press("\x18");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_of_its_own() {
    let place = Place::new();
    assert!(error(place.command(&["evaluate", "--run", "none"])).contains("none"), "no file, and no word of it");
    fs::create_dir_all(place.path("config/fitroom/config.toml")).expect("there is room");
    assert!(refusal(place.command(&["runs"])).contains("config.toml: cannot be read: it is a directory"));
}
