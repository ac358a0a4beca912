//! Trains a network on a device, on a thread of its own: commands in, reports out. Knows nothing of
//! screens.

mod adam;
mod checkpoint;
mod choice;
mod commands;
mod error;
mod evaluation;
mod insight;
mod instructions;
mod learner;
mod listener;
mod model;
mod plain;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod samples;
mod shards;
mod tally;
mod trainer;
mod worker;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        mpsc::{self, SendError, SyncSender},
    },
    thread::{self, JoinHandle},
};

use self::trainer::Trainer;
use crate::{
    fashion::Dataset,
    protocol::{Command, EpochRecord, Report, Started},
    settings::Settings,
};

pub use checkpoint::{Checkpoint, CheckpointError};
pub use commands::{CommandQueue, CommandSender, commands};
pub use error::EngineError;
pub use evaluation::Evaluation;
pub use instructions::{INSTRUCTIONS, compute_with, instruction_sets};
pub use learner::NamedTensor;
pub use listener::Listener;
pub use worker::{Demands, SLOWEST_PACE};

/// The most weights and biases that a network may have: 268 million, which take some five gigabytes to train.
const MOST_PARAMETERS: usize = 1 << 28;

/// What to train, on what, and what to report of it.
#[derive(Clone, Debug)]
pub struct Job {
    /// What defines the run.
    pub settings: Settings,
    /// The images.
    pub dataset: Arc<Dataset>,
    /// What is asked for beyond that.
    pub demands: Demands,
    /// The run's name, if it is kept.
    pub run: Option<String>,
    /// Where to go on; `None`: a new run.
    pub past: Option<Past>,
}

/// What was trained before, of a run that a job goes on with.
#[derive(Clone, Debug)]
pub struct Past {
    /// Where it stopped.
    pub checkpoint: Checkpoint,
    /// Its epochs' figures, oldest first.
    pub epochs: Vec<EpochRecord>,
}

impl Job {
    /// A new run at full speed, of which nothing is kept.
    #[must_use]
    pub fn new(settings: Settings, dataset: Arc<Dataset>) -> Self {
        Self { settings, dataset, demands: Demands::default(), run: None, past: None }
    }
}

/// A run that trains on a thread of its own. Dropping it, and every [`Worker::sender`] with it, ends the run.
#[derive(Debug)]
pub struct Worker {
    commands: CommandSender,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Asks something of the run. It is taken up before the next batch; what costs much, and was asked for just before,
    /// when it costs the training no more than its share.
    ///
    /// # Errors
    /// When the thread has ended; it does so on [`Command::Stop`], and when it panics, which is reported as
    /// [`Report::Failed`] before.
    pub fn send(&self, command: Command) -> Result<(), SendError<Command>> {
        self.commands.send(command)
    }

    /// Another way to send commands to this run, for another thread.
    #[must_use]
    pub fn sender(&self) -> CommandSender {
        self.commands.clone()
    }

    /// Ends the run after the batch at hand and waits for its thread.
    ///
    /// # Errors
    /// [`EngineError::Panicked`] when the thread did.
    pub fn stop(self) -> Result<(), EngineError> {
        // A thread that is no longer there has stopped as well.
        let _ = self.commands.send(Command::Stop);
        self.thread.join().map_err(|panic| EngineError::Panicked(words(panic.as_ref())))
    }
}

