//! A run that this process trains.

use std::{
    sync::{Arc, mpsc::sync_channel},
    thread::JoinHandle,
};

use color_eyre::eyre::{Result, WrapErr};

use super::{
    at_end::AtEnd,
    directory::{OpenRun, missing_figures, with_advice},
    door::Door,
    hub::{Hub, HubSeat, Reports},
    meter::Watch,
    plan::{Destination, RunPlan},
    record::{QUEUE, SavingCost},
    relay::Relay,
};
use crate::{
    engine::{self, Demands, Job, Worker},
    fashion::Dataset,
    protocol::{Command, Report},
    run::{Run, Timestamp},
};

/// A run that trains, and is kept if it is to be. Dropping it stops the training and waits until all is on the disk.
#[derive(Debug)]
pub(super) struct LocalRun {
    /// Where its commands come from.
    seat: HubSeat,
    hub: Hub,
    /// What is kept of it.
    run: Option<Run>,
    /// Where other programs look on.
    door: Option<Door>,
    worker: Option<Worker>,
    recorder: Option<JoinHandle<()>>,
    /// What is run once it has ended.
    at_end: Option<AtEnd>,
}

impl LocalRun {
    /// Begins to train. `shows_predictions`: whether who listens shows every test image's prediction, also those before
    /// the first step and after past epochs.
    ///
    /// # Errors
    /// When the run's name is taken, its directory cannot be written, what is to go on does not fit together, or
    /// training cannot start.
    pub fn start(plan: RunPlan, dataset: Arc<Dataset>, shows_predictions: bool) -> Result<(Self, Reports)> {
        // Others may watch a run that is kept, and look at what came before they did.
        let evaluate_untrained = shows_predictions || plan.is_kept();
        let (hub, emitter) = Hub::new(evaluate_untrained);
        let (seat, reports) = hub.join();
        let mut job = Job::new(plan.settings, dataset);
        job.demands = Demands { pace: plan.pace, save_every: plan.save_every, evaluate_untrained, rests: false };
        let opened = match plan.keeping {
            Destination::Nowhere => None,
            Destination::New { runs, name } => {
                let created = runs.create(name.as_deref(), Timestamp::now()).map_err(with_advice)?;
                Some(OpenRun::new(created, &job, plan.source))
            }
            Destination::GoOn(run) => {
                let (opened, past) = OpenRun::again(run, &job, &plan.source)?;
                if let Some(text) = past.as_ref().and_then(missing_figures) {
                    emitter.emit(Report::Note { text });
                }
                job.past = past;
                Some(opened)
            }
        };
        job.run = opened.as_ref().map(|opened| opened.run().shown_name());
        let kept = opened.as_ref().map(OpenRun::run);
        let at_end = plan.on_end.map(|command| AtEnd::new(command, kept));
        let (recorder, messages) = opened.as_ref().map(|_| sync_channel(QUEUE)).unzip();
        let device_before = opened.as_ref().and_then(|opened| opened.run().facts().ok()?.device);
        let cost = Arc::new(SavingCost::default());
        let relay = Relay {
            emitter: emitter.clone(),
            recorder,
            cost: Arc::clone(&cost),
            device_before,
            past: opened.as_ref().map(|opened| opened.run().clone()),
            shows_predictions,
            at_end: at_end.clone(),
            watch: Watch::default(),
        };
        // Before anything that the training reports, so that they come in this order.
        plan.notes.into_iter().for_each(|text| emitter.emit(Report::Note { text }));
        let worker = match engine::spawn(job, relay) {
            Ok(worker) => worker,
            Err(error) => {
                if let Some(OpenRun::New { new, .. }) = opened {
                    new.give_up();
                }
                return Err(error).wrap_err("cannot start training");
            }
        };
        // Only where something trains is a run's directory written.
        let held = opened.as_ref().map(|opened| (opened.run().clone(), opened.lock()));
        let recorder =
            opened.zip(messages).map(|(opened, messages)| opened.write(messages, cost, emitter.clone())).transpose()?;
        hub.connect(worker.sender());
        let (run, lock) = held.unzip();
        let door = run.as_ref().zip(lock).map(|(run, lock)| Door::open(run, lock, hub.clone()));
        let door = door.transpose().unwrap_or_else(|text| {
            emitter.emit(Report::Note { text });
            None
        });
        Ok((Self { seat, hub, run, door, worker: Some(worker), recorder, at_end }, reports))
    }

    /// The run's directory, if it is kept.
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// The command for its end.
    pub fn at_end(&self) -> Option<AtEnd> {
        self.at_end.clone()
    }

    /// Asks something of the training. One that has ended says so by its reports.
    pub fn send(&self, command: Command) {
        self.seat.send(command);
    }
}

impl Drop for LocalRun {
    fn drop(&mut self) {
        if let Some(door) = &mut self.door {
            door.shut();
        }
        if let Some(worker) = self.worker.take() {
            // A worker that panicked has reported it.
            let _ = worker.stop();
        }
        if let Some(recorder) = self.recorder.take() {
            // A recorder that panicked has reported it.
            let _ = recorder.join();
        }
        if let Some(at_end) = &self.at_end {
            at_end.run(|_| {});
        }
        // The thread that reads the meter may sleep for a second more.
        self.hub.close();
    }
}
