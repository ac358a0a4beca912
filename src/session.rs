//! A training and the directory of its run: begins a run or goes on with one, and writes what its training reports, on a
//! thread of its own. Knows neither screens nor lines of text.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use color_eyre::eyre::{Report as Error, Result, WrapErr, bail, eyre};

use crate::{
    cli::{Keeping, Training},
    engine::{self, Checkpoint, Job, Listener, Past, Worker},
    fashion::{Dataset, Source},
    machine::Meter,
    printable,
    protocol::{BatchRecord, Command, OtherRun, Report, Usage},
    run::{
        DatasetFacts, Facts, Kept as OnDisk, Lock, NewRun, Recorder, Run, RunError, Runs, Timestamp,
        events::histogram_tag, files, metrics,
    },
    settings::Settings,
};

/// How often the device's meter is read.
const METER_INTERVAL: Duration = Duration::from_secs(1);
/// Messages that may wait for the disk. Past it training waits too, for each may be a checkpoint of any size.
const QUEUE: usize = 4;

/// What to train, on what, and where to keep it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What defines the run.
    pub settings: Settings,
    /// Where the images come from.
    pub source: Source,
    /// Train at most this many steps a second.
    pub pace: Option<f64>,
    /// Save so often while an epoch lasts.
    pub save_every: Option<Duration>,
    /// Where runs are kept, whether this one is or not.
    pub runs: Runs,
    /// What whoever asks for it should know of it, a sentence each.
    notes: Vec<String>,
    keeping: Kept,
}

/// What becomes of a run on the disk.
#[derive(Clone, Debug)]
enum Kept {
    Nowhere,
    New { runs: Runs, name: Option<OsString> },
    GoOn(Run),
}

impl Plan {
    /// What the command line asks for. Of a run that it goes on with, the settings and the data set are the run's.
    ///
    /// # Errors
    /// When there is no such run, it cannot be continued, or it was begun with other settings than asked for.
    pub fn new(training: &Training, keeping: &Keeping) -> Result<Self> {
        let runs = Runs::new(&keeping.runs);
        if let Some(asked) = &keeping.resume {
            let (run, note) = runs.find_kept(asked.as_deref())?;
            return Self::again(training, keeping, runs, run, note);
        }
        let (settings, source) = (training.settings(), training.source());
        let (pace, save_every) = (training.pace, keeping.interval());
        let new = Kept::New { runs: runs.clone(), name: keeping.run.clone() };
        let keeping = if keeping.no_save { Kept::Nowhere } else { new };
        Ok(Self { settings, source, pace, save_every, runs, notes: Vec::new(), keeping })
    }

    /// To go on with this run.
    fn again(training: &Training, keeping: &Keeping, runs: Runs, run: Run, note: Option<String>) -> Result<Self> {
        let facts = run.facts()?;
        let name = run.shown_name();
        let settings = training.settings_of(&facts.settings).and_then(|settings| same_threads(&facts, settings));
        let settings = settings.map_err(|differs| {
            eyre!("the run {name} {differs}: leave the option out to go on with the run, or begin another")
        })?;
        let mut notes: Vec<String> = note.into_iter().collect();
        if !run.has_checkpoint() {
            if facts.kept.is_some() {
                let path = run.checkpoint_path();
                bail!(
                    "the run {name} was saved, but its checkpoint is missing: expected {}; put it back, or begin \
                     another run",
                    printable::path(&path)
                );
            }
            notes.push(format!("the run {name} was ended before its first checkpoint: it begins again at step 0"));
        }
        let directory = facts.dataset.directory.map_or(Source::Embedded, Source::Directory);
        let source = training.data.clone().map_or(directory, Source::Directory);
        let (pace, save_every) = (training.pace, keeping.interval());
        Ok(Self { settings, source, pace, save_every, runs, notes, keeping: Kept::GoOn(run) })
    }
}

/// These settings of a run that goes on, if they ask for as many threads as it was begun with: the weights depend on
/// them.
fn same_threads(facts: &Facts, settings: Settings) -> Result<Settings, String> {
    let (Some(theirs), Some(asked)) = (facts.settings.threads, settings.threads) else { return Ok(settings) };
    if asked == theirs || engine::threads(&settings) == theirs.get() {
        return Ok(Settings { threads: Some(theirs), ..settings });
    }
    Err(format!("was begun with --threads {theirs}, and cannot go on with {asked}"))
}

