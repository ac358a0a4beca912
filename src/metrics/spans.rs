//! A run's curve: means over spans of consecutive steps, in bounded memory. It follows from the steps alone, whoever
//! keeps it, and whatever way the spans came: one at a time, many together, late, or from a file. Draws nothing.
//!
//! The steps are cut into cells of equal length, counted from the run's first step: a power of two that grows with the
//! run. Two halves of a cell become one when both are there, so that a mean is the same to the last bit in whatever
//! portions its steps were told. What is told of a cell that is not over yet are such parts of it.

use crate::protocol::BatchRecord;

/// The most cells of a run.
pub const MOST_CELLS: u32 = 2048;

/// A number of consecutive steps of a run, with means over them.
pub trait Span: Copy {
    /// The last of them, counted over the run from 1.
    fn step(&self) -> u64;

    /// How many steps.
    fn steps(&self) -> u64;

    /// These steps and the `later` ones in one, the means weighted by their steps. What is no mean is the later one's.
    #[must_use]
    fn merged(self, later: Self) -> Self;
}

impl Span for BatchRecord {
    fn step(&self) -> u64 {
        self.step
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn merged(self, later: Self) -> Self {
        Self {
            steps: self.steps + later.steps,
            loss: merged_mean((self.loss, self.steps), (later.loss, later.steps)),
            accuracy: merged_mean((self.accuracy, self.steps), (later.accuracy, later.steps)),
            ..later
        }
    }
}

/// The mean over two numbers of steps, of the means over each of them.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "weights of a mean for the eye")]
pub fn merged_mean((earlier, before): (f64, u64), (later, steps): (f64, u64)) -> f64 {
    earlier + (later - earlier) * (steps as f64 / (before + steps).max(1) as f64)
}

/// The steps of a cell, of a run of so many steps: the least power of two that leaves no more than [`MOST_CELLS`].
fn cell_of(step: u64) -> u64 {
    step.div_ceil(MOST_CELLS.into()).checked_next_power_of_two().unwrap_or(1 << 63)
}

/// The spans of a run, or of a part of it, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Spans<T> {
    kept: Vec<T>,
    /// Steps of a cell.
    cell: u64,
}

impl<T> Default for Spans<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), cell: 1 }
    }
}

impl<T: Span> FromIterator<T> for Spans<T> {
    fn from_iter<I: IntoIterator<Item = T>>(spans: I) -> Self {
        let mut all = Self::default();
        all.extend(spans);
        all
    }
}

impl<T: Span> Extend<T> for Spans<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, spans: I) {
        for span in spans {
            self.push(span);
        }
    }
}

impl<T: Span> Spans<T> {
    /// Adds the newest span.
    pub fn push(&mut self, span: T) {
        let cell = cell_of(span.step());
        if cell > self.cell {
            self.cell = cell;
            let before = std::mem::take(&mut self.kept);
            for span in before {
                self.add(span);
            }
        }
        self.add(span);
    }

    fn add(&mut self, span: T) {
        let number = self.number(&span);
        if self.kept.last().is_some_and(|last| self.number(last) != number) {
            self.close();
        }
        self.kept.push(span);
        while let [.., earlier, later] = &self.kept[..]
            && self.are_halves(earlier, later)
        {
            let whole = earlier.merged(*later);
            self.kept.truncate(self.kept.len() - 2);
            self.kept.push(whole);
        }
    }

    /// The number of the cell in which a span ends, from 0.
    fn number(&self, span: &T) -> u64 {
        span.step().saturating_sub(1) / self.cell
    }

    /// Whether these are the two halves of a cell, or of a half of one, and so on.
    fn are_halves(&self, earlier: &T, later: &T) -> bool {
        let both = earlier.steps().saturating_mul(2);
        later.steps() == earlier.steps()
            && later.step() == earlier.step().saturating_add(later.steps())
            && both.is_power_of_two()
            && both <= self.cell
            && later.step().is_multiple_of(both)
    }

    /// Makes one span of what there is of the last cell, to which no more is added. Of a whole cell that is one
    /// already: others are those of older programs, which cut where it came, or have a hole. The first cell stays as
    /// it is, for its beginning may be where these spans go to.
    fn close(&mut self) {
        let Some(last) = self.kept.last().map(|last| self.number(last)) else { return };
        let first = self.kept.partition_point(|span| self.number(span) < last);
        if first > 0
            && let Some(whole) = self.kept.drain(first..).reduce(T::merged)
        {
            self.kept.push(whole);
        }
    }

