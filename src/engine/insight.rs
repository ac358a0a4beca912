//! What goes on inside a network: which pixels speak for a prediction, and what the first layer's units look for. Trains
//! nothing.

use dfdx::prelude::{Backward, Cpu, CpuError, Gradients, SelectTo, SumTo, TensorFromVec, Trace};

use super::{
    network::Network,
    plain::rows,
    trainer::{EngineError, LayerValues},
};
use crate::{
    fashion::{CLASSES, PIXELS, SIDE},
    metrics::most_probable,
    protocol::{Tile, TileRange},
};

/// What each pixel of an image says for the class that the network of these parameters takes it for: the derivative of
/// that class's logit by the pixel's ink, times the ink; 784 values.
pub(super) fn attribution(parameters: &[LayerValues], pixels: &[u8; PIXELS]) -> Result<Vec<f32>, EngineError> {
    let device = Cpu::default();
    let network = Network::new(&device, parameters)?;
    let parts = || {
        let image = rows(&device, pixels)?;
        let logits = network.forward(image.clone().traced(Gradients::leaky()))?;
        let predicted = logits.as_vec().first_chunk().map_or(0, |logits| most_probable(logits).index());
        let logit = logits.try_select(device.try_tensor_from_vec(vec![predicted], (1,))?)?;
        let gradients = logit.try_sum()?.try_backward()?;
        Ok((gradients.get(&image) * image).as_vec())
    };
    parts().map_err(|error: CpuError| EngineError::arithmetic(error))
}

/// The units of the first of these layers as tiles, as far as there are any in the range.
pub(super) fn tiles(layers: &[LayerValues], range: TileRange) -> Vec<Tile> {
    let Some((first, behind)) = layers.split_first() else { return Vec::new() };
    let votes = votes(behind, first.outputs);
    let weights = first.weight.chunks_exact(first.inputs.max(1)).enumerate();
    weights
        .skip(range.first)
        .take(range.count)
        .map(|(unit, weights)| Tile {
            number: unit,
            title: format!("Unit {unit}"),
            rows: SIDE,
            columns: SIDE,
            values: weights.to_vec(),
            votes: (0..CLASSES).map(|class| votes[class * first.outputs + unit]).collect(),
        })
        .collect()
}

/// What these layers make of each of their inputs where none of their units is held back: the product of their weights,
/// `[classes, inputs]`.
fn votes(layers: &[LayerValues], inputs: usize) -> Vec<f32> {
    let Some((last, before)) = layers.split_last() else { return identity(inputs) };
    before.iter().rev().fold(last.weight.clone(), |votes, layer| product(&votes, layer))
}

/// Of a network without hidden layers, each unit is a class's own.
fn identity(size: usize) -> Vec<f32> {
    let mut values = vec![0.0; CLASSES * size];
    values.iter_mut().step_by(size + 1).for_each(|value| *value = 1.0);
    values
}

/// `rows · weight`: rows of the layer's outputs to rows of its inputs.
fn product(rows: &[f32], layer: &LayerValues) -> Vec<f32> {
    let mut products = vec![0.0; rows.len() / layer.outputs * layer.inputs];
    for (row, product) in rows.chunks_exact(layer.outputs).zip(products.chunks_exact_mut(layer.inputs)) {
        for (value, weights) in row.iter().zip(layer.weight.chunks_exact(layer.inputs)) {
            product.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{
        images::fashion,
        network::untrained,
        plain::{PlainLearner, prepare_cpu_thread},
        trainer::{Learner, Logits},
    };

    fn logits(parameters: &[LayerValues], pixels: &[u8; PIXELS]) -> Logits {
        let rows = |input: Vec<f64>, layer: &LayerValues| -> Vec<f64> {
            let sums = layer.weight.chunks_exact(layer.inputs).zip(&layer.bias).map(|(weights, bias)| {
                weights.iter().zip(&input).map(|(weight, value)| f64::from(*weight) * value).sum::<f64>()
                    + f64::from(*bias)
            });
            sums.collect()
        };
        let mut values: Vec<f64> = pixels.iter().map(|byte| f64::from(*byte) / 255.0).collect();
        for (number, layer) in parameters.iter().enumerate() {
            values = rows(values, layer);
            if number + 1 < parameters.len() {
                values = values.into_iter().map(|value| value.max(0.0)).collect();
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "compared with 32 bits")]
        std::array::from_fn(|class| values[class] as f32)
    }

    /// With biases of 0 the logit is linear in the ink as long as no unit changes sides: its parts add up to it.
    #[test]
    fn the_parts_of_the_pixels_add_up_to_the_predicted_logit() {
        prepare_cpu_thread(1);
        let dataset = fashion(1, 5);
        for hidden in [vec![], vec![32], vec![48, 20]] {
            let parameters = untrained(&hidden, 3).parameters;
            for index in 0..5 {
                let image = dataset.test.image(index).pixels();
                let largest = logits(&parameters, image).into_iter().fold(f32::NEG_INFINITY, f32::max);
                let parts = attribution(&parameters, image).expect("the CPU computes");
                assert_eq!(parts.len(), PIXELS);
                assert!((parts.iter().sum::<f32>() - largest).abs() < 1e-4, "{hidden:?}, image {index}");
                assert!(image.iter().zip(&parts).all(|(byte, part)| *byte > 0 || part.abs() < f32::EPSILON));
            }
        }
    }

    #[test]
    fn a_unit_is_told_with_its_weights_and_its_votes() {
        let parameters = untrained(&[12], 0).parameters;
        let tiles = tiles(&parameters, TileRange { first: 10, count: 5 });
        assert_eq!(tiles.iter().map(|tile| tile.number).collect::<Vec<_>>(), [10, 11]);
        assert_eq!(tiles[1].values, parameters[0].weight[11 * PIXELS..]);
        for class in 0..CLASSES {
            assert!((tiles[0].votes[class] - parameters[1].weight[class * 12 + 10]).abs() < f32::EPSILON);
        }
    }

    #[test]
    fn a_unit_s_votes_go_through_all_layers_behind_it() {
        let parameters = untrained(&[3, 4], 0).parameters;
        let tiles = tiles(&parameters, TileRange { first: 0, count: 3 });
        let (middle, last) = (&parameters[1].weight, &parameters[2].weight);
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

    #[test]
    fn every_learner_tells_its_parameters() {
        prepare_cpu_thread(1);
        let dataset = fashion(1, 1);
        let state = untrained(&[16], 0);
        let learner = PlainLearner::new(Cpu::default(), dataset, 1e-3, &state).expect("the CPU has room");
        assert!(learner.parameters().expect("the CPU computes") == state.parameters);
    }
}
