//! Arithmetic on value after value: sums, and the errors that a `ReLU` lets through.

use std::ops::Range;

use pulp::{Arch, Simd};

/// Zeroes the errors of the units that the `ReLU` held back: where their activation is not positive. Both have so many
/// rows of `width` values, of which these columns count.
pub(crate) fn through_relu(
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

/// The larger of each pair; NaN where the second one is: a `ReLU` has its zeros first, for a NaN must come through.
#[inline(always)]
pub(super) fn maximum<S: Simd>(simd: S, first: S::f32s, second: S::f32s) -> S::f32s {
    simd.select_f32s(simd.greater_than_f32s(first, second), first, second)
}

/// Adds one matrix to another, value by value.
pub(crate) fn add(arch: Arch, sum: &mut [f32], other: &[f32]) {
    arch.dispatch(
        #[inline(always)]
        || {
            for (sum, other) in sum.iter_mut().zip(other) {
                *sum += other;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::shards::instruction_sets::{numbers, under_each};

    fn bits(values: impl IntoIterator<Item = f32>) -> Vec<u32> {
        values.into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn sums_are_those_of_one_value_after_the_other_to_the_bit() {
        under_each(|arch| {
            let (one, other) = (numbers(1, 1_003), numbers(2, 1_003));
            let mut sum = one.clone();
            add(arch, &mut sum, &other);
            assert!(bits(sum) == bits(one.iter().zip(&other).map(|(one, other)| one + other)));
        });
    }

    #[test]
    fn a_relu_lets_errors_through_in_its_columns_where_it_let_the_activation_through() {
        under_each(|arch| {
            let (rows, width, columns) = (5, 40, 3..37);
            let errors = numbers(1, rows * width);
            let activations: Vec<f32> = numbers(2, rows * width).into_iter().map(|value| value.max(0.0)).collect();
            let mut passed = errors.clone();
            through_relu(arch, rows, width, columns.clone(), &mut passed, &activations);
            let expected = errors.iter().zip(&activations).enumerate().map(|(place, (error, activation))| {
                if columns.contains(&(place % width)) && *activation <= 0.0 { 0.0 } else { *error }
            });
            assert!(bits(passed) == bits(expected));
        });
    }
}
