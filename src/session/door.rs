//! The door of a run that trains in this process: a socket in the run's directory, through which other programs look on
//! and steer. Each visitor is one more listener of the hub; none is waited for.

use std::{
    fs, io,
    os::unix::{fs::MetadataExt, fs::PermissionsExt, net::UnixListener},
    path::{Path, PathBuf},
    pin::pin,
    process,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::{
    io::{Errno, FdFlags, fcntl_setfd},
    net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{UnixListener as Listener, UnixStream, unix::OwnedReadHalf},
    runtime::Builder,
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, interval_at, sleep, sleep_until, timeout},
};

use super::{
    hub::{Hub, HubSeat, Reports},
    wire::{Greeting, LONGEST_COMMAND, PROTOCOL, Refusal, add_to_line, line, predictions, refused},
};
use crate::{
    json, printable,
    protocol::{Command, Predictions, Report},
    run::{Found, Run, WeakLock},
};

/// How many may look on at the same time.
const MOST_VISITORS: usize = 64;

/// How often a visitor is told that the program is there, when there is nothing else to be told.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long visitors have for the last reports, once there are no more.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long a visitor has to take the word that it is sent away with.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often to look whether others find the door where it was.
const LOOK: Duration = Duration::from_secs(2);

/// How long to wait before trying again to let somebody in, where the system has no room for one more.
const NO_ROOM: Duration = Duration::from_millis(200);

/// The time that each visitor takes at the door, in milliseconds: one who comes again and again costs the training next
/// to nothing.
const ENTRY: u64 = 50;

/// How much of it may be used up in advance: as many as may look on can come together.
const RUSH: Duration = Duration::from_millis(ENTRY * MOST_VISITORS as u64);

/// How long a visitor is not listened to after each line, and each part of one: far less than anybody notices, and
/// enough for one who says things without end to cost the training nothing.
const BREATH: Duration = Duration::from_millis(5);

/// How far the run is, as far as visitors are concerned.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Stage {
    Open,
    /// Nobody comes in any more.
    Shut,
    /// There will be no more reports.
    Over,
}

/// The door. Dropping it sends everybody away.
#[derive(Debug)]
pub(super) struct Door {
    place: Arc<Place>,
    stage: watch::Sender<Stage>,
    thread: Option<JoinHandle<()>>,
}

impl Door {
    /// Opens the door of this run, which this process holds by this lock. A socket that a killed program left is
    /// replaced. Once the run is let go of, others may open a door of theirs, and this one is shut by itself.
    ///
    /// # Errors
    /// Why nobody can look on, in words.
    pub fn open(run: &Run, lock: WeakLock, hub: Hub) -> Result<Self, String> {
        let place = Arc::new(Place::of(run, lock));
        let closed = |why: &dyn std::fmt::Display| {
            format!("nobody can watch this run: cannot make {}: {why}", printable::path(&place.path))
        };
        let socket = place.make().map_err(|error| closed(&error))?;
        let greeting = Greeting {
            fitroom: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            run: run.shown_name(),
            process: process::id(),
            paused: false,
        };
        let (stage, stages) = watch::channel(Stage::Open);
        let theirs = Arc::clone(&place);
        let attend = move || {
            // Where there is no event loop to be had nobody is let in.
            if let Ok(runtime) = Builder::new_current_thread().enable_io().enable_time().build() {
                runtime.block_on(attend(socket, &theirs, &hub, &greeting, stages));
            }
        };
        let thread = thread::Builder::new().name("door".to_owned()).spawn(attend).map_err(|error| closed(&error))?;
        Ok(Self { place, stage, thread: Some(thread) })
    }

    /// Lets nobody in any more: the run is about to be let go of, and the place is the next program's.
    pub fn shut(&mut self) {
        self.place.leave();
        self.stage.send_replace(Stage::Shut);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut();
        self.stage.send_replace(Stage::Over);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has let nobody in.
            let _ = thread.join();
        }
    }
}

/// Where the door is, and what of it is there.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    directory: PathBuf,
    /// The hold on that directory.
    lock: WeakLock,
    held: Mutex<Held>,
}

/// A file's device and number there.
type Identity = (u64, u64);

/// What of the door is at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Held {
    /// Not yet anything.
    Nothing,
    /// This socket.
    Socket(Option<Identity>),
    /// It is the next program's.
    Left,
}

/// What became of the door's place meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    /// It is as it was, or is to be, or there is no place to be at.
    AsItWas,
    /// The socket is gone, or something else is there.
    NoSocket,
    /// The directory is another one, which other programs may be at.
    AnotherDirectory,
    /// The run was let go of, and others may train it.
    LetGo,
}

impl Place {
    fn of(run: &Run, lock: WeakLock) -> Self {
        Self { path: run.socket_path(), directory: run.directory().to_owned(), lock, held: Mutex::new(Held::Nothing) }
    }

