//! How fast the terminal reads what is written, and how much of it may still be under way. Writes nothing and reads no
//! clock.
//!
//! Between the program and the terminal is a buffer of some ten kilobytes. Nobody can look into it; only that it is
//! full can be seen. How fast a full buffer takes more shows how fast the terminal reads, and so how long a frame will
//! be under way. Until the buffer has been full once, the terminal is assumed to read at once.

use std::{
    mem,
    time::{Duration, Instant},
};

/// A terminal that reads more bytes per second than this counts as one that reads at once.
const FAST: f64 = 65_536.0;
/// No terminal is assumed to read fewer bytes per second than this.
const SLOWEST: f64 = 200.0;
/// If a buffer takes nothing for longer than this, its terminal does not read, or reads very slowly; a whole frame
/// shows which of the two.
const STALL: Duration = Duration::from_millis(2500);
/// What will arrive within this many seconds counts as arrived.
const NEARLY_THROUGH: f64 = 0.1;
/// A full buffer gives away pieces of about this many bytes before it takes more.
const PIECE: f64 = 3072.0;
/// How much an observation still counts when the next one comes.
const MEMORY: f64 = 0.7;
/// How much faster per second a terminal may turn out to be than was observed once: a fast terminal that was busy for a
/// moment looks like a slow one. Each further observation makes that less likely.
const DOUBT: f64 = 0.15;
const TRUST: f64 = 2.0;

/// How the terminal reads.
#[derive(Debug)]
pub(super) struct Flow {
    /// Bytes per second; `None`: at once.
    rate: Option<f64>,
    /// How many bytes may still be under way, at the time `at`.
    under_way: f64,
    at: Instant,
    /// The most bytes that were under way when the buffer was full.
    capacity: f64,
    /// How many bytes a full buffer has taken lately, and in how many seconds.
    observed: (f64, f64),
    /// How many observations that is; older ones count less.
    weight: f64,
    full: Option<Full>,
    /// Whether the frame that is being sent is to tell a terminal that had stopped reading from a slow one.
    probing: bool,
}

/// A buffer that was full, and what it has taken since.
#[derive(Debug)]
struct Full {
    since: Instant,
    bytes: usize,
    /// When it last took anything, and the longest time for which it took nothing.
    last: Instant,
    pause: Duration,
}

impl Flow {
    /// Before anything is written.
    pub fn new(now: Instant) -> Self {
        Self {
            rate: None,
            under_way: 0.0,
            at: now,
            capacity: 0.0,
            observed: (0.0, 0.0),
            weight: 0.0,
            full: None,
            probing: false,
        }
    }

    /// Notes that this many bytes were taken; `is_full`: and that no more were.
    #[expect(clippy::cast_precision_loss, reason = "a frame's bytes")]
    pub fn took(&mut self, bytes: usize, is_full: bool, now: Instant) {
        self.pass(now);
        self.under_way += bytes as f64;
        match &mut self.full {
            Some(full) if bytes > 0 => {
                full.bytes += bytes;
                full.pause = full.pause.max(now - full.last);
                full.last = now;
            }
            None if is_full => {
                self.full = Some(Full { since: now, bytes: 0, last: now, pause: Duration::ZERO });
                self.capacity = self.capacity.max(self.under_way);
            }
            // This is more than there is room for, so some of it has arrived: the terminal is faster than assumed.
            None if self.rate.is_some() && self.capacity > 0.0 && self.under_way > self.capacity => {
                self.rate = self.rate.map(|rate| rate * 2.0);
                self.under_way /= 2.0;
            }
            Some(_) | None => {}
        }
    }

    /// Notes that everything has been taken. Returns whether the next frame is to be a whole one, because the terminal
    /// had stopped reading.
    #[expect(clippy::cast_precision_loss, reason = "a frame's bytes")]
    pub fn done(&mut self, now: Instant) -> bool {
        let was_probing = mem::take(&mut self.probing);
        let Some(Full { since, bytes, pause, .. }) = self.full.take() else {
            if was_probing {
                (self.rate, self.observed, self.weight) = (None, (0.0, 0.0), 0.0);
            }
            return false;
        };
        if pause >= STALL && !was_probing {
            (self.probing, self.under_way) = (true, 0.0);
            return true;
        }
        let time = now - since;
        // The buffer became full somewhere between two pieces, so on average half of the first piece was waited for.
        let pieces = (bytes as f64 / PIECE).ceil() - 0.5;
        let (all, seconds) = self.observed;
        self.observed = (all * MEMORY + pieces * PIECE, seconds * MEMORY + time.as_secs_f64());
        self.weight = self.weight * MEMORY + 1.0;
        let rate = self.observed.0 / self.observed.1.max(1e-3);
        self.rate = (rate < FAST).then_some(rate.max(SLOWEST));
        // The buffer has just been full.
        self.under_way = if self.rate.is_some() { self.capacity } else { 0.0 };
        false
    }

    /// How long it takes until what is under way has arrived.
    pub fn wait(&mut self, now: Instant) -> Duration {
        self.pass(now);
        let Some(rate) = self.rate else { return Duration::ZERO };
        Duration::try_from_secs_f64(self.under_way / rate - NEARLY_THROUGH).unwrap_or(Duration::ZERO)
    }

