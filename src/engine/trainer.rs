//! The training of one network: the order of the images, the epochs, the steps, and the figures that come of them.
//! Knows no device: the arithmetic is a [`Learner`]'s. Knows neither commands nor reports.

use std::{io, sync::Arc};

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::insight;
use crate::{
    fashion::{CLASSES, Dataset, PIXELS, Split},
    metrics::most_probable,
    protocol::{Attribution, Probabilities, TileRange, Tiles},
    settings::Settings,
};

/// The generator's stream that the initial weights come from; an epoch's order comes from the stream of its number,
/// which starts at 1, so that no two of them share a random number.
pub(crate) const WEIGHTS_STREAM: u64 = 0;

/// What the last layer says of one image, before the softmax.
pub(crate) type Logits = [f32; CLASSES];

/// A device's way of doing a network's arithmetic: steps, predictions, and its whole state out and in.
///
/// The network is Dense and `ReLU` for each hidden layer, then Dense with ten logits; the loss is the batch's mean softmax
/// cross entropy; the optimizer is Adam as Keras writes it.
pub(crate) trait Learner {
    /// Trains one step on the training images with these indices (1 or more). Does not wait for a device that
    /// computes on its own; the figures come with [`Learner::drain`].
    fn step(&mut self, batch: &[u32]) -> Result<(), EngineError>;

    /// The figures of the steps since the last call, oldest first. Waits for the device.
    fn drain(&mut self, outcomes: &mut Vec<StepOutcome>) -> Result<(), EngineError>;

    /// The ten logits of each of these images (`pixels`: n × 784 bytes, n at least 1), n entries.
    fn logits(&mut self, pixels: &[u8]) -> Result<Vec<Logits>, EngineError>;

    /// The weights and biases, first layer first.
    fn parameters(&self) -> Result<Vec<LayerValues>, EngineError> {
        Ok(self.state()?.parameters)
    }

    /// The weights, the moments and the count of steps.
    fn state(&self) -> Result<LearnerState, EngineError>;

    /// Takes over a state of the same layer sizes; training goes on from it bit for bit.
    fn restore(&mut self, state: &LearnerState) -> Result<(), EngineError>;
}

/// What one step did on its batch, before its update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StepOutcome {
    /// Mean softmax cross entropy over the batch, in nats.
    pub loss: f32,
    /// How many of the batch's images had the largest logit at their true class.
    pub correct: u32,
    /// How many images the batch had.
    pub images: u32,
}

/// A layer's values in the orientation that a checkpoint has (`PyTorch`'s): weight `[outputs, inputs]` row by row.
/// Holds parameters, or Adam's moments of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LayerValues {
    pub inputs: usize,
    pub outputs: usize,
    /// `outputs × inputs` values.
    pub weight: Vec<f32>,
    /// `outputs` values.
    pub bias: Vec<f32>,
}

impl LayerValues {
    /// A layer of zeros.
    pub fn zeros(inputs: usize, outputs: usize) -> Self {
        Self { inputs, outputs, weight: vec![0.0; inputs * outputs], bias: vec![0.0; outputs] }
    }
}

/// All that a learner must know to go on as if it had never been interrupted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LearnerState {
    /// Steps trained; Adam's `t`.
    pub step: u64,
    /// Weights and biases, first layer first.
    pub parameters: Vec<LayerValues>,
    /// Adam's first moments, laid out alike.
    pub first_moments: Vec<LayerValues>,
    /// Adam's second moments, laid out alike.
    pub second_moments: Vec<LayerValues>,
}