    /// How many steps a cell has.
    #[must_use]
    pub fn cell(&self) -> u64 {
        self.cell
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.kept
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.kept
    }

    /// Takes out those of the cells that are over, oldest first.
    pub fn take_over(&mut self) -> Vec<T> {
        let is_over = self.kept.last().is_some_and(|last| last.step().is_multiple_of(self.cell));
        let last = self.kept.last().map_or(0, |last| self.number(last));
        let count = if is_over { self.kept.len() } else { self.kept.partition_point(|span| self.number(span) < last) };
        self.kept.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: u64 = MOST_CELLS as u64;

    /// A step whose figures have no round numbers.
    fn step(step: u64) -> BatchRecord {
        let hash = (step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u32;
        let loss = f64::from(hash) / 1e7 + 0.1;
        BatchRecord { epoch: 1, step, steps: 1, loss, accuracy: f64::from(hash % 33) / 32.0 }
    }

    fn curve(steps: u64) -> Spans<BatchRecord> {
        (1..=steps).map(step).collect()
    }

    #[test]
    fn a_short_run_has_a_span_for_each_step_and_a_longer_one_for_each_two_or_four() {
        assert_eq!(curve(MOST).as_slice().len() as u64, MOST);
        let longer = curve(MOST + 2);
        assert!(longer.as_slice().iter().all(|span| span.steps == 2 && span.step.is_multiple_of(2)));
        let rest: Vec<u64> = curve(3 * MOST + 3).as_slice().iter().rev().map(|span| span.steps).take(3).collect();
        assert_eq!(rest, [1, 2, 4], "a cell that is not over is told in halves");
    }

    #[test]
    fn a_run_of_hundreds_of_epochs_stays_within_its_memory_and_loses_no_step() {
        let mut spans = Spans::default();
        for number in 1..=750_000 {
            spans.push(step(number));
            assert!(spans.as_slice().len() as u64 <= MOST + 16);
        }
        assert_eq!(spans.as_slice().iter().map(|span| span.steps).sum::<u64>(), 750_000);
        assert!(spans.as_slice().is_sorted_by_key(|span| span.step));
    }

    #[test]
    fn spans_of_any_lengths_stay_within_the_memory_and_lose_no_step() {
        // As programs of old cut them.
        let (mut spans, mut at) = (Spans::default(), 0);
        for number in 0..50_000_u64 {
            let steps = 1 + number * 7 % 13;
            at += steps;
            spans.push(BatchRecord { steps, ..step(at) });
            // Those of the last cell become one when it is over.
            assert!(spans.as_slice().len() as u64 <= MOST + 32 + spans.cell() / 7);
        }
        assert_eq!(spans.as_slice().iter().map(|span| span.steps).sum::<u64>(), at);
    }

    #[test]
    fn cells_that_are_over_are_taken_once_and_the_rest_stays() {
        let mut spans = curve(MOST + 3);
        let over = spans.take_over();
        assert_eq!(over.last().map(|span| span.step), Some(MOST + 2));
        assert_eq!(spans.as_slice(), [step(MOST + 3)]);
        assert!(spans.take_over().is_empty());
        spans.push(step(MOST + 4));
        assert_eq!(spans.take_over().iter().map(|span| span.steps).collect::<Vec<_>>(), [2]);
        assert!(spans.as_slice().is_empty());
    }

    proptest! {
        #[test]
        fn the_curve_is_the_same_to_the_last_bit_in_whatever_portions_it_is_told(
            portions in prop::collection::vec(1..3000_u64, 1..12)
        ) {
            let (mut told, mut at) = (Spans::default(), 0);
            // What is told waits, and is told on in other portions.
            let mut waiting = Spans::default();
            for (number, steps) in portions.into_iter().enumerate() {
                let portion: Spans<BatchRecord> = (at + 1..=at + steps).map(step).collect();
                at += steps;
                waiting.extend(portion.into_vec());
                if number % 3 != 1 {
                    told.extend(std::mem::take(&mut waiting).into_vec());
                }
                let mut all = told.clone();
                all.extend(waiting.as_slice().iter().copied());
                let whole = curve(at);
                prop_assert_eq!(all.as_slice(), whole.as_slice(), "after step {}", at);
            }
        }
    }
}
