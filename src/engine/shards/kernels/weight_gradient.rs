//! Backward to a dense layer's own parameters: a weight's gradient, and Adam's step along it in the same breath.

use pulp::Simd;

use super::{
    panels::{OverPanels, Strided, load},
    parameter::{Parameter, Update},
};

/// A weight's gradient, `inputsᵀ · errors` over the rows, and the weight's update with it.
pub(crate) struct WeightGradient<'a, const P: usize> {
    pub rows: usize,
    pub inputs: Strided<'a>,
    /// Rows of `panels · P` values.
    pub errors: Strided<'a>,
    pub weight: &'a mut Parameter,
    pub update: Update<'a>,
}

impl<const P: usize> OverPanels for WeightGradient<'_, P> {
    #[inline(always)]
    fn over<S: Simd>(self, simd: S, panels: usize) {
        match (S::REGISTER_COUNT >= 32, P / S::F32_LANES) {
            (true, 2..) => self.panels::<S, 8, 2>(simd, panels),
            (true, _) => self.panels::<S, 8, 1>(simd, panels),
            (false, 4..) => self.panels::<S, 2, 4>(simd, panels),
            (false, 2..) => self.panels::<S, 4, 2>(simd, panels),
            (false, _) => self.panels::<S, 4, 1>(simd, panels),
        }
    }
}

impl<const P: usize> WeightGradient<'_, P> {
    /// Panel by panel, for a panel's errors stay in a core's nearest cache; in tiles of `K` inputs by `V` vectors.
    #[inline(always)]
    fn panels<S: Simd, const K: usize, const V: usize>(mut self, simd: S, panels: usize) {
        let inputs = self.weight.values.len() / (panels * P);
        for panel in 0..panels {
            let first = |input: usize| (panel * inputs + input) * P;
            let mut input = 0;
            while input + K <= inputs {
                self.block::<S, K, V>(simd, input, panel * P, first(input));
                input += K;
            }
            while input < inputs {
                self.block::<S, 1, V>(simd, input, panel * P, first(input));
                input += 1;
            }
        }
    }

    /// Does `K` inputs of the panel whose first column this is; `first` is their first value in the weight.
    #[inline(always)]
    fn block<S: Simd, const K: usize, const V: usize>(&mut self, simd: S, input: usize, column: usize, first: usize) {
        for at in (0..P).step_by(V * S::F32_LANES) {
            let sums = self.tile::<S, K, V>(simd, input, column + at, first + at);
            self.update.take::<S, P, V, K>(simd, self.weight, first + at, sums);
        }
    }

    /// The gradient of `K` inputs by `V` vectors of outputs from `column` on, that are the weight's from `first` on.
    #[inline(always)]
    fn tile<S: Simd, const K: usize, const V: usize>(
        &self,
        simd: S,
        input: usize,
        column: usize,
        first: usize,
    ) -> [[S::f32s; V]; K] {
        let mut sums = self.update.start::<S, P, V, K>(simd, first);
        for row in 0..self.rows {
            let errors = load::<S, V>(self.errors.row(row, column, V * S::F32_LANES));
            let values: [f32; K] = *self.inputs.row(row, input, K).first_chunk().expect("the row is as long");
            for (sums, value) in sums.iter_mut().zip(values) {
                let value = simd.splat_f32s(value);
                for (sum, error) in sums.iter_mut().zip(errors) {
                    *sum = simd.mul_add_e_f32s(value, error, *sum);
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
        instruction_sets::{Exact, assert_sums, numbers, under_each},
        kernels::{
            panels::{LOGITS, PANEL},
            parameter::AdamStep,
        },
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

        fn run<const P: usize>(&self, arch: Arch, weight: &mut Parameter, update: Update<'_>) {
            let gradient = WeightGradient::<P> {
                rows: self.rows,
                inputs: Strided { values: &self.values, stride: self.inputs },
                errors: Strided { values: &self.errors, stride: self.panels * P },
                weight,
                update,
            };
            gradient.run(arch, self.panels);
        }

        fn check_sums<const P: usize>(&self, arch: Arch) {
            assert_sums(self.exact::<P>(), &format!("{}×{}", self.rows, self.inputs), |weight, update| {
                self.run::<P>(arch, weight, update);
            });
        }
    }

    #[test]
    fn gradients_of_all_sizes_are_those_of_64_bits() {
        under_each(|arch| {
            for rows in [1, 2, 9] {
                for inputs in [1, 3, 4, 7, 8, 21] {
                    let values = numbers(inputs as u64, rows * inputs);
                    Case::new::<PANEL>(rows, values.clone(), 1).check_sums::<PANEL>(arch);
                    Case::new::<PANEL>(rows, values.clone(), 3).check_sums::<PANEL>(arch);
                    Case::new::<LOGITS>(rows, values, 1).check_sums::<LOGITS>(arch);
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
            sample.run::<PANEL>(arch, &mut weight, Update { gradient: &mut sums, resume: false, adam: None });
            let update = Update { gradient: &mut sums, resume: true, adam: Some(adam) };
            sample.run::<PANEL>(arch, &mut weight, update);
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
