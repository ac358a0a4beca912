//! The same network and the same Adam in loops over 64-bit numbers, for the tests to compare with. Knows no dfdx, is
//! slow, and is not compiled into the program.

use super::learner::{LearnerState, NamedTensor};
use crate::fashion::Split;

/// Keras's dense network with its Adam, in plain arithmetic.
pub(super) struct Reference {
    learning_rate: f64,
    step: i32,
    layers: Vec<ReferenceLayer>,
}

struct ReferenceLayer {
    inputs: usize,
    /// `[outputs, inputs]`.
    weight: Vec<ReferenceParameter>,
    bias: Vec<ReferenceParameter>,
}

/// A single number that is learned, and what Adam knows of it.
#[derive(Clone, Copy)]
pub(super) struct ReferenceParameter {
    pub value: f64,
    first_moment: f64,
    second_moment: f64,
}

impl ReferenceParameter {
    /// A parameter before its first step.
    pub fn new(value: f64) -> Self {
        Self { value, first_moment: 0.0, second_moment: 0.0 }
    }

    /// Keras's update, as its documentation and its source have it.
    pub fn update(&mut self, gradient: f64, learning_rate: f64, step: i32) {
        let (beta_1, beta_2, epsilon) = (0.9_f64, 0.999_f64, 1e-7);
        self.first_moment += (gradient - self.first_moment) * (1.0 - beta_1);
        self.second_moment += (gradient * gradient - self.second_moment) * (1.0 - beta_2);
        let alpha = learning_rate * (1.0 - beta_2.powi(step)).sqrt() / (1.0 - beta_1.powi(step));
        self.value -= self.first_moment * alpha / (self.second_moment.sqrt() + epsilon);
    }
}

impl Reference {
    /// The network of an untrained state.
    pub fn new(state: &LearnerState, learning_rate: f64) -> Self {
        let parameters = |tensor: &NamedTensor| -> Vec<ReferenceParameter> {
            tensor.values.iter().map(|&value| ReferenceParameter::new(value.into())).collect()
        };
        let (pairs, _) = state.parameters.as_chunks();
        let layer = |[weight, bias]: &[NamedTensor; 2]| ReferenceLayer {
            inputs: weight.shape[1],
            weight: parameters(weight),
            bias: parameters(bias),
        };
        Self { learning_rate, step: 0, layers: pairs.iter().map(layer).collect() }
    }

    /// Trains one batch: its mean loss and its right answers, before the update.
    pub fn step(&mut self, images: &Split, batch: &[u32]) -> (f64, u32) {
        let mut gradients: Vec<(Vec<f64>, Vec<f64>)> =
            self.layers.iter().map(|layer| (vec![0.0; layer.weight.len()], vec![0.0; layer.bias.len()])).collect();
        let (mut loss, mut correct) = (0.0, 0);
        let share = f64::from(u32::try_from(batch.len()).expect("a batch is small")).recip();
        for &index in batch {
            let activations = self.forward(images.image(index as usize).pixels());
            let logits = activations.last().expect("there is a last layer");
            let class = images.class(index as usize).index();
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            loss += share * (sum.ln() - logits[class]);
            correct += u32::from(logits.iter().all(|&logit| logit <= logits[class]));
            // The loss's derivative by the logits: probability, less one at the true class.
            let mut error: Vec<f64> = logits.iter().map(|logit| share * logit.exp() / sum).collect();
            error[class] -= share;
            self.backward(&activations, error, &mut gradients);
        }
        self.step += 1;
        for (layer, (weight, bias)) in self.layers.iter_mut().zip(gradients) {
            for (parameter, gradient) in layer.weight.iter_mut().zip(weight).chain(layer.bias.iter_mut().zip(bias)) {
                parameter.update(gradient, self.learning_rate, self.step);
            }
        }
        (loss, correct)
    }

    /// What each layer gets, and last the logits.
    fn forward(&self, pixels: &[u8]) -> Vec<Vec<f64>> {
        let mut activations = vec![pixels.iter().map(|&byte| f64::from(byte) / 255.0).collect::<Vec<_>>()];
        for (number, layer) in self.layers.iter().enumerate() {
            let inputs = activations.last().expect("there are the pixels");
            let is_last = number + 1 == self.layers.len();
            let outputs = layer.weight.chunks(layer.inputs).zip(&layer.bias).map(|(weights, bias)| {
                let sum: f64 = weights.iter().zip(inputs).map(|(weight, input)| weight.value * input).sum();
                if is_last { sum + bias.value } else { (sum + bias.value).max(0.0) }
            });
            activations.push(outputs.collect());
        }
        activations
    }

    /// Adds one image's share of the gradients; `error` is the loss's derivative by the logits.
    fn backward(&self, activations: &[Vec<f64>], mut error: Vec<f64>, gradients: &mut [(Vec<f64>, Vec<f64>)]) {
        for (number, layer) in self.layers.iter().enumerate().rev() {
            let inputs = &activations[number];
            let (weight_gradients, bias_gradients) = &mut gradients[number];
            let mut input_error = vec![0.0; layer.inputs];
            for (output, &error) in error.iter().enumerate() {
                bias_gradients[output] += error;
                let row = output * layer.inputs..(output + 1) * layer.inputs;
                let weights = layer.weight[row.clone()].iter().zip(&mut weight_gradients[row]);
                for ((weight, gradient), (input, input_error)) in weights.zip(inputs.iter().zip(&mut input_error)) {
                    *gradient += error * input;
                    *input_error += error * weight.value;
                }
            }
            // What a layer before this one got through its ReLU.
            let passed = input_error.iter().zip(inputs).map(|(&error, &input)| if input > 0.0 { error } else { 0.0 });
            error = passed.collect();
        }
    }
}
