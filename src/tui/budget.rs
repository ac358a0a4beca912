//! How much may be written to the terminal: what a slow connection carries, and at first a whole screen at once. Writes
//! nothing and reads no clock.

use std::time::Duration;

use ratatui::layout::Rect;

/// Bytes per second that a terminal of 80×24 cells gets; a larger one gets more in proportion.
const BYTES_PER_SECOND: f64 = 8000.0;
/// The cells of that terminal.
const CELLS: f64 = 80.0 * 24.0;
/// How many seconds' worth of bytes may be saved up and spent at once.
const SAVED_SECONDS: f64 = 1.0;

/// The share of a slow connection for frames that no key asks for.
const SLOW_SHARE: f64 = 0.6;

/// How many frames after a key are free: the key's effect may take some of them to show.
const FREE_FRAMES: u32 = 5;

/// A budget of bytes that time refills, for the frames that no key asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// What may be written; if negative, what was written too much.
    bytes: f64,
    rate: f64,
    free: u32,
}

impl Budget {
    /// The full budget of a terminal of this size.
    pub fn new(screen: Rect) -> Self {
        let mut budget = Self { bytes: 0.0, rate: 0.0, free: FREE_FRAMES };
        budget.fit(screen, None);
        budget.bytes = budget.rate * SAVED_SECONDS;
        budget
    }

    /// Adapts to the terminal's size, and to the bytes per second that it reads, if it is slow.
    pub fn fit(&mut self, screen: Rect, read: Option<f64>) {
        let most = BYTES_PER_SECOND * (f64::from(screen.area()) / CELLS).max(1.0);
        self.rate = read.map_or(most, |rate| most.min(rate * SLOW_SHARE));
    }

    /// Notes that this much time has passed.
    pub fn refill(&mut self, time: Duration) {
        let most = self.rate * SAVED_SECONDS;
        self.bytes = (self.bytes + self.rate * time.as_secs_f64()).min(most);
    }

    /// Notes that a key was pressed: the next frames are its answer.
    pub fn answer(&mut self) {
        self.free = FREE_FRAMES;
    }

    /// Notes that a frame of this many bytes was written that no key asked for.
    pub fn spend(&mut self, bytes: usize) {
        if self.free > 0 {
            self.free -= 1;
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a frame")]
        let bytes = bytes as f64;
        self.bytes -= bytes;
    }

    /// Whether a frame that no key asked for may be drawn.
    pub fn is_open(&self) -> bool {
        self.free > 0 || self.bytes > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes per second of frames of this size, drawn whenever allowed, over ten seconds after the savings are spent.
    fn rate(screen: Rect, frame: usize) -> usize {
        let mut budget = Budget::new(screen);
        let mut written = 0;
        for tick in 0..400 {
            if budget.is_open() {
                budget.spend(frame);
                written += if tick >= 200 { frame } else { 0 };
            }
            budget.refill(Duration::from_millis(50));
        }
        written / 10
    }

    #[test]
    fn large_frames_are_drawn_as_often_as_the_connection_carries_them() {
        let screen = Rect::new(0, 0, 80, 24);
        assert!((7_000..=8_500).contains(&rate(screen, 4_000)), "{}", rate(screen, 4_000));
        assert!((3_900..=12_000).contains(&rate(screen, 39_000)), "{}", rate(screen, 39_000));
        assert!(rate(Rect::new(0, 0, 160, 48), 4_000) > 30_000);
    }

    #[test]
    fn small_frames_are_all_drawn() {
        assert_eq!(rate(Rect::new(0, 0, 80, 24), 200), 200 * 20);
    }

    #[test]
    fn the_frames_after_a_key_are_free() {
        let mut budget = Budget::new(Rect::new(0, 0, 80, 24));
        let drawn = |budget: &mut Budget| {
            let mut frames = 0;
            while budget.is_open() {
                budget.spend(50_000);
                frames += 1;
            }
            frames
        };
        drawn(&mut budget);
        assert!(!budget.is_open());
        budget.answer();
        assert_eq!(drawn(&mut budget), 5);
    }
}
