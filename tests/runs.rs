//! Runs on the disk, made by the real program: killed and resumed, stopped by signals, refused, damaged.

#[path = "runs/disk.rs"]
mod disk;
#[path = "place/left.rs"]
mod left;
#[path = "place/place.rs"]
mod place;
#[path = "runs/predictions.rs"]
mod predictions;

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use self::{
    left::Left,
    place::{FASHION, Place, assert_success, error, run, write_split},
};

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process's number")).expect("it is not 0");
    kill_process(pid, signal).expect("the process is ours");
}

/// Waits until this is true.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Scattered numbers, the same each time.
fn scattered(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |state| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    })
    .map(|state| state >> 33)
    .skip(1)
}

#[test]
fn a_run_that_is_killed_at_ten_moments_ends_as_one_that_never_was() {
    let place = Place::new();
    let train = |run: [&str; 2], epochs: u64| {
        let epochs = epochs.to_string();
        place.train(&["--pace", "1500", "--threads", "2", run[0], run[1], "--epochs", &epochs])
    };
    let start = Instant::now();
    assert_success(&run(train(["--run", "measure"], 3)));
    let three_epochs = u64::try_from(start.elapsed().as_millis()).expect("it is short");

    let begun = || place.path("runs/killed/run.json").exists();
    let go_on = || if begun() { ["--resume", "killed"] } else { ["--run", "killed"] };
    for number in scattered(7).take(10) {
        // So many epochs that it does not end by itself.
        let mut command = train(go_on(), 1000);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program runs");
        // At any moment from its first action to about three epochs later.
        thread::sleep(Duration::from_millis(number % three_epochs));
        child.kill().expect("the process is ours");
        let status = child.wait().expect("it has ended");
        let mut words = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut words).expect("words are text");
        assert_eq!(status.signal(), Some(9), "{words}");
    }
    let epochs = place.checkpoint("killed").header["epoch"].as_u64().expect("a number") + 1;
    assert!(epochs > 3, "ten kills left it no further than epoch {epochs}");
    assert_success(&run(train(go_on(), epochs)));
    assert_success(&run(train(["--run", "whole"], epochs)));

    assert!(place.checkpoint("killed") == place.checkpoint("whole"), "the last checkpoints differ");
    assert_eq!(place.metrics("killed"), place.metrics("whole"));
    let predictions = predictions::files(&place, "whole");
    assert_eq!(predictions.len() as u64, epochs + 1);
    assert!(predictions == predictions::files(&place, "killed"), "the predictions differ");
    assert_eq!(place.facts("killed")["state"], "done");
    assert_eq!(place.facts("killed")["best"], place.facts("whole")["best"]);
}

#[test]
fn a_run_that_is_stopped_amid_an_epoch_goes_on_at_that_step_and_ends_as_one_that_never_was() {
    for (number, code, name) in [(Signal::INT, 130, "int"), (Signal::TERM, 143, "term")] {
        let place = Place::new();
        assert_success(&run(place.train(&["--epochs", "3", "--run", "whole"])));
        let mut child = place
            .train(&["--epochs", "3", "--run", name, "--pace", "100"])
            .stdout(Stdio::null())
            .spawn()
            .expect("the program runs");
        until("it trains", || place.path("runs").join(name).join("run.json").exists());
        thread::sleep(Duration::from_millis(300));
        signal(&child, number);
        assert_eq!(child.wait().expect("it ends").code(), Some(code));
        assert_eq!(place.facts(name)["state"], "stopped");
        let step = place.checkpoint(name).header["step"].as_u64().expect("a number");
        assert!(step > 0 && step < 188, "it stopped at step {step}");

        let resumed = run(place.train(&["--resume", name]));
        assert_success(&resumed);
        let told = String::from_utf8(resumed.stdout).expect("words are text");
        assert!(told.starts_with(&format!("Run {name}, from step {step} on\n")), "{told}");
        assert!(place.checkpoint(name) == place.checkpoint("whole"), "the last checkpoints differ");
        assert_eq!(place.metrics(name), place.metrics("whole"));
    }
}

