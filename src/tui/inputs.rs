//! What comes from outside: signals and keys, each in a queue of its own. Decides nothing about them.

use color_eyre::eyre::{Context, Result};
use tokio::sync::mpsc;

use super::{
    keyboard::{self, Input},
    terminal::TakenTerminal,
};
use crate::signals::{self, Signal};

/// How many keys and signals may wait for the event loop, which takes them at once.
const INPUTS: usize = 1024;

/// What comes from outside.
pub(super) struct Inputs {
    pub signals: mpsc::Receiver<Signal>,
    pub keys: mpsc::Receiver<Input>,
}

impl Inputs {
    /// Listens to signals; to keys only once the terminal is taken over.
    pub fn listen() -> Result<Self> {
        let (sender, signals) = mpsc::channel(INPUTS);
        // An error means that the event loop has ended, and the program with it.
        let hand_on = move |signal| {
            let _ = sender.blocking_send(signal);
        };
        signals::listen(true, hand_on).context("cannot listen for signals")?;
        Ok(Self { signals, keys: mpsc::channel(1).1 })
    }

    /// Listens to keys in this terminal.
    pub fn listen_to_keys(&mut self, terminal: &TakenTerminal) -> Result<()> {
        let (sender, keys) = mpsc::channel(INPUTS);
        keyboard::listen(terminal.taken(), move |input| sender.blocking_send(input).is_ok())
            .context("cannot read from the terminal")?;
        self.keys = keys;
        Ok(())
    }
}
