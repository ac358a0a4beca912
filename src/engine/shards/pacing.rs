//! Whether the trainer thread steps together with its helpers or alone: whichever was faster lately. Starts no thread
//! and reads no clock.

use std::time::Duration;

/// Steps are compared over so much time.
const WINDOW: Duration = Duration::from_millis(5);
/// How long the trainer thread goes alone, once its helpers have held it up: at first, for most disturbances are over
/// soon.
const ALONE_AT_FIRST: Duration = Duration::from_millis(10);
/// And at the most, after going together has failed again and again.
const ALONE: Duration = Duration::from_millis(200);
/// How long it trusts its measure of going alone.
const TRUST: Duration = Duration::from_secs(2);

/// One of the two ways to take a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    Together,
    Alone,
}

/// What a window is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spell {
    /// The first steps fill the caches and say nothing.
    Warming,
    /// Going alone, to know how fast that is.
    Measuring,
    /// Going together, for as long as it is faster.
    Sharing,
    /// Going alone, for the helpers were in the way.
    Avoiding,
}

/// The choice between the two ways, from the time that steps took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pacing {
    spell: Spell,
    /// Time in this spell, and in this window.
    spell_time: Duration,
    window: Duration,
    images: usize,
    /// Seconds per image when alone.
    alone: f64,
    /// How long the thread went alone the last time that its helpers held it up.
    avoided: Duration,
}

impl Default for Pacing {
    fn default() -> Self {
        let none = Duration::ZERO;
        Self { spell: Spell::Warming, spell_time: none, window: none, images: 0, alone: f64::INFINITY, avoided: none }
    }
}

impl Pacing {
    /// Goes alone from the first step on.
    #[cfg(test)]
    pub fn alone() -> Self {
        Self { spell: Spell::Measuring, ..Self::default() }
    }

    /// How to take the next step.
    pub fn way(&self) -> Way {
        match self.spell {
            Spell::Warming | Spell::Sharing => Way::Together,
            Spell::Measuring | Spell::Avoiding => Way::Alone,
        }
    }

    /// Takes in a step of so many images, taken in that way.
    pub fn add(&mut self, images: usize, time: Duration) {
        self.window += time;
        self.spell_time += time;
        self.images += images;
        if self.window < WINDOW {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "images of some milliseconds")]
        let seconds_an_image = self.window.as_secs_f64() / self.images as f64;
        let before = self.spell_time.saturating_sub(self.window);
        self.window = Duration::ZERO;
        self.images = 0;
        match self.spell {
            Spell::Warming => self.enter(Spell::Measuring),
            Spell::Measuring => {
                self.alone = seconds_an_image;
                self.enter(Spell::Sharing);
            }
            Spell::Sharing if seconds_an_image > self.alone => {
                // Going together that paid for less time than was waited for it may wait longer the next time.
                let paid = before > self.avoided;
                self.avoided = if paid { ALONE_AT_FIRST } else { (self.avoided * 2).clamp(ALONE_AT_FIRST, ALONE) };
                self.enter(Spell::Avoiding);
            }
            Spell::Sharing if self.spell_time >= TRUST => self.enter(Spell::Measuring),
            Spell::Avoiding => {
                self.alone = seconds_an_image;
                if self.spell_time >= self.avoided {
                    self.enter(Spell::Sharing);
                }
            }
            Spell::Sharing => {}
        }
    }

    fn enter(&mut self, spell: Spell) {
        self.spell = spell;
        self.spell_time = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Takes steps of 32 images until `time` has passed: what a step takes in each way. Returns the time spent
    /// together.
    fn steps(pacing: &mut Pacing, time: Duration, together: Duration, alone: Duration) -> Duration {
        let (mut spent, mut shared) = (Duration::ZERO, Duration::ZERO);
        while spent < time {
            let step = if pacing.way() == Way::Together { together } else { alone };
            shared += if pacing.way() == Way::Together { step } else { Duration::ZERO };
            spent += step;
            pacing.add(32, step);
        }
        shared
    }

    #[test]
    fn helpers_that_help_are_nearly_always_called() {
        let mut pacing = Pacing::default();
        let shared = steps(&mut pacing, 10_000 * MS, MS / 10, MS / 5);
        assert!(shared > 9_900 * MS, "{shared:?}");
    }

    #[test]
    fn helpers_that_hold_up_are_hardly_ever_called() {
        let mut pacing = Pacing::default();
        let shared = steps(&mut pacing, 10_000 * MS, 2 * MS, MS / 5);
        assert!(shared < 600 * MS, "{shared:?}");
    }

    #[test]
    fn helpers_are_called_again_once_they_help_again() {
        let mut pacing = Pacing::default();
        steps(&mut pacing, 1_000 * MS, 2 * MS, MS / 5);
        steps(&mut pacing, 250 * MS, MS / 10, MS / 5);
        let shared = steps(&mut pacing, 1_000 * MS, MS / 10, MS / 5);
        assert!(shared > 900 * MS, "{shared:?}");
    }

    #[test]
    fn a_short_disturbance_is_soon_forgotten() {
        let mut pacing = Pacing::default();
        steps(&mut pacing, 1_000 * MS, MS / 10, MS / 5);
        for _ in 0..10 {
            steps(&mut pacing, 8 * MS, 2 * MS, MS / 5);
            let shared = steps(&mut pacing, 170 * MS, MS / 10, MS / 5);
            assert!(shared > 150 * MS, "{shared:?}");
        }
    }

    #[test]
    fn one_step_that_is_held_up_for_long_is_a_short_disturbance_too() {
        let mut pacing = Pacing::default();
        steps(&mut pacing, 1_000 * MS, MS / 10, MS / 5);
        steps(&mut pacing, 40 * MS, 40 * MS, MS / 5);
        let shared = steps(&mut pacing, 100 * MS, MS / 10, MS / 5);
        assert!(shared > 85 * MS, "{shared:?}");
    }

    #[test]
    fn a_disturbance_that_lasts_is_tried_less_and_less_often() {
        let mut pacing = Pacing::default();
        steps(&mut pacing, 1_000 * MS, MS / 10, MS / 5);
        let early = steps(&mut pacing, 400 * MS, 2 * MS, MS / 5);
        let late = steps(&mut pacing, 400 * MS, 2 * MS, MS / 5);
        assert!(early <= 40 * MS && late <= 20 * MS, "{early:?} {late:?}");
    }

    /// A machine that slows down as a whole slows both ways down, and the measure of the one is soon the measure of
    /// both.
    #[test]
    fn a_slower_machine_does_not_part_them_for_long() {
        let mut pacing = Pacing::default();
        steps(&mut pacing, 1_000 * MS, MS / 10, MS / 5);
        steps(&mut pacing, 300 * MS, MS / 3, MS);
        let shared = steps(&mut pacing, 1_000 * MS, MS / 3, MS);
        assert!(shared > 900 * MS, "{shared:?}");
    }
}
