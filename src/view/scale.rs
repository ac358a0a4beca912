//! The scales of curves: round numbers around their values, and the labels of axes. Arithmetic; draws nothing.

use crate::{app::screens::curves::Unit, view::format::thousands};

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
        if !(most - least).is_finite() {
            return Self { low: 0.0, high: 1.0, decimals: 0 };
        }
        let size = least.abs().max(most.abs());
        let step = round_step((most - least).max(size * 0.05).max(LEAST_RANGE), 6.0);
        let low = (least / step).floor() * step;
        let high = ((most / step).ceil() * step).max(low + step);
        Self { low, high, decimals: decimals(step).min(2) }
    }

    /// Where a value lies, 0 to 1.
    pub fn ratio(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// Where the axis ends, and the round numbers on it with their labels: the whole run ends at such a number, a part of it
/// where it ends.
pub fn horizontal_ticks((start, end): (f64, f64), most: f64, unit: Unit, is_zoomed: bool) -> (f64, Vec<(f64, String)>) {
    // Of the whole run no label stands within an epoch, and of steps none ever.
    let least = if is_zoomed && unit == Unit::Epochs { 0.0 } else { 1.0 };
    let step = round_step(end - start, most).max(least);
    let end = if is_zoomed { end } else { (end / step).ceil().max(1.0) * step };
    let decimals = decimals(step);
    let mut ticks = Vec::new();
    // A zero that is not negative, as which it would be written.
    let mut place = (start / step - 1e-9).ceil() * step + 0.0;
    while place <= end + step * 1e-9 {
        let label = if unit == Unit::Steps { thousands(whole(place)) } else { format!("{place:.decimals$}") };
        ticks.push((place, label));
        place += step;
    }
    (end, ticks)
}

/// The part of a scale that may be added to it for the sake of more labels.
const SLACK: f64 = 1.2;

/// The scale that shows these values with a round number on every label, each on a row of its own: its ends, how many labels,
/// and their digits after the point. Of those that are hardly larger than they need to be it has the most labels.
pub fn vertical_ticks(bounds: &Bounds, height: u16) -> (f64, f64, u32, usize) {
    // The axis and its labels stand below the rows.
    let rows = u32::from(height.saturating_sub(2)).max(1);
    let range = bounds.high - bounds.low;
    let scale = |count: u32| {
        let parts = f64::from(count - 1);
        // A start on a round number may leave too little above it: then the next larger part does.
        let mut part = round_step(range * (1.0 - 1e-9), parts);
        loop {
            let low = (bounds.low / part + 1e-9).floor() * part;
            let high = low + part * parts;
            if high >= bounds.high - part * 1e-9 {
                return (low, high, count, decimals(part));
            }
            part = round_step(part * 1.5, 1.0);
        }
    };
    let fitting = (3..=MOST_LABELS).filter(|count| rows > 1 && (rows - 1).is_multiple_of(count - 1)).map(scale);
    let waste = |(low, high, ..): &(f64, f64, u32, usize)| (high - low) / range;
    let fitting: Vec<_> = fitting.collect();
    let least = fitting.iter().map(waste).fold(f64::INFINITY, f64::min);
    let best = fitting.into_iter().rev().find(|scale| waste(scale) <= least.max(SLACK));
    best.unwrap_or((bounds.low, bounds.high, 2, bounds.decimals))
}

/// So many numbers from one to another, both counted.
pub fn between(low: f64, high: f64, count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(move |number| low + (high - low) * f64::from(number) / f64::from((count - 1).max(1)))
}

#[cfg(test)]
mod tests {
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
    }

    #[test]
    fn bounds_do_not_follow_the_newest_value() {
        assert_eq!(Bounds::around(&[0.9, 0.5, 7.0]), Bounds::around(&[0.9, 0.5, 0.1]));
    }

    fn labels((start, end): (f64, f64), most: f64, unit: Unit, is_zoomed: bool) -> (f64, String) {
        let (end, ticks) = horizontal_ticks((start, end), most, unit, is_zoomed);
        (end, ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" "))
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
            assert_eq!(labels((0.0, end), most, Unit::Epochs, false), (expected.0, expected.1.to_owned()));
        }
        let steps = labels((0.0, 18_750.0), 6.0, Unit::Steps, false);
        assert_eq!(steps, (20_000.0, "0 5,000 10,000 15,000 20,000".to_owned()));
    }

    #[test]
    fn a_part_of_the_run_has_its_round_numbers_where_they_are() {
        assert_eq!(labels((4.68, 5.0), 6.0, Unit::Epochs, true), (5.0, "4.7 4.8 4.9 5.0".to_owned()));
        assert_eq!(labels((2.995, 3.0), 6.0, Unit::Epochs, true).1, "2.995 2.996 2.997 2.998 2.999 3.000");
        assert_eq!(labels((5_620.0, 5_625.0), 6.0, Unit::Steps, true).1, "5,620 5,621 5,622 5,623 5,624 5,625");
    }

    #[test]
    fn vertical_labels_are_exact_and_each_on_its_row() {
        let ticks = |low, high, height| {
            let (low, high, count, decimals) = vertical_ticks(&Bounds { low, high, decimals: 1 }, height);
            between(low, high, count).map(|value| format!("{value:.decimals$}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ticks(0.2, 0.7, 13), "0.2 0.3 0.4 0.5 0.6 0.7");
        assert_eq!(ticks(0.2, 0.8, 12), "0.2 0.4 0.6 0.8", "of ten rows four are at equal distances");
        assert_eq!(ticks(0.2, 0.7, 12), "0.2 0.4 0.6 0.8", "which takes a scale that ends at a round number");
        assert_eq!(ticks(0.65, 0.9, 8), "0.65 0.70 0.75 0.80 0.85 0.90");
        assert_eq!(ticks(0.0, 1.0, 9), "0.0 0.5 1.0");
        // As of 80×24 once: 84.8 and 87.2 stood there.
        for height in 4..60 {
            for (low, high) in [(0.8, 0.92), (0.824, 0.896), (0.31, 0.77), (0.005, 2.31), (97.0, 131.0)] {
                let (start, end, count, decimals) = vertical_ticks(&Bounds { low, high, decimals: 2 }, height);
                assert!(start <= low + 1e-9 && end >= high - 1e-9, "{start} to {end} of {low} to {high}");
                let part = (end - start) / f64::from(count - 1);
                let digit = part / 10_f64.powf((part * 1.000_001).log10().floor());
                let is_round = [1.0, 2.0, 5.0].iter().any(|round| (digit - round).abs() < 1e-6);
                assert!(count == 2 || is_round, "{count} labels every {part}, {decimals} digits");
            }
        }
    }
}
