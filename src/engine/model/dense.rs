//! The dense network: what its parameters are, how images become logits, and its first layer's units as pictures.
//! Trains nothing.

use dfdx::prelude::{Axis, BroadcastTo, Device, HasShape, Merge, NoneTape, Tape, TryAdd, TryMatMul};

use super::{
    outline::Outline,
    variable::{Rows, Variable},
};
use crate::{
    engine::{error::EngineError, learner::NamedTensor},
    fashion::{CLASSES, SIDE},
    protocol::{Tile, TileRange},
};

/// The parameters of dense layers of these sizes (pixels, hidden units, classes): first layer first, a weight and a
/// bias each.
pub(super) fn outlines(sizes: Vec<usize>) -> impl Iterator<Item = Outline> {
    (1..sizes.len()).flat_map(move |layer| {
        let (inputs, outputs) = (sizes[layer - 1], sizes[layer]);
        let number = layer - 1;
        let variable = if number == 0 { "dense".to_owned() } else { format!("dense_{number}") };
        let weight = Outline {
            name: format!("layers.{number}.weight"),
            variable: format!("{variable}/kernel"),
            shape: vec![outputs, inputs],
        };
        let bias = Outline {
            name: format!("layers.{number}.bias"),
            variable: format!("{variable}/bias"),
            shape: vec![outputs],
        };
        [weight, bias]
    })
}

/// Dense and `ReLU` for each hidden layer, then Dense with ten logits.
pub(crate) struct DenseNetwork<D: Device<f32>> {
    layers: Vec<DenseLayer<D>>,
}

/// `rows · weight + bias`.
struct DenseLayer<D: Device<f32>> {
    weight: Variable<D>,
    bias: Variable<D>,
}

impl<D: Device<f32>> DenseNetwork<D> {
    /// The network of these parameters, laid out as [`outlines`] says, on this device.
    pub fn new(device: &D, parameters: &[NamedTensor]) -> Result<Self, EngineError> {
        let (pairs, _) = parameters.as_chunks();
        let layer = |[weight, bias]: &[NamedTensor; 2]| {
            Ok(DenseLayer { weight: Variable::new(device, weight)?, bias: Variable::new(device, bias)? })
        };
        Ok(Self { layers: pairs.iter().map(layer).collect::<Result<_, EngineError>>()? })
    }

    /// Its parameters, laid out as [`outlines`] says.
    pub fn variables(&self) -> Vec<&Variable<D>> {
        self.layers.iter().flat_map(|layer| [&layer.weight, &layer.bias]).collect()
    }

    /// As [`DenseNetwork::variables`], for the optimizer.
    pub fn variables_mut(&mut self) -> Vec<&mut Variable<D>> {
        self.layers.iter_mut().flat_map(|layer| [&mut layer.weight, &mut layer.bias]).collect()
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
}

impl<D: Device<f32>> DenseLayer<D> {
    /// `rows · weight + bias`; the gradients of both go on the tape of `rows`.
    fn forward<T>(&self, rows: Rows<D, T>) -> Result<Rows<D, T>, D::Err>
    where
        T: Tape<f32, D> + Merge<T> + Merge<NoneTape>,
    {
        let products = rows.try_matmul(self.weight.weight().clone())?;
        let shape = *products.shape();
        products.try_add(self.bias.bias().retaped::<T>().try_broadcast_like::<_, Axis<0>>(&shape)?)
    }
}

/// How many tiles there are: one per unit of the first layer.
pub(super) fn tile_count(sizes: &[usize]) -> usize {
    sizes[1]
}

/// The units of the first layer as tiles, as far as there are any in the range.
pub(super) fn tiles(parameters: &[NamedTensor], range: TileRange) -> Vec<Tile> {
    let mut weights = parameters.iter().step_by(2);
    let Some(first) = weights.next() else { return Vec::new() };
    let [units, inputs] = sizes(first);
    let votes = votes(weights, units);
    first
        .values
        .chunks_exact(inputs)
        .enumerate()
        .skip(range.first)
        .take(range.count)
        .map(|(unit, weights)| Tile {
            number: unit,
            title: format!("Unit {unit}"),
            rows: SIDE,
            columns: SIDE,
            values: weights.to_vec(),
            votes: (0..CLASSES).map(|class| votes[class * units + unit]).collect(),
        })
        .collect()
}

/// A weight's outputs and inputs.
fn sizes(weight: &NamedTensor) -> [usize; 2] {
    *weight.shape.first_chunk().expect("a weight is a matrix")
}

/// What layers of these weights make of each of their `inputs` where none of their units is held back: the product of
/// the weights, `[classes, inputs]`.
fn votes<'a>(weights: impl DoubleEndedIterator<Item = &'a NamedTensor>, inputs: usize) -> Vec<f32> {
    let mut backwards = weights.rev();
    let Some(last) = backwards.next() else { return identity(inputs) };
    backwards.fold(last.values.clone(), |votes, weight| product(&votes, weight))
}

