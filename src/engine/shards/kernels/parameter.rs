//! A parameter with what Adam keeps of it, what becomes of its gradient, and Adam itself. Knows no layer.

use pulp::Simd;

use super::panels::{PANEL, load, store, vectors};
use crate::engine::adam::{BETA_1, BETA_2, EPSILON};

/// What every parameter's update shares in one step: Keras's Adam with both corrections in one factor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamStep {
    /// learning rate · √(1 - β₂ᵗ) / (1 - β₁ᵗ).
    pub rate: f32,
    /// 1 - β₁.
    pub first: f32,
    /// 1 - β₂.
    pub second: f32,
    /// What keeps the division finite.
    pub epsilon: f32,
}

impl AdamStep {
    /// Those of step `t`, from 1: Keras's `lr·√(1-β₂ᵗ)/(1-β₁ᵗ)` and what goes with it.
    #[expect(clippy::cast_possible_truncation, reason = "the network computes with 32 bits")]
    pub fn new(learning_rate: f64, t: u64) -> Self {
        // The powers of the betas have long been 0 when a step's number no longer fits.
        let t = i32::try_from(t).unwrap_or(i32::MAX);
        let rate = learning_rate * (1.0 - BETA_2.powi(t)).sqrt() / (1.0 - BETA_1.powi(t));
        Self { rate: rate as f32, first: (1.0 - BETA_1) as f32, second: (1.0 - BETA_2) as f32, epsilon: EPSILON as f32 }
    }
}

/// A parameter and what Adam keeps of it; all of one length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameter {
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

/// What becomes of a parameter's gradient, over the passes that a batch is cut into.
pub(crate) struct Update<'a> {
    /// The sum over the passes before; as long as the parameter where it is read or written.
    pub gradient: &'a mut [f32],
    /// Whether there was a pass before.
    pub resume: bool,
    /// In the last pass: the update; in those before it the sum is kept.
    pub adam: Option<AdamStep>,
}

impl Update<'_> {
    /// What a tile's gradient begins with: `K` rows of `V` vectors, `P` values apart, from `first` on.
    #[inline(always)]
    pub(super) fn start<S: Simd, const P: usize, const V: usize, const K: usize>(
        &self,
        simd: S,
        first: usize,
    ) -> [[S::f32s; V]; K] {
        let mut sums = [[simd.splat_f32s(0.0); V]; K];
        if self.resume {
            for (k, sums) in sums.iter_mut().enumerate() {
                *sums = load::<S, V>(&self.gradient[first + k * P..]);
            }
        }
        sums
    }

    /// Takes in a tile's gradient, which lies there.
    #[inline(always)]
    pub(super) fn take<S: Simd, const P: usize, const V: usize, const K: usize>(
        &mut self,
        simd: S,
        parameter: &mut Parameter,
        first: usize,
        gradients: [[S::f32s; V]; K],
    ) {
        for (k, gradients) in gradients.into_iter().enumerate() {
            match &self.adam {
                Some(adam) => adam.step::<S, V>(simd, parameter, first + k * P, gradients),
                None => store::<S, V>(&mut self.gradient[first + k * P..], gradients),
            }
        }
    }
}

impl AdamStep {
    /// Adam on `V` vectors of a parameter, from `first` on:
    /// `m += (g - m)(1 - β₁)`, `v += (g² - v)(1 - β₂)`, `w -= rate / (√v + ε) · m`.
    ///
    /// A core has one slow unit for roots and divisions. So all roots are begun before the first is needed, for what
    /// waits for it would keep other work from beginning; and a panel's two halves share their divisions, where one
    /// call has a whole panel: with AVX2 and AVX-512, whose weights so are the same. (Only where a square root is
    /// infinite, and the network lost, does its neighbour feel it.)
    #[inline(always)]
    fn step<S: Simd, const V: usize>(&self, simd: S, parameter: &mut Parameter, first: usize, gradients: [S::f32s; V]) {
        let range = first..first + V * S::F32_LANES;
        let values = vectors::<S, V>(&mut parameter.values[range.clone()]);
        let firsts = vectors::<S, V>(&mut parameter.first[range.clone()]);
        let seconds = vectors::<S, V>(&mut parameter.second[range]);
        let mut roots = gradients;
        for (v, gradient) in gradients.into_iter().enumerate() {
            let square = simd.mul_add_e_f32s(gradient, gradient, simd.neg_f32s(seconds[v]));
            seconds[v] = simd.mul_add_e_f32s(square, simd.splat_f32s(self.second), seconds[v]);
            roots[v] = simd.sqrt_f32s(seconds[v]);
        }
        for (v, gradient) in gradients.into_iter().enumerate() {
            let difference = simd.sub_f32s(gradient, firsts[v]);
            firsts[v] = simd.mul_add_e_f32s(difference, simd.splat_f32s(self.first), firsts[v]);
        }
        let (rate, epsilon) = (simd.splat_f32s(self.rate), simd.splat_f32s(self.epsilon));
        let divisors = roots.map(|root| simd.add_f32s(root, epsilon));
        let mut rates = divisors;
        if V * S::F32_LANES == PANEL && V.is_multiple_of(2) {
            for (one, other) in (0..V / 2).zip(V / 2..) {
                // Both quotients from one division: rate / one = rate / (one · other) · other.
                let quotient = simd.div_f32s(rate, simd.mul_f32s(divisors[one], divisors[other]));
                rates[one] = simd.mul_f32s(quotient, divisors[other]);
                rates[other] = simd.mul_f32s(quotient, divisors[one]);
            }
        } else {
            rates = divisors.map(|divisor| simd.div_f32s(rate, divisor));
        }
        for (v, rate) in rates.into_iter().enumerate() {
            values[v] = simd.negate_mul_add_e_f32s(rate, firsts[v], values[v]);
        }
    }
}
