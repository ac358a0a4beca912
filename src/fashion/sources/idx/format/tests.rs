//! Files of all kinds through the reader of IDX: whole, cut, flipped, endless.

use std::io::{BufReader, Write};

use flate2::{Compression, write::GzEncoder};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::fashion::PIXELS;

fn images(count: u32, pixels: &[u8]) -> Vec<u8> {
    let side = u32::try_from(SIDE).unwrap();
    [IdxKind::Images.magic(), count, side, side]
        .map(u32::to_be_bytes)
        .concat()
        .into_iter()
        .chain(pixels.to_vec())
        .collect()
}

fn labels(count: u32, labels: &[u8]) -> Vec<u8> {
    [&IdxKind::Labels.magic().to_be_bytes(), &count.to_be_bytes(), labels].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn counted(items: &[u8]) -> u32 {
    u32::try_from(items.len()).unwrap()
}

fn numbers(classes: &[Class]) -> Vec<u8> {
    classes.iter().map(|class| u8::try_from(class.index()).unwrap()).collect()
}

/// Counts the bytes that are asked of it.
struct Metered<'a, R> {
    input: R,
    bytes: &'a mut u64,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        *self.bytes += count as u64;
        Ok(count)
    }
}

proptest! {
    #[test]
    fn whatever_the_bytes_reading_them_ends_without_panic(bytes in vec(any::<u8>(), 0..600)) {
        let _ = read_images(&bytes[..]);
        let _ = read_labels(&bytes[..]);
    }

    #[test]
    fn whatever_follows_a_gzip_header_reading_it_ends_without_panic(bytes in vec(any::<u8>(), 0..600)) {
        let _ = read_labels(&[&[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF], &bytes[..]].concat()[..]);
    }

    #[test]
    fn a_header_is_believed_only_as_far_as_bytes_follow(count in 1_u32.., bytes in vec(0..10_u8, 0..3000)) {
        let read = read_images(&images(count, &bytes)[..]);
        prop_assert_eq!(read.is_ok(), u64::from(count) * PIXELS as u64 == bytes.len() as u64);
        let read = read_labels(&labels(count, &bytes)[..]);
        prop_assert_eq!(read.is_ok(), u64::from(count) == bytes.len() as u64);
    }

    #[test]
    fn memory_at_most_doubles_what_has_arrived(arrived in 0..1_usize << 40, promised: u64) {
        let step = growth(arrived, promised);
        prop_assert!(step <= arrived.max(FIRST_STEP));
        prop_assert!(step == 0 || arrived as u64 + step as u64 <= promised);
        prop_assert_eq!(step == 0, arrived as u64 >= promised);
    }

    #[test]
    fn what_is_written_reads_back(count in 1..5_u32, ink in vec(any::<u8>(), 4 * PIXELS), chunk in 1..40_usize) {
        let pixels = &ink[..count as usize * PIXELS];
        let file = images(count, pixels);
        prop_assert_eq!(read_images(&file[..]).unwrap(), pixels);
        prop_assert_eq!(read_images(&gzip(&file)[..]).unwrap(), pixels);
        // However few bytes come at a time.
        prop_assert_eq!(read_images(BufReader::with_capacity(chunk, &file[..])).unwrap(), pixels);
        prop_assert_eq!(read_images(BufReader::with_capacity(chunk, &gzip(&file)[..])).unwrap(), pixels);
    }

    #[test]
    fn a_gzip_file_of_several_members_is_one_file(
        classes in vec(0..10_u8, 1..300), cuts in vec(0..300_usize, 0..4),
    ) {
        let file = labels(counted(&classes), &classes);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(file.len())).collect();
        cuts.extend([0, file.len()]);
        cuts.sort_unstable();
        let members: Vec<u8> = cuts.windows(2).flat_map(|cut| gzip(&file[cut[0]..cut[1]])).collect();
        prop_assert_eq!(numbers(&read_labels(&members[..]).unwrap()), classes);
    }

    #[test]
    fn no_flipped_bit_of_a_gzip_file_changes_what_is_read(
        classes in vec(0..10_u8, 1..200), place in any::<prop::sample::Index>(), bit in 0..8,
    ) {
        let mut file = gzip(&labels(counted(&classes), &classes));
        let place = place.index(file.len());
        file[place] ^= 1_u8 << bit;
        // Some bits of gzip's header say nothing of the data, its date for one.
        if let Ok(read) = read_labels(&file[..]) {
            prop_assert_eq!(numbers(&read), classes);
        }
    }
}

#[test]
fn no_beginning_of_a_file_passes_for_the_whole() {
    let file = labels(300, &[3; 300]);
    for whole in [&file, &gzip(&file)] {
        for length in 0..whole.len() {
            let problem = read_labels(&whole[..length]).expect_err("a part of a file");
            assert!(!problem.to_string().is_empty());
        }
        assert!(read_labels(&whole[..]).is_ok());
    }
}

#[test]
fn an_endless_file_is_read_no_further_than_its_header_says() {
    let mut bytes = 0;
    let start = labels(5, &[]);
    let endless = Metered { input: start.chain(io::repeat(0)), bytes: &mut bytes };
    let problem = read_labels(BufReader::new(endless)).expect_err("endless");
    assert!(
        matches!(problem, Problem::Idx(IdxProblem::Excess { count: 5, expected: 13, excess: EXCESS_LIMIT, .. })),
        "{problem}"
    );
    assert!(bytes < 32 * 1024, "{bytes} bytes were read");
}

#[test]
fn a_gzip_bomb_is_inflated_no_further_than_its_header_says() {
    let bomb = gzip(&labels(5, &vec![0; 1 << 26]));
    let mut bytes = 0;
    let metered = Metered { input: &bomb[..], bytes: &mut bytes };
    let problem = read_labels(BufReader::new(metered)).expect_err("a bomb");
    assert_eq!(
        problem.to_string(),
        "found at least 4096 bytes more than the header promises, expected 13 for 5 labels"
    );
    assert!(bytes < bomb.len() as u64 / 2, "{bytes} of {} bytes were read", bomb.len());
}

#[test]
fn the_largest_promise_overflows_nothing() {
    let problem = read_images(&images(u32::MAX, &[7; 100])[..]).expect_err("100 bytes are not 3 TB");
    assert_eq!(
        problem.to_string(),
        "ends too early: found 116 bytes, expected 3367254359296 for the 4294967295 images of its header, \
         3367254359180 are missing"
    );
}

#[test]
fn a_failing_disk_is_not_mistaken_for_a_damaged_file() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(5))
        }
    }
    let file = labels(300, &[3; 300]);
    for start in [&file[..4], &file[..100], &gzip(&file)[..15]] {
        let problem = read_labels(BufReader::new(start.chain(Failing))).expect_err("a failing disk");
        assert!(matches!(problem, Problem::Unreadable(_)), "{problem}");
    }
}
