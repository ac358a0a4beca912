//! The pixels of a pass as numbers, and where there is ink at all: half of all pixels are 0, and what they add to a sum
//! is nothing. Knows no layer and no weight.

#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the instructions that were chosen")]

use std::{array, hint};

use pulp::{Arch, Simd, WithSimd};

use crate::fashion::PIXELS;

/// Rows that are gone through side by side, by the pixels that are not 0 in all of them.
pub(super) const ROWS: usize = 4;
/// Adjacent pixels that are gone through side by side, by the rows in which they are not all 0.
pub(super) const COLUMNS: usize = 4;

/// Bits of a word.
const WORD: usize = 64;
/// Bytes that a core fetches at once.
const CACHE_LINE: usize = 64;

/// A bit for each pixel.
pub(super) type PixelBits = [u64; PIXELS.div_ceil(WORD)];
/// For each [`COLUMNS`] pixels a bit for each of 64 rows.
pub(super) type RowBits = [u64; PIXELS / COLUMNS];

/// Where there is ink in the images of a pass, one row per image.
#[derive(Debug)]
pub(super) struct Ink {
    /// For each [`ROWS`] rows the pixels that are not 0 in all of them.
    pub pixels: Vec<PixelBits>,
    /// For each 64 rows those in which some pixels are not all 0.
    pub rows: Vec<RowBits>,
}

/// The bits of a word that are set, counted from `first` on.
pub(super) struct Ones {
    word: u64,
    first: usize,
}

impl Ones {
    /// The set bits of this word, the `number`th of some.
    #[inline(always)]
    pub fn new(word: u64, number: usize) -> Self {
        Self { word, first: number * WORD }
    }
}

impl Iterator for Ones {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.word == 0 {
            return None;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some(self.first + bit as usize)
    }
}

impl Ink {
    /// Room for so many images.
    pub fn new(images: usize) -> Self {
        let (pixels, rows) = ([0; PIXELS.div_ceil(WORD)], [0; PIXELS / COLUMNS]);
        Self { pixels: vec![pixels; images.div_ceil(ROWS)], rows: vec![rows; images.div_ceil(WORD)] }
    }

    /// Takes in these images in place of those before, and writes their pixels' bytes as the network sees them, 0 to 1.
    pub fn read<'a>(&mut self, arch: Arch, images: impl Iterator<Item = &'a [u8; PIXELS]> + Clone, values: &mut [f32]) {
        fetch(images.clone());
        self.rows.fill([0; PIXELS / COLUMNS]);
        arch.dispatch(Reading { ink: self, images, values });
    }

    #[inline(always)]
    fn read_block(&mut self, block: usize, images: [&[u8; PIXELS]; ROWS]) {
        let any: [u8; PIXELS] = array::from_fn(|pixel| images.iter().fold(0, |any, image| any | image[pixel]));
        let (bytes, _) = any.as_chunks::<8>();
        self.pixels[block] = PixelBits::default();
        for (number, bytes) in bytes.iter().enumerate() {
            self.pixels[block][number / 8] |= not_zero(*bytes) << (number % 8 * 8);
        }
        let rows = &mut self.rows[block * ROWS / WORD];
        let first = block * ROWS % WORD;
        for (row, image) in images.iter().enumerate() {
            let (columns, _) = image.as_chunks::<COLUMNS>();
            for (rows, bytes) in rows.iter_mut().zip(columns) {
                *rows |= u64::from(u32::from_ne_bytes(*bytes) != 0) << (first + row);
            }
        }
    }
}

/// Has all of the images on their way from memory at once, which one after the other would each be waited for.
fn fetch<'a>(images: impl Iterator<Item = &'a [u8; PIXELS]>) {
    let mut any = 0;
    for image in images {
        for byte in image.iter().step_by(CACHE_LINE).chain(image.last()) {
            any |= byte;
        }
    }
    hint::black_box(any);
}

/// A bit for each byte that is not 0.
#[inline(always)]
fn not_zero(bytes: [u8; 8]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let bytes = u64::from_le_bytes(bytes);
    // Each byte's highest bit, and then all of them side by side in the highest byte.
    let high = (((bytes & LOW) + LOW) | bytes) & !LOW;
    (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The work of [`Ink::read`].
struct Reading<'a, I> {
    ink: &'a mut Ink,
    images: I,
    values: &'a mut [f32],
}

impl<'i, I: Iterator<Item = &'i [u8; PIXELS]>> WithSimd for Reading<'_, I> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        for (block, values) in self.values.chunks_mut(ROWS * PIXELS).enumerate() {
            let next: [_; ROWS] = array::from_fn(|_| self.images.next());
            if next[0].is_none() {
                break;
            }
            let (values, _) = values.as_chunks_mut::<PIXELS>();
            for (image, values) in next.into_iter().flatten().zip(values) {
                for (byte, value) in image.iter().zip(values) {
                    *value = f32::from(*byte) * (1.0 / 255.0);
                }
            }
            self.ink.read_block(block, next.map(|image| image.unwrap_or(&[0; PIXELS])));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image with ink at these pixels.
    fn image(pixels: &[usize]) -> [u8; PIXELS] {
        let mut image = [0; PIXELS];
        pixels.iter().zip([1, 128, 255].into_iter().cycle()).for_each(|(pixel, byte)| image[*pixel] = byte);
        image
    }

    fn read(images: &[[u8; PIXELS]]) -> (Ink, Vec<f32>) {
        // What was there before is of no matter.
        let before = vec![[255; PIXELS]; images.len() + 100];
        let mut ink = Ink::new(before.len());
        let mut values = vec![0.0; before.len() * PIXELS];
        ink.read(Arch::new(), before.iter(), &mut values);
        ink.read(Arch::new(), images.iter(), &mut values);
        (ink, values)
    }

    fn ones(words: impl IntoIterator<Item = u64>) -> Vec<usize> {
        words.into_iter().enumerate().flat_map(|(number, word)| Ones::new(word, number)).collect()
    }

    #[test]
    fn ink_is_found_where_there_is_some() {
        let images: Vec<_> = (0..70).map(|row| image(&[row, row + 100, 63, 783])).collect();
        let (ink, values) = read(&images);
        for (row, image) in images.iter().enumerate() {
            for (pixel, byte) in image.iter().enumerate() {
                assert!((values[row * PIXELS + pixel] * 255.0 - f32::from(*byte)).abs() < 1e-4);
            }
        }
        assert_eq!(ones(ink.pixels[0]), [0, 1, 2, 3, 63, 100, 101, 102, 103, 783]);
        assert_eq!(ones(ink.pixels[17]), [63, 68, 69, 168, 169, 783]);
        let rows = |column: usize| ones(ink.rows.iter().map(|rows| rows[column]));
        assert_eq!(rows(783 / COLUMNS), (0..70).collect::<Vec<_>>());
        assert_eq!(rows(40 / COLUMNS), [40, 41, 42, 43]);
        assert_eq!(rows(64 / COLUMNS), [64, 65, 66, 67]);
        assert_eq!(rows(200 / COLUMNS), [] as [usize; 0]);
    }

    #[test]
    fn white_paper_has_no_ink() {
        let (ink, values) = read(&[[0; PIXELS]; 3]);
        assert!(values[..3 * PIXELS].iter().all(|value| *value == 0.0));
        assert!(ones(ink.pixels[0]).is_empty() && ones(ink.rows[0]).is_empty());
    }
}
