//! How the dashboard is left: whether that is asked, and what has to come before. Ends nothing itself.

use super::{App, Leaving, Overlay, Role, answer::Answer, sentences::SAVING};
use crate::protocol::{Command, Report};

impl App {
    /// Leaves; where a run trains that goes on after that, or can be gone on with, it is asked how. Twice: at once.
    pub(super) fn quit(&mut self) -> Answer {
        let known = &self.scene.known;
        let is_kept = known.started.as_ref().is_some_and(|started| started.run.is_some());
        if self.overlay == Overlay::Leave {
            self.leaving = Some(Leaving::AtOnce);
        } else if self.role == Role::Trains && is_kept && !known.is_over() {
            self.overlay = Overlay::Leave;
        } else {
            self.leaving = Some(Leaving::Stopping);
        }
        Answer::Done
    }

    /// Leaves in the way that was chosen. Another process begins where the run was kept last, so that comes first.
    pub(super) fn leave(&mut self, way: Leaving) -> Option<Command> {
        if way != Leaving::Detaching {
            self.leaving = Some(way);
            return None;
        }
        self.detaching = true;
        self.overlay = Overlay::None;
        self.notice = Some(SAVING.to_owned());
        Some(Command::Save)
    }

    /// Leaves the run to the background once it is kept; what cannot be kept cannot be handed over.
    pub(super) fn detach(&mut self, report: &Report) {
        match report {
            Report::Saved { .. } => self.leaving = Some(Leaving::Detaching),
            Report::NotSaved { reason } => {
                self.detaching = false;
                self.overlay = Overlay::None;
                self.notice = Some(format!("it stays in this terminal: {reason}"));
            }
            // There is nothing left to train, or to be left.
            Report::Finished | Report::Failed { .. } => self.leaving = Some(Leaving::Stopping),
            _ => {}
        }
    }
}
