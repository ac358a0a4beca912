//! The two figures that the Curves draw, loss and accuracy: where their values are found, and how they are written.

use crate::{app::history::Point, protocol::EpochRecord, view::format::percent_with};

/// One of the two figures.
pub struct Figure {
    pub name: &'static str,
    pub of_point: fn(&Point) -> f64,
    pub of_training: fn(&EpochRecord) -> f64,
    pub of_test: fn(&EpochRecord) -> f64,
    pub text: fn(f64, usize) -> String,
    pub is_loss: bool,
}

pub const FIGURES: [Figure; 2] = [
    Figure {
        name: "loss",
        of_point: |point| point.loss,
        of_training: |record| record.loss,
        of_test: |record| record.val_loss,
        text: |value, decimals| format!("{value:.decimals$}"),
        is_loss: true,
    },
    Figure {
        name: "accuracy",
        of_point: |point| point.accuracy,
        of_training: |record| record.accuracy,
        of_test: |record| record.val_accuracy,
        text: |value, decimals| percent_with(value, decimals.saturating_sub(2)),
        is_loss: false,
    },
];
