//! Who trains a run holds its directory, so that nobody else does and everybody can tell. The system lets go of it
//! however the program ends.

use std::{fs::File, path::Path, thread, time::Duration};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::{
    RunError,
    files::{FileAction, FileError},
    holder::Holder,
};

/// The hold on a run's directory; dropping it lets go. A file system that knows no locks on directories, as some
/// network file systems, grants it to everybody.
#[derive(Debug)]
pub struct Lock {
    _directory: File,
}

impl Lock {
    /// Takes hold of this directory.
    ///
    /// # Errors
    /// When another process holds it, or it cannot be opened.
    pub fn take(path: &Path) -> Result<Self, RunError> {
        // Who only asks holds it for a moment too.
        const TRIES: u32 = 20;
        let directory = open(path)?;
        for _ in 0..TRIES {
            if flock(&directory, FlockOperation::NonBlockingLockExclusive) != Err(Errno::WOULDBLOCK) {
                return Ok(Self { _directory: directory });
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(RunError::InUse { path: path.to_owned(), holder: Holder::of(path) })
    }

    /// Whether somebody holds this directory. `None` where that cannot be known.
    #[must_use]
    pub fn is_held(path: &Path) -> Option<bool> {
        match flock(open(path).ok()?, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Some(false),
            Err(Errno::WOULDBLOCK) => Some(true),
            Err(_) => None,
        }
    }
}

fn open(path: &Path) -> Result<File, FileError> {
    File::open(path).map_err(FileAction::Read.on(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_by_one_until_it_lets_go() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert_eq!(Lock::is_held(path), Some(false));
        let lock = Lock::take(path).unwrap();
        assert_eq!(Lock::is_held(path), Some(true));
        assert!(matches!(Lock::take(path), Err(RunError::InUse { .. })));
        drop(lock);
        assert_eq!(Lock::is_held(path), Some(false));
        Lock::take(path).unwrap();
    }

    #[test]
    fn who_asks_keeps_nobody_from_taking_hold() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        thread::scope(|scope| {
            scope.spawn(|| (0..2000).for_each(|_| assert!(Lock::is_held(path).is_some())));
            (0..200).for_each(|_| drop(Lock::take(path).unwrap()));
        });
    }
}
