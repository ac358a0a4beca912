//! Runs through a recorder: done, stopped, killed, gone on with, and on a disk that fails.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::{
    fashion::CLASSES,
    protocol::{Predictions, samples},
    run::{
        Best, Runs, Status,
        facts::tests::{dataset, epoch},
    },
};

fn now() -> Timestamp {
    "2026-11-23T18:31:22.5Z".parse().unwrap()
}

fn run() -> (TempDir, Run) {
    let directory = tempfile::tempdir().unwrap();
    let new = Runs::new(directory.path()).create(None, now()).unwrap();
    (directory, new.run)
}

fn create(run: &Run) -> Recorder {
    let new = NewRun::of(run.directory().to_owned()).unwrap();
    Recorder::create(new, Settings::default(), dataset(), now()).unwrap()
}

fn resume(run: &Run, epochs: u32) -> Result<Recorder, RunError> {
    let kept = (epochs > 0).then(|| kept(epochs));
    Recorder::resume(run.clone(), run.hold(&dataset())?, dataset().source, kept, now())
}

fn kept(epoch: u32) -> Kept {
    Kept { step: u64::from(epoch) * 1875, epoch }
}

/// Keeps a checkpoint after this epoch, of no matter what.
fn keep(recorder: &mut Recorder, epoch: u32) -> Result<(), RunError> {
    recorder.keep(kept(epoch), now(), |path| files::replace(path, b"checkpoint"))
}

fn started() -> Report {
    let settings = Settings { epochs: 3, ..Settings::default() };
    Report::Started(Started { settings, ..samples::started() })
}

/// The epoch of this number, its figures moved by `offset` so that two trainings of it differ.
fn report(number: u32, offset: f64) -> Report {
    let record = epoch(number, 0.8 + 0.01 * f64::from(number) + offset);
    Report::Epoch { record, predictions: predictions(offset) }
}

/// What the network made of two test images, different for each `offset`.
fn predictions(offset: f64) -> Predictions {
    #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
    let probability = 0.5 + offset as f32;
    [[probability; CLASSES]; 2].into()
}

/// What it makes of them with so many steps trained, before it trains on.
fn untrained(step: u64) -> Report {
    Report::Untrained { step, predictions: predictions(0.25) }
}

fn feed(recorder: &mut Recorder, reports: impl IntoIterator<Item = Report>) {
    for report in reports {
        recorder.record(&report, now()).unwrap();
    }
}

fn files_of(run: &Run) -> Vec<String> {
    let mut names: Vec<String> =
        files::names_in(run.directory()).unwrap().into_iter().map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_run_leaves_its_files_and_says_that_it_is_done() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    assert_eq!(run.status(&run.facts().unwrap()), Status::Training);
    feed(&mut recorder, [started(), report(1, 0.0), report(2, 0.0), report(3, -0.02)]);
    keep(&mut recorder, 3).unwrap();
    feed(&mut recorder, [Report::Finished]);
    recorder.close(now()).unwrap();

    assert_eq!(
        files_of(&run),
        ["batches.jsonl", "checkpoint.safetensors", "metrics.jsonl", "predictions", "run.json", "train", "validation"]
    );
    let facts = run.facts().unwrap();
    assert_eq!(run.status(&facts), Status::Done);
    assert_eq!((facts.started, facts.ended), (now(), Some(now())));
    assert_eq!(facts.epochs_done, 3);
    assert_eq!(facts.best, Some(Best { epoch: 2, val_accuracy: 0.8 + 0.01 * 2.0 }));
    assert_eq!(facts.settings.epochs, 3);
    assert_eq!(facts.device.as_deref(), Some("CPU, 2 threads"));
    assert_eq!(facts.parameters, Some(101_770));
    assert_eq!(run.metrics().unwrap().len(), 3);
}

#[test]
fn each_epoch_is_in_the_files_as_soon_as_it_is_recorded() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    for number in 1..=3 {
        feed(&mut recorder, [report(number, 0.0)]);
        assert_eq!(run.metrics().unwrap().len(), number as usize);
        assert_eq!(run.facts().unwrap().epochs_done, number);
    }
}

