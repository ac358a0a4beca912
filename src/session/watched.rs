//! A run that this process looks on at: while another process trains it through a connection to that, else as its
//! directory has it, and from the one to the other as the run ends and goes on. What comes is handed on by a hub of
//! this process, so that whoever looks on here is as slow or as late as anywhere.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use color_eyre::eyre::{Result, WrapErr};

use super::{
    hub::{Emitter, Hub, HubSeat, Reports},
    remote::{Connection, TheLine, hand_on, take_in},
    saved::Player,
    standing::ended,
    watching::Watching,
};
use crate::{
    engine,
    fashion::Dataset,
    printable::Printable,
    protocol::{Command, Report},
    run::Timestamp,
};

/// How often to look whether somebody trains the run again.
const RETRY: Duration = Duration::from_millis(100);

/// How long a run that ended may take to be handed over to another program, before that counts as its end.
const HANDOVER: Duration = Duration::from_secs(2);

/// How long to wait after a connection through which came what cannot be understood: at first, and at most. Each time
/// it takes twice as long.
const BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// A run that this process looks on at. Dropping it leaves the run alone.
#[derive(Debug)]
pub(super) struct WatchedRun {
    seat: HubSeat,
    hub: Hub,
    line: Arc<TheLine>,
    follower: Option<JoinHandle<()>>,
}

impl WatchedRun {
    /// Looks on at this run, whose data set this is.
    ///
    /// # Errors
    /// When whoever trains it cannot be reached or understood, its files cannot be read, or they are of another data
    /// set.
    pub fn open(watching: Watching, dataset: Arc<Dataset>) -> Result<(Self, Reports)> {
        let digest = watching.digest(&dataset)?;
        let connection = watching.connect()?;
        let (hub, emitter) = Hub::new(true);
        let (seat, reports) = hub.join();
        let line = Arc::new(TheLine::default());
        let follower = Follower { watching, dataset, digest, line: Arc::clone(&line), hub: hub.clone(), emitter };
        let stage = match connection {
            Some(connection) => Stage::Trained(connection),
            None => Stage::Saved(Box::new(follower.player()?)),
        };
        let follower = thread::Builder::new()
            .name("follower".to_owned())
            .spawn(move || follower.follow(stage))
            .wrap_err("cannot start a thread")?;
        Ok((Self { seat, hub, line, follower: Some(follower) }, reports))
    }

    /// Asks something of the run.
    pub fn send(&self, command: Command) {
        self.seat.send(command);
    }
}

impl Drop for WatchedRun {
    fn drop(&mut self) {
        self.line.close();
        // Without it the commands end.
        self.hub.close();
        if let Some(follower) = self.follower.take() {
            follower.thread().unpark();
            // One that panicked leaves nothing to be waited for.
            let _ = follower.join();
        }
    }
}

/// Who has the run.
enum Stage {
    /// Another process, which trains it.
    Trained(Connection),
    /// Nobody: it is as its directory has it.
    Saved(Box<Player>),
    /// Somebody who lets nobody look on, or nobody, and it cannot be opened either.
    Gone,
}

/// What keeps a run from being watched.
#[derive(Clone, Debug, PartialEq)]
enum Obstacle {
    /// Whoever trains it lets nobody look on, for this reason.
    Refused(String),
    /// Somebody trains it, where it cannot be watched.
    Unseen,
    /// Nobody trains it, and its files cannot be read, for this reason.
    Unreadable(String),
}

/// Follows the run from one to the next.
struct Follower {
    watching: Watching,
    dataset: Arc<Dataset>,
    /// The data set's.
    digest: String,
    line: Arc<TheLine>,
    hub: Hub,
    emitter: Emitter,
}

