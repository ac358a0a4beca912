//! The time that training takes, and how many images it gets through. Trains nothing.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The span that `images_per_second` looks back on, in seconds.
const RATE_WINDOW: f64 = 1.0;

/// So many images in so much time; 0 in none.
#[expect(clippy::cast_precision_loss, reason = "no epoch has the 2^53 images that a float cannot count")]
pub(super) fn per_second(images: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { images as f64 / seconds } else { 0.0 }
}

/// Time spent on training: stands still while it is stopped.
#[derive(Default)]
pub(super) struct Stopwatch {
    before: Duration,
    since: Option<Instant>,
    epoch_began: Duration,
}

impl Stopwatch {
    /// A watch that stands at so many seconds of an epoch.
    pub fn after(seconds: f64) -> Self {
        Self { before: Duration::try_from_secs_f64(seconds).unwrap_or_default(), ..Self::default() }
    }

    /// Lets it run, if it does not yet.
    pub fn start(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    /// Stands still.
    pub fn stop(&mut self) {
        self.before = self.time();
        self.since = None;
    }

    /// From now on it counts another epoch.
    pub fn begin_epoch(&mut self) {
        self.epoch_began = self.time();
    }

    fn time(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Seconds of the whole run.
    pub fn seconds(&self) -> f64 {
        self.time().as_secs_f64()
    }

    /// Seconds since the epoch began.
    pub fn seconds_of_epoch(&self) -> f64 {
        self.time().saturating_sub(self.epoch_began).as_secs_f64()
    }
}

/// Images per second over the last moments: how many came since the youngest moment that is a window's length ago.
#[derive(Default)]
pub(super) struct Rate {
    images: u64,
    /// Seconds of training and the images until then; the oldest one is what the rate counts from.
    moments: VecDeque<(f64, u64)>,
}

impl Rate {
    /// The rate when, after `seconds` of training in all, so many more images were trained.
    pub fn after(&mut self, seconds: f64, images: u64) -> f64 {
        if self.moments.is_empty() {
            self.moments.push_back((0.0, 0));
        }
        self.images += images;
        self.moments.push_back((seconds, self.images));
        while self.moments.get(1).is_some_and(|&(moment, _)| seconds - moment >= RATE_WINDOW) {
            self.moments.pop_front();
        }
        let (first, before) = self.moments.front().copied().unwrap_or_default();
        per_second(self.images - before, seconds - first)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "these figures are exact")]

    use super::*;

    #[test]
    fn the_rate_counts_the_last_second_alone() {
        let mut rate = Rate::default();
        assert_eq!(rate.after(0.5, 100), 200.0);
        assert_eq!(rate.after(1.0, 100), 200.0);
        // From 0.5 s on, where 100 images were done.
        assert_eq!(rate.after(1.5, 500), 600.0);
        // A step that takes longer than the window is its own measure.
        assert_eq!(rate.after(4.0, 50), 20.0);
    }

    #[test]
    fn the_rate_of_no_time_is_none() {
        assert_eq!(Rate::default().after(0.0, 32), 0.0);
    }

    #[test]
    fn a_stopped_watch_stands_still() {
        let mut watch = Stopwatch::default();
        watch.start();
        std::thread::sleep(Duration::from_millis(5));
        watch.stop();
        let seconds = watch.seconds();
        std::thread::sleep(Duration::from_millis(5));
        assert!(seconds >= 0.005);
        assert_eq!(watch.seconds().to_bits(), seconds.to_bits());
        watch.begin_epoch();
        assert_eq!(watch.seconds_of_epoch(), 0.0);
    }
}
