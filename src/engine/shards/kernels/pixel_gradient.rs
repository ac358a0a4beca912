//! Backward to a first layer's weight: its gradient from the images of a pass, as bytes, and Adam's step along it in
//! the same breath.

use std::array;

use pulp::Simd;

use super::{
    panels::{OverPanels, Strided, load},
    parameter::{Parameter, Update},
};
use crate::{
    engine::shards::ink::{Ink, Ones, PAIRS, ROWS, VALUES},
    fashion::PIXELS,
};

/// A weight's gradient, `pixelsᵀ · errors` over the images of a pass, and the weight's update with it.
pub(crate) struct PixelGradient<'a, const P: usize> {
    pub ink: &'a Ink,
    /// Rows of `panels · P` values.
    pub errors: Strided<'a>,
    /// Room for the errors of some panels side by side.
    pub packed: &'a mut Vec<f32>,
    pub weight: &'a mut Parameter,
    pub update: Update<'a>,
}

impl<const P: usize> OverPanels for PixelGradient<'_, P> {
    /// The rows in which all of a tile's pixels are 0 are left out: the fewer pixels, the more of them. So 16 registers
    /// take a pair of pixels by a whole panel, and 32 of 16 lanes two pairs by two panels.
    #[inline(always)]
    fn over<S: Simd>(self, simd: S, panels: usize) {
        match (S::REGISTER_COUNT >= 32, P / S::F32_LANES) {
            (true, 4..) => self.tiles::<S, 2, 1, 4>(simd, panels),
            (true, 2..) => self.tiles::<S, 2, 2, 2>(simd, panels),
            (true, _) => self.tiles::<S, 2, 2, 1>(simd, panels),
            (false, 4..) => self.tiles::<S, 1, 1, 4>(simd, panels),
            (false, 2..) => self.tiles::<S, 2, 1, 2>(simd, panels),
            (false, _) => self.tiles::<S, 2, 1, 1>(simd, panels),
        }
    }
}

