//! Softmax cross entropy of logits, and its derivative by them.

use pulp::{Simd, WithSimd};

use super::panels::LOGITS;
use crate::fashion::CLASSES;

/// Figures of some images.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    /// Sum of the images' losses, in nats.
    pub loss: f32,
    /// Images whose largest logit is that of their class.
    pub correct: u32,
}

/// Softmax cross entropy of rows of [`LOGITS`] logits, ten of which count; each row becomes the loss's derivative by it
/// (probability, less one at the true class), times `weight`.
pub(crate) struct SoftmaxCrossEntropy<'a> {
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
            row[CLASSES..].fill(f32::NEG_INFINITY);
            let largest = folded(*row, |one, other| if other > one { other } else { one });
            let powers = row.map(|logit| exponential(logit - largest));
            let sum = folded(powers, |one, other| one + other);
            verdict.loss += sum.ln() + largest - own;
            verdict.correct += u32::from(own >= largest);
            let scale = self.weight / sum;
            *row = powers.map(|power| power * scale);
            row[*class] -= self.weight;
        }
        verdict
    }
}

/// All values in one, by halves that meet: wide code, for no step waits for the one before but at the end.
#[inline(always)]
fn folded(mut values: [f32; LOGITS], meet: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LOGITS / 2;
    while half > 0 {
        let (first, second) = values.split_at_mut(half);
        for (one, other) in first.iter_mut().zip(second) {
            *one = meet(*one, *other);
        }
        half /= 2;
    }
    values[0]
}

/// eˣ for x ≤ 0, within 2 units of the last place; 0 below -87, NaN for NaN. Compiles to wide code, which the library's
/// does not.
///
/// x = k·ln 2 + r with |r| ≤ ln 2 / 2, and so eˣ = 2ᵏ·eʳ: Cody and Waite's reduction, and eʳ by its Taylor series,
/// whose seventh power is the first one below a float's precision.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::shards::instruction_sets::{numbers, under_each};

    #[test]
    fn losses_and_derivatives_are_those_of_64_bits() {
        under_each(|arch| {
            for scale in [0.1, 3.0, 60.0] {
                let logits: Vec<f32> = numbers(1, 37 * LOGITS).into_iter().map(|logit| logit * scale).collect();
                let classes: Vec<usize> = (0..37).map(|row| row * 7 % CLASSES).collect();
                let mut derivatives = logits.clone();
                let weight = 1.0 / 37.0;
                let work = SoftmaxCrossEntropy { logits: &mut derivatives, classes: &classes, weight };
                let verdict = arch.dispatch(work);
                let (mut loss, mut correct) = (0.0, 0);
                for ((logits, derivatives), class) in
                    logits.chunks(LOGITS).zip(derivatives.chunks(LOGITS)).zip(&classes)
                {
                    let logits: Vec<f64> = logits[..CLASSES].iter().copied().map(f64::from).collect();
                    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
                    loss += sum.ln() - logits[*class];
                    correct += u32::from(logits.iter().all(|logit| *logit <= logits[*class]));
                    for (column, derivative) in derivatives.iter().enumerate() {
                        let expected = logits.get(column).map_or(0.0, |logit| {
                            let own = if column == *class { 1.0 } else { 0.0 };
                            (logit.exp() / sum - own) * f64::from(weight)
                        });
                        let difference = (f64::from(*derivative) - expected).abs();
                        assert!(difference < 1e-7, "column {column}: {derivative} is not {expected}");
                    }
                }
                let difference = (f64::from(verdict.loss) - loss).abs();
                assert!(difference < 1e-5 * loss, "{} is not {loss}", verdict.loss);
                assert_eq!(verdict.correct, correct);
            }
        });
    }

    #[test]
    fn a_row_that_is_lost_has_a_loss_that_is_no_number() {
        under_each(|arch| {
            let mut logits = [1.0; LOGITS];
            logits[4] = f32::NAN;
            let verdict = arch.dispatch(SoftmaxCrossEntropy { logits: &mut logits, classes: &[2], weight: 1.0 });
            assert!(verdict.loss.is_nan());
        });
    }

    #[test]
    fn powers_are_within_two_units_of_the_last_place() {
        for x in (0_u16..).map(|step| f32::from(step) * -0.003).take_while(|x| *x > -87.0) {
            let (found, exact) = (f64::from(exponential(x)), f64::from(x).exp());
            let unit = f64::from(f32::EPSILON) * exact.log2().floor().exp2();
            assert!((found - exact).abs() <= 2.0 * unit, "e^{x} is {exact}, not {found}");
        }
        assert!(exponential(-88.0) == 0.0 && exponential(f32::NEG_INFINITY) == 0.0 && exponential(f32::NAN).is_nan());
    }
}
