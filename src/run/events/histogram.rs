//! Values counted into buckets, as TensorFlow's histogram summary does it. Arithmetic only.

/// How many buckets TensorFlow makes unless it is told otherwise.
const BUCKETS: u32 = 30;

/// How many values lie where. Values that are no finite number are not counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// How many values there are.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_squares: f64,
    /// The right edge of each bucket, ascending; a bucket begins where the one before it ends, the first at `min`.
    pub limits: Vec<f64>,
    /// How many values each bucket has.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// Counts values into 30 buckets of one width between the smallest and the largest, or into a single bucket when
    /// all are equal, or into none when there is no value.
    #[must_use]
    pub fn of(values: &[f32]) -> Self {
        let finite = || values.iter().filter(|value| value.is_finite()).map(|&value| f64::from(value));
        let min = finite().fold(f64::INFINITY, f64::min);
        let max = finite().fold(f64::NEG_INFINITY, f64::max);
        let (limits, counts) = if min < max {
            equal_buckets(min, max, finite())
        } else {
            let count = finite().fold(0.0, |count, _| count + 1.0);
            finite().next().map(|value| (vec![value], vec![count])).unwrap_or_default()
        };
        Self {
            min: if counts.is_empty() { 0.0 } else { min },
            max: if counts.is_empty() { 0.0 } else { max },
            count: counts.iter().sum(),
            sum: finite().sum(),
            sum_squares: finite().map(|value| value * value).sum(),
            limits,
            counts,
        }
    }
}

/// Edges and bucket of a value as in TensorBoard's `plugins/histogram/summary_v2.py`: `floor((value - min) / width)`,
/// where the largest value belongs to the last bucket.
fn equal_buckets(min: f64, max: f64, values: impl Iterator<Item = f64>) -> (Vec<f64>, Vec<f64>) {
    let width = (max - min) / f64::from(BUCKETS);
    let limits = (1..BUCKETS).map(|bucket| f64::from(bucket) * width + min).chain([max]).collect();
    let mut counts = vec![0.0; BUCKETS as usize];
    for value in values {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to BUCKETS, rounded down")]
        let bucket = ((value - min) / width) as usize;
        counts[bucket.min(BUCKETS as usize - 1)] += 1.0;
    }
    (limits, counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_thirty_equal_buckets_from_the_smallest_to_the_largest() {
        let values: Vec<f32> = (0..=60_u8).map(f32::from).collect();
        let histogram = Histogram::of(&values);
        assert_eq!((histogram.min, histogram.max, histogram.count), (0.0, 60.0, 61.0));
        assert_eq!((histogram.sum, histogram.sum_squares), (1830.0, 73_810.0));
        assert_eq!(histogram.limits, (1..=30).map(|bucket| f64::from(bucket) * 2.0).collect::<Vec<_>>());
        // Two a bucket, and the largest, which begins no bucket of its own, in the last.
        assert_eq!(histogram.counts, [[2.0; 29].as_slice(), &[3.0]].concat());
    }

    #[test]
    fn equal_values_share_one_bucket() {
        let histogram = Histogram::of(&[0.5; 7]);
        assert_eq!((histogram.min, histogram.max), (0.5, 0.5));
        assert_eq!((histogram.limits, histogram.counts), (vec![0.5], vec![7.0]));
    }

    #[test]
    fn values_that_are_no_finite_number_are_not_counted() {
        let histogram = Histogram::of(&[f32::NAN, 1.0, f32::INFINITY, 3.0, f32::NEG_INFINITY]);
        assert_eq!((histogram.min, histogram.max, histogram.count, histogram.sum), (1.0, 3.0, 2.0, 4.0));
    }

    #[test]
    fn no_value_makes_no_bucket() {
        for values in [&[][..], &[f32::NAN]] {
            let histogram = Histogram::of(values);
            assert_eq!((histogram.min, histogram.max, histogram.count), (0.0, 0.0, 0.0));
            assert!(histogram.limits.is_empty() && histogram.counts.is_empty());
        }
    }

    #[test]
    fn the_widest_range_of_values_is_counted_whole() {
        let histogram = Histogram::of(&[f32::MIN, 0.0, f32::MAX]);
        assert_eq!((histogram.count, histogram.max), (3.0, f64::from(f32::MAX)));
        assert!(histogram.limits.is_sorted());
    }
}
