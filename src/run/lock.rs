//! Who trains a run holds its directory, so that nobody else does and everybody can tell. The system lets go of it
//! however the program ends.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Arc, Weak},
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
    directory: Arc<File>,
}

/// What knows whether a [`Lock`] is still held, and does not hold it.
#[derive(Clone, Debug)]
pub struct WeakLock {
    directory: Weak<File>,
}

/// What is at the path of a directory that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// That directory, as far as can be known.
    Held,
    /// Nothing.
    Nothing,
    /// Another one.
    Another,
}

impl Lock {
    /// Takes hold of this directory.
    ///
    /// # Errors
    /// When another process holds it, or it cannot be opened.
    pub fn take(path: &Path) -> Result<Self, RunError> {
        // Who only asks holds it for a moment too.
        const TRIES: u32 = 20;
        let directory = Arc::new(open(path)?);
        for _ in 0..TRIES {
            if flock(&directory, FlockOperation::NonBlockingLockExclusive) != Err(Errno::WOULDBLOCK) {
                return Ok(Self { directory });
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(RunError::in_use(path))
    }

    /// The same hold, which is let go of without regard to this.
    #[must_use]
    pub fn downgrade(&self) -> WeakLock {
        WeakLock { directory: Arc::downgrade(&self.directory) }
    }

    /// What is at this path by now, where the directory was when it was taken hold of.
    #[must_use]
    pub fn find(&self, path: &Path) -> Found {
        let identity = |data: fs::Metadata| (data.dev(), data.ino());
        match (fs::metadata(path).map(identity), self.directory.metadata().map(identity)) {
            (Ok(there), Ok(held)) if there != held => Found::Another,
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
            // A file system that fails for a while has moved nothing away.
            _ => Found::Held,
        }
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

impl WeakLock {
    /// The hold, for as long as what is returned is kept; `None`: it was let go of.
    #[must_use]
    pub fn upgrade(&self) -> Option<Lock> {
        Some(Lock { directory: self.directory.upgrade()? })
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
    fn a_directory_that_was_removed_or_replaced_is_not_found_and_one_that_cannot_be_looked_at_may_be_there() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("coat");
        fs::create_dir(&path).unwrap();
        let lock = Lock::take(&path).unwrap();
        assert_eq!(lock.find(&path), Found::Held);
        fs::rename(&path, parent.path().join("shirt")).unwrap();
        assert_eq!(lock.find(&path), Found::Nothing);
        fs::create_dir(&path).unwrap();
        assert_eq!(lock.find(&path), Found::Another);
        // Links that go round say of no directory that it is gone.
        let round = parent.path().join("round");
        std::os::unix::fs::symlink(&round, &round).unwrap();
        assert_eq!(lock.find(&round), Found::Held);
    }

    #[test]
    fn who_knows_of_a_hold_does_not_keep_it_but_may_for_a_while() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let lock = Lock::take(path).unwrap();
        let known = lock.downgrade();
        let kept = known.upgrade().unwrap();
        drop(lock);
        assert_eq!(Lock::is_held(path), Some(true));
        drop(kept);
        assert_eq!(Lock::is_held(path), Some(false));
        assert!(known.upgrade().is_none());
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
