//! A run that others train or have trained, to be looked at. Trains nothing.

use std::{
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::{Result, bail};

use super::{door::address, remote::Connection};
use crate::{
    cli::Which,
    fashion::{Dataset, Source},
    printable,
    run::{DatasetFacts, Run, Runs, Status},
};

/// How long a program that trains may take to let others look on.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often to look whether it does.
const RETRY: Duration = Duration::from_millis(50);

/// A run to look at.
#[derive(Clone, Debug)]
pub struct Watching {
    pub(super) run: Run,
    /// Where its images come from.
    pub source: Source,
    /// Where it is kept, and others that it can be compared with.
    pub runs: Runs,
}

impl Watching {
    /// The run that the command line asks for; or the newest that trains, or else the newest.
    ///
    /// # Errors
    /// When there is no such run, or its facts cannot be read.
    pub fn new(which: &Which) -> Result<Self> {
        let runs = Runs::new(&which.runs);
        let run = runs.find_to_watch(which.run.as_deref())?;
        let (runs, facts) = (runs.around(&run), run.facts()?);
        let source = which.data.clone().map_or(facts.dataset.source, Source::at);
        Ok(Self { run, source, runs })
    }

    /// A connection to whoever trains it; `None` where nobody does.
    pub(super) fn connect(&self) -> Result<Option<Connection>> {
        let end = Instant::now() + PATIENCE;
        while self.trains() && address(&self.run.socket_path()).is_ok() && Instant::now() < end {
            match Connection::open(&self.run, || true)? {
                Some(connection) => return Ok(Some(connection)),
                // It is about to open.
                None => thread::sleep(RETRY),
            }
        }
        if let Some(connection) = Connection::open(&self.run, || true)? {
            return Ok(Some(connection));
        }
        let name = self.run.shown_name();
        if self.trains() {
            let path = self.run.socket_path();
            let why = match address(&path) {
                Ok(_) => format!("nobody listens at {}", printable::path(&path)),
                Err(error) => format!("cannot use {}: {error}", printable::path(&path)),
            };
            let holder = self.run.facts()?.held_by;
            let who = holder.map_or_else(|| "another program".to_owned(), |holder| holder.to_string());
            bail!("nobody can watch the run {name}, which {who} trains: {why}");
        }
        Ok(None)
    }

    /// The digest of this data set, which is the run's.
    ///
    /// # Errors
    /// When the run has learned from another one.
    pub(super) fn digest(&self, dataset: &Dataset) -> Result<String> {
        let facts = self.run.facts()?;
        let ours = DatasetFacts::new(dataset, &self.source);
        if !facts.dataset.is_same(&ours) {
            let (name, theirs) = (self.run.shown_name(), &facts.dataset);
            bail!("the run {name} was trained on {theirs}, and this is other data: {ours}; name its data with --data");
        }
        Ok(ours.sha256)
    }

    /// Whether somebody trains it, as far as its directory shows.
    pub(super) fn trains(&self) -> bool {
        self.run.facts().is_ok_and(|facts| self.run.status(&facts) == Status::Training)
    }
}
