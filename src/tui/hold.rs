//! How long the last picture stays where the screen waits for what it shows: most of it comes before anybody would see
//! that it was waited for. Draws nothing and reads no clock.

use std::time::{Duration, Instant};

/// So long the last picture stays.
const PATIENCE: Duration = Duration::from_millis(200);

/// Since when the screen waits for what it shows.
#[derive(Debug, Default)]
pub(super) struct Hold(Option<Instant>);

impl Hold {
    /// Whether the last picture still stays. `is_waiting`: whether the screen waits for what it shows.
    pub fn is_on(&mut self, is_waiting: bool, now: Instant) -> bool {
        if !is_waiting {
            self.0 = None;
            return false;
        }
        now.saturating_duration_since(*self.0.get_or_insert(now)) < PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_picture_stays_until_the_next_one_is_there_but_not_for_long() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        assert!(!hold.is_on(false, now), "nothing is waited for");
        assert!(hold.is_on(true, now) && hold.is_on(true, now + PATIENCE / 2));
        assert!(!hold.is_on(true, now + PATIENCE) && !hold.is_on(true, now + 2 * PATIENCE));
        assert!(!hold.is_on(false, now + 3 * PATIENCE));
        assert!(hold.is_on(true, now + 4 * PATIENCE), "the next screen has its own time");
    }
}
