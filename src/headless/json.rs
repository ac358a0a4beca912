//! A run as lines of JSON, one per epoch: those of `metrics.jsonl`.

use std::io::{self, Write};

use super::teller::Teller;
use crate::{protocol::Report, run::metrics};

/// Writes an epoch's line when it ends.
#[derive(Debug)]
pub(super) struct JsonLines<W> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// Lines that go to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Teller for JsonLines<W> {
    fn tell(&mut self, report: &Report) -> io::Result<()> {
        let Report::Epoch { record, .. } = report else { return Ok(()) };
        writeln!(self.out, "{}", metrics::line(record))?;
        self.out.flush()
    }
}
