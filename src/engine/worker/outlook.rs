//! What is to be seen of the network while it learns, and how often. Trains nothing.

use std::time::{Duration, Instant};

use crate::{
    engine::{error::EngineError, listener::Listener, trainer::Trainer},
    protocol::{Look, Report},
};

/// Predictions are reported no more often than this while training runs free: ten times per second.
const PREDICTION_REPORT: Duration = Duration::from_millis(100);
/// Looking into the network costs training no more than one part in so many.
const INSIGHT_SHARE: u32 = 50;
/// Predictions cost it no more than one part in so many, unless every step is to be followed.
const PREDICTION_SHARE: u32 = 10;
/// How much of the time for answers may be used up in advance: 200 ms of answers, enough for a person who leafs through
/// images.
const RUSH: Duration = Duration::from_millis(200).saturating_mul(INSIGHT_SHARE);
/// What takes no longer than this is reported at the end of every epoch.
const CHEAP: Duration = Duration::from_millis(5);

/// What is to be seen, and when it is time to report it again.
///
/// What cannot be seen, for want of memory for instance, is no reason to stop training: it is said once, and then no
/// longer looked at.
#[derive(Default)]
pub(super) struct Outlook {
    look: Look,
    /// Whether it is not answered yet.
    is_new: bool,
    /// Until when the time for answers is used up.
    spent_until: Option<Instant>,
    /// What the last report of each kind took.
    predictions_took: Duration,
    insight_took: Duration,
    next_predictions: Option<Instant>,
    /// When the network may be looked into again, beyond its predictions.
    next_insight: Option<Instant>,
    /// Why something could not be seen, as it was said last.
    unseen: Option<String>,
}

impl Outlook {
    /// From now on this is to be seen.
    pub fn turn_to(&mut self, look: Look) {
        self.look = look;
        self.is_new = true;
    }

    /// How long until what is to be seen may be reported for the first time; `None`: it was.
    pub fn until_answer(&self) -> Option<Duration> {
        let now = Instant::now();
        self.is_new
            .then(|| self.spent_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now + RUSH)))
    }

    /// Reports what is to be seen for the first time; where that `costs_training`, within its share.
    pub fn answer_in_time(&mut self, costs_training: bool, trainer: &mut Trainer, listener: &mut impl Listener) {
        let Some(wait) = self.until_answer() else { return };
        if !costs_training {
            self.report(trainer, listener);
        } else if wait.is_zero() {
            let start = Instant::now();
            self.report(trainer, listener);
            let spent_until = self.spent_until.map_or(start, |until| until.max(start));
            self.spent_until = Some(spent_until + start.elapsed() * INSIGHT_SHARE);
        }
    }

    /// Whether it takes next to no time to report all of it.
    pub fn is_cheap(&self) -> bool {
        self.predictions_took + self.insight_took <= CHEAP
    }

    /// Reports all of it, whether it is time or not.
    pub fn report(&mut self, trainer: &mut Trainer, listener: &mut impl Listener) {
        self.is_new = false;
        self.report_predictions(trainer, listener);
        self.report_insight(trainer, listener);
    }

    /// Reports what it is time to report; where every step is to be followed (`slow`), it is time for predictions.
    pub fn report_in_time(&mut self, slow: bool, trainer: &mut Trainer, listener: &mut impl Listener) {
        if slow || is_due(self.next_predictions) {
            self.report_predictions(trainer, listener);
        }
        if is_due(self.next_insight) {
            self.report_insight(trainer, listener);
        }
    }

    /// Reports what the network makes of the images that are to be seen.
    fn report_predictions(&mut self, trainer: &mut Trainer, listener: &mut impl Listener) {
        let start = Instant::now();
        if let Err(error) = predictions(&self.look, trainer, listener) {
            self.look.predicted.clear();
            self.say(&error, listener);
        }
        self.predictions_took = start.elapsed();
        self.next_predictions = Some(start + PREDICTION_REPORT.max(self.predictions_took * PREDICTION_SHARE));
    }

    /// Reports what is to be seen of the network's inside, and puts off the next time by what this one took.
    fn report_insight(&mut self, trainer: &mut Trainer, listener: &mut impl Listener) {
        let start = Instant::now();
        if let Err(error) = attributions(&self.look, trainer, listener) {
            self.look.explained.clear();
            self.say(&error, listener);
        }
        if let Err(error) = tiles(&self.look, trainer, listener) {
            self.look.tiles.clear();
            self.say(&error, listener);
        }
        self.insight_took = start.elapsed();
        self.next_insight = Some(start + PREDICTION_REPORT.max(self.insight_took * INSIGHT_SHARE));
    }

    /// Says why something cannot be seen, unless that was said just before.
    fn say(&mut self, error: &EngineError, listener: &mut impl Listener) {
        let text = format!("cannot show all that is looked at: {error}");
        if self.unseen.as_ref() != Some(&text) {
            self.unseen = Some(text.clone());
            listener.report(Report::Note { text });
        }
    }
}

fn predictions(look: &Look, trainer: &mut Trainer, listener: &mut impl Listener) -> Result<(), EngineError> {
    for &index in &look.predicted {
        if let Some(probabilities) = trainer.predict(index)? {
            listener.report(Report::Prediction { index, step: trainer.steps(), probabilities });
        }
    }
    Ok(())
}

fn attributions(look: &Look, trainer: &mut Trainer, listener: &mut impl Listener) -> Result<(), EngineError> {
    for &index in &look.explained {
        if let Some(attribution) = trainer.attribution(index)? {
            listener.report(Report::Attribution(attribution));
        }
    }
    Ok(())
}

fn tiles(look: &Look, trainer: &mut Trainer, listener: &mut impl Listener) -> Result<(), EngineError> {
    for &range in &look.tiles {
        listener.report(Report::Tiles(trainer.tiles(range)?));
    }
    Ok(())
}

fn is_due(next: Option<Instant>) -> bool {
    next.is_none_or(|next| next <= Instant::now())
}
