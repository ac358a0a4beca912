//! What every error's text has to be. Knows no format.

use std::fmt::Display;

use fitroom::printable::{Printable, is_control};

/// The longest text of an error, in bytes.
const LONGEST: usize = 4096;

/// Holds an error to what fitroom promises of all of them, as it is shown: one line, which says something, is no longer
/// than what it is about can be read in, and has nothing in it that a terminal would obey.
///
/// # Panics
/// When it is otherwise.
pub fn check_shown(error: &impl Display) {
    let text = Printable(error).to_string();
    assert!(!text.trim().is_empty() && !text.contains(is_control), "{text:?}");
    assert!(text.len() <= LONGEST, "{} bytes: {text}", text.len());
}