#[test]
fn a_run_that_fails_keeps_the_reason() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    feed(&mut recorder, [Report::Failed { reason: "no CUDA device".to_owned() }]);
    recorder.close(now()).unwrap();
    let facts = run.facts().unwrap();
    assert_eq!(run.status(&facts), Status::Failed { reason: "no CUDA device".to_owned() });
    assert_eq!(facts.ended, Some(now()));
}

#[test]
fn a_run_that_is_ended_early_was_stopped_and_one_that_is_killed_was_interrupted() {
    let (_directory, stopped) = run();
    create(&stopped).close(now()).unwrap();
    assert_eq!(stopped.status(&stopped.facts().unwrap()), Status::Stopped);

    let (_directory, killed) = run();
    drop(create(&killed));
    assert_eq!(killed.status(&killed.facts().unwrap()), Status::Interrupted);
}

#[test]
fn a_run_that_goes_on_has_the_files_of_one_that_was_never_interrupted() {
    let (_directory, whole) = run();
    let mut recorder = create(&whole);
    feed(&mut recorder, [started(), untrained(0), report(1, 0.0), report(2, 0.0), report(3, 0.0)]);
    keep(&mut recorder, 3).unwrap();
    feed(&mut recorder, [Report::Finished]);
    recorder.close(now()).unwrap();

    let (_directory, killed) = run();
    let mut recorder = create(&killed);
    feed(&mut recorder, [started(), untrained(0), report(1, 0.0)]);
    keep(&mut recorder, 1).unwrap();
    feed(&mut recorder, [report(2, 0.1)]);
    drop(recorder);
    fs::write(killed.directory().join(".fitroom-1-2.tmp"), "half").unwrap();
    let mut recorder = resume(&killed, 1).unwrap();
    assert_eq!(recorder.facts().epochs_done, 1);
    feed(&mut recorder, [started(), report(2, 0.0), report(3, 0.0)]);
    keep(&mut recorder, 3).unwrap();
    feed(&mut recorder, [Report::Finished]);
    recorder.close(now()).unwrap();

    assert_eq!(killed.facts().unwrap(), whole.facts().unwrap());
    assert_eq!(killed.metrics().unwrap(), whole.metrics().unwrap());
    assert_eq!(files_of(&killed), files_of(&whole));
    let kept = |run: &Run| -> Vec<(u32, Option<Predictions>)> {
        let files = run.predictions();
        files.epochs().unwrap().into_iter().map(|epoch| (epoch, files.read(epoch).unwrap())).collect()
    };
    let expected = [0.25, 0.0, 0.0, 0.0].map(|offset| Some(predictions(offset)));
    assert_eq!(kept(&whole), (0..).zip(expected).collect::<Vec<_>>());
    assert_eq!(kept(&killed), kept(&whole));
}

#[test]
fn a_run_that_was_killed_with_nothing_but_its_facts_goes_on() {
    let (_directory, run) = run();
    drop(create(&run));
    fs::remove_file(run.metrics_path()).unwrap();
    for directory in [run.train_directory(), run.validation_directory()] {
        fs::remove_dir_all(directory).unwrap();
    }
    let mut recorder = resume(&run, 0).unwrap();
    feed(&mut recorder, [report(1, 0.0)]);
    assert_eq!(run.metrics().unwrap().len(), 1);
    assert_eq!(files_of(&run), ["batches.jsonl", "metrics.jsonl", "predictions", "run.json", "train", "validation"]);
}

#[test]
fn a_run_of_an_older_fitroom_has_predictions_from_where_it_goes_on() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    feed(&mut recorder, [started(), report(1, 0.0), report(2, 0.0)]);
    keep(&mut recorder, 2).unwrap();
    drop(recorder);
    fs::remove_dir_all(run.predictions_directory()).unwrap();
    assert!(run.predictions().epochs().unwrap().is_empty());
    let mut recorder = resume(&run, 2).unwrap();
    feed(&mut recorder, [started(), untrained(2 * samples::EPOCH), report(3, 0.0)]);
    assert_eq!(run.predictions().epochs().unwrap(), [2, 3].into());
    assert_eq!(run.predictions().read(2).unwrap(), Some(predictions(0.25)));
}

