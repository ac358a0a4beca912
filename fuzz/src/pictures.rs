//! Pictures: PNG, JPEG and WebP, prepared and as they are; the first byte says which.

use std::io::Cursor;

use fitroom::fashion::photo::{self, Handling};
use image::{ImageDecoder, ImageReader, Limits};

use super::{check_shown, within};

/// Pictures of as many pixels are let be, since they take seconds each, but for those that are refused for it.
const MANY_PIXELS: usize = 1 << 18;
const TOO_MANY_PIXELS: usize = 400_000_000;
/// Bytes that the decoder, and what comes after it, take for a pixel at the most, blocks filled up; and
/// beside them, for their tables, and for a part of a WebP picture, whose length is 24 bits and told before it comes.
const FOR_A_PIXEL: usize = 128;
const BASE: usize = 24 << 20;
/// Pixels along a block's side.
const BLOCK: u64 = 16;

/// Reads it.
pub fn take(input: &[u8]) {
    let Some((first, file)) = input.split_first() else { return };
    let handling = if first % 2 == 0 { Handling::Prepared } else { Handling::AsIs };
    let pixels = match pixels(file) {
        MANY_PIXELS..TOO_MANY_PIXELS => return,
        // What is refused takes no memory for its pixels.
        TOO_MANY_PIXELS.. => 0,
        few => few,
    };
    match within(4 * file.len() + FOR_A_PIXEL * pixels + BASE, || photo::read(file, handling)) {
        Ok(photo) => assert!(photo.size.0 > 0 && photo.size.1 > 0 && !photo.to_string().contains('\n')),
        Err(error) => check_shown(&error),
    }
}

/// The pixels that the file promises, in whole blocks.
fn pixels(file: &[u8]) -> usize {
    let mut limits = Limits::default();
    limits.max_alloc = Some(64 << 20);
    let Ok(mut reader) = ImageReader::new(Cursor::new(file)).with_guessed_format() else { return 0 };
    reader.limits(limits);
    let Ok(decoder) = reader.into_decoder() else { return 0 };
    let (width, height) = decoder.dimensions();
    let [width, height] = [width, height].map(|side| u64::from(side).next_multiple_of(BLOCK));
    usize::try_from(width.saturating_mul(height)).unwrap_or(usize::MAX)
}
