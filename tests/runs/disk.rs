//! Runs whose files cannot be written, are removed, or have holes.

use super::*;

#[test]
fn a_directory_that_cannot_be_written_is_an_error_before_training() {
    let place = Place::new();
    fs::write(place.path("file"), "a file where the directory should be").expect("it can be written");
    for runs in ["file", "file/runs", "/proc/runs"] {
        let words = error(place.train(&["--epochs", "1000", "--runs", runs]));
        assert!(words.starts_with(&format!("fitroom: cannot create {runs}: ")), "{words}");
        assert!(words.ends_with("or train without keeping the run with --no-save"), "{words}");
    }
    assert_success(&run(place.train(&["--epochs", "1", "--runs", "file", "--no-save"])));

    // The directory can be made, but nothing can be written into it.
    let words = error(limited(&place, 0, "train --data data --epochs 1000 --run coat"));
    assert!(words.starts_with("fitroom: cannot write runs/coat: "), "{words}");
    assert!(words.ends_with("with --no-save"), "{words}");
    assert!(!place.path("runs/coat").exists());
}

/// fitroom where no file may grow beyond this many half kilobytes, as on a full disk.
fn limited(place: &Place, blocks: u32, arguments: &str) -> Command {
    let mut command = Command::new("sh");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    command.args(["-c", &format!("ulimit -f {blocks}; exec {fitroom} {arguments}")]);
    command.current_dir(place.directory.path()).stdin(Stdio::null());
    command
}

#[test]
fn a_disk_that_is_full_is_told_and_nothing_of_the_run_is_called_done() {
    let place = Place::new();
    // Half a megabyte; the checkpoint is larger.
    let output = run(limited(&place, 1024, "train --data data --epochs 2 --run coat"));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).expect("words are text").contains("Test accuracy"));
    let words = String::from_utf8(output.stderr).expect("words are text");
    assert!(words.contains("not saved: cannot write runs/coat/checkpoint.safetensors"), "{words}");
    assert_eq!(place.metrics("coat").len(), 2);
    assert!(!place.path("runs/coat/checkpoint.safetensors").exists());
    let facts = place.facts("coat");
    assert_eq!((&facts["state"], &facts["kept"], &facts["epochs_done"]), (&"failed".into(), &Value::Null, &2.into()));
    let reason = facts["reason"].as_str().expect("it has a reason");
    assert!(reason.starts_with("trained to the end, but not saved: cannot write "), "{reason}");
    let table = String::from_utf8(run(place.command(&["runs"])).stdout).expect("words are text");
    assert!(table.contains("coat  failed, not saved  2/2"), "{table}");

    // When there is room again it starts again, and says so.
    let output = run(place.command(&["train", "--resume", "coat"]));
    assert_success(&output);
    let words = String::from_utf8(output.stderr).expect("words are text");
    assert_eq!(words, "fitroom: the run coat ended before its first checkpoint: it starts again at step 0\n");
    assert_eq!(place.facts("coat")["state"], "done");
}

