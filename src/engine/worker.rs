//! The loop of the trainer thread: commands in, reports out. Trains through a [`Trainer`]; knows no device.

mod clock;
mod outlook;
mod saving;

use std::{
    sync::mpsc::{RecvTimeoutError, TryRecvError},
    time::{Duration, Instant},
};

use self::{
    clock::{Rate, Stopwatch, per_second},
    outlook::Outlook,
    saving::Saving,
};
use super::{checkpoint::Checkpoint, commands::CommandQueue, error::EngineError, listener::Listener, trainer::Trainer};
use crate::protocol::{Batch, Command, EpochRecord, Report, Started};

/// Batches are reported no more often than this while training runs free: 50 times per second.
const BATCH_REPORT: Duration = Duration::from_millis(20);

/// The slowest pace in steps per second: one step per hour. Whoever wants less wants a pause.
pub const SLOWEST_PACE: f64 = 1.0 / 3600.0;

/// What a run's worker is asked for beyond its settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demands {
    /// Train at most this many steps per second; `None`, or what is less than [`SLOWEST_PACE`] or no finite number: as
    /// fast as the device can.
    pub pace: Option<f64>,
    /// Whether to report [`Report::Untrained`] before the first step.
    pub evaluate_untrained: bool,
    /// Train nothing, and only answer what is asked of the network as it is.
    pub rests: bool,
    /// Have figures and a checkpoint kept this often during an epoch; `None`: only after each epoch.
    pub save_every: Option<Duration>,
}

/// Trains until its end or until a command stops it, and answers [`Command::Look`] after the end as well. Returns on
/// `Stop` or when the other end of `commands` is gone.
pub(super) fn run(
    trainer: Trainer,
    checkpoint: Option<&Checkpoint>,
    started: Started,
    demands: Demands,
    commands: &CommandQueue,
    listener: &mut impl Listener,
) {
    let mut worker = TrainerLoop {
        trainer,
        commands,
        listener,
        activity: Activity::Paused,
        pace: demands.pace.filter(|&pace| is_a_pace(pace)),
        watch: Stopwatch::default(),
        rate: Rate::default(),
        last_step: None,
        last_batch: None,
        outlook: Outlook::default(),
        saving: Saving::new(demands.save_every),
    };
    let beginning = worker.begin(started, checkpoint, demands);
    worker.fail_on_error(beginning);
    loop {
        let done = match worker.next_turn() {
            Turn::Train => worker.train_step(false),
            Turn::CatchUp => worker.catch_up(),
            Turn::Obey(command) => worker.obey(command),
            Turn::End => return worker.end(),
        };
        worker.fail_on_error(done);
    }
}

/// What the worker does until a command says otherwise.
#[derive(Clone, Copy, PartialEq)]
enum Activity {
    Training,
    Paused,
    /// All epochs are trained: there are only predictions to be had.
    Done,
    /// Training failed: there are only predictions to be had, and nothing to keep.
    Failed,
}

/// What the worker does next.
enum Turn {
    Train,
    /// What was put off.
    CatchUp,
    Obey(Command),
    End,
}

/// A training and all that it has to do with others.
struct TrainerLoop<'a, E> {
    trainer: Trainer,
    commands: &'a CommandQueue,
    listener: &'a mut E,
    activity: Activity,
    pace: Option<f64>,
    watch: Stopwatch,
    rate: Rate,
    last_step: Option<Instant>,
    last_batch: Option<Instant>,
    outlook: Outlook,
    saving: Saving,
}

