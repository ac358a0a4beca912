//! A parameter with what Adam keeps of it, and Adam itself. Knows no layer.

use pulp::Simd;

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

/// Adam on a tile of a parameter:
/// `m += (g - m)(1 - β₁)`, `v += (g² - v)(1 - β₂)`, `w -= rate · m / (√v + ε)`.
#[inline(always)]
pub(super) fn update_tile<S: Simd, const P: usize, const V: usize, const K: usize>(
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
