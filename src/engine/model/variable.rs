//! A network's parameters where they lie on a device, in and out as named tensors. Knows no network and no optimizer.

use dfdx::prelude::{Device, Gradients, HasShape, NoneTape, Tensor};

use crate::engine::{error::EngineError, learner::NamedTensor};

/// Rows of pixels, activations or logits: `[images, columns]`.
pub(crate) type Rows<D, T = NoneTape> = Tensor<(usize, usize), f32, D, T>;
/// A weight: `[inputs, outputs]`, as Keras keeps it, so that a product needs no transposition.
pub(crate) type Weight<D> = Tensor<(usize, usize), f32, D>;
/// A bias: `[outputs]`.
pub(crate) type Bias<D> = Tensor<(usize,), f32, D>;

/// A parameter on a device.
pub(crate) struct Variable<D: Device<f32>> {
    name: String,
    pub tensor: DeviceTensor<D>,
}

/// A tensor on a device, of one of the ranks that parameters have.
pub(crate) enum DeviceTensor<D: Device<f32>> {
    Weight(Weight<D>),
    Bias(Bias<D>),
}

impl<D: Device<f32>> Variable<D> {
    /// The parameter of these values, on this device.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn new(device: &D, NamedTensor { name, shape, values }: &NamedTensor) -> Result<Self, EngineError> {
        let tensor = match **shape {
            [outputs] => device.try_tensor_from_vec(values.clone(), (outputs,)).map(DeviceTensor::Bias),
            [outputs, inputs] => {
                let values = transposed(values, outputs);
                device.try_tensor_from_vec(values, (inputs, outputs)).map(DeviceTensor::Weight)
            }
            _ => unreachable!("no model has a parameter of the rank of {name}"),
        };
        Ok(Self { name: name.clone(), tensor: tensor.map_err(EngineError::arithmetic)? })
    }

    /// The tensor of a variable that is a weight.
    pub fn weight(&self) -> &Weight<D> {
        match &self.tensor {
            DeviceTensor::Weight(weight) => weight,
            DeviceTensor::Bias(_) => unreachable!("{} is a weight", self.name),
        }
    }

    /// The tensor of a variable that is a bias.
    pub fn bias(&self) -> &Bias<D> {
        match &self.tensor {
            DeviceTensor::Bias(bias) => bias,
            DeviceTensor::Weight(_) => unreachable!("{} is a bias", self.name),
        }
    }

    /// The device that it lies on.
    pub fn device(&self) -> &D {
        match &self.tensor {
            DeviceTensor::Weight(weight) => weight.device(),
            DeviceTensor::Bias(bias) => bias.device(),
        }
    }

    /// Its values as they are now. Waits for the device.
    pub fn values(&self) -> NamedTensor {
        match &self.tensor {
            DeviceTensor::Weight(weight) => self.named_weight(weight),
            DeviceTensor::Bias(bias) => self.named_bias(bias),
        }
    }

    /// What `gradients` keep for it, under its name. Waits for the device.
    pub fn values_in(&self, gradients: &Gradients<f32, D>) -> NamedTensor {
        match &self.tensor {
            DeviceTensor::Weight(weight) => self.named_weight(&gradients.get(weight)),
            DeviceTensor::Bias(bias) => self.named_bias(&gradients.get(bias)),
        }
    }

    fn named_weight(&self, weight: &Weight<D>) -> NamedTensor {
        let &(inputs, outputs) = weight.shape();
        let values = transposed(&weight.as_vec(), inputs);
        NamedTensor { name: self.name.clone(), shape: vec![outputs, inputs], values }
    }

    fn named_bias(&self, bias: &Bias<D>) -> NamedTensor {
        let values = bias.as_vec();
        NamedTensor { name: self.name.clone(), shape: vec![values.len()], values }
    }
}

/// The transpose of a matrix that has this many rows.
fn transposed(values: &[f32], rows: usize) -> Vec<f32> {
    let columns = values.len() / rows;
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::Cpu;

    use super::*;

    #[test]
    fn transposing_turns_rows_into_columns_and_back() {
        let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(transposed(&rows, 2), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(transposed(&transposed(&rows, 2), 3), rows);
    }

    #[test]
    fn a_parameter_comes_back_from_a_device_as_it_was() {
        for shape in [vec![3], vec![2, 3]] {
            let values = (0_u8..).map(f32::from).take(shape.iter().product()).collect();
            let tensor = NamedTensor { name: "layers.0.weight".to_owned(), shape, values };
            let variable = Variable::new(&Cpu::default(), &tensor).expect("the CPU has room");
            assert_eq!(variable.values(), tensor);
        }
    }
}
