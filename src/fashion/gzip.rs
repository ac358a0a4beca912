//! Gzip, as data sets come in it: found by its first bytes, however the file is called, and read through all its
//! members. Knows nothing of what is inside.

use std::io::{self, BufRead, Cursor, Read};

use flate2::bufread::GzDecoder;

use super::sniff;

/// What every gzip member begins with.
pub const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The content of a file that may be gzipped, which its first two bytes show.
///
/// # Errors
/// When `input` cannot be read.
pub fn inflated<'a>(mut input: impl BufRead + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut start = Vec::with_capacity(MAGIC.len());
    (&mut input).take(MAGIC.len() as u64).read_to_end(&mut start)?;
    let is_gzip = start == MAGIC;
    let whole = Cursor::new(start).chain(input);
    Ok(if is_gzip { Box::new(Members { current: Some(GzDecoder::new(whole)) }) } else { Box::new(whole) })
}

/// All members of a gzip file, one after the other: `cat a.gz b.gz` is gzip too, and some compressors write it so.
/// flate2's own decoder for this would call anything after the last member an invalid header.
struct Members<R> {
    current: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.current {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.current = self.current.take().map(GzDecoder::into_inner).map(next_member).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The member that begins here, if the file does not end here. Zero bytes before it or at the end are padding, as what
/// writes to tapes or in blocks leaves behind; `gzip` and Python pass over them too.
fn next_member<R: BufRead>(mut input: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        let bytes = input.fill_buf()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            break;
        }
        input.consume(zeros);
    }
    match input.fill_buf()? {
        [] => Ok(None),
        [first, ..] if *first == MAGIC[0] => Ok(Some(GzDecoder::new(input))),
        after => {
            let after = sniff::hex(&after[..after.len().min(4)]);
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("{after} follows the compressed data")))
        }
    }
}
