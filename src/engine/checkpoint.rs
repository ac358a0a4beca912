//! A training at one moment, as a safetensors file that other programs read too, and back. Knows bytes; where they are
//! kept is others' business.
//!
//! Tensors, all of 32-bit floats, N from 0 for the first layer:
//!
//! | name | shape |
//! |---|---|
//! | `layers.N.weight` | `[out, in]`, as `torch.nn.Linear` has it |
//! | `layers.N.bias` | `[out]` |
//! | `adam.first_moment.layers.N.weight`, `….bias` | alike |
//! | `adam.second_moment.layers.N.weight`, `….bias` | alike |
//!
//! The metadata's `fitroom` is a [`Header`] as JSON: how far the training is, and what it was asked to do. The order of an
//! epoch's images follows from the seed and the epoch's number, so that no generator has a state to keep.

use std::{borrow::Cow, collections::HashMap, fmt};

use safetensors::{
    Dtype, SafeTensorError, SafeTensors, View,
    tensor::{self, TensorView},
};
use serde::{Deserialize, Serialize};

use super::{
    shards,
    trainer::{EngineError, Evaluation, LayerValues, LearnerState, Tally, TrainerState, evaluation, softmax},
};
use crate::{
    fashion::{CLASSES, PIXELS, Split},
    json,
    protocol::Probabilities,
    settings::{Difference, Setting, Settings},
};

/// The layout that this program writes, and the only one that it reads.
const VERSION: u32 = 1;
/// The metadata's key of the header.
const KEY: &str = "fitroom";
/// The most images that a data set can have: they are counted in 32 bits.
const MOST_IMAGES: u64 = u32::MAX as u64;
/// What the names of the parameters and of their moments begin with.
const KINDS: [&str; 3] = ["", "adam.first_moment.", "adam.second_moment."];

/// A training between two of its steps: all that it takes to go on as if it had never stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(super) state: TrainerState,
    /// Seconds of training that the epoch took so far.
    pub(super) seconds: f64,
    settings: Settings,
    dataset: Option<String>,
}

/// What the metadata says.
#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    /// Steps trained.
    step: u64,
    /// The epoch, from 1, and how many of its images are trained.
    epoch: u32,
    position: usize,
    /// Whether these are all.
    epoch_is_over: bool,
    /// The figures of the epoch so far.
    tally: Tally,
    seconds: f64,
    settings: Settings,
    /// The data set's digest, if whoever wrote the file knew it.
    dataset: Option<String>,
}

impl Header {
    /// Whether a training can have written it: one step trains a batch, the last one of an epoch what is left.
    fn check(&self) -> Result<(), CheckpointError> {
        let wrong = |what, found: &dyn fmt::Display, expected: &dyn fmt::Display| {
            Err(CheckpointError::Header { what, found: found.to_string(), expected: expected.to_string() })
        };
        let Settings { epochs, batch_size, learning_rate, hidden, .. } = &self.settings;
        if *epochs == 0 {
            return wrong("epochs", epochs, &"1 or more");
        }
        if !(1..=MOST_IMAGES).contains(&(*batch_size as u64)) {
            return wrong("batch size", batch_size, &"1 or more, and no more than there can be images");
        }
        if !(learning_rate.is_finite() && *learning_rate > 0.0) {
            return wrong("learning rate", learning_rate, &"a positive number");
        }
        if let Some(units) = hidden.iter().find(|units| **units == 0) {
            return wrong("units of a hidden layer", units, &"1 or more");
        }
        if !(1..=*epochs).contains(&self.epoch) {
            return wrong("epoch", &self.epoch, &format_args!("1 to {epochs}, the epochs of its training"));
        }
        let batch_size = *batch_size as u64;
        let position = self.position as u64;
        if position > MOST_IMAGES {
            return wrong("position", &position, &"no more than there can be images");
        }
        if !self.epoch_is_over && !position.is_multiple_of(batch_size) {
            return wrong("position", &position, &format_args!("a multiple of its batch size {batch_size}"));
        }
        if self.epoch_is_over && position == 0 {
            return wrong("position", &position, &"1 or more in an epoch that is over");
        }
        self.check_steps(position, batch_size)?;
        let Tally { images, correct, loss_sum, .. } = self.tally;
        if images != position {
            return wrong("images of its tally", &images, &format_args!("{position}, its position"));
        }
        if correct > images {
            return wrong("right answers of its tally", &correct, &format_args!("at most {images}, its images"));
        }
        if !(loss_sum.is_finite() && loss_sum >= 0.0) {
            return wrong("loss of its tally", &loss_sum, &"a number from 0");
        }
        if !(self.seconds.is_finite() && self.seconds >= 0.0) {
            return wrong("seconds", &self.seconds, &"a number from 0");
        }
        Ok(())
    }

