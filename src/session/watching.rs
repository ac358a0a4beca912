//! A run that others train or have trained, to be looked at. Trains nothing.

use color_eyre::eyre::{Result, bail};

use super::{remote::Connection, standing::ended};
use crate::{
    cli::Which,
    fashion::Source,
    protocol::Report,
    run::{Run, Runs, Timestamp},
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

    /// A connection to whoever trains it.
    pub(super) fn connect(&self) -> Result<Connection> {
        match Connection::open(&self.run)? {
            Some(connection) => Ok(connection),
            None => {
                let Report::Ended { how, next } = ended(&self.run, &self.runs, Timestamp::now()) else {
                    unreachable!("that is what it says")
                };
                let next = next.map(|next| format!("; continue it with {next}")).unwrap_or_default();
                bail!("the run {} does not train now: {how}{next}", self.run.shown_name())
            }
        }
    }
}
