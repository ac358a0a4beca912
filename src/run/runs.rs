//! All runs: a directory with one directory per run. Gives new ones their names, lists them and finds them.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Component, Path, PathBuf},
};

use jiff::Timestamp;

use super::{Facts, Lock, Run, RunError, Status, WeakLock, error::while_it_trains, files, standing};
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

impl Listed {
    /// Whether it trains now.
    #[must_use]
    pub fn trains(&self) -> bool {
        matches!(&self.facts, Ok((_, Status::Training)))
    }
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

    /// What knows whether it is still held.
    #[must_use]
    pub fn lock(&self) -> WeakLock {
        self.lock.downgrade()
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

    /// The runs beside this one, among which its name alone finds it: these, unless it was found by its path.
    #[must_use]
    pub fn around(&self, run: &Run) -> Self {
        match run.directory().parent() {
            Some(parent) if parent.as_os_str().is_empty() => Self::new("."),
            Some(parent) => Self::new(parent),
            None => self.clone(),
        }
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
        let name = printable::path(name);
        let (what, trains) = match run.facts_as_it_stands() {
            Ok(facts) => {
                let status = run.status(&facts);
                (describe(&facts, &status), status == Status::Training)
            }
            Err(error) => (error.to_string(), false),
        };
        RunError::Exists { name, what, live: trains.then(|| while_it_trains(run.directory())).flatten() }
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

    /// The newest run that trains now, if one does.
    ///
    /// # Errors
    /// When the directory of all runs cannot be read.
    pub fn newest_that_trains(&self) -> Result<Option<Run>, RunError> {
        Ok(self.list()?.into_iter().find(Listed::trains).map(|listed| listed.run))
    }

    /// As [`Runs::find`]; but without a name or directory the newest that trains now, and only where none does the
    /// newest of all.
    ///
    /// # Errors
    /// As [`Runs::find`].
    pub fn find_to_watch(&self, name_or_directory: Option<&Path>) -> Result<Run, RunError> {
        if name_or_directory.is_none()
            && let Some(run) = self.newest_that_trains()?
        {
            return Ok(run);
        }
        self.find(name_or_directory)
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
mod tests;
