//! A checkpoint's tensors, in and out of a safetensors file. Knows nothing of what they are for.

use std::borrow::Cow;

use safetensors::{Dtype, SafeTensors, View, tensor::TensorView};

use super::error::CheckpointError;
use crate::{
    engine::{learner::NamedTensor, model::Outline},
    json,
};

/// What the names of the parameters begin with: nothing.
pub(super) const PARAMETER: &str = "";
/// What the names of Adam's first moments begin with.
pub(super) const FIRST_MOMENT: &str = "adam.first_moment.";
/// What the names of Adam's second moments begin with.
pub(super) const SECOND_MOMENT: &str = "adam.second_moment.";

/// Reads what the file has of this kind for a parameter.
pub(super) fn floats(file: &SafeTensors, kind: &str, outline: Outline) -> Result<NamedTensor, CheckpointError> {
    let Outline { name, shape, .. } = outline;
    let wrong = |found| {
        let expected = format!("32-bit floats of shape {shape:?}");
        Err(CheckpointError::Tensor { name: format!("{kind}{name}"), found, expected })
    };
    let Ok(tensor) = file.tensor(&format!("{kind}{name}")) else { return wrong("is missing".to_owned()) };
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        let found = format!("is {:?} of shape {:?}", tensor.dtype(), tensor.shape());
        return wrong(json::shortened(&found).into_owned());
    }
    let (values, _) = TensorView::data(&tensor).as_chunks();
    let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    Ok(NamedTensor { name, shape, values })
}

/// Whether all values of a tensor are numbers, and none below 0 of the second moments, which are means of squares.
pub(super) fn check_values(kind: &str, tensor: &NamedTensor) -> Result<(), CheckpointError> {
    let (least, expected) = if kind == SECOND_MOMENT { (0.0, "a number from 0") } else { (f32::MIN, "a number") };
    let is_wrong = |value: &f32| !value.is_finite() || *value < least;
    let Some(at) = tensor.values.iter().position(is_wrong) else { return Ok(()) };
    Err(CheckpointError::Value {
        name: format!("{kind}{}", tensor.name),
        found: tensor.values[at],
        place: place(at, &tensor.shape),
        expected,
    })
}

/// The indices, one per dimension, of the value that is the `at`th of this shape.
fn place(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut place: Vec<usize> = shape
        .iter()
        .rev()
        .map(|size| {
            let index = at % size;
            at /= size;
            index
        })
        .collect();
    place.reverse();
    place
}

/// A tensor to write.
pub(super) struct Floats<'a>(pub &'a NamedTensor);

impl View for Floats<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.0.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(&*self.0.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_no_number_is_named_with_its_place() {
        let mut values = vec![0.5; 24];
        values[17] = f32::NAN;
        values[20] = f32::INFINITY;
        let tensor = NamedTensor { name: "layers.0.weight".to_owned(), shape: vec![2, 3, 4], values };
        let error = check_values(FIRST_MOMENT, &tensor).expect_err("NaN is no number").to_string();
        let expected = "its tensor adam.first_moment.layers.0.weight has NaN at [1, 1, 1], expected a number";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn only_means_of_squares_must_not_be_negative() {
        let tensor = NamedTensor { name: "layers.0.bias".to_owned(), shape: vec![2], values: vec![0.5, -0.5] };
        assert!(check_values("", &tensor).is_ok());
        let error = check_values(SECOND_MOMENT, &tensor).expect_err("no square is negative").to_string();
        assert!(error.contains("layers.0.bias has -0.5 at [1], expected a number from 0"), "{error}");
    }
}
