//! A listener's mailbox: reports on their way to whoever may take their time. What is put in never waits, and what is
//! not taken stays within bounded memory.
//!
//! Of batches the newest waits, with the curve of all. Of the answers about one image, of the device's usage, of the
//! pace, of whether it trains and of checkpoints the newest waits too. Predictions of an epoch wait no longer than the
//! hub keeps them: whoever takes the epoch later gets its figures alone. So what grows while nobody takes anything is
//! the figures of each epoch, and what is said once: notes, and what was not saved.

use std::{
    collections::VecDeque,
    future::poll_fn,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc::TryRecvError},
    task::{Context, Poll, Waker},
};

use super::{asked::answered, letter::Letter};
use crate::{
    metrics::Spans,
    protocol::{BatchRecord, Report},
};

/// The mailbox, as the hub fills it.
#[derive(Debug)]
pub(super) struct Mailbox {
    held: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    letters: VecDeque<Letter>,
    /// The curve that goes with the batch that waits.
    curve: Spans<BatchRecord>,
    is_closed: bool,
    /// Who waits.
    waker: Option<Waker>,
}

impl Mailbox {
    /// A mailbox with these letters in it.
    pub fn new(letters: Vec<Letter>) -> Self {
        let mut waiting = Waiting::default();
        for letter in letters {
            waiting.put(letter);
        }
        Self { held: Mutex::new(waiting), changed: Condvar::new() }
    }

    /// Puts a letter in.
    pub fn put(&self, letter: Letter) {
        let mut waiting = self.waiting();
        if !waiting.is_closed {
            waiting.put(letter);
            self.wake(waiting);
        }
    }

    /// There will be no more letters.
    pub fn close(&self) {
        let mut waiting = self.waiting();
        waiting.is_closed = true;
        self.wake(waiting);
    }

    fn wake(&self, mut waiting: MutexGuard<'_, Waiting>) {
        let waker = waiting.waker.take();
        drop(waiting);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn put(&mut self, mut letter: Letter) {
        if let Some(batch) = letter.batch() {
            self.curve.extend(batch.spans.drain(..));
        }
        match letter.plain() {
            // What comes after it is another curve.
            Some(Report::Started(_)) => self.close_curve(),
            Some(Report::NotSaved { .. }) if self.last_of_the_disk() == letter.plain() => return,
            Some(report) => {
                if let Some(older) = self.outdated_by(report) {
                    self.letters.remove(older);
                }
            }
            None => {}
        }
        self.letters.push_back(letter);
    }

    /// Gives the batch that waits its curve, to which no more is added.
    fn close_curve(&mut self) {
        let curve = mem::take(&mut self.curve).into_vec();
        if let Some(batch) = self.letters.iter_mut().rev().find_map(Letter::batch).filter(|_| !curve.is_empty()) {
            batch.spans = curve;
        }
    }

    /// The last waiting word of what is on the disk. What it says already is not said again: neither that a disk stays
    /// full, nor that one more checkpoint is kept.
    fn last_of_the_disk(&self) -> Option<&Report> {
        let is_about_the_disk = |waits: &&Report| matches!(waits, Report::Saved { .. } | Report::NotSaved { .. });
        self.letters.iter().rev().filter_map(Letter::plain).find(is_about_the_disk)
    }

    /// Which waiting letter has nothing to say once this one is there.
    fn outdated_by(&self, report: &Report) -> Option<usize> {
        match report {
            Report::Saved { .. } => {
                let last = self.last_of_the_disk().filter(|last| matches!(last, Report::Saved { .. }))?;
                self.position(|waits| waits == last)
            }
            Report::Silent => self.position(|waits| matches!(waits, Report::Silent)),
            Report::Usage(_) => self.position(|waits| matches!(waits, Report::Usage(_))),
            Report::Paced { .. } => self.position(|waits| matches!(waits, Report::Paced { .. })),
            Report::Evaluating { .. } => self.position(|waits| matches!(waits, Report::Evaluating { .. })),
            Report::Paused | Report::Resumed => {
                self.position(|waits| matches!(waits, Report::Paused | Report::Resumed))
            }
            Report::Prediction { .. } | Report::Attribution(_) | Report::Tiles(_) => {
                let asked = answered(report)?;
                self.position(|waits| answered(waits) == Some(asked))
            }
            Report::Batch(_) => self
                .position(|waits| matches!(waits, Report::Batch(_) | Report::Started(_)))
                .filter(|&last| matches!(self.letters[last].plain(), Some(Report::Batch(_)))),
            // Of all others each waits.
            Report::Started(_)
            | Report::Untrained { .. }
            | Report::Epoch { .. }
            | Report::Ended { .. }
            | Report::Replaying
            | Report::NotSaved { .. }
            | Report::Note { .. }
            | Report::Finished
            | Report::Failed { .. } => None,
        }
    }

    fn position(&self, is_meant: impl Fn(&Report) -> bool) -> Option<usize> {
        self.letters.iter().rposition(|letter| letter.plain().is_some_and(&is_meant))
    }

    fn take(&mut self) -> Result<Letter, TryRecvError> {
        match self.letters.pop_front() {
            Some(mut letter) => {
                if let Some(batch) = letter.batch().filter(|batch| batch.spans.is_empty()) {
                    batch.spans = mem::take(&mut self.curve).into_vec();
                }
                Ok(letter)
            }
            None if self.is_closed => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }
}

/// A listener's reports, in their order. Whoever takes them may take all the time there is: nobody waits for it.
#[derive(Debug)]
pub struct Reports {
    mailbox: Arc<Mailbox>,
}

impl Reports {
    /// Those that come into this mailbox.
    pub(super) fn of(mailbox: Arc<Mailbox>) -> Self {
        Self { mailbox }
    }

    /// The next report, if it is there.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] when none is there yet, [`TryRecvError::Disconnected`] when there will be none.
    pub fn try_next(&mut self) -> Result<Report, TryRecvError> {
        let letter = self.mailbox.waiting().take();
        letter.map(Letter::open)
    }

    /// Waits for the next report; `None`: there will be none.
    pub fn wait(&mut self) -> Option<Report> {
        let mut waiting = self.mailbox.waiting();
        loop {
            match waiting.take() {
                Ok(letter) => {
                    drop(waiting);
                    return Some(letter.open());
                }
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {
                    waiting = self.mailbox.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// As [`Reports::wait`], in any event loop. One that is waited for no longer is not lost.
    pub async fn next(&mut self) -> Option<Report> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &Context) -> Poll<Option<Report>> {
        let mut waiting = self.mailbox.waiting();
        match waiting.take() {
            Ok(letter) => {
                drop(waiting);
                Poll::Ready(Some(letter.open()))
            }
            Err(TryRecvError::Disconnected) => Poll::Ready(None),
            Err(TryRecvError::Empty) => {
                waiting.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
