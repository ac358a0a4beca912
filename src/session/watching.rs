//! A run that others train or have trained, to be looked at. Trains nothing.

use color_eyre::eyre::{Result, bail};

use super::remote::Connection;
use crate::{
    cli::Which,
    fashion::Source,
    printable,
    run::{Run, Runs, Status},
};

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
    /// The run that the command line asks for, or the newest.
    ///
    /// # Errors
    /// When there is no such run, or its facts cannot be read.
    pub fn new(which: &Which) -> Result<Self> {
        let runs = Runs::new(&which.runs);
        let run = runs.find(which.run.as_deref())?;
        let facts = run.facts()?;
        let source = which.data.clone().map_or(facts.dataset.source, Source::at);
        Ok(Self { run, source, runs })
    }

    /// A connection to whoever trains it; `None` where nobody does.
    pub(super) fn connect(&self) -> Result<Option<Connection>> {
        let connection = Connection::open(&self.run)?;
        let facts = self.run.facts()?;
        if connection.is_none() && self.run.status(&facts) == Status::Training {
            let (name, path) = (self.run.shown_name(), printable::path(&self.run.socket_path()));
            let holder = facts.held_by.map(|holder| format!(" ({holder})")).unwrap_or_default();
            bail!("the run {name} is trained by a program that nobody can watch{holder}: nothing listens at {path}")
        }
        Ok(connection)
    }
}
