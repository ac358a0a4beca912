//! The layers, as dfdx tensors on any of its devices: forward, loss, and the values in and out. Knows no optimizer.

use dfdx::{
    prelude::{
        Axis, BroadcastTo, ChooseFrom, Device, HasShape, MaxTo, MeanTo, Merge, NoneTape, Rank0, SelectTo, SplitTape,
        SumTo, Tape, Tensor, TryAdd, TryGe, TryMatMul,
    },
    tensor::PutTape,
};
use rand::{
    SeedableRng,
    distr::{Distribution, Uniform},
};
use rand_chacha::ChaCha8Rng;

use super::{
    error::EngineError,
    learner::{LayerValues, LearnerState},
};
use crate::settings::Settings;

/// The generator's stream that the initial weights come from; an epoch's order comes from the stream of its number,
/// which starts at 1, so that no two of them share a random number.
const WEIGHTS_STREAM: u64 = 0;

/// A layer's weight: `[inputs, outputs]`, as Keras keeps it, so that a product needs no transposition.
pub(super) type Weight<D> = Tensor<(usize, usize), f32, D>;
/// A layer's bias: `[outputs]`.
pub(super) type Bias<D> = Tensor<(usize,), f32, D>;
/// Rows of pixels or of logits: `[images, columns]`.
pub(super) type Rows<D, T = NoneTape> = Tensor<(usize, usize), f32, D, T>;
/// A single figure that may still be on its way to be computed.
pub(super) type Scalar<D, T = NoneTape> = Tensor<Rank0, f32, D, T>;

/// A dense layer: `rows · weight + bias`.
pub(super) struct Layer<D: Device<f32>> {
    pub weight: Weight<D>,
    pub bias: Bias<D>,
}

impl<D: Device<f32>> Layer<D> {
    /// The layer of these values, on this device.
    pub fn new(device: &D, values: &LayerValues) -> Result<Self, EngineError> {
        let weight =
            device.try_tensor_from_vec(transposed(&values.weight, values.outputs), (values.inputs, values.outputs));
        let bias = device.try_tensor_from_vec(values.bias.clone(), (values.outputs,));
        Ok(Self { weight: weight.map_err(EngineError::arithmetic)?, bias: bias.map_err(EngineError::arithmetic)? })
    }

    /// `rows · weight + bias`; the gradients of both go on the tape of `rows`.
    fn forward<T>(&self, rows: Rows<D, T>) -> Result<Rows<D, T>, D::Err>
    where
        T: Tape<f32, D> + Merge<T> + Merge<NoneTape>,
    {
        let products = rows.try_matmul(self.weight.clone())?;
        let shape = *products.shape();
        products.try_add(self.bias.retaped::<T>().try_broadcast_like::<_, Axis<0>>(&shape)?)
    }
}

/// Dense and `ReLU` for each hidden layer, then Dense with ten logits.
pub(super) struct Network<D: Device<f32>> {
    layers: Vec<Layer<D>>,
}

impl<D: Device<f32>> Network<D> {
    /// The network of these parameters (first layer first, at least one), on this device.
    pub fn new(device: &D, parameters: &[LayerValues]) -> Result<Self, EngineError> {
        Ok(Self { layers: parameters.iter().map(|values| Layer::new(device, values)).collect::<Result<_, _>>()? })
    }

    /// Its layers, first to last.
    pub fn layers(&self) -> &[Layer<D>] {
        &self.layers
    }

    /// Its layers, first to last, for the optimizer.
    pub fn layers_mut(&mut self) -> &mut [Layer<D>] {
        &mut self.layers
    }

    /// Images (`[n, 784]`, ink 0 to 1) to logits (`[n, 10]`).
    pub fn forward<T>(&self, images: Rows<D, T>) -> Result<Rows<D, T>, D::Err>
    where
        T: Tape<f32, D> + Merge<T> + Merge<NoneTape>,
    {
        let (last, hidden) = self.layers.split_last().expect("a network has at least its last layer");
        let mut rows = images;
        for layer in hidden {
            rows = layer.forward(rows)?.try_relu()?;
        }
        last.forward(rows)
    }

    /// The weights and biases as they are now. Waits for the device.
    pub fn values(&self) -> Vec<LayerValues> {
        self.layers.iter().map(|layer| layer_values(&layer.weight, &layer.bias)).collect()
    }
}

/// A weight and a bias, or what an optimizer keeps for each of their values, as plain data.
pub(super) fn layer_values<D: Device<f32>>(weight: &Weight<D>, bias: &Bias<D>) -> LayerValues {
    let &(inputs, outputs) = weight.shape();
    LayerValues { inputs, outputs, weight: transposed(&weight.as_vec(), inputs), bias: bias.as_vec() }
}

