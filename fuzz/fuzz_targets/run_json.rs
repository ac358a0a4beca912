//! Feeds `src/run_json.rs`.
#![no_main]

use fitroom_fuzz::run_json::take;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| take(input));
