//! How the threads of one step meet: each says how far it is, waits for the others, and reads what they left on a
//! board. Knows nothing of what is computed.

use std::{
    hint,
    ops::Range,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// How long a thread spins for the others: the time that a sleeping one takes to wake up, so that at worst half of the
/// waiting is wasted.
const SPIN: Duration = Duration::from_micros(40);
/// How often it then lets other threads run before it sleeps.
const YIELDS: u32 = 4;

/// A row of seats, one per thread, each with the number of the last round that its thread has finished.
#[derive(Debug)]
pub(super) struct Meeting {
    seats: Vec<ThreadSeat>,
    stopped: AtomicBool,
}

/// One thread's seat, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct ThreadSeat {
    said: AtomicU64,
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Meeting {
    /// A meeting of so many threads.
    pub fn new(seats: usize) -> Self {
        Self { seats: (0..seats).map(|_| ThreadSeat::default()).collect(), stopped: AtomicBool::new(false) }
    }

    /// Takes the calling thread's seat, before it first waits.
    pub fn sit(&self, seat: usize) {
        self.seats[seat].thread.get_or_init(thread::current);
    }

    /// Tells everyone that the thread of this seat has finished the round, and what it wrote before is theirs to read.
    pub fn say(&self, seat: usize, round: u64) {
        // Sequentially consistent with `asleep`: either the sleeper sees the round, or it is seen asleep.
        self.seats[seat].said.store(round, Ordering::SeqCst);
        self.wake();
    }

    /// Ends the meeting: nobody waits any longer.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.wake();
    }

    /// Whether the meeting has ended.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Waits until all of these seats have finished the round; `false` when the meeting ended instead.
    pub fn wait(&self, seat: usize, others: Range<usize>, round: u64) -> bool {
        others.filter(|other| *other != seat).all(|other| self.wait_for(seat, other, round))
    }

    fn wait_for(&self, seat: usize, other: usize, round: u64) -> bool {
        let said = &self.seats[other].said;
        let is_there = || said.load(Ordering::Acquire) >= round;
        if is_there() {
            return true;
        }
        let start = Instant::now();
        while start.elapsed() < SPIN {
            for _ in 0..64 {
                if is_there() {
                    return true;
                }
                hint::spin_loop();
            }
        }
        for _ in 0..YIELDS {
            thread::yield_now();
            if is_there() {
                return true;
            }
        }
        self.sleep(seat, || said.load(Ordering::SeqCst) >= round)
    }

    /// Sleeps until something is so; `false` when the meeting ended instead.
    fn sleep(&self, seat: usize, is_so: impl Fn() -> bool) -> bool {
        let seat = &self.seats[seat];
        loop {
            seat.asleep.store(true, Ordering::SeqCst);
            let done = is_so();
            if done || self.is_stopped() {
                seat.asleep.store(false, Ordering::SeqCst);
                return done;
            }
            thread::park();
        }
    }

    fn wake(&self) {
        for seat in &self.seats {
            if seat.asleep.load(Ordering::SeqCst) && seat.asleep.swap(false, Ordering::SeqCst) {
                seat.thread.get().expect("a sleeper has taken its seat").unpark();
            }
        }
    }
}

/// Floats that one thread writes and others read, once they have met.
#[derive(Debug)]
pub(super) struct Board {
    /// Rounds take turns between two sides: a thread that still reads one is not a round behind whoever writes the
    /// other.
    sides: [Vec<AtomicU32>; 2],
    places: usize,
}

impl Board {
    /// A board with so many places, each for so many floats.
    pub fn new(places: usize, floats: usize) -> Self {
        let side = || (0..places * floats).map(|_| AtomicU32::new(0)).collect();
        Self { sides: [side(), side()], places }
    }

    fn place(&self, round: u64, place: usize) -> &[AtomicU32] {
        let side = &self.sides[usize::from(round % 2 == 1)];
        let floats = side.len() / self.places;
        &side[place * floats..][..floats]
    }

    /// Writes floats to a place, from `at` on.
    pub fn write(&self, round: u64, place: usize, at: usize, values: &[f32]) {
        for (cell, value) in self.place(round, place)[at..][..values.len()].iter().zip(values) {
            cell.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// The floats of a place, from `at` on.
    pub fn read(&self, round: u64, place: usize, at: usize) -> impl Iterator<Item = f32> + '_ {
        self.place(round, place)[at..].iter().map(|cell| f32::from_bits(cell.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn threads_that_meet_read_what_the_others_wrote_in_that_round() {
        const ROUNDS: u64 = 20_000;
        let (meeting, board) = (Meeting::new(3), Board::new(3, 2));
        thread::scope(|scope| {
            for seat in 0..3 {
                let (meeting, board) = (&meeting, &board);
                scope.spawn(move || {
                    meeting.sit(seat);
                    for round in 1..=ROUNDS {
                        #[expect(clippy::cast_precision_loss, reason = "the rounds are few")]
                        let value = round as f32;
                        board.write(round, seat, 1, &[value]);
                        meeting.say(seat, round);
                        assert!(meeting.wait(seat, 0..3, round));
                        for place in 0..3 {
                            assert_eq!(board.read(round, place, 1).next().map(f32::to_bits), Some(value.to_bits()));
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn a_thread_that_sleeps_is_woken_by_what_it_waits_for() {
        let meeting = Arc::new(Meeting::new(2));
        let waiter = thread::spawn({
            let meeting = Arc::clone(&meeting);
            move || {
                meeting.sit(1);
                meeting.wait(1, 0..1, 1)
            }
        });
        while !meeting.seats[1].asleep.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        meeting.say(0, 1);
        assert!(waiter.join().expect("the thread waits in peace"));
    }

    #[test]
    fn a_meeting_that_ends_lets_everyone_go() {
        let meeting = Arc::new(Meeting::new(2));
        let waiter = thread::spawn({
            let meeting = Arc::clone(&meeting);
            move || {
                meeting.sit(1);
                meeting.wait(1, 0..1, 1)
            }
        });
        thread::sleep(Duration::from_millis(5));
        meeting.stop();
        assert!(!waiter.join().expect("the thread waits in peace"));
    }
}