    /// Whether there are as many steps as it takes to come as far.
    fn check_steps(&self, position: u64, batch_size: u64) -> Result<(), CheckpointError> {
        let steps = position.div_ceil(batch_size);
        if self.tally.steps != steps {
            let expected = format!("{steps}, for {position} images in batches of {batch_size}");
            return Err(CheckpointError::Header {
                what: "steps of its tally",
                found: self.tally.steps.to_string(),
                expected,
            });
        }
        // An epoch that is over tells how many steps each of them had.
        let before = u64::from(self.epoch - 1);
        let (least, most) =
            if self.epoch_is_over { (steps, steps) } else { (1.max(steps), MOST_IMAGES.div_ceil(batch_size)) };
        // Below 2⁶⁴, since there are fewer than 2³² of both.
        let possible = before * least + steps..=before * most + steps;
        if possible.contains(&self.step) {
            return Ok(());
        }
        let expected = match possible.into_inner() {
            (least, most) if least == most => format!("{least} in epoch {}", self.epoch),
            (least, most) => format!("{least} to {most} in epoch {}", self.epoch),
        };
        Err(CheckpointError::Header { what: "step", found: self.step.to_string(), expected })
    }
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It is cut short, or no safetensors file at all.
    #[error("it is not a complete safetensors file ({}): put back a copy of it, or train anew", json::plain(_0))]
    NoSafetensors(SafeTensorError),
    /// It is a safetensors file of another program.
    #[error("it is a safetensors file, but not one of fitroom's: {0}")]
    Foreign(String),
    /// It is laid out as another version of fitroom does it.
    #[error("it has layout {found}, and this fitroom reads layout {VERSION}: use the fitroom that wrote it")]
    Version {
        /// The layout that it has.
        found: u32,
    },
    /// A tensor is missing or of another kind than the network's.
    #[error("its tensor {name} {found}, expected {expected}")]
    Tensor {
        /// Which.
        name: String,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A tensor has a value that no training leaves behind.
    #[error("its tensor {name} has {found} at {place:?}, expected {expected}: put back a copy of it, or train anew")]
    Value {
        /// Which.
        name: String,
        /// The first such value.
        found: f32,
        /// Where it is, from 0, an index a dimension.
        place: Vec<usize>,
        /// What it should be.
        expected: &'static str,
    },
    /// What it says of itself cannot be.
    #[error("its header says {what} {found}, expected {expected}: put back a copy of it, or train anew")]
    Header {
        /// Of what.
        what: &'static str,
        /// What it says.
        found: String,
        /// What could be.
        expected: String,
    },
    /// It belongs to a run with other settings.
    #[error("it was trained with {what} {theirs}, and the run with {ours}")]
    Settings {
        /// Which setting.
        what: &'static str,
        /// The checkpoint's.
        theirs: String,
        /// The run's.
        ours: String,
    },
    /// It has learned from other images.
    #[error("it was trained on another data set than the run's")]
    Dataset,
}

// Without `#[from]`, which would also make it the error's source: that is told after the error, and so twice.
impl From<SafeTensorError> for CheckpointError {
    fn from(error: SafeTensorError) -> Self {
        Self::NoSafetensors(error)
    }
}

impl Checkpoint {
    /// What a training's trainer and clock say, with these settings.
    pub(super) fn new(state: TrainerState, seconds: f64, settings: Settings) -> Self {
        Self { state, seconds, settings, dataset: None }
    }

    /// Steps trained.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.state.learner.step
    }

    /// Epochs that are trained and evaluated.
    #[must_use]
    pub fn epochs_done(&self) -> u32 {
        if self.state.epoch_is_over { self.state.epoch } else { self.state.epoch - 1 }
    }

