//! Reads the seeds of the fuzzers under `fuzz/`, and what they once found, with the same code on every test run. None
//! of it may panic, and what is refused is said in one line. The arguments are given to the real program.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

#[path = "../fuzz/src/gzip.rs"]
mod gzip;
#[path = "../fuzz/src/idx.rs"]
mod idx;
#[path = "../fuzz/src/keyboard.rs"]
mod keyboard;
#[path = "../fuzz/src/labels.rs"]
mod labels;
#[path = "../fuzz/src/metrics.rs"]
mod metrics;
#[path = "../fuzz/src/npy.rs"]
mod npy;
#[path = "../fuzz/src/pictures.rs"]
mod pictures;
#[path = "../fuzz/src/run_json.rs"]
mod run_json;
#[path = "../fuzz/src/safetensors.rs"]
mod safetensors;
#[path = "../fuzz/src/shown.rs"]
mod shown;

use self::shown::check_shown;

/// In the fuzzers this checks the memory that `work` takes, with an allocator that counts.
fn within<T>(_bound: usize, work: impl FnOnce() -> T) -> T {
    work()
}

/// The inputs that are kept for a fuzzer, with their files; at least one.
fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let entries = fs::read_dir(&directory).expect("every fuzzer has seeds");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}", directory.display());
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("a seed can be read"))).collect()
}

/// Reads all inputs of a fuzzer. A panic names its file.
fn read_all(target: &str, take: fn(&[u8])) {
    for (path, input) in inputs(target) {
        println!("{}", path.display());
        take(&input);
    }
}

#[test]
fn no_idx_file_that_was_fuzzed_is_taken_wrong() {
    read_all("idx", idx::take);
}

#[test]
fn no_gzip_file_that_was_fuzzed_is_taken_wrong() {
    read_all("gzip", gzip::take);
}

#[test]
fn no_names_of_classes_that_were_fuzzed_are_taken_wrong() {
    read_all("labels", labels::take);
}

#[test]
fn no_picture_that_was_fuzzed_is_taken_wrong() {
    read_all("pictures", pictures::take);
}

#[test]
fn no_checkpoint_that_was_fuzzed_is_taken_wrong() {
    read_all("safetensors", safetensors::take);
}

#[test]
fn no_facts_of_a_run_that_were_fuzzed_are_taken_wrong() {
    read_all("run_json", run_json::take);
}

#[test]
fn no_log_of_a_run_that_was_fuzzed_is_taken_wrong() {
    read_all("metrics", metrics::take);
}

#[test]
fn no_predictions_that_were_fuzzed_are_taken_wrong() {
    read_all("npy", npy::take);
}

#[test]
fn no_input_of_a_terminal_that_was_fuzzed_is_taken_wrong() {
    read_all("keyboard", keyboard::take);
}

/// Unless they name a data set they get one that does not exist, so that no training starts.
#[test]
fn no_arguments_that_were_fuzzed_make_the_program_panic() {
    let place = tempfile::tempdir().expect("there is room for files");
    for (path, input) in inputs("arguments") {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fitroom"));
        command
            .current_dir(place.path())
            .stdin(Stdio::null())
            .env("FITROOM_DATA", "nowhere")
            .env("FITROOM_CONFIG", "none");
        for word in input.split(|byte| *byte == 0) {
            match word.iter().position(|byte| *byte == b'=') {
                Some(end) if word.starts_with(b"FITROOM_") => {
                    command.env(OsStr::from_bytes(&word[..end]), OsStr::from_bytes(&word[end + 1..]));
                }
                _ => {
                    command.arg(OsStr::from_bytes(word));
                }
            }
        }
        let output = command.output().expect("the program runs");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0..=2)), "{}: {:?}: {words}", path.display(), output.status);
        assert!(!words.contains("panicked"), "{}: {words}", path.display());
    }
}