#[test]
fn a_hole_in_the_log_of_batches_keeps_no_run_from_going_on() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "3", "--run", "coat"])));
    let path = place.path("runs/coat/batches.jsonl");
    let before = batches(&place, "coat").len();
    let mut bytes = fs::read(&path).expect("the run has a log of batches");
    let middle = bytes.len() / 2;
    // As after a power cut, if a block was not on the disk yet.
    bytes[middle..middle + 50].fill(0);
    fs::write(&path, bytes).expect("it can be written");
    assert_success(&run(place.train(&["--resume", "coat", "--epochs", "4"])));
    let (old, new): (Vec<Value>, Vec<Value>) =
        batches(&place, "coat").into_iter().partition(|span| span["epoch"].as_u64() < Some(4));
    assert!((before - 2..before).contains(&old.len()), "{} of {before} spans are left", old.len());
    assert!(!new.is_empty());
    assert_eq!(place.metrics("coat").len(), 4);
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_full_disk_kept_waiting_is_written_once_there_is_room_but_for_old_histograms() {
    const EPOCHS: u64 = 170;
    let place = Place::new();
    let mut command = Command::new("sh");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    // There is room for the checkpoint and the metrics, but only for few epochs' histograms.
    let options = format!(
        "--data data --hidden 24,24,24,24,24,24,24,24,24,24,24,24 --batch-size 6000 --threads 1 --epochs {EPOCHS} \
         --run coat"
    );
    command.args(["-c", &format!("ulimit -S -f 800; exec {fitroom} train {options}")]);
    command.current_dir(place.directory.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut told = child.stderr.take().expect("it is piped");
    let words = thread::spawn(move || {
        let mut words = String::new();
        told.read_to_string(&mut words).map(|_| words)
    });
    until("it is nearly done", || {
        place.path("runs/coat/run.json").exists()
            && place.facts("coat")["epochs_done"].as_u64().is_some_and(|done| done + 20 > EPOCHS)
    });
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process's number")).expect("it is not 0");
    let unlimited = rustix::process::Rlimit { current: None, maximum: None };
    rustix::process::prlimit(Some(pid), rustix::process::Resource::Fsize, unlimited).expect("the process is ours");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "what waited is written");
    let words = words.join().expect("it reads").expect("words are text");
    assert!(words.contains("not saved: cannot write runs/coat/train/events.out.tfevents."), "{words}");

    assert_eq!(place.metrics("coat").len() as u64, EPOCHS);
    let events = fs::read_dir(place.path("runs/coat/train")).expect("the run has events").next().expect("a file");
    let events = fs::read(events.expect("it can be listed").path()).expect("it can be read");
    let count = |tag: &str| events.windows(tag.len()).filter(|bytes| *bytes == tag.as_bytes()).count() as u64;
    assert_eq!((count("epoch_loss"), count("epoch_accuracy")), (EPOCHS, EPOCHS));
    let histograms = count("sequential/dense/kernel/histogram");
    assert!(histograms > 50 && histograms < EPOCHS, "{histograms} histograms, {} bytes", events.len());
}

