//! Directories of runs: names that are taken, given up and wrong, and runs that are listed and found.

use tempfile::TempDir;

use super::*;
use crate::{
    run::{
        Recorder, RunState,
        facts::tests::{dataset, epoch},
    },
    settings::Settings,
};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    time("2026-11-23T18:31:22.987Z")
}

fn runs() -> (TempDir, Runs) {
    let directory = tempfile::tempdir().unwrap();
    let runs = Runs::new(directory.path().join("runs"));
    (directory, runs)
}

/// A run that trains as long as the recorder lives.
fn train(runs: &Runs, name: &str, now: Timestamp) -> Recorder {
    Recorder::create(runs.create(Some(name.as_ref()), now).unwrap(), Settings::default(), dataset(), now).unwrap()
}

fn names(runs: &Runs) -> Vec<String> {
    runs.list().unwrap().iter().map(|listed| listed.run.name().into_owned()).collect()
}

#[test]
fn a_run_without_a_name_is_called_after_the_time() {
    let (_directory, runs) = runs();
    assert_eq!(runs.create(None, now()).unwrap().run().name(), "2026-11-23T18-31-22");
}

#[test]
fn runs_of_one_second_are_numbered() {
    let (_directory, runs) = runs();
    let names: Vec<String> = (0..3).map(|_| runs.create(None, now()).unwrap().run().name().into_owned()).collect();
    assert_eq!(names, ["2026-11-23T18-31-22", "2026-11-23T18-31-22-2", "2026-11-23T18-31-22-3"]);
}

#[test]
fn many_programs_that_begin_at_once_get_a_directory_each() {
    let (_directory, runs) = runs();
    let mut names: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| runs.create(None, now()).unwrap().run().name().into_owned())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 8);
}

#[test]
fn names_that_are_no_directory_s_are_refused_before_anything_is_made() {
    let (_directory, runs) = runs();
    for name in ["", ".", "..", "a/b", "/", "..\\a", "a\nb", "a\0b", "\u{9b}", "-x", &"é".repeat(128)] {
        let error = runs.create(Some(name.as_ref()), now()).unwrap_err();
        assert!(matches!(error, RunError::Name { .. }), "{error}");
        assert!(error.to_string().starts_with(&format!("{name:?} cannot be a run's name: ")), "{error}");
    }
    assert!(!runs.root().exists());
    for name in ["a", "Größe 128", "...", "a-b.c", "été"] {
        assert_eq!(runs.create(Some(name.as_ref()), now()).unwrap().run().name(), name);
    }
}

#[test]
fn the_name_of_another_run_is_refused_with_what_that_is() {
    let (_directory, runs) = runs();
    let mut recorder = train(&runs, "first", now());
    let report = crate::protocol::Report::Epoch { record: epoch(1, 0.8812), predictions: [].into() };
    recorder.record(&report, now()).unwrap();
    recorder.close(now()).unwrap();
    assert_eq!(
        runs.create(Some("first".as_ref()), now()).unwrap_err().to_string(),
        "the run first exists already (stopped, not saved, 1 epoch, best test accuracy 0.8812): continue it with \
         --resume first, or give another name with --run"
    );
}

#[test]
fn the_name_of_a_run_that_was_killed_before_it_wrote_anything_is_free() {
    let (_directory, runs) = runs();
    let directory = runs.root().join("first");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(".fitroom-1-0.tmp"), "{").unwrap();
    let new = runs.create(Some("first".as_ref()), now()).unwrap();
    assert_eq!(new.run().name(), "first");
    assert_eq!(files::names_in(&directory).unwrap().len(), 0);
}

#[test]
fn a_name_that_is_given_up_is_free() {
    let (_directory, runs) = runs();
    runs.create(Some("first".as_ref()), now()).unwrap().give_up();
    assert_eq!(files::names_in(runs.root()).unwrap().len(), 0);
    let new = runs.create(Some("first".as_ref()), now()).unwrap();
    let notes = new.run().directory().join("notes");
    fs::write(&notes, "mine").unwrap();
    new.give_up();
    assert!(notes.exists());
}

