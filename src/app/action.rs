//! What a key or a click can mean. Does nothing.

use std::borrow::Cow;

use super::{
    screen::Screen,
    ways::{
        Direction::{self, Back, Forward},
        Stride,
    },
};
use crate::fashion::Class;

/// How a dashboard is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// The run is stopped, and saved first.
    Stopping,
    /// The run trains on in the background.
    Detaching,
    /// The run is stopped, and nothing more is waited for.
    AtOnce,
}

/// What a key or a click means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Go through what the screen has.
    Go(Stride, Direction),
    /// Go to the next image that the network gets wrong, or to the one before.
    Wrong(Direction),
    /// Begin to type an index.
    OpenPrompt,
    /// A character of the index.
    Type(char),
    /// Take the last character back.
    Erase,
    /// Show only images of the next class, and after the last class all.
    NextClass,
    /// Show only mistakes, or all again.
    ToggleWrong,
    /// Show all images.
    ClearFilter,
    /// The next order of the images.
    NextOrder,
    /// See the predictions of an epoch before.
    Earlier,
    /// See those of an epoch later, and after the last one those of now.
    Later,
    /// See the predictions as they were at this step.
    See(u64),
    /// Ink light on dark, or dark on light.
    Invert,
    /// Larger pictures and a shorter part of the curves, or the other way.
    Zoom(Direction),
    /// Show or hide which pixels speak for the prediction.
    ToggleExplain,
    /// Test images or training images.
    ToggleHalf,
    /// Smooth the curves more, and after the most not at all.
    NextSmoothing,
    /// A logarithmic axis for the loss, or a plain one.
    ToggleLogarithm,
    /// Count the curves' axis in epochs or in steps.
    ToggleUnit,
    /// Choose a run to be laid over the curves.
    PickRun,
    /// Show this screen.
    Show(Screen),
    /// The next screen.
    NextScreen,
    /// The screen before.
    PreviousScreen,
    /// Go into what is selected; take what is typed or chosen.
    Enter,
    /// Close what is open; back to where one came from.
    Back,
    /// Select the image at this index, or go into it where it is selected.
    PickImage(usize),
    /// Select this unit, or go into it where it is selected.
    PickUnit(usize),
    /// Select the images of one class that are taken for another, or go into them where they are selected.
    PickCell(Class, Class),
    /// Select this class, or go into it where it is selected.
    PickClass(Class),
    /// Choose this row of the list that lies over the panes.
    PickRow(usize),
    /// Put the cursor of the curves on this step.
    PickStep(u64),
    /// Pause or resume training.
    TogglePause,
    /// While paused: train one batch.
    Step,
    /// Halve the pace.
    Slower,
    /// Double the pace.
    Faster,
    /// Play a run that has ended from its beginning.
    Replay,
    /// Keep a checkpoint now.
    Save,
    /// Leave in this way, where one was asked how.
    Leave(Leaving),
    /// Show or hide the help.
    ToggleHelp,
    /// Draw the whole screen again.
    Redraw,
    /// Stop the program and give the terminal to the shell.
    Suspend,
    /// Leave.
    Quit,
}

impl Action {
    /// What the configuration file calls it; `None`: no key of the table means it.
    #[must_use]
    pub fn name(self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self {
            Self::Go(Stride::One, Back) => "previous",
            Self::Go(Stride::One, Forward) => "next",
            Self::Go(Stride::Row, Back) => "up",
            Self::Go(Stride::Row, Forward) => "down",
            Self::Go(Stride::Page, Back) => "page-back",
            Self::Go(Stride::Page, Forward) => "page-forward",
            Self::Go(Stride::All, Back) => "first",
            Self::Go(Stride::All, Forward) => "last",
            Self::Wrong(Forward) => "next-mistake",
            Self::Wrong(Back) => "previous-mistake",
            Self::OpenPrompt => "jump",
            Self::NextClass => "class",
            Self::ToggleWrong => "mistakes",
            Self::ClearFilter => "all-images",
            Self::NextOrder => "order",
            Self::Earlier => "epoch-back",
            Self::Later => "epoch-forward",
            Self::Invert => "invert",
            Self::Zoom(Forward) => "zoom-in",
            Self::Zoom(Back) => "zoom-out",
            Self::ToggleExplain => "why",
            Self::ToggleHalf => "training-images",
            Self::NextSmoothing => "smooth",
            Self::ToggleLogarithm => "logarithm",
            Self::ToggleUnit => "axis",
            Self::PickRun => "compare",
            Self::Show(screen) => return Some(screen.name().to_ascii_lowercase().into()),
            Self::NextScreen => "next-screen",
            Self::PreviousScreen => "previous-screen",
            Self::Enter => "open",
            Self::Back => "back",
            Self::TogglePause => "pause",
            Self::Step => "one-batch",
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::Replay => "play",
            Self::Save => "save",
            Self::ToggleHelp => "help",
            Self::Redraw => "redraw",
            Self::Suspend => "suspend",
            Self::Quit => "quit",
            Self::Type(_)
            | Self::Erase
            | Self::See(_)
            | Self::PickImage(_)
            | Self::PickUnit(_)
            | Self::PickCell(..)
            | Self::PickClass(_)
            | Self::PickRow(_)
            | Self::PickStep(_)
            | Self::Leave(_) => return None,
        }))
    }
}
