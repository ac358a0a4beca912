//! The loop of the trainer thread: commands in, reports out. Trains through a [`Trainer`]; knows no device.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    time::{Duration, Instant},
};

use super::{checkpoint::Checkpoint, error::EngineError, listener::Listener, tally::Tally, trainer::Trainer};
use crate::protocol::{Batch, BatchRecord, Command, EpochRecord, Look, Report, Started};

/// Batches are reported no more often than this while training runs free: 50 times a second.
const BATCH_REPORT: Duration = Duration::from_millis(20);
/// And the selected image's prediction no more often than this: ten times a second.
const PREDICTION_REPORT: Duration = Duration::from_millis(100);
/// Looking into the network costs training no more than one part in so many.
const INSIGHT_SHARE: u32 = 50;
/// Keeping checkpoints while an epoch lasts takes no more than one part in so many.
const SAVING_SHARE: u32 = 100;
/// The span that `images_per_second` looks back on, in seconds.
const RATE_WINDOW: f64 = 1.0;

/// What the run's worker is asked for beyond its settings.
pub(super) struct Wishes {
    /// Train at most this many steps a second.
    pub pace: Option<f64>,
    /// Report every test image's prediction before the first step.
    pub evaluate_untrained: bool,
    /// What is to be seen of the network while it learns.
    pub look: Look,
    /// Have figures and a checkpoint kept so often while an epoch lasts.
    pub save_every: Option<Duration>,
}

/// Trains until its end or until a command stops it, and answers [`Command::Look`] after the end as well. Returns on `Stop` or
/// when the other end of `commands` is gone.
pub(super) fn run(
    trainer: Trainer,
    checkpoint: Option<&Checkpoint>,
    started: Started,
    wishes: &Wishes,
    commands: &Receiver<Command>,
    listener: &mut impl Listener,
) {
    let mut worker = Worker {
        trainer,
        commands,
        listener,
        state: State::Paused,
        pace: wishes.pace.filter(|&pace| is_a_pace(pace)),
        watch: Stopwatch::default(),
        rate: Rate::default(),
        last_step: None,
        last_batch: None,
        last_prediction: None,
        look: wishes.look.clone(),
        next_insight: None,
        saving: Saving::new(wishes.save_every),
    };
    let beginning = worker.begin(started, checkpoint, wishes.evaluate_untrained);
    worker.fail_on_error(beginning);
    loop {
        let done = match worker.next_turn() {
            Turn::Train => worker.train_step(false),
            Turn::Keep => worker.keep_in_time(),
            Turn::Obey(command) => worker.obey(command),
            Turn::End => return worker.end(),
        };
        worker.fail_on_error(done);
    }
}

/// What the worker does until a command says otherwise.
#[derive(Clone, Copy, PartialEq)]
enum State {
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
    Keep,
    Obey(Command),
    End,
}

struct Worker<'a, E> {
    trainer: Trainer,
    commands: &'a Receiver<Command>,
    listener: &'a mut E,
    state: State,
    pace: Option<f64>,
    watch: Stopwatch,
    rate: Rate,
    last_step: Option<Instant>,
    last_batch: Option<Instant>,
    last_prediction: Option<Instant>,
    look: Look,
    /// When the network may be looked into again, beyond its predictions.
    next_insight: Option<Instant>,
    saving: Saving,
}

/// What is kept of the run, and when.
struct Saving {
    every: Option<Duration>,
    /// The step of the last checkpoint.
    kept: Option<u64>,
    /// When it was, and what it took to collect it.
    last: Instant,
    cost: Duration,
    /// The figures since the last span's.
    span: Tally,
    last_span: Instant,
}

impl Saving {
    fn new(every: Option<Duration>) -> Self {
        let now = Instant::now();
        Self { every, kept: None, last: now, cost: Duration::ZERO, span: Tally::default(), last_span: now }
    }

    /// How long until it is time to keep something of an epoch that lasts; `None`: never.
    fn wait(&self) -> Option<Duration> {
        Some(self.every?.saturating_sub(self.last_span.elapsed()))
    }
}

