//! Backward through a dense layer: the errors of its outputs, handed back to its inputs.

use pulp::Simd;

use super::panels::{OverPanels, PANEL, Strided, load};

/// Rows whose errors stay in a core's own cache while a large weight passes by.
const ROWS_AT_ONCE: usize = 64;

/// The errors that a layer hands back to its inputs, `errors · weightᵀ`: `rows` rows of as many values as it has
/// inputs.
pub(crate) struct InputGradient<'a> {
    pub rows: usize,
    /// Rows of `panels · PANEL` values.
    pub errors: Strided<'a>,
    pub weight: &'a [f32],
    pub out: &'a mut [f32],
    pub stride: usize,
}

impl OverPanels for InputGradient<'_> {
    #[inline(always)]
    fn over<S: Simd>(mut self, simd: S, panels: usize) {
        let inputs = self.weight.len() / (panels * PANEL);
        for start in (0..self.rows).step_by(ROWS_AT_ONCE) {
            let end = self.rows.min(start + ROWS_AT_ONCE);
            let mut input = 0;
            while input < inputs {
                let wide = inputs - input >= 4;
                let mut row = start;
                while row < end {
                    row += match end - row {
                        4.. if wide && S::REGISTER_COUNT >= 32 => {
                            self.tile::<S, 4, 4>(simd, (inputs, panels), row, input)
                        }
                        2.. if wide => self.tile::<S, 2, 4>(simd, (inputs, panels), row, input),
                        _ if wide => self.tile::<S, 1, 4>(simd, (inputs, panels), row, input),
                        _ => self.tile::<S, 1, 1>(simd, (inputs, panels), row, input),
                    };
                }
                input += if wide { 4 } else { 1 };
            }
        }
    }
}

impl InputGradient<'_> {
    /// Computes `R` rows by `K` inputs and returns the number of rows.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const K: usize>(
        &mut self,
        simd: S,
        (inputs, panels): (usize, usize),
        row: usize,
        input: usize,
    ) -> usize {
        let (weight, _) = self.weight.as_chunks::<PANEL>();
        let mut sums = [[simd.splat_f32s(0.0); K]; R];
        for panel in 0..panels {
            let errors: [&[f32]; R] = std::array::from_fn(|r| self.errors.row(row + r, panel * PANEL, PANEL));
            let weights: &[[f32; PANEL]; K] =
                weight[panel * inputs + input..].first_chunk().expect("the inputs are within the panel");
            for at in (0..PANEL).step_by(S::F32_LANES) {
                let weights: [S::f32s; K] = std::array::from_fn(|k| load::<S, 1>(&weights[k][at..])[0]);
                for (sums, errors) in sums.iter_mut().zip(errors) {
                    let [errors] = load::<S, 1>(&errors[at..]);
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum = simd.mul_add_e_f32s(errors, weight, *sum);
                    }
                }
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            let out = &mut self.out[(row + r) * self.stride + input..][..K];
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = simd.reduce_sum_f32s(sum);
            }
        }
        R
    }
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::engine::shards::instruction_sets::{Exact, numbers, under_each};

    /// What a value is that the kernel has not written.
    const UNTOUCHED: f32 = 77.0;

    fn check(arch: Arch, rows: usize, inputs: usize, panels: usize) {
        let (errors, weight) = (numbers(1, rows * panels * PANEL), numbers(2, panels * inputs * PANEL));
        let stride = inputs + 3;
        let mut out = vec![UNTOUCHED; rows * stride];
        let gradient = InputGradient {
            rows,
            errors: Strided { values: &errors, stride: panels * PANEL },
            weight: &weight,
            out: &mut out,
            stride,
        };
        gradient.run(arch, panels);
        for (row, out) in out.chunks(stride).enumerate() {
            for (input, found) in out[..inputs].iter().enumerate() {
                let mut exact = Exact::default();
                for column in 0..panels * PANEL {
                    let place = (column / PANEL * inputs + input) * PANEL + column % PANEL;
                    exact.add(errors[row * panels * PANEL + column], weight[place]);
                }
                exact.assert_near(*found, || format!("{rows}×{inputs} of {panels}: row {row}, input {input}"));
            }
            assert!(
                out[inputs..].iter().all(|value| value.to_bits() == UNTOUCHED.to_bits()),
                "row {row} is written beyond its end"
            );
        }
    }

    #[test]
    fn errors_are_handed_back_as_64_bits_hand_them_back() {
        under_each(|arch| {
            for rows in [1, 2, 3, 5, ROWS_AT_ONCE + 6] {
                for inputs in [1, 3, 4, 9] {
                    check(arch, rows, inputs, 1);
                    check(arch, rows, inputs, 3);
                }
            }
        });
    }
}
