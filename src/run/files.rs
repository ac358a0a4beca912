//! Files written so that no reader, crash or full disk ever leaves half of one. Knows nothing of what they hold.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::printable;

/// A file or directory that could not be read or written: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {cause}", printable::path(path))]
pub struct FileError {
    action: FileAction,
    path: PathBuf,
    cause: io::Error,
}

impl FileError {
    /// What the operating system said.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.cause.kind()
    }
}

/// What was tried on a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum FileAction {
    Create,
    Read,
    Write,
    Remove,
}

impl FileAction {
    /// Names the path in this action's error.
    pub(super) fn on(self, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |cause| FileError { action: self, path: path.to_owned(), cause }
    }
}

impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Remove => "remove",
        })
    }
}

const TEMPORARY_START: &str = ".fitroom-";
const TEMPORARY_END: &str = ".tmp";

/// Puts a file with these contents in the place of the old one, which stays whole until the new one is on the disk.
///
/// # Errors
/// When the file cannot be written; then the old one is still there.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    replace_with(path, |file| file.write_all(contents))
}

/// As [`replace`], but leaves it to the system when the file goes to the disk: it is whole whatever becomes of the
/// program, and after a power cut it may be the old one, or have a part of its contents.
///
/// # Errors
/// As [`replace`].
pub fn replace_soon(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    put(path, |file| file.write_all(contents))
}

/// As [`replace`], with contents that `write` writes from the start of an empty file.
///
/// # Errors
/// When the file cannot be written, or `write` says so; then the old one is still there.
pub fn replace_with(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), FileError> {
    put(path, |file| {
        write(file)?;
        file.sync_all()
    })?;
    sync_directory(directory_of(path))
}

/// Puts a file that `write` writes in the place of the old one.
fn put(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), FileError> {
    let temporary = directory_of(path).join(temporary_name());
    let written = File::create_new(&temporary).and_then(|mut file| {
        write(&mut file)?;
        fs::rename(&temporary, path)
    });
    written.map_err(|cause| {
        // What stays behind if this fails too is swept by `remove_leftovers`.
        let _ = fs::remove_file(&temporary);
        FileAction::Write.on(path)(cause)
    })
}

/// A name that no other file and no other writer has. TensorBoard reads every file with `tfevents` in its name, so the
/// name of the file to be is not part of it.
fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{TEMPORARY_START}{}-{number}{TEMPORARY_END}", process::id())
}

/// Removes the temporary files that a killed writer left in this directory. Only for who alone writes there.
///
/// # Errors
/// When the directory cannot be read or a leftover not be removed.
pub fn remove_leftovers(directory: &Path) -> Result<(), FileError> {
    for name in names_in(directory)? {
        if is_leftover(&name) {
            remove(&directory.join(name))?;
        }
    }
    Ok(())
}

/// The name of the socket in a run's directory.
const SOCKET: &str = "control.sock";

/// Where whoever trains the run in this directory lets others look on.
pub(super) fn socket(directory: &Path) -> PathBuf {
    directory.join(SOCKET)
}

/// Whether this is the name of a temporary file, or of the socket of a program that is gone.
pub(super) fn is_leftover(name: &OsStr) -> bool {
    name == SOCKET
        || name.to_str().is_some_and(|name| name.starts_with(TEMPORARY_START) && name.ends_with(TEMPORARY_END))
}

/// The names of everything in a directory, in no order.
///
/// # Errors
/// When the directory cannot be read.
pub fn names_in(directory: &Path) -> Result<Vec<OsString>, FileError> {
    fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect())
        .map_err(FileAction::Read.on(directory))
}

/// Creates a directory, and those above it. One that is there already is fine.
///
/// # Errors
/// When it cannot be created.
pub fn create_directories(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(FileAction::Create.on(path))?;
    sync_directory(directory_of(path))
}

/// Creates a directory in one that is there.
///
/// # Errors
/// When it cannot be created, also when it is there already: [`io::ErrorKind::AlreadyExists`].
pub fn create_directory(path: &Path) -> Result<(), FileError> {
    fs::create_dir(path).map_err(FileAction::Create.on(path))?;
    sync_directory(directory_of(path))
}

/// Removes a file.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(path: &Path) -> Result<(), FileError> {
    fs::remove_file(path).map_err(FileAction::Remove.on(path))
}

/// All bytes of a file.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(FileAction::Read.on(path))
}

