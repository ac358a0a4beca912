//! The keys that steer the run: pause, step, pace, save. What they ask for is the worker's to do.

use super::{
    App, Phase, Role,
    sentences::{
        ENDED, FULL_SPEED, HEARD_LATER, LEAVE_FIRST, LEFT_FIRST, NOT_ENDED, NOT_PAUSED, NOT_STARTED, NOTHING_TO_SAVE,
        SAVING,
    },
};
use crate::{printable::pace as words, protocol::Command};

/// Steps per second from which doubling leads back to full speed.
const FASTEST_PACE: f64 = 4096.0;

impl App {
    /// Asks the worker for something in one of the ways below. What it makes of that is seen now.
    pub(super) fn steer(&mut self, ask: fn(&mut Self) -> Option<Command>) -> Option<Command> {
        self.scene.return_to_now();
        let command = ask(self);
        if command.is_some() && self.scene.known.is_silent {
            self.notice = Some(HEARD_LATER.to_owned());
        }
        command
    }

    fn say(&mut self, words: &str) -> Option<Command> {
        self.notice = Some(self.keys.spelled(words));
        None
    }

    /// Turns round what training does, or will do as soon as the worker gets to what it was asked for last.
    pub(super) fn toggle_pause(&mut self) -> Option<Command> {
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

    pub(super) fn step(&mut self) -> Option<Command> {
        if self.scene.known.will_pause() {
            return Some(Command::Step);
        }
        self.say(match self.scene.known.phase {
            Phase::Loading => NOT_STARTED,
            Phase::Done | Phase::Failed { .. } | Phase::Ended { .. } => ENDED,
            Phase::Training | Phase::Evaluating | Phase::Paused => NOT_PAUSED,
        })
    }

    pub(super) fn slower(&mut self) -> Option<Command> {
        let known = &self.scene.known;
        let from = known.pace.or(known.full_speed).unwrap_or(FASTEST_PACE).max(2.0);
        // A power of two is a pace that a person can name, whatever the machine's own was.
        self.set_pace(Some((from / 2.0).log2().floor().exp2()))
    }

    pub(super) fn faster(&mut self) -> Option<Command> {
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
        let what = if self.scene.known.is_replay { "replay" } else { "slow motion" };
        let said = pace.map_or_else(|| FULL_SPEED.to_owned(), |pace| format!("{what}: {}", words(pace)));
        self.notice = Some(said);
        Some(Command::Pace { steps_per_second: pace })
    }

    /// Plays the run from its beginning, or shows its end again.
    pub(super) fn replay(&mut self) -> Option<Command> {
        if self.scene.known.is_replay {
            return Some(Command::EndReplay);
        }
        if self.can_replay() {
            return Some(Command::Replay);
        }
        self.say(match (self.scene.known.is_over(), self.role) {
            (false, _) => NOT_ENDED,
            (true, Role::Trains) => LEAVE_FIRST,
            (true, Role::Watches) => LEFT_FIRST,
        })
    }

    /// Whether this is a run that has ended, as its directory has it. Of one that cannot be opened nothing comes.
    pub(super) fn can_replay(&self) -> bool {
        let known = &self.scene.known;
        self.role == Role::Watches && matches!(known.phase, Phase::Ended { .. }) && !known.is_silent
    }

    /// Whether whoever has the run may be asked to save it.
    pub(super) fn can_save(&self) -> bool {
        self.role == Role::Trains || !(self.scene.known.is_replay || self.scene.known.is_over())
    }

    pub(super) fn save(&mut self) -> Option<Command> {
        if !self.can_save() {
            return self.say(ENDED);
        }
        if self.scene.known.started.is_none() {
            return self.say(NOTHING_TO_SAVE);
        }
        self.saving = true;
        self.notice = Some(SAVING.to_owned());
        Some(Command::Save)
    }
}