/// Starts to train on a thread named `trainer`, which hands every report to `listener` and takes commands between
/// batches.
///
/// The first report is [`Report::Started`]. After [`Report::Finished`] and [`Report::Failed`] the thread stays and goes
/// on to answer [`Command::Look`], until [`Command::Stop`] or until every sender of commands is dropped.
///
/// # Errors
/// When the settings cannot be trained with, the device is not to be had, or the system gives no thread.
pub fn spawn(job: Job, mut listener: impl Listener) -> Result<Worker, EngineError> {
    let parameters = parameters(&job.settings)?;
    let (commands, receiver) = commands();
    let (ready, is_ready) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("trainer".to_owned()).spawn(move || {
        let trained = catch_unwind(AssertUnwindSafe(|| {
            train(job, parameters, &mut Post { commands: &receiver, ready: &ready, listener: &mut listener });
        }));
        if let Err(panic) = trained {
            let reason = EngineError::Panicked(words(panic.as_ref())).to_string();
            listener.report(Report::Failed { reason });
            resume_unwind(panic);
        }
    })?;
    let worker = Worker { commands, thread };
    match is_ready.recv() {
        Ok(Ok(())) => Ok(worker),
        Ok(Err(error)) => Err(error),
        // The thread panicked on its way.
        Err(_) => worker.stop().and(Err(EngineError::Panicked("before training began".to_owned()))),
    }
}

/// What the trainer thread has to do with others.
struct Post<'a, E> {
    commands: &'a CommandQueue,
    /// Gets word once of whether there is a device to train on.
    ready: &'a SyncSender<Result<(), EngineError>>,
    listener: &'a mut E,
}

/// How many threads of the CPU train with these settings.
#[must_use]
pub fn threads(settings: &Settings) -> usize {
    choice::threads(settings)
}

/// Chooses the learner, says whether it is to be had, and trains with it.
fn train(job: Job, parameters: usize, post: &mut Post<impl Listener>) {
    let chosen = match choice::learner(job.settings, &job.dataset) {
        Ok(chosen) => chosen,
        Err(error) => {
            let _ = post.ready.send(Err(error));
            return;
        }
    };
    // Where nobody waits for that there is nobody to train for: the command channel is gone as well, which ends the run
    // below.
    let _ = post.ready.send(Ok(()));
    let (checkpoint, epochs) = job.past.map(|past| (past.checkpoint, past.epochs)).unzip();
    let started = Started {
        settings: chosen.settings.clone(),
        device: chosen.device,
        gpu: chosen.gpu,
        parameters,
        tiles: tiles(&chosen.settings),
        train_images: job.dataset.train.len(),
        test_images: job.dataset.test.len(),
        run: job.run,
        past: epochs.unwrap_or_default(),
        past_steps: checkpoint.as_ref().map_or(0, Checkpoint::step),
    };
    let trainer = Trainer::new(chosen.learner, job.dataset, chosen.settings);
    worker::run(trainer, checkpoint.as_ref(), started, job.demands, post.commands, post.listener);
}

/// Parts of the network that these settings ask for that can be drawn.
#[must_use]
pub fn tiles(settings: &Settings) -> usize {
    model::tile_count(settings)
}

/// Weights and biases of the network that these settings ask for.
///
/// # Errors
/// [`EngineError::Setting`] when one of the settings is none to train with.
pub fn parameters(settings: &Settings) -> Result<usize, EngineError> {
    let reject = |reason: String| Err(EngineError::Setting(reason));
    if settings.epochs == 0 {
        return reject("the number of epochs is 0, expected at least 1".to_owned());
    }
    if settings.batch_size == 0 {
        return reject("the batch size is 0, expected at least 1".to_owned());
    }
    if !(settings.learning_rate.is_finite() && settings.learning_rate > 0.0) {
        return reject(format!("the learning rate is {}, expected a positive number", settings.learning_rate));
    }
    if settings.hidden.contains(&0) {
        return reject("a hidden layer has 0 units, expected at least 1".to_owned());
    }
    let parameters = model::outlines(settings)
        .try_fold(0_usize, |sum, outline| sum.checked_add(outline.len()?).filter(|&sum| sum <= MOST_PARAMETERS));
    parameters.map_or_else(
        || reject(format!("the hidden layers have more than the {MOST_PARAMETERS} weights that fitroom trains")),
        Ok,
    )
}

/// What a panic said.
#[must_use]
pub fn words(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "without a message".to_owned())
}