#[test]
fn of_two_programs_that_ask_for_one_name_one_gets_it() {
    let (_directory, runs) = runs();
    let _first = runs.create(Some("first".as_ref()), now()).unwrap();
    let error = runs.create(Some("first".as_ref()), now()).unwrap_err();
    assert!(matches!(error, RunError::InUse { .. }), "{error}");
}

#[test]
fn the_name_of_something_else_is_refused() {
    let (_directory, runs) = runs();
    fs::create_dir_all(runs.root().join("notes")).unwrap();
    fs::write(runs.root().join("notes/today.md"), "buy milk").unwrap();
    let error = runs.create(Some("notes".as_ref()), now()).unwrap_err();
    assert!(
        error.to_string().ends_with("notes exists already and is not a run: give another name with --run"),
        "{error}"
    );
}

#[test]
fn a_directory_that_cannot_be_made_is_named_with_the_cause() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Runs::new(file.join("runs")).create(None, now()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot create {}: Not a directory", file.join("runs").display())), "{error}");
}

#[test]
fn runs_are_listed_newest_first_and_the_unreadable_last() {
    let (_directory, runs) = runs();
    assert!(runs.list().unwrap().is_empty());
    drop(train(&runs, "z-old", time("2026-11-21T00:00:00Z")));
    let _trains = train(&runs, "a-new", time("2026-11-23T00:00:00Z"));
    train(&runs, "middle", time("2026-11-22T00:00:00Z")).close(now()).unwrap();
    fs::create_dir(runs.root().join("no run")).unwrap();
    fs::write(runs.root().join("notes.txt"), "").unwrap();
    fs::create_dir(runs.root().join("broken")).unwrap();
    fs::write(runs.root().join("broken/run.json"), "{").unwrap();
    assert_eq!(names(&runs), ["a-new", "middle", "z-old", "broken"]);

    let listed = runs.list().unwrap();
    let status = |index: usize| &listed[index].facts.as_ref().unwrap().1;
    assert_eq!([status(0), status(1), status(2)], [&Status::Training, &Status::Stopped, &Status::Interrupted]);
    let error = listed[3].facts.as_ref().unwrap_err().to_string();
    assert!(error.contains("run.json is not what fitroom writes: EOF"), "{error}");
}

#[test]
fn a_run_is_found_by_name_by_directory_or_as_the_newest() {
    let (directory, runs) = runs();
    drop(train(&runs, "old", time("2026-11-21T00:00:00Z")));
    drop(train(&runs, "new", time("2026-11-22T00:00:00Z")));
    let elsewhere = Runs::new(directory.path().join("elsewhere"));
    drop(train(&elsewhere, "other", now()));

    assert_eq!(runs.find(None).unwrap().name(), "new");
    assert_eq!(runs.find(Some(Path::new("old"))).unwrap().name(), "old");
    let path = elsewhere.root().join("other");
    assert_eq!(runs.find(Some(&path)).unwrap().directory(), path);
    assert_eq!(runs.find(Some(&path)).unwrap().facts().unwrap().state, RunState::Training);
}

#[test]
fn a_run_that_is_not_there_is_said_so_with_those_that_are() {
    let (_directory, runs) = runs();
    let root = runs.root().display().to_string();
    let find = |name: &str| runs.find(Some(Path::new(name))).unwrap_err().to_string();
    assert_eq!(runs.find(None).unwrap_err().to_string(), format!("no runs in {root}: train one with `fitroom train`"));
    assert_eq!(find("none"), format!("no run none in {root}, nor any other"));
    drop(train(&runs, "one", now()));
    assert_eq!(find("none"), format!("no run none in {root}; there is one"));
    drop(train(&runs, "two", now()));
    assert_eq!(find("none"), format!("no run none in {root}; there are two, one"));
    for name in ["a", "b", "c", "d", "e", "f"] {
        drop(train(&runs, name, now()));
    }
    assert_eq!(find("none"), format!("no run none in {root}; there are two, one, f, e, d and 3 more"));
    assert_eq!(find(&root), format!("{root} is not a run: there is no run.json in it"));
    let one = format!("{root}/one");
    assert_eq!(
        find(&format!("{one}/run.json")),
        format!("{one}/run.json is a file in a run: name the run itself, {one}")
    );
}