/// Of a network without hidden layers, each unit is a class's own.
fn identity(size: usize) -> Vec<f32> {
    let mut values = vec![0.0; CLASSES * size];
    values.iter_mut().step_by(size + 1).for_each(|value| *value = 1.0);
    values
}

/// `rows · weight`: rows of a layer's outputs to rows of its inputs.
fn product(rows: &[f32], weight: &NamedTensor) -> Vec<f32> {
    let [outputs, inputs] = sizes(weight);
    let mut products = vec![0.0; rows.len() / outputs * inputs];
    for (row, product) in rows.chunks_exact(outputs).zip(products.chunks_exact_mut(inputs)) {
        for (value, weights) in row.iter().zip(weight.values.chunks_exact(inputs)) {
            product.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::samples::untrained, fashion::PIXELS};

    #[test]
    fn parameters_have_pytorch_s_names_and_shapes_and_keras_s_variables() {
        let outlines: Vec<_> = outlines(vec![784, 64, 32, 10])
            .map(|Outline { name, variable, shape }| format!("{name} {variable} {shape:?}"))
            .collect();
        let expected = [
            "layers.0.weight dense/kernel [64, 784]",
            "layers.0.bias dense/bias [64]",
            "layers.1.weight dense_1/kernel [32, 64]",
            "layers.1.bias dense_1/bias [32]",
            "layers.2.weight dense_2/kernel [10, 32]",
            "layers.2.bias dense_2/bias [10]",
        ];
        assert_eq!(outlines, expected);
    }

    #[test]
    fn a_unit_is_shown_with_its_weights_and_its_votes() {
        let parameters = untrained(&[12], 0).parameters;
        let tiles = tiles(&parameters, TileRange { first: 10, count: 5 });
        assert_eq!(tiles.iter().map(|tile| tile.number).collect::<Vec<_>>(), [10, 11]);
        assert_eq!(tiles[1].values, parameters[0].values[11 * PIXELS..]);
        for class in 0..CLASSES {
            assert!((tiles[0].votes[class] - parameters[2].values[class * 12 + 10]).abs() < f32::EPSILON);
        }
    }

    #[test]
    fn a_unit_s_votes_go_through_all_layers_behind_it() {
        let parameters = untrained(&[3, 4], 0).parameters;
        let tiles = tiles(&parameters, TileRange { first: 0, count: 3 });
        let (middle, last) = (&parameters[2].values, &parameters[4].values);
        let expected: f32 = (0..4).map(|unit| last[7 * 4 + unit] * middle[unit * 3 + 2]).sum();
        assert!((tiles[2].votes[7] - expected).abs() < 1e-6);
    }

    #[test]
    fn without_hidden_layers_each_unit_is_its_class_s_own() {
        let tiles = tiles(&untrained(&[], 0).parameters, TileRange { first: 0, count: 100 });
        assert_eq!(tiles.len(), CLASSES);
        for tile in &tiles {
            for (class, vote) in tile.votes.iter().enumerate() {
                assert!((vote - f32::from(u8::from(class == tile.number))).abs() < f32::EPSILON);
            }
        }
    }
}
