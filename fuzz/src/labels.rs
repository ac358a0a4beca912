//! `labels.txt`: ten classes' names.

use fitroom::{fashion, printable::is_control};

use super::{check_shown, within};

/// What is there beside the names.
const BASE: usize = 1024;

/// Reads it.
pub fn take(file: &[u8]) {
    match within(file.len() + BASE, || fashion::parse_names(file)) {
        Ok(names) => {
            for name in names {
                assert!(!name.is_empty() && name == name.trim(), "{name:?}");
                assert!(!name.contains(is_control), "{name:?}");
            }
        }
        Err(error) => check_shown(&error),
    }
}
