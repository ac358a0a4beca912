//! The scales of curves: round numbers around their values, and the labels of axes. Arithmetic; draws nothing.

/// Labels of the vertical axis at the most.
const MOST_LABELS: u32 = 6;

/// A step as a number on an axis.
#[expect(clippy::cast_precision_loss, reason = "for the eye")]
pub fn float(step: u64) -> f64 {
    step as f64
}

/// The step nearest to a number on an axis.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a step, which is not negative")]
pub fn whole(step: f64) -> u64 {
    step.round() as u64
}

/// The least of 1, 2 or 5 times a power of ten of which at most so many span the range.
pub fn round_step(range: f64, most: f64) -> f64 {
    let power = 10_f64.powf((range / most).max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    steps.into_iter().find(|step| range / step <= most).unwrap_or(range)
}

/// Digits after the point of a multiple of this step.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few digits")]
fn decimals(step: f64) -> usize {
    (-(step * 1.000_001).log10().floor()).max(0.0) as usize
}

/// What is larger has no scale: its ends would be no numbers any more.
const LARGEST: f64 = 1e300;
/// A scale spans no less: its bounds then differ in the second digit after the point.
const LEAST_RANGE: f64 = 0.06;

/// The scale of a curve: round numbers around its values, so that it rarely changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub low: f64,
    pub high: f64,
    /// Digits after the point that tell the two.
    pub decimals: usize,
}