#[test]
fn what_cannot_be_saved_from_some_moment_on_is_no_part_of_what_is_kept() {
    let place = Place::new();
    let mut child = place
        .train(&["--epochs", "3", "--run", "coat", "--pace", "400"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let checkpoint = place.path("runs/coat/checkpoint.safetensors");
    until("the first epoch is saved", || {
        place.path("runs/coat/run.json").exists() && !place.facts("coat")["kept"].is_null()
    });
    fs::rename(&checkpoint, place.path("first")).expect("it is there");
    fs::create_dir(&checkpoint).expect("its name is free");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let mut words = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut words).expect("words are text");
    assert!(words.contains("not saved: cannot write runs/coat/checkpoint.safetensors"), "{words}");
    let facts = place.facts("coat");
    assert_eq!((&facts["state"], &facts["epochs_done"]), (&"failed".into(), &3.into()));
    assert_eq!(facts["kept"], serde_json::json!({ "step": 188, "epoch": 1 }));

    fs::remove_dir(&checkpoint).expect("it is empty");
    fs::rename(place.path("first"), &checkpoint).expect("its name is free");
    let table = String::from_utf8(run(place.command(&["runs"])).stdout).expect("words are text");
    assert!(table.contains("coat  failed, not saved after epoch 1  3/3"), "{table}");
    assert_success(&run(place.train(&["--resume", "coat"])));
    assert_success(&run(place.train(&["--epochs", "3", "--run", "whole"])));
    assert!(place.checkpoint("coat").tensors == place.checkpoint("whole").tensors, "the last checkpoints differ");
    assert_eq!(place.metrics("coat"), place.metrics("whole"));
}

#[test]
fn a_save_that_is_made_good_is_no_failure() {
    let place = Place::new();
    let mut child = place
        .train(&["--epochs", "3", "--run", "coat", "--pace", "300"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    until("it trains", || place.path("runs/coat/train").exists());
    let checkpoint = place.path("runs/coat/checkpoint.safetensors");
    fs::create_dir(&checkpoint).expect("its name is free");
    until("the first epoch is done", || place.facts("coat")["epochs_done"] == 1);
    thread::sleep(Duration::from_millis(100));
    fs::remove_dir(&checkpoint).expect("it is empty");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(place.facts("coat")["state"], "done");
}

#[test]
fn a_run_whose_directory_is_deleted_ends_with_an_error() {
    let place = Place::new();
    let mut child = place
        .train(&["--epochs", "2", "--run", "coat", "--pace", "400"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    until("it trains", || place.path("runs/coat/validation").exists());
    thread::sleep(Duration::from_millis(50));
    fs::remove_dir_all(place.path("runs/coat")).expect("it is there");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn a_run_without_the_checkpoint_that_it_had_is_not_begun_again() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    fs::remove_file(place.path("runs/coat/checkpoint.safetensors")).expect("it is there");
    for arguments in [&["--resume", "coat"][..], &["--resume"], &["--resume", "coat", "--epochs", "2"]] {
        let words = error(place.train(arguments));
        assert!(
            words.starts_with("fitroom: the run coat was saved, but its checkpoint is missing: expected runs/coat/"),
            "{words}"
        );
    }
    assert!(error(place.command(&["evaluate"])).contains("the run coat was saved, but its checkpoint is missing"));
    // As written by a fitroom that did not note what is kept.
    let mut facts = place.facts("coat");
    facts.as_object_mut().expect("an object").remove("kept").expect("it tells what is kept");
    fs::write(place.path("runs/coat/run.json"), facts.to_string()).expect("it can be written");
    assert!(error(place.train(&["--resume", "coat"])).contains("its checkpoint is missing"));
    let table = String::from_utf8(run(place.command(&["runs"])).stdout).expect("words are text");
    assert!(table.contains("coat  done, not saved  1/1"), "{table}");
}

#[test]
fn a_run_whose_files_cannot_be_written_does_not_go_on_and_loses_nothing() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "1", "--run", "coat"])));
    let (facts, metrics, checkpoint) = (place.facts("coat"), place.metrics("coat"), place.checkpoint("coat"));
    let mut command = Command::new("sh");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f 0; exec {fitroom} train --resume coat --epochs 2")]);
    command.current_dir(place.directory.path());
    let words = error(command);
    assert!(words.starts_with("fitroom: cannot write runs/coat/metrics.jsonl: "), "{words}");
    assert_eq!((place.facts("coat"), place.metrics("coat")), (facts, metrics));
    assert!(place.checkpoint("coat") == checkpoint);
}

#[test]
fn a_log_that_is_removed_while_the_run_is_written_is_put_back() {
    let place = Place::new();
    let mut child = place
        .train(&["--epochs", "30", "--pace", "600", "--run", "coat"])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    let path = place.path("runs/coat/metrics.jsonl");
    let lines = || fs::read_to_string(&path).map_or(0, |text| text.lines().count());
    until("the second epoch", || lines() >= 2);
    fs::remove_file(&path).expect("it is there");
    until("the file again", || lines() >= 3);
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::TERM).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
    let epochs: Vec<Value> = place.metrics("coat").into_iter().map(|line| line["epoch"].clone()).collect();
    assert_eq!(epochs, (1..=epochs.len()).map(Value::from).collect::<Vec<_>>());
}

#[test]
fn a_log_without_some_of_its_epochs_is_gone_on_with_and_told() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "4", "--run", "coat"])));
    let path = place.path("runs/coat/metrics.jsonl");
    let first = fs::read_to_string(&path).expect("it is there").lines().next().expect("a line").to_owned();
    fs::write(&path, first + "\n").expect("there is room");
    let output = run(place.train(&["--resume", "coat", "--epochs", "5"]));
    assert_success(&output);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.starts_with("fitroom: metrics.jsonl has no line for 3 epochs between 2 and 4,"), "{words}");
}
