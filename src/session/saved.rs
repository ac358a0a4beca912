//! A run that nobody trains, as its directory has it: whole, on all screens, with its network to be asked, and played
//! again from its beginning. Trains nothing and writes nothing.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::RecvTimeoutError,
    },
    time::{Duration, Instant},
};

use color_eyre::eyre::{Result, WrapErr};

use super::{hub::Emitter, past, standing::ended, watching::Watching};
use crate::{
    engine::{self, Checkpoint, CommandQueue, Job, Listener, Past, Worker},
    fashion::Dataset,
    printable,
    protocol::{Command, Look, Report, Started},
    run::{Facts, Run, Timestamp, files},
    settings::DeviceChoice,
};

/// How long a run takes to be played where nobody asks for another pace.
const PLAYING_TIME: f64 = 20.0;

/// The longest time between two reports while a run is played.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// How often to look for what ends the playing, such as somebody who trains the run again.
const LOOK: Duration = Duration::from_millis(500);

impl Player {
    /// Opens this run on its data set, of which this is the digest.
    ///
    /// # Errors
    /// When its figures cannot be read. Where only its network cannot be opened, that is noted.
    pub fn open(watching: &Watching, dataset: &Arc<Dataset>, digest: &str, emitter: Emitter) -> Result<Self> {
        let run = &watching.run;
        let facts = run.facts()?;
        let epochs = match run.metrics() {
            // It ended before it had any.
            Err(error) if error.kind() == Some(io::ErrorKind::NotFound) => Vec::new(),
            epochs => epochs?,
        };
        let started = started(run, &facts, dataset)?;
        let whole = Started { past: epochs.clone(), past_steps: u64::MAX, ..started.clone() };
        let tape = past::reports(run, &whole, true);
        let is_playing = Arc::new(AtomicBool::new(false));
        let open = |checkpoint| {
            let answers = Answers { emitter: emitter.clone(), is_playing: Arc::clone(&is_playing) };
            network(&facts, Arc::clone(dataset), Past { checkpoint, epochs }, answers)
        };
        // Curves and predictions are of use without it.
        let network = checkpoint(run, &facts, digest).and_then(|checkpoint| checkpoint.map(open).transpose());
        let network = network.unwrap_or_else(|error| {
            emitter.emit(Report::Note { text: format!("Neurons and explanations are missing: {error:#}") });
            None
        });
        // So many of it can be drawn.
        let started = Started { tiles: network.as_ref().map_or(0, |_| started.tiles), ..started };
        let last = ended(run, &watching.runs, Timestamp::now());
        Ok(Self { started, tape, last, emitter, network, is_playing, look: Look::default(), playing: None })
    }
}

/// The run's last checkpoint, if it has one.
fn checkpoint(run: &Run, facts: &Facts, digest: &str) -> Result<Option<Checkpoint>> {
    if !run.check_checkpoint(facts, "look at another run")? {
        return Ok(None);
    }
    let path = run.checkpoint_path();
    let cannot_use = || format!("cannot use {}", printable::path(&path));
    let checkpoint = Checkpoint::from_bytes(&files::read(&path)?).wrap_err_with(cannot_use)?;
    checkpoint.check(&facts.settings, digest).wrap_err_with(cannot_use)?;
    Ok(Some(checkpoint))
}

/// What the run's first report was.
fn started(run: &Run, facts: &Facts, dataset: &Dataset) -> Result<Started> {
    Ok(Started {
        settings: facts.settings.clone(),
        device: facts.device.clone().unwrap_or_else(|| "an unknown device".to_owned()),
        gpu: None,
        parameters: engine::parameters(&facts.settings)?,
        tiles: engine::tiles(&facts.settings),
        train_images: dataset.train.len(),
        test_images: dataset.test.len(),
        run: Some(run.shown_name()),
        past: Vec::new(),
        past_steps: 0,
    })
}

