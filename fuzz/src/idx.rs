//! IDX files, plain: the first byte says of what.

use fitroom::fashion::sources::idx;

use super::{check_shown, within};

/// What is there beside the content: the first step of its memory, and readers.
const BASE: usize = 64 * 1024 + 8 * 1024;

/// Reads it.
pub fn take(input: &[u8]) {
    let Some((first, file)) = input.split_first() else { return };
    // What begins as gzip is the other target's.
    if file.starts_with(&[0x1F, 0x8B]) {
        return;
    }
    let error = within(2 * file.len() + BASE, || {
        if first % 2 == 0 { idx::read_images(file).err() } else { idx::read_labels(file).err() }
    });
    if let Some(error) = error {
        check_shown(&error);
    }
}