impl<E: Listener> Worker<'_, E> {
    /// Takes up the run where it stopped, reports what stands before the first step, and starts training.
    fn begin(
        &mut self,
        started: Started,
        checkpoint: Option<&Checkpoint>,
        evaluate_untrained: bool,
    ) -> Result<(), EngineError> {
        if let Some(checkpoint) = checkpoint {
            self.trainer.restore(&checkpoint.state)?;
            self.watch = Stopwatch::after(checkpoint.seconds);
            self.saving.kept = Some(checkpoint.step());
        }
        self.listener.report(Report::Started(started));
        if evaluate_untrained {
            let predictions = self.trainer.evaluate()?.predictions;
            self.listener.report(Report::Untrained { step: self.trainer.steps(), predictions });
        }
        self.report_predictions()?;
        if self.trainer.epoch_is_over() {
            return self.go_on_or_finish(true);
        }
        self.state = State::Training;
        self.watch.start();
        Ok(())
    }

    /// Looks for a command: in passing while there is a batch to train, else until there is one.
    fn next_turn(&mut self) -> Turn {
        let command = match (self.state, self.until_next_step()) {
            (State::Training, None) => match self.commands.try_recv() {
                Err(TryRecvError::Empty) => return Turn::Train,
                received => received.ok(),
            },
            (State::Training, Some(wait)) => match self.commands.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => return Turn::Train,
                received => received.ok(),
            },
            (State::Paused, _) if self.is_worth_keeping() => {
                match self.commands.recv_timeout(self.saving.wait().unwrap_or(Duration::MAX)) {
                    Err(RecvTimeoutError::Timeout) => return Turn::Keep,
                    received => received.ok(),
                }
            }
            (State::Paused | State::Done | State::Failed, _) => self.commands.recv().ok(),
        };
        match command {
            None | Some(Command::Stop) => Turn::End,
            Some(command) => Turn::Obey(command),
        }
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
                self.state = State::Training;
                self.watch.start();
                self.listener.report(Report::Resumed);
            }
            Command::Step if self.state == State::Paused => {
                self.watch.start();
                self.train_step(true)?;
                self.watch.stop();
            }
            Command::Pace { steps_per_second } if steps_per_second.is_none_or(is_a_pace) => {
                self.pace = steps_per_second;
                self.listener.report(Report::Paced { steps_per_second });
            }
            Command::Look(look) => self.look_at(look)?,
            Command::Save => self.save()?,
            // What the state has no use for, a pace that is none, and the end, which `next_turn` has taken.
            Command::Pause | Command::Resume | Command::Step | Command::Pace { .. } | Command::Stop => {}
        }
        Ok(())
    }

    /// Stops between two batches, with everything reported that was trained: the screen stands still on the truth.
    fn pause(&mut self) -> Result<(), EngineError> {
        if self.state == State::Training {
            self.watch.stop();
            self.state = State::Paused;
            self.report_batch()?;
            self.report_predictions()?;
            self.report_insight()?;
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
        if at_once || is_due(self.last_batch, BATCH_REPORT) {
            self.report_batch()?;
        }
        if at_once || is_due(self.last_prediction, PREDICTION_REPORT) {
            self.report_predictions()?;
        }
        if alone || over || self.next_insight.is_none_or(|next| next <= Instant::now()) {
            self.report_insight()?;
        }
        if over { self.close_epoch() } else { self.keep_in_time() }
    }

    /// Whether every single step can be followed on the screen.
    fn is_slow_motion(&self) -> bool {
        self.pace.is_some_and(|pace| pace <= BATCH_REPORT.as_secs_f64().recip())
    }

    /// Reports the steps since the last time, if there are any.
    fn report_batch(&mut self) -> Result<(), EngineError> {
        let drained = self.trainer.drain();
        self.last_batch = Some(Instant::now());
        if let Some(recent) = self.trainer.take_recent() {
            self.saving.span.merge(recent);
            let epoch = self.trainer.tally();
            self.listener.report(Report::Batch(Batch {
                epoch: self.trainer.epoch(),
                step_in_epoch: epoch.steps,
                step: self.trainer.known_steps(),
                steps: recent.steps,
                loss: recent.loss(),
                accuracy: recent.accuracy(),
                epoch_loss: epoch.loss(),
                epoch_accuracy: epoch.accuracy(),
                seconds: self.watch.seconds_of_epoch(),
                images_per_second: self.rate.after(self.watch.seconds(), recent.images),
            }));
        }
        drained
    }

    /// Takes what is to be seen from now on, and reports it as it is now.
    fn look_at(&mut self, look: Look) -> Result<(), EngineError> {
        self.look = look;
        self.report_predictions()?;
        self.report_insight()
    }

    /// Reports what the network makes of the images that are to be seen.
    fn report_predictions(&mut self) -> Result<(), EngineError> {
        for index in &self.look.predicted {
            if let Some(probabilities) = self.trainer.predict(*index)? {
                let step = self.trainer.steps();
                self.listener.report(Report::Prediction { index: *index, step, probabilities });
            }
        }
        self.last_prediction = Some(Instant::now());
        Ok(())
    }

    /// Reports what is to be seen of the network's inside, and puts off the next time by what this one took.
    fn report_insight(&mut self) -> Result<(), EngineError> {
        let start = Instant::now();
        for index in &self.look.explained {
            if let Some(attribution) = self.trainer.attribution(*index)? {
                self.listener.report(Report::Attribution(attribution));
            }
        }
        for range in &self.look.tiles {
            let tiles = self.trainer.tiles(*range)?;
            self.listener.report(Report::Tiles(tiles));
        }
        self.next_insight = Some(start + PREDICTION_REPORT.max(start.elapsed() * INSIGHT_SHARE));
        Ok(())
    }

    /// Evaluates an epoch whose last batch is reported, and goes on to the next one or to the end.
    fn close_epoch(&mut self) -> Result<(), EngineError> {
        let was_training = self.state == State::Training;
        self.watch.stop();
        self.keep_figures();
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
        self.listener.report(Report::Epoch { record, predictions: evaluation.predictions });
        self.go_on_or_finish(was_training)
    }

    /// After an epoch: the next one, or the end. Either way its checkpoint.
    fn go_on_or_finish(&mut self, train: bool) -> Result<(), EngineError> {
        if self.trainer.epoch_is_the_last() {
            self.state = State::Done;
            self.keep()?;
            self.listener.report(Report::Finished);
        } else {
            self.trainer.begin_next_epoch();
            self.watch.begin_epoch();
            self.keep()?;
            if train {
                self.state = State::Training;
                self.watch.start();
                self.listener.report(Report::Resumed);
            } else {
                // The end of an epoch is news of the training, and it still waits.
                self.listener.report(Report::Paused);
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Done | State::Failed)
    }

    /// Whether something was trained that no checkpoint has, of a run that is to be kept in time.
    fn is_worth_keeping(&self) -> bool {
        self.saving.every.is_some() && self.listener.keeps() && self.saving.kept != Some(self.trainer.steps())
    }

    /// Has figures kept, and a checkpoint, of an epoch that lasts, when it is time for that. Checkpoints that take long
    /// are kept less often, so that keeping them takes no more than its share.
    fn keep_in_time(&mut self) -> Result<(), EngineError> {
        if self.saving.wait().is_none_or(|wait| !wait.is_zero()) || !self.is_worth_keeping() {
            return Ok(());
        }
        self.report_batch()?;
        self.keep_figures();
        let cost = self.listener.cost_of_keeping().map(|cost| cost + self.saving.cost);
        match cost {
            Some(cost) if self.saving.last.elapsed() >= cost.saturating_mul(SAVING_SHARE) => self.keep(),
            _ => Ok(()),
        }
    }

    /// Has the figures since the last span's kept, if there are any.
    fn keep_figures(&mut self) {
        self.saving.last_span = Instant::now();
        let span = std::mem::take(&mut self.saving.span);
        if span.steps > 0 && self.listener.keeps() {
            self.listener.keep_figures(BatchRecord {
                epoch: self.trainer.epoch(),
                step: self.trainer.known_steps(),
                steps: span.steps,
                loss: span.loss(),
                accuracy: span.accuracy(),
            });
        }
    }

    /// Has a checkpoint of this moment kept, unless the last one is of this moment.
    fn keep(&mut self) -> Result<(), EngineError> {
        if self.listener.keeps() && self.saving.kept != Some(self.trainer.steps()) {
            self.report_batch()?;
            self.keep_figures();
            let start = Instant::now();
            let settings = self.trainer.settings().clone();
            let checkpoint = Checkpoint::new(self.trainer.state()?, self.watch.seconds_of_epoch(), settings);
            self.saving.kept = Some(checkpoint.step());
            self.listener.keep(checkpoint);
            self.saving.last = Instant::now();
            self.saving.cost = start.elapsed();
        }
        Ok(())
    }

    /// Keeps a checkpoint because somebody asks for it, and says where that cannot be.
    fn save(&mut self) -> Result<(), EngineError> {
        let reason = match self.state {
            State::Failed => "training failed, and its last checkpoint stays as it is",
            _ if !self.listener.keeps() => "this run is not kept: it was started with --no-save",
            _ => {
                self.saving.kept = None;
                return self.keep();
            }
        };
        self.listener.report(Report::NotSaved { reason: reason.to_owned() });
        Ok(())
    }

    /// The run's last act.
    fn end(&mut self) {
        if self.state != State::Failed
            && let Err(error) = self.keep()
        {
            self.listener.report(Report::NotSaved { reason: error.to_string() });
        }
    }

    /// After a failure there is no training, but there are predictions.
    fn fail_on_error(&mut self, done: Result<(), EngineError>) {
        if let Err(error) = done {
            self.watch.stop();
            self.state = State::Failed;
            self.listener.report(Report::Failed { reason: error.to_string() });
        }
    }
}

/// Whether one can train at this many steps a second.
fn is_a_pace(steps_per_second: f64) -> bool {
    steps_per_second.is_finite() && steps_per_second > 0.0
}

fn is_due(last: Option<Instant>, interval: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= interval)
}