/// What can go wrong in an engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The device asked for is not to be had.
    #[error("{0}")]
    Device(String),
    /// A setting that nothing can be trained with.
    #[error("{0}")]
    Setting(String),
    /// The device has too little memory.
    #[error("the device has too little free memory: choose smaller --hidden or --batch-size, or another --device")]
    Memory,
    /// dfdx or the device under it failed.
    #[error("the device failed: {0}")]
    Arithmetic(String),
    /// The loss is no longer a number, or too large to ever come back.
    #[error(
        "the {what} became {} at step {step} (epoch {epoch}): try a learning rate lower than {}, for example {}",
        amount(*value),
        plain(*learning_rate),
        plain(lower(*learning_rate))
    )]
    Diverged {
        /// `loss`, or `loss on the test images`.
        what: &'static str,
        /// What it became.
        value: f64,
        /// Steps trained in the whole run, this one counted.
        step: u64,
        /// The epoch, from 1.
        epoch: u32,
        /// The learning rate that led here.
        learning_rate: f64,
    },
    /// The system gives no thread.
    #[error("cannot start the trainer thread: {0}")]
    Thread(io::Error),
    /// A bug: the trainer thread panicked.
    #[error("the trainer thread panicked: {0}")]
    Panicked(String),
}

// Without `#[from]`, which would also make it the error's source: that is told after the error, and so twice.
impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        Self::Thread(error)
    }
}

impl EngineError {
    /// A device's error, in words.
    #[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
    pub(super) fn arithmetic(error: impl ToString) -> Self {
        let words = error.to_string();
        // As CUDA's driver, cuBLAS and dfdx's CPU call it.
        let is_memory =
            ["OUT_OF_MEMORY", "CUBLAS_STATUS_ALLOC_FAILED", "OutOfMemory"].iter().any(|it| words.contains(it));
        if is_memory { Self::Memory } else { Self::Arithmetic(words) }
    }
}

/// A loss that no training comes back from: a network that guesses has 2.3, and one that is as sure of the wrong class as
/// 32-bit logits of a sane size allow, some hundreds. Adam's bounded steps can hold a loss in the trillions without ever
/// overflowing to infinity.
pub(crate) const HOPELESS: f64 = 1e9;

/// Whether training ends at this loss.
fn is_hopeless(loss: f64) -> bool {
    !loss.is_finite() || loss > HOPELESS
}

/// A loss that is no loss, in words.
fn amount(loss: f64) -> String {
    match loss {
        _ if loss.is_nan() => "NaN".to_owned(),
        _ if loss.is_infinite() => "infinite".to_owned(),
        _ => format!("{loss:.1e}"),
    }
}

/// A learning rate that is worth a try where this one failed: a tenth of it, or the usual 0.001 where that is lower.
fn lower(learning_rate: f64) -> f64 {
    (learning_rate / 10.0).min(1e-3)
}

/// A learning rate as a person would write it: at most three digits that count, no rows of zeros.
fn plain(number: f64) -> String {
    let short = format!("{number:.2e}").parse().unwrap_or(number);
    if (1e-5..1e9).contains(&short) { format!("{short}") } else { format!("{short:e}") }
}

/// Running sums over the figures of some steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Steps counted.
    pub steps: u64,
    /// Images in those steps' batches.
    pub images: u64,
    /// Right answers among them.
    pub correct: u64,
    /// The batches' losses, each times its images.
    pub loss_sum: f64,
}

impl Tally {
    fn add(&mut self, outcome: StepOutcome) {
        self.steps += 1;
        self.images += u64::from(outcome.images);
        self.correct += u64::from(outcome.correct);
        self.loss_sum += f64::from(outcome.loss) * f64::from(outcome.images);
    }

    /// Counts those as well that `other` counts.
    pub fn merge(&mut self, other: Self) {
        self.steps += other.steps;
        self.images += other.images;
        self.correct += other.correct;
        self.loss_sum += other.loss_sum;
    }

    /// Mean loss an image, in nats, as Keras shows it: a short batch counts for less. 0 before the first step.
    #[expect(clippy::cast_precision_loss, reason = "no epoch has the 2^53 images that a float cannot count")]
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.images.max(1) as f64
    }

    /// Right answers among the images, 0 to 1. 0 before the first step.
    #[expect(clippy::cast_precision_loss, reason = "no epoch has the 2^53 images that a float cannot count")]
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }
}

