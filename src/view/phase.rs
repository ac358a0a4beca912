//! How far the run is, as a word and as a mark with its colour. One place for the header and the training pane.

use ratatui::style::Style;

use crate::{
    app::{Known, Phase},
    view::theme::{Theme, Tone},
};

/// The mark of what the run does, and its style: whatever will pause waits already.
pub fn mark(known: &Known, theme: &Theme) -> (&'static str, Style) {
    let glyphs = theme.glyphs();
    match known.phase {
        Phase::Done => (glyphs.right, theme.verdict(Tone::Right)),
        Phase::Failed { .. } => (glyphs.wrong, theme.verdict(Tone::Wrong)),
        Phase::Training | Phase::Evaluating if !known.will_pause() && !known.is_silent => {
            (glyphs.state, theme.accent())
        }
        Phase::Loading | Phase::Training | Phase::Evaluating | Phase::Paused | Phase::Ended { .. } => {
            (glyphs.state, theme.muted())
        }
    }
}

/// What the run does, in a word.
pub fn word(known: &Known) -> &str {
    match &known.phase {
        Phase::Training | Phase::Evaluating | Phase::Paused if known.is_silent => "not answering",
        Phase::Loading => "loading",
        Phase::Training if known.will_pause() => "pausing",
        Phase::Training if known.is_replay => "replaying",
        Phase::Training => "training",
        Phase::Evaluating => "evaluating",
        Phase::Paused => "paused",
        Phase::Done => "done",
        Phase::Failed { .. } => "failed",
        Phase::Ended { how, .. } => how,
    }
}