/// The lines of `batches.jsonl`, if it is there.
fn batches(place: &Place, run: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.path("runs").join(run).join("batches.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[test]
fn a_run_that_is_killed_amid_a_slow_epoch_goes_on_from_there_and_ends_as_one_that_never_was() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "2", "--run", "whole", "--save-every", "off"])));
    let steps: u64 = batches(&place, "whole").iter().filter_map(|span| span["steps"].as_u64()).sum();
    assert_eq!(Some(steps), place.metrics("whole")[1]["step"].as_u64(), "each step is in one span");
    let options = ["--epochs", "2", "--run", "coat", "--pace", "25", "--save-every", "0.2"];
    let mut child = place.train(&options).stdout(Stdio::null()).spawn().expect("the program runs");
    let kept = || place.path("runs/coat/run.json").exists().then(|| place.facts("coat")["kept"]["step"].as_u64());
    until("it is saved twice amid the epoch", || batches(&place, "coat").len() >= 2 && kept().flatten() > Some(30));
    assert!(place.metrics("coat").is_empty());
    child.kill().expect("the process is ours");
    child.wait().expect("it has ended");
    let step = place.checkpoint("coat").header["step"].as_u64().expect("a number");
    assert!(step > 30 && step < 188, "the checkpoint is of step {step}");

    let resumed = run(place.train(&["--resume", "coat"]));
    assert_success(&resumed);
    let told = String::from_utf8(resumed.stdout).expect("words are text");
    assert!(told.starts_with(&format!("Run coat, from step {step} on\n")), "{told}");
    assert!(place.checkpoint("coat") == place.checkpoint("whole"), "the last checkpoints differ");
    assert_eq!(place.metrics("coat"), place.metrics("whole"));

    // Every step is in exactly one span, and the spans of an epoch have its mean.
    let spans = batches(&place, "coat");
    let number = |span: &Value, name: &str| span[name].as_f64().expect("a number");
    let mut before = Some(0);
    for span in &spans {
        let (step, steps) = (span["step"].as_u64(), span["steps"].as_u64().expect("a number"));
        assert_eq!(before.map(|before| before + steps), step, "{spans:?}");
        before = step;
    }
    assert_eq!(before, Some(376));
    let first = spans.iter().filter(|span| span["epoch"] == 1);
    let sum: f64 = first.map(|span| number(span, "accuracy") * number(span, "steps")).sum();
    let accuracy = number(&place.metrics("coat")[0], "accuracy");
    // The last batch is half as large, and counts half in the epoch's mean.
    assert!((sum / 188.0 - accuracy).abs() < 0.005, "{} is not {accuracy}", sum / 188.0);
}

#[test]
fn a_run_that_is_paced_slowly_is_saved_no_more_often_than_asked_for() {
    let place = Place::new();
    let options = ["--epochs", "1", "--run", "coat", "--pace", "200", "--save-every", "100"];
    assert_success(&run(place.train(&options)));
    let mut times: Vec<Value> = batches(&place, "coat").iter().map(|span| span["time"].clone()).collect();
    times.dedup();
    assert_eq!(times.len(), 1, "all spans are written at the epoch's end");
}

#[test]
fn a_run_that_is_killed_in_its_first_moments_can_be_had_again() {
    let place = Place::new();
    for (number, wait) in scattered(3).take(12).enumerate() {
        let name = format!("run{number}");
        let mut child = place
            .train(&["--epochs", "1", "--run", &name])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        thread::sleep(Duration::from_millis(2 + wait % 40));
        child.kill().expect("the process is ours");
        child.wait().expect("it has ended");
        let how = if place.path("runs").join(&name).join("run.json").exists() { "--resume" } else { "--run" };
        assert_success(&run(place.train(&["--epochs", "1", how, &name])));
        assert_eq!(place.metrics(&name).len(), 1);
        let names = fs::read_dir(place.path("runs").join(&name)).expect("it is a directory").count();
        assert_eq!(names, 7, "something of the killed program is left");
    }
}

