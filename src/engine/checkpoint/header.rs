//! What a checkpoint says of itself: how far the training is, and what it was asked to do. Knows no tensors.

use std::{collections::HashMap, fmt};

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::error::CheckpointError;
use crate::{engine::tally::Tally, json, settings::Settings};

/// The layout that this program writes, and the only one that it reads.
pub(super) const VERSION: u32 = 1;
/// The metadata's key of the header.
pub(super) const KEY: &str = "fitroom";
/// The most images that a data set can have: they are counted in 32 bits.
const MOST_IMAGES: u64 = u32::MAX as u64;

/// What a checkpoint says of itself.
#[derive(Serialize, Deserialize)]
pub(super) struct CheckpointHeader {
    pub version: u32,
    /// Steps trained.
    pub step: u64,
    /// The epoch, from 1, and how many of its images are trained.
    pub epoch: u32,
    pub position: usize,
    /// Whether these are all.
    pub epoch_is_over: bool,
    /// The figures of the epoch so far.
    pub tally: Tally,
    pub seconds: f64,
    pub settings: Settings,
    /// The data set's digest, if whoever wrote the file knew it.
    pub dataset: Option<String>,
}

impl CheckpointHeader {
    /// Reads what the file of these bytes says of itself, unchecked.
    pub fn read(bytes: &[u8]) -> Result<Self, CheckpointError> {
        /// All that can be said of any version.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let foreign = |what: &dyn fmt::Display| CheckpointError::Foreign(json::plain(&what));
        let text = metadata.metadata().as_ref().and_then(|values| values.get(KEY));
        let text = text.ok_or_else(|| foreign(&format_args!("its metadata has no {KEY:?}")))?;
        let Version { version } = serde_json::from_str(text).map_err(|error| foreign(&error))?;
        if version != VERSION {
            return Err(CheckpointError::Version { found: version, expected: VERSION });
        }
        serde_json::from_str(text).map_err(|error| foreign(&error))
    }

    /// The metadata that it is in a file.
    pub fn metadata(&self) -> HashMap<String, String> {
        let text = serde_json::to_string(self).expect("plain data under fixed names is JSON");
        HashMap::from([(KEY.to_owned(), text)])
    }

    /// Whether a training can have written it: one step trains a batch, the last one of an epoch what is left.
    pub fn check(&self) -> Result<(), CheckpointError> {
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
        // An epoch that is over shows how many steps each of them had.
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
