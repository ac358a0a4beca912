//! The environment's share of the command line, and text from outside in what the real program says.

#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/place.rs"]
mod place;

use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt, process::CommandExt},
    process::{Command, Output},
};

use self::place::{Place, assert_success, run};

/// This command in this environment.
fn with(mut command: Command, variables: &[(&str, &str)]) -> Command {
    command.envs(variables.iter().copied());
    command
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the program says of wrong usage.
fn refusal(command: Command) -> String {
    let output = run(command);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    words(&output)
}

#[test]
fn a_switch_that_is_off_or_empty_is_not_set() {
    let place = Place::new();
    for (number, off) in ["0", "false", "No", "OFF", "n", ""].into_iter().enumerate() {
        let name = format!("run{number}");
        let variables = [("FITROOM_NO_SAVE", off), ("FITROOM_JSON", off)];
        let output = run(with(place.train(&["--epochs", "1", "--run", &name]), &variables));
        assert_success(&output);
        assert!(place.path("runs").join(&name).join("checkpoint.safetensors").exists(), "{off:?}");
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("Run run"), "{off:?}");
    }
    for on in ["1", "TRUE", "yes", "On"] {
        let output = run(with(place.train(&["--epochs", "1", "--runs", "none"]), &[("FITROOM_NO_SAVE", on)]));
        assert_success(&output);
        assert!(!place.path("none").exists(), "{on:?}");
    }
    let told = refusal(with(place.train(&[]), &[("FITROOM_NO_SAVE", "perhaps")]));
    assert!(told.contains("'perhaps' for 'FITROOM_NO_SAVE (--no-save)'"), "{told}");
}

#[test]
fn an_empty_variable_is_none() {
    let place = Place::new();
    let names = [
        "EPOCHS",
        "BATCH_SIZE",
        "LEARNING_RATE",
        "HIDDEN",
        "SEED",
        "DEVICE",
        "THREADS",
        "DATA",
        "PACE",
        "RUNS",
        "RUN",
        "RESUME",
        "NO_SAVE",
        "JSON",
        "FPS",
        "NO_MOUSE",
        "COLOR",
        "ASCII",
        "SAVE_EVERY",
    ];
    let variables: Vec<(String, &str)> = names.iter().map(|name| (format!("FITROOM_{name}"), "")).collect();
    for arguments in [
        &["train", "--data", "data", "--epochs", "1", "--run", "coat"][..],
        &["--data", "data", "--epochs", "1"],
        &["runs"],
        &["evaluate", "coat"],
        &["predict", "1"],
    ] {
        let mut command = place.command(arguments);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        assert_success(&run(command));
    }
    assert!(place.path("runs/coat").exists());
}

#[test]
fn a_command_reads_the_variables_of_its_own_options_alone() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    let variables = [
        ("FITROOM_EPOCHS", "abc"),
        ("FITROOM_THREADS", "none"),
        ("FITROOM_RESUME", "none"),
        ("FITROOM_PACE", "0"),
        ("FITROOM_FPS", "-1"),
    ];
    for arguments in
        [&["runs"][..], &["evaluate"], &["predict", "1"], &["completions", "bash"], &["man"], &["--help"], &["-V"]]
    {
        assert_success(&run(with(place.command(arguments), &variables)));
    }
    assert_success(&run(with(place.command(&["completions", "bash"]), &[("FITROOM_RUNS", ""), ("FITROOM_JSON", "?")])));
}

#[test]
fn an_error_names_the_variable_that_it_comes_from() {
    let place = Place::new();
    for (variable, value, option) in [
        ("FITROOM_EPOCHS", "abc", "--epochs <N>"),
        ("FITROOM_BATCH_SIZE", "0", "--batch-size <N>"),
        ("FITROOM_LEARNING_RATE", "-1", "--learning-rate <RATE>"),
        ("FITROOM_HIDDEN", "1,x", "--hidden <UNITS>"),
        ("FITROOM_DEVICE", "gpu", "--device <DEVICE>"),
    ] {
        let told = refusal(with(place.command(&["train", "--no-save"]), &[(variable, value)]));
        assert!(told.contains(&format!("for '{variable} ({option})'")), "{told}");
        // The option by itself is named by itself.
        let option = option.split(' ').next().expect("a word");
        let told = refusal(place.command(&["train", "--no-save", &format!("{option}={value}")]));
        assert!(!told.contains("FITROOM_"), "{told}");
    }
    let told = refusal(with(place.command(&["predict", "1"]), &[("FITROOM_COLOR", "blue")]));
    assert!(told.contains("'blue' for 'FITROOM_COLOR (--color <WHEN>)'"), "{told}");
    let told = refusal(with(place.train(&[]), &[("FITROOM_RUN", "a"), ("FITROOM_RESUME", "b")]));
    assert!(told.contains("FITROOM_RUN (--run <NAME>)") && told.contains("FITROOM_RESUME (--resume"), "{told}");
}

