//! The two figures that the Curves draw, loss and accuracy: where their values are found, and how they are written.

use crate::{
    app::history::Point,
    protocol::EpochRecord,
    view::{format::percent_with, scale::Bounds},
};

/// One of the two figures.
pub struct Figure {
    pub name: &'static str,
    pub of_point: fn(&Point) -> f64,
    pub of_training: fn(&EpochRecord) -> f64,
    pub of_test: fn(&EpochRecord) -> f64,
    pub text: fn(f64, usize) -> String,
    pub bounds: fn(&[f64]) -> Bounds,
    pub is_loss: bool,
}

pub const FIGURES: [Figure; 2] = [
    Figure {
        name: "loss",
        of_point: |point| point.loss,
        of_training: |record| record.loss,
        of_test: |record| record.val_loss,
        text: |value, decimals| format!("{value:.decimals$}"),
        bounds: Bounds::around,
        is_loss: true,
    },
    Figure {
        name: "accuracy",
        of_point: |point| point.accuracy,
        of_training: |record| record.accuracy,
        of_test: |record| record.val_accuracy,
        text: |value, decimals| percent_with(value, decimals.saturating_sub(2)),
        bounds: Bounds::around_parts,
        is_loss: false,
    },
];