    /// The epoch that it is in, from 1; of a training that is done, the last one.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.state.epoch
    }

    /// Whether it stands between two epochs.
    #[must_use]
    pub fn is_between_epochs(&self) -> bool {
        self.state.epoch_is_over || self.state.position == 0
    }

    /// Units of the hidden layers.
    #[must_use]
    pub fn hidden(&self) -> &[usize] {
        &self.settings.hidden
    }

    /// The weights (`[in, out]` and `[out, in]` have the same values) and the biases of every layer, first layer first.
    pub fn parameters(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        self.state.learner.parameters.iter().map(|layer| (&*layer.weight, &*layer.bias))
    }

    /// What the network takes these images for (`pixels`: n × 784 bytes); n entries.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn predict(&self, pixels: &[u8]) -> Result<Vec<Probabilities>, EngineError> {
        Ok(shards::logits(&self.state.learner, pixels)?.iter().map(softmax).collect())
    }

    /// How the network does on this split.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn evaluate(&self, split: &Split) -> Result<Evaluation, EngineError> {
        Ok(evaluation(split, &shards::logits(&self.state.learner, split.pixels())?))
    }

    /// The file's bytes, with the digest of the data set that it learned from.
    ///
    /// # Errors
    /// When the layers' names cannot be written, which are the program's own.
    #[expect(clippy::missing_panics_doc, reason = "plain data under fixed names is JSON")]
    pub fn to_bytes(&self, dataset: &str) -> Result<Vec<u8>, CheckpointError> {
        let TrainerState { learner, epoch, position, epoch_is_over, tally } = &self.state;
        let header = Header {
            version: VERSION,
            step: learner.step,
            epoch: *epoch,
            position: *position,
            epoch_is_over: *epoch_is_over,
            tally: *tally,
            seconds: self.seconds,
            settings: self.settings.clone(),
            dataset: Some(dataset.to_owned()),
        };
        let header = serde_json::to_string(&header).expect("plain data under fixed names is JSON");
        let all = [&learner.parameters, &learner.first_moments, &learner.second_moments];
        let tensors = KINDS.into_iter().zip(all).flat_map(|(kind, layers)| {
            layers.iter().enumerate().flat_map(move |(number, layer)| {
                let weight = Floats { shape: vec![layer.outputs, layer.inputs], values: &layer.weight };
                let bias = Floats { shape: vec![layer.outputs], values: &layer.bias };
                [(name(kind, number, "weight"), weight), (name(kind, number, "bias"), bias)]
            })
        });
        Ok(tensor::serialize(tensors, Some(HashMap::from([(KEY.to_owned(), header)])))?)
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// When they are cut short, another program's, or not what they say.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let file = SafeTensors::deserialize(bytes)?;
        let header = header(bytes)?;
        header.check()?;
        let sizes: Vec<usize> =
            [PIXELS].into_iter().chain(header.settings.hidden.iter().copied()).chain([CLASSES]).collect();
        let layers = |kind| {
            let pairs = sizes.windows(2).enumerate();
            pairs.map(|(number, size)| layer(&file, kind, number, (size[0], size[1]))).collect::<Result<Vec<_>, _>>()
        };
        let [parameters, first_moments, second_moments] = [layers(KINDS[0])?, layers(KINDS[1])?, layers(KINDS[2])?];
        for (kind, all) in KINDS.into_iter().zip([&parameters, &first_moments, &second_moments]) {
            all.iter().enumerate().try_for_each(|(number, values)| check_values(kind, number, values))?;
        }
        let learner = LearnerState { step: header.step, parameters, first_moments, second_moments };
        let (epoch, position, tally) = (header.epoch, header.position, header.tally);
        Ok(Self {
            state: TrainerState { learner, epoch, position, epoch_is_over: header.epoch_is_over, tally },
            seconds: header.seconds,
            settings: header.settings,
            dataset: header.dataset,
        })
    }

    /// Whether a run with these settings, on the data set of this digest, goes on from here.
    ///
    /// # Errors
    /// What differs.
    pub fn check(&self, settings: &Settings, dataset: &str) -> Result<(), CheckpointError> {
        if let Some(Difference { setting, theirs, asked }) = self.settings.difference(settings) {
            let [theirs, ours] = [theirs, asked].map(|value| {
                let value = if setting == Setting::Hidden { format!("[{}]", value.replace(',', ", ")) } else { value };
                json::shortened(&value).into_owned()
            });
            return Err(CheckpointError::Settings { what: setting.name(), theirs, ours });
        }
        if self.dataset.as_ref().is_some_and(|theirs| theirs != dataset) {
            return Err(CheckpointError::Dataset);
        }
        Ok(())
    }
}

