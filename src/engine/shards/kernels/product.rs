//! Forward through a dense layer: rows times a weight, plus a bias.

use std::iter;

use pulp::Simd;

use super::panels::{OverPanels, Strided, load, store};
use crate::engine::shards::ink::{self, Ones, PixelBits};

/// `rows · weight + bias`, and `ReLU` of it where asked for: `rows` rows of `panels · P` values, written `stride`
/// apart.
pub(crate) struct Product<'a, const P: usize> {
    pub rows: usize,
    pub inputs: Strided<'a>,
    /// For each [`ink::ROWS`] rows the inputs that are not 0 in all of them, where that is known.
    pub used: Option<&'a [PixelBits]>,
    pub weight: &'a [f32],
    /// `panels · P` values; none: zeros.
    pub bias: Option<&'a [f32]>,
    pub relu: bool,
    pub out: &'a mut [f32],
    pub stride: usize,
}

impl<const P: usize> OverPanels for Product<'_, P> {
    #[inline(always)]
    fn over<S: Simd>(self, simd: S, panels: usize) {
        if P / S::F32_LANES >= 2 { self.blocks::<S, 2>(simd, panels) } else { self.blocks::<S, 1>(simd, panels) }
    }
}

impl<const P: usize> Product<'_, P> {
    /// Panel by panel, for a panel of any weight stays in a core's own cache while all rows pass by.
    #[inline(always)]
    fn blocks<S: Simd, const V: usize>(mut self, simd: S, panels: usize) {
        let (weight, _) = self.weight.as_chunks::<P>();
        let inputs = weight.len() / panels;
        let Some(used) = self.used else {
            // Eight rows of one panel keep a core as busy as four of two, which pay where more inputs are 0 in all of
            // them.
            for panel in 0..panels {
                self.all_rows::<S, V>(simd, &weight[panel * inputs..][..inputs], panel * P);
            }
            return;
        };
        let mut panel = 0;
        while panel < panels {
            let weights = &weight[panel * inputs..];
            panel += if panels - panel >= 2 && S::REGISTER_COUNT >= 32 {
                self.used_rows::<S, 2, V>(simd, used, [&weights[..inputs], &weights[inputs..][..inputs]], panel * P)
            } else {
                self.used_rows::<S, 1, V>(simd, used, [&weights[..inputs]], panel * P)
            };
        }
    }

    /// Computes all rows of the panel whose first column this is.
    #[inline(always)]
    fn all_rows<S: Simd, const V: usize>(&mut self, simd: S, weight: &[[f32; P]], column: usize) {
        let mut row = 0;
        while row < self.rows {
            let inputs = iter::once(0..weight.len());
            row += match self.rows - row {
                8.. if S::REGISTER_COUNT >= 32 => self.block::<S, 8, 1, V>(simd, &inputs, [weight], column, row),
                4.. => self.block::<S, 4, 1, V>(simd, &inputs, [weight], column, row),
                2.. => self.block::<S, 2, 1, V>(simd, &inputs, [weight], column, row),
                _ => self.block::<S, 1, 1, V>(simd, &inputs, [weight], column, row),
            };
        }
    }

    /// Computes all rows of the panels side by side whose first column this is, by the inputs that are used, and
    /// returns the number of panels.
    #[inline(always)]
    fn used_rows<S: Simd, const N: usize, const V: usize>(
        &mut self,
        simd: S,
        used: &[PixelBits],
        weights: [&[[f32; P]]; N],
        column: usize,
    ) -> usize {
        let mut row = 0;
        while row < self.rows {
            let inputs = used[row / ink::ROWS].iter().enumerate().map(|(number, word)| Ones::new(*word, number));
            row += match self.rows - row {
                ink::ROWS.. => self.block::<S, { ink::ROWS }, N, V>(simd, &inputs, weights, column, row),
                2.. => self.block::<S, 2, N, V>(simd, &inputs, weights, column, row),
                _ => self.block::<S, 1, N, V>(simd, &inputs, weights, column, row),
            };
        }
        N
    }

    /// Computes `R` rows from `row` on of the `N` panels side by side whose first column this is, by these inputs, and
    /// returns the number of rows.
    #[inline(always)]
    fn block<S: Simd, const R: usize, const N: usize, const V: usize>(
        &mut self,
        simd: S,
        inputs: &(impl Iterator<Item: Iterator<Item = usize>> + Clone),
        weights: [&[[f32; P]]; N],
        column: usize,
        row: usize,
    ) -> usize {
        let rows: [&[f32]; R] = std::array::from_fn(|r| self.inputs.row(row + r, 0, weights[0].len()));
        for at in (0..P).step_by(V * S::F32_LANES) {
            let start = std::array::from_fn(|n| match self.bias {
                Some(bias) => load::<S, V>(&bias[column + n * P + at..]),
                None => [simd.splat_f32s(0.0); V],
            });
            let sums = product_tile::<S, P, R, N, V>(simd, inputs.clone(), rows, weights, at, start);
            for (r, sums) in sums.into_iter().enumerate() {
                for (n, sums) in sums.into_iter().enumerate() {
                    let zero = simd.splat_f32s(0.0);
                    // Zero is the first operand, for the maximum with a NaN second is NaN, and it must come through.
                    let sums = if self.relu { sums.map(|sum| maximum(simd, zero, sum)) } else { sums };
                    store::<S, V>(&mut self.out[(row + r) * self.stride + column + n * P + at..], sums);
                }
            }
        }
        R
    }
}

