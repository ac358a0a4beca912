//! What the trainer's thread hands its reports and checkpoints to: they go on to whoever looks on, and to the recorder.

use std::{
    sync::{Arc, atomic::Ordering, mpsc::SyncSender},
    time::Duration,
};

use super::{
    at_end::AtEnd,
    hub::Emitter,
    meter::Watch,
    past,
    record::{SavingCost, ToRecord},
};
use crate::{
    engine::{Checkpoint, Listener},
    protocol::{BatchRecord, Report, Started},
    run::Run,
};

/// Hands on what happens to whoever looks on, and to the recorder.
pub(super) struct Relay {
    pub emitter: Emitter,
    pub recorder: Option<SyncSender<ToRecord>>,
    pub cost: Arc<SavingCost>,
    /// The device that trained before, in words.
    pub device_before: Option<String>,
    /// The run's directory, until it was read for what the run did before.
    pub past: Option<Run>,
    /// Whether who looks on here shows predictions; others read those of the past themselves.
    pub shows_predictions: bool,
    /// What is run once the training has ended.
    pub at_end: Option<AtEnd>,
    pub watch: Watch,
}

impl Relay {
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

    /// What happened to a run that goes on before it did, once.
    fn past_of(&mut self, started: &Started) -> Vec<Report> {
        let run = self.past.take().filter(|_| started.past_steps > 0);
        run.map(|run| past::reports(&run, started, self.shows_predictions)).unwrap_or_default()
    }

    /// Lets the command for the end follow the training. Once that has ended by itself it is run, after all is on the
    /// disk; a dashboard, which stays open, is told where it fails.
    fn follow_to_the_end(&self, report: &Report) {
        let Some(at_end) = &self.at_end else { return };
        at_end.follow(report);
        if !matches!(report, Report::Finished | Report::Failed { .. }) {
            return;
        }
        let (at_end, emitter) = (at_end.clone(), self.emitter.clone());
        let is_told = self.shows_predictions;
        let run = move || {
            at_end.run(move |failure| {
                if is_told {
                    emitter.emit(Report::Note { text: failure.to_owned() });
                }
            });
        };
        match &self.recorder {
            // Where it does not listen any more the command is run when the run is closed.
            Some(recorder) => drop(recorder.send(ToRecord::Then(Box::new(run)))),
            None => run(),
        }
    }

    /// Hands a report to the recorder, if there is one.
    fn record(&self, report: Option<Report>) {
        if let (Some(recorder), Some(report)) = (&self.recorder, report) {
            // It listens to the end, unless the session could not begin, which is reported by then.
            let _ = recorder.send(ToRecord::Report(report));
        }
    }
}

impl Listener for Relay {
    fn report(&mut self, report: Report) {
        self.watch.follow(&report, &self.emitter);
        if let Report::Epoch { .. } = report {
            self.record(self.watch.take_usage().map(Report::Usage));
        }
        self.record(for_the_files(&report));
        self.follow_to_the_end(&report);
        let note = self.note(&report);
        let past = if let Report::Started(started) = &report { self.past_of(started) } else { Vec::new() };
        self.emitter.emit(report);
        for report in past {
            self.emitter.emit(report);
        }
        if let Some(text) = note {
            self.emitter.emit(Report::Note { text });
        }
    }

    fn keeps(&self) -> bool {
        self.recorder.is_some()
    }

    fn cost_of_keeping(&self) -> Option<Duration> {
        let SavingCost { waiting, nanoseconds, is_lost } = &*self.cost;
        let is_free = waiting.load(Ordering::Relaxed) == 0 && !is_lost.load(Ordering::Relaxed);
        is_free.then(|| Duration::from_nanos(nanoseconds.load(Ordering::Relaxed)))
    }

    fn is_keeping(&self) -> bool {
        self.cost.waiting.load(Ordering::Relaxed) > 0 && !self.cost.is_lost.load(Ordering::Relaxed)
    }

    fn keep_figures(&mut self, figures: Vec<BatchRecord>) {
        if let Some(recorder) = &self.recorder {
            let _ = recorder.send(ToRecord::Figures(figures));
        }
    }

    fn keep(&mut self, checkpoint: Checkpoint) {
        if let Some(recorder) = &self.recorder {
            self.cost.waiting.fetch_add(1, Ordering::Relaxed);
            let _ = recorder.send(ToRecord::Checkpoint(checkpoint));
        }
    }
}

/// What of a report goes into files. The predictions in it are shared, not copied.
fn for_the_files(report: &Report) -> Option<Report> {
    match report {
        Report::Started(_)
        | Report::Untrained { .. }
        | Report::Epoch { .. }
        | Report::Finished
        | Report::Failed { .. } => Some(report.clone()),
        Report::Batch(_)
        // It comes from elsewhere, and goes into the files with an epoch's end.
        | Report::Usage(_)
        | Report::Prediction { .. }
        | Report::Attribution(_)
        | Report::Tiles(_)
        | Report::Paused
        | Report::Resumed
        | Report::Paced { .. }
        | Report::Evaluating { .. }
        | Report::Saved { .. }
        | Report::NotSaved { .. }
        | Report::Note { .. }
        | Report::Ended { .. }
        | Report::Replaying
        | Report::Silent => None,
    }
}
