//! The hub of a run: hands one stream of reports to any number of listeners, and their commands to the one who trains.
//! Never waits for a listener: a slow one gets fewer reports of batches, and all of the others.
//!
//! Each listener says what of the network it looks at. The trainer is asked for all of that together, and a listener
//! gets only the answers that it asked for. A listener that comes late gets what it missed, as far as [`memory`] has
//! it.

mod asked;
mod epochs;
mod letter;
mod mailbox;
mod memory;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

pub use self::mailbox::Reports;
use self::{mailbox::Mailbox, memory::Memory};
use crate::{
    engine::CommandSender,
    metrics::thinning::CAPACITY,
    protocol::{Command, Look, Report},
};

/// The hub, as listeners come to it.
#[derive(Clone, Debug)]
pub(super) struct Hub(Arc<Mutex<HubState>>);

#[derive(Debug, Default)]
struct HubState {
    memory: Memory,
    listeners: BTreeMap<u64, Listening>,
    /// The number of the next listener.
    next: u64,
    /// Where commands go to, while somebody trains.
    commands: Option<CommandSender>,
    /// What the trainer was last asked for: all that the listeners look at.
    look: Look,
    is_closed: bool,
}

/// A listener, as the hub knows it.
#[derive(Debug)]
struct Listening {
    /// Gone when nobody takes the reports any longer.
    mailbox: Weak<Mailbox>,
    look: Look,
}

impl Hub {
    /// A hub, and what feeds it. `shows_predictions`: whether those who come look at the predictions of past epochs;
    /// without that it keeps none but the newest and the first.
    pub fn new(shows_predictions: bool) -> (Self, Emitter) {
        let memory = Memory::new(if shows_predictions { CAPACITY } else { 0 });
        let hub = Self(Arc::new(Mutex::new(HubState { memory, ..HubState::default() })));
        let emitter = Emitter(Arc::new(Feed(hub.clone())));
        (hub, emitter)
    }

    /// Sends commands to this trainer from now on, and asks it for what the listeners look at.
    pub fn connect(&self, commands: CommandSender) {
        let mut state = self.state();
        if !state.is_closed {
            state.commands = Some(commands);
            if state.look != Look::default() {
                state.send(Command::Look(state.look.clone()));
            }
        }
    }

    /// A place for one more listener, which gets what it missed first.
    pub fn join(&self) -> (HubSeat, Reports) {
        let mut state = self.state();
        let mailbox = Arc::new(Mailbox::new(state.memory.replay()));
        if state.is_closed {
            mailbox.close();
        }
        let number = state.next;
        state.next += 1;
        state.listeners.insert(number, Listening { mailbox: Arc::downgrade(&mailbox), look: Look::default() });
        drop(state);
        (HubSeat { number, hub: self.clone() }, Reports::of(mailbox))
    }

    /// Whether the training waits for somebody to let it go on.
    pub fn is_paused(&self) -> bool {
        self.state().memory.is_paused()
    }

    /// There will be no more reports, and nobody takes commands.
    pub fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.commands = None;
        state.mailboxes().for_each(|mailbox| mailbox.close());
    }

    fn publish(&self, report: Report) {
        let mut state = self.state();
        if state.is_closed {
            return;
        }
        let HubState { memory, listeners, look, .. } = &mut *state;
        let is_answer = asked::answered(&report).is_some();
        // What nobody asks for any longer was under way when the last one went.
        if is_answer && !asked::answers(&report, look) {
            return;
        }
        let interested = listeners.values().filter(|listener| !is_answer || asked::answers(&report, &listener.look));
        let mailboxes: Vec<Arc<Mailbox>> = interested.filter_map(|listener| listener.mailbox.upgrade()).collect();
        let letter = memory.keep(report);
        for mailbox in mailboxes {
            mailbox.put(letter.clone());
        }
    }

    /// Does what this listener asks for.
    fn obey(&self, number: u64, command: Command) {
        let mut state = self.state();
        match command {
            Command::Look(look) => state.look_at(number, look),
            command => state.send(command),
        }
    }

    fn leave(&self, number: u64) {
        let mut state = self.state();
        if let Some(listener) = state.listeners.remove(&number) {
            listener.mailbox.upgrade().iter().for_each(|mailbox| mailbox.close());
            state.ask();
        }
    }

    fn state(&self) -> MutexGuard<'_, HubState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HubState {
    fn mailboxes(&self) -> impl Iterator<Item = Arc<Mailbox>> {
        self.listeners.values().filter_map(|listener| listener.mailbox.upgrade())
    }

    /// Takes what this listener looks at from now on. What is known of it already comes at once: the trainer is not
    /// asked again for what somebody else looks at.
    fn look_at(&mut self, number: u64, look: Look) {
        let Some(listener) = self.listeners.get_mut(&number) else { return };
        if let Some(mailbox) = listener.mailbox.upgrade() {
            let known = self.memory.answers();
            let is_new = |report: &&Report| asked::answers(report, &look) && !asked::answers(report, &listener.look);
            known.filter(is_new).for_each(|report| mailbox.put(report.clone().into()));
        }
        listener.look = look;
        self.ask();
    }

    /// Asks the trainer for all that the listeners look at, where that has changed.
    fn ask(&mut self) {
        let look = self.listeners.values().fold(Look::default(), |all, listener| all.union(&listener.look));
        if look != self.look {
            self.memory.forget_answers_but(&look);
            self.look = look.clone();
            self.send(Command::Look(look));
        }
    }

    fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // An error means that the trainer has ended, which its reports say.
            let _ = commands.send(command);
        }
    }
}

/// What feeds a hub with reports. With the last of its clones the stream ends.
#[derive(Clone, Debug)]
pub(super) struct Emitter(Arc<Feed>);

#[derive(Debug)]
struct Feed(Hub);

impl Emitter {
    /// Hands a report to all listeners that it is for, without waiting for any of them.
    pub fn emit(&self, report: Report) {
        self.0.0.publish(report);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A listener's place at the hub, from which it sends commands. Dropping it ends its reports and takes back what it
/// asked to see.
#[derive(Debug)]
pub(super) struct HubSeat {
    number: u64,
    hub: Hub,
}

impl HubSeat {
    /// Asks something of the run.
    pub fn send(&self, command: Command) {
        self.hub.obey(self.number, command);
    }
}

impl Drop for HubSeat {
    fn drop(&mut self) {
        self.hub.leave(self.number);
    }
}