fn name(kind: &str, layer: usize, parameter: &str) -> String {
    format!("{kind}layers.{layer}.{parameter}")
}

fn header(bytes: &[u8]) -> Result<Header, CheckpointError> {
    /// All that can be told of any version.
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    let foreign = |what: &dyn fmt::Display| CheckpointError::Foreign(json::plain(&what));
    let text = metadata.metadata().as_ref().and_then(|values| values.get(KEY));
    let text = text.ok_or_else(|| foreign(&format_args!("its metadata have no {KEY:?}")))?;
    let Version { version } = serde_json::from_str(text).map_err(|error| foreign(&error))?;
    if version != VERSION {
        return Err(CheckpointError::Version { found: version });
    }
    serde_json::from_str(text).map_err(|error| foreign(&error))
}

/// Reads a layer of these inputs and outputs.
fn layer(
    file: &SafeTensors,
    kind: &str,
    number: usize,
    (inputs, outputs): (usize, usize),
) -> Result<LayerValues, CheckpointError> {
    let weight = floats(file, name(kind, number, "weight"), &[outputs, inputs])?;
    let bias = floats(file, name(kind, number, "bias"), &[outputs])?;
    Ok(LayerValues { inputs, outputs, weight, bias })
}

/// Whether all values of a layer are numbers, and none below 0 of the second moments, which are means of squares.
fn check_values(kind: &str, number: usize, layer: &LayerValues) -> Result<(), CheckpointError> {
    let (least, expected) = if kind == KINDS[2] { (0.0, "a number from 0") } else { (f32::MIN, "a number") };
    let first = |values: &[f32]| values.iter().position(|value| !value.is_finite() || *value < least);
    if let Some(at) = first(&layer.weight) {
        let place = vec![at / layer.inputs, at % layer.inputs];
        return Err(CheckpointError::Value {
            name: name(kind, number, "weight"),
            found: layer.weight[at],
            place,
            expected,
        });
    }
    match first(&layer.bias) {
        Some(at) => {
            let (name, found) = (name(kind, number, "bias"), layer.bias[at]);
            Err(CheckpointError::Value { name, found, place: vec![at], expected })
        }
        None => Ok(()),
    }
}

fn floats(file: &SafeTensors, name: String, shape: &[usize]) -> Result<Vec<f32>, CheckpointError> {
    let wrong = |name, found| {
        let expected = format!("32-bit floats of shape {shape:?}");
        Err(CheckpointError::Tensor { name, found, expected })
    };
    let Ok(tensor) = file.tensor(&name) else { return wrong(name, "is missing".to_owned()) };
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        let found = format!("is {:?} of shape {:?}", tensor.dtype(), tensor.shape());
        return wrong(name, json::shortened(&found).into_owned());
    }
    let (values, _) = TensorView::data(&tensor).as_chunks();
    Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// A tensor to write.
struct Floats<'a> {
    shape: Vec<usize>,
    values: &'a [f32],
}