    /// How many bytes per second the terminal reads, if it is slow.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Notes that time has passed.
    fn pass(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        if let (Some(rate), None) = (self.rate, &self.full) {
            self.under_way = (self.under_way - rate * seconds).max(0.0);
            let doubt = DOUBT * (TRUST * (1.0 - self.weight)).exp();
            let rate = rate * (doubt * seconds).exp();
            self.rate = (rate < FAST).then_some(rate);
        }
        if self.rate.is_none() && self.full.is_none() {
            // Without better knowledge, whatever is older than a second has arrived.
            self.under_way *= (1.0 - seconds).max(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal that reads a buffer of this size at this rate.
    struct Slow {
        buffer: f64,
        rate: f64,
        held: f64,
        now: Instant,
    }

    impl Slow {
        fn new(buffer: f64, rate: f64) -> Self {
            let now = Instant::now();
            Self { buffer, rate, held: 0.0, now }
        }

        fn pass(&mut self, time: Duration) {
            self.now += time;
            self.held = (self.held - self.rate * time.as_secs_f64()).max(0.0);
        }

        /// Writes a frame as the screen does, a look every 20 ms.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "bytes"
        )]
        fn write(&mut self, flow: &mut Flow, mut bytes: usize) {
            while bytes > 0 {
                let taken = bytes.min((self.buffer - self.held) as usize);
                bytes -= taken;
                self.held += taken as f64;
                flow.took(taken, bytes > 0, self.now);
                if bytes > 0 {
                    self.pass(Duration::from_millis(20));
                }
            }
            flow.done(self.now);
        }
    }

    #[test]
    fn a_terminal_that_takes_all_is_never_waited_for() {
        let mut terminal = Slow::new(12_000.0, 1e6);
        let mut flow = Flow::new(terminal.now);
        for _ in 0..100 {
            terminal.write(&mut flow, 3_000);
            assert_eq!((flow.wait(terminal.now), flow.rate()), (Duration::ZERO, None));
            terminal.pass(Duration::from_millis(50));
        }
    }

    #[test]
    fn the_speed_of_a_slow_one_is_roughly_known_once_its_buffer_was_full() {
        for rate in [1_000.0, 2_000.0, 10_000.0] {
            let mut terminal = Slow::new(12_000.0, rate);
            let mut flow = Flow::new(terminal.now);
            terminal.write(&mut flow, 16_000);
            let found = flow.rate().expect("it is slow");
            assert!((0.5..2.0).contains(&(found / rate)), "{found} of {rate}");
            // After the wait little is left under way, so the frame that answers a key arrives next.
            let wait = flow.wait(terminal.now);
            terminal.pass(wait);
            assert!(terminal.held < 2.0 * rate, "{} bytes at {rate}", terminal.held);
        }
    }

    #[test]
    fn waiting_for_what_is_under_way_keeps_the_buffer_from_filling() {
        let mut terminal = Slow::new(12_000.0, 2_000.0);
        let mut flow = Flow::new(terminal.now);
        // It was full several times, so this is no accident.
        (0..5).for_each(|_| terminal.write(&mut flow, 16_000));
        let (mut most, start) = (0.0_f64, terminal.now);
        while terminal.now - start < Duration::from_secs(120) {
            let wait = flow.wait(terminal.now).max(Duration::from_millis(600));
            terminal.pass(wait);
            terminal.write(&mut flow, 700);
            most = most.max(terminal.held);
        }
        assert!(most < 4_000.0, "{most} bytes were under way at once");
    }

    #[test]
    fn one_that_stood_still_is_as_fast_as_before() {
        let start = Instant::now();
        let mut flow = Flow::new(start);
        for pause in [3, 600] {
            let (before, after) = (start, start + Duration::from_secs(pause));
            flow.took(12_000, true, before);
            flow.took(3_000, false, after);
            assert!(flow.done(after), "a whole frame is next");
            flow.took(11_000, false, after);
            assert!(!flow.done(after));
            assert_eq!((flow.rate(), flow.wait(after)), (None, Duration::ZERO));
        }
    }

    #[test]
    fn a_very_slow_one_is_sent_one_whole_frame_and_known_by_it() {
        let mut terminal = Slow::new(12_000.0, 300.0);
        let mut flow = Flow::new(terminal.now);
        let mut wholes = 0;
        for _ in 0..20 {
            // It takes one piece at a time.
            flow.took(10, true, terminal.now);
            terminal.pass(Duration::from_secs(10));
            flow.took(700, false, terminal.now);
            wholes += usize::from(flow.done(terminal.now));
        }
        assert!(flow.rate().is_some_and(|rate| rate < 1_000.0), "{:?}", flow.rate());
        assert!(wholes <= 10, "{wholes}");
    }

    #[test]
    fn one_that_was_slow_is_fast_again_when_it_takes_what_a_slow_one_could_not() {
        let mut terminal = Slow::new(12_000.0, 2_000.0);
        let mut flow = Flow::new(terminal.now);
        terminal.write(&mut flow, 16_000);
        terminal.rate = 1e6;
        for _ in 0..60 {
            terminal.pass(Duration::from_millis(200));
            terminal.write(&mut flow, 3_000);
        }
        // It is not assumed to be slower than what it is sent.
        assert!(flow.rate().is_none_or(|rate| rate > 15_000.0), "{:?}", flow.rate());
    }
}
