//! Forward through a first layer: the images of a pass, as bytes, times a weight, plus a bias.

use std::{array, ops::Range};

use pulp::Simd;

use super::{
    elementwise::maximum,
    panels::{OverPanels, load, store},
};
use crate::{
    engine::shards::ink::{Ink, Ones, VALUES, WORD, WORDS},
    fashion::PIXELS,
};

/// Bytes of a weight that a core's nearest cache keeps, beside what else is needed there, while all rows pass by.
const NEAR: usize = 24 * 1024;

/// `pixels · weight + bias`, and `ReLU` of it where asked for: a row of `panels · P` values for each image, written
/// `stride` apart.
pub(crate) struct PixelProduct<'a, const P: usize> {
    pub ink: &'a Ink,
    pub weight: &'a [f32],
    /// `panels · P` values; none: zeros.
    pub bias: Option<&'a [f32]>,
    pub relu: bool,
    pub out: &'a mut [f32],
    pub stride: usize,
}

impl<const P: usize> OverPanels for PixelProduct<'_, P> {
    /// The pixels that are 0 in all of a tile's rows are left out: the fewer rows, the more of them. So 16 registers
    /// take two rows of a whole panel, not four of half a panel. 32 registers of 16 lanes take four rows of two panels,
    /// and a weight is fetched half as often.
    #[inline(always)]
    fn over<S: Simd>(self, simd: S, panels: usize) {
        match (S::REGISTER_COUNT >= 32, P / S::F32_LANES) {
            (true, 4..) => self.tiles::<S, 4, 1, 4>(simd, panels),
            (true, 2..) => self.tiles::<S, 4, 2, 2>(simd, panels),
            (true, _) => self.tiles::<S, 4, 2, 1>(simd, panels),
            (false, 4..) => self.tiles::<S, 2, 1, 4>(simd, panels),
            (false, 2..) => self.tiles::<S, 4, 1, 2>(simd, panels),
            (false, _) => self.tiles::<S, 4, 1, 1>(simd, panels),
        }
    }
}