/// How a network does on a split.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Mean softmax cross entropy, in nats.
    pub loss: f64,
    /// Right answers among the images, 0 to 1.
    pub accuracy: f64,
    /// Every image's probabilities, in the split's order.
    pub predictions: Vec<Probabilities>,
}

/// All that a trainer must know to go on, in another process, as if it had never been interrupted. The order of the
/// images follows from the seed and the epoch, and so needs no more than a position in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrainerState {
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
pub(crate) struct Trainer<L> {
    learner: L,
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
    /// Those of them that nobody asked for yet.
    recent: Tally,
    outcomes: Vec<StepOutcome>,
}

impl<L: Learner> Trainer<L> {
    /// A trainer before its first step. The learner learns from this data set, with these settings.
    pub fn new(learner: L, dataset: Arc<Dataset>, settings: Settings) -> Self {
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
            recent: Tally::default(),
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
        let end = self.order.len().min(self.position.saturating_add(self.settings.batch_size));
        if self.position < end {
            self.learner.step(&self.order[self.position..end])?;
            self.position = end;
            self.steps += 1;
        }
        Ok(())
    }

    /// Takes in the figures of the steps since the last call. Waits for the device.
    ///
    /// # Errors
    /// [`EngineError::Diverged`] at the first loss that is no finite number, or a hopeless one; the steps before it are taken in.
    pub fn drain(&mut self) -> Result<(), EngineError> {
        self.learner.drain(&mut self.outcomes)?;
        for outcome in std::mem::take(&mut self.outcomes) {
            if is_hopeless(outcome.loss.into()) {
                return Err(self.diverged("loss", outcome.loss.into(), self.known_steps + 1));
            }
            self.known_steps += 1;
            self.tally.add(outcome);
            self.recent.add(outcome);
        }
        Ok(())
    }

    /// The known figures since the last call, if there are any.
    pub fn take_recent(&mut self) -> Option<Tally> {
        let recent = std::mem::take(&mut self.recent);
        (recent.steps > 0).then_some(recent)
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
        let logits = self.learner.logits(test.pixels())?;
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
        let pixels = insight::attribution(&self.learner.parameters()?, image)?;
        Ok(Some(Attribution { index, step: self.steps, pixels }))
    }

    /// These parts of the network.
    pub fn tiles(&mut self, range: TileRange) -> Result<Tiles, EngineError> {
        let parameters = self.learner.parameters()?;
        let of = parameters.first().map_or(0, |layer| layer.outputs);
        Ok(Tiles { step: self.steps, of, tiles: insight::tiles(&parameters, range) })
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
        self.recent = Tally::default();
        Ok(())
    }
}

/// The bytes of the image at `index`, if there is such an image.
fn pixels(split: &Split, index: usize) -> Option<&[u8; PIXELS]> {
    split.pixels().as_chunks().0.get(index)
}

/// The order in which an epoch takes the images: a shuffle that depends on nothing but the seed and the epoch.
fn order(images: usize, seed: u64, epoch: u32) -> Vec<u32> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(epoch.into());
    let mut order: Vec<u32> = (0..u32::try_from(images).expect("a data set has fewer than 2^32 images")).collect();
    order.shuffle(&mut generator);
    order
}

/// Mean loss, accuracy and probabilities of a split that got these logits.
#[expect(clippy::cast_precision_loss, reason = "a split has fewer than the 2^53 images that a float counts exactly")]
pub(super) fn evaluation(split: &Split, logits: &[Logits]) -> Evaluation {
    let predictions: Vec<_> = logits.iter().map(softmax).collect();
    let loss: f64 =
        logits.iter().zip(split.classes()).map(|(logits, class)| cross_entropy(logits, class.index())).sum();
    let right = predictions
        .iter()
        .zip(split.classes())
        .filter(|(probabilities, class)| most_probable(probabilities) == **class);
    let images = split.len() as f64;
    Evaluation { loss: loss / images, accuracy: right.count() as f64 / images, predictions }
}