#[expect(clippy::cast_precision_loss, reason = "no epoch has the 2^53 images that a float cannot count")]
fn per_second(images: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { images as f64 / seconds } else { 0.0 }
}

/// Time spent on training: stands still while it is stopped.
#[derive(Default)]
struct Stopwatch {
    before: Duration,
    since: Option<Instant>,
    epoch_began: Duration,
}

impl Stopwatch {
    /// A watch that stands at so many seconds of an epoch.
    fn after(seconds: f64) -> Self {
        Self { before: Duration::try_from_secs_f64(seconds).unwrap_or_default(), ..Self::default() }
    }

    fn start(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    fn stop(&mut self) {
        self.before = self.time();
        self.since = None;
    }

    fn begin_epoch(&mut self) {
        self.epoch_began = self.time();
    }

    fn time(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Seconds of the whole run.
    fn seconds(&self) -> f64 {
        self.time().as_secs_f64()
    }

    /// Seconds since the epoch began.
    fn seconds_of_epoch(&self) -> f64 {
        self.time().saturating_sub(self.epoch_began).as_secs_f64()
    }
}

/// Images a second over the last moments: how many came since the youngest moment that is a window's length ago.
#[derive(Default)]
struct Rate {
    images: u64,
    /// Seconds of training and the images until then; the oldest one is what the rate counts from.
    moments: VecDeque<(f64, u64)>,
}

impl Rate {
    /// The rate when, after `seconds` of training in all, so many more images were trained.
    fn after(&mut self, seconds: f64, images: u64) -> f64 {
        if self.moments.is_empty() {
            self.moments.push_back((0.0, 0));
        }
        self.images += images;
        self.moments.push_back((seconds, self.images));
        while self.moments.get(1).is_some_and(|&(moment, _)| seconds - moment >= RATE_WINDOW) {
            self.moments.pop_front();
        }
        let (first, before) = self.moments.front().copied().unwrap_or_default();
        per_second(self.images - before, seconds - first)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_rate_counts_the_last_second_alone() {
        let mut rate = Rate::default();
        assert_eq!(rate.after(0.5, 100), 200.0);
        assert_eq!(rate.after(1.0, 100), 200.0);
        // From 0.5 s on, where 100 images were done.
        assert_eq!(rate.after(1.5, 500), 600.0);
        // A step that takes longer than the window is its own measure.
        assert_eq!(rate.after(4.0, 50), 20.0);
    }

    #[test]
    fn the_rate_of_no_time_is_none() {
        assert_eq!(Rate::default().after(0.0, 32), 0.0);
    }

    #[test]
    fn a_stopped_watch_stands_still() {
        let mut watch = Stopwatch::default();
        watch.start();
        std::thread::sleep(Duration::from_millis(5));
        watch.stop();
        let seconds = watch.seconds();
        std::thread::sleep(Duration::from_millis(5));
        assert!(seconds >= 0.005);
        assert_eq!(watch.seconds().to_bits(), seconds.to_bits());
        watch.begin_epoch();
        assert_eq!(watch.seconds_of_epoch(), 0.0);
    }
}
