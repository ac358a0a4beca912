//! What a screen answers to a key. Plain data.

use std::borrow::Cow;

use super::{album::Filter, known::Half, overlay::Overlay, screen::Screen};

/// What a screen answers to a key.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// The key has done what it does.
    Done,
    /// This is to be said to the person.
    Say(Cow<'static, str>),
    /// Another screen is shown.
    Show(Screen),
    /// Another screen is shown, or this one in another way, with only those of its images that a filter leaves, if
    /// there is one; and Esc leads back here.
    Into(Screen, Stance, Option<Filter>),
    /// This lies over the panes from now on.
    Open(Overlay),
}

impl From<&'static str> for Answer {
    fn from(words: &'static str) -> Self {
        Self::Say(words.into())
    }
}

impl From<String> for Answer {
    fn from(words: String) -> Self {
        Self::Say(words.into())
    }
}

/// How a screen shows what it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stance {
    /// Which images.
    pub half: Half,
    /// Whether one of them has the whole screen.
    pub is_large: bool,
}

/// Whether a key does something on a screen at this moment, and what the footer calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It does nothing of use.
    No,
    /// It does what the key table says.
    Yes,
    /// It does this.
    As(&'static str),
}

impl From<bool> for Offer {
    fn from(is_of_use: bool) -> Self {
        if is_of_use { Self::Yes } else { Self::No }
    }
}
