//! A training at one moment, as a safetensors file that other programs read too, and back. Knows bytes; where they are
//! kept is others' business.
//!
//! Tensors, all of 32-bit floats. Which parameters there are is the model's to say; a dense network's are, N from 0 for
//! the first layer:
//!
//! | name | shape |
//! |---|---|
//! | `layers.N.weight` | `[out, in]`, as `torch.nn.Linear` has it |
//! | `layers.N.bias` | `[out]` |
//! | `adam.first_moment.` and a parameter's name | that parameter's |
//! | `adam.second_moment.` and a parameter's name | that parameter's |
//!
//! The metadata's `fitroom` is a [`CheckpointHeader`] as JSON: how far the training is, and what it was asked to do.
//! The order of an epoch's images follows from the seed and the epoch's number, so that no generator has a state to
//! keep.

mod error;
mod header;
mod tensors;

use safetensors::{SafeTensors, tensor};

pub use self::error::CheckpointError;
use self::{
    header::{CheckpointHeader, VERSION},
    tensors::{FIRST_MOMENT, Floats, PARAMETER, SECOND_MOMENT, check_values, floats},
};
use super::{
    choice,
    error::EngineError,
    evaluation::{Evaluation, evaluation, softmax},
    learner::{LearnerState, NamedTensor},
    model,
    trainer::TrainerState,
};
use crate::{
    fashion::Split,
    json,
    protocol::Probabilities,
    settings::{Difference, Setting, Settings},
};

/// What the names of the parameters and of their moments begin with.
const KINDS: [&str; 3] = [PARAMETER, FIRST_MOMENT, SECOND_MOMENT];

/// A training between two of its steps: all that it takes to go on as if it had never stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(super) state: TrainerState,
    /// Seconds of training that the epoch took so far.
    pub(super) seconds: f64,
    settings: Settings,
    dataset: Option<String>,
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

    /// The network's parameters.
    #[must_use]
    pub fn parameters(&self) -> &[NamedTensor] {
        &self.state.learner.parameters
    }

    /// The values of every parameter, under the name that Keras has for it: `dense/kernel`.
    pub fn variables(&self) -> impl Iterator<Item = (String, &[f32])> {
        let values = self.parameters().iter().map(|parameter| &*parameter.values);
        model::outlines(&self.settings).map(|outline| outline.variable).zip(values)
    }

    /// What the network takes these images for (`pixels`: n × 784 bytes); n entries.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn predict(&self, pixels: &[u8]) -> Result<Vec<Probabilities>, EngineError> {
        Ok(choice::logits(&self.settings, &self.state.learner, pixels)?.iter().map(softmax).collect())
    }

    /// How the network does on this split.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn evaluate(&self, split: &Split) -> Result<Evaluation, EngineError> {
        Ok(evaluation(split, &choice::logits(&self.settings, &self.state.learner, split.pixels())?))
    }

    /// The file's bytes, with the digest of the data set that it learned from.
    ///
    /// # Errors
    /// When the layers' names cannot be written, which are the program's own.
    pub fn to_bytes(&self, dataset: &str) -> Result<Vec<u8>, CheckpointError> {
        let TrainerState { learner, epoch, position, epoch_is_over, tally } = &self.state;
        let header = CheckpointHeader {
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
        let all = [&learner.parameters, &learner.first_moments, &learner.second_moments];
        let tensors = KINDS.into_iter().zip(all).flat_map(|(kind, tensors)| {
            tensors.iter().map(move |tensor| (format!("{kind}{}", tensor.name), Floats(tensor)))
        });
        Ok(tensor::serialize(tensors, Some(header.metadata()))?)
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// When they are cut short, another program's, or not what they say.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let file = SafeTensors::deserialize(bytes)?;
        let header = CheckpointHeader::read(bytes)?;
        header.check()?;
        let tensors = |kind| -> Result<Vec<NamedTensor>, CheckpointError> {
            model::outlines(&header.settings).map(|outline| floats(&file, kind, outline)).collect()
        };
        let (parameters, first_moments) = (tensors(PARAMETER)?, tensors(FIRST_MOMENT)?);
        let second_moments = tensors(SECOND_MOMENT)?;
        for (kind, all) in KINDS.into_iter().zip([&parameters, &first_moments, &second_moments]) {
            all.iter().try_for_each(|tensor| check_values(kind, tensor))?;
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::{Dtype, tensor::TensorView};

    use super::{header::KEY, *};
    use crate::engine::{samples::untrained, tally::Tally};

    fn checkpoint(hidden: &[usize]) -> Checkpoint {
        let mut learner = untrained(hidden, 3);
        learner.step = 77;
        learner.first_moments = untrained(hidden, 4).parameters;
        learner.second_moments = untrained(hidden, 5).parameters;
        for tensor in &mut learner.second_moments {
            tensor.values.iter_mut().for_each(|value| *value = value.abs());
        }
        let tally = Tally { steps: 7, images: 224, correct: 100, loss_sum: 0.1 + 0.2 };
        let state = TrainerState { learner, epoch: 2, position: 224, epoch_is_over: false, tally };
        Checkpoint::new(state, 1.25, Settings { hidden: hidden.to_vec(), ..Settings::default() })
    }

    /// The file's bytes with its header changed.
    fn with_header(checkpoint: &Checkpoint, change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let bytes = checkpoint.to_bytes("digest").expect("there is room");
        let file = SafeTensors::deserialize(&bytes).expect("it is a safetensors file");
        let mut header =
            serde_json::to_value(CheckpointHeader::read(&bytes).expect("it has a header")).expect("it is JSON");
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
    fn what_differs_from_the_run_is_said() {
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
        let header =
            serde_json::to_string(&CheckpointHeader::read(&whole).expect("it has a header")).expect("it is JSON");
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