/// The figures of all runs that can be read, newest first, to be compared with.
///
/// # Errors
/// When the directory of all runs cannot be read.
pub fn figures(runs: &Runs) -> Result<Vec<OtherRun>> {
    let readable = runs.list()?.into_iter().filter_map(|listed| {
        let (facts, _) = listed.facts.ok()?;
        let (name, epochs) = (listed.run.shown_name(), listed.run.metrics().ok()?);
        Some(OtherRun { name, settings: facts.settings, epochs })
    });
    Ok(readable.collect())
}

/// A run that trains, and is kept if it is to be. Dropping it stops the training and waits until all is on the disk.
#[derive(Debug)]
pub struct Session {
    worker: Option<Worker>,
    recorder: Option<JoinHandle<()>>,
}

/// What the recorder's thread is told.
enum Message {
    Report(Report),
    Figures(BatchRecord),
    Checkpoint(Checkpoint),
}

/// What it takes to write a checkpoint, which the recorder's thread learns and the trainer's has to know.
#[derive(Debug, Default)]
struct Cost {
    /// Checkpoints that are not written yet.
    waiting: AtomicU32,
    nanoseconds: AtomicU64,
    /// Whether none can be written any more.
    is_lost: AtomicBool,
}

/// Hands on what happens to whoever looks on, and to the recorder.
struct Relay<E> {
    emit: E,
    recorder: Option<SyncSender<Message>>,
    cost: Arc<Cost>,
    /// The device that trained before, in words.
    device_before: Option<String>,
    /// Shared with the thread that reads the meter, which ends when this is gone.
    device: Arc<Mutex<Device>>,
}

/// What the device does.
#[derive(Debug, Default)]
struct Device {
    at_work: bool,
    usage: Option<Usage>,
}

impl<E: FnMut(Report) + Clone + Send + 'static> Relay<E> {
    /// Follows what the device does.
    fn watch(&self, report: &Report) {
        let mut device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        match report {
            Report::Started(started) => {
                device.at_work = true;
                let (gpu, device, emit) = (started.gpu, Arc::downgrade(&self.device), self.emit.clone());
                // Without a thread there is nothing to be read of the device, which is no loss to the training.
                let _ = thread::Builder::new()
                    .name("meter".to_owned())
                    .spawn(move || read_meter(Meter::new(gpu), &device, emit));
            }
            Report::Resumed => device.at_work = true,
            Report::Paused | Report::Finished | Report::Failed { .. } => device.at_work = false,
            Report::Epoch { .. } => self.record(device.usage.take().map(Report::Usage)),
            _ => {}
        }
    }

    /// What there is to be said of a run that goes on elsewhere than where it was.
    fn note(&mut self, report: &Report) -> Option<String> {
        let Report::Started(started) = report else { return None };
        let before = self.device_before.take()?;
        // Without the number of threads and the like.
        let name = |words: &str| words.split([',', '(']).next().unwrap_or_default().trim().to_owned();
        (name(&before) != name(&started.device)).then(|| {
            let now = &started.device;
            format!(
                "the run was trained on {before} and continues on {now}: its weights will differ from those of a run \
                 that stays on one device"
            )
        })
    }

    /// Tells the recorder, if there is one.
    fn record(&self, report: Option<Report>) {
        if let (Some(recorder), Some(report)) = (&self.recorder, report) {
            // It listens to the end, unless the session could not begin, which is told by then.
            let _ = recorder.send(Message::Report(report));
        }
    }
}

/// Reports how busy the device is, once a second while it is at work, until nobody trains any longer.
fn read_meter(mut meter: Meter, device: &Weak<Mutex<Device>>, mut emit: impl FnMut(Report)) {
    // The first reading is what the later ones are compared with.
    let _ = meter.read();
    loop {
        thread::sleep(METER_INTERVAL);
        let Some(device) = device.upgrade() else { return };
        let mut device = device.lock().unwrap_or_else(PoisonError::into_inner);
        if device.at_work
            && let Some(usage) = meter.read()
        {
            device.usage = Some(usage.clone());
            drop(device);
            emit(Report::Usage(usage));
        }
    }
}

