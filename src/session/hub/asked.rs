//! Which reports answer a look at the network, and whose look. Sends none.

use crate::protocol::{Look, Report, TileRange, Tiles};

/// What a report is an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// What the network takes this test image for.
    Prediction(usize),
    /// What this test image's pixels say for that.
    Attribution(usize),
    /// These tiles, as far as the network has them, and how many it has.
    Tiles { range: TileRange, of: usize },
}

/// What this report is an answer to; `None`: it is news for everybody.
pub(super) fn answered(report: &Report) -> Option<Asked> {
    match report {
        Report::Prediction { index, .. } => Some(Asked::Prediction(*index)),
        Report::Attribution(attribution) => Some(Asked::Attribution(attribution.index)),
        Report::Tiles(tiles) => Some(Asked::Tiles { range: range(tiles), of: tiles.of }),
        Report::Started(_)
        | Report::Batch(_)
        | Report::Untrained { .. }
        | Report::Paused
        | Report::Resumed
        | Report::Paced { .. }
        | Report::Evaluating { .. }
        | Report::Epoch { .. }
        | Report::Usage(_)
        | Report::Saved { .. }
        | Report::NotSaved { .. }
        | Report::Note { .. }
        | Report::Finished
        | Report::Failed { .. }
        | Report::Ended { .. }
        | Report::Replaying
        | Report::Silent => None,
    }
}

/// Whether this report is an answer to this look.
pub(super) fn answers(report: &Report, look: &Look) -> bool {
    answered(report).is_some_and(|asked| match asked {
        Asked::Prediction(index) => look.predicted.contains(&index),
        Asked::Attribution(index) => look.explained.contains(&index),
        Asked::Tiles { range, of } => look.tiles.iter().any(|asked| within(*asked, of) == range),
    })
}

/// Which tiles these are.
fn range(tiles: &Tiles) -> TileRange {
    let first = tiles.tiles.first().map_or(tiles.of, |tile| tile.number);
    TileRange { first, count: tiles.tiles.len() }
}

/// What there is of a range in a network of `of` tiles.
fn within(range: TileRange, of: usize) -> TileRange {
    let count = range.count.min(of.saturating_sub(range.first));
    TileRange { first: if count == 0 { of } else { range.first }, count }
}
