//! The commands that ask about saved runs: how good they are, what they predict, which there are; about the options
//! that hold; and those that
//! begin and end runs of other processes. Trains nothing itself.

mod configuration;
mod evaluate;
mod listing;
mod output;
mod paint;
mod predict;
mod saved;
mod stop;
mod table;
mod train;
mod trainer;

pub use self::{
    configuration::show_configuration,
    evaluate::evaluate,
    listing::list,
    output::{check_output, complain, print, refuse},
    predict::{AnswerForm, predict},
    stop::stop,
    train::train_in_the_background,
};