impl<E: Listener> TrainerLoop<'_, E> {
    /// Takes up the run where it stopped, reports what stands before the first step, and starts training.
    fn begin(
        &mut self,
        started: Started,
        checkpoint: Option<&Checkpoint>,
        demands: Demands,
    ) -> Result<(), EngineError> {
        if let Some(checkpoint) = checkpoint {
            self.trainer.restore(&checkpoint.state)?;
            self.watch = Stopwatch::after(checkpoint.seconds);
            self.saving.note_kept(checkpoint.step());
        }
        self.listener.report(Report::Started(started));
        if let Some(steps_per_second) = self.pace {
            self.listener.report(Report::Paced { steps_per_second: Some(steps_per_second) });
        }
        if demands.rests {
            self.activity = Activity::Done;
            return Ok(());
        }
        if demands.evaluate_untrained {
            let predictions = self.trainer.evaluate()?.predictions.into();
            self.listener.report(Report::Untrained { step: self.trainer.steps(), predictions });
        }
        if self.trainer.epoch_is_over() {
            return self.go_on_or_finish(true);
        }
        self.activity = Activity::Training;
        self.watch.start();
        Ok(())
    }

    /// Looks for a command: in passing while there is a batch to train, else until there is one.
    fn next_turn(&mut self) -> Turn {
        let is_training = self.activity == Activity::Training;
        let next_step = self.until_next_step().filter(|_| is_training);
        let command = if is_training && next_step.is_none() {
            match self.commands.try_recv() {
                Err(TryRecvError::Empty) => return Turn::Train,
                received => received.ok(),
            }
        } else {
            let received = match next_step.into_iter().chain(self.until_catching_up()).min() {
                Some(wait) => self.commands.recv_timeout(wait),
                None => self.commands.recv().map_err(RecvTimeoutError::from),
            };
            match received {
                Err(RecvTimeoutError::Timeout) if is_training && self.until_next_step().is_none() => {
                    return Turn::Train;
                }
                Err(RecvTimeoutError::Timeout) => return Turn::CatchUp,
                received => received.ok(),
            }
        };
        match command {
            None | Some(Command::Stop) => Turn::End,
            Some(command) => Turn::Obey(command),
        }
    }

    /// How long until something is to be done that was put off; `None` when nothing was.
    fn until_catching_up(&self) -> Option<Duration> {
        let is_paused = self.activity == Activity::Paused;
        let is_to_be_kept = is_paused && self.saving.is_worth_it(&self.trainer, self.listener);
        let keeping = self.saving.wait().filter(|_| is_to_be_kept);
        [keeping, self.saving.until_asked(self.listener), self.outlook.until_answer()].into_iter().flatten().min()
    }

    /// Does what was put off, as far as it is time for that.
    fn catch_up(&mut self) -> Result<(), EngineError> {
        self.answer_in_time();
        self.save_in_time()?;
        if self.activity == Activity::Paused { self.keep_in_time() } else { Ok(()) }
    }

    /// How long the pace keeps the next step waiting; `None` when it is due.
    fn until_next_step(&self) -> Option<Duration> {
        let interval = Duration::try_from_secs_f64(self.pace?.recip()).unwrap_or(Duration::MAX);
        interval.checked_sub(self.last_step?.elapsed()).filter(|wait| !wait.is_zero())
    }

    fn obey(&mut self, command: Command) -> Result<(), EngineError> {
        match command {
            Command::Pause if !self.is_over() => self.pause()?,
            Command::Resume if !self.is_over() => {
                self.activity = Activity::Training;
                self.watch.start();
                self.listener.report(Report::Resumed);
            }
            Command::Step if self.activity == Activity::Paused => {
                self.watch.start();
                self.train_step(true)?;
                self.watch.stop();
            }
            Command::Pace { steps_per_second } if steps_per_second.is_none_or(is_a_pace) => {
                self.pace = steps_per_second;
                self.listener.report(Report::Paced { steps_per_second });
            }
            Command::Look(look) => {
                self.outlook.turn_to(look);
                self.answer_in_time();
            }
            Command::Save => {
                self.saving.ask();
                self.save_in_time()?;
            }
            // What the state has no use for, a pace that is none, and the end, which `next_turn` has taken.
            Command::Pause
            | Command::Resume
            | Command::Step
            | Command::Pace { .. }
            | Command::Replay
            | Command::EndReplay
            | Command::Stop => {}
        }
        Ok(())
    }

    /// Stops between two batches, with everything reported that was trained: the screen stands still on the truth.
    fn pause(&mut self) -> Result<(), EngineError> {
        if self.activity == Activity::Training {
            self.watch.stop();
            self.activity = Activity::Paused;
            self.report_batch()?;
            self.outlook.report(&mut self.trainer, self.listener);
        }
        self.listener.report(Report::Paused);
        Ok(())
    }

    /// Trains one batch, and whatever the end of an epoch brings with it.
    fn train_step(&mut self, alone: bool) -> Result<(), EngineError> {
        self.last_step = Some(Instant::now());
        self.trainer.step()?;
        let over = self.trainer.epoch_is_over();
        let at_once = alone || over || self.is_slow_motion();
        if at_once || self.last_batch.is_none_or(|last| last.elapsed() >= BATCH_REPORT) {
            self.report_batch()?;
        }
        if alone || (over && (self.outlook.is_cheap() || self.trainer.epoch_is_the_last())) {
            self.outlook.report(&mut self.trainer, self.listener);
        } else {
            self.outlook.report_in_time(at_once, &mut self.trainer, self.listener);
        }
        if over {
            self.close_epoch()?;
        } else {
            self.keep_in_time()?;
        }
        self.answer_in_time();
        self.save_in_time()
    }

    /// Answers what was asked to be seen last. That holds up nothing but training, of which it takes a share at most.
    fn answer_in_time(&mut self) {
        let is_training = self.activity == Activity::Training;
        self.outlook.answer_in_time(is_training, &mut self.trainer, self.listener);
    }

    /// Whether every single step can be followed on the screen.
    fn is_slow_motion(&self) -> bool {
        self.pace.is_some_and(|pace| pace <= BATCH_REPORT.as_secs_f64().recip())
    }

    /// Reports the steps since the last time, if there are any.
    fn report_batch(&mut self) -> Result<(), EngineError> {
        let drained = self.trainer.drain();
        self.last_batch = Some(Instant::now());
        if let Some((spans, images)) = self.trainer.take_recent() {
            self.saving.add(&spans);
            let epoch = self.trainer.tally();
            self.listener.report(Report::Batch(Batch {
                epoch: self.trainer.epoch(),
                step_in_epoch: epoch.steps,
                step: self.trainer.known_steps(),
                spans,
                epoch_loss: epoch.loss(),
                epoch_accuracy: epoch.accuracy(),
                seconds: self.watch.seconds_of_epoch(),
                images_per_second: self.rate.after(self.watch.seconds(), images),
            }));
        }
        drained
    }

    /// Evaluates an epoch whose last batch is reported, and goes on to the next one or to the end.
    fn close_epoch(&mut self) -> Result<(), EngineError> {
        let was_training = self.activity == Activity::Training;
        self.watch.stop();
        self.saving.keep_figures(self.listener);
        let epoch = self.trainer.epoch();
        self.listener.report(Report::Evaluating { epoch });
        let start = Instant::now();
        let evaluation = self.trainer.evaluate()?;
        let eval_seconds = start.elapsed().as_secs_f64();
        let (tally, seconds) = (self.trainer.tally(), self.watch.seconds_of_epoch());
        let record = EpochRecord {
            epoch,
            step: self.trainer.known_steps(),
            loss: tally.loss(),
            accuracy: tally.accuracy(),
            val_loss: evaluation.loss,
            val_accuracy: evaluation.accuracy,
            learning_rate: self.trainer.settings().learning_rate,
            seconds,
            eval_seconds,
            images_per_second: per_second(tally.images, seconds),
        };
        self.listener.report(Report::Epoch { record, predictions: evaluation.predictions.into() });
        self.go_on_or_finish(was_training)
    }

    /// After an epoch: the next one, or the end. Either way its checkpoint.
    fn go_on_or_finish(&mut self, train: bool) -> Result<(), EngineError> {
        if self.trainer.epoch_is_the_last() {
            self.activity = Activity::Done;
            self.keep()?;
            self.listener.report(Report::Finished);
        } else {
            self.trainer.begin_next_epoch();
            self.watch.begin_epoch();
            self.keep()?;
            if train {
                self.activity = Activity::Training;
                self.watch.start();
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        matches!(self.activity, Activity::Done | Activity::Failed)
    }

    /// Has figures kept, and a checkpoint, of an epoch that lasts, when it is time for that.
    fn keep_in_time(&mut self) -> Result<(), EngineError> {
        let is_time = self.saving.wait().is_some_and(|wait| wait.is_zero());
        if !is_time || !self.saving.is_worth_it(&self.trainer, self.listener) {
            return Ok(());
        }
        self.report_batch()?;
        self.saving.keep_figures(self.listener);
        if self.saving.is_affordable(self.listener) { self.keep() } else { Ok(()) }
    }

    /// Has a checkpoint of this moment kept, unless the last one is of this moment.
    fn keep(&mut self) -> Result<(), EngineError> {
        if !self.saving.has_news(&self.trainer, self.listener) {
            return Ok(());
        }
        self.report_batch()?;
        self.saving.keep_figures(self.listener);
        self.saving.keep_checkpoint(self.watch.seconds_of_epoch(), &mut self.trainer, self.listener)
    }

    /// Keeps a checkpoint if somebody asks for it and it is affordable.
    fn save_in_time(&mut self) -> Result<(), EngineError> {
        let is_time = self.saving.until_asked(self.listener).is_some_and(|wait| wait.is_zero());
        if is_time { self.save() } else { Ok(()) }
    }

    /// Keeps a checkpoint because somebody asks for it, and says where that cannot be.
    fn save(&mut self) -> Result<(), EngineError> {
        self.saving.insist();
        let reason = match self.activity {
            Activity::Failed => "training failed, and its last checkpoint stays as it is",
            _ if !self.listener.keeps() => "this run is not kept: it was started with --no-save",
            _ => return self.keep(),
        };
        self.listener.report(Report::NotSaved { reason: reason.to_owned() });
        Ok(())
    }

    /// The run's last act.
    fn end(&mut self) {
        if self.activity != Activity::Failed
            && let Err(error) = self.keep()
        {
            self.listener.report(Report::NotSaved { reason: error.to_string() });
        }
        if !self.is_over() {
            let how = format!("stopped in epoch {}", self.trainer.epoch());
            self.listener.report(Report::Ended { how, next: None });
        }
    }

    /// After a failure there is no training, but there are predictions. What cannot be looked at is none: that is for
    /// [`Outlook`] to say.
    fn fail_on_error(&mut self, done: Result<(), EngineError>) {
        if let Err(error) = done {
            self.watch.stop();
            self.activity = Activity::Failed;
            self.listener.report(Report::Failed { reason: error.to_string() });
        }
    }
}

/// Whether one can train at this many steps per second.
fn is_a_pace(steps_per_second: f64) -> bool {
    steps_per_second.is_finite() && steps_per_second >= SLOWEST_PACE
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::{
        engine::{
            choice,
            commands::commands,
            learner::{Learner, LearnerState, Logits, NamedTensor, StepOutcome},
            samples::{dense, fashion},
        },
        protocol::{Look, TileRange, samples},
        settings::Settings,
    };

    /// A learner whose device has room for training and for nothing beyond it.
    struct Cramped(Box<dyn Learner>);

    impl Learner for Cramped {
        fn step(&mut self, batch: &[u32], next: &[u32]) -> Result<(), EngineError> {
            self.0.step(batch, next)
        }

        fn drain(&mut self, outcomes: &mut Vec<StepOutcome>) -> Result<(), EngineError> {
            self.0.drain(outcomes)
        }

        fn logits(&mut self, _: &[u8]) -> Result<Vec<Logits>, EngineError> {
            Err(EngineError::Memory)
        }

        fn test_logits(&mut self) -> Result<Vec<Logits>, EngineError> {
            self.0.test_logits()
        }

        fn parameters(&self) -> Result<Vec<NamedTensor>, EngineError> {
            Err(EngineError::Memory)
        }

        fn state(&self) -> Result<LearnerState, EngineError> {
            self.0.state()
        }

        fn restore(&mut self, state: &LearnerState) -> Result<(), EngineError> {
            self.0.restore(state)
        }
    }

    #[test]
    fn what_cannot_be_looked_at_is_said_once_and_the_training_goes_on() {
        let (dataset, settings) = (fashion(64, 10), Settings { epochs: 2, ..dense(&[8], 32, 1) });
        let learner = choice::learner(settings.clone(), &dataset).expect("the CPU is there").learner;
        let trainer = Trainer::new(Box::new(Cramped(learner)), dataset, settings);
        let tiles = [TileRange { first: 0, count: 2 }].into();
        let look = Command::Look(Look { predicted: [0].into(), explained: [0].into(), tiles });
        let ((commands, receiver), (sender, reports)) = (commands(), channel());
        // Before the first step, and once more after the last one.
        commands.send(look.clone()).expect("it listens");
        let mut listener = move |report| {
            if report == Report::Finished {
                commands.send(look.clone()).and_then(|()| commands.send(Command::Stop)).expect("it listens");
            }
            sender.send(report).expect("the test listens");
        };
        run(trainer, None, samples::started(), Demands::default(), &receiver, &mut listener);
        drop(listener);
        let reports: Vec<Report> = reports.iter().collect();
        let notes = reports.iter().filter(|report| matches!(report, Report::Note { .. })).collect::<Vec<_>>();
        let text = format!("cannot show all that is looked at: {}", EngineError::Memory);
        assert_eq!(notes, [&Report::Note { text }]);
        assert_eq!(reports.iter().filter(|report| matches!(report, Report::Epoch { .. })).count(), 2);
        assert_eq!(reports.last(), Some(&Report::Finished));
    }
}
