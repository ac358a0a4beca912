//! The networks that can be trained, a file each: their parameters, their way from images to logits, and what can be
//! seen of their inside. Here each is found by its name in the settings. Knows no optimizer.

mod dense;
mod outline;
mod variable;

use dfdx::prelude::{Device, Merge, NoneTape, Tape};
use rand::{
    SeedableRng,
    distr::{Distribution, Uniform},
};
use rand_chacha::ChaCha8Rng;

use self::dense::DenseNetwork;
pub(super) use self::{
    outline::Outline,
    variable::{DeviceTensor, Rows, Variable},
};
use super::{
    error::EngineError,
    learner::{LearnerState, NamedTensor},
};
use crate::{
    protocol::{Tile, TileRange},
    settings::{Model, Settings},
};

/// The generator's stream that the initial weights come from; an epoch's order comes from the stream of its number,
/// which starts at 1, so that no two of them share a random number.
const WEIGHTS_STREAM: u64 = 0;

/// The parameters of the network that these settings ask for, in the order in which all states and checkpoints have
/// them.
pub(super) fn outlines(settings: &Settings) -> Box<dyn Iterator<Item = Outline>> {
    match settings.model {
        Model::Dense => Box::new(dense::outlines(settings.layer_sizes())),
    }
}

/// A network on a device.
pub(super) enum Network<D: Device<f32>> {
    Dense(DenseNetwork<D>),
}

impl<D: Device<f32>> Network<D> {
    /// The network of this kind with these parameters, laid out as [`outlines`] says, on this device.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn new(model: Model, device: &D, parameters: &[NamedTensor]) -> Result<Self, EngineError> {
        match model {
            Model::Dense => DenseNetwork::new(device, parameters).map(Self::Dense),
        }
    }

    /// Its parameters, laid out as [`outlines`] says.
    pub fn variables(&self) -> Vec<&Variable<D>> {
        match self {
            Self::Dense(network) => network.variables(),
        }
    }

    /// As [`Network::variables`], for the optimizer.
    pub fn variables_mut(&mut self) -> Vec<&mut Variable<D>> {
        match self {
            Self::Dense(network) => network.variables_mut(),
        }
    }

    /// Its parameters as they are now. Waits for the device.
    pub fn values(&self) -> Vec<NamedTensor> {
        self.variables().into_iter().map(Variable::values).collect()
    }

    /// Images (`[n, 784]`, ink 0 to 1) to logits (`[n, 10]`).
    pub fn forward<T>(&self, images: Rows<D, T>) -> Result<Rows<D, T>, D::Err>
    where
        T: Tape<f32, D> + Merge<T> + Merge<NoneTape>,
    {
        match self {
            Self::Dense(network) => network.forward(images),
        }
    }
}

/// How many parts of the network that these settings ask for can be drawn.
pub(super) fn tile_count(settings: &Settings) -> usize {
    match settings.model {
        Model::Dense => dense::tile_count(&settings.layer_sizes()),
    }
}

/// The parts of a network of these parameters that can be drawn, as far as there are any in the range.
pub(super) fn tiles(model: Model, parameters: &[NamedTensor], range: TileRange) -> Vec<Tile> {
    match model {
        Model::Dense => dense::tiles(parameters, range),
    }
}

/// A state of zeros.
pub(super) fn zeros(settings: &Settings, step: u64) -> LearnerState {
    let tensors = || outlines(settings).map(Outline::zeros).collect();
    LearnerState { step, parameters: tensors(), first_moments: tensors(), second_moments: tensors() }
}

/// A state before the first step: weights Glorot uniform, U(±√(6/(inputs+outputs))) as Keras draws them (Glorot and
/// Bengio 2010, equation 16), biases and moments 0.
///
/// Drawn here and not on a device, so that one seed means the same network everywhere.
pub(super) fn untrained(settings: &Settings) -> LearnerState {
    let mut generator = ChaCha8Rng::seed_from_u64(settings.seed);
    generator.set_stream(WEIGHTS_STREAM);
    let mut state = zeros(settings, 0);
    for NamedTensor { shape, values, .. } in &mut state.parameters {
        let [outputs, inputs] = &shape[..] else { continue };
        #[expect(
            clippy::cast_precision_loss,
            reason = "layers are far smaller than the 2^24 that a float counts exactly"
        )]
        let limit = (6.0 / (inputs + outputs) as f32).sqrt();
        let uniform = Uniform::new_inclusive(-limit, limit).expect("the limit is positive and finite");
        values.fill_with(|| uniform.sample(&mut generator));
    }
    state
}

#[cfg(test)]
mod tests {
    use crate::engine::samples::untrained;

    /// Mean, standard deviation, smallest and largest.
    fn spread(values: &[f32]) -> (f64, f64, f32, f32) {
        let count = f64::from(u32::try_from(values.len()).expect("layers are small"));
        let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
        let variance = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count;
        let least = values.iter().copied().fold(f32::INFINITY, f32::min);
        let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        (mean, variance.sqrt(), least, most)
    }

    #[test]
    fn initial_weights_fill_their_glorot_bounds_evenly_and_biases_are_0() {
        let state = untrained(&[128], 0);
        let (pairs, _) = state.parameters.as_chunks();
        for ([weight, bias], bound) in pairs.iter().zip([0.0811_f32, 0.2085]) {
            let (mean, deviation, least, most) = spread(&weight.values);
            assert!(least >= -bound - 5e-5 && most <= bound + 5e-5, "{least} to {most} leaves ±{bound}");
            assert!(least < -0.99 * bound && most > 0.99 * bound, "{least} to {most} does not fill ±{bound}");
            // A uniform distribution's deviation is its bound / √3.
            let uniform = f64::from(bound) / 3.0_f64.sqrt();
            assert!((deviation / uniform - 1.0).abs() < 0.04, "deviation {deviation}, expected {uniform}");
            assert!(mean.abs() < 0.05 * uniform, "mean {mean}");
            assert!(bias.values.iter().all(|&bias| bias == 0.0));
        }
        assert_eq!(pairs.len(), 2);
    }

    #[test]
    fn an_untrained_state_has_the_parameters_that_were_asked_for_and_no_moments() {
        let state = untrained(&[64, 32], 0);
        let shapes: Vec<_> = state.parameters.iter().map(|tensor| tensor.shape.clone()).collect();
        assert_eq!(shapes, [vec![64, 784], vec![64], vec![32, 64], vec![32], vec![10, 32], vec![10]]);
        assert_eq!(state.step, 0);
        for moments in [&state.first_moments, &state.second_moments] {
            assert_eq!(moments.len(), state.parameters.len());
            for (moment, parameter) in moments.iter().zip(&state.parameters) {
                assert_eq!((&moment.name, &moment.shape), (&parameter.name, &parameter.shape));
                assert!(
                    moment.values.len() == parameter.values.len() && moment.values.iter().all(|&value| value == 0.0)
                );
            }
        }
    }

    #[test]
    fn a_seed_draws_the_same_weights_always_and_other_seeds_draw_others() {
        assert_eq!(untrained(&[128], 7), untrained(&[128], 7));
        assert_ne!(untrained(&[128], 7).parameters, untrained(&[128], 8).parameters);
    }

    /// Fixed, because a run that is resumed by a later build must have been the same run.
    #[test]
    fn seed_0_draws_the_weights_that_it_always_drew() {
        let first = &untrained(&[128], 0).parameters[0].values[..4];
        assert_eq!(first, [0.025_095_187, 0.033_916_51, 0.037_289_82, -0.005_528_234]);
    }
}
