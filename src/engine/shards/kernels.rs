//! The arithmetic of a dense layer on plain slices, as wide as the processor at hand is: products, their gradients with
//! Adam woven in, and softmax cross entropy. Knows no network, no tape and no thread.
//!
//! A weight is kept in panels: `P` outputs each, and within a panel a row of `P` values an input. Activations and gradients
//! are rows, an image each, that lie `stride` values apart.

#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the instructions that were chosen")]

use std::{iter, ops::Range};

use pulp::{Arch, Simd, WithSimd};

use super::ink::{self, Ones, PixelBits, RowBits};
use crate::fashion::CLASSES;

/// Outputs of a hidden layer's panel.
pub(super) const PANEL: usize = 32;
/// Outputs of the last layer's only panel: the ten logits, and zeros.
pub(super) const LOGITS: usize = 16;

/// Strided whose errors stay in a core's own cache while a large weight passes by.
const ROWS_AT_ONCE: usize = 64;

/// Strided that lie `stride` values apart; 0: it is one row over and over.
#[derive(Clone, Copy)]
pub(super) struct Strided<'a> {
    pub values: &'a [f32],
    pub stride: usize,
}

impl<'a> Strided<'a> {
    #[inline(always)]
    fn row(self, row: usize, from: usize, width: usize) -> &'a [f32] {
        &self.values[row * self.stride + from..][..width]
    }
}

/// What every parameter's update shares in one step: Keras's Adam with both corrections in one factor.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdamStep {
    /// learning rate · √(1 - β₂ᵗ) / (1 - β₁ᵗ).
    pub rate: f32,
    /// 1 - β₁.
    pub first: f32,
    /// 1 - β₂.
    pub second: f32,
    /// What keeps the division finite.
    pub epsilon: f32,
}

/// A parameter and what Adam keeps of it; all of one length.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameter {
    pub values: Vec<f32>,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl Parameter {
    /// Zeros.
    pub fn zeros(length: usize) -> Self {
        Self { values: vec![0.0; length], first: vec![0.0; length], second: vec![0.0; length] }
    }

    /// The value at an index with its moments.
    pub fn get(&self, index: usize) -> [f32; 3] {
        [self.values[index], self.first[index], self.second[index]]
    }

    pub fn set(&mut self, index: usize, [value, first, second]: [f32; 3]) {
        self.values[index] = value;
        self.first[index] = first;
        self.second[index] = second;
    }
}

/// `rows · weight + bias`, and `ReLU` of it where asked for: `rows` rows of `panels · P` values, written `stride` apart.
pub(super) struct Product<'a, const P: usize> {
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

impl<const P: usize> Product<'_, P> {
    pub fn run(self, arch: Arch, panels: usize) {
        if panels > 0 {
            arch.dispatch(WithPanels { work: self, panels });
        }
    }
}

/// A job on so many panels of a weight.
struct WithPanels<T> {
    work: T,
    panels: usize,
}

impl<const P: usize> WithSimd for WithPanels<Product<'_, P>> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if P / S::F32_LANES >= 2 { self.blocks::<S, 2>(simd) } else { self.blocks::<S, 1>(simd) }
    }
}

impl<const P: usize> WithPanels<Product<'_, P>> {
    /// Panel by panel, for a panel of any weight stays in a core's own cache while all rows pass by.
    #[inline(always)]
    fn blocks<S: Simd, const V: usize>(self, simd: S) {
        let Self { mut work, panels } = self;
        let (weight, _) = work.weight.as_chunks::<P>();
        let inputs = weight.len() / panels;
        let Some(used) = work.used else {
            // Eight rows of one panel keep a core as busy as four of two, which pay where more inputs are 0 in all of them.
            for panel in 0..panels {
                work.all_rows::<S, V>(simd, &weight[panel * inputs..][..inputs], panel * P);
            }
            return;
        };
        let mut panel = 0;
        while panel < panels {
            let weights = &weight[panel * inputs..];
            panel += if panels - panel >= 2 && S::REGISTER_COUNT >= 32 {
                work.used_rows::<S, 2, V>(simd, used, [&weights[..inputs], &weights[inputs..][..inputs]], panel * P)
            } else {
                work.used_rows::<S, 1, V>(simd, used, [&weights[..inputs]], panel * P)
            };
        }
    }
}

impl<const P: usize> Product<'_, P> {
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

    /// Computes all rows of the panels side by side whose first column this is, by the inputs that are used, and returns
    /// the number of panels.
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

/// What becomes of a parameter's gradient, over the passes that a batch is cut into.
pub(super) struct Update<'a> {
    /// The sum over the passes before; as long as the parameter where it is read or written.
    pub gradient: &'a mut [f32],
    /// Whether there was a pass before.
    pub resume: bool,
    /// In the last pass: the update; in those before it the sum is kept.
    pub adam: Option<AdamStep>,
}

