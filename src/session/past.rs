//! What a run did before, as its directory has it: the reports that somebody would have got who had looked on from the
//! beginning. Changes nothing there.

use crate::{
    metrics::merged_mean,
    protocol::{Batch, BatchRecord, EpochRecord, Predictions, Report, Started},
    run::{Run, batches},
};

/// What happened to this run before it `started` again, or up to its end: batches and epochs, oldest first, with
/// predictions where they are shown. What cannot be read is left out; a run of an older program has no more than its
/// epochs' figures.
pub(super) fn reports(run: &Run, started: &Started, shows_predictions: bool) -> Vec<Report> {
    let (epochs, steps) = (&started.past, started.past_steps);
    let kept = |epoch| shows_predictions.then(|| predictions(run, epoch, started)).flatten();
    let spans = batches::read(&run.batches_path()).unwrap_or_default();
    let spans = spans.into_iter().map(|line| line.record).filter(|record| record.step <= steps);
    let per_epoch = started.steps_per_epoch();
    let mut spans = batches_of(spans, per_epoch).into_iter().peekable();
    let mut reports = Vec::new();
    if let Some(predictions) = kept(0) {
        reports.push(Report::Untrained { step: 0, predictions });
    }
    let mut from = 0;
    for record in epochs.iter().filter(|record| record.step <= steps) {
        let before = reports.len();
        while let Some(span) = spans.next_if(|span| span.step <= record.step) {
            reports.push(Report::Batch(with_speed(span, record)));
        }
        if reports.len() == before {
            // No batch of it is known, only the mean of all.
            reports.push(Report::Batch(whole(record, from, per_epoch)));
        }
        from = record.step;
        reports.push(Report::Epoch { record: *record, predictions: kept(record.epoch).unwrap_or_default() });
    }
    reports.extend(spans.map(Report::Batch));
    reports
}

/// The predictions after this epoch, if they are kept and are of so many images as the run's.
pub(super) fn predictions(run: &Run, epoch: u32, started: &Started) -> Option<Predictions> {
    let kept = run.predictions().read(epoch).ok()??;
    (kept.len() == started.test_images).then_some(kept)
}

/// Spans as they were reported, with the running means of their epochs.
fn batches_of(spans: impl Iterator<Item = BatchRecord>, per_epoch: u64) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for span in spans {
        let step_in_epoch = span.step.saturating_sub(u64::from(span.epoch.saturating_sub(1)) * per_epoch);
        let before = batches.last().filter(|batch| batch.epoch == span.epoch);
        let mean = |earlier: fn(&Batch) -> f64, newest: f64| {
            before.map_or(newest, |before| merged_mean((earlier(before), before.step_in_epoch), (newest, span.steps)))
        };
        batches.push(Batch {
            epoch: span.epoch,
            step_in_epoch,
            step: span.step,
            steps: span.steps,
            loss: span.loss,
            accuracy: span.accuracy,
            epoch_loss: mean(|batch| batch.epoch_loss, span.loss),
            epoch_accuracy: mean(|batch| batch.epoch_accuracy, span.accuracy),
            seconds: 0.0,
            images_per_second: 0.0,
        });
    }
    batches
}

/// A batch with its epoch's speed.
#[expect(clippy::cast_precision_loss, reason = "a share for the eye")]
fn with_speed(batch: Batch, record: &EpochRecord) -> Batch {
    let left = record.step.saturating_sub(batch.step);
    let share = batch.step_in_epoch as f64 / (batch.step_in_epoch + left).max(1) as f64;
    Batch { seconds: record.seconds * share, images_per_second: record.images_per_second, ..batch }
}

/// A whole epoch as one batch.
fn whole(record: &EpochRecord, from: u64, per_epoch: u64) -> Batch {
    Batch {
        epoch: record.epoch,
        step_in_epoch: per_epoch,
        step: record.step,
        steps: record.step.saturating_sub(from),
        loss: record.loss,
        accuracy: record.accuracy,
        epoch_loss: record.loss,
        epoch_accuracy: record.accuracy,
        seconds: record.seconds,
        images_per_second: record.images_per_second,
    }
}
