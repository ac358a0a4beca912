//! The keys that steer the run: pause, step, pace, save. What they ask for is the worker's to do.

use super::{Action, App, Phase, Role};
use crate::{printable::pace as words, protocol::Command};

/// Steps a second from which doubling leads back to full speed.
const FASTEST_PACE: f64 = 4096.0;

/// What is said where there is no training yet, and no longer.
const NOT_STARTED: &str = "training has not started yet";
const ENDED: &str = "training has ended";

impl App {
    /// Asks the worker for what a key means.
    pub(super) fn control(&mut self, action: Action) -> Option<Command> {
        self.scene.return_to_now();
        match action {
            Action::TogglePause => self.toggle_pause(),
            Action::Step => self.step(),
            Action::Slower => self.slower(),
            Action::Faster => self.faster(),
            Action::Replay => self.replay(),
            Action::Save => self.save(),
            _ => None,
        }
    }

    fn say(&mut self, words: &str) -> Option<Command> {
        self.notice = Some(words.to_owned());
        None
    }

    /// Turns round what training does, or will do as soon as the worker gets to what it was asked for last.
    fn toggle_pause(&mut self) -> Option<Command> {
        match self.scene.known.phase {
            Phase::Loading => self.say(NOT_STARTED),
            Phase::Done | Phase::Failed { .. } | Phase::Ended { .. } => self.say(ENDED),
            Phase::Training | Phase::Evaluating | Phase::Paused => {
                let pause = !self.scene.known.will_pause();
                self.scene.known.asked_to_pause = Some(pause);
                Some(if pause { Command::Pause } else { Command::Resume })
            }
        }
    }

    fn step(&mut self) -> Option<Command> {
        if self.scene.known.will_pause() {
            return Some(Command::Step);
        }
        self.say(match self.scene.known.phase {
            Phase::Loading => NOT_STARTED,
            Phase::Done | Phase::Failed { .. } | Phase::Ended { .. } => ENDED,
            Phase::Training | Phase::Evaluating | Phase::Paused => "pause first (Space), then train batch by batch",
        })
    }

    fn slower(&mut self) -> Option<Command> {
        let known = &self.scene.known;
        let from = known.pace.or(known.full_speed).unwrap_or(FASTEST_PACE).max(2.0);
        // A power of two is a pace that a person can name, whatever the machine's own was.
        self.set_pace(Some((from / 2.0).log2().floor().exp2()))
    }

    fn faster(&mut self) -> Option<Command> {
        let known = &self.scene.known;
        let fastest = known.full_speed.unwrap_or(FASTEST_PACE);
        self.set_pace(known.pace.map(|pace| pace * 2.0).filter(|pace| *pace < fastest))
    }

    /// Most screens do not show the pace, so it is said.
    fn set_pace(&mut self, pace: Option<f64>) -> Option<Command> {
        if self.scene.known.is_over() {
            return self.say(ENDED);
        }
        self.scene.known.pace = pace;
        self.notice =
            Some(pace.map_or_else(|| "full speed".to_owned(), |pace| format!("slow motion: {}", words(pace))));
        Some(Command::Pace { steps_per_second: pace })
    }

    fn replay(&mut self) -> Option<Command> {
        if self.can_replay() {
            return Some(Command::Replay);
        }
        self.say(match (self.scene.known.is_over(), self.role) {
            (false, _) => "only a run that has ended can be played",
            (true, Role::Trains) => "leave the dashboard, then fitroom watch plays the run",
            (true, Role::Watches) => "the run can be played once the program that trained it is left",
        })
    }

    /// Whether this is a run that has ended, as its directory has it.
    pub(super) fn can_replay(&self) -> bool {
        let known = &self.scene.known;
        self.role == Role::Watches && (known.is_replay || matches!(known.phase, Phase::Ended { .. }))
    }

    fn save(&mut self) -> Option<Command> {
        if self.role == Role::Watches && (self.scene.known.is_replay || self.scene.known.is_over()) {
            return self.say(ENDED);
        }
        if self.scene.known.started.is_none() {
            return self.say("nothing to save yet");
        }
        self.saving = true;
        self.notice = Some("saving".to_owned());
        Some(Command::Save)
    }
}
