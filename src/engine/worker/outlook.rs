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

/// What is to be seen, and when it is time to report it again.
pub(super) struct Outlook {
    look: Look,
    next_predictions: Option<Instant>,
    /// When the network may be looked into again, beyond its predictions.
    next_insight: Option<Instant>,
}

impl Outlook {
    /// This is to be seen.
    pub fn new(look: Look) -> Self {
        Self { look, next_predictions: None, next_insight: None }
    }

    /// From now on this is to be seen; reports it as it is now.
    pub fn turn_to(
        &mut self,
        look: Look,
        trainer: &mut Trainer,
        listener: &mut impl Listener,
    ) -> Result<(), EngineError> {
        self.look = look;
        self.report(trainer, listener)
    }

    /// Reports all of it, whether it is time or not.
    pub fn report(&mut self, trainer: &mut Trainer, listener: &mut impl Listener) -> Result<(), EngineError> {
        self.report_predictions(trainer, listener)?;
        self.report_insight(trainer, listener)
    }

    /// Reports what it is time to report; where every step is to be followed (`slow`), it is time for predictions.
    pub fn report_in_time(
        &mut self,
        slow: bool,
        trainer: &mut Trainer,
        listener: &mut impl Listener,
    ) -> Result<(), EngineError> {
        if slow || is_due(self.next_predictions) {
            self.report_predictions(trainer, listener)?;
        }
        if is_due(self.next_insight) {
            self.report_insight(trainer, listener)?;
        }
        Ok(())
    }

    /// Reports what the network makes of the images that are to be seen.
    pub fn report_predictions(
        &mut self,
        trainer: &mut Trainer,
        listener: &mut impl Listener,
    ) -> Result<(), EngineError> {
        for index in &self.look.predicted {
            if let Some(probabilities) = trainer.predict(*index)? {
                let step = trainer.steps();
                listener.report(Report::Prediction { index: *index, step, probabilities });
            }
        }
        self.next_predictions = Some(Instant::now() + PREDICTION_REPORT);
        Ok(())
    }

    /// Reports what is to be seen of the network's inside, and puts off the next time by what this one took.
    fn report_insight(&mut self, trainer: &mut Trainer, listener: &mut impl Listener) -> Result<(), EngineError> {
        let start = Instant::now();
        for index in &self.look.explained {
            if let Some(attribution) = trainer.attribution(*index)? {
                listener.report(Report::Attribution(attribution));
            }
        }
        for range in &self.look.tiles {
            listener.report(Report::Tiles(trainer.tiles(*range)?));
        }
        self.next_insight = Some(start + PREDICTION_REPORT.max(start.elapsed() * INSIGHT_SHARE));
        Ok(())
    }
}

fn is_due(next: Option<Instant>) -> bool {
    next.is_none_or(|next| next <= Instant::now())
}
