//! Cells of a table of text. Knows their width on a terminal, not what they say.

use crate::view::width;

/// This text, followed by blanks up to this width in cells.
pub(super) fn padded(text: &str, cells: usize) -> String {
    let blanks = cells.saturating_sub(width(text));
    format!("{text}{:blanks$}", "")
}

/// This text, preceded by blanks up to this width in cells.
pub(super) fn to_the_right(text: &str, cells: usize) -> String {
    let blanks = cells.saturating_sub(width(text));
    format!("{:blanks$}{text}", "")
}
