//! What lies over the panes and takes the keys. Plain data, and how its rows are gone through.

use super::{
    Action,
    ways::{Direction, Page, Stride, moved},
};
use crate::protocol::OtherRun;

/// What lies over the panes and takes the keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The help.
    Help {
        /// Its page, from 0.
        page: usize,
    },
    /// An index is typed; this much of it.
    Prompt(String),
    /// A run is chosen, to be compared with.
    Runs(RunChoice),
    /// It is asked how to leave a run that trains.
    Leave,
}

/// The runs that can be compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunChoice {
    /// Those that there are, newest first; `None` while they are read.
    pub runs: Option<Vec<OtherRun>>,
    /// The chosen row: 0 is none of them, and then they follow.
    pub row: usize,
}

impl Overlay {
    /// Whether an action gets past it.
    pub(super) fn lets_through(&self, action: Action) -> bool {
        if *self == Self::Leave {
            return matches!(action, Action::Leave(_) | Action::Quit | Action::Back | Action::Redraw | Action::Suspend);
        }
        let takes_keys = matches!(self, Self::Help { .. } | Self::Runs(_));
        !takes_keys
            || matches!(
                action,
                Action::Go(..)
                    | Action::Enter
                    | Action::Back
                    | Action::PickRow(_)
                    | Action::Show(_)
                    | Action::NextScreen
                    | Action::PreviousScreen
                    | Action::ToggleHelp
                    | Action::Redraw
                    | Action::Suspend
                    | Action::Quit
            )
    }

    /// Goes through its rows or pages; `false` where it has none, so that the screen is gone through.
    pub(super) fn go(&mut self, page: &Page, stride: Stride, direction: Direction) -> bool {
        match self {
            Self::Runs(choice) => {
                let last = choice.runs.as_ref().map_or(0, Vec::len);
                choice.row = moved(choice.row, stride.rows(), direction, last);
            }
            Self::Help { page: number } => {
                *number = moved(*number, stride.rows().min(page.help), direction, page.help - 1);
            }
            Self::None | Self::Prompt(_) | Self::Leave => return false,
        }
        true
    }
}