impl<E: FnMut(Report) + Clone + Send + 'static> Listener for Relay<E> {
    fn report(&mut self, report: Report) {
        self.watch(&report);
        self.record(for_the_files(&report));
        let note = self.note(&report);
        (self.emit)(report);
        if let Some(text) = note {
            (self.emit)(Report::Note { text });
        }
    }

    fn keeps(&self) -> bool {
        self.recorder.is_some()
    }

    fn cost_of_keeping(&self) -> Option<Duration> {
        let Cost { waiting, nanoseconds, is_lost } = &*self.cost;
        let is_free = waiting.load(Ordering::Relaxed) == 0 && !is_lost.load(Ordering::Relaxed);
        is_free.then(|| Duration::from_nanos(nanoseconds.load(Ordering::Relaxed)))
    }

    fn keep_figures(&mut self, figures: BatchRecord) {
        if let Some(recorder) = &self.recorder {
            let _ = recorder.send(Message::Figures(figures));
        }
    }

    fn keep(&mut self, checkpoint: Checkpoint) {
        if let Some(recorder) = &self.recorder {
            self.cost.waiting.fetch_add(1, Ordering::Relaxed);
            let _ = recorder.send(Message::Checkpoint(checkpoint));
        }
    }
}

/// What of a report goes into files.
fn for_the_files(report: &Report) -> Option<Report> {
    match report {
        Report::Epoch { record, .. } => Some(Report::Epoch { record: *record, predictions: Vec::new() }),
        Report::Started(_) | Report::Finished | Report::Failed { .. } => Some(report.clone()),
        _ => None,
    }
}

impl Session {
    /// Begins to train. `evaluate_untrained`: whether to report every test image's prediction before the first step.
    ///
    /// # Errors
    /// When the run's name is taken, its directory cannot be written, what is to go on does not fit together, or
    /// training cannot start.
    pub fn start(
        plan: Plan,
        dataset: Arc<Dataset>,
        evaluate_untrained: bool,
        mut emit: impl FnMut(Report) + Clone + Send + 'static,
    ) -> Result<Self> {
        let mut job = Job::new(plan.settings, dataset);
        job.pace = plan.pace;
        job.save_every = plan.save_every;
        job.evaluate_untrained = evaluate_untrained;
        let opened = match plan.keeping {
            Kept::Nowhere => None,
            Kept::New { runs, name } => {
                let created = runs.create(name.as_deref(), Timestamp::now()).map_err(with_advice)?;
                Some(Opened::new(created, &job, plan.source))
            }
            Kept::GoOn(run) => {
                let (opened, past) = Opened::again(run, &job, &plan.source)?;
                if let Some(text) = past.as_ref().and_then(missing_figures) {
                    emit(Report::Note { text });
                }
                job.past = past;
                Some(opened)
            }
        };
        job.run = opened.as_ref().map(|opened| opened.run().shown_name());
        let (recorder, messages) = opened.as_ref().map(|_| sync_channel(QUEUE)).unzip();
        let device_before = opened.as_ref().and_then(|opened| opened.run().facts().ok()?.device);
        let cost = Arc::new(Cost::default());
        let relay =
            Relay { emit: emit.clone(), recorder, cost: Arc::clone(&cost), device_before, device: Arc::default() };
        let worker = match engine::spawn(job, relay) {
            Ok(worker) => Some(worker),
            Err(error) => {
                if let Some(Opened::New { new, .. }) = opened {
                    new.give_up();
                }
                return Err(error).wrap_err("cannot start training");
            }
        };
        plan.notes.into_iter().for_each(|text| emit(Report::Note { text }));
        // Only where something trains is a run's directory written.
        let recorder = opened.zip(messages).map(|(opened, messages)| opened.write(messages, cost, emit)).transpose()?;
        Ok(Self { worker, recorder })
    }

    /// Asks something of the training. One that has ended tells so by its reports.
    pub fn send(&self, command: Command) {
        if let Some(worker) = &self.worker {
            let _ = worker.send(command);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            // A worker that panicked has reported it.
            let _ = worker.stop();
        }
        if let Some(recorder) = self.recorder.take() {
            // A recorder that panicked has reported it.
            let _ = recorder.join();
        }
    }
}

/// A run's directory that is about to be written, and held against other programs.
enum Opened {
    New { new: NewRun, settings: Settings, dataset: Arc<Dataset>, source: Source },
    Again { run: Run, lock: Lock, digest: String, kept: Option<OnDisk> },
}

/// A recorder, and the digest of its run's data set.
type Recording = Result<(Recorder, String), RunError>;

impl Opened {
    fn new(new: NewRun, job: &Job, source: Source) -> Self {
        Self::New { new, settings: job.settings.clone(), dataset: Arc::clone(&job.dataset), source }
    }

