//! Feeds `src/npy.rs`.
#![no_main]

use fitroom_fuzz::npy::take;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| take(input));
