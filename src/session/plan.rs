//! What is to be trained, on what, and where it is kept, as the command line asks for it. Trains nothing and writes
//! nothing.

use std::{ffi::OsString, time::Duration};

use color_eyre::eyre::{Result, eyre};

use crate::{
    cli::{Keeping, Training},
    engine,
    fashion::{Dataset, Source},
    run::{Facts, Run, Runs},
    settings::{Difference, Setting, Settings},
};

/// What to train, on what, and where to keep it.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// What defines the run.
    pub settings: Settings,
    /// Where the images come from.
    pub source: Source,
    /// Train at most this many steps per second.
    pub pace: Option<f64>,
    /// Save so often while an epoch lasts.
    pub save_every: Option<Duration>,
    /// What a shell is to run once the training has ended.
    pub on_end: Option<String>,
    /// Where runs are kept, whether this one is or not.
    pub runs: Runs,
    /// What whoever asks for it should know of it, a sentence each.
    pub(super) notes: Vec<String>,
    pub(super) keeping: Destination,
}

/// What becomes of a run on the disk.
#[derive(Clone, Debug)]
pub(super) enum Destination {
    Nowhere,
    New { runs: Runs, name: Option<OsString> },
    GoOn(Run),
}

impl RunPlan {
    /// Whether the run is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !matches!(self.keeping, Destination::Nowhere)
    }

    /// Reads the data set.
    ///
    /// # Errors
    /// When a file of it cannot be read; of a run that goes on, the error says what can be done.
    pub fn load(&self) -> Result<Dataset> {
        Ok(match &self.keeping {
            Destination::GoOn(run) => run.load(&self.source)?,
            Destination::Nowhere | Destination::New { .. } => self.source.load()?,
        })
    }

    /// What the command line asks for. Of a run that it goes on with, the settings and the data set are the run's.
    ///
    /// # Errors
    /// When there is no such run, it cannot be continued, or it was begun with other settings than asked for.
    pub fn new(training: &Training, keeping: &Keeping) -> Result<Self> {
        let runs = Runs::new(&keeping.runs);
        if let Some(asked) = &keeping.resume {
            let (run, note) = runs.find_kept(asked.as_deref())?;
            return Self::again(training, keeping, &runs, run, note);
        }
        let (settings, source) = (training.settings(), training.source());
        let (pace, save_every, on_end) = (training.pace, keeping.interval(), keeping.at_end());
        let new = Destination::New { runs: runs.clone(), name: keeping.run.clone() };
        let keeping = if keeping.no_save { Destination::Nowhere } else { new };
        Ok(Self { settings, source, pace, save_every, on_end, runs, notes: Vec::new(), keeping })
    }

    /// To go on with this run.
    fn again(training: &Training, keeping: &Keeping, runs: &Runs, run: Run, note: Option<String>) -> Result<Self> {
        let (runs, facts) = (runs.around(&run), run.facts()?);
        let name = run.shown_name();
        let settings = training.settings_of(&facts.settings).and_then(|settings| same_threads(&facts, settings));
        let settings = settings.map_err(|differs| {
            eyre!("the run {name} {differs}: leave out the option to continue the run, or start another")
        })?;
        let mut notes: Vec<String> = note.into_iter().collect();
        if !run.check_checkpoint(&facts, "start another run")? {
            notes.push(format!("the run {name} ended before its first checkpoint: it starts again at step 0"));
        }
        let source = training.data.clone().map_or(facts.dataset.source, Source::at);
        let (pace, save_every, on_end) = (training.pace, keeping.interval(), keeping.at_end());
        Ok(Self { settings, source, pace, save_every, on_end, runs, notes, keeping: Destination::GoOn(run) })
    }
}

/// These settings of a run that goes on, if they ask for as many threads as it was begun with: the weights depend on
/// them.
fn same_threads(facts: &Facts, settings: Settings) -> Result<Settings, Difference> {
    let (Some(theirs), Some(asked)) = (facts.settings.threads, settings.threads) else { return Ok(settings) };
    if asked == theirs || engine::threads(&settings) == theirs.get() {
        return Ok(Settings { threads: Some(theirs), ..settings });
    }
    Err(Setting::Threads.difference(&facts.settings, &settings))
}
