//! What every way to tell a run does. The ways are the other files.

use std::io;

use crate::protocol::Report;

/// A way to tell a run.
pub(super) trait Teller {
    /// Tells what the report has to say, at once.
    fn tell(&mut self, report: &Report) -> io::Result<()>;
}
