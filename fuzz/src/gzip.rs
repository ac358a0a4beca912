//! Gzip with IDX inside. The first byte says which, and whether the rest is the file as it is, or what a gzip file (of
//! one member, or of two with zeros between) holds.

use std::io::Write;

use fitroom::fashion::sources::idx;
use flate2::{Compression, write::GzEncoder};

use super::{check_shown, within};

/// Deflate turns one byte into no more than this.
const MOST_INFLATED: usize = 1032;
/// What is there beside the content: the first step of its memory, and the decoder.
const BASE: usize = 64 * 1024 + 64 * 1024;

/// Reads it.
pub fn take(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let (file, content) = match first >> 1 & 3 {
        0 => (zipped(rest), rest.len()),
        1 => {
            let (one, other) = rest.split_at(rest.len() / 2);
            ([zipped(one), vec![0; usize::from(first >> 3)], zipped(other)].concat(), rest.len())
        }
        // With the magic in front: without it the file is plain.
        _ => ([&[0x1F, 0x8B, 8], rest].concat(), rest.len() * MOST_INFLATED),
    };
    let error = within(2 * content + BASE, || {
        if first % 2 == 0 { idx::read_images(&*file).err() } else { idx::read_labels(&*file).err() }
    });
    if let Some(error) = error {
        check_shown(&error);
    }
}

fn zipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).and_then(|()| encoder.finish()).expect("memory takes all")
}
