//! Chooses who does a network's arithmetic, to train it or to ask it: the one place that knows which learner there is
//! for which network on which device. Trains nothing.

use std::{num::NonZeroUsize, sync::Arc};

use super::{
    error::EngineError,
    learner::{Learner, LearnerState, Logits},
    model,
    plain::PlainLearner,
    shards::{self, ShardedLearner},
};
use crate::{
    fashion::Dataset,
    settings::{DeviceChoice, Model, Settings},
};

/// A learner, and what the run's facts have of where it learns.
pub(super) struct Chosen {
    pub learner: Box<dyn Learner>,
    /// The settings, with the number of threads that it takes: the weights depend on it, also for who goes on with the
    /// run.
    pub settings: Settings,
    /// The device in words.
    pub device: String,
    /// The ordinal of a CUDA GPU.
    pub gpu: Option<usize>,
}

/// The learner that these settings ask for, before its first step.
///
/// # Errors
/// When the device is not to be had or has no room.
pub(super) fn learner(settings: Settings, dataset: &Arc<Dataset>) -> Result<Chosen, EngineError> {
    match settings.device {
        DeviceChoice::Cpu => on_cpu(settings, dataset, ""),
        DeviceChoice::Cuda(ordinal) => on_gpu(&settings, dataset, ordinal),
        DeviceChoice::Auto => match on_gpu(&settings, dataset, 0) {
            Ok(chosen) => Ok(chosen),
            Err(_) if cfg!(not(feature = "cuda")) => on_cpu(settings, dataset, ""),
            Err(EngineError::Memory) => on_cpu(settings, dataset, " (the GPU's memory is full)"),
            Err(_) => on_cpu(settings, dataset, " (no GPU answers)"),
        },
    }
}

/// How many threads of the CPU train with these settings.
pub(super) fn threads(settings: &Settings) -> usize {
    match settings.model {
        Model::Dense => shards::threads(settings),
    }
}

/// What the network of this state, trained with these settings, says of these images (`pixels`: n × 784 bytes), on the
/// CPU.
///
/// # Errors
/// When there is no memory for it.
pub(super) fn logits(settings: &Settings, state: &LearnerState, pixels: &[u8]) -> Result<Vec<Logits>, EngineError> {
    match settings.model {
        Model::Dense => shards::logits(settings, state, pixels),
    }
}

/// `why`: why on the CPU, where that is worth a word.
fn on_cpu(mut settings: Settings, dataset: &Arc<Dataset>, why: &str) -> Result<Chosen, EngineError> {
    let asked = settings.threads.map_or(0, NonZeroUsize::get);
    let threads = threads(&settings);
    let fewer =
        if asked > threads { format!(" ({asked} asked for: the layers have no more parts)") } else { String::new() };
    settings.threads = NonZeroUsize::new(threads);
    let (state, dataset) = (model::untrained(&settings), Arc::clone(dataset));
    let learner: Box<dyn Learner> = match settings.model {
        Model::Dense => Box::new(ShardedLearner::new(dataset, settings.clone(), &state)?),
    };
    let device = format!("CPU, {threads} thread{}{fewer}{why}", if threads == 1 { "" } else { "s" });
    Ok(Chosen { learner, settings, device, gpu: None })
}

/// On the CUDA GPU of this ordinal, with the images there. dfdx trains any network on it.
fn on_gpu(settings: &Settings, dataset: &Arc<Dataset>, ordinal: usize) -> Result<Chosen, EngineError> {
    let device = cuda(ordinal)?;
    let state = model::untrained(settings);
    let learner = Box::new(PlainLearner::new(device, Arc::clone(dataset), settings.clone(), &state)?);
    Ok(Chosen { learner, settings: settings.clone(), device: format!("CUDA GPU {ordinal}"), gpu: Some(ordinal) })
}

#[cfg(feature = "cuda")]
type Gpu = dfdx::prelude::Cuda;
/// There is none: it is named for its type alone.
#[cfg(not(feature = "cuda"))]
type Gpu = dfdx::prelude::Cpu;

/// The CUDA GPU of this ordinal.
#[cfg(feature = "cuda")]
fn cuda(ordinal: usize) -> Result<Gpu, EngineError> {
    use cudarc::driver::result;
    let refused = |reason: String| {
        let error = EngineError::arithmetic(&reason);
        if matches!(error, EngineError::Memory) {
            return error;
        }
        let advice = "see `nvidia-smi`, or choose --device cpu";
        EngineError::Device(format!("CUDA GPU {ordinal} does not answer: {reason}: {advice}"))
    };
    // Asked for first because dfdx panics where the driver does not start or has no such GPU.
    let number = i32::try_from(ordinal).unwrap_or(i32::MAX);
    result::init().and_then(|()| result::device::get(number)).map_err(|error| refused(format!("{error:?}")))?;
    // The seed is for numbers that dfdx draws; fitroom draws its own.
    Gpu::try_build(ordinal, 0).map_err(|error| refused(format!("{error:?}")))
}

/// Says how to get a build that has CUDA.
#[cfg(not(feature = "cuda"))]
fn cuda(_: usize) -> Result<Gpu, EngineError> {
    let no_cuda = "this build has no CUDA: build it with `cargo build --release --features cuda`, which needs the \
                   CUDA toolkit, or choose --device cpu";
    Err(EngineError::Device(no_cuda.to_owned()))
}
