//! Commands on their way to whoever obeys them. However many are sent, few wait, and the end overtakes them all.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{
            Receiver, RecvError, RecvTimeoutError, SendError, SyncSender, TryRecvError, TrySendError, sync_channel,
        },
    },
    time::Duration,
};

use crate::protocol::Command;

/// The most commands that wait, far more than keys are pressed meanwhile. Past it the oldest is forgotten: what is
/// asked for last is what counts.
const MOST_COMMANDS: usize = 64;

/// A way for commands, and its other end.
#[must_use]
pub fn commands() -> (CommandSender, CommandQueue) {
    let (bell, rings) = sync_channel(1);
    let waiting = Waiting::default();
    (CommandSender { waiting: waiting.clone(), bell }, CommandQueue { waiting, rings })
}

/// Where commands are sent from.
#[derive(Clone, Debug)]
pub struct CommandSender {
    waiting: Waiting,
    bell: SyncSender<()>,
}

/// Where commands wait until they are taken.
#[derive(Debug)]
pub struct CommandQueue {
    waiting: Waiting,
    rings: Receiver<()>,
}

/// The commands that wait, oldest first.
#[derive(Clone, Debug, Default)]
struct Waiting(Arc<Mutex<VecDeque<Command>>>);

impl CommandSender {
    /// Sends a command, and never waits. Of looks, of paces and of wishes to save the newest alone waits.
    ///
    /// # Errors
    /// When nobody takes commands any longer.
    pub fn send(&self, command: Command) -> Result<(), SendError<Command>> {
        self.waiting.put(command.clone());
        match self.bell.try_send(()) {
            Ok(()) | Err(TrySendError::Full(())) => Ok(()),
            Err(TrySendError::Disconnected(())) => Err(SendError(command)),
        }
    }
}

impl CommandQueue {
    /// The next command, once there is one.
    ///
    /// # Errors
    /// When there is none, and nobody is left to send one.
    pub fn recv(&self) -> Result<Command, RecvError> {
        loop {
            match self.waiting.take() {
                Some(command) => return Ok(command),
                None => self.rings.recv()?,
            }
        }
    }

    /// The next command, if it comes within this time.
    ///
    /// # Errors
    /// When none comes, or nobody is left to send one.
    pub fn recv_timeout(&self, wait: Duration) -> Result<Command, RecvTimeoutError> {
        loop {
            match self.waiting.take() {
                Some(command) => return Ok(command),
                // A bell that rang for a command that is taken already makes the time begin again, once.
                None => self.rings.recv_timeout(wait)?,
            }
        }
    }

    /// The next command, if one waits.
    ///
    /// # Errors
    /// When none does, or nobody is left to send one.
    pub fn try_recv(&self) -> Result<Command, TryRecvError> {
        loop {
            match self.waiting.take() {
                Some(command) => return Ok(command),
                None => self.rings.try_recv()?,
            }
        }
    }

    /// The commands that wait.
    pub fn try_iter(&self) -> impl Iterator<Item = Command> {
        std::iter::from_fn(|| self.try_recv().ok())
    }
}

impl Waiting {
    fn put(&self, command: Command) {
        let mut commands = self.commands();
        match &command {
            Command::Stop => commands.clear(),
            Command::Look(_) => commands.retain(|waits| !matches!(waits, Command::Look(_))),
            Command::Pace { .. } => commands.retain(|waits| !matches!(waits, Command::Pace { .. })),
            Command::Save => commands.retain(|waits| *waits != Command::Save),
            Command::Pause | Command::Resume | Command::Step | Command::Replay | Command::EndReplay => {}
        }
        if commands.front() != Some(&Command::Stop) {
            commands.push_back(command);
        }
        if commands.len() > MOST_COMMANDS {
            commands.pop_front();
        }
    }

    fn take(&self) -> Option<Command> {
        self.commands().pop_front()
    }

    fn commands(&self) -> MutexGuard<'_, VecDeque<Command>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Look;

    fn look(image: usize) -> Command {
        Command::Look(Look { predicted: [image].into(), ..Look::default() })
    }

    fn pace(steps_per_second: f64) -> Command {
        Command::Pace { steps_per_second: Some(steps_per_second) }
    }

    /// What waits after these were sent.
    fn waiting(sent: impl IntoIterator<Item = Command>) -> Vec<Command> {
        let (sender, queue) = commands();
        sent.into_iter().for_each(|command| sender.send(command).expect("there is a queue"));
        queue.try_iter().collect()
    }

    #[test]
    fn of_looks_of_paces_and_of_wishes_to_save_the_newest_alone_waits() {
        let sent = (0..1000).flat_map(|image| [look(image), Command::Save, pace(4.0), Command::Pause]).take(11);
        assert_eq!(waiting(sent), [Command::Pause, Command::Pause, look(2), Command::Save, pace(4.0)]);
    }

    #[test]
    fn of_very_many_commands_the_newest_wait() {
        let mut sent = vec![Command::Pause; 1000];
        sent.push(Command::Resume);
        let waiting = waiting(sent);
        assert_eq!((waiting.len(), waiting.last()), (MOST_COMMANDS, Some(&Command::Resume)));
    }

    #[test]
    fn the_end_overtakes_all_that_waits_and_nothing_comes_after_it() {
        let flood = || (0..100).flat_map(|image| [look(image), Command::Save, Command::Step]);
        assert_eq!(waiting(flood().chain([Command::Stop]).chain(flood())), [Command::Stop]);
    }

    #[test]
    fn commands_are_waited_for_until_nobody_is_left_to_send_one() {
        let (sender, queue) = commands();
        assert_eq!(queue.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(queue.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
        let other = sender.clone();
        let thread = std::thread::spawn(move || other.send(Command::Pause));
        assert_eq!(queue.recv(), Ok(Command::Pause));
        thread.join().expect("it does not panic").expect("there is a queue");
        sender.send(Command::Resume).expect("there is a queue");
        drop(sender);
        assert_eq!(queue.recv(), Ok(Command::Resume));
        assert_eq!(queue.recv(), Err(RecvError));
        assert_eq!(queue.try_recv(), Err(TryRecvError::Disconnected));
        let (sender, queue) = commands();
        drop(queue);
        assert_eq!(sender.send(Command::Save), Err(SendError(Command::Save)));
    }
}