impl Follower {
    /// Until nobody looks on here any more.
    fn follow(&self, first: Stage) {
        let mut stage = Some(first);
        let mut back_off = BACK_OFF;
        // Why it cannot be watched, as it was said last.
        let mut reason = None;
        while let Some(current) = stage.take().filter(|_| !self.line.is_closing()) {
            stage = match current {
                Stage::Trained(connection) => Some(self.listen(connection, &mut back_off)),
                Stage::Saved(player) => {
                    let (sender, commands) = engine::commands();
                    self.hub.connect(sender);
                    player.attend(&commands, || self.connection()).map(Stage::Trained)
                }
                Stage::Gone => Some(match self.look_again() {
                    Ok(found) => {
                        reason = None;
                        found
                    }
                    Err(obstacle) => {
                        if reason.as_ref() != Some(&obstacle) {
                            self.say(&obstacle);
                            reason = Some(obstacle);
                        }
                        self.line.rest(BACK_OFF);
                        Stage::Gone
                    }
                }),
            };
        }
    }

    /// Hands on what one process reports, and what is asked of it, until it is gone. Returns who has the run then.
    fn listen(&self, mut connection: Connection, back_off: &mut Duration) -> Stage {
        let (sender, commands) = engine::commands();
        let line = Arc::clone(&self.line);
        let writer = thread::Builder::new().name("commands".to_owned()).spawn(move || hand_on(&commands, &line));
        if let Err(error) = self.line.set(&connection).and(writer) {
            self.note(format!("nothing can be asked of the run: {error}"));
        }
        self.hub.connect(sender);
        let done = take_in(&mut connection, &self.watching.run, &self.line, &self.emitter);
        self.line.hang_up();
        // Until it is known who has the run now, nobody does what is asked.
        self.emitter.emit(Report::Silent);
        match done {
            Ok(()) => *back_off = BACK_OFF,
            // The next connection will hardly be any better.
            Err(error) => {
                self.say(&Obstacle::Refused(error.to_string()));
                self.line.rest(*back_off);
                *back_off = back_off.saturating_mul(2).min(LONGEST_BACK_OFF);
            }
        }
        let end = Instant::now() + HANDOVER;
        while !self.line.is_closing() && Instant::now() < end {
            if let Some(next) = self.connection() {
                return Stage::Trained(next);
            }
            thread::park_timeout(RETRY);
        }
        Stage::Gone
    }

    /// Who has the run now.
    ///
    /// # Errors
    /// What keeps it from being watched.
    fn look_again(&self) -> Result<Stage, Obstacle> {
        match self.connect() {
            Ok(Some(connection)) => Ok(Stage::Trained(connection)),
            // There is no room for one more, for instance.
            Err(error) => Err(Obstacle::Refused(error.to_string())),
            // Of a run that others train there is nothing to open.
            Ok(None) if self.watching.trains() => Err(Obstacle::Unseen),
            Ok(None) => match self.player() {
                Ok(player) => Ok(Stage::Saved(Box::new(player))),
                Err(error) => Err(Obstacle::Unreadable(error.to_string())),
            },
        }
    }

    /// A connection to whoever trains the run now.
    ///
    /// # Errors
    /// Why somebody who listens there lets nobody look on.
    fn connect(&self) -> Result<Option<Connection>> {
        Connection::open(&self.watching.run, || !self.line.is_closing())
    }

    /// The same where it does not matter why there is none.
    fn connection(&self) -> Option<Connection> {
        self.connect().ok().flatten()
    }

    /// Says why the run cannot be watched, until it can; and that nothing can be asked of it meanwhile.
    fn say(&self, obstacle: &Obstacle) {
        let as_it_stands = || ended(&self.watching.run, &self.watching.runs, Timestamp::now());
        self.emitter.emit(match obstacle {
            Obstacle::Refused(reason) => {
                Report::Ended { how: format!("cannot be watched: {}", Printable(reason)), next: None }
            }
            Obstacle::Unseen | Obstacle::Unreadable(_) => as_it_stands(),
        });
        if let Obstacle::Unreadable(reason) = obstacle {
            self.note(reason.clone());
        }
        self.emitter.emit(Report::Silent);
    }

    fn player(&self) -> Result<Player> {
        Player::open(&self.watching, &self.dataset, &self.digest, self.emitter.clone())
    }

    fn note(&self, text: String) {
        self.emitter.emit(Report::Note { text });
    }
}
