//! The training of one network: the order of the images, the epochs, the steps, and the figures that come of them.
//! Knows no device: the arithmetic is a [`Learner`]'s. Knows neither commands nor reports.

use std::sync::Arc;

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::{
    error::EngineError,
    evaluation::{Evaluation, evaluation, softmax},
    insight,
    learner::{Learner, LearnerState, StepOutcome},
    model,
    tally::Tally,
};
use crate::{
    fashion::{Dataset, PIXELS, Split},
    metrics::{Spans, ratio},
    protocol::{Attribution, BatchRecord, Probabilities, TileRange, Tiles},
    settings::Settings,
};

/// A loss that no training comes back from: a network that guesses has 2.3, and one that is as sure of the wrong class
/// as 32-bit logits of a sane size allow, some hundreds. Adam's bounded steps can hold a loss in the trillions without
/// ever overflowing to infinity.
const HOPELESS: f64 = 1e9;

/// Whether training ends at this loss.
fn is_hopeless(loss: f64) -> bool {
    !loss.is_finite() || loss > HOPELESS
}

/// All that a trainer must know to go on, in another process, as if it had never been interrupted. The order of the
/// images follows from the seed and the epoch, and so needs no more than a position in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrainerState {
    /// The network and its optimizer.
    pub learner: LearnerState,
    /// The epoch, from 1.
    pub epoch: u32,
    /// Images of the epoch that were trained.
    pub position: usize,
    /// Whether these are all.
    pub epoch_is_over: bool,
    /// The figures of the epoch's steps so far.
    pub tally: Tally,
}

/// Leads a learner through its epochs.
pub(super) struct Trainer {
    learner: Box<dyn Learner>,
    dataset: Arc<Dataset>,
    settings: Settings,
    epoch: u32,
    /// The training images in this epoch's order.
    order: Vec<u32>,
    /// How many of them were trained.
    position: usize,
    /// Steps trained in the run.
    steps: u64,
    /// Those of them whose figures are known.
    known_steps: u64,
    /// The known figures of this epoch.
    tally: Tally,
    /// Those of them that nobody asked for yet, and how many images they are of.
    recent: Spans<BatchRecord>,
    recent_images: u64,
    outcomes: Vec<StepOutcome>,
}

impl Trainer {
    /// A trainer before its first step. The learner learns from this data set, with these settings.
    pub fn new(learner: Box<dyn Learner>, dataset: Arc<Dataset>, settings: Settings) -> Self {
        let order = order(dataset.train.len(), settings.seed, 1);
        Self {
            learner,
            dataset,
            settings,
            epoch: 1,
            order,
            position: 0,
            steps: 0,
            known_steps: 0,
            tally: Tally::default(),
            recent: Spans::default(),
            recent_images: 0,
            outcomes: Vec::new(),
        }
    }

    /// The epoch, from 1.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Steps trained in the run whose figures are known.
    pub fn known_steps(&self) -> u64 {
        self.known_steps
    }

    /// Steps trained in the run, whether their figures are known or not.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The known figures of this epoch.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// What the run was asked to do.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether every image of this epoch was trained.
    pub fn epoch_is_over(&self) -> bool {
        self.position == self.order.len()
    }

    /// Whether this epoch is the last one.
    pub fn epoch_is_the_last(&self) -> bool {
        self.epoch >= self.settings.epochs
    }

    /// Trains the epoch's next batch; nothing when the epoch is over. Its figures come with [`Trainer::drain`].
    pub fn step(&mut self) -> Result<(), EngineError> {
        let after = |start: usize| self.order.len().min(start.saturating_add(self.settings.batch_size));
        let end = after(self.position);
        if self.position < end {
            self.learner.step(&self.order[self.position..end], &self.order[end..after(end)])?;
            self.position = end;
            self.steps += 1;
        }
        Ok(())
    }

