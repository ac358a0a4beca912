//! The environment variables of the command line, and text from outside in the messages of the real program.

#[path = "place/place.rs"]
mod place;

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        process::CommandExt,
    },
    process::{Command, Output},
};

use fitroom::engine;
use serde_json::Value;

use self::place::{Place, assert_success, error, run};

/// This command in this environment.
fn with(mut command: Command, variables: &[(&str, &str)]) -> Command {
    command.envs(variables.iter().copied());
    command
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the program says about wrong usage.
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
        "GRAPHICS",
        "SAVE_EVERY",
        "ON_END",
        "NOTIFY",
        "NO_TITLE",
        "CONFIG",
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
    assert!(told.starts_with("error: FITROOM_EPOCHS is '1\\xff\\x1b', which is not UTF-8"), "{told}");
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

/// Asserts that it contains no character that a terminal would obey.
fn assert_printable(bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).expect("what it says is text");
    let obeyed = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    assert!(!text.contains(obeyed), "{text:?}");
}

const ODD: &str = "x\x1b]0;y\x07\u{9b}31m\u{202e}z";

#[test]
fn instructions_can_be_chosen_and_train_alike() {
    let place = Place::new();
    let losses = |instructions: &str| -> Vec<f64> {
        let command = place.train(&["--epochs", "2", "--threads", "2", "--no-save", "--json"]);
        let output = run(with(command, &[("FITROOM_INSTRUCTIONS", instructions)]));
        assert_success(&output);
        let lines = String::from_utf8(output.stdout).expect("JSON is text");
        let losses = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
        losses.filter_map(|record| record["loss"].as_f64()).collect()
    };
    let (best, scalar) = (losses(""), losses("scalar"));
    assert_eq!((best.len(), scalar.len()), (2, 2));
    for (best, scalar) in best.iter().zip(&scalar) {
        assert!((best - scalar).abs() < 0.01 * scalar, "{best} and {scalar}");
    }
    assert_eq!(losses("scalar"), scalar);
    let sets = engine::instruction_sets();
    if sets.len() > 1 {
        assert_ne!(best, scalar, "others were asked for than were taken");
    }
    if ["avx2", "avx512"].iter().all(|name| sets.iter().any(|(known, _)| known == name)) {
        assert_eq!(losses("avx2"), losses("avx512"), "a network of one hidden layer is the same with both");
    }
    let unknown = with(place.train(&["--no-save"]), &[("FITROOM_INSTRUCTIONS", "abacus")]);
    let words = error(unknown);
    assert!(words.starts_with("fitroom: FITROOM_INSTRUCTIONS is \"abacus\": this processor has scalar"), "{words}");
}

/// As in a container or a batch job that is given some of a machine's cores.
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_is_given_one_core_trains_with_one_thread() {
    let place = Place::new();
    let program = place.train(&["--epochs", "1", "--hidden", "128", "--batch-size", "256", "--run", "one"]);
    // Whichever this process may run on.
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("Linux tells");
    let core = cores.trim().split([',', '-']).next().expect("it runs on one");
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", core]).arg(program.get_program()).args(program.get_args());
    assert_success(&run({
        command.current_dir(place.directory.path());
        command
    }));
    let facts: Value =
        serde_json::from_slice(&fs::read(place.path("runs/one/run.json")).expect("it is kept")).expect("it is JSON");
    assert_eq!(facts["settings"]["threads"], 1, "{facts}");
}

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

#[test]
fn names_and_paths_in_messages_and_tables_are_escaped() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    let odd = place.path("runs").join(ODD);
    fs::rename(place.path("runs/coat"), &odd).expect("its name is free");
    fs::create_dir(place.path("runs/broken\n")).expect("its name is free");
    fs::write(place.path("runs/broken\n/run.json"), "{\"state\":\"\x1b\"}").expect("there is room");
    for arguments in [&["runs"][..], &["evaluate", ODD], &["evaluate"], &["predict", "1", "--run", ODD]] {
        let output = run(place.command(arguments));
        assert_success(&output);
        assert_printable(&output.stdout);
    }
    let table = run(place.command(&["runs"])).stdout;
    let table = String::from_utf8_lossy(&table);
    assert!(table.contains("x\\x1b]0;y\\x07\\u{9b}31m\\u{202e}z  done") && table.contains("broken\\x0a"), "{table}");
    let resumed = run(place.command(&["train", "--resume", ODD, "--epochs", "2"]));
    assert_success(&resumed);
    assert_printable(&resumed.stdout);
    // JSON has an escape of its own for each of these characters.
    let lines = String::from_utf8(run(place.command(&["runs", "--json"])).stdout).expect("JSON is text");
    let line: Value = serde_json::from_str(lines.lines().next().expect("there are runs")).expect("it is JSON");
    assert_eq!(line["run"], ODD);

    for arguments in [
        &["evaluate", "\x1b"][..],
        &["train", "--resume", "\x1b"],
        &["train", "--run", "\x1b\n"],
        &["train", "--data", ODD],
        &["train", "--runs", "data/train-images-idx3-ubyte/\x1b", "--data", "data"],
        &["predict", "1", "--data", ODD],
        &["train", "--run", ODD, "--data", "data"],
    ] {
        let output = run(place.command(arguments));
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_printable(&output.stderr);
        assert_eq!(words(&output).lines().count(), 1, "{arguments:?}: {}", words(&output));
    }
}

