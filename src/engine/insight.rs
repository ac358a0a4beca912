//! What each pixel of an image says for a prediction, of any network. Trains nothing.

use dfdx::prelude::{Backward, Cpu, CpuError, Gradients, SelectTo, SumTo, TensorFromVec, Trace};

use super::{error::EngineError, learner::NamedTensor, model::Network, plain::rows};
use crate::{fashion::PIXELS, metrics::most_probable, settings::Model};

/// What each pixel of an image says for the class that the network of these parameters takes it for: the derivative of
/// that class's logit by the pixel's ink, times the ink; 784 values.
pub(super) fn attribution(
    model: Model,
    parameters: &[NamedTensor],
    pixels: &[u8; PIXELS],
) -> Result<Vec<f32>, EngineError> {
    let device = Cpu::default();
    let network = Network::new(model, &device, parameters)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{
        learner::Logits,
        plain::prepare_cpu_thread,
        samples::{fashion, untrained},
    };

    fn logits(parameters: &[NamedTensor], pixels: &[u8; PIXELS]) -> Logits {
        let (layers, _) = parameters.as_chunks();
        let rows = |input: Vec<f64>, [weight, bias]: &[NamedTensor; 2]| -> Vec<f64> {
            let sums = weight.values.chunks_exact(weight.shape[1]).zip(&bias.values).map(|(weights, bias)| {
                weights.iter().zip(&input).map(|(weight, value)| f64::from(*weight) * value).sum::<f64>()
                    + f64::from(*bias)
            });
            sums.collect()
        };
        let mut values: Vec<f64> = pixels.iter().map(|byte| f64::from(*byte) / 255.0).collect();
        for (number, layer) in layers.iter().enumerate() {
            values = rows(values, layer);
            if number + 1 < layers.len() {
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
                let parts = attribution(Model::Dense, &parameters, image).expect("the CPU computes");
                assert_eq!(parts.len(), PIXELS);
                assert!((parts.iter().sum::<f32>() - largest).abs() < 1e-4, "{hidden:?}, image {index}");
                assert!(image.iter().zip(&parts).all(|(byte, part)| *byte > 0 || part.abs() < f32::EPSILON));
            }
        }
    }
}
