//! The commands that ask about saved runs: how good they are, what they predict, which there are. Trains nothing.

mod evaluate;
mod listing;
mod output;
mod paint;
mod predict;
mod saved;
mod table;

pub use self::{
    evaluate::evaluate,
    listing::list,
    output::{check_output, complain, print, refuse},
    predict::{AnswerForm, predict},
};