/// A weight's gradient, `inputsᵀ · errors` over the rows, and the weight's update with it.
pub(super) struct WeightGradient<'a, const P: usize> {
    pub rows: usize,
    pub inputs: Strided<'a>,
    /// The rows in which [`ink::COLUMNS`] inputs are not all 0, where that is known.
    pub used: Option<&'a [RowBits]>,
    /// Strided of `panels · P` values.
    pub errors: Strided<'a>,
    pub weight: &'a mut Parameter,
    pub update: Update<'a>,
}

impl<const P: usize> WeightGradient<'_, P> {
    pub fn run(self, arch: Arch, panels: usize) {
        if panels > 0 {
            arch.dispatch(WithPanels { work: self, panels });
        }
    }
}

impl<const P: usize> WithSimd for WithPanels<WeightGradient<'_, P>> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if P / S::F32_LANES >= 2 { self.blocks::<S, 2>(simd) } else { self.blocks::<S, 1>(simd) }
    }
}

impl<const P: usize> WithPanels<WeightGradient<'_, P>> {
    /// Panel by panel, for a panel's errors stay in a core's nearest cache.
    #[inline(always)]
    fn blocks<S: Simd, const V: usize>(self, simd: S) {
        let Self { mut work, panels } = self;
        let inputs = work.weight.values.len() / (panels * P);
        let Some(used) = work.used else {
            for panel in 0..panels {
                work.all_inputs::<S, V>(simd, inputs, panel);
            }
            return;
        };
        let mut panel = 0;
        while panel < panels {
            panel += if panels - panel >= 2 && S::REGISTER_COUNT >= 32 {
                work.used_inputs::<S, 2, V>(simd, used, inputs, panel)
            } else {
                work.used_inputs::<S, 1, V>(simd, used, inputs, panel)
            };
        }
    }
}

impl<const P: usize> WeightGradient<'_, P> {
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

    /// Does `K` inputs of the `N` panels side by side whose first column this is, by these rows; `first` are their first
    /// values in the weight. Returns the number of inputs.
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

/// Adam on a tile of a parameter:
/// `m += (g - m)(1 - β₁)`, `v += (g² - v)(1 - β₂)`, `w -= rate · m / (√v + ε)`.
#[inline(always)]
fn update_tile<S: Simd, const P: usize, const V: usize, const K: usize>(
    simd: S,
    adam: &AdamStep,
    parameter: &mut Parameter,
    first: usize,
    gradients: [[S::f32s; V]; K],
) {
    let width = V * S::F32_LANES;
    for (k, gradients) in gradients.into_iter().enumerate() {
        let range = first + k * P..first + k * P + width;
        let (values, _) = S::as_mut_simd_f32s(&mut parameter.values[range.clone()]);
        let (firsts, _) = S::as_mut_simd_f32s(&mut parameter.first[range.clone()]);
        let (seconds, _) = S::as_mut_simd_f32s(&mut parameter.second[range]);
        for (v, gradient) in gradients.into_iter().enumerate() {
            let moment =
                simd.mul_add_e_f32s(simd.sub_f32s(gradient, firsts[v]), simd.splat_f32s(adam.first), firsts[v]);
            let square = simd.mul_add_e_f32s(gradient, gradient, simd.neg_f32s(seconds[v]));
            let second = simd.mul_add_e_f32s(square, simd.splat_f32s(adam.second), seconds[v]);
            let divisor = simd.add_f32s(simd.sqrt_f32s(second), simd.splat_f32s(adam.epsilon));
            let change = simd.div_f32s(simd.mul_f32s(moment, simd.splat_f32s(adam.rate)), divisor);
            firsts[v] = moment;
            seconds[v] = second;
            values[v] = simd.sub_f32s(values[v], change);
        }
    }
}

/// The errors that a layer hands back to its inputs, `errors · weightᵀ`: `rows` rows of as many values as it has inputs.
pub(super) struct InputGradient<'a, const P: usize> {
    pub rows: usize,
    /// Strided of `panels · P` values.
    pub errors: Strided<'a>,
    pub weight: &'a [f32],
    pub out: &'a mut [f32],
    pub stride: usize,
}

impl<const P: usize> InputGradient<'_, P> {
    pub fn run(self, arch: Arch, panels: usize) {
        if panels > 0 {
            arch.dispatch(WithPanels { work: self, panels });
        }
    }
}

impl<const P: usize> WithSimd for WithPanels<InputGradient<'_, P>> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { mut work, panels } = self;
        let inputs = work.weight.len() / (panels * P);
        for start in (0..work.rows).step_by(ROWS_AT_ONCE) {
            let end = work.rows.min(start + ROWS_AT_ONCE);
            let mut input = 0;
            while input < inputs {
                let wide = inputs - input >= 4;
                let mut row = start;
                while row < end {
                    row += match end - row {
                        4.. if wide && S::REGISTER_COUNT >= 32 => {
                            work.tile::<S, 4, 4>(simd, (inputs, panels), row, input)
                        }
                        2.. if wide => work.tile::<S, 2, 4>(simd, (inputs, panels), row, input),
                        _ if wide => work.tile::<S, 1, 4>(simd, (inputs, panels), row, input),
                        _ => work.tile::<S, 1, 1>(simd, (inputs, panels), row, input),
                    };
                }
                input += if wide { 4 } else { 1 };
            }
        }
    }
}