impl Bounds {
    /// Around values, all finite. The newest is left out where there are others: it is still the mean of few steps and
    /// jumps, and a scale that follows it would redraw the curve at every step.
    pub fn around(values: &[f64]) -> Self {
        let settled = match values {
            [settled @ .., _] if !settled.is_empty() => settled,
            all => all,
        };
        let (least, most) = settled
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(*value), most.max(*value)));
        let size = least.abs().max(most.abs());
        if size > LARGEST {
            return Self { low: 0.0, high: 1.0, decimals: 0 };
        }
        let step = round_step((most - least).max(size * 0.05).max(LEAST_RANGE), 6.0);
        let low = (least / step).floor() * step;
        let high = ((most / step).ceil() * step).max(low + step);
        Self { low, high, decimals: decimals(step).min(2) }
    }

    /// The same around parts of a whole: no end is less than 0 or more than 1, whatever the values are.
    pub fn around_parts(values: &[f64]) -> Self {
        let parts: Vec<f64> = values.iter().map(|value| value.clamp(0.0, 1.0)).collect();
        let bounds = Self::around(&parts);
        let beyond = (bounds.high - 1.0).max(0.0);
        Self { low: (bounds.low - beyond).max(0.0), high: bounds.high - beyond, ..bounds }
    }

    /// Where a value lies, 0 to 1.
    pub fn ratio(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// Where the axis ends, and the round numbers on it with the digits after the point that tell them apart: the whole run
/// ends at such a number, a part of it where it ends. At most about so many, which are no less than `least` apart.
pub fn horizontal_ticks((start, end): (f64, f64), most: f64, least: f64, is_zoomed: bool) -> (f64, Vec<f64>, usize) {
    let step = round_step(end - start, most).max(least);
    let end = if is_zoomed { end } else { (end / step).ceil().max(1.0) * step };
    let before = (start / step - 1e-9).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few ticks")]
    let count = ((end / step + 1e-9).floor() - before + 1.0) as u32;
    // A zero that is not negative, as which it would be written.
    let ticks = (0..count).map(|number| (before + f64::from(number)) * step + 0.0).collect();
    (end, ticks, decimals(step))
}

/// The part of a scale that may be added to it for the sake of more labels.
const SLACK: f64 = 1.2;

/// A vertical axis: its ends, and the round numbers on it.
#[derive(Clone, Debug, PartialEq)]
pub struct VerticalAxis {
    pub low: f64,
    pub high: f64,
    /// Where labels stand, from the lowest to the highest.
    pub ticks: Vec<f64>,
    /// Their digits after the point.
    pub decimals: usize,
}

impl VerticalAxis {
    /// The axis that shows these values with a round number at each end, and as many between them as so many rows
    /// hold. Of those that are hardly larger than they need to be it has the most labels.
    pub fn new(bounds: &Bounds, rows: u16) -> Self {
        let (lowest, highest) = (bounds.low, bounds.high);
        let most_parts = u32::from(rows.saturating_sub(1)).clamp(1, MOST_LABELS - 1);
        let axis = |parts: u32| {
            let part = round_step((highest - lowest) * (1.0 - 1e-9), f64::from(parts));
            let (first, last) = ((lowest / part + 1e-9).floor(), (highest / part - 1e-9).ceil());
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few parts")]
            let count = (last - first).max(1.0) as u32 + 1;
            // A zero that is not negative, as which it would be written.
            let ticks = (0..count).map(|number| (first + f64::from(number)) * part + 0.0).collect();
            Self { low: first * part, high: (first + f64::from(count - 1)) * part, ticks, decimals: decimals(part) }
        };
        let fitting: Vec<Self> =
            (1..=most_parts).map(axis).filter(|axis| axis.ticks.len() <= usize::from(rows).max(2)).collect();
        let waste = |axis: &Self| (axis.high - axis.low) / (highest - lowest);
        let least_waste = fitting.iter().map(waste).fold(f64::INFINITY, f64::min);
        let best = fitting.into_iter().rev().find(|axis| waste(axis) <= least_waste.max(SLACK));
        best.unwrap_or(Self { low: lowest, high: highest, ticks: vec![lowest, highest], decimals: bounds.decimals })
    }

    /// The same for powers of ten: the labels stand at the logarithms of round numbers.
    pub fn logarithmic(bounds: &Bounds, rows: u16) -> Self {
        let most = usize::from(rows).clamp(2, 1 + MOST_LABELS as usize);
        let sets: [&[f64]; 3] = [&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], &[1.0, 2.0, 5.0], &[1.0]];
        let ticks = sets.map(|digits| logarithms(bounds, digits)).into_iter().find(|ticks| ticks.len() <= most);
        let ticks = ticks.unwrap_or_else(|| vec![bounds.low, bounds.high]);
        let (low, high) = (ticks[0], ticks[ticks.len() - 1]);
        Self { low, high, ticks, decimals: 0 }
    }

    /// Where a value lies, 0 at the lower end to 1 at the upper one.
    pub fn ratio(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The number whose logarithm stands at a label of a logarithmic axis, with the digits that it has; where these are
/// many, as a power of ten.
pub fn logarithm_label(tick: f64) -> String {
    if !(-4.5..6.5).contains(&tick) {
        return format!("{:.0e}", 10_f64.powf(tick));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few digits")]
    let decimals = (-(tick + 1e-9).floor()).max(0.0) as usize;
    format!("{:.decimals$}", 10_f64.powf(tick))
}

/// The logarithms of these digits times powers of ten, from the last that is no higher than the bounds to the first
/// that is no lower.
fn logarithms(bounds: &Bounds, digits: &[f64]) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "a few powers of ten")]
    let powers = (bounds.low.floor() as i32)..=(bounds.high.ceil() as i32);
    let all: Vec<f64> =
        powers.flat_map(|power| digits.iter().map(move |digit| digit.log10() + f64::from(power))).collect();
    let first = all.partition_point(|tick| *tick <= bounds.low + 1e-9).saturating_sub(1);
    let last = all.partition_point(|tick| *tick < bounds.high - 1e-9).min(all.len() - 1);
    all[first..=last.max(first + 1).min(all.len() - 1)].to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn bounds_are_round_numbers_around_the_values() {
        let bounds = |values: &[f64]| {
            let Bounds { low, high, decimals } = Bounds::around(values);
            format!("{low:.decimals$} {high:.decimals$}")
        };
        assert_eq!(bounds(&[2.3, 0.9, 1.1]), "0.5 2.5");
        assert_eq!(bounds(&[0.72, 0.31, 0.25, 0.24]), "0.2 0.8");
        assert_eq!(bounds(&[0.71, 0.95, 0.92, 0.9]), "0.70 0.95");
        assert_eq!(bounds(&[1.0, 1.0]), "1.00 1.01");
        assert_eq!(bounds(&[0.0]), "0.00 0.01");
        assert_eq!(bounds(&[]), "0 1");
        assert_eq!(bounds(&[f64::MAX, -f64::MAX, 0.0]), "0 1");
        assert_eq!(bounds(&[0.4, 1.79e308, 0.4]), "0 1");
    }

    proptest! {
        #[test]
        fn every_number_has_an_axis_with_ends_that_are_numbers(
            values in vec(prop_oneof![any::<f64>(), 1e-3..1e3_f64], 1..8), rows in 1..60_u16
        ) {
            let finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
            for bounds in [Bounds::around(&finite), Bounds::around_parts(&finite)] {
                prop_assert!(bounds.low < bounds.high && (bounds.high - bounds.low).is_finite(), "{bounds:?}");
                let axis = VerticalAxis::new(&bounds, rows);
                prop_assert!(axis.low < axis.high && (axis.high - axis.low).is_finite(), "{axis:?} of {bounds:?}");
                prop_assert!(axis.ticks.len() <= usize::from(rows).max(2), "{axis:?}");
                prop_assert!(axis.ticks.iter().all(|tick| tick.is_finite()), "{axis:?}");
                prop_assert!(finite.iter().all(|value| (0.0..=1.0).contains(&axis.ratio(*value))), "{axis:?}");
            }
        }
    }

    #[test]
    fn bounds_do_not_follow_the_newest_value() {
        assert_eq!(Bounds::around(&[0.9, 0.5, 7.0]), Bounds::around(&[0.9, 0.5, 0.1]));
    }

    /// The end and the labels of an axis of at most so many, no less than `least` apart.
    fn labels(ends: (f64, f64), most: f64, least: f64, is_zoomed: bool) -> (f64, String) {
        let (end, ticks, decimals) = horizontal_ticks(ends, most, least, is_zoomed);
        (end, ticks.into_iter().map(|tick| format!("{tick:.decimals$}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_whole_run_ends_at_a_round_number() {
        for ((end, most), expected) in [
            ((0.3, 6.0), (1.0, "0 1")),
            ((10.0, 6.0), (10.0, "0 2 4 6 8 10")),
            ((11.4, 6.0), (12.0, "0 2 4 6 8 10 12")),
            ((12.0, 4.0), (15.0, "0 5 10 15")),
            ((3.0, 4.0), (3.0, "0 1 2 3")),
        ] {
            assert_eq!(labels((0.0, end), most, 1.0, false), (expected.0, expected.1.to_owned()));
        }
        let steps = labels((0.0, 18_750.0), 6.0, 1.0, false);
        assert_eq!(steps, (20_000.0, "0 5000 10000 15000 20000".to_owned()));
    }

    #[test]
    fn a_part_of_the_run_has_its_round_numbers_where_they_are() {
        assert_eq!(labels((4.68, 5.0), 6.0, 0.0, true), (5.0, "4.7 4.8 4.9 5.0".to_owned()));
        assert_eq!(labels((2.995, 3.0), 6.0, 0.0, true).1, "2.995 2.996 2.997 2.998 2.999 3.000");
        assert_eq!(labels((5_620.0, 5_625.0), 6.0, 1.0, true).1, "5620 5621 5622 5623 5624 5625");
    }

    /// Steps of another run, whose file may say anything.
    #[test]
    fn a_horizontal_axis_ends_also_where_numbers_are_too_large_to_be_counted_on() {
        for (start, end) in [(1e19, 1.8e19), (9_007_199_254_740_992.0, 9_007_199_254_740_995.0), (1e300, 1.1e300)] {
            for is_zoomed in [false, true] {
                let (_, ticks, _) = horizontal_ticks((start, end), 7.0, 1.0, is_zoomed);
                assert!(ticks.len() < 100, "{} ticks from {start} to {end}", ticks.len());
            }
        }
    }

    /// The labels of an axis that shows these values on so many rows.
    fn vertical(low: f64, high: f64, rows: u16) -> String {
        let VerticalAxis { ticks, decimals, .. } = VerticalAxis::new(&Bounds { low, high, decimals: 1 }, rows);
        ticks.iter().map(|value| format!("{value:.decimals$}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn vertical_labels_are_round_numbers_and_as_many_as_there_is_room_for() {
        assert_eq!(vertical(0.2, 0.7, 11), "0.2 0.3 0.4 0.5 0.6 0.7");
        assert_eq!(vertical(0.2, 0.8, 10), "0.2 0.4 0.6 0.8");
        assert_eq!(vertical(0.65, 0.9, 6), "0.65 0.70 0.75 0.80 0.85 0.90");
        assert_eq!(vertical(0.65, 0.9, 3), "0.6 0.8 1.0");
        assert_eq!(vertical(0.0, 1.0, 31), "0.0 0.2 0.4 0.6 0.8 1.0");
        for rows in 1..60 {
            for (low, high) in [(0.8, 0.92), (0.824, 0.896), (0.31, 0.77), (0.005, 2.31), (97.0, 131.0)] {
                let axis = VerticalAxis::new(&Bounds { low, high, decimals: 2 }, rows);
                assert!(axis.low <= low + 1e-9 && axis.high >= high - 1e-9, "{axis:?} of {low} to {high}");
                assert!(axis.ticks.len() <= usize::from(rows).max(2), "{axis:?} on {rows} rows");
                assert!(rows < 7 || axis.ticks.len() >= 3, "{axis:?} on {rows} rows");
                let part = axis.ticks[1] - axis.ticks[0];
                let digit = part / 10_f64.powf((part * 1.000_001).log10().floor());
                let is_round = [1.0, 2.0, 5.0].iter().any(|round| (digit - round).abs() < 1e-6);
                assert!(is_round || rows < 3, "{axis:?}");
            }
        }
    }

    #[test]
    fn an_axis_of_parts_of_a_whole_never_leaves_the_whole() {
        for least in 0..=20 {
            for most in least..=20 {
                let values = [f64::from(least) / 20.0, f64::from(most) / 20.0, 0.5];
                let bounds = Bounds::around_parts(&values);
                for rows in 1..40 {
                    let axis = VerticalAxis::new(&bounds, rows);
                    let is_within = |value: f64| (-1e-9..=1.0 + 1e-9).contains(&value);
                    assert!(axis.ticks.iter().all(|tick| is_within(*tick)), "{axis:?} of {values:?} on {rows} rows");
                    assert!(is_within(bounds.low) && is_within(bounds.high), "{bounds:?}");
                }
            }
        }
    }

    #[test]
    fn a_logarithmic_axis_has_round_numbers_too() {
        let labels = |low: f64, high: f64, rows| {
            let bounds = Bounds { low: low.log10(), high: high.log10(), decimals: 2 };
            let axis = VerticalAxis::logarithmic(&bounds, rows);
            let values: Vec<String> = axis.ticks.iter().map(|tick| logarithm_label(*tick)).collect();
            values.join(" ")
        };
        assert_eq!(labels(0.24, 2.3, 30), "0.2 0.5 1 2 5");
        assert_eq!(labels(0.24, 0.7, 30), "0.2 0.3 0.4 0.5 0.6 0.7");
        assert_eq!(labels(0.0001, 40.0, 30), "0.0001 0.001 0.01 0.1 1 10 100");
        assert_eq!(labels(0.3, 0.7, 2), "0.1 1");
        assert_eq!(labels(1e-50, 1e300, 30), "1e-50 1e300");
        assert_eq!(labels(1e-6, 1e-3, 30), "1e-6 1e-5 0.0001 0.001");
    }
}