/// The run's network at its end, on whatever device there is.
fn network(facts: &Facts, dataset: Arc<Dataset>, past: Past, answers: Answers) -> Result<Worker> {
    let mut job = Job::new(facts.settings.clone(), dataset);
    job.settings.device = DeviceChoice::Auto;
    job.demands.rests = true;
    job.past = Some(past);
    engine::spawn(job, answers).wrap_err("cannot open the run's network")
}

/// What the network at the run's end answers; while earlier times are played it says nothing of images.
struct Answers {
    emitter: Emitter,
    is_playing: Arc<AtomicBool>,
}

impl Listener for Answers {
    fn report(&mut self, report: Report) {
        let text = match report {
            // They are always said to be the last checkpoint's.
            Report::Tiles(_) => return self.emitter.emit(report),
            Report::Prediction { .. } | Report::Attribution(_) => {
                if !self.is_playing.load(Ordering::Relaxed) {
                    self.emitter.emit(report);
                }
                return;
            }
            Report::Note { text } => text,
            Report::Failed { reason } => reason,
            // The rest is the player's to say.
            _ => return,
        };
        self.emitter.emit(Report::Note { text });
    }
}

/// Shows the run, and plays it.
pub(super) struct Player {
    started: Started,
    /// All that happened, oldest first.
    tape: Vec<Report>,
    /// How the run stands.
    last: Report,
    emitter: Emitter,
    network: Option<Worker>,
    is_playing: Arc<AtomicBool>,
    look: Look,
    playing: Option<Playing>,
}

/// Where the playing stands.
#[derive(Clone, Copy, Debug)]
struct Playing {
    /// Which report is next.
    next: usize,
    /// When it is due; `None` while it is paused.
    due: Option<Instant>,
    /// Steps per second.
    pace: f64,
}

impl Playing {
    /// Keeps to another pace from now on: what is left of the wait takes as much longer, or shorter.
    fn keep_to(&mut self, pace: f64, now: Instant) {
        let ratio = self.pace / pace;
        let scaled = |rest: Duration| Duration::try_from_secs_f64(rest.as_secs_f64() * ratio).unwrap_or(LONGEST_REST);
        self.due = self.due.map(|due| match due.saturating_duration_since(now) {
            Duration::ZERO => due,
            rest => now + scaled(rest).min(LONGEST_REST),
        });
        self.pace = pace;
    }
}

