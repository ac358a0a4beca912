//! The pixels of a pass, laid out for the first layer's kernels, and where there is ink at all: half of all pixels are
//! 0, and what they add to a sum is nothing. Knows no layer and no weight.

#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the instructions that were chosen")]

use std::{array, hint};

use pulp::{Arch, Simd, WithSimd};

use crate::fashion::{PIXELS, SIDE};

/// Images whose pixels lie side by side.
pub(super) const ROWS: usize = 32;
/// Pairs of adjacent pixels of an image.
pub(super) const PAIRS: usize = PIXELS / 2;

/// Bits of a word.
pub(super) const WORD: usize = 64;
/// Bytes that a core fetches at once.
const CACHE_LINE: usize = 64;
/// Rows that are put side by side at a time.
const TOGETHER: usize = 4;
/// An image without ink.
const BLANK: [u8; PIXELS] = [0; PIXELS];

/// Words that have a bit for each pixel.
pub(super) const WORDS: usize = PIXELS.div_ceil(WORD);

/// A bit for each pixel that is not 0.
pub(super) type PixelBits = [u64; WORDS];

/// What the network sees of a pixel's byte: 0 to 1.
pub(super) static VALUES: [f32; 256] = {
    let mut values = [0.0; 256];
    let mut byte = 0;
    while byte < values.len() {
        #[expect(clippy::cast_precision_loss, reason = "a byte is far below 2^24")]
        let value = byte as f32;
        values[byte] = value * (1.0 / 255.0);
        byte += 1;
    }
    values
};

/// The images of a pass, one row per image.
#[derive(Debug)]
pub(super) struct Ink {
    /// Row by row.
    pub images: Vec<[u8; PIXELS]>,
    /// Where each row is not 0.
    pub pixels: Vec<PixelBits>,
    /// And column by column, [`ROWS`] rows in each.
    blocks: Vec<Block>,
}

/// [`ROWS`] rows of a pass, column by column; undefined in rows that the pass does not have.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// For each pair of pixels its bytes in all rows.
    columns: [[[[u8; 2]; TOGETHER]; ROWS / TOGETHER]; PAIRS],
    /// For each pixel a bit for each row in which it is not 0.
    rows: [u32; WORDS * WORD],
}

impl Block {
    #[expect(clippy::large_stack_arrays, reason = "it is cloned once at a thread's begin, and is far below its stack")]
    const BLANK: Self = Self { columns: [[[[0; 2]; TOGETHER]; ROWS / TOGETHER]; PAIRS], rows: [0; WORDS * WORD] };

    /// The bytes of a pair of pixels in a row.
    #[inline(always)]
    pub fn bytes(&self, pair: usize, row: usize) -> [u8; 2] {
        self.columns[pair].as_flattened()[row]
    }

    /// A bit for each row in which a pair of pixels is not all 0.
    #[inline(always)]
    pub fn rows(&self, pair: usize) -> u32 {
        self.rows[2 * pair] | self.rows[2 * pair + 1]
    }
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
        let blocks = vec![Block::BLANK; images.div_ceil(ROWS)];
        Self { images: Vec::with_capacity(images), pixels: vec![PixelBits::default(); images], blocks }
    }

    /// Takes in these images in place of those before. They are fetched from the `first` on, and then those before it:
    /// threads that each begin elsewhere fetch for one another.
    pub fn read<'a>(&mut self, arch: Arch, images: impl Iterator<Item = &'a [u8; PIXELS]> + Clone, first: usize) {
        fetch(images.clone().skip(first).chain(images.clone().take(first)));
        self.images.clear();
        self.images.extend(images);
        arch.dispatch(Reading(self));
    }

    /// The blocks that have rows of this pass.
    #[inline(always)]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks[..self.images.len().div_ceil(ROWS)]
    }
}

/// The number by which images that have their ink in like places become neighbours when they are sorted: how many rows
/// it spans, and then how many pixels it has. A tile leaves out the pixels that are 0 in all of its rows.
pub(super) fn likeness(image: &[u8; PIXELS]) -> u16 {
    let (rows, _) = image.as_chunks::<SIDE>();
    // A row's count fits a byte, and so sixteen and more of them are added at a time.
    let counts: [u8; SIDE] = array::from_fn(|row| rows[row].iter().map(|byte| u8::from(*byte != 0)).sum());
    let first = counts.iter().position(|count| *count > 0).unwrap_or(0);
    let last = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
    let count: u16 = counts.into_iter().map(u16::from).sum();
    u16::try_from((last - first) * (PIXELS + 1)).expect("28 spans of 784 pixels are few") + count
}