    /// A run to go on with, and what it did before; `None` when it was ended before its first checkpoint.
    fn again(run: Run, job: &Job, source: &Source) -> Result<(Self, Option<Past>)> {
        let facts = DatasetFacts::new(&job.dataset, source);
        let lock = run.hold(&facts)?;
        let checkpoint = if run.has_checkpoint() {
            let path = run.checkpoint_path();
            let checkpoint = checkpoint(&files::read(&path)?, job, &facts.sha256);
            Some(checkpoint.wrap_err_with(|| format!("cannot go on from {}", printable::path(&path)))?)
        } else {
            None
        };
        if let Some(epoch) = checkpoint.as_ref().map(Checkpoint::epoch).filter(|epoch| *epoch > job.settings.epochs) {
            let (name, asked) = (run.shown_name(), job.settings.epochs);
            bail!("the run {name} is in epoch {epoch} and cannot end after {asked}: --epochs can be raised only");
        }
        let kept = checkpoint.as_ref().map(on_disk);
        let epochs = metrics::read_first(&run.metrics_path(), kept.map_or(0, |kept| kept.epoch))?;
        let past = checkpoint.map(|checkpoint| Past { checkpoint, epochs });
        Ok((Self::Again { run, lock, digest: facts.sha256, kept }, past))
    }

    fn run(&self) -> &Run {
        match self {
            Self::New { new, .. } => new.run(),
            Self::Again { run, .. } => run,
        }
    }

    /// Writes the run's files on a thread of its own, as these messages come.
    ///
    /// # Errors
    /// When the files of a run to go on with cannot be written. Those of a new one are left to the thread, and the digest
    /// of its data set, so that training need not wait for it.
    fn write(
        self,
        messages: Receiver<Message>,
        cost: Arc<Cost>,
        emit: impl FnMut(Report) + Send + 'static,
    ) -> Result<JoinHandle<()>> {
        let (epochs_done, begin): (_, Box<dyn FnOnce() -> Recording + Send>) = match self {
            Self::New { new, settings, dataset, source } => {
                let begin = move || {
                    let facts = DatasetFacts::new(&dataset, &source);
                    let digest = facts.sha256.clone();
                    Ok((Recorder::create(new, settings, facts, Timestamp::now())?, digest))
                };
                (0, Box::new(begin))
            }
            Self::Again { run, lock, digest, kept } => {
                let recorder = Recorder::resume(run, lock, kept, Timestamp::now())?;
                (kept.map_or(0, |kept| kept.epoch), Box::new(move || Ok((recorder, digest))))
            }
        };
        let thread = thread::Builder::new().name("recorder".to_owned());
        thread.spawn(move || record(begin, epochs_done, &messages, &cost, emit)).wrap_err("cannot start a thread")
    }
}

fn checkpoint(bytes: &[u8], job: &Job, digest: &str) -> Result<Checkpoint> {
    let checkpoint = Checkpoint::from_bytes(bytes)?;
    checkpoint.check(&job.settings, digest)?;
    Ok(checkpoint)
}

/// What a checkpoint holds.
fn on_disk(checkpoint: &Checkpoint) -> OnDisk {
    OnDisk { step: checkpoint.step(), epoch: checkpoint.epochs_done() }
}

/// Says what to do about a directory that cannot be written.
fn with_advice(error: RunError) -> Error {
    match error {
        RunError::File(error) => {
            eyre!("{error}; choose another directory with --runs, or train without keeping the run with --no-save")
        }
        error => error.into(),
    }
}

/// Which of the epochs that were trained before have lost their figures, in words; `None` where none has.
fn missing_figures(past: &Past) -> Option<String> {
    let done = past.checkpoint.epochs_done();
    let known: BTreeSet<u32> = past.epochs.iter().map(|record| record.epoch).collect();
    let missing: Vec<String> =
        (1..=done).filter(|epoch| !known.contains(epoch)).map(|epoch| epoch.to_string()).collect();
    let (first, last) = (missing.first()?, missing.last()?);
    let which = if missing.len() == 1 {
        format!("epoch {first}")
    } else {
        format!("{} epochs between {first} and {last}", missing.len())
    };
    Some(format!(
        "metrics.jsonl has no line of {which}, which the checkpoint has: their figures are lost, the training is not"
    ))
}

fn not_saved(error: &impl ToString) -> Report {
    Report::NotSaved { reason: format!("not saved: {}", error.to_string()) }
}

