//! Means over spans of consecutive steps, in bounded memory: each span as it came while there are few, neighbours in
//! one later. Draws nothing.

use crate::protocol::{Batch, BatchRecord};

/// A number of consecutive steps of a run, with means over them.
pub trait Span: Copy {
    /// How many steps.
    fn steps(&self) -> u64;

    /// These steps and the `later` ones in one, the means weighted by their steps.
    #[must_use]
    fn merged(self, later: Self) -> Self;
}

impl Span for Batch {
    fn steps(&self) -> u64 {
        self.steps
    }

    /// What is no mean is the later one's.
    fn merged(self, later: Self) -> Self {
        Self {
            steps: self.steps + later.steps,
            loss: merged_mean((self.loss, self.steps), (later.loss, later.steps)),
            accuracy: merged_mean((self.accuracy, self.steps), (later.accuracy, later.steps)),
            ..later
        }
    }
}

impl Span for BatchRecord {
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

/// Spans, oldest first. Past the most that are kept, neighbours become one.
#[derive(Clone, Debug)]
pub struct Spans<T> {
    kept: Vec<T>,
    most: usize,
    /// How many steps a span stands for at least.
    resolution: u64,
}

impl<T: Span> Spans<T> {
    /// None yet, and later no more than this many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { kept: Vec::new(), most, resolution: 0 }
    }

    /// Adds the newest span.
    pub fn push(&mut self, span: T) {
        match self.kept.last_mut() {
            Some(last) if last.steps() < self.resolution => *last = last.merged(span),
            _ => self.kept.push(span),
        }
        if self.kept.len() > self.most {
            self.resolution = (self.resolution * 2).max(2);
            self.kept = self.kept.chunks(2).filter_map(|pair| pair.iter().copied().reduce(T::merged)).collect();
        }
    }

    /// Those that stay as they are until there are too many, oldest first: all but a newest one that stands for fewer
    /// steps than the others.
    #[must_use]
    pub fn settled(&self) -> &[T] {
        match self.kept.split_last() {
            Some((last, others)) if last.steps() < self.resolution => others,
            _ => &self.kept,
        }
    }

    /// How many steps a span stands for at least. It grows when there are too many spans.
    #[must_use]
    pub fn resolution(&self) -> u64 {
        self.resolution
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.kept
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.kept
    }
}
