//! Backward to a dense layer's own parameters: a weight's gradient, and Adam's step along it in the same breath.

use std::iter;

use pulp::Simd;

use super::{
    panels::{OverPanels, Strided, load, store},
    parameter::{AdamStep, Parameter, update_tile},
};
use crate::engine::shards::ink::{self, Ones, RowBits};

/// What becomes of a parameter's gradient, over the passes that a batch is cut into.
pub(crate) struct Update<'a> {
    /// The sum over the passes before; as long as the parameter where it is read or written.
    pub gradient: &'a mut [f32],
    /// Whether there was a pass before.
    pub resume: bool,
    /// In the last pass: the update; in those before it the sum is kept.
    pub adam: Option<AdamStep>,
}

/// A weight's gradient, `inputsᵀ · errors` over the rows, and the weight's update with it.
pub(crate) struct WeightGradient<'a, const P: usize> {
    pub rows: usize,
    pub inputs: Strided<'a>,
    /// The rows in which [`ink::COLUMNS`] inputs are not all 0, where that is known.
    pub used: Option<&'a [RowBits]>,
    /// Rows of `panels · P` values.
    pub errors: Strided<'a>,
    pub weight: &'a mut Parameter,
    pub update: Update<'a>,
}

impl<const P: usize> OverPanels for WeightGradient<'_, P> {
    #[inline(always)]
    fn over<S: Simd>(self, simd: S, panels: usize) {
        if P / S::F32_LANES >= 2 { self.blocks::<S, 2>(simd, panels) } else { self.blocks::<S, 1>(simd, panels) }
    }
}

impl<const P: usize> WeightGradient<'_, P> {
    /// Panel by panel, for a panel's errors stay in a core's nearest cache.
    #[inline(always)]
    fn blocks<S: Simd, const V: usize>(mut self, simd: S, panels: usize) {
        let inputs = self.weight.values.len() / (panels * P);
        let Some(used) = self.used else {
            for panel in 0..panels {
                self.all_inputs::<S, V>(simd, inputs, panel);
            }
            return;
        };
        let mut panel = 0;
        while panel < panels {
            panel += if panels - panel >= 2 && S::REGISTER_COUNT >= 32 {
                self.used_inputs::<S, 2, V>(simd, used, inputs, panel)
            } else {
                self.used_inputs::<S, 1, V>(simd, used, inputs, panel)
            };
        }
    }

    /// Does all inputs of a panel.
    #[inline(always)]
    fn all_inputs<S: Simd, const V: usize>(&mut self, simd: S, inputs: usize, panel: usize) {
        let mut input = 0;
        while input < inputs {
            let (rows, first) = (iter::once(0..self.rows), [(panel * inputs + input) * P]);
            input += match inputs - input {
                8.. if S::REGISTER_COUNT >= 32 => self.block::<S, 8, 1, V>(simd, &rows, input, panel * P, first),
                4.. => self.block::<S, 4, 1, V>(simd, &rows, input, panel * P, first),
                _ => self.block::<S, 1, 1, V>(simd, &rows, input, panel * P, first),
            };
        }
    }

    /// Does all inputs of panels side by side, by the rows in which they are used, and returns the number of panels.
    #[inline(always)]
    fn used_inputs<S: Simd, const N: usize, const V: usize>(
        &mut self,
        simd: S,
        used: &[RowBits],
        inputs: usize,
        panel: usize,
    ) -> usize {
        for columns in 0..inputs / ink::COLUMNS {
            let input = columns * ink::COLUMNS;
            let rows = used.iter().enumerate().map(|(number, rows)| Ones::new(rows[columns], number));
            let first = std::array::from_fn(|n| ((panel + n) * inputs + input) * P);
            self.block::<S, { ink::COLUMNS }, N, V>(simd, &rows, input, panel * P, first);
        }
        N
    }

    /// Does `K` inputs of the `N` panels side by side whose first column this is, by these rows; `first` are their
    /// first values in the weight. Returns the number of inputs.
    #[inline(always)]
    fn block<S: Simd, const K: usize, const N: usize, const V: usize>(
        &mut self,
        simd: S,
        rows: &(impl Iterator<Item: Iterator<Item = usize>> + Clone),
        input: usize,
        column: usize,
        first: [usize; N],
    ) -> usize {
        for at in (0..P).step_by(V * S::F32_LANES) {
            let first = first.map(|first| first + at);
            let sums = self.tile::<S, K, N, V>(simd, rows.clone(), input, column + at, first);
            for (first, sums) in first.into_iter().zip(sums) {
                match &self.update.adam {
                    Some(adam) => update_tile::<S, P, V, K>(simd, adam, self.weight, first, sums),
                    None => store_tile::<S, P, V, K>(self.update.gradient, first, sums),
                }
            }
        }
        K
    }

    /// The gradient of `K` inputs by `V` vectors of outputs in each of `N` panels side by side, from `column` on in the
    /// first of them, that are the weight's from `first` on.
    #[inline(always)]
    fn tile<S: Simd, const K: usize, const N: usize, const V: usize>(
        &self,
        simd: S,
        rows: impl Iterator<Item: Iterator<Item = usize>>,
        input: usize,
        column: usize,
        first: [usize; N],
    ) -> [[[S::f32s; V]; K]; N] {
        let mut sums = if self.update.resume {
            first.map(|first| std::array::from_fn(|k| load::<S, V>(&self.update.gradient[first + k * P..])))
        } else {
            [[[simd.splat_f32s(0.0); V]; K]; N]
        };
        for rows in rows {
            for row in rows {
                let errors = self.errors.row(row, column, (N - 1) * P + V * S::F32_LANES);
                let values: [f32; K] = *self.inputs.row(row, input, K).first_chunk().expect("the row is as long");
                for (n, sums) in sums.iter_mut().enumerate() {
                    let errors = load::<S, V>(&errors[n * P..]);
                    for (sums, value) in sums.iter_mut().zip(values) {
                        let value = simd.splat_f32s(value);
                        for (sum, error) in sums.iter_mut().zip(errors) {
                            *sum = simd.mul_add_e_f32s(value, error, *sum);
                        }
                    }
                }
            }
        }
        sums
    }
}