/// The recorder's thread: writes what comes, in its order, and tells what could not be written. Where it cannot go on,
/// also for a bug of its own, that is told, and once more to whoever has a checkpoint to be kept.
fn record(
    begin: impl FnOnce() -> Recording,
    epochs_done: u32,
    messages: &Receiver<Message>,
    cost: &Cost,
    mut emit: impl FnMut(Report),
) {
    let written = catch_unwind(AssertUnwindSafe(|| write(begin, epochs_done, messages, cost, &mut emit)));
    let error = match written {
        Ok(Ok(())) => return,
        Ok(Err(error)) => not_saved(&error),
        Err(panic) => not_saved(&format!(
            "a bug in fitroom, the recorder panicked: {}; what is on the disk stays as it was last saved, and \
             --resume goes on from there",
            engine::words(panic.as_ref())
        )),
    };
    cost.is_lost.store(true, Ordering::Relaxed);
    emit(error.clone());
    let asked = messages.iter().filter(|message| matches!(message, Message::Checkpoint(_)));
    asked.for_each(|_| emit(error.clone()));
}

/// Writes what comes until nothing more does.
///
/// # Errors
/// When the run's files cannot be begun. What cannot be written of them later is told.
fn write(
    begin: impl FnOnce() -> Recording,
    epochs_done: u32,
    messages: &Receiver<Message>,
    cost: &Cost,
    mut emit: impl FnMut(Report),
) -> Result<(), RunError> {
    let mut histograms_of = epochs_done;
    let (mut recorder, digest) = begin()?;
    for message in messages {
        let written = match message {
            Message::Report(report) => recorder.record(&report, Timestamp::now()),
            Message::Figures(figures) => recorder.batches(figures, Timestamp::now()),
            Message::Checkpoint(checkpoint) => {
                let start = Instant::now();
                let kept = keep(&mut recorder, &checkpoint, &digest, &mut histograms_of);
                let nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                cost.nanoseconds.store(nanoseconds, Ordering::Relaxed);
                cost.waiting.fetch_sub(1, Ordering::Relaxed);
                if kept.is_ok() {
                    emit(Report::Saved { step: checkpoint.step() });
                }
                kept
            }
        };
        if let Err(error) = written {
            emit(not_saved(&error));
        }
    }
    if let Err(error) = recorder.close(Timestamp::now()) {
        emit(not_saved(&error));
    }
    Ok(())
}

/// Writes a checkpoint, and with an epoch's first one the histograms of what the epoch made of the network.
fn keep(
    recorder: &mut Recorder,
    checkpoint: &Checkpoint,
    digest: &str,
    histograms_of: &mut u32,
) -> Result<(), RunError> {
    let epoch = checkpoint.epochs_done();
    let mut histograms = Ok(());
    if epoch > *histograms_of {
        *histograms_of = epoch;
        histograms = recorder.histograms(epoch, &variables(checkpoint), Timestamp::now());
    }
    let bytes = checkpoint.to_bytes(digest);
    recorder.keep(on_disk(checkpoint), Timestamp::now(), |path| {
        files::replace_with(path, |file| io::Write::write_all(file, &bytes.map_err(io::Error::other)?))
    })?;
    // A checkpoint is worth more than a picture of it.
    histograms
}

/// Every weight and bias under its tag.
fn variables(checkpoint: &Checkpoint) -> Vec<(String, Vec<f32>)> {
    let layers = checkpoint.parameters().enumerate();
    layers
        .flat_map(|(number, (weight, bias))| {
            let tagged = |kind, values: &[f32]| (histogram_tag(number, kind), values.to_vec());
            [tagged("bias", bias), tagged("kernel", weight)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Listener;

    #[test]
    fn a_recorder_that_panics_is_told_as_a_bug_and_what_comes_after_it_is_not_waited_for() {
        let (sender, messages) = sync_channel(QUEUE);
        let (emit, emitted) = std::sync::mpsc::channel();
        let cost = Arc::new(Cost::default());
        let theirs = Arc::clone(&cost);
        let tell = emit.clone();
        let recorder = thread::spawn(move || {
            let begin = || panic!("a bucket without a bottom");
            record(begin, 0, &messages, &theirs, move |report| drop(tell.send(report)));
        });
        let Report::NotSaved { reason } = emitted.recv().unwrap() else { panic!("it is told what is not saved") };
        assert!(
            reason.starts_with("not saved: a bug in fitroom, the recorder panicked: a bucket without a bottom"),
            "{reason}"
        );
        let mut relay = Relay {
            emit: move |report| drop(emit.send(report)),
            recorder: Some(sender),
            cost,
            device_before: None,
            device: Arc::default(),
        };
        assert_eq!(relay.cost_of_keeping(), None, "a checkpoint that cannot be kept is made");
        // More than wait for the disk.
        for _ in 0..3 * QUEUE {
            relay.report(Report::Finished);
        }
        drop(relay);
        recorder.join().expect("the panic is told, and no more");
        assert_eq!(emitted.iter().filter(|report| matches!(report, Report::NotSaved { .. })).count(), 0);
    }
}