/// Softmax cross entropy of one image, in nats: ln Σ exp(logit) - the true class's logit. Taken from the logits, for a
/// probability that a float rounds to 0 would make it infinite.
fn cross_entropy(logits: &Logits, class: usize) -> f64 {
    let logits = logits.map(f64::from);
    let largest = logits.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    sum.ln() + largest - logits[class]
}

/// The probabilities that these logits mean. A network whose logits are no finite numbers any more says nothing, and so
/// each class gets a tenth.
pub(super) fn softmax(logits: &Logits) -> Probabilities {
    if !logits.iter().all(|logit| logit.is_finite()) {
        return [0.1; CLASSES];
    }
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials = logits.map(|logit| (logit - largest).exp());
    let sum: f32 = exponentials.iter().sum();
    exponentials.map(|exponential| exponential / sum)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use dfdx::prelude::Cpu;

    use super::*;
    use crate::engine::{
        images::fashion,
        network::untrained,
        plain::{PlainLearner, prepare_cpu_thread},
    };

    fn trainer(dataset: &Arc<Dataset>, settings: &Settings) -> Trainer<PlainLearner<Cpu>> {
        prepare_cpu_thread(1);
        let state = untrained(&settings.hidden, settings.seed);
        let learner = PlainLearner::new(Cpu::default(), Arc::clone(dataset), settings.learning_rate, &state);
        Trainer::new(learner.expect("the CPU has room"), Arc::clone(dataset), settings.clone())
    }

    /// Trains so many steps, over the ends of epochs too.
    fn train(trainer: &mut Trainer<impl Learner>, steps: usize) {
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
            state.learner.parameters.iter().flat_map(|layer| &layer.weight).map(|weight| weight.to_bits()).collect()
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
    fn a_device_without_room_says_what_to_do() {
        let error = EngineError::arithmetic("Driver(DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\"))");
        assert!(error.to_string().contains("choose smaller --hidden"), "{error}");
        assert!(EngineError::arithmetic("CUDA_ERROR_ILLEGAL_ADDRESS").to_string().starts_with("the device failed"));
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
    fn a_short_batch_counts_by_its_images_in_the_running_means() {
        let mut tally = Tally::default();
        assert_eq!((tally.loss(), tally.accuracy()), (0.0, 0.0));
        tally.add(StepOutcome { loss: 1.0, correct: 24, images: 32 });
        tally.add(StepOutcome { loss: 2.0, correct: 0, images: 8 });
        assert_eq!((tally.loss(), tally.accuracy()), (1.2, 0.6));
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
        assert_eq!(trainer.take_recent().map(|recent| recent.steps), Some(1));
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

    #[test]
    fn the_advice_is_a_tenth_or_the_usual_rate_in_few_digits() {
        let advice = |rate| plain(lower(rate));
        assert_eq!(
            (advice(1e6), advice(0.01), advice(0.007), advice(0.001)),
            four(["0.001", "0.001", "0.0007", "0.0001"])
        );
        assert_eq!((plain(1e6), plain(0.1), plain(2.0 / 3.0), plain(1e-9)), four(["1000000", "0.1", "0.667", "1e-9"]));
    }

    fn four(words: [&str; 4]) -> (String, String, String, String) {
        let [a, b, c, d] = words.map(str::to_owned);
        (a, b, c, d)
    }

    #[test]
    fn huge_logits_have_finite_losses_and_probabilities() {
        let mut logits = [0.0; CLASSES];
        logits[3] = 3e38;
        logits[4] = -3e38;
        assert_eq!(softmax(&logits)[3], 1.0);
        assert_eq!(cross_entropy(&logits, 3), 0.0);
        assert!(cross_entropy(&logits, 4) > 5e38);
        assert!((cross_entropy(&[1.0; CLASSES], 0) - 10.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn logits_that_are_no_numbers_mean_a_tenth_for_each_class() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut logits = [1.0; CLASSES];
            logits[9] = bad;
            assert_eq!(softmax(&logits), [0.1; CLASSES]);
        }
    }
}
