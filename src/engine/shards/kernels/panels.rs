//! How a weight and the rows that it meets lie in memory, and vectors of them. Computes nothing.

use pulp::{Arch, Simd, WithSimd};

use crate::fashion::CLASSES;

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

/// A kernel that goes over the panels of a weight.
pub(crate) trait OverPanels: Sized {
    /// Goes over so many panels, one at least, with these instructions.
    fn over<S: Simd>(self, simd: S, panels: usize);

    /// The same with the instructions of this set, over none as well.
    fn run(self, arch: Arch, panels: usize) {
        if panels > 0 {
            arch.dispatch(WithPanels { work: self, panels });
        }
    }
}

struct WithPanels<T> {
    work: T,
    panels: usize,
}

impl<T: OverPanels> WithSimd for WithPanels<T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.work.over(simd, self.panels);
    }
}

/// The last layer's weight from the classes to the layer's inputs: panels of [`PANEL`] inputs, and within each a row
/// per class. `weight` has whole panels of inputs.
pub(crate) fn turn(weight: &[f32], turned: &mut Vec<f32>) {
    let (inputs, _) = weight.as_chunks::<LOGITS>();
    turned.clear();
    for inputs in inputs.chunks_exact(PANEL) {
        for class in 0..CLASSES {
            turned.extend(inputs.iter().map(|classes| classes[class]));
        }
    }
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
    *vectors::<S, V>(out) = values;
}

/// The first `V` vectors of these values, to be changed.
#[inline(always)]
pub(super) fn vectors<S: Simd, const V: usize>(values: &mut [f32]) -> &mut [S::f32s; V] {
    let (vectors, _) = S::as_mut_simd_f32s(&mut values[..V * S::F32_LANES]);
    vectors.first_chunk_mut().expect("they are as many")
}