#[test]
fn a_shell_that_hangs_up_twice_is_outlived_by_a_run_that_is_kept_and_ends_another_in_order() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "3", "--run", "whole"])));
    let options = ["--epochs", "3", "--run", "coat", "--pace", "500"];
    let mut kept = place.train(&options).stdout(Stdio::null()).spawn().expect("it runs");
    let mut other = place.train(&["--no-save", "--epochs", "100000"]).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut first = [0];
    other.stdout.as_mut().expect("it is piped").read_exact(&mut first).expect("it says what it trains");
    until("it trains", || place.path("runs/coat/run.json").exists());
    for child in [&kept, &other] {
        signal(child, Signal::HUP);
        thread::sleep(Duration::from_millis(1));
        signal(child, Signal::HUP);
    }
    assert_eq!(other.wait().expect("it ends").code(), Some(129), "nobody could reach it any more");
    assert_eq!(kept.wait().expect("it ends").code(), Some(0));
    assert_eq!(place.facts("coat")["state"], "done");
    assert_eq!(place.metrics("coat"), place.metrics("whole"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_hang_up_that_nohup_keeps_away_ends_nothing() {
    let place = Place::new();
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    let line = format!("trap '' HUP; exec {fitroom} train --data data --epochs 2 --run coat --pace 1000");
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(place.directory.path()).stdout(Stdio::null());
    let mut child = command.spawn().expect("the program runs");
    until("it trains", || place.path("runs/coat/run.json").exists());
    signal(&child, Signal::HUP);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(place.metrics("coat").len(), 2);
}

#[test]
fn an_error_that_nobody_can_be_told_is_an_error_still() {
    let place = Place::new();
    let mut child = place.train(&["--resume", "none"]).stderr(Stdio::piped()).spawn().expect("the program runs");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn a_second_signal_ends_at_once() {
    let place = Place::new();
    // A step takes seconds, and the first signal waits for it.
    let mut child = place
        .command(&["train", "--hidden", "4096,4096", "--batch-size", "60000", "--run", "slow", "--threads", "1"])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    until("it trains", || place.path("runs/slow/run.json").exists());
    thread::sleep(Duration::from_millis(300));
    signal(&child, Signal::INT);
    thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    signal(&child, Signal::INT);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(1), "it took {:?}", start.elapsed());
}

#[test]
fn a_run_that_is_done_can_be_given_more_epochs() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "3", "--run", "whole"])));
    assert_success(&run(place.train(&["--epochs", "2", "--run", "short"])));
    // Nothing to do, and nothing done.
    let before = place.checkpoint("short");
    assert_success(&run(place.train(&["--resume", "short"])));
    assert_eq!(place.checkpoint("short"), before);

    let output = run(place.train(&["--resume", "--epochs", "3", "--json"]));
    assert_success(&output);
    let lines = String::from_utf8(output.stdout).expect("words are text");
    let logged = fs::read_to_string(place.path("runs/short/metrics.jsonl")).expect("the run has metrics");
    assert_eq!(lines.lines().collect::<Vec<_>>(), logged.lines().skip(2).collect::<Vec<_>>());
    assert_eq!(place.checkpoint("short").tensors, place.checkpoint("whole").tensors);
    assert_eq!(place.metrics("short"), place.metrics("whole"));
}

#[test]
fn a_run_without_a_place_to_be_kept_keeps_nothing() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--no-save"])));
    assert!(!place.path("runs").exists());
}

#[test]
fn a_name_that_exists_is_refused_and_says_how_to_go_on() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    let error = error(place.train(&["--epochs", "1", "--run", "coat"]));
    assert!(error.starts_with("fitroom: the run coat exists already (done, 1 epoch"), "{error}");
    assert!(error.ends_with("continue it with --resume coat, or give another name with --run"), "{error}");
}

