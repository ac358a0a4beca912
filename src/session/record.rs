//! The thread that writes a run's files: reports, figures and checkpoints in, and out of it word of what is on the
//! disk. What is in the files is for `run` to say.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
        mpsc::Receiver,
    },
    time::Instant,
};

use super::hub::Emitter;
use crate::{
    engine::{self, Checkpoint},
    protocol::{BatchRecord, Report},
    run::{Kept, Recorder, RunError, Timestamp, events::histogram_tag, files},
};

/// Messages that may wait for the disk. Past it training waits too, for each may be a checkpoint of any size.
pub(super) const QUEUE: usize = 4;

/// What the recorder's thread is handed.
pub(super) enum ToRecord {
    Report(Report),
    Figures(Vec<BatchRecord>),
    Checkpoint(Checkpoint),
    /// What is to be done once all before it is written.
    Then(Box<dyn FnOnce() + Send>),
}

/// What it takes to write a checkpoint, which the recorder's thread learns and the trainer's has to know.
#[derive(Debug, Default)]
pub(super) struct SavingCost {
    /// Checkpoints that are not written yet.
    pub waiting: AtomicU32,
    pub nanoseconds: AtomicU64,
    /// Whether none can be written any more.
    pub is_lost: AtomicBool,
}

/// A recorder, and the digest of its run's data set.
pub(super) type Recording = Result<(Recorder, String), RunError>;

/// What a checkpoint holds.
pub(super) fn on_disk(checkpoint: &Checkpoint) -> Kept {
    Kept { step: checkpoint.step(), epoch: checkpoint.epochs_done() }
}

fn not_saved(error: &impl ToString) -> Report {
    Report::NotSaved { reason: format!("not saved: {}", error.to_string()) }
}

/// The recorder's thread: writes what comes, in its order, and reports what could not be written. Where it cannot go
/// on, also for a bug of its own, it reports that, and once more for each checkpoint that was to be kept.
pub(super) fn record(
    begin: impl FnOnce() -> Recording,
    epochs_done: u32,
    messages: &Receiver<ToRecord>,
    cost: &SavingCost,
    emitter: &Emitter,
) {
    let written = catch_unwind(AssertUnwindSafe(|| write(begin, epochs_done, messages, cost, emitter)));
    let error = match written {
        Ok(Ok(())) => return,
        Ok(Err(error)) => not_saved(&error),
        Err(panic) => not_saved(&format!(
            "a bug in fitroom, the recorder panicked: {}; what is on the disk stays as it was last saved, and \
             --resume continues from there",
            engine::words(panic.as_ref())
        )),
    };
    cost.is_lost.store(true, Ordering::Relaxed);
    emitter.emit(error.clone());
    let asked = messages.iter().filter(|message| matches!(message, ToRecord::Checkpoint(_)));
    asked.for_each(|_| emitter.emit(error.clone()));
}

/// Writes what comes until nothing more does.
///
/// # Errors
/// When the run's files cannot be begun. What cannot be written of them later is reported.
fn write(
    begin: impl FnOnce() -> Recording,
    epochs_done: u32,
    messages: &Receiver<ToRecord>,
    cost: &SavingCost,
    emitter: &Emitter,
) -> Result<(), RunError> {
    let mut histograms_of = epochs_done;
    let (mut recorder, digest) = begin()?;
    for message in messages {
        let written = match message {
            ToRecord::Report(report) => recorder.record(&report, Timestamp::now()),
            ToRecord::Then(act) => {
                act();
                Ok(())
            }
            ToRecord::Figures(figures) => recorder.batches(&figures, Timestamp::now()),
            ToRecord::Checkpoint(checkpoint) => {
                let start = Instant::now();
                let kept = keep(&mut recorder, &checkpoint, &digest, &mut histograms_of);
                let nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                cost.nanoseconds.store(nanoseconds, Ordering::Relaxed);
                cost.waiting.fetch_sub(1, Ordering::Relaxed);
                if kept.is_ok() {
                    emitter.emit(Report::Saved { step: checkpoint.step() });
                }
                kept
            }
        };
        if let Err(error) = written {
            emitter.emit(not_saved(&error));
        }
    }
    if let Err(error) = recorder.close(Timestamp::now()) {
        emitter.emit(not_saved(&error));
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

/// The values of every parameter under its tag.
fn variables(checkpoint: &Checkpoint) -> Vec<(String, Vec<f32>)> {
    checkpoint.variables().map(|(variable, values)| (histogram_tag(&variable), values.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, mpsc::sync_channel},
        thread,
    };

    use super::*;
    use crate::{
        engine::{Job, Listener},
        fashion::{Dataset, FASHION_NAMES},
        protocol::samples,
        session::{hub::Hub, meter::Watch, relay::Relay},
        settings::{DeviceChoice, Settings},
    };

    /// A run of two batches.
    fn job() -> Job {
        let images = samples::dataset();
        let dataset = Dataset::new(images.train.head(64), images.test.head(10), FASHION_NAMES);
        let settings = Settings { epochs: 1, hidden: vec![8], device: DeviceChoice::Cpu, ..Settings::default() };
        Job::new(settings, Arc::new(dataset))
    }

    #[test]
    fn a_recorder_that_panics_is_reported_as_a_bug_and_once_more_for_a_checkpoint_and_nobody_waits_for_it() {
        let (sender, messages) = sync_channel(QUEUE);
        let (hub, emitter) = Hub::new(false);
        let (_seat, mut reports) = hub.join();
        let cost = Arc::new(SavingCost::default());
        let theirs = Arc::clone(&cost);
        let their_emitter = emitter.clone();
        let recorder = thread::spawn(move || {
            let begin = || panic!("a bucket without a bottom");
            record(begin, 0, &messages, &theirs, &their_emitter);
        });
        let Some(Report::NotSaved { reason }) = reports.wait() else { panic!("it says what is not saved") };
        assert!(
            reason.starts_with("not saved: a bug in fitroom, the recorder panicked: a bucket without a bottom"),
            "{reason}"
        );
        let mut relay = Relay {
            emitter,
            recorder: Some(sender),
            cost,
            device_before: None,
            past: None,
            shows_predictions: false,
            at_end: None,
            watch: Watch::default(),
        };
        assert_eq!(relay.cost_of_keeping(), None, "a checkpoint that cannot be kept is made");
        // More than wait for the disk.
        for _ in 0..3 * QUEUE {
            relay.report(Report::Finished);
        }
        // Its last epoch is to be kept.
        let worker = engine::spawn(job(), relay).expect("the CPU is there");
        assert!(std::iter::from_fn(|| reports.wait()).any(|report| report == Report::Evaluating { epoch: 1 }));
        worker.stop().expect("it does not panic");
        recorder.join().expect("the panic is reported, and no more");
        hub.close();
        let not_saved =
            std::iter::from_fn(|| reports.wait()).filter(|report| matches!(report, Report::NotSaved { .. }));
        assert_eq!(not_saved.collect::<Vec<_>>(), [Report::NotSaved { reason }]);
    }
}