impl<const P: usize> InputGradient<'_, P> {
    /// Computes `R` rows by `K` inputs and returns the number of rows.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const K: usize>(
        &mut self,
        simd: S,
        (inputs, panels): (usize, usize),
        row: usize,
        input: usize,
    ) -> usize {
        let (weight, _) = self.weight.as_chunks::<P>();
        let mut sums = [[simd.splat_f32s(0.0); K]; R];
        for panel in 0..panels {
            let errors: [&[f32]; R] = std::array::from_fn(|r| self.errors.row(row + r, panel * P, P));
            let weights: &[[f32; P]; K] =
                weight[panel * inputs + input..].first_chunk().expect("the inputs are within the panel");
            for at in (0..P).step_by(S::F32_LANES) {
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

/// Zeroes the errors of the units that the `ReLU` held back: where their activation is not positive. Both have so many
/// rows of `width` values, of which these columns count.
pub(super) fn through_relu(
    arch: Arch,
    rows: usize,
    width: usize,
    columns: Range<usize>,
    errors: &mut [f32],
    activations: &[f32],
) {
    arch.dispatch(
        #[inline(always)]
        || {
            for row in 0..rows {
                let range = row * width + columns.start..row * width + columns.end;
                for (error, activation) in errors[range.clone()].iter_mut().zip(&activations[range]) {
                    *error = if *activation > 0.0 { *error } else { 0.0 };
                }
            }
        },
    );
}

/// Adds one matrix to another, value by value.
pub(super) fn add(arch: Arch, sum: &mut [f32], other: &[f32]) {
    arch.dispatch(
        #[inline(always)]
        || {
            for (sum, other) in sum.iter_mut().zip(other) {
                *sum += other;
            }
        },
    );
}

/// Figures of some images.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Verdict {
    /// Sum of the images' losses, in nats.
    pub loss: f32,
    /// Images whose largest logit is that of their class.
    pub correct: u32,
}

/// Softmax cross entropy of rows of [`LOGITS`] logits, ten of which count; each row becomes the loss's derivative by it
/// (probability, less one at the true class), times `weight`.
pub(super) struct SoftmaxCrossEntropy<'a> {
    pub logits: &'a mut [f32],
    pub classes: &'a [usize],
    pub weight: f32,
}

impl WithSimd for SoftmaxCrossEntropy<'_> {
    type Output = Verdict;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Verdict {
        let (rows, _) = self.logits.as_chunks_mut::<LOGITS>();
        let mut verdict = Verdict::default();
        for (row, class) in rows.iter_mut().zip(self.classes) {
            let own = row[*class];
            let largest = row[..CLASSES].iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut powers = row.map(|logit| exponential(logit - largest));
            powers[CLASSES..].fill(0.0);
            let sum: f32 = powers.iter().sum();
            verdict.loss += sum.ln() + largest - own;
            verdict.correct += u32::from(own >= largest);
            let scale = self.weight / sum;
            *row = powers.map(|power| power * scale);
            row[*class] -= self.weight;
        }
        verdict
    }
}

/// eˣ for x ≤ 0, within 2 units of the last place; 0 below -87, NaN for NaN. Compiles to wide code, which the library's
/// does not.
///
/// x = k·ln 2 + r with |r| ≤ ln 2 / 2, and so eˣ = 2ᵏ·eʳ: Cody and Waite's reduction, and eʳ by its Taylor series, whose
/// seventh power is the first one below a float's precision.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    /// Adding it leaves an integer in a float's lowest bits: 1.5 · 2²³.
    const ROUNDER: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let k = shifted - ROUNDER;
    let r = x - k * LN_2_HIGH - k * LN_2_LOW;
    let series = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let power = series.into_iter().fold(1.0 / 5040.0, |sum, coefficient| sum * r + coefficient);
    // The integer, moved to a float's exponent.
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    if x <= -87.0 { 0.0 } else { power * scale }
}

#[inline(always)]
fn load<S: Simd, const V: usize>(values: &[f32]) -> [S::f32s; V] {
    let (vectors, _) = S::as_simd_f32s(&values[..V * S::F32_LANES]);
    std::array::from_fn(|v| vectors[v])
}

#[inline(always)]
fn store<S: Simd, const V: usize>(out: &mut [f32], values: [S::f32s; V]) {
    let (vectors, _) = S::as_mut_simd_f32s(&mut out[..V * S::F32_LANES]);
    for (vector, value) in vectors.iter_mut().zip(values) {
        *vector = value;
    }
}
