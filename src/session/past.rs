//! What a run did before, as its directory has it: the reports that somebody would have got who had looked on from the
//! beginning. Changes nothing there.

use crate::{
    metrics::{Spans, merged_mean},
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
    let spans: Spans<BatchRecord> =
        spans.into_iter().map(|line| line.record).filter(|record| record.step <= steps).collect();
    let per_epoch = started.steps_per_epoch();
    let mut spans = batches_of(spans.into_vec(), per_epoch).into_iter().peekable();
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
fn batches_of(spans: Vec<BatchRecord>, per_epoch: u64) -> Vec<Batch> {
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
            spans: vec![span],
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
    let EpochRecord { epoch, step, loss, accuracy, .. } = *record;
    Batch {
        epoch,
        step_in_epoch: per_epoch,
        step,
        spans: vec![BatchRecord { epoch, step, steps: step.saturating_sub(from), loss, accuracy }],
        epoch_loss: record.loss,
        epoch_accuracy: record.accuracy,
        seconds: record.seconds,
        images_per_second: record.images_per_second,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::protocol::samples;

    /// A run's directory with these files in it.
    fn run_of(files: &[(&str, String)]) -> (tempfile::TempDir, Run) {
        let directory = tempfile::tempdir().expect("there is room");
        fs::write(directory.path().join("run.json"), "{}").expect("there is room");
        for (name, text) in files {
            fs::write(directory.path().join(name), text).expect("there is room");
        }
        let run = Run::open(directory.path()).expect("it has a run.json");
        (directory, run)
    }

    fn span(epoch: u32, step: u64, steps: u64, loss: f64) -> String {
        let time = "2026-11-27T00:00:00Z";
        let figures = format!("\"epoch\":{epoch},\"step\":{step},\"steps\":{steps},\"loss\":{loss},\"accuracy\":0.5");
        format!("{{{figures},\"time\":\"{time}\"}}\n")
    }

    fn started(epochs: u32, past_steps: u64) -> Started {
        Started { past: (1..=epochs).map(samples::record).collect(), past_steps, ..samples::started() }
    }

    /// The kinds of reports with their steps.
    fn order(reports: &[Report]) -> Vec<(char, u64)> {
        let kind = |report: &Report| match report {
            Report::Batch(batch) => ('b', batch.step),
            Report::Epoch { record, .. } => ('e', record.step),
            other => panic!("{other:?}"),
        };
        reports.iter().map(kind).collect()
    }

    #[test]
    fn batches_come_before_their_epoch_s_end_with_the_running_means_of_their_epoch() {
        let text = [span(1, 1000, 1000, 1.0), span(1, 1875, 875, 0.5), span(2, 2000, 125, 0.25)].concat();
        let (_directory, run) = run_of(&[("batches.jsonl", text)]);
        let reports = reports(&run, &started(1, 2000), true);
        assert_eq!(order(&reports), [('b', 1000), ('b', 1875), ('e', 1875), ('b', 2000)]);
        let Report::Batch(second) = &reports[1] else { panic!("a batch") };
        assert_eq!((second.epoch, second.step_in_epoch, second.spans[0].steps), (1, 1875, 875));
        assert!((second.epoch_loss - (1000.0 + 875.0 * 0.5) / 1875.0).abs() < 1e-12, "{}", second.epoch_loss);
        assert!((second.seconds - samples::record(1).seconds).abs() < 1e-12, "the whole epoch's");
        let Report::Batch(third) = &reports[3] else { panic!("a batch") };
        assert_eq!((third.epoch, third.step_in_epoch), (2, 125));
        assert!((third.epoch_loss - 0.25).abs() < 1e-12, "an epoch has means of its own");
    }

    #[test]
    fn what_is_after_the_checkpoint_is_left_out() {
        let text = [span(1, 1875, 1875, 1.0), span(2, 3750, 1875, 0.5)].concat();
        let (_directory, run) = run_of(&[("batches.jsonl", text)]);
        assert_eq!(order(&reports(&run, &started(2, 1875), true)), [('b', 1875), ('e', 1875)]);
    }

    #[test]
    fn an_epoch_of_which_no_batch_is_kept_is_one_batch() {
        let (_directory, run) = run_of(&[]);
        let reports = reports(&run, &started(2, 3750), true);
        assert_eq!(order(&reports), [('b', 1875), ('e', 1875), ('b', 3750), ('e', 3750)]);
        let Report::Batch(second) = &reports[2] else { panic!("a batch") };
        assert_eq!((second.spans[0].steps, second.step_in_epoch), (1875, 1875));
    }
}
