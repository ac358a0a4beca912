//! What every way to say how a run goes does. The ways are the other files.

use std::io;

use crate::protocol::Report;

/// A way to say how a run goes.
pub(super) trait Teller {
    /// Says what the report has to say, at once.
    fn tell(&mut self, report: &Report) -> io::Result<()>;
}
