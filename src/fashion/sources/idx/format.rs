//! Reads IDX files, gzipped or plain, and says what is wrong with one that it cannot read. Knows the format alone:
//! which files make a data set, and where they lie, is for [`super`] to say.
//!
//! An IDX file is big-endian: a magic number (0x00000803 for images, 0x00000801 for labels), the count, for images also
//! the rows and columns (28 each here), then one byte a pixel or label and nothing after them.

use std::{
    fmt,
    io::{self, BufRead, Read},
};

use super::{IdxKind, IdxProblem, problem::EXCESS_LIMIT};
use crate::fashion::{Class, SIDE, gzip, sniff, sources::Problem};

/// The first bytes of memory for an IDX file's content; from there it doubles as bytes arrive.
const FIRST_STEP: usize = 64 * 1024;

/// An IDX file whose header is read and right, and whose content is still to come.
pub struct IdxReader<'a> {
    content: Box<dyn Read + Send + 'a>,
    kind: IdxKind,
    count: u32,
}

impl<'a> IdxReader<'a> {
    /// Reads the header. Content that begins as gzip does is inflated, whatever the file was called.
    ///
    /// # Errors
    /// When `input` fails, or does not begin as an IDX file of this kind with at least one 28×28 image or label.
    pub fn open(input: impl BufRead + Send + 'a, kind: IdxKind) -> Result<Self, Problem> {
        let mut content = gzip::inflated(input).map_err(Problem::Unreadable)?;
        let mut header = HeaderReader { content: &mut content, kind, found: 0 };

        let magic = header.number()?;
        if magic != kind.magic() {
            let mut start = magic.to_be_bytes().to_vec();
            // It is of another kind already; what cannot be read of it does not make it more so.
            let _ = content.take(sniff::ENOUGH as u64).read_to_end(&mut start);
            return Err(IdxProblem::Magic { kind, found: magic, start }.into());
        }
        let count = header.number()?;
        if kind == IdxKind::Images {
            let (rows, columns) = (header.number()?, header.number()?);
            if [rows, columns].map(u64::from) != [SIDE as u64; 2] {
                return Err(IdxProblem::Shape { rows, columns }.into());
            }
        }
        let reader = Self { content, kind, count };
        if count == 0 {
            // Where something follows nonetheless it is the header that is wrong.
            return Err(reader.into_bytes().err().unwrap_or(IdxProblem::Empty { kind }.into()));
        }
        Ok(reader)
    }

    /// How many images or labels the header promises; at least 1.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The content without the header: `count() × 784` bytes for images, `count()` for labels. Reads to the file's
    /// end to know that it is whole. Memory grows with the bytes that arrive, whatever the header promises, and a
    /// gzip file is inflated no further than a few kilobytes past that promise.
    ///
    /// # Errors
    /// When reading fails, the gzip data are damaged, or the file is shorter or longer than its header says.
    pub fn into_bytes(mut self) -> Result<Vec<u8>, Problem> {
        // Below 2³² × 784, so no u64 overflows here.
        let promised = u64::from(self.count) * self.kind.item_bytes();
        let expected = self.kind.header_bytes() + promised;

        let mut bytes = Vec::new();
        let outcome = read_promised(&mut self.content, promised, &mut bytes);
        let found = self.kind.header_bytes() + bytes.len() as u64;
        outcome.map_err(|error| problem(error, found, expected))?;
        if found < expected {
            return Err(IdxProblem::Truncated { kind: self.kind, count: self.count, found, expected }.into());
        }

        // Reading on to the end also compares gzip's checksum.
        let mut rest = Vec::new();
        (&mut self.content)
            .take(EXCESS_LIMIT)
            .read_to_end(&mut rest)
            .map_err(|error| problem(error, found, expected))?;
        if !rest.is_empty() {
            let excess = rest.len() as u64;
            return Err(IdxProblem::Excess { kind: self.kind, count: self.count, expected, excess }.into());
        }
        Ok(bytes)
    }
}

impl fmt::Debug for IdxReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdxReader({} {})", self.count, self.kind)
    }
}

/// Whether a file that begins so is an IDX file, plain, or anything gzipped, which no picture is.
#[must_use]
pub fn is_idx(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0, 0, 8]) || bytes.starts_with(&gzip::MAGIC)
}

/// Reads a whole IDX file of images, gzipped or plain: n × 784 bytes, n at least 1.
///
/// # Errors
/// When `input` is not such a file, whole and sound.
pub fn read_images(input: impl BufRead + Send) -> Result<Vec<u8>, Problem> {
    IdxReader::open(input, IdxKind::Images)?.into_bytes()
}

/// Reads a whole IDX file of labels, gzipped or plain: at least one class.
///
/// # Errors
/// When `input` is not such a file, whole and sound, or a label is above 9.
pub fn read_labels(input: impl BufRead + Send) -> Result<Vec<Class>, Problem> {
    classes(&IdxReader::open(input, IdxKind::Labels)?.into_bytes()?)
}

/// The classes that these labels are.
///
/// # Errors
/// When one is above 9.
pub fn classes(labels: &[u8]) -> Result<Vec<Class>, Problem> {
    let class = |(index, &found)| Class::new(found).ok_or(IdxProblem::Label { index, found }.into());
    labels.iter().enumerate().map(class).collect()
}

/// A header in the course of being read.
struct HeaderReader<'a, R> {
    content: &'a mut R,
    kind: IdxKind,
    found: u64,
}

impl<R: Read> HeaderReader<'_, R> {
    /// The next four bytes.
    fn number(&mut self) -> Result<u32, Problem> {
        let mut bytes = Vec::with_capacity(4);
        let outcome = self.content.take(4).read_to_end(&mut bytes);
        self.found += bytes.len() as u64;
        outcome.map_err(|error| problem(error, self.found, self.kind.header_bytes()))?;
        let bytes = bytes.try_into().map_err(|_| IdxProblem::HeaderTruncated { kind: self.kind, found: self.found })?;
        Ok(u32::from_be_bytes(bytes))
    }
}

/// Appends `promised` bytes, or as many as there are. `bytes` keeps those that came before an error.
fn read_promised(content: &mut impl Read, promised: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let step = growth(bytes.len(), promised);
        if step == 0 {
            return Ok(());
        }
        bytes.try_reserve_exact(step)?;
        if content.take(step as u64).read_to_end(bytes)? < step {
            return Ok(());
        }
    }
}

/// How many more bytes to make room for when this many of the promised ones have come: as many again, so that memory
/// is never more than twice what the file really holds, and in the end exactly what it promised.
fn growth(arrived: usize, promised: u64) -> usize {
    let missing = promised.saturating_sub(arrived as u64);
    arrived.max(FIRST_STEP).min(usize::try_from(missing).unwrap_or(usize::MAX))
}

/// What an error means that came after `inflated` of `expected` bytes: the decoder's own are the file's fault.
fn problem(error: io::Error, inflated: u64, expected: u64) -> Problem {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => IdxProblem::GzipTruncated { inflated, expected }.into(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if error.raw_os_error().is_none() => {
            IdxProblem::GzipDamaged { reason: error.to_string() }.into()
        }
        _ => Problem::Unreadable(error),
    }
}

#[cfg(test)]
mod tests;