/// The larger of each pair; NaN where the second one is.
#[inline(always)]
fn maximum<S: Simd>(simd: S, first: S::f32s, second: S::f32s) -> S::f32s {
    simd.select_f32s(simd.greater_than_f32s(first, second), first, second)
}

/// `start` plus the products of `R` rows with `V` vectors of each of `N` panels, from their column `at` on.
#[inline(always)]
fn product_tile<S: Simd, const P: usize, const R: usize, const N: usize, const V: usize>(
    simd: S,
    inputs: impl Iterator<Item: Iterator<Item = usize>>,
    rows: [&[f32]; R],
    weights: [&[[f32; P]]; N],
    at: usize,
    start: [[S::f32s; V]; N],
) -> [[[S::f32s; V]; N]; R] {
    // All of one length, so that an input is in all of them or in none.
    let length = weights[0].len();
    let (rows, weights) = (rows.map(|row| &row[..length]), weights.map(|weight| &weight[..length]));
    let mut sums = [start; R];
    for inputs in inputs {
        for input in inputs {
            let weights = weights.map(|weight| load::<S, V>(&weight[input][at..]));
            for (sums, row) in sums.iter_mut().zip(rows) {
                let value = simd.splat_f32s(row[input]);
                for (sum, weight) in sums.as_flattened_mut().iter_mut().zip(weights.as_flattened()) {
                    *sum = simd.mul_add_e_f32s(value, *weight, *sum);
                }
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::{
        engine::shards::{
            ink::Ink,
            instruction_sets::{Exact, numbers, spotted, under_each},
            kernels::panels::{LOGITS, PANEL},
        },
        fashion::PIXELS,
    };

    /// What a value is that the kernel has not written.
    const UNTOUCHED: f32 = 77.0;

    /// Compares a product of this size with 64 bits: `values` are `rows` rows of `inputs`.
    fn check<const P: usize>(arch: Arch, values: &[f32], rows: usize, panels: usize, used: Option<&[PixelBits]>) {
        let inputs = values.len() / rows;
        let (weight, bias) = (numbers(1, panels * inputs * P), numbers(2, panels * P));
        // Some columns more than are written.
        let stride = panels * P + 3;
        for (bias, relu) in [(Some(&*bias), true), (Some(&*bias), false), (None, false)] {
            let mut out = vec![UNTOUCHED; rows * stride];
            let inputs_of = Strided { values, stride: inputs };
            let product =
                Product::<P> { rows, inputs: inputs_of, used, weight: &weight, bias, relu, out: &mut out, stride };
            product.run(arch, panels);
            for (row, out) in out.chunks(stride).enumerate() {
                for (column, found) in out[..panels * P].iter().enumerate() {
                    let mut exact = Exact::default();
                    exact.add(1.0, bias.map_or(0.0, |bias| bias[column]));
                    for input in 0..inputs {
                        let place = (column / P * inputs + input) * P + column % P;
                        exact.add(values[row * inputs + input], weight[place]);
                    }
                    let exact = if relu { exact.through_relu() } else { exact };
                    exact.assert_near(*found, || format!("{rows}×{inputs}: row {row}, column {column}"));
                }
                assert!(
                    out[panels * P..].iter().all(|value| value.to_bits() == UNTOUCHED.to_bits()),
                    "row {row} is written beyond its end"
                );
            }
        }
    }

    #[test]
    fn products_of_all_sizes_are_those_of_64_bits() {
        under_each(|arch| {
            for rows in [1, 2, 3, 4, 7, 8, 9, 21] {
                for inputs in [1, 5, 40] {
                    let values = numbers(rows as u64, rows * inputs);
                    check::<PANEL>(arch, &values, rows, 1, None);
                    check::<PANEL>(arch, &values, rows, 3, None);
                    check::<LOGITS>(arch, &values, rows, 1, None);
                }
            }
        });
    }

    #[test]
    fn products_that_leave_out_what_is_not_inked_are_those_of_64_bits() {
        under_each(|arch| {
            for rows in [1, 3, 4, 6, 9] {
                let images = spotted(rows, 1);
                let mut values = vec![0.0; rows * PIXELS];
                let mut ink = Ink::new(rows);
                ink.read(arch, images.iter(), &mut values);
                check::<PANEL>(arch, &values, rows, 1, Some(&ink.pixels));
                check::<PANEL>(arch, &values, rows, 2, Some(&ink.pixels));
                check::<PANEL>(arch, &values, rows, 3, Some(&ink.pixels));
            }
        });
    }

    #[test]
    fn a_value_that_is_no_number_comes_through_the_relu() {
        under_each(|arch| {
            let (weight, mut out) = ([0.5; PANEL], [0.0; PANEL]);
            let inputs = Strided { values: &[f32::NAN], stride: 1 };
            let product = Product::<PANEL> {
                rows: 1,
                inputs,
                used: None,
                weight: &weight,
                bias: None,
                relu: true,
                out: &mut out,
                stride: PANEL,
            };
            product.run(arch, 1);
            assert!(out.iter().all(|value| value.is_nan()), "{out:?}");
        });
    }
}