#[test]
fn paths_that_are_no_text_work_everywhere() {
    let place = Place::new();
    let odd = |name: &str| OsString::from_vec([name.as_bytes(), b"\xff"].concat());
    fs::rename(place.path("data"), place.directory.path().join(odd("data"))).expect("its name is free");
    let with = |arguments: &[&OsStr]| {
        let mut command = place.command(&[]);
        command.args(arguments);
        command
    };
    let (data, runs, coat) = (odd("data"), odd("runs"), odd("coat"));
    let word = OsStr::new;
    let train = [word("train"), word("--hidden"), word("16"), word("--runs"), &runs];
    let begin = [word("--epochs"), word("1"), word("--data"), &data, word("--run"), &coat];
    let told = run(with(&[&train[..], &begin].concat()));
    assert_success(&told);
    assert!(String::from_utf8_lossy(&told.stdout).starts_with("Run coat\\xff\n"));
    // Its data set is found again.
    assert_success(&run(with(&[&train[..], &[word("--resume"), &coat, word("--epochs"), word("2")]].concat())));
    let directory = place.directory.path().join(&runs).join(&coat);
    let facts = fs::read(directory.join("run.json")).expect("the run has facts");
    let facts: Value = serde_json::from_slice(&facts).expect("they are JSON");
    let bytes = facts["dataset"]["directory"].as_array().expect("it is no text");
    assert_eq!(bytes.last(), Some(&255.into()));
    for arguments in [
        &[word("evaluate"), &coat, word("--runs"), &runs][..],
        &[word("evaluate"), directory.as_os_str()],
        &[word("predict"), word("1"), word("--run"), &coat, word("--runs"), &runs],
        &[word("predict"), word("1"), word("--data"), &data, word("--runs"), &runs],
        &[word("runs"), word("--runs"), &runs],
        &[word("runs"), word("--json"), word("--runs"), &runs],
    ] {
        let output = run(with(arguments));
        assert_success(&output);
        assert_printable(&output.stdout);
    }
    let mut command = with(&train);
    command.env("FITROOM_RESUME", &coat).env("FITROOM_EPOCHS", "3");
    assert_success(&run(command));
    let output = run(with(&[&train[..], &[word("--run"), &coat, word("--data"), &data]].concat()));
    assert!(words(&output).contains("the run coat\\xff exists already (done, 3 epochs"), "{}", words(&output));
}

#[test]
fn numbers_fit_their_columns_however_large_they_are() {
    let place = Place::new();
    let output = run(place.train(&["--epochs", "1", "--run", "coat", "--learning-rate", "1e-30"]));
    assert_success(&output);
    let table = run(place.command(&["runs"])).stdout;
    let table = String::from_utf8_lossy(&table);
    assert!(table.lines().nth(1).is_some_and(|line| line.ends_with("  1e-30")), "{table}");
    let error = words(&run(place.train(&["--resume", "coat", "--learning-rate", "1e30"])));
    assert!(error.contains("--learning-rate 1e-30, and cannot continue with 1e30"), "{error}");
    let report = run(place.command(&["evaluate"])).stdout;
    let report = String::from_utf8_lossy(&report).into_owned();
    let matrix: Vec<&str> = report.lines().skip_while(|line| !line.starts_with("Confusion")).skip(2).collect();
    assert_eq!(matrix.len(), 11, "{report}");
    assert!(matrix.iter().all(|line| line.len() == matrix[0].len()), "{report}");
}

#[test]
fn an_output_that_nothing_can_be_written_to_is_an_error_before_anything_is_done() {
    let place = Place::new();
    let input = place.path("input");
    fs::write(&input, "").expect("there is room");
    for arguments in [&["train", "--data", "data", "--run", "coat"][..], &["runs"], &["man"], &["--help"]] {
        let mut command = place.command(arguments);
        let output = run({
            command.stdout(File::open(&input).expect("it can be read"));
            command
        });
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(words(&output).starts_with("fitroom: standard output is open for reading only"), "{}", words(&output));
    }
    assert!(!place.path("runs").exists());
}
