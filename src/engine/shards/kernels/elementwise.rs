//! Arithmetic on value after value: sums, and the errors that a `ReLU` lets through.

use std::ops::Range;

use pulp::Arch;

/// Zeroes the errors of the units that the `ReLU` held back: where their activation is not positive. Both have so many
/// rows of `width` values, of which these columns count.
pub(in crate::engine::shards) fn through_relu(
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
pub(in crate::engine::shards) fn add(arch: Arch, sum: &mut [f32], other: &[f32]) {
    arch.dispatch(
        #[inline(always)]
        || {
            for (sum, other) in sum.iter_mut().zip(other) {
                *sum += other;
            }
        },
    );
}