#[test]
fn what_is_given_on_the_command_line_wins() {
    let place = Place::new();
    assert_success(&run(with(place.train(&["--epochs", "1", "--run", "coat"]), &[("FITROOM_EPOCHS", "abc")])));
    let variables = [("FITROOM_RESUME", "coat"), ("FITROOM_NO_SAVE", "1")];
    assert_success(&run(with(place.train(&["--epochs", "1", "--run", "dress"]), &variables)));
    assert!(place.path("runs/dress/checkpoint.safetensors").exists());
    let variables = [("FITROOM_RUN", "shirt"), ("FITROOM_NO_SAVE", "1")];
    assert_success(&run(with(place.train(&["--resume", "coat", "--epochs", "2"]), &variables)));
    assert!(!place.path("runs/shirt").exists());
    let variables = [("FITROOM_RUN", "shirt"), ("FITROOM_RESUME", "coat")];
    assert_success(&run(with(place.train(&["--no-save", "--epochs", "1"]), &variables)));
    assert!(!place.path("runs/shirt").exists());
}

#[test]
fn the_name_of_a_run_to_go_on_with_can_come_from_the_environment() {
    let place = Place::new();
    assert_success(&run(with(place.train(&["--epochs", "1"]), &[("FITROOM_RUN", "coat")])));
    let output = run(with(place.train(&["--epochs", "2"]), &[("FITROOM_RESUME", "coat")]));
    assert_success(&output);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("Run coat, from step 188 on\n"));
}

#[test]
fn a_variable_that_is_no_text_is_named() {
    let place = Place::new();
    let mut command = place.train(&["--no-save"]);
    command.env("FITROOM_EPOCHS", OsStr::from_bytes(b"1\xff\x1b"));
    let told = refusal(command);
    assert!(told.starts_with("error: FITROOM_EPOCHS is '1\\xff\\x1b', which is no UTF-8"), "{told}");
}

#[test]
fn help_names_the_variables_and_not_what_they_hold() {
    let place = Place::new();
    for arguments in [&["--help"][..], &["train", "-h"], &["help", "train"]] {
        let output = run(with(place.command(arguments), &[("FITROOM_RUN", "secret"), ("FITROOM_EPOCHS", "secret")]));
        assert_success(&output);
        let help = String::from_utf8_lossy(&output.stdout);
        assert!(help.contains("[env: FITROOM_EPOCHS]") && !help.contains("secret"), "{help}");
    }
    let output = run(with(place.command(&["man"]), &[("FITROOM_RUN", "secret")]));
    let manual = String::from_utf8_lossy(&output.stdout);
    assert!(manual.contains("FITROOM_LEARNING_RATE") && !manual.contains("secret"), "{manual}");
}

/// Asserts that no byte of it is one that a terminal obeys.
fn assert_printable(bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).expect("what it says is text");
    let obeyed = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    assert!(!text.contains(obeyed), "{text:?}");
}

const ODD: &str = "x\x1b]0;y\x07\u{9b}31m\u{202e}z";

#[test]
fn wrong_usage_quotes_control_characters_escaped() {
    let place = Place::new();
    for arguments in [&[ODD][..], &["--epochs", ODD], &[&format!("--{ODD}")], &["--color", ODD], &["train", "-\x1b"]] {
        let output = run(place.command(arguments));
        assert_eq!(output.status.code(), Some(2));
        assert_printable(&output.stderr);
        assert!(words(&output).contains("\\x1b"), "{}", words(&output));
    }
    let output = run(with(place.train(&[]), &[("FITROOM_SEED", ODD)]));
    assert_eq!(output.status.code(), Some(2));
    assert_printable(&output.stderr);
    let mut command = place.command(&["--nothing"]);
    command.arg0(format!("/bin/{ODD}"));
    let output = run(command);
    assert_printable(&output.stderr);
}