    /// Takes in the figures of the steps since the last call. Waits for the device.
    ///
    /// # Errors
    /// [`EngineError::Diverged`] at the first loss that is no finite number, or a hopeless one; the steps before it are
    /// taken in.
    pub fn drain(&mut self) -> Result<(), EngineError> {
        self.learner.drain(&mut self.outcomes)?;
        for outcome in std::mem::take(&mut self.outcomes) {
            if is_hopeless(outcome.loss.into()) {
                return Err(self.diverged("loss", outcome.loss.into(), self.known_steps + 1));
            }
            self.known_steps += 1;
            self.tally.add(outcome);
            self.recent_images += u64::from(outcome.images);
            self.recent.push(BatchRecord {
                epoch: self.epoch,
                step: self.known_steps,
                steps: 1,
                loss: outcome.loss.into(),
                accuracy: ratio(outcome.correct.into(), outcome.images.into()),
            });
        }
        Ok(())
    }

    /// The curve of the known figures since the last call, if there are any, and how many images they are of.
    pub fn take_recent(&mut self) -> Option<(Vec<BatchRecord>, u64)> {
        let (recent, images) = (std::mem::take(&mut self.recent), std::mem::take(&mut self.recent_images));
        (images > 0).then(|| (recent.into_vec(), images))
    }

    /// Reshuffles the images and starts over with them.
    pub fn begin_next_epoch(&mut self) {
        self.epoch += 1;
        self.order = order(self.dataset.train.len(), self.settings.seed, self.epoch);
        self.position = 0;
        self.tally = Tally::default();
    }

    fn diverged(&self, what: &'static str, value: f64, step: u64) -> EngineError {
        let learning_rate = self.settings.learning_rate;
        EngineError::Diverged { what, value, step, epoch: self.epoch, learning_rate }
    }

    /// Shows the network every test image.
    ///
    /// # Errors
    /// [`EngineError::Diverged`] when the loss is no finite number, or a hopeless one.
    pub fn evaluate(&mut self) -> Result<Evaluation, EngineError> {
        let test = &self.dataset.test;
        let logits = self.learner.test_logits()?;
        let evaluation = evaluation(test, &logits);
        if is_hopeless(evaluation.loss) {
            return Err(self.diverged("loss on the test images", evaluation.loss, self.known_steps));
        }
        Ok(evaluation)
    }

    /// The network's prediction for one test image; `None` where there is no such image.
    pub fn predict(&mut self, index: usize) -> Result<Option<Probabilities>, EngineError> {
        let Some(image) = pixels(&self.dataset.test, index) else { return Ok(None) };
        Ok(self.learner.logits(image)?.first().map(softmax))
    }

    /// What each pixel of a test image says for the network's prediction; `None` where there is no such image.
    pub fn attribution(&mut self, index: usize) -> Result<Option<Attribution>, EngineError> {
        let Some(image) = pixels(&self.dataset.test, index) else { return Ok(None) };
        let pixels = insight::attribution(self.settings.model, &self.learner.parameters()?, image)?;
        Ok(Some(Attribution { index, step: self.steps, pixels }))
    }

    /// These parts of the network.
    pub fn tiles(&mut self, range: TileRange) -> Result<Tiles, EngineError> {
        let tiles = model::tiles(self.settings.model, &self.learner.parameters()?, range);
        Ok(Tiles { step: self.steps, of: model::tile_count(&self.settings), tiles })
    }

    /// All that it takes to go on from here in another trainer.
    pub fn state(&mut self) -> Result<TrainerState, EngineError> {
        self.drain()?;
        let learner = self.learner.state()?;
        let epoch_is_over = self.epoch_is_over();
        Ok(TrainerState { learner, epoch: self.epoch, position: self.position, epoch_is_over, tally: self.tally })
    }