/// Writes something into this directory and takes it back.
///
/// # Errors
/// When nothing can be written there, though the directory is.
pub fn probe(directory: &Path) -> Result<(), FileError> {
    // More than a file system keeps beside a file's name.
    const BYTES: usize = 4096;
    let path = directory.join(temporary_name());
    let written = File::create_new(&path).and_then(|mut file| {
        file.write_all(&[0; BYTES])?;
        file.sync_all()
    });
    let removed = fs::remove_file(&path);
    written.and(removed).map_err(FileAction::Write.on(directory))
}

/// Bytes of spare entries that wait for a disk with room, at the most.
const MOST_SPARE: usize = 1 << 20;

/// What an entry of a log is worth while it cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// It waits for as long as it takes.
    Needed,
    /// It waits as long as spare entries are no more than a MiB; then the oldest of them are given up.
    Spare,
}

/// A file that only grows, by whole entries: one that cannot be written wholly leaves no trace, and is written with the
/// next one.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    /// Bytes of the entries written so far.
    length: u64,
    /// Whether the last of them may not be on the disk yet.
    is_unsynced: bool,
    /// Entries that could not be written yet, in their order.
    waiting: VecDeque<(Worth, Vec<u8>)>,
}

impl Log {
    /// A log in a new file.
    ///
    /// # Errors
    /// When the file cannot be created, also when it is there already.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let log = Self::with(Self::options().create_new(true), path)?;
        sync_directory(directory_of(path))?;
        Ok(log)
    }

    /// A log that goes on after the entries of this file.
    ///
    /// # Errors
    /// When the file cannot be opened, also when it is not there.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::with(&Self::options(), path)
    }

    fn with(options: &OpenOptions, path: &Path) -> Result<Self, FileError> {
        let file = options.open(path).map_err(FileAction::Write.on(path))?;
        let length = file.metadata().map_err(FileAction::Read.on(path))?.len();
        Ok(Self { path: path.to_owned(), file, length, is_unsynced: false, waiting: VecDeque::new() })
    }

    /// Writes an entry at the end, after those that wait to be written, and waits until it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is in the file, and it waits with the others.
    pub fn append(&mut self, entry: Vec<u8>, worth: Worth) -> Result<(), FileError> {
        self.waiting.push_back((worth, entry));
        self.write(File::sync_data)?;
        self.is_unsynced = false;
        Ok(())
    }

    /// As [`Log::append`], of a spare entry, but leaves it to the system when that goes to the disk: it outlives the
    /// program, not a power cut.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn append_soon(&mut self, entry: Vec<u8>) -> Result<(), FileError> {
        self.waiting.push_back((Worth::Spare, entry));
        self.write(|_| Ok(()))?;
        self.is_unsynced = true;
        Ok(())
    }

    /// Writes the entries that wait, if there are any, and waits until all are on the disk.
    ///
    /// # Errors
    /// When they cannot be written; then they wait on.
    pub fn flush(&mut self) -> Result<(), FileError> {
        if self.is_unsynced || !self.waiting.is_empty() {
            self.write(File::sync_data)?;
            self.is_unsynced = false;
        }
        Ok(())
    }

    /// A file that somebody removed meanwhile is put back first, as it was.
    fn put_back(&mut self) -> Result<(), FileError> {
        if self.file.metadata().is_ok_and(|data| data.nlink() > 0) {
            return Ok(());
        }
        let mut contents = Vec::new();
        let read = self.file.rewind().and_then(|()| self.file.read_to_end(&mut contents));
        read.map_err(FileAction::Read.on(&self.path))?;
        // Without a torn end.
        contents.truncate(usize::try_from(self.length).unwrap_or(usize::MAX));
        replace(&self.path, &contents)?;
        self.file = Self::options().open(&self.path).map_err(FileAction::Write.on(&self.path))?;
        Ok(())
    }

    /// Appends, and reads what is to be put back.
    fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.append(true).read(true);
        options
    }

    fn write(&mut self, sync: impl FnOnce(&File) -> io::Result<()>) -> Result<(), FileError> {
        self.put_back()?;
        let entries: Vec<u8> = self.waiting.iter().flat_map(|(_, entry)| entry).copied().collect();
        match self.file.write_all(&entries).and_then(|()| sync(&self.file)) {
            Ok(()) => {
                self.length += entries.len() as u64;
                self.waiting.clear();
                Ok(())
            }
            Err(cause) => {
                // The writing's own error is what there is to report. Half an entry that stays is a torn end.
                let _ = self.file.set_len(self.length);
                self.give_up_spare();
                Err(FileAction::Write.on(&self.path)(cause))
            }
        }
    }

    /// Gives up the oldest spare entries past what may wait of them, so that a disk that stays full does not fill the
    /// memory too.
    fn give_up_spare(&mut self) {
        let spare = self.waiting.iter().filter(|(worth, _)| *worth == Worth::Spare);
        let mut bytes: usize = spare.map(|(_, entry)| entry.len()).sum();
        self.waiting.retain(|(worth, entry)| {
            let stays = *worth == Worth::Needed || bytes <= MOST_SPARE;
            bytes -= if stays { 0 } else { entry.len() };
            stays
        });
    }
}

