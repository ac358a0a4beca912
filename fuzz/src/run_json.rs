//! `run.json`.

use fitroom::{
    cli::{Cli, Training},
    json,
    run::{Facts, Status, standing},
};

use super::{check_shown, within};

/// Bytes for each of the file: of what may be the state or not, each `0,` is kept as a value until that is known.
const FOR_A_BYTE: usize = 64;
const BASE: usize = 4 * 1024;

/// Reads it.
pub fn take(file: &[u8]) {
    match within(FOR_A_BYTE * file.len() + BASE, || Facts::from_json(file)) {
        Ok(facts) => check(&facts),
        Err(error) => check_shown(&json::plain(&error)),
    }
}

/// Does what the program does with the facts of a run, and writes them.
fn check(facts: &Facts) {
    let written = serde_json::to_vec(facts).expect("plain data under fixed names is JSON");
    let again = Facts::from_json(&written).expect("it was written by the program");
    assert_eq!(&again, facts);
    assert!(facts.saved_no_further_than().is_none_or(|epoch| epoch < facts.epochs_done));
    let status = Status::Failed { reason: facts.state.to_string() };
    check_shown(&standing(facts, &status));
    check_shown(&facts.dataset);
    assert!(facts.dataset.is_same(&again.dataset));
    if let Err(error) = asked_for_nothing().settings_of(&facts.settings) {
        panic!("nothing else was asked for: {error}");
    }
}

/// The options of a command line without any.
fn asked_for_nothing() -> Training {
    Cli::read(["fitroom".into()]).expect("no option is needed").training
}