/// A loss with its tape, and a count of right answers.
type LossAndCorrect<D, T> = (Scalar<D, T>, Scalar<D>);

/// Mean softmax cross entropy over the rows, in nats, and how many rows have their largest logit at their label.
pub(super) fn loss_and_correct<D, T>(
    logits: Rows<D, T>,
    labels: Tensor<(usize,), usize, D>,
) -> Result<LossAndCorrect<D, T>, D::Err>
where
    D: Device<f32>,
    T: Tape<f32, D>,
{
    let (logits, tape) = logits.split_tape();
    let largest = logits.clone().try_max::<(usize,), Axis<1>>()?;
    let own = logits.clone().try_select(labels.clone())?;
    let (ones, zeros) = (own.device().try_ones_like(&own)?, own.device().try_zeros_like(&own)?);
    let correct = own.try_ge(&largest)?.try_choose(ones, zeros)?.try_sum()?;
    let log_probabilities = logits.put_tape(tape).try_log_softmax::<Axis<1>>()?;
    let loss = log_probabilities.try_select::<(usize,), _>(labels)?.try_mean()?.try_negate()?;
    Ok((loss, correct))
}

/// A state before the first step: weights Glorot uniform, U(±√(6/(inputs+outputs))) as Keras draws them (Glorot and
/// Bengio 2010, equation 16), biases and moments 0.
///
/// Drawn here and not on a device, so that one seed means the same network everywhere.
pub(super) fn untrained(settings: &Settings) -> LearnerState {
    let mut generator = ChaCha8Rng::seed_from_u64(settings.seed);
    generator.set_stream(WEIGHTS_STREAM);
    let sizes = settings.layer_sizes();
    let zeros = || sizes.windows(2).map(|pair| LayerValues::zeros(pair[0], pair[1])).collect::<Vec<_>>();
    let mut parameters = zeros();
    for layer in &mut parameters {
        #[expect(
            clippy::cast_precision_loss,
            reason = "layers are far smaller than the 2^24 that a float counts exactly"
        )]
        let limit = (6.0 / (layer.inputs + layer.outputs) as f32).sqrt();
        let uniform = Uniform::new_inclusive(-limit, limit).expect("the limit is positive and finite");
        layer.weight.fill_with(|| uniform.sample(&mut generator));
    }
    LearnerState { step: 0, parameters, first_moments: zeros(), second_moments: zeros() }
}

/// The transpose of a matrix that has this many rows.
fn transposed(values: &[f32], rows: usize) -> Vec<f32> {
    let columns = values.len() / rows;
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
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
        for (layer, bound) in state.parameters.iter().zip([0.0811_f32, 0.2085]) {
            let (mean, deviation, least, most) = spread(&layer.weight);
            assert!(least >= -bound - 5e-5 && most <= bound + 5e-5, "{least} to {most} leaves ±{bound}");
            assert!(least < -0.99 * bound && most > 0.99 * bound, "{least} to {most} does not fill ±{bound}");
            // A uniform distribution's deviation is its bound / √3.
            let uniform = f64::from(bound) / 3.0_f64.sqrt();
            assert!((deviation / uniform - 1.0).abs() < 0.04, "deviation {deviation}, expected {uniform}");
            assert!(mean.abs() < 0.05 * uniform, "mean {mean}");
            assert!(layer.bias.iter().all(|&bias| bias == 0.0));
        }
    }

    #[test]
    fn an_untrained_state_has_the_layers_that_were_asked_for_and_no_moments() {
        let state = untrained(&[64, 32], 0);
        let shapes: Vec<_> = state.parameters.iter().map(|layer| (layer.inputs, layer.outputs)).collect();
        assert_eq!(shapes, [(784, 64), (64, 32), (32, 10)]);
        assert_eq!(state.step, 0);
        for (moments, parameters) in
            [&state.first_moments, &state.second_moments].map(|moments| (moments, &state.parameters))
        {
            for (moment, parameter) in moments.iter().zip(parameters) {
                assert_eq!(*moment, LayerValues::zeros(parameter.inputs, parameter.outputs));
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
        let first = &untrained(&[128], 0).parameters[0].weight[..4];
        assert_eq!(first, [0.025_095_187, 0.033_916_51, 0.037_289_82, -0.005_528_234]);
    }

    #[test]
    fn transposing_turns_rows_into_columns_and_back() {
        let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(transposed(&rows, 2), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(transposed(&transposed(&rows, 2), 3), rows);
    }
}
