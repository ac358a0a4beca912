//! The arithmetic of a dense layer on plain slices, as wide as the processor at hand is, a kernel in each file:
//! products, their gradients with Adam woven in, and softmax cross entropy. Knows no network, no tape and no thread.
//!
//! A weight is kept in panels: `P` outputs each, and within a panel a row of `P` values per input. Activations and
//! gradients are rows, one per image, that lie `stride` values apart.

#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the instructions that were chosen")]

pub(super) mod elementwise;
pub(super) mod input_gradient;
pub(super) mod panels;
pub(super) mod parameter;
pub(super) mod pixel_gradient;
pub(super) mod pixel_product;
pub(super) mod product;
pub(super) mod softmax;
pub(super) mod weight_gradient;
