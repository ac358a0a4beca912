//! Who trains a run holds its directory, so that nobody else does and everybody can tell. The system lets go of it
//! however the program ends.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::Path,
    thread,
    time::Duration,
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::{
    RunError,
    files::{FileAction, FileError},
};

/// The hold on a run's directory; dropping it lets go. A file system that knows no locks on directories, as some
/// network file systems, grants it to everybody.
#[derive(Debug)]
pub struct Lock {
    directory: File,
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
                return Ok(Self { directory });
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(RunError::in_use(path))
    }

    /// Whether the directory that is held is the one at this path; one that was removed, moved or replaced is not.
    #[must_use]
    pub fn is_of(&self, path: &Path) -> bool {
        let identity = |data: fs::Metadata| (data.dev(), data.ino());
        let there = fs::metadata(path).map(identity);
        there.is_ok_and(|there| self.directory.metadata().is_ok_and(|held| identity(held) == there))
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
    fn a_directory_that_was_removed_or_replaced_is_not_the_one_that_is_held() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("coat");
        fs::create_dir(&path).unwrap();
        let lock = Lock::take(&path).unwrap();
        assert!(lock.is_of(&path));
        fs::rename(&path, parent.path().join("shirt")).unwrap();
        assert!(!lock.is_of(&path));
        fs::create_dir(&path).unwrap();
        assert!(!lock.is_of(&path));
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
