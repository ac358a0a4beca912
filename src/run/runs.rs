//! All runs: a directory with a directory a run. Gives new ones their names, lists them and finds them.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Component, Path, PathBuf},
};

use jiff::Timestamp;

use super::{Facts, Lock, Run, RunError, Status, files, standing};
use crate::{printable, protocol::OtherRun};

/// The directory of all runs; it need not exist before the first.
#[derive(Clone, Debug)]
pub struct Runs {
    root: PathBuf,
}

/// A run in the list.
#[derive(Debug)]
pub struct Listed {
    /// Its directory.
    pub run: Run,
    /// What its `run.json` says, and how it stands; or why that cannot be read.
    pub facts: Result<(Facts, Status), RunError>,
}

/// A run's directory before anything is in it, and the hold on it.
#[derive(Debug)]
pub struct NewRun {
    pub(super) run: Run,
    pub(super) lock: Lock,
}

impl NewRun {
    /// Takes hold of this directory.
    pub(super) fn of(directory: PathBuf) -> Result<Self, RunError> {
        let lock = Lock::take(&directory)?;
        Ok(Self { run: Run { directory }, lock })
    }

    /// The run that it will be.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Gives the name back: the run will not be. What is in the directory stays, and the directory with it.
    pub fn give_up(self) {
        let _ = fs::remove_dir(self.run.directory());
    }
}

impl Runs {
    /// The runs in this directory.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the directory of a new run: of this name, or, without one, of the time's: `2026-11-23T18-31-22`.
    ///
    /// # Errors
    /// When the name cannot be one or is taken, or the directory cannot be made or written.
    pub fn create(&self, name: Option<&OsStr>, now: Timestamp) -> Result<NewRun, RunError> {
        if let Some(name) = name {
            check_name(name)?;
        }
        files::create_directories(&self.root)?;
        let new = match name {
            Some(name) => self.create_named(name)?,
            None => self.create_at(now)?,
        };
        if let Err(error) = files::probe(new.run.directory()) {
            new.give_up();
            return Err(error.into());
        }
        Ok(new)
    }

    fn create_named(&self, name: &OsStr) -> Result<NewRun, RunError> {
        match self.make(name) {
            Err(error) if error.kind() == Some(io::ErrorKind::AlreadyExists) => {}
            made => return made,
        }
        if !self.is_empty(name) {
            return Err(self.taken(name));
        }
        // A program that was killed before it wrote anything left nothing but the name.
        let new = NewRun::of(self.root.join(name))?;
        if self.is_empty(name) {
            files::remove_leftovers(new.run.directory())?;
            return Ok(new);
        }
        // Another one was faster.
        drop(new);
        Err(self.taken(name))
    }

    /// A second run of one second gets `-2` at its name's end, and so on.
    fn create_at(&self, now: Timestamp) -> Result<NewRun, RunError> {
        let time = now.strftime("%Y-%m-%dT%H-%M-%S").to_string();
        let mut name = time.clone();
        for number in 2_u64.. {
            let created = self.make(&name);
            if created.as_ref().is_err_and(|error| error.kind() == Some(io::ErrorKind::AlreadyExists)) {
                name = format!("{time}-{number}");
                continue;
            }
            return created;
        }
        unreachable!("a directory cannot hold that many names")
    }

    fn make(&self, name: impl AsRef<Path>) -> Result<NewRun, RunError> {
        let directory = self.root.join(name);
        files::create_directory(&directory)?;
        NewRun::of(directory)
    }

    /// Whether nothing is in the directory of this name but what a killed program left of files.
    fn is_empty(&self, name: &OsStr) -> bool {
        files::names_in(&self.root.join(name)).is_ok_and(|names| names.iter().all(|name| files::is_leftover(name)))
    }

    /// Why a new run cannot have the name of what is there.
    fn taken(&self, name: &OsStr) -> RunError {
        let Ok(run) = Run::open(self.root.join(name)) else {
            return RunError::Taken { path: self.root.join(name) };
        };
        let what = match run.facts_as_it_stands() {
            Ok(facts) => describe(&facts, &run.status(&facts)),
            Err(error) => error.to_string(),
        };
        RunError::Exists { name: printable::path(name), what }
    }

