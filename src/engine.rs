//! Trains a network on a device, on a thread of its own: commands in, reports out. The one place where a device is
//! chosen. Knows nothing of screens.

mod adam;
mod checkpoint;
#[cfg(test)]
mod images;
mod insight;
mod network;
mod plain;
#[cfg(test)]
mod reference;
mod shards;
mod trainer;
mod worker;

use std::{
    any::Any,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        mpsc::{self, Receiver, SendError, Sender, SyncSender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use self::{
    plain::PlainLearner,
    shards::ShardedLearner,
    trainer::{Learner, Trainer},
    worker::Wishes,
};
use crate::{
    fashion::{CLASSES, Dataset, PIXELS},
    protocol::{BatchRecord, Command, EpochRecord, Look, Report, Started},
    settings::{DeviceChoice, Settings},
};

pub use checkpoint::{Checkpoint, CheckpointError};
pub use trainer::{EngineError, Evaluation};

/// The most weights and biases that a network may have: 268 million, which take some five gigabytes to train.
const MOST_PARAMETERS: usize = 1 << 28;

/// What to train, on what, and what to report of it.
#[derive(Clone, Debug)]
pub struct Job {
    /// What defines the run.
    pub settings: Settings,
    /// The images.
    pub dataset: Arc<Dataset>,
    /// Train at most this many steps a second; `None`, or what is no positive finite number: as fast as the device can.
    pub pace: Option<f64>,
    /// Whether to report [`Report::Untrained`] before the first step.
    pub evaluate_untrained: bool,
    /// What is to be seen of the network from the beginning.
    pub look: Look,
    /// The run's name, if it is kept.
    pub run: Option<String>,
    /// Where to go on; `None`: a new run.
    pub past: Option<Past>,
    /// Have figures and a checkpoint kept so often while an epoch lasts; `None`: after each epoch only.
    pub save_every: Option<Duration>,
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
    /// A new run at full speed, of which nothing is kept and nothing is looked at.
    #[must_use]
    pub fn new(settings: Settings, dataset: Arc<Dataset>) -> Self {
        Self {
            settings,
            dataset,
            pace: None,
            evaluate_untrained: false,
            look: Look::default(),
            run: None,
            past: None,
            save_every: None,
        }
    }
}

/// Who is told, on the thread that trains, what happens to a run. Any `FnMut(Report)` is one that keeps no checkpoints.
pub trait Listener: Send + 'static {
    /// Something happened.
    fn report(&mut self, report: Report);

    /// Whether [`Listener::keep`] is to be called: after each epoch, as often as [`Job::save_every`] has it, on
    /// [`Command::Save`], and at the end of a run that is stopped.
    fn keeps(&self) -> bool {
        false
    }

    /// What it takes to keep a checkpoint, as the last one showed; `None` while one is being kept, and where none can be.
    fn cost_of_keeping(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    /// Keeps the figures of a span of batches: all that were trained since the last span. Comes before the checkpoint,
    /// or the report of the epoch, that has these batches in it.
    fn keep_figures(&mut self, _figures: BatchRecord) {}

    /// Keeps a checkpoint. An epoch's comes after its report.
    fn keep(&mut self, _checkpoint: Checkpoint) {}
}

impl<F: FnMut(Report) + Send + 'static> Listener for F {
    fn report(&mut self, report: Report) {
        self(report);
    }
}

/// A run that trains on a thread of its own. Dropping it, and every [`Worker::sender`] with it, ends the run.
#[derive(Debug)]
pub struct Worker {
    commands: Sender<Command>,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Asks something of the run. It is taken up before the next batch.
    ///
    /// # Errors
    /// When the thread has ended; it does so on [`Command::Stop`], and when it panics, which is reported as
    /// [`Report::Failed`] before.
    pub fn send(&self, command: Command) -> Result<(), SendError<Command>> {
        self.commands.send(command)
    }

    /// Another way to send commands to this run, for another thread.
    #[must_use]
    pub fn sender(&self) -> Sender<Command> {
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

/// Starts to train on a thread named `trainer`, which hands every report to `listener` and takes commands between batches.
///
/// The first report is [`Report::Started`]. After [`Report::Finished`] and [`Report::Failed`] the thread stays and goes
/// on to answer [`Command::Look`], until [`Command::Stop`] or until every sender of commands is dropped.
///
/// # Errors
/// When the settings cannot be trained with, the device is not to be had, or the system gives no thread.
pub fn spawn(job: Job, mut listener: impl Listener) -> Result<Worker, EngineError> {
    let parameters = parameters(&job.settings)?;
    let (commands, receiver) = mpsc::channel();
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
    commands: &'a Receiver<Command>,
    /// Is told once whether there is a device to train on.
    ready: &'a SyncSender<Result<(), EngineError>>,
    listener: &'a mut E,
}

/// How many threads of the CPU train with these settings.
#[must_use]
pub fn threads(settings: &Settings) -> usize {
    shards::threads(settings.threads, &settings.hidden, settings.batch_size)
}

/// A device, as the run's facts have it.
struct DeviceFacts {
    /// In words.
    words: String,
    /// The ordinal of a CUDA GPU.
    gpu: Option<usize>,
}

/// Chooses the device, says whether it is to be had, and trains on it.
fn train(job: Job, parameters: usize, post: &mut Post<impl Listener>) {
    match job.settings.device {
        DeviceChoice::Cpu => train_on_cpu(job, parameters, "", post),
        DeviceChoice::Auto => match gpu_learner(&job, 0) {
            Ok(learner) => train_on_gpu(job, parameters, Ok(learner), 0, post),
            Err(_) if cfg!(not(feature = "cuda")) => train_on_cpu(job, parameters, "", post),
            Err(EngineError::Memory) => train_on_cpu(job, parameters, " (the GPU's memory is full)", post),
            Err(_) => train_on_cpu(job, parameters, " (no GPU answers)", post),
        },
        DeviceChoice::Cuda(ordinal) => {
            let learner = gpu_learner(&job, ordinal);
            train_on_gpu(job, parameters, learner, ordinal, post);
        }
    }
}

/// `why`: why on the CPU, where that is worth a word.
fn train_on_cpu(mut job: Job, parameters: usize, why: &str, post: &mut Post<impl Listener>) {
    let asked = job.settings.threads.map_or(0, NonZeroUsize::get);
    let threads = threads(&job.settings);
    let fewer =
        if asked > threads { format!(" ({asked} asked for: the layers have no more parts)") } else { String::new() };
    // From here on their number is settled, also for who goes on with the run: the weights depend on it.
    job.settings.threads = NonZeroUsize::new(threads);
    let settings = &job.settings;
    let state = network::untrained(&settings.hidden, settings.seed);
    let dataset = Arc::clone(&job.dataset);
    let learner = ShardedLearner::new(dataset, settings.learning_rate, settings.batch_size, threads, &state);
    let words = format!("CPU, {threads} thread{}{fewer}{why}", if threads == 1 { "" } else { "s" });
    run(job, learner, DeviceFacts { words, gpu: None }, parameters, post);
}

fn train_on_gpu(
    job: Job,
    parameters: usize,
    learner: Result<PlainLearner<Gpu>, EngineError>,
    ordinal: usize,
    post: &mut Post<impl Listener>,
) {
    run(job, learner, DeviceFacts { words: format!("CUDA GPU {ordinal}"), gpu: Some(ordinal) }, parameters, post);
}

/// A learner on the CUDA GPU of this ordinal, with its images there.
fn gpu_learner(job: &Job, ordinal: usize) -> Result<PlainLearner<Gpu>, EngineError> {
    let device = cuda(ordinal)?;
    let state = network::untrained(&job.settings.hidden, job.settings.seed);
    PlainLearner::new(device, Arc::clone(&job.dataset), job.settings.learning_rate, &state)
}

#[cfg(feature = "cuda")]
type Gpu = dfdx::prelude::Cuda;
/// There is none: it is named for its type alone.
#[cfg(not(feature = "cuda"))]
type Gpu = dfdx::prelude::Cpu;

/// The CUDA GPU of this ordinal.
#[cfg(feature = "cuda")]
fn cuda(ordinal: usize) -> Result<Gpu, EngineError> {
    use std::panic;
    // Where the driver does not start, dfdx panics instead of telling: that is no news for the terminal.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    // The seed is for numbers that dfdx draws; fitroom draws its own.
    let built = catch_unwind(|| Gpu::try_build(ordinal, 0));
    panic::set_hook(hook);
    let reason = match built {
        Ok(Ok(device)) => return Ok(device),
        Ok(Err(error)) => format!("{error:?}"),
        Err(panic) => words(panic.as_ref()).split_once(" value: ").map_or(String::new(), |(_, error)| error.to_owned()),
    };
    let advice = "see `nvidia-smi`, or choose --device cpu";
    Err(match EngineError::arithmetic(&reason) {
        EngineError::Memory => EngineError::Memory,
        _ => EngineError::Device(format!("CUDA GPU {ordinal} does not answer: {reason}: {advice}")),
    })
}

/// Says how to get a build that has CUDA.
#[cfg(not(feature = "cuda"))]
fn cuda(_: usize) -> Result<Gpu, EngineError> {
    let no_cuda = "this build has no CUDA: build it with `cargo build --release --features cuda`, which needs the \
                   CUDA toolkit, or choose --device cpu";
    Err(EngineError::Device(no_cuda.to_owned()))
}

/// Trains with this learner, if there is one.
fn run(
    job: Job,
    learner: Result<impl Learner, EngineError>,
    device: DeviceFacts,
    parameters: usize,
    post: &mut Post<impl Listener>,
) {
    let learner = match learner {
        Ok(learner) => learner,
        Err(error) => {
            let _ = post.ready.send(Err(error));
            return;
        }
    };
    // Nobody to tell means nobody to train for: the command channel is gone as well, which ends the run below.
    let _ = post.ready.send(Ok(()));
    let wishes = Wishes {
        pace: job.pace,
        evaluate_untrained: job.evaluate_untrained,
        look: job.look,
        save_every: job.save_every,
    };
    let (checkpoint, epochs) = job.past.map(|past| (past.checkpoint, past.epochs)).unzip();
    let started = Started {
        settings: job.settings.clone(),
        device: device.words,
        gpu: device.gpu,
        parameters,
        train_images: job.dataset.train.len(),
        test_images: job.dataset.test.len(),
        run: job.run,
        past: epochs.unwrap_or_default(),
        past_steps: checkpoint.as_ref().map_or(0, Checkpoint::step),
    };
    let trainer = Trainer::new(learner, job.dataset, job.settings);
    worker::run(trainer, checkpoint.as_ref(), started, &wishes, post.commands, post.listener);
}

/// Weights and biases of the network that these settings ask for.
///
/// # Errors
/// [`EngineError::Setting`] when one of the settings is none to train with.
fn parameters(settings: &Settings) -> Result<usize, EngineError> {
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
    let outputs = settings.hidden.iter().copied().chain([CLASSES]);
    let inputs = [PIXELS].into_iter().chain(settings.hidden.iter().copied());
    let parameters = inputs.zip(outputs).try_fold(0_usize, |sum, (inputs, outputs)| {
        inputs.checked_add(1)?.checked_mul(outputs)?.checked_add(sum).filter(|&sum| sum <= MOST_PARAMETERS)
    });
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
        .unwrap_or_else(|| "without a word".to_owned())
}