#[test]
fn what_cannot_be_gone_on_with_says_why() {
    let place = Place::new();
    assert!(error(place.train(&["--resume"])).contains("no runs in runs"));
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));

    let words = error(place.train(&["--resume", "dress"]));
    assert!(words.contains("no run dress in runs; there is coat"), "{words}");
    let words = error(place.command(&["train", "--resume", "coat", "--hidden", "32"]));
    assert!(words.contains("the run coat was started with --hidden 64, and cannot continue with 32"), "{words}");
    let words = error(place.train(&["--resume", "coat", "--learning-rate", "0.01"]));
    assert!(words.contains("--learning-rate 0.001, and cannot continue with 0.01"), "{words}");

    let other = place.path("other");
    fs::create_dir(&other).expect("the directory is new");
    write_split(&other, "train", &FASHION.train.head(100));
    write_split(&other, "t10k", &FASHION.test.head(100));
    let words = error(place.command(&["train", "--resume", "coat", "--data", "other"]));
    assert!(words.contains("/data (6000 + 500 images), and this is other data: "), "{words}");
    assert!(words.ends_with("/other (100 + 100 images); name the data it was trained on with --data"), "{words}");

    assert_success(&run(place.train(&["--resume", "coat", "--epochs", "2"])));
    let words = error(place.train(&["--resume", "coat", "--epochs", "1"]));
    assert_eq!(words, "fitroom: the run coat is in epoch 2 and cannot end after 1: --epochs can only be raised");
}

#[test]
fn a_device_that_is_not_to_be_had_leaves_every_run_as_it_was() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    let facts = place.facts("coat");
    let words = error(place.train(&["--resume", "coat", "--epochs", "2", "--device", "cuda:97"]));
    assert!(words.starts_with("fitroom: cannot start training: "), "{words}");
    assert!(words.contains("CUDA") && words.ends_with("choose --device cpu"), "{words}");
    assert_eq!(place.facts("coat"), facts);
    error(place.train(&["--run", "dress", "--device", "cuda:97"]));
    assert!(!place.path("runs/dress").exists(), "the name of a run that never was is taken");
}

#[test]
fn a_run_that_another_program_trains_is_left_to_it() {
    let place = Place::new();
    let mut child = place.train(&["--run", "coat", "--pace", "100"]).stdout(Stdio::null()).spawn().expect("it runs");
    until("it trains", || place.path("runs/coat/run.json").exists());
    let words = error(place.train(&["--resume", "coat"]));
    let process = child.id();
    assert!(
        words.starts_with(&format!(
            "fitroom: runs/coat is in use: another fitroom trains this run (process {process} on "
        )),
        "{words}"
    );
    let words = error(place.train(&["--run", "coat"]));
    assert!(words.starts_with("fitroom: the run coat exists already (training, 0 epochs)"), "{words}");
    signal(&child, Signal::TERM);
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
}

#[test]
fn a_checkpoint_that_is_none_says_what_is_wrong_with_it() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    let path = place.path("runs/coat/checkpoint.safetensors");
    let whole = fs::read(&path).expect("the run has a checkpoint");
    for (bytes, expected) in [
        (&whole[..whole.len() - 100], "it is not a complete safetensors file"),
        (&whole[..5], "it is not a complete safetensors file"),
        (b"", "it is not a complete safetensors file"),
        (b"\x89PNG\r\n\x1a\n and so on, and so on", "it is not a complete safetensors file"),
    ] {
        fs::write(&path, bytes).expect("it can be written");
        let words = error(place.train(&["--resume", "coat"]));
        assert!(words.contains("cannot continue from runs/coat/checkpoint.safetensors"), "{words}");
        assert!(words.contains(expected), "{words}");
        // The cause is in brackets, and is not repeated after them.
        assert!(words.ends_with("): put back a copy of it, or train again"), "{words}");
    }
    let foreign = safetensors::serialize(
        [("x", safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]).expect("it fits"))],
        None,
    );
    fs::write(&path, foreign.expect("it can be written")).expect("it can be written");
    let words = error(place.train(&["--resume", "coat"]));
    assert!(words.contains("not one of fitroom's"), "{words}");
}