    /// Goes on from this state, which a trainer with equal settings and data had.
    pub fn restore(&mut self, state: &TrainerState) -> Result<(), EngineError> {
        self.learner.restore(&state.learner)?;
        self.epoch = state.epoch;
        self.order = order(self.dataset.train.len(), self.settings.seed, state.epoch);
        self.position = state.position.min(self.order.len());
        self.steps = state.learner.step;
        self.known_steps = state.learner.step;
        self.tally = state.tally;
        (self.recent, self.recent_images) = (Spans::default(), 0);
        Ok(())
    }
}

/// The bytes of the image at `index`, if there is such an image.
fn pixels(split: &Split, index: usize) -> Option<&[u8; PIXELS]> {
    split.pixels().as_chunks().0.get(index)
}

/// The order in which an epoch takes the images: a shuffle that depends on nothing but the seed and the epoch. It is
/// drawn from the generator's stream of the epoch's number, from 1 on: the initial weights have stream 0.
fn order(images: usize, seed: u64, epoch: u32) -> Vec<u32> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(epoch.into());
    let mut order: Vec<u32> = (0..u32::try_from(images).expect("a data set has fewer than 2^32 images")).collect();
    order.shuffle(&mut generator);
    order
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::Cpu;

    use super::*;
    use crate::{
        engine::{
            plain::{PlainLearner, prepare_cpu_thread},
            samples::fashion,
        },
        fashion::CLASSES,
    };

    fn trainer(dataset: &Arc<Dataset>, settings: &Settings) -> Trainer {
        prepare_cpu_thread(1);
        let state = model::untrained(settings);
        let learner = PlainLearner::new(Cpu::default(), Arc::clone(dataset), settings.clone(), &state);
        Trainer::new(Box::new(learner.expect("the CPU has room")), Arc::clone(dataset), settings.clone())
    }

    /// Trains so many steps, over the ends of epochs too.
    fn train(trainer: &mut Trainer, steps: usize) {
        for _ in 0..steps {
            if trainer.epoch_is_over() {
                trainer.begin_next_epoch();
            }
            trainer.step().expect("the CPU computes");
            trainer.drain().expect("the loss is finite");
        }
    }

    fn small() -> Settings {
        Settings { hidden: vec![16], ..Settings::default() }
    }

    #[test]
    fn one_seed_trains_the_same_weights_bit_for_bit_and_another_seed_others() {
        let dataset = fashion(1_000, 1);
        let trained = |seed| {
            let mut trainer = trainer(&dataset, &Settings { seed, ..small() });
            train(&mut trainer, 50);
            trainer.state().expect("the CPU computes")
        };
        let (first, second) = (trained(3), trained(3));
        let bits = |state: &TrainerState| -> Vec<u32> {
            state.learner.parameters.iter().flat_map(|tensor| &tensor.values).map(|weight| weight.to_bits()).collect()
        };
        assert!(bits(&first) == bits(&second), "one seed trained two networks");
        assert!(bits(&first) != bits(&trained(4)), "two seeds trained one network");
    }

    #[test]
    fn a_run_that_is_resumed_amid_an_epoch_ends_as_one_that_never_stopped() {
        let dataset = fashion(1_000, 1);
        let mut whole = trainer(&dataset, &small());
        train(&mut whole, 45);
        let state = whole.state().expect("the CPU computes");
        assert_eq!((state.epoch, state.position, state.tally.steps), (2, 13 * 32, 13));

        let mut resumed = trainer(&dataset, &small());
        resumed.restore(&state).expect("the layers are the same");
        assert_eq!(resumed.state().expect("the CPU computes"), state);
        // Once within the second epoch, and then into the third, past the short last batch of the second.
        for steps in [10, 20] {
            train(&mut whole, steps);
            train(&mut resumed, steps);
            assert_eq!(resumed.state().expect("the CPU computes"), whole.state().expect("the CPU computes"));
        }
        assert_eq!((resumed.known_steps(), resumed.epoch()), (75, 3));
    }

    #[test]
    fn every_epoch_takes_every_image_once_in_an_order_of_its_own() {
        let orders = [order(1_000, 0, 1), order(1_000, 0, 2), order(1_000, 1, 1)];
        for order in &orders {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..1_000).collect::<Vec<_>>());
        }
        assert_ne!(orders[0], orders[1]);
        assert_ne!(orders[0], orders[2]);
    }

    /// Fixed, because a run that is resumed by a later build must go on in the order in which it began.
    #[test]
    fn seed_0_shuffles_as_it_always_did() {
        assert_eq!(order(60_000, 0, 1)[..4], [36_540, 49_192, 3_629, 34_018]);
    }

    #[test]
    fn a_batch_larger_than_the_split_is_the_whole_split() {
        let mut trainer = trainer(&fashion(50, 1), &Settings { batch_size: usize::MAX, ..small() });
        trainer.step().expect("the CPU computes");
        trainer.drain().expect("the loss is finite");
        assert!(trainer.epoch_is_over());
        assert_eq!((trainer.tally().steps, trainer.tally().images), (1, 50));
        trainer.step().expect("there is nothing to do");
        assert_eq!(trainer.steps(), 1);
    }

    #[test]
    fn an_evaluation_agrees_with_its_predictions() {
        let dataset = fashion(640, 200);
        let mut trainer = trainer(&dataset, &small());
        train(&mut trainer, 20);
        let evaluation = trainer.evaluate().expect("the loss is finite");
        let (mut loss, mut right) = (0.0, 0.0);
        for (index, probabilities) in evaluation.predictions.iter().enumerate() {
            let sum: f32 = probabilities.iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "the probabilities of image {index} sum to {sum}");
            let class = dataset.test.class(index).index();
            loss -= f64::from(probabilities[class]).ln() / 200.0;
            right += f64::from(u8::from(probabilities.iter().all(|other| *other <= probabilities[class])));
        }
        assert!((evaluation.loss - loss).abs() < 1e-5, "{} is not {loss}", evaluation.loss);
        assert!((evaluation.accuracy - right / 200.0).abs() < 1e-9);
        assert!(evaluation.accuracy > 0.3, "20 steps teach more than {}", evaluation.accuracy);
        let alone = trainer.predict(7).expect("the CPU computes").expect("image 7 is there");
        for (one, other) in alone.iter().zip(&evaluation.predictions[7]) {
            assert!((one - other).abs() < 1e-5);
        }
        assert_eq!(trainer.predict(200).expect("the CPU computes"), None);
    }

    #[test]
    fn a_loss_that_is_no_number_names_its_step_and_a_lower_learning_rate() {
        let mut trainer = trainer(&fashion(320, 1), &Settings { learning_rate: 1e30, ..small() });
        for _ in 0..10 {
            trainer.step().expect("the CPU computes");
        }
        let error = trainer.drain().expect_err("no network bears this").to_string();
        assert_eq!(
            error,
            "the loss became NaN at step 2 (epoch 1): try a learning rate lower than 1e30, for example 0.001"
        );
        let (spans, images) = trainer.take_recent().expect("the first step is known");
        assert_eq!((spans.len(), spans[0].steps, images), (1, 1, 32));
        // And what is left of the network has no opinion, rather than one that is no number.
        assert_eq!(trainer.predict(0).expect("the CPU computes"), Some([0.1; CLASSES]));
        let error = trainer.evaluate().expect_err("no network bears this").to_string();
        assert!(error.starts_with("the loss on the test images became NaN at step 1"), "{error}");
    }

    #[test]
    fn a_loss_that_no_training_comes_back_from_ends_it_before_it_overflows() {
        let mut trainer = trainer(&fashion(320, 1), &Settings { learning_rate: 1e6, ..small() });
        for _ in 0..10 {
            trainer.step().expect("the CPU computes");
        }
        let error = trainer.drain().expect_err("no network bears this").to_string();
        assert!(error.starts_with("the loss became ") && error.contains(" at step 2 (epoch 1)"), "{error}");
        assert!(error.ends_with("lower than 1000000, for example 0.001"), "{error}");
    }
}