/// Has all of the images on their way from memory at once, which one after the other would each be waited for.
pub(super) fn fetch<'a>(images: impl Iterator<Item = &'a [u8; PIXELS]>) {
    let mut any = 0;
    for image in images {
        for byte in image.iter().step_by(CACHE_LINE).chain(image.last()) {
            any |= byte;
        }
    }
    hint::black_box(any);
}

/// The work of [`Ink::read`], once the images are there.
struct Reading<'a>(&'a mut Ink);

impl WithSimd for Reading<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Ink { images, pixels, blocks } = self.0;
        for (bits, image) in pixels.iter_mut().zip(&*images) {
            *bits = pixel_bits(image);
        }
        for ((block, images), pixels) in blocks.iter_mut().zip(images.chunks(ROWS)).zip(pixels.chunks(ROWS)) {
            block.take(images);
            block.take_bits(&pixels[..images.len()]);
        }
    }
}

impl Block {
    /// Takes in these rows' bytes.
    #[inline(always)]
    fn take(&mut self, images: &[[u8; PIXELS]]) {
        // Some rows at a time are adjacent at first, which a processor does fast.
        let mut together = [[[0; 2]; TOGETHER]; PAIRS];
        for (number, images) in images.chunks(TOGETHER).enumerate() {
            let image = |row: usize| images.get(row).unwrap_or(&BLANK).as_chunks::<2>().0;
            let (first, second, third, fourth) = (image(0), image(1), image(2), image(3));
            let rows = first.iter().zip(second).zip(third).zip(fourth);
            for (bytes, (((first, second), third), fourth)) in together.iter_mut().zip(rows) {
                *bytes = [*first, *second, *third, *fourth];
            }
            for (column, bytes) in self.columns.iter_mut().zip(&together) {
                column[number] = *bytes;
            }
        }
    }

    /// Takes in these rows' bits.
    #[inline(always)]
    fn take_bits(&mut self, pixels: &[PixelBits]) {
        for (word, columns) in self.rows.as_chunks_mut::<WORD>().0.iter_mut().enumerate() {
            let (mut low, mut high) = ([0; ROWS], [0; ROWS]);
            for ((low, high), pixels) in low.iter_mut().zip(&mut high).zip(pixels) {
                #[expect(clippy::cast_possible_truncation, reason = "the other half comes next")]
                let half = pixels[word] as u32;
                *low = half;
                *high = (pixels[word] >> ROWS) as u32;
            }
            transpose(&mut low);
            transpose(&mut high);
            columns[..ROWS].copy_from_slice(&low);
            columns[ROWS..].copy_from_slice(&high);
        }
    }
}

#[inline(always)]
fn pixel_bits(image: &[u8; PIXELS]) -> PixelBits {
    let (words, rest) = image.as_chunks::<WORD>();
    let mut last = [0; WORD];
    last[..rest.len()].copy_from_slice(rest);
    let mut bits = PixelBits::default();
    for (bits, bytes) in bits.iter_mut().zip(words.iter().chain([&last])) {
        *bits = not_zero(bytes);
    }
    bits
}

/// A bit for each byte that is not 0.
#[inline(always)]
fn not_zero(bytes: &[u8; WORD]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let mut bits = 0;
    for (number, bytes) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let bytes = u64::from_le_bytes(*bytes);
        // Each byte's highest bit, which becomes its `number`th one.
        let high = (((bytes & LOW) + LOW) | bytes) & !LOW;
        bits |= high >> (7 - number);
    }
    // Eight rows of eight bits as columns, by squares of one, two and four bits across the diagonal.
    let swap = |bits: u64, mask: u64, distance: u32| {
        let swapped = (bits >> distance ^ bits) & mask;
        bits ^ swapped ^ swapped << distance
    };
    let bits = swap(bits, 0x00aa_00aa_00aa_00aa, 7);
    let bits = swap(bits, 0x0000_cccc_0000_cccc, 14);
    swap(bits, 0x0000_0000_f0f0_f0f0, 28)
}

