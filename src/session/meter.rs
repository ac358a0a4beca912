//! Reads how busy the device is while it trains, on a thread of its own. What can be read is for `machine` to say.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use super::hub::Emitter;
use crate::{
    machine::Meter,
    protocol::{Report, Usage},
};

/// How often the device's meter is read.
const METER_INTERVAL: Duration = Duration::from_secs(1);

/// The device that is watched: shared with the thread that reads its meter, which ends when this is gone.
#[derive(Debug, Default)]
pub(super) struct Watch(Arc<Mutex<Watched>>);

/// What the device does.
#[derive(Debug, Default)]
struct Watched {
    at_work: bool,
    usage: Option<Usage>,
}

impl Watch {
    /// Follows what the device does. The meter of one that begins to train is read from then on.
    pub fn follow(&self, report: &Report, emitter: &Emitter) {
        match report {
            Report::Started(started) => {
                self.watched().at_work = true;
                let (gpu, watched, emitter) = (started.gpu, Arc::downgrade(&self.0), emitter.clone());
                // Without a thread there is nothing to be read of the device, which is no loss to the training.
                let _ = thread::Builder::new()
                    .name("meter".to_owned())
                    .spawn(move || read(Meter::new(gpu), &watched, &emitter));
            }
            Report::Resumed => self.watched().at_work = true,
            Report::Paused | Report::Finished | Report::Failed { .. } | Report::Ended { .. } => {
                self.watched().at_work = false
            }
            _ => {}
        }
    }

    /// What the meter said last, once.
    pub fn take_usage(&self) -> Option<Usage> {
        self.watched().usage.take()
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        lock(&self.0)
    }
}

fn lock(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reports how busy the device is, once a second while it is at work, until nobody trains any longer.
fn read(mut meter: Meter, watched: &Weak<Mutex<Watched>>, emitter: &Emitter) {
    // The first reading is what the later ones are compared with.
    let _ = meter.read();
    loop {
        thread::sleep(METER_INTERVAL);
        let Some(watched) = watched.upgrade() else { return };
        let mut watched = lock(&watched);
        if watched.at_work
            && let Some(usage) = meter.read()
        {
            watched.usage = Some(usage.clone());
            drop(watched);
            emitter.emit(Report::Usage(usage));
        }
    }
}
