//! What every way to say how a run goes does, and what none of them says. The ways are the other files.

use std::io::{self, Write, stderr};

use crate::{printable::Printable, protocol::Report};

/// A way to say how a run goes.
pub(super) trait Teller {
    /// Says what the report has to say, at once.
    fn tell(&mut self, report: &Report) -> io::Result<()>;

    /// Leaves the terminal as it was.
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says something on standard error. Where that is gone there is nobody to tell.
pub(super) fn warn(words: &str) {
    let _ = writeln!(stderr(), "fitroom: {}", Printable(words));
}