#[test]
fn the_newest_run_is_the_newest_with_a_checkpoint() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    let mut child = place.train(&["--run", "dress", "--pace", "10"]).stdout(Stdio::null()).spawn().expect("it runs");
    until("it trains", || place.path("runs/dress/run.json").exists());
    child.kill().expect("the process is ours");
    child.wait().expect("it has ended");
    let note = "fitroom: the newest run dress has no checkpoint yet: taking coat, the newest that has one\n";
    for command in
        [place.command(&["evaluate"]), place.command(&["predict", "1"]), place.train(&["--resume", "--epochs", "2"])]
    {
        let output = run(command);
        assert_success(&output);
        assert_eq!(String::from_utf8_lossy(&output.stderr), note);
    }
    assert_eq!(place.metrics("coat").len(), 2);
    let words = error(place.train(&["--resume", "none"]));
    assert_eq!(words, "fitroom: no run none in runs; there are dress, coat");
    for command in ["train", "evaluate", "predict"] {
        let output = run(place.command(&[command, "--help"]));
        assert_success(&output);
        let help = String::from_utf8(output.stdout).expect("words are text");
        let words: Vec<&str> = help.split_whitespace().collect();
        assert!(words.join(" ").contains("[default: the newest that has a checkpoint]"), "{help}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_goes_on_with_as_many_threads_as_it_was_begun_with() {
    let place = Place::new();
    let train = |arguments: &[&str]| {
        let three = ["train", "--data", "data", "--hidden", "128", "--threads", "3"];
        run(place.command(&[&three, arguments].concat()))
    };
    assert_success(&train(&["--epochs", "2", "--run", "whole"]));
    assert_success(&train(&["--epochs", "1", "--run", "coat"]));
    let words = error(place.command(&["train", "--resume", "coat", "--epochs", "2", "--threads", "1"]));
    assert!(words.contains("the run coat was started with --threads 3, and cannot continue with 1"), "{words}");
    // On one core.
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    let mut command = Command::new("taskset");
    command.args(["-c", "0", fitroom, "train", "--resume", "coat", "--epochs", "2"]);
    command.current_dir(place.directory.path());
    let output = run(command);
    assert_success(&output);
    assert!(String::from_utf8_lossy(&output.stdout).contains("on CPU, 3 threads:"));
    assert!(place.checkpoint("coat").tensors == place.checkpoint("whole").tensors, "the weights differ");
}

#[test]
fn more_threads_than_there_is_work_for_are_told() {
    let place = Place::new();
    let output = run(place.train(&["--epochs", "1", "--run", "coat", "--threads", "1000"]));
    assert_success(&output);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains(" threads (1000 asked for: the layers have no more parts): 6,000 images"), "{told}");
    // The same options again change nothing.
    assert_success(&run(place.train(&["--resume", "coat", "--epochs", "2", "--threads", "1000"])));
}

#[test]
fn a_run_that_goes_on_on_another_device_is_told_what_that_costs() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    // As written by a machine with a GPU.
    let mut facts = place.facts("coat");
    facts["device"] = "CUDA GPU 0".into();
    fs::write(place.path("runs/coat/run.json"), facts.to_string()).expect("it can be written");
    let output = run(place.train(&["--resume", "coat", "--epochs", "2"]));
    assert_success(&output);
    let words = String::from_utf8(output.stderr).expect("words are text");
    assert!(words.starts_with("fitroom: the run was trained on CUDA GPU 0 and continues on CPU, "), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
}

#[test]
fn a_batch_larger_than_the_data_set_is_told_as_what_it_is() {
    let place = Place::new();
    let output = run(place.train(&["--epochs", "1", "--no-save", "--batch-size", "60000"]));
    assert_success(&output);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains(": 6,000 images in one batch (60,000 asked for), 500 for testing"), "{told}");
}
