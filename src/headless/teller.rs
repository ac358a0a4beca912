//! What every way to tell a run does, and what none of them tells. The ways are the other files.

use std::io::{self, Write, stderr};

use crate::{printable::Printable, protocol::Report};

/// A way to tell a run.
pub(super) trait Teller {
    /// Tells what the report has to say, at once.
    fn tell(&mut self, report: &Report) -> io::Result<()>;
}

/// Says something on standard error. Where that is gone there is nobody to tell.
pub(super) fn warn(words: &str) {
    let _ = writeln!(stderr(), "fitroom: {}", Printable(words));
}
