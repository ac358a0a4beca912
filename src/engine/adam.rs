//! The optimizer: Adam as Keras writes it, by dfdx's own kernel, with moments that can be read and set. Knows no loss.

use std::mem;

use dfdx::prelude::{AdamConfig, Backward, Device, Gradients, Shape, SumTo, Tensor, Trace, TryMul};

use super::{
    error::EngineError,
    learner::{LearnerState, NamedTensor},
    model::{DeviceTensor, Network, Variable},
};

/// How much of the first moment a step keeps: Keras's `beta_1`.
pub(super) const BETA_1: f64 = 0.9;
/// How much of the second moment a step keeps: Keras's `beta_2`.
pub(super) const BETA_2: f64 = 0.999;
/// What keeps the division finite: Keras's `epsilon`.
pub(super) const EPSILON: f64 = 1e-7;

/// Adam's memory of one network's parameters.
pub(super) struct Adam<D: Device<f32>> {
    learning_rate: f64,
    step: u64,
    first: Gradients<f32, D>,
    second: Gradients<f32, D>,
}

impl<D: Device<f32>> Adam<D> {
    /// An optimizer that goes on from this state's steps and moments, for the network of this state's parameters.
    pub fn new(learning_rate: f64, network: &Network<D>, state: &LearnerState) -> Result<Self, EngineError> {
        let mut adam = Self { learning_rate, step: state.step, first: Gradients::leaky(), second: Gradients::leaky() };
        for (moments, values) in [(&mut adam.first, &state.first_moments), (&mut adam.second, &state.second_moments)] {
            for (parameter, values) in network.variables().into_iter().zip(values) {
                let moment = Variable::new(parameter.device(), values)?;
                set_moment(moments, &parameter.tensor, moment.tensor).map_err(EngineError::arithmetic)?;
            }
        }
        Ok(adam)
    }

    /// Steps taken.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Takes one step along these gradients of the network's parameters.
    pub fn update(&mut self, network: &mut Network<D>, gradients: &mut Gradients<f32, D>) -> Result<(), D::Err> {
        self.step += 1;
        // The powers of the betas have long been 0 when a step's number no longer fits.
        let t = i32::try_from(self.step).unwrap_or(i32::MAX);
        let config = keras(self.learning_rate, t);
        for variable in network.variables_mut() {
            match &mut variable.tensor {
                DeviceTensor::Weight(weight) => self.update_parameter(&config, t, weight, gradients)?,
                DeviceTensor::Bias(bias) => self.update_parameter(&config, t, bias, gradients)?,
            }
        }
        Ok(())
    }

    fn update_parameter<S: Shape>(
        &mut self,
        config: &AdamConfig,
        t: i32,
        parameter: &mut Tensor<S, f32, D>,
        gradients: &mut Gradients<f32, D>,
    ) -> Result<(), D::Err> {
        let first = self.first.get_or_alloc_mut(&*parameter)?;
        let second = self.second.get_or_alloc_mut(&*parameter)?;
        let gradient = gradients.get_or_alloc_mut(&*parameter)?;
        config.try_update(t, parameter, first, second, gradient)
    }

    /// The first and the second moments of a network's parameters. Waits for the device.
    pub fn moments(&self, network: &Network<D>) -> [Vec<NamedTensor>; 2] {
        [&self.first, &self.second]
            .map(|moments| network.variables().into_iter().map(|variable| variable.values_in(moments)).collect())
    }
}

/// dfdx's Adam with the constants that make it Keras's at step `t`.
///
/// Keras: `w -= lr·√(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v + ε)`. dfdx corrects each moment by itself:
/// `w -= lr · m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + e)`. Numerator and denominator times √(1-β₂ᵗ) make that
/// `lr·√(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v + e·√(1-β₂ᵗ))`, which is Keras's for `e = ε/√(1-β₂ᵗ)`.
fn keras(learning_rate: f64, t: i32) -> AdamConfig {
    AdamConfig {
        lr: learning_rate,
        betas: [BETA_1, BETA_2],
        eps: EPSILON / (1.0 - BETA_2.powi(t)).sqrt(),
        weight_decay: None,
    }
}

/// Makes what `moments` keep for `parameter` equal to `values`, which have its shape.
fn set_moment<D: Device<f32>>(
    moments: &mut Gradients<f32, D>,
    parameter: &DeviceTensor<D>,
    values: DeviceTensor<D>,
) -> Result<(), D::Err> {
    match (parameter, values) {
        (DeviceTensor::Weight(parameter), DeviceTensor::Weight(values)) => set_gradient(moments, parameter, values),
        (DeviceTensor::Bias(parameter), DeviceTensor::Bias(values)) => set_gradient(moments, parameter, values),
        _ => unreachable!("a parameter's moments have its shape"),
    }
}

/// Makes what `gradients` keep for `parameter` equal to `values`, on whatever device they are.
///
/// dfdx lets nobody write a gradient, but it computes one: that of Σ parameter·values with respect to the parameter is
/// `values` to the bit (0 + 1·value; only the sign of a zero is lost, which no later step can see).
fn set_gradient<S: Shape, D: Device<f32>>(
    gradients: &mut Gradients<f32, D>,
    parameter: &Tensor<S, f32, D>,
    values: Tensor<S, f32, D>,
) -> Result<(), D::Err> {
    let mut exact = parameter.leaky_trace().try_mul(values)?.try_sum()?.try_backward()?;
    mem::swap(gradients.get_or_alloc_mut(parameter)?, exact.get_or_alloc_mut(parameter)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::{Cpu, TensorFromVec};

    use super::*;
    use crate::{
        engine::{reference::ReferenceParameter, samples::untrained},
        settings::Model,
    };

    /// Where ε weighs as much as the gradients, a wrong one shows.
    #[test]
    fn the_update_is_keras_s_also_where_epsilon_matters() {
        for scale in [1e-1, 1e-6, 1e-7, 1e-8] {
            let device = Cpu::default();
            let state = untrained(&[], 0);
            let mut network = Network::new(Model::Dense, &device, &state.parameters).expect("the CPU has room");
            let mut adam = Adam::new(1e-3, &network, &state).expect("the CPU has room");
            let mut bias = ReferenceParameter::new(0.0);
            for step in 1..=20 {
                let gradient = scale * f64::from(step * 7 % 5 - 1);
                #[expect(clippy::cast_possible_truncation, reason = "the network computes with 32 bits")]
                let values = device.tensor_from_vec(vec![gradient as f32; 10], (10,));
                let mut gradients = Gradients::leaky();
                set_gradient(&mut gradients, network.variables()[1].bias(), values).expect("the CPU computes");
                adam.update(&mut network, &mut gradients).expect("the CPU computes");
                bias.update(gradient, 1e-3, step);
                let got = f64::from(network.values()[1].values[0]);
                let difference = (got - bias.value).abs();
                assert!(
                    difference < 1e-5 * 1e-3 * f64::from(step),
                    "scale {scale}, step {step}: {got}, not {}",
                    bias.value
                );
            }
        }
    }

    #[test]
    fn the_powers_of_a_step_number_that_does_not_fit_stay_numbers() {
        let config = keras(1e-3, i32::MAX);
        assert_eq!(config.eps.to_bits(), EPSILON.to_bits());
    }
}