impl View for Floats<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::network::untrained;

    fn checkpoint(hidden: &[usize]) -> Checkpoint {
        let mut learner = untrained(hidden, 3);
        learner.step = 77;
        learner.first_moments = untrained(hidden, 4).parameters;
        learner.second_moments = untrained(hidden, 5).parameters;
        for layer in &mut learner.second_moments {
            layer.weight.iter_mut().chain(&mut layer.bias).for_each(|value| *value = value.abs());
        }
        let tally = Tally { steps: 7, images: 224, correct: 100, loss_sum: 0.1 + 0.2 };
        let state = TrainerState { learner, epoch: 2, position: 224, epoch_is_over: false, tally };
        Checkpoint::new(state, 1.25, Settings { hidden: hidden.to_vec(), ..Settings::default() })
    }

    /// The file's bytes with its header changed.
    fn with_header(checkpoint: &Checkpoint, change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let bytes = checkpoint.to_bytes("digest").expect("there is room");
        let file = SafeTensors::deserialize(&bytes).expect("it is a safetensors file");
        let mut header = serde_json::to_value(header(&bytes).expect("it has a header")).expect("it is JSON");
        change(&mut header);
        tensor::serialize(file.tensors(), Some(HashMap::from([(KEY.to_owned(), header.to_string())])))
            .expect("there is room")
    }

    #[test]
    fn a_checkpoint_reads_back_as_it_was_written() {
        for hidden in [&[16][..], &[40, 33], &[]] {
            let checkpoint = checkpoint(hidden);
            let bytes = checkpoint.to_bytes("digest").expect("there is room");
            let read = Checkpoint::from_bytes(&bytes).expect("it is whole");
            assert_eq!(read, Checkpoint { dataset: Some("digest".to_owned()), ..checkpoint });
            assert_eq!((read.step(), read.epochs_done(), read.is_between_epochs()), (77, 1, false));
            read.check(&Settings { hidden: hidden.to_vec(), epochs: 99, ..Settings::default() }, "digest")
                .expect("it belongs to this run");
        }
    }

    #[test]
    fn what_differs_from_the_run_is_told() {
        let read =
            Checkpoint::from_bytes(&checkpoint(&[16]).to_bytes("digest").expect("there is room")).expect("whole");
        let ours = Settings { hidden: vec![16], ..Settings::default() };
        let differs = |settings: &Settings, digest| read.check(settings, digest).expect_err("they differ").to_string();
        assert_eq!(
            differs(&Settings { hidden: vec![8], ..ours.clone() }, "digest"),
            "it was trained with hidden layers [16], and the run with [8]"
        );
        assert!(differs(&Settings { batch_size: 64, ..ours.clone() }, "digest").contains("batch size 32"));
        assert!(differs(&Settings { learning_rate: 0.5, ..ours.clone() }, "digest").contains("learning rate 0.001"));
        assert!(differs(&Settings { seed: 1, ..ours.clone() }, "digest").contains("seed 0"));
        assert_eq!(differs(&ours, "other"), "it was trained on another data set than the run's");
    }

    #[test]
    fn a_layout_of_another_version_is_refused() {
        let bytes = with_header(&checkpoint(&[16]), |header| header["version"] = 2.into());
        let error = Checkpoint::from_bytes(&bytes).expect_err("it is newer").to_string();
        assert_eq!(error, "it has layout 2, and this fitroom reads layout 1: use the fitroom that wrote it");
    }

    #[test]
    fn tensors_of_another_shape_than_the_settings_are_refused_by_name() {
        let bytes = with_header(&checkpoint(&[16]), |header| header["settings"]["hidden"] = vec![17].into());
        let error = Checkpoint::from_bytes(&bytes).expect_err("they do not fit").to_string();
        assert_eq!(
            error,
            "its tensor layers.0.weight is F32 of shape [16, 784], expected 32-bit floats of shape [17, 784]"
        );
        let bytes = with_header(&checkpoint(&[16]), |header| header["settings"]["hidden"] = vec![16, 10].into());
        let error = Checkpoint::from_bytes(&bytes).expect_err("they do not fit").to_string();
        assert!(error.contains("layers.2.weight is missing"), "{error}");
    }

    #[test]
    fn tensors_of_another_kind_of_numbers_are_refused_by_name() {
        let whole = checkpoint(&[16]).to_bytes("digest").expect("there is room");
        let file = SafeTensors::deserialize(&whole).expect("it is a safetensors file");
        let halves = TensorView::new(Dtype::F16, vec![16], &[0; 32]).expect("they fit");
        let tensors = file
            .tensors()
            .into_iter()
            .map(|(name, tensor)| if name == "layers.0.bias" { (name, halves.clone()) } else { (name, tensor) });
        let header = serde_json::to_string(&header(&whole).expect("it has a header")).expect("it is JSON");
        let bytes = tensor::serialize(tensors, Some(HashMap::from([(KEY.to_owned(), header)]))).expect("there is room");
        let error = Checkpoint::from_bytes(&bytes).expect_err("they are no 32-bit floats").to_string();
        assert_eq!(error, "its tensor layers.0.bias is F16 of shape [16], expected 32-bit floats of shape [16]");
    }

    #[test]
    fn every_cut_of_a_file_is_refused() {
        let bytes = checkpoint(&[8]).to_bytes("digest").expect("there is room");
        for end in (0..bytes.len()).step_by(997).chain([1, 7, 8, 9, bytes.len() - 1]) {
            assert!(Checkpoint::from_bytes(&bytes[..end]).is_err(), "{end} of {} bytes were read", bytes.len());
        }
    }
}