/// The directory that an entry of this path is in.
fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != OsStr::new("")).unwrap_or(Path::new("."))
}

/// Waits until the names in a directory are on the disk.
fn sync_directory(path: &Path) -> Result<(), FileError> {
    match File::open(path).and_then(|directory| directory.sync_all()) {
        // Some network file systems cannot sync a directory, and need not.
        Err(cause) if cause.kind() != io::ErrorKind::InvalidInput => Err(FileAction::Write.on(path)(cause)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_has_the_new_contents_and_nothing_stays_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names_in(directory.path()).unwrap(), ["file"]);
    }

    #[test]
    fn the_old_file_stays_whole_when_the_new_one_cannot_be_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        replace(&path, b"old").unwrap();
        let error = replace_with(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(error.to_string(), format!("cannot write {}: no storage space", path.display()));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names_in(directory.path()).unwrap(), ["file"]);
    }

    #[test]
    fn a_file_that_cannot_take_its_place_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("taken");
        fs::create_dir(&path).unwrap();
        replace(&path, b"contents").unwrap_err();
        assert_eq!(names_in(directory.path()).unwrap(), ["taken"]);
    }

    #[test]
    fn an_error_names_the_path_and_the_cause() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let path = file.join("below");
        let error = replace(&path, b"contents").unwrap_err();
        assert_eq!(error.path, path);
        assert!(error.to_string().starts_with(&format!("cannot write {}: Not a directory", path.display())), "{error}");
    }

    #[test]
    fn leftovers_are_removed_and_other_files_are_not() {
        let directory = tempfile::tempdir().unwrap();
        for name in [".fitroom-1234-0.tmp", ".fitroom-notes", "notes.tmp"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        remove_leftovers(directory.path()).unwrap();
        let mut names = names_in(directory.path()).unwrap();
        names.sort();
        assert_eq!(names, [".fitroom-notes", "notes.tmp"]);
    }

    #[test]
    fn a_log_goes_on_where_it_ended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        Log::create(&path).unwrap().append(b"one\n".to_vec(), Worth::Needed).unwrap();
        Log::create(&path).unwrap_err();
        Log::open(&path).unwrap().append(b"two\n".to_vec(), Worth::Needed).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn what_a_log_could_not_write_is_written_with_the_next_entry() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut log = Log::create(&path).unwrap();
        let writable = std::mem::replace(&mut log.file, File::open(&path).unwrap());
        log.append(b"one\n".to_vec(), Worth::Needed).unwrap_err();
        log.file = writable;
        log.append(b"two\n".to_vec(), Worth::Needed).unwrap();
        log.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn of_what_waits_for_a_disk_that_stays_full_the_oldest_that_can_be_spared_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut log = Log::create(&path).unwrap();
        let writable = std::mem::replace(&mut log.file, File::open(&path).unwrap());
        let large = |letter: u8| vec![letter; MOST_SPARE / 2];
        log.append(b"first\n".to_vec(), Worth::Needed).unwrap_err();
        for letter in *b"abc" {
            log.append_soon(large(letter)).unwrap_err();
            log.append(vec![letter.to_ascii_uppercase()], Worth::Needed).unwrap_err();
        }
        log.file = writable;
        log.flush().unwrap();
        let expected = [&b"first\nA"[..], &large(b'b'), b"B", &large(b'c'), b"C"].concat();
        assert!(fs::read(&path).unwrap() == expected);
    }

    #[test]
    fn a_directory_that_is_probed_is_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        probe(directory.path()).unwrap();
        assert!(names_in(directory.path()).unwrap().is_empty());
        let none = directory.path().join("none");
        assert_eq!(probe(&none).unwrap_err().path, none);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_log_on_a_full_disk_says_so() {
        let error = Log::open(Path::new("/dev/full")).unwrap().append(b"entry".to_vec(), Worth::Needed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().starts_with("cannot write /dev/full: No space left on device"), "{error}");
    }
}