#[inline(always)]
fn store_tile<S: Simd, const P: usize, const V: usize, const K: usize>(
    gradient: &mut [f32],
    first: usize,
    sums: [[S::f32s; V]; K],
) {
    for (k, sums) in sums.into_iter().enumerate() {
        store::<S, V>(&mut gradient[first + k * P..], sums);
    }
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

    /// Rows of inputs and of errors, for a weight of so many panels.
    struct Case {
        rows: usize,
        inputs: usize,
        panels: usize,
        values: Vec<f32>,
        errors: Vec<f32>,
    }

    impl Case {
        fn new<const P: usize>(rows: usize, values: Vec<f32>, panels: usize) -> Self {
            let inputs = values.len() / rows;
            Self { rows, inputs, panels, values, errors: numbers(7, rows * panels * P) }
        }

        /// The gradient, place by place as the panels have it.
        fn exact<const P: usize>(&self) -> Vec<Exact> {
            let mut exact = vec![Exact::default(); self.panels * self.inputs * P];
            for (place, exact) in exact.iter_mut().enumerate() {
                let (input, column) = (place / P % self.inputs, place / P / self.inputs * P + place % P);
                for row in 0..self.rows {
                    exact.add(self.values[row * self.inputs + input], self.errors[row * self.panels * P + column]);
                }
            }
            exact
        }

        fn run<const P: usize>(
            &self,
            arch: Arch,
            used: Option<&[RowBits]>,
            weight: &mut Parameter,
            update: Update<'_>,
        ) {
            let gradient = WeightGradient::<P> {
                rows: self.rows,
                inputs: Strided { values: &self.values, stride: self.inputs },
                used,
                errors: Strided { values: &self.errors, stride: self.panels * P },
                weight,
                update,
            };
            gradient.run(arch, self.panels);
        }

        /// A first pass keeps the gradient, a second one adds its own to it, and neither touches the weight.
        fn check_sums<const P: usize>(&self, arch: Arch, used: Option<&[RowBits]>) {
            let mut exact = self.exact::<P>();
            let mut sums = vec![77.0; exact.len()];
            let mut weight = Parameter::zeros(exact.len());
            self.run::<P>(arch, used, &mut weight, Update { gradient: &mut sums, resume: false, adam: None });
            for (place, (exact, found)) in exact.iter().zip(&sums).enumerate() {
                exact.assert_near(*found, || format!("{}×{}: place {place}", self.rows, self.inputs));
            }
            for (exact, sum) in exact.iter_mut().zip(&sums) {
                exact.add(1.0, *sum);
            }
            self.run::<P>(arch, used, &mut weight, Update { gradient: &mut sums, resume: true, adam: None });
            for (place, (exact, found)) in exact.iter().zip(&sums).enumerate() {
                exact.assert_near(*found, || format!("{}×{}, again: place {place}", self.rows, self.inputs));
            }
            assert!(weight.values.iter().chain(&weight.first).chain(&weight.second).all(|value| *value == 0.0));
        }
    }

    #[test]
    fn gradients_of_all_sizes_are_those_of_64_bits() {
        under_each(|arch| {
            for rows in [1, 2, 9] {
                for inputs in [1, 3, 4, 7, 8, 21] {
                    let values = numbers(inputs as u64, rows * inputs);
                    Case::new::<PANEL>(rows, values.clone(), 1).check_sums::<PANEL>(arch, None);
                    Case::new::<PANEL>(rows, values.clone(), 3).check_sums::<PANEL>(arch, None);
                    Case::new::<LOGITS>(rows, values, 1).check_sums::<LOGITS>(arch, None);
                }
            }
        });
    }

    #[test]
    fn gradients_that_leave_out_what_is_not_inked_are_those_of_64_bits() {
        under_each(|arch| {
            for rows in [3, 70] {
                let images = spotted(rows, ink::COLUMNS);
                let mut values = vec![0.0; rows * PIXELS];
                let mut ink = Ink::new(rows);
                ink.read(arch, images.iter(), &mut values);
                for panels in [1, 2, 3] {
                    Case::new::<PANEL>(rows, values.clone(), panels).check_sums::<PANEL>(arch, Some(&ink.rows));
                }
            }
        });
    }

    /// Two passes of a batch, with Adam at the end of the second, against Keras's formula in 64 bits.
    #[test]
    fn the_last_pass_updates_the_weight_as_keras_s_adam_does() {
        under_each(|arch| {
            let sample = Case::new::<PANEL>(5, numbers(3, 5 * 11), 2);
            let exact = sample.exact::<PANEL>();
            let count = exact.len();
            let before = Parameter {
                values: numbers(4, count),
                first: numbers(5, count),
                second: numbers(6, count).into_iter().map(f32::abs).collect(),
            };
            let adam = AdamStep { rate: 0.01, first: 0.1, second: 0.001, epsilon: 1e-7 };
            let (mut weight, mut sums) = (before.clone(), vec![0.0; count]);
            sample.run::<PANEL>(arch, None, &mut weight, Update { gradient: &mut sums, resume: false, adam: None });
            let update = Update { gradient: &mut sums, resume: true, adam: Some(adam) };
            sample.run::<PANEL>(arch, None, &mut weight, update);
            for (place, exact) in exact.iter().enumerate() {
                let gradient = 2.0 * exact.value;
                let [value, first, second] = before.get(place).map(f64::from);
                let first = first + (gradient - first) * f64::from(adam.first);
                let second = second + (gradient * gradient - second) * f64::from(adam.second);
                let value = value - f64::from(adam.rate) * first / (second.sqrt() + f64::from(adam.epsilon));
                for (found, expected) in weight.get(place).into_iter().zip([value, first, second]) {
                    let difference = (f64::from(found) - expected).abs();
                    assert!(difference < 1e-5, "place {place}: {found} is {difference:.1e} from {expected}");
                }
            }
        });
    }
}