    /// All runs, newest first; those whose `run.json` cannot be read come last. What is not a run is passed over.
    ///
    /// # Errors
    /// When the directory of all runs cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, RunError> {
        let names = match files::names_in(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            names => names?,
        };
        let mut listed: Vec<Listed> = names
            .into_iter()
            .filter_map(|name| Run::open(self.root.join(name)).ok())
            .map(|run| {
                let facts = run.facts_as_it_stands().map(|facts| {
                    let status = run.status(&facts);
                    (facts, status)
                });
                Listed { run, facts }
            })
            .collect();
        listed.sort_by(|a, b| (b.started(), &b.run.directory).cmp(&(a.started(), &a.run.directory)));
        Ok(listed)
    }

    /// The figures of all runs that can be read, newest first, to be compared with.
    ///
    /// # Errors
    /// When the directory of all runs cannot be read.
    pub fn figures(&self) -> Result<Vec<OtherRun>, RunError> {
        let readable = self.list()?.into_iter().filter_map(|listed| {
            let (facts, _) = listed.facts.ok()?;
            let (name, epochs) = (listed.run.shown_name(), listed.run.metrics().ok()?);
            Some(OtherRun { name, settings: facts.settings, epochs })
        });
        Ok(readable.collect())
    }

    /// As [`Runs::find`]; but the newest run only if none has a checkpoint, and else the newest of those that have one,
    /// with a word about that.
    ///
    /// # Errors
    /// As [`Runs::find`].
    pub fn find_kept(&self, name_or_directory: Option<&Path>) -> Result<(Run, Option<String>), RunError> {
        let run = self.find(name_or_directory)?;
        if name_or_directory.is_some() || run.has_checkpoint() {
            return Ok((run, None));
        }
        let mut kept = self.list()?.into_iter().map(|listed| listed.run).filter(Run::has_checkpoint);
        let Some(older) = kept.next() else { return Ok((run, None)) };
        let note = format!(
            "the newest run {} has no checkpoint yet: taking {}, the newest that has one",
            run.shown_name(),
            older.shown_name()
        );
        Ok((older, Some(note)))
    }

    /// The run of this name, or in this directory; without either, the newest.
    ///
    /// # Errors
    /// When there is none, or the directory of all runs cannot be read.
    pub fn find(&self, name_or_directory: Option<&Path>) -> Result<Run, RunError> {
        let Some(asked) = name_or_directory else {
            let newest = self.list()?.into_iter().next();
            return newest.map(|listed| listed.run).ok_or_else(|| RunError::Empty { root: self.root.clone() });
        };
        if is_one_name(asked)
            && let Ok(run) = Run::open(self.root.join(asked))
        {
            return Ok(run);
        }
        match Run::open(asked) {
            Err(_) if !asked.exists() => {
                let others = self.list()?.iter().map(|listed| listed.run.shown_name()).collect();
                Err(RunError::NotFound { name: printable::path(asked), root: self.root.clone(), others })
            }
            found => found,
        }
    }
}

/// Whether this can be the name of a run that is there, made by whomever: nothing that leads out of the directory.
fn is_one_name(asked: &Path) -> bool {
    let mut parts = asked.components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(name)), None) if name == asked)
}

impl Listed {
    /// When the run was begun, if its facts tell.
    fn started(&self) -> Option<Timestamp> {
        self.facts.as_ref().ok().map(|(facts, _)| facts.started)
    }
}

/// A run in a few words.
fn describe(facts: &Facts, status: &Status) -> String {
    let epochs = match facts.epochs_done {
        1 => "1 epoch".to_owned(),
        count => format!("{count} epochs"),
    };
    let status = standing(facts, status);
    match facts.best {
        Some(best) => format!("{status}, {epochs}, best test accuracy {:.4}", best.val_accuracy),
        None => format!("{status}, {epochs}"),
    }
}

/// The most bytes that file systems take for a name.
const LONGEST_NAME: usize = 255;

/// Whether a directory can have this name, and a command line name it.
fn check_name(name: &OsStr) -> Result<(), RunError> {
    let text = name.to_string_lossy();
    let reason = if name.is_empty() {
        "it is empty"
    } else if text == "." || text == ".." {
        "it means another directory"
    } else if text.contains(['/', '\\']) {
        "it is a path; --runs gives the directory of all runs"
    } else if text.contains(printable::is_control) {
        "it has control characters"
    } else if name.len() > LONGEST_NAME {
        "it is longer than 255 bytes"
    } else if text.starts_with('-') {
        "it looks like an option"
    } else {
        return Ok(());
    };
    Err(RunError::Name { name: name.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::{
        run::{
            Recorder, State,
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
        let report = crate::protocol::Report::Epoch { record: epoch(1, 0.8812), predictions: Vec::new() };
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
        assert!(
            error.starts_with(&format!("cannot create {}: Not a directory", file.join("runs").display())),
            "{error}"
        );
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
        assert_eq!(runs.find(Some(&path)).unwrap().facts().unwrap().state, State::Training);
    }

    #[test]
    fn a_run_that_is_not_there_is_said_so_with_those_that_are() {
        let (_directory, runs) = runs();
        let root = runs.root().display().to_string();
        let find = |name: &str| runs.find(Some(Path::new(name))).unwrap_err().to_string();
        assert_eq!(
            runs.find(None).unwrap_err().to_string(),
            format!("no runs in {root}: train one with `fitroom train`")
        );
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
    }
}
