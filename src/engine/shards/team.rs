//! The trainer thread and its helpers: how a step is called out, and what a helper does with its life. Knows no
//! arithmetic.

use std::sync::{Arc, Mutex, PoisonError};

use dfdx::prelude::CpuError;

use super::{
    crew::Crew,
    exchange::Meeting,
    ink,
    kernels::parameter::AdamStep,
    pass::{Batches, Station},
};
use crate::fashion::Dataset;

/// How many images the helpers fetch ahead: what there is time for between two steps.
const AHEAD: usize = 32;

/// What the trainer thread and its helpers share.
pub(super) struct Team {
    dataset: Arc<Dataset>,
    pub crew: Arc<Crew>,
    /// Where the helpers wait for a call, and the trainer thread for them to be done with it.
    calls: Meeting,
    call: Mutex<Call>,
    batches: Batches,
    images: usize,
}

/// A step that all threads take together.
#[derive(Clone)]
struct Call {
    batch: Vec<u32>,
    /// The first of the images that are likely to come next.
    next: Vec<u32>,
    adam: AdamStep,
}

impl Team {
    /// A team of as many seats as the crew has shards, whose trainer thread has not called yet.
    pub fn new(dataset: Arc<Dataset>, crew: Crew, batches: Batches, images: usize) -> Self {
        let calls = Meeting::new(crew.shards.len());
        let call = Mutex::new(Call { batch: Vec::new(), next: Vec::new(), adam: AdamStep::new(0.0, 1) });
        Self { dataset, crew: Arc::new(crew), calls, call, batches, images }
    }

    /// Calls the helpers, for the `number`th time, to take their part in a step on this batch; the `next` one is likely
    /// to follow.
    pub fn call(&self, batch: &[u32], next: &[u32], adam: AdamStep, number: u64) {
        let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        call.batch.clear();
        call.batch.extend_from_slice(batch);
        call.next.clear();
        call.next.extend_from_slice(&next[..next.len().min(AHEAD)]);
        call.adam = adam;
        drop(call);
        self.calls.say(0, number);
    }

    /// Waits until all helpers are done with this call; `false` when one has ended instead.
    pub fn settle(&self, number: u64) -> bool {
        self.calls.wait(0, 0..self.crew.shards.len(), number)
    }

    /// The memory of the thread on this seat, which is the calling one.
    pub fn station(&self, seat: usize) -> Result<Station, CpuError> {
        self.crew.meeting.sit(seat);
        self.calls.sit(seat);
        Station::new(&self.crew, seat, self.images, Some(self.batches))
    }

    /// A helper's life: takes its part in every step that it is called to.
    pub fn help(&self, seat: usize) {
        // Whatever ends this thread, a panic too, ends the waiting for it.
        let _last_act = LastAct(self);
        dfdx::flush_denormals_to_zero();
        let Ok(mut station) = self.station(seat) else { return };
        let (mut batch, mut next) = (Vec::new(), Vec::new());
        for number in 1.. {
            if !self.calls.wait(seat, 0..1, number) {
                return;
            }
            let call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
            batch.clone_from(&call.batch);
            next.clone_from(&call.next);
            let adam = call.adam;
            drop(call);
            let trained = station.train(&self.dataset.train, &batch, adam, true);
            if trained.is_err() || self.crew.meeting.is_stopped() {
                return;
            }
            self.calls.say(seat, number);
            // While the trainer thread makes up its next call, which all threads will need these images for.
            let part = next.iter().skip(seat - 1).step_by(self.crew.shards.len() - 1);
            ink::fetch(part.map(|image| self.dataset.train.image(*image as usize).pixels()));
        }
    }

    /// Ends all waiting.
    pub fn stop(&self) {
        self.crew.meeting.stop();
        self.calls.stop();
    }
}

/// Ends all meetings when it goes.
struct LastAct<'a>(&'a Team);

impl Drop for LastAct<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