impl Player {
    /// Shows the run, and does what these commands ask for, until there are no more, or until something comes of
    /// `interrupted`.
    pub fn attend<T>(mut self, commands: &CommandQueue, interrupted: impl Fn() -> Option<T>) -> Option<T> {
        self.begin();
        self.tape.iter().for_each(|report| self.emitter.emit(report.clone()));
        self.emitter.emit(self.last.clone());
        let interruption = loop {
            let due = self.playing.and_then(|playing| playing.due);
            let wait = due.map_or(LOOK, |due| due.saturating_duration_since(Instant::now()).min(LOOK));
            match commands.recv_timeout(wait) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) if due.is_some_and(|due| due <= Instant::now()) => self.play_on(),
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(interruption) = interrupted() {
                        break Some(interruption);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        if let Some(network) = self.network {
            // One that panicked has said so.
            let _ = network.stop();
        }
        interruption
    }

    fn begin(&self) {
        self.emitter.emit(Report::Started(self.started.clone()));
    }

    fn obey(&mut self, command: Command) {
        match (command, &mut self.playing) {
            (Command::Look(look), _) => {
                self.look = look;
                self.ask();
            }
            (Command::Replay, _) => self.play(),
            (Command::EndReplay, Some(_)) => {
                while self.playing.is_some() {
                    self.play_next();
                }
            }
            (Command::Pause, Some(playing)) => {
                playing.due = None;
                self.emitter.emit(Report::Paused);
            }
            (Command::Resume, Some(playing)) => {
                playing.due = Some(Instant::now());
                self.emitter.emit(Report::Resumed);
            }
            (Command::Step, Some(playing)) if playing.due.is_none() => self.play_next(),
            (Command::Pace { steps_per_second }, Some(playing)) => {
                playing.keep_to(steps_per_second.unwrap_or(f64::INFINITY), Instant::now());
                self.emitter.emit(Report::Paced { steps_per_second });
            }
            // What the state has no use for.
            (
                Command::Pause
                | Command::Resume
                | Command::Step
                | Command::Pace { .. }
                | Command::EndReplay
                | Command::Save
                | Command::Stop,
                _,
            ) => {}
        }
    }

    /// Asks the network for what is looked at; while the run is played, for no image: what it makes of one is not what
    /// the network of then made of it.
    fn ask(&self) {
        let look = match self.playing {
            Some(_) => Look { tiles: self.look.tiles.clone(), ..Look::default() },
            None => self.look.clone(),
        };
        if let Some(network) = &self.network {
            // An error means that it panicked, which it has said.
            let _ = network.send(Command::Look(look));
        }
    }

    /// Plays the run from its beginning.
    #[expect(clippy::cast_precision_loss, reason = "a pace for the eye")]
    fn play(&mut self) {
        if self.tape.is_empty() {
            let text = "there is nothing to play: the run ended before its first epoch".to_owned();
            return self.emitter.emit(Report::Note { text });
        }
        self.is_playing.store(true, Ordering::Relaxed);
        let steps = self.tape.iter().rev().find_map(step_of).unwrap_or(1);
        // A power of two is a pace that a person can name.
        let pace = (steps as f64 / PLAYING_TIME).max(1.0).log2().round().exp2();
        self.begin();
        self.emitter.emit(Report::Replaying);
        self.emitter.emit(Report::Paced { steps_per_second: Some(pace) });
        self.playing = Some(Playing { next: 0, due: Some(Instant::now()), pace });
        self.ask();
    }

    /// Plays the report that is due, and says when the next one is.
    #[expect(clippy::cast_precision_loss, reason = "a pace for the eye")]
    fn play_on(&mut self) {
        self.play_next();
        let Some(playing) = &mut self.playing else { return };
        let at = |index: usize| self.tape[..index].iter().rev().find_map(step_of).unwrap_or(0);
        let steps = at(playing.next + 1).saturating_sub(at(playing.next));
        let rest = Duration::try_from_secs_f64(steps as f64 / playing.pace).unwrap_or(LONGEST_REST).min(LONGEST_REST);
        playing.due = playing.due.map(|due| due + rest);
    }

    fn play_next(&mut self) {
        let Some(playing) = &mut self.playing else { return };
        if let Some(report) = self.tape.get(playing.next) {
            self.emitter.emit(report.clone());
            playing.next += 1;
        }
        if playing.next == self.tape.len() {
            self.playing = None;
            self.is_playing.store(false, Ordering::Relaxed);
            self.emitter.emit(Report::Paced { steps_per_second: None });
            self.emitter.emit(self.last.clone());
            self.ask();
        }
    }
}

/// The steps that were trained by then.
fn step_of(report: &Report) -> Option<u64> {
    match report {
        Report::Batch(batch) => Some(batch.step),
        Report::Epoch { record, .. } => Some(record.step),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_pace_scales_what_is_left_of_the_wait_and_plays_nothing_early() {
        let now = Instant::now();
        let waiting = |rest: u64, pace| Playing { next: 0, due: Some(now + Duration::from_millis(rest)), pace };
        for (rest, before, after, expected) in [
            (600, 4.0, 8.0, 300),
            (600, 4.0, 2.0, 1200),
            (600, 4.0, f64::INFINITY, 0),
            // No wait is longer than the longest.
            (1500, 4.0, 1.0, 2000),
            (0, f64::INFINITY, 4.0, 0),
        ] {
            let mut playing = waiting(rest, before);
            playing.keep_to(after, now);
            assert_eq!(playing.due, Some(now + Duration::from_millis(expected)), "{rest} ms from {before} to {after}");
        }
        let mut paused = Playing { due: None, ..waiting(0, 4.0) };
        paused.keep_to(8.0, now);
        assert_eq!((paused.due, paused.pace), (None, 8.0));
    }
}
