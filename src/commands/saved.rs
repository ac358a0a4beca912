//! A saved run, opened to be asked. Prints nothing but a note on which run was taken.

use std::io::{self, Write};

use color_eyre::eyre::{Result, WrapErr, bail};

use crate::{
    cli::Which,
    engine::Checkpoint,
    fashion::{Dataset, Source},
    printable::{self, Printable},
    run::{Facts, Run, Runs, files},
};

/// A run with its last checkpoint.
pub(super) struct SavedRun {
    pub run: Run,
    pub facts: Facts,
    pub checkpoint: Checkpoint,
}

impl SavedRun {
    /// Opens the run that is asked for, or the newest that has a checkpoint.
    pub fn open(which: &Which) -> Result<Self> {
        let (run, note) = Runs::new(&which.runs).find_kept(which.run.as_deref())?;
        let facts = run.facts()?;
        if !run.check_checkpoint(&facts, "choose another run")? {
            bail!("the run {} has no checkpoint yet: it gets its first one after an epoch", run.shown_name());
        }
        let path = run.checkpoint_path();
        let bytes = files::read(&path)?;
        let checkpoint =
            Checkpoint::from_bytes(&bytes).wrap_err_with(|| format!("cannot use {}", printable::path(&path)))?;
        if let Some(note) = note {
            // If standard error is gone, nobody reads it.
            let _ = writeln!(io::stderr(), "fitroom: {}", Printable(note));
        }
        Ok(Self { run, facts, checkpoint })
    }

    /// Reads the data set that is asked for, or the run's.
    pub fn dataset(&self, which: &Which) -> Result<Dataset> {
        let source = which.data.clone().map_or_else(|| self.facts.dataset.source.clone(), Source::at);
        Ok(self.run.load(&source)?)
    }
}
