//! How a weight and the rows that it meets lie in memory, and vectors of them. Computes nothing.

use pulp::Simd;

/// Outputs of a hidden layer's panel.
pub(crate) const PANEL: usize = 32;
/// Outputs of the last layer's only panel: the ten logits, and zeros.
pub(crate) const LOGITS: usize = 16;

/// Rows that lie `stride` values apart; 0: it is one row over and over.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a> {
    pub values: &'a [f32],
    pub stride: usize,
}

impl<'a> Strided<'a> {
    #[inline(always)]
    pub fn row(self, row: usize, from: usize, width: usize) -> &'a [f32] {
        &self.values[row * self.stride + from..][..width]
    }
}

/// A job on so many panels of a weight.
pub(super) struct WithPanels<T> {
    pub work: T,
    pub panels: usize,
}

/// The first `V` vectors of these values.
#[inline(always)]
pub(super) fn load<S: Simd, const V: usize>(values: &[f32]) -> [S::f32s; V] {
    let (vectors, _) = S::as_simd_f32s(&values[..V * S::F32_LANES]);
    std::array::from_fn(|v| vectors[v])
}

/// Writes `V` vectors over the first of these values.
#[inline(always)]
pub(super) fn store<S: Simd, const V: usize>(out: &mut [f32], values: [S::f32s; V]) {
    let (vectors, _) = S::as_mut_simd_f32s(&mut out[..V * S::F32_LANES]);
    for (vector, value) in vectors.iter_mut().zip(values) {
        *vector = value;
    }
}