impl<const P: usize> PixelProduct<'_, P> {
    /// Goes over `N` panels at a time, in tiles of `R` rows by `V` vectors of each.
    #[inline(always)]
    fn tiles<S: Simd, const R: usize, const N: usize, const V: usize>(mut self, simd: S, panels: usize) {
        let (weights, _) = self.weight.as_chunks::<P>();
        let (weights, _) = weights.as_chunks::<PIXELS>();
        let (many, rest) = weights[..panels].as_chunks::<N>();
        for (number, weights) in many.iter().enumerate() {
            self.panels::<S, R, N, V>(simd, weights.each_ref(), number * N * P);
        }
        for (number, weight) in rest.iter().enumerate() {
            self.panels::<S, R, 1, V>(simd, [weight], (many.len() * N + number) * P);
        }
    }

    /// Computes all rows of the panels side by side whose first column this is.
    #[inline(always)]
    fn panels<S: Simd, const R: usize, const N: usize, const V: usize>(
        &mut self,
        simd: S,
        weights: [&[[f32; P]; PIXELS]; N],
        column: usize,
    ) {
        let near = if N == 1 { NEAR / (WORD * size_of::<[f32; P]>()) } else { WORDS };
        for first in (0..WORDS).step_by(near) {
            let words = first..(first + near).min(WORDS);
            let mut row = 0;
            while row + R <= self.ink.images.len() {
                self.rows::<S, R, N, V>(simd, weights, column, row, &words);
                row += R;
            }
            while row < self.ink.images.len() {
                self.rows::<S, 1, N, V>(simd, weights, column, row, &words);
                row += 1;
            }
        }
    }

    /// Adds to `R` rows from `row` on what these words' pixels are worth; the first words begin with the bias.
    #[inline(always)]
    fn rows<S: Simd, const R: usize, const N: usize, const V: usize>(
        &mut self,
        simd: S,
        weights: [&[[f32; P]; PIXELS]; N],
        column: usize,
        row: usize,
        words: &Range<usize>,
    ) {
        let zero = simd.splat_f32s(0.0);
        for at in (0..P).step_by(V * S::F32_LANES) {
            let mut sums = [[[zero; V]; N]; R];
            for (r, sums) in sums.iter_mut().enumerate() {
                for (n, sums) in sums.iter_mut().enumerate() {
                    let column = column + n * P + at;
                    if words.start > 0 {
                        *sums = load::<S, V>(&self.out[(row + r) * self.stride + column..]);
                    } else if let Some(bias) = self.bias {
                        *sums = load::<S, V>(&bias[column..]);
                    }
                }
            }
            let sums = self.tile::<S, R, N, V>(simd, weights, at, row, words, sums);
            for (r, sums) in sums.into_iter().enumerate() {
                for (n, sums) in sums.into_iter().enumerate() {
                    let place = (row + r) * self.stride + column + n * P + at;
                    let is_done = words.end == WORDS;
                    let sums = if self.relu && is_done { sums.map(|sum| maximum(simd, zero, sum)) } else { sums };
                    store::<S, V>(&mut self.out[place..], sums);
                }
            }
        }
    }

    /// `sums` plus the products of `R` rows with `V` vectors of each of `N` panels, from their column `at` on.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const N: usize, const V: usize>(
        &self,
        simd: S,
        weights: [&[[f32; P]; PIXELS]; N],
        at: usize,
        row: usize,
        words: &Range<usize>,
        mut sums: [[[S::f32s; V]; N]; R],
    ) -> [[[S::f32s; V]; N]; R] {
        let images: [&[u8; PIXELS]; R] = array::from_fn(|r| &self.ink.images[row + r]);
        let bits: [_; R] = array::from_fn(|r| &self.ink.pixels[row + r]);
        for number in words.clone() {
            let word = bits.iter().fold(0, |any, bits| any | bits[number]);
            // The last word has more bits than there are pixels, and they are not set.
            for pixel in Ones::new(word, number).take_while(|pixel| *pixel < PIXELS) {
                let weights = weights.map(|weight| load::<S, V>(&weight[pixel][at..]));
                for (sums, image) in sums.iter_mut().zip(images) {
                    let value = simd.splat_f32s(VALUES[usize::from(image[pixel])]);
                    for (sum, weight) in sums.as_flattened_mut().iter_mut().zip(weights.as_flattened()) {
                        *sum = simd.mul_add_e_f32s(value, *weight, *sum);
                    }
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::engine::shards::{
        instruction_sets::{Exact, numbers, spotted, under_each},
        kernels::panels::{LOGITS, PANEL},
    };

    /// What a value is that the kernel has not written.
    const UNTOUCHED: f32 = 77.0;

    /// Compares the product of these images with 64 bits.
    fn check<const P: usize>(arch: Arch, images: &[[u8; PIXELS]], panels: usize) {
        let mut ink = Ink::new(images.len());
        ink.read(arch, images.iter(), 0);
        let (weight, bias) = (numbers(1, panels * PIXELS * P), numbers(2, panels * P));
        // Some columns more than are written.
        let stride = panels * P + 3;
        for (bias, relu) in [(Some(&*bias), true), (Some(&*bias), false), (None, false)] {
            let mut out = vec![UNTOUCHED; images.len() * stride];
            PixelProduct::<P> { ink: &ink, weight: &weight, bias, relu, out: &mut out, stride }.run(arch, panels);
            for (row, (out, image)) in out.chunks(stride).zip(images).enumerate() {
                for (column, found) in out[..panels * P].iter().enumerate() {
                    let mut exact = Exact::default();
                    exact.add(1.0, bias.map_or(0.0, |bias| bias[column]));
                    for (pixel, byte) in image.iter().enumerate() {
                        let place = (column / P * PIXELS + pixel) * P + column % P;
                        exact.add(f32::from(*byte) * (1.0 / 255.0), weight[place]);
                    }
                    let exact = if relu { exact.through_relu() } else { exact };
                    exact.assert_near(*found, || format!("{} images: row {row}, column {column}", images.len()));
                }
                assert!(
                    out[panels * P..].iter().all(|value| value.to_bits() == UNTOUCHED.to_bits()),
                    "row {row} is written beyond its end"
                );
            }
        }
    }

    #[test]
    fn products_of_pixels_are_those_of_64_bits() {
        under_each(|arch| {
            for rows in [1, 2, 3, 4, 6, 9, 33] {
                let images = spotted(rows, 1);
                check::<PANEL>(arch, &images, 1);
                check::<PANEL>(arch, &images, 2);
                check::<PANEL>(arch, &images, 3);
                check::<LOGITS>(arch, &images, 1);
            }
        });
    }

    #[test]
    fn products_of_white_paper_and_of_black_are_those_of_64_bits() {
        under_each(|arch| check::<PANEL>(arch, &[[0; PIXELS], [255; PIXELS], [0; PIXELS]], 2));
    }
}
