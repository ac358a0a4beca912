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
                let _ = thread::Builder::new().name("meter".to_owned()).spawn(move || {
                    let mut meter = Meter::new(gpu);
                    follow(|| meter.read(), &watched, &emitter);
                });
            }
            Report::Resumed => self.watched().at_work = true,
            Report::Paused | Report::Finished | Report::Failed { .. } | Report::Ended { .. } => {
                self.watched().at_work = false;
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

/// Reports how busy the device is, by `read`, once a second while it is at work, until nobody trains any longer. A
/// driver may take its time to answer: it keeps nobody waiting who trains.
fn follow(mut read: impl FnMut() -> Option<Usage>, watched: &Weak<Mutex<Watched>>, emitter: &Emitter) {
    let at_work = || Some(lock(&*watched.upgrade()?).at_work);
    // The first reading is what the later ones are compared with.
    let _ = read();
    loop {
        thread::sleep(METER_INTERVAL);
        let Some(is_at_work) = at_work() else { return };
        let Some(usage) = is_at_work.then(&mut read).flatten() else { continue };
        let Some(watched) = watched.upgrade() else { return };
        lock(&watched).usage = Some(usage.clone());
        emitter.emit(Report::Usage(usage));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{channel, sync_channel};

    use super::*;
    use crate::session::hub::Hub;

    #[test]
    fn a_driver_that_does_not_answer_keeps_nobody_waiting_who_trains() {
        const PATIENCE: Duration = Duration::from_secs(30);
        let usage =
            Usage { name: None, load_percent: 90, memory: 0, memory_total: None, temperature: None, power: None };
        let ((asked, is_asked), (answers, answer)) = (channel(), sync_channel::<Usage>(0));
        let (hub, emitter) = Hub::new(false);
        let (_seat, mut reports) = hub.join();
        let watch = Watch(Arc::new(Mutex::new(Watched { at_work: true, usage: None })));
        let watched = Arc::downgrade(&watch.0);
        let ask = move || asked.send(()).ok().and_then(|()| answer.recv().ok());
        let meter = thread::spawn(move || follow(ask, &watched, &emitter));
        let until_asked = || is_asked.recv_timeout(PATIENCE).expect("the meter is read");
        until_asked();
        answers.send(usage.clone()).expect("the meter waits");
        until_asked();
        // The driver has not answered yet.
        let (taken, is_taken) = channel();
        let trainer = thread::spawn(move || {
            let _ = taken.send(watch.take_usage());
            watch
        });
        assert_eq!(is_taken.recv_timeout(PATIENCE), Ok(None));
        let watch = trainer.join().expect("it does not panic");
        answers.send(usage.clone()).expect("the meter waits");
        assert_eq!(reports.wait(), Some(Report::Usage(usage.clone())));
        assert_eq!(watch.take_usage(), Some(usage));
        drop((watch, answers));
        meter.join().expect("it ends with the training");
    }
}