#[test]
fn what_the_network_makes_of_the_images_amid_an_epoch_is_not_kept_and_what_is_there_stays() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    feed(&mut recorder, [started(), untrained(0), report(1, 0.0), untrained(samples::EPOCH), untrained(2000)]);
    assert_eq!(run.predictions().epochs().unwrap(), [0, 1].into());
    assert_eq!(run.predictions().read(1).unwrap(), Some(predictions(0.0)));
}

#[test]
fn a_run_whose_last_epoch_is_not_on_the_disk_is_not_done_until_it_is() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    feed(&mut recorder, [started(), report(1, 0.0)]);
    keep(&mut recorder, 1).unwrap();
    feed(&mut recorder, [report(2, 0.0), report(3, 0.0)]);
    fs::remove_file(run.checkpoint_path()).unwrap();
    fs::create_dir(run.checkpoint_path()).unwrap();
    keep(&mut recorder, 3).unwrap_err();
    feed(&mut recorder, [Report::Finished]);
    let facts = run.facts().unwrap();
    let RunState::Failed { reason } = &facts.state else { panic!("{:?}", facts.state) };
    assert!(reason.starts_with("trained to the end, but not saved: cannot write "), "{reason}");
    assert_eq!((facts.epochs_done, facts.kept), (3, Some(kept(1))));
    assert_eq!(crate::run::standing(&facts, &run.status(&facts)), "failed, not saved after epoch 1");
    assert!(matches!(run.hold(&dataset()).unwrap_err(), RunError::InUse { .. }), "what is not saved is let go of");

    fs::remove_dir(run.checkpoint_path()).unwrap();
    keep(&mut recorder, 3).unwrap();
    assert_eq!((run.facts().unwrap().state, run.facts().unwrap().kept), (RunState::Done, Some(kept(3))));
    run.hold(&dataset()).unwrap();
}

#[test]
fn a_run_that_is_done_is_others_to_go_on_with_and_theirs_from_then_on() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    assert_eq!(run.facts().unwrap().held_by, Some(Holder::this()));
    feed(&mut recorder, [started(), report(1, 0.0), report(2, 0.0), report(3, 0.0)]);
    keep(&mut recorder, 3).unwrap();
    feed(&mut recorder, [Report::Finished]);
    assert_eq!(run.facts().unwrap().held_by, None);
    keep(&mut recorder, 3).unwrap();

    let mut other = resume(&run, 3).unwrap();
    let error = keep(&mut recorder, 3).unwrap_err().to_string();
    let (path, holder) = (run.directory().display(), Holder::this());
    let in_use = format!("{path} is in use: another fitroom trains this run ({holder})");
    assert_eq!(error, format!("{in_use}; fitroom stop {path} ends it"), "it has made no socket");
    fs::write(run.socket_path(), "").unwrap();
    let error = keep(&mut recorder, 3).unwrap_err().to_string();
    assert_eq!(error, format!("{in_use}; fitroom watch {path} shows it, and fitroom stop {path} ends it"));
    feed(&mut other, [report(4, 0.0)]);
    other.close(now()).unwrap();
    assert!(matches!(keep(&mut recorder, 3).unwrap_err(), RunError::GoneOn { .. }));
}

#[test]
fn what_happens_after_a_run_is_done_changes_none_of_its_files() {
    let late = |recorder: &mut Recorder| {
        feed(recorder, [Report::Failed { reason: "the device has too little free memory".to_owned() }]);
        feed(recorder, [report(4, 0.0), Report::Finished]);
        let figures = BatchRecord { epoch: 4, step: 6_000, steps: 375, loss: 0.5, accuracy: 0.8 };
        recorder.batches(&[figures], now()).unwrap();
        recorder.histograms(4, &[("kernel".to_owned(), vec![0.5])], now()).unwrap();
    };
    let files = |run: &Run| {
        let events = [run.train_directory(), run.validation_directory()].map(|directory| {
            let names = files::names_in(&directory).unwrap();
            names.into_iter().map(|name| fs::read(directory.join(name)).unwrap()).collect::<Vec<_>>()
        });
        let logs = [run.facts_path(), run.metrics_path(), run.batches_path()].map(|path| fs::read(path).unwrap());
        (logs, events)
    };
    let (_directory, run) = run();
    let mut recorder = create(&run);
    feed(&mut recorder, [started(), report(1, 0.0), report(2, 0.0), report(3, 0.0)]);
    keep(&mut recorder, 3).unwrap();
    feed(&mut recorder, [Report::Finished]);
    let done = files(&run);
    late(&mut recorder);
    assert!(files(&run) == done, "a run that is done was written to: {:?}", run.facts());

    let mut other = resume(&run, 3).unwrap();
    feed(&mut other, [started(), report(4, 0.0)]);
    let theirs = files(&run);
    late(&mut recorder);
    recorder.close(now()).unwrap();
    assert!(files(&run) == theirs, "a run that another program trains was written to: {:?}", run.facts());
}

