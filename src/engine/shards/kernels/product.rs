//! Forward through a dense layer: rows times a weight, plus a bias.

use pulp::Simd;

use super::{
    elementwise::maximum,
    panels::{OverPanels, Strided, load, store},
};

/// `rows · weight + bias`, and `ReLU` of it where asked for: `rows` rows of `panels · P` values, written `stride`
/// apart.
pub(crate) struct Product<'a, const P: usize> {
    pub rows: usize,
    pub inputs: Strided<'a>,
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
        if P / S::F32_LANES >= 2 { self.panels::<S, 2>(simd, panels) } else { self.panels::<S, 1>(simd, panels) }
    }
}

impl<const P: usize> Product<'_, P> {
    /// Panel by panel, for a panel of any weight stays in a core's own cache while all rows pass by.
    #[inline(always)]
    fn panels<S: Simd, const V: usize>(mut self, simd: S, panels: usize) {
        let (weight, _) = self.weight.as_chunks::<P>();
        let inputs = weight.len() / panels;
        for panel in 0..panels {
            self.all_rows::<S, V>(simd, &weight[panel * inputs..][..inputs], panel * P);
        }
    }

    /// Computes all rows of the panel whose first column this is.
    #[inline(always)]
    fn all_rows<S: Simd, const V: usize>(&mut self, simd: S, weight: &[[f32; P]], column: usize) {
        let mut row = 0;
        while row < self.rows {
            row += match self.rows - row {
                8.. if S::REGISTER_COUNT >= 32 => self.block::<S, 8, V>(simd, weight, column, row),
                4.. => self.block::<S, 4, V>(simd, weight, column, row),
                2.. => self.block::<S, 2, V>(simd, weight, column, row),
                _ => self.block::<S, 1, V>(simd, weight, column, row),
            };
        }
    }

    /// Computes `R` rows from `row` on of the panel whose first column this is, and returns the number of rows.
    #[inline(always)]
    fn block<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        weight: &[[f32; P]],
        column: usize,
        row: usize,
    ) -> usize {
        let rows: [&[f32]; R] = std::array::from_fn(|r| self.inputs.row(row + r, 0, weight.len()));
        for at in (0..P).step_by(V * S::F32_LANES) {
            let zero = simd.splat_f32s(0.0);
            let start = match self.bias {
                Some(bias) => load::<S, V>(&bias[column + at..]),
                None => [zero; V],
            };
            let sums = product_tile::<S, P, R, V>(simd, rows, weight, at, start);
            for (r, sums) in sums.into_iter().enumerate() {
                let sums = if self.relu { sums.map(|sum| maximum(simd, zero, sum)) } else { sums };
                store::<S, V>(&mut self.out[(row + r) * self.stride + column + at..], sums);
            }
        }
        R
    }
}

/// `start` plus the products of `R` rows with `V` vectors of a panel, from its column `at` on.
#[inline(always)]
fn product_tile<S: Simd, const P: usize, const R: usize, const V: usize>(
    simd: S,
    rows: [&[f32]; R],
    weight: &[[f32; P]],
    at: usize,
    start: [S::f32s; V],
) -> [[S::f32s; V]; R] {
    // All of one length, so that an input is in all of them.
    let rows = rows.map(|row| &row[..weight.len()]);
    let mut sums = [start; R];
    for (input, weight) in weight.iter().enumerate() {
        let weight = load::<S, V>(&weight[at..]);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let value = simd.splat_f32s(row[input]);
            for (sum, weight) in sums.iter_mut().zip(weight) {
                *sum = simd.mul_add_e_f32s(value, weight, *sum);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::engine::shards::{
        instruction_sets::{Exact, numbers, under_each},
        kernels::panels::{LOGITS, PANEL},
    };

    /// What a value is that the kernel has not written.
    const UNTOUCHED: f32 = 77.0;

    /// Compares a product of this size with 64 bits: `values` are `rows` rows of `inputs`.
    fn check<const P: usize>(arch: Arch, values: &[f32], rows: usize, panels: usize) {
        let inputs = values.len() / rows;
        let (weight, bias) = (numbers(1, panels * inputs * P), numbers(2, panels * P));
        // Some columns more than are written.
        let stride = panels * P + 3;
        for (bias, relu) in [(Some(&*bias), true), (Some(&*bias), false), (None, false)] {
            let mut out = vec![UNTOUCHED; rows * stride];
            let inputs_of = Strided { values, stride: inputs };
            let product = Product::<P> { rows, inputs: inputs_of, weight: &weight, bias, relu, out: &mut out, stride };
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
                    check::<PANEL>(arch, &values, rows, 1);
                    check::<PANEL>(arch, &values, rows, 3);
                    check::<LOGITS>(arch, &values, rows, 1);
                }
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