    /// A new socket, unless the place has been left.
    fn make(&self) -> io::Result<UnixListener> {
        let mut held = self.held();
        // Nobody else takes hold of the run, and makes a socket of its own, before this one is there.
        let Some(_lock) = self.lock.upgrade().filter(|_| *held != Held::Left) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "this program has let go of the run"));
        };
        let socket = made(&self.path)?;
        *held = Held::Socket(identity(&self.path));
        Ok(socket)
    }

    fn look(&self) -> Seen {
        let Some(lock) = self.lock.upgrade() else { return Seen::LetGo };
        match (lock.find(&self.directory), *self.held()) {
            (Found::Another, _) => Seen::AnotherDirectory,
            (Found::Held, Held::Socket(own)) if identity(&self.path) != own => Seen::NoSocket,
            // What is trained where nothing is is trained on, with those who look on at it.
            (Found::Held | Found::Nothing, _) => Seen::AsItWas,
        }
    }

    /// Takes the socket away, if it is still the one that was made here.
    fn leave(&self) {
        let before = std::mem::replace(&mut *self.held(), Held::Left);
        if let Held::Socket(Some(own)) = before
            && identity(&self.path) == Some(own)
        {
            // If it is gone already, so much the better.
            let _ = fs::remove_file(&self.path);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address of a socket at this place.
pub(super) fn address(place: &Path) -> io::Result<SocketAddrUnix> {
    SocketAddrUnix::new(place).map_err(|error| match error {
        Errno::NAMETOOLONG => io::Error::new(
            io::ErrorKind::InvalidFilename,
            format!("its path has {} bytes, more than a socket's address may have", place.as_os_str().len()),
        ),
        error => error.into(),
    })
}

/// A socket at this place that only its owner may come in by, in place of what a killed program left of one.
fn made(place: &Path) -> io::Result<UnixListener> {
    let address = address(place)?;
    match fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    bind(&socket, &address)?;
    // Before anybody is listened to.
    fs::set_permissions(place, fs::Permissions::from_mode(0o600))?;
    listen(&socket, 64)?;
    let socket = UnixListener::from(socket);
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Which file is at this place.
fn identity(place: &Path) -> Option<Identity> {
    fs::symlink_metadata(place).ok().map(|data| (data.dev(), data.ino()))
}

/// Lets visitors in until the door is shut, and waits for them to leave, but not for long.
async fn attend(
    socket: UnixListener,
    place: &Place,
    hub: &Hub,
    greeting: &Greeting,
    mut stages: watch::Receiver<Stage>,
) {
    let Ok(mut socket) = Listener::from_std(socket) else { return };
    let mut looks = interval_at(Instant::now() + LOOK, LOOK);
    // Dropped when all are to go.
    let (stay, stays) = watch::channel(());
    let lines = Lines::default();
    let mut visitors = JoinSet::new();
    let mut door_is_free = Instant::now();
    let mut patience = Duration::MAX;
    loop {
        tokio::select! {
            accepted = accept(&socket, door_is_free) => {
                door_is_free = door_is_free.max(Instant::now()) + Duration::from_millis(ENTRY);
                match accepted {
                    Ok(stream) if visitors.len() < MOST_VISITORS => {
                        let (seat, reports) = hub.join();
                        let greeting = line(&Greeting { paused: hub.is_paused(), ..greeting.clone() });
                        visitors.spawn(receive(stream, greeting, seat, reports, lines.clone(), stays.clone()));
                    }
                    Ok(mut stream) => {
                        let error = format!("{MOST_VISITORS} others watch this run already, which is as many as may");
                        // Who does not take it within the socket's own memory goes without.
                        let _ = stream.try_write(&line(&Refusal { error }));
                        let _ = stream.shutdown().await;
                    }
                    Err(_) => sleep(NO_ROOM).await,
                }
            }
            Some(_) = visitors.join_next(), if !visitors.is_empty() => {}
            _ = looks.tick() => match place.look() {
                Seen::AsItWas => {}
                // Where it cannot be made, it is tried again.
                Seen::NoSocket => if let Ok(made) = place.make().and_then(Listener::from_std) {
                    socket = made;
                },
                Seen::AnotherDirectory => {
                    visitors.abort_all();
                    break;
                }
                Seen::LetGo => {
                    place.leave();
                    // What is said of the run's end may come just now.
                    patience = FAREWELL;
                    break;
                }
            },
            _ = stages.wait_for(|stage| *stage >= Stage::Shut) => break,
        }
    }
    drop(socket);
    // An error means that the run's owner is gone, and with it the hub.
    let _ = timeout(patience, stages.wait_for(|stage| *stage >= Stage::Over)).await;
    drop(stay);
    let _ = timeout(FAREWELL, async { while visitors.join_next().await.is_some() {} }).await;
}

/// Lets the next visitor in, once the door will be free within the time for a rush.
async fn accept(socket: &Listener, door_is_free: Instant) -> io::Result<UnixStream> {
    sleep_until(door_is_free.checked_sub(RUSH).unwrap_or(door_is_free)).await;
    socket.accept().await.map(|(stream, _)| stream)
}

/// Tells a visitor what happens, and does what it asks, until one of the two leaves. Without whoever sends what it
/// `stays` by it is told the rest of what has happened by then.
async fn receive(
    stream: UnixStream,
    greeting: Vec<u8>,
    seat: HubSeat,
    mut reports: Reports,
    lines: Lines,
    mut stays: watch::Receiver<()>,
) {
    let (reader, mut writer) = stream.into_split();
    // Whatever it says meanwhile.
    if writer.write_all(&greeting).await.is_err() {
        return;
    }
    let is_between_lines = AtomicBool::new(true);
    let enough = Notify::new();
    let refused = {
        let mut telling = pin!(tell(&mut writer, &mut reports, &lines, &is_between_lines, &enough));
        let (said, is_sent_away) = tokio::select! {
            // Who is refused need not be told first what happened so far.
            biased;
            said = obey(reader, &seat) => (Some(said), false),
            // An error means that the visitor is gone.
            _ = &mut telling => (None, false),
            // Nothing is ever sent through it.
            _ = stays.changed() => (None, true),
        };
        if is_sent_away {
            // Without its seat its reports end.
            drop(seat);
            let _ = telling.as_mut().await;
        }
        if said.is_some() {
            // Half a line is of no use to who only reads on, and would make a word that follows a part of it.
            enough.notify_one();
            let _ = timeout(PATIENCE, telling).await;
        }
        said.and_then(Result::err)
    };
    if let (Some(error), true) = (refused, is_between_lines.load(Ordering::Relaxed)) {
        let _ = timeout(PATIENCE, writer.write_all(&line(&Refusal { error }))).await;
    }
    let _ = writer.shutdown().await;
}

/// Tells what happens until nothing more does, or it is `enough`.
async fn tell(
    writer: &mut (impl AsyncWrite + Unpin),
    reports: &mut Reports,
    lines: &Lines,
    is_between_lines: &AtomicBool,
    enough: &Notify,
) -> io::Result<()> {
    let mut beats = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    loop {
        let said: Arc<[u8]> = tokio::select! {
            biased;
            () = enough.notified() => return Ok(()),
            report = reports.next() => match report {
                Some(report) => lines.of(&report),
                None => return Ok(()),
            },
            _ = beats.tick() => Arc::from(*b"\n"),
        };
        is_between_lines.store(false, Ordering::Relaxed);
        writer.write_all(&said).await?;
        is_between_lines.store(true, Ordering::Relaxed);
    }
}

/// Does what a visitor asks until it has left.
///
/// # Errors
/// What it said that cannot be understood, or asks for too much.
async fn obey(reader: OwnedReadHalf, seat: &HubSeat) -> Result<(), String> {
    let mut reader = BufReader::new(reader);
    let mut said = Vec::new();
    loop {
        // An error means that the visitor is gone.
        let Ok(read) = reader.fill_buf().await else { return Ok(()) };
        if read.is_empty() {
            return Ok(());
        }
        let Some((taken, is_at_its_end)) = add_to_line(&mut said, read, LONGEST_COMMAND) else {
            return Err(format!("a command has at most {LONGEST_COMMAND} bytes"));
        };
        reader.consume(taken);
        if is_at_its_end {
            if !said.trim_ascii().is_empty() {
                let command: Command = serde_json::from_slice(&said)
                    .map_err(|error| format!("this is no command: {}", json::plain(&error)))?;
                if let Some(words) = refused(&command) {
                    return Err(words);
                }
                seat.send(command);
            }
            said.clear();
        }
        sleep(BREATH).await;
    }
}

/// Reports as lines. The one with an epoch's predictions is large, and made once for all visitors.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Option<LargeLine>>>);

/// The last large line, and the predictions in it.
struct LargeLine {
    of: Predictions,
    line: Arc<[u8]>,
}

impl Lines {
    fn of(&self, report: &Report) -> Arc<[u8]> {
        let Some(predictions) = predictions(report).filter(|predictions| !predictions.is_empty()) else {
            return line(report).into();
        };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref().filter(|last| Arc::ptr_eq(&last.of, predictions)) {
            return Arc::clone(&last.line);
        }
        let line: Arc<[u8]> = line(report).into();
        *last = Some(LargeLine { of: Predictions::clone(predictions), line: Arc::clone(&line) });
        line
    }
}