/// Turns rows of bits into columns: bit `b` of number `n` becomes bit `n` of number `b`.
#[inline(always)]
fn transpose(bits: &mut [u32; ROWS]) {
    // Swaps squares of ever smaller sides with those across the diagonal.
    let mut mask = 0x0000_ffff_u32;
    let mut side = ROWS / 2;
    while side > 0 {
        for square in bits.chunks_exact_mut(2 * side) {
            let (upper, lower) = square.split_at_mut(side);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                let swapped = (*upper >> side ^ *lower) & mask;
                *upper ^= swapped << side;
                *lower ^= swapped;
            }
        }
        side /= 2;
        mask ^= mask << side;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::shards::instruction_sets::under_each;

    /// An image with ink at these pixels.
    fn image(pixels: &[usize]) -> [u8; PIXELS] {
        let mut image = [0; PIXELS];
        pixels.iter().zip([1, 128, 255].into_iter().cycle()).for_each(|(pixel, byte)| image[*pixel] = byte);
        image
    }

    fn read(arch: Arch, images: &[[u8; PIXELS]]) -> Ink {
        // What was there before is of no matter.
        let before = vec![[255; PIXELS]; images.len() + 100];
        let mut ink = Ink::new(before.len());
        ink.read(arch, before.iter(), 0);
        ink.read(arch, images.iter(), images.len() / 2);
        ink
    }

    fn ones(words: impl IntoIterator<Item = u64>) -> Vec<usize> {
        words.into_iter().enumerate().flat_map(|(number, word)| Ones::new(word, number)).collect()
    }

    #[test]
    fn ink_is_found_where_there_is_some() {
        under_each(|arch| {
            let images: Vec<_> = (0..70).map(|row| image(&[row, row + 100, 63, 783])).collect();
            let ink = read(arch, &images);
            assert_eq!(ink.images, images);
            assert_eq!(ink.blocks().len(), 3);
            for (row, image) in images.iter().enumerate() {
                let block = &ink.blocks()[row / ROWS];
                for (pair, bytes) in image.as_chunks::<2>().0.iter().enumerate() {
                    assert_eq!(block.bytes(pair, row % ROWS), *bytes, "row {row}, pair {pair}");
                }
            }
            assert_eq!(ones(ink.pixels[2]), [2, 63, 102, 783]);
            assert_eq!(ones(ink.pixels[69]), [63, 69, 169, 783]);
            let rows = |pair: usize| -> Vec<usize> {
                let bits = ink.blocks().iter().map(|block| block.rows(pair));
                bits.enumerate()
                    .flat_map(|(n, bits)| Ones::new(bits.into(), 0).map(move |row| n * ROWS + row))
                    .collect()
            };
            assert_eq!(rows(783 / 2), (0..70).collect::<Vec<_>>());
            assert_eq!(rows(40 / 2), [40, 41]);
            assert_eq!(rows(64 / 2), [64, 65]);
            assert_eq!(rows(200 / 2), [] as [usize; 0]);
        });
    }

    #[test]
    fn white_paper_has_no_ink() {
        under_each(|arch| {
            let ink = read(arch, &[[0; PIXELS]; 3]);
            assert_eq!(ink.blocks().len(), 1);
            assert!(ink.blocks()[0].rows.iter().all(|rows| *rows == 0));
            assert!(ink.pixels[..3].iter().all(|bits| ones(*bits).is_empty()));
        });
    }

    #[test]
    fn values_are_the_bytes_parts_of_255() {
        assert_eq!(VALUES[0].to_bits(), 0);
        for (byte, value) in (0..=u8::MAX).zip(VALUES) {
            assert!((value * 255.0 - f32::from(byte)).abs() < 1e-4, "{byte}: {value}");
        }
    }

    #[test]
    fn images_with_ink_in_like_places_are_alike() {
        let row = |row: usize, pixels: usize| -> Vec<usize> { (0..pixels).map(|pixel| row * SIDE + pixel).collect() };
        let (shoe, shirt) = (image(&row(12, 20)), image(&[row(2, 20), row(25, 20)].concat()));
        let (sandal, coat) = (image(&row(14, 18)), image(&[row(1, 20), row(25, 27)].concat()));
        let mut images = [&shoe, &shirt, &sandal, &coat];
        images.sort_by_key(|image| likeness(image));
        assert_eq!(images, [&sandal, &shoe, &shirt, &coat]);
        let (none, all) = (likeness(&[0; PIXELS]), likeness(&[255; PIXELS]));
        assert!(none < all);
    }
}