impl<const P: usize> PixelGradient<'_, P> {
    /// Goes over `N` panels at a time, in tiles of `Q` pairs of pixels by `V` vectors of each.
    #[inline(always)]
    fn tiles<S: Simd, const Q: usize, const N: usize, const V: usize>(mut self, simd: S, panels: usize) {
        let mut panel = 0;
        while panel + N <= panels {
            self.panels::<S, Q, N, V>(simd, panel);
            panel += N;
        }
        while panel < panels {
            self.panels::<S, Q, 1, V>(simd, panel);
            panel += 1;
        }
    }

    /// Does all pixels of the panels side by side of which this is the first.
    #[inline(always)]
    fn panels<S: Simd, const Q: usize, const N: usize, const V: usize>(&mut self, simd: S, panel: usize) {
        self.packed.clear();
        for row in 0..self.ink.images.len() {
            self.packed.extend_from_slice(self.errors.row(row, panel * P, N * P));
        }
        for pair in (0..PAIRS).step_by(Q) {
            let first: [_; N] = array::from_fn(|n| ((panel + n) * PIXELS + 2 * pair) * P);
            for at in (0..P).step_by(V * S::F32_LANES) {
                let sums = self.tile::<S, Q, N, V>(simd, pair, at, first.map(|first| first + at));
                for (first, sums) in first.into_iter().zip(sums) {
                    for (q, sums) in sums.into_iter().enumerate() {
                        self.update.take::<S, P, V, 2>(simd, self.weight, first + at + 2 * q * P, sums);
                    }
                }
            }
        }
    }

    /// The gradient of `Q` pairs of pixels by `V` vectors of outputs in each of `N` panels side by side, from their
    /// column `at` on, that are the weight's from `first` on.
    #[inline(always)]
    fn tile<S: Simd, const Q: usize, const N: usize, const V: usize>(
        &self,
        simd: S,
        pair: usize,
        at: usize,
        first: [usize; N],
    ) -> [[[[S::f32s; V]; 2]; Q]; N] {
        let mut sums = [[[[simd.splat_f32s(0.0); V]; 2]; Q]; N];
        for (sums, first) in sums.iter_mut().zip(first) {
            for (q, sums) in sums.iter_mut().enumerate() {
                *sums = self.update.start::<S, P, V, 2>(simd, first + 2 * q * P);
            }
        }
        for (block, errors) in self.ink.blocks().iter().zip(self.packed.chunks(ROWS * N * P)) {
            let rows = (0..Q).fold(0, |any, q| any | block.rows(pair + q));
            for row in Ones::new(rows.into(), 0).take_while(|row| *row < ROWS) {
                let errors = &errors[row * N * P..][..N * P];
                for (n, sums) in sums.iter_mut().enumerate() {
                    let errors = load::<S, V>(&errors[n * P + at..]);
                    for (q, sums) in sums.iter_mut().enumerate() {
                        for (sums, byte) in sums.iter_mut().zip(block.bytes(pair + q, row)) {
                            let value = simd.splat_f32s(VALUES[usize::from(byte)]);
                            for (sum, error) in sums.iter_mut().zip(errors) {
                                *sum = simd.mul_add_e_f32s(value, error, *sum);
                            }
                        }
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
        instruction_sets::{Exact, assert_sums, numbers, spotted, under_each},
        kernels::{
            panels::{LOGITS, PANEL},
            parameter::AdamStep,
            weight_gradient::WeightGradient,
        },
    };

    /// Images, and errors for a weight of so many panels.
    struct Case {
        images: Vec<[u8; PIXELS]>,
        ink: Ink,
        panels: usize,
        errors: Vec<f32>,
    }

    impl Case {
        fn new<const P: usize>(arch: Arch, images: Vec<[u8; PIXELS]>, panels: usize) -> Self {
            let mut ink = Ink::new(images.len());
            ink.read(arch, images.iter(), 0);
            let errors = numbers(7, images.len() * panels * P);
            Self { images, ink, panels, errors }
        }

        /// The gradient, place by place as the panels have it.
        fn exact<const P: usize>(&self) -> Vec<Exact> {
            let mut exact = vec![Exact::default(); self.panels * PIXELS * P];
            for (place, exact) in exact.iter_mut().enumerate() {
                let (pixel, column) = (place / P % PIXELS, place / P / PIXELS * P + place % P);
                for (image, errors) in self.images.iter().zip(self.errors.chunks(self.panels * P)) {
                    exact.add(f32::from(image[pixel]) * (1.0 / 255.0), errors[column]);
                }
            }
            exact
        }

        fn run<const P: usize>(&self, arch: Arch, weight: &mut Parameter, update: Update<'_>) {
            let errors = Strided { values: &self.errors, stride: self.panels * P };
            let mut packed = vec![77.0; 3];
            let gradient = PixelGradient::<P> { ink: &self.ink, errors, packed: &mut packed, weight, update };
            gradient.run(arch, self.panels);
        }

        fn check_sums<const P: usize>(&self, arch: Arch) {
            assert_sums(self.exact::<P>(), &format!("{} images", self.images.len()), |weight, update| {
                self.run::<P>(arch, weight, update);
            });
        }
    }

    #[test]
    fn gradients_by_pixels_are_those_of_64_bits() {
        under_each(|arch| {
            for (rows, spot) in [(1, 1), (3, 2), (33, 4), (70, 1)] {
                for panels in [1, 2, 3] {
                    Case::new::<PANEL>(arch, spotted(rows, spot), panels).check_sums::<PANEL>(arch);
                }
                Case::new::<LOGITS>(arch, spotted(rows, spot), 1).check_sums::<LOGITS>(arch);
            }
        });
    }

    /// What the dense kernel, which the formula in 64 bits is compared with, makes of the same numbers.
    #[test]
    fn the_weight_is_updated_by_its_gradient() {
        under_each(|arch| {
            let case = Case::new::<PANEL>(arch, spotted(5, 2), 2);
            let count = case.exact::<PANEL>().len();
            let before = Parameter {
                values: numbers(4, count),
                first: numbers(5, count),
                second: numbers(6, count).into_iter().map(f32::abs).collect(),
            };
            let adam = Some(AdamStep { rate: 0.01, first: 0.1, second: 0.001, epsilon: 1e-7 });
            let mut found = before.clone();
            case.run::<PANEL>(arch, &mut found, Update { gradient: &mut [], resume: false, adam });
            let values: Vec<_> = case.images.as_flattened().iter().map(|byte| VALUES[usize::from(*byte)]).collect();
            let mut expected = before;
            let dense = WeightGradient::<PANEL> {
                rows: 5,
                inputs: Strided { values: &values, stride: PIXELS },
                errors: Strided { values: &case.errors, stride: 2 * PANEL },
                weight: &mut expected,
                update: Update { gradient: &mut [], resume: false, adam },
            };
            dense.run(arch, 2);
            for place in 0..count {
                for (found, expected) in found.get(place).into_iter().zip(expected.get(place)) {
                    assert!((found - expected).abs() < 1e-6, "place {place}: {found}, expected {expected}");
                }
            }
        });
    }
}