#[test]
fn a_run_goes_on_only_with_the_data_that_it_learned_from() {
    let (_directory, run) = run();
    drop(create(&run));
    let other = DatasetFacts { source: Source::at("/other".into()), sha256: "cd".repeat(32), ..dataset() };
    let error = run.hold(&other).unwrap_err();
    assert!(matches!(error, RunError::OtherData { .. }), "{error}");
    assert!(error.to_string().contains("Fashion-MNIST (60000 + 10000 images)"), "{error}");
    resume(&run, 0).unwrap();
}

#[test]
fn a_run_that_trains_is_left_alone() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    feed(&mut recorder, [report(1, 0.0)]);
    let error = resume(&run, 0).unwrap_err();
    assert!(matches!(error, RunError::InUse { .. }), "{error}");
    assert_eq!(run.metrics().unwrap().len(), 1);
}

#[test]
fn files_that_cannot_be_written_are_an_error_that_names_them() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    feed(&mut recorder, [report(1, 0.0)]);
    fs::remove_file(run.metrics_path()).unwrap();
    fs::create_dir(run.metrics_path()).unwrap();
    let error = recorder.record(&report(2, 0.0), now()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write {}: Is a directory", run.metrics_path().display())), "{error}");
}

#[test]
fn a_run_whose_directory_is_moved_away_and_back_is_not_written_to_any_more_and_has_no_holes() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    feed(&mut recorder, [started(), report(1, 0.0)]);
    keep(&mut recorder, 1).unwrap();
    let away = run.directory().with_extension("away");
    fs::rename(run.directory(), &away).unwrap();
    assert!(matches!(recorder.record(&report(2, 0.0), now()), Err(RunError::Gone { .. })));
    fs::rename(&away, run.directory()).unwrap();
    assert!(matches!(recorder.record(&report(3, 0.0), now()), Err(RunError::Gone { .. })));
    assert!(matches!(keep(&mut recorder, 3), Err(RunError::Gone { .. })));
    assert!(matches!(recorder.close(now()), Err(RunError::Gone { .. })));
    assert_eq!(run.metrics().unwrap().len(), 1);
    let facts = run.facts().unwrap();
    assert_eq!((run.status(&facts), facts.epochs_done), (Status::Interrupted, 1));
    resume(&run, 1).unwrap();
}

#[test]
fn a_run_whose_directory_is_gone_is_not_written_to_whatever_has_its_name() {
    let (_directory, run) = run();
    let mut recorder = create(&run);
    feed(&mut recorder, [started(), report(1, 0.0)]);
    fs::remove_dir_all(run.directory()).unwrap();
    for is_replaced in [false, true] {
        if is_replaced {
            fs::create_dir(run.directory()).unwrap();
        }
        for error in [
            recorder.record(&report(2, 0.0), now()).unwrap_err(),
            recorder.batches(&[], now()).unwrap_err(),
            recorder.histograms(1, &[], now()).unwrap_err(),
            keep(&mut recorder, 2).unwrap_err(),
        ] {
            assert!(matches!(error, RunError::Gone { .. }), "{error}");
        }
    }
    assert!(matches!(recorder.close(now()).unwrap_err(), RunError::Gone { .. }));
    assert_eq!(fs::read_dir(run.directory()).unwrap().count(), 0);
}
