//! Which epochs of a long run are kept whole, in memory as on the disk. Knows neither what is kept of them nor where.

/// Bytes that the predictions of a run's epochs take at the most, wherever they are kept: with 10,000 test images,
/// those of 167 epochs.
pub const CAPACITY: usize = 64 << 20;

/// How many things of so many bytes fit into so many; two at the least, which are the first and the newest.
#[must_use]
pub fn most_within(capacity: usize, bytes: usize) -> usize {
    (capacity / bytes.max(1)).max(2)
}

/// Which epochs are kept from a first to a newest one: these two, and between them all, every second, every fourth and
/// so on. An epoch that a longer run keeps is kept by every shorter one, so that nothing is missed that was dropped
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thinning {
    first: u32,
    newest: u32,
    /// Epochs from one that is kept to the next: a power of two, up to one that no epoch reaches.
    stride: u64,
}

impl Thinning {
    /// As many as possible of these epochs, but at most so many; two at the least.
    #[must_use]
    pub fn new(first: u32, newest: u32, most: usize) -> Self {
        let between = most.saturating_sub(2) as u64;
        let mut stride = 1;
        while multiples_between(first, newest, stride) > between {
            stride *= 2;
        }
        Self { first, newest, stride }
    }

    /// Whether this epoch is kept.
    #[must_use]
    pub fn keeps(self, epoch: u32) -> bool {
        epoch == self.first || epoch == self.newest || self.passes(epoch)
    }

    /// Whether it is kept where it is neither the first nor the newest.
    #[must_use]
    pub fn passes(self, epoch: u32) -> bool {
        u64::from(epoch).is_multiple_of(self.stride)
    }
}

/// How many multiples of `stride` are more than `first` and less than `newest`.
fn multiples_between(first: u32, newest: u32, stride: u64) -> u64 {
    (u64::from(newest).saturating_sub(1) / stride).saturating_sub(u64::from(first) / stride)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(first: u32, newest: u32, most: usize) -> Vec<u32> {
        let thinning = Thinning::new(first, newest, most);
        (first..=newest).filter(|epoch| thinning.keeps(*epoch)).collect()
    }

    #[test]
    fn of_a_short_run_all_epochs_are_kept_and_of_a_longer_one_every_second_or_fourth() {
        assert_eq!(kept(0, 4, 5), [0, 1, 2, 3, 4]);
        assert_eq!(kept(0, 5, 5), [0, 2, 4, 5]);
        assert_eq!(kept(0, 8, 5), [0, 2, 4, 6, 8]);
        assert_eq!(kept(0, 9, 5), [0, 4, 8, 9]);
        assert_eq!(kept(3, 9, 4), [3, 4, 8, 9]);
        assert_eq!(kept(7, 7, 4), [7]);
    }

    #[test]
    fn the_first_and_the_newest_are_kept_however_little_room_there_is() {
        assert_eq!(kept(0, 9, 0), [0, 9]);
        let thinning = Thinning::new(1, u32::MAX, 2);
        assert!(thinning.keeps(1) && thinning.keeps(u32::MAX) && !thinning.keeps(1 << 31));
        assert_eq!(most_within(64, 65), 2);
        assert_eq!(most_within(CAPACITY, 10_000 * 40), 167);
        assert_eq!(most_within(10, 0), 10);
    }

    proptest! {
        #[test]
        fn there_are_never_more_than_asked_for_and_dropped_ones_are_never_asked_for_again(
            first in 0..50_u32, length in 0..400_u32, most in 0..40_usize
        ) {
            let mut held: Vec<u32> = Vec::new();
            for newest in first..=first + length {
                held.push(newest);
                let thinning = Thinning::new(first, newest, most);
                held.retain(|epoch| thinning.keeps(*epoch));
                prop_assert!(held.len() <= most.max(2));
                prop_assert_eq!(&held, &kept(first, newest, most));
            }
            // No more are dropped than have to be.
            prop_assert!(held.len() > most / 2 || held.len() > length as usize);
        }
    }
}
