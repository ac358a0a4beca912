//! The command line and its variables, each ended by a zero byte: what has `FITROOM_NAME=value` is a variable.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
};

use fitroom::{
    cli::{Cli, Subcommand, Training},
    printable::is_control,
    settings::Settings,
};

use super::within;

/// Bytes for each of the arguments, and beside them: the command line's own definition, a few times over.
const FOR_A_BYTE: usize = 256;
const BASE: usize = 1 << 20;

/// Reads it.
pub fn take(input: &[u8]) {
    let mut variables: Vec<&OsStr> = Vec::new();
    let mut arguments = vec![OsString::from("fitroom")];
    for word in input.split(|byte| *byte == 0) {
        match word.iter().position(|byte| *byte == b'=') {
            Some(end) if word.starts_with(b"FITROOM_") => {
                let (name, value) = (OsStr::from_bytes(&word[..end]), OsStr::from_bytes(&word[end + 1..]));
                // SAFETY: the fuzzer has no other thread that looks at the environment.
                unsafe { env::set_var(name, value) };
                variables.push(name);
            }
            _ => arguments.push(OsStr::from_bytes(word).to_owned()),
        }
    }
    let read = within(FOR_A_BYTE * input.len() + BASE, || Cli::read(arguments));
    for name in variables {
        // SAFETY: as above.
        unsafe { env::remove_var(name) };
    }
    match read {
        Ok(cli) => {
            check(&cli.training);
            let _ = cli.keeping.interval();
            match cli.command {
                Some(Subcommand::Train { training, .. }) => check(&training),
                Some(Subcommand::Predict { inputs, .. }) => assert!(!inputs.is_empty()),
                _ => {}
            }
        }
        Err(refusal) => {
            let text = refusal.to_string();
            assert!([0, 2].contains(&refusal.status()) && !text.trim().is_empty());
            assert!(!text.contains(|c| is_control(c) && c != '\n'), "{text:?}");
        }
    }
}

/// Holds settings to what the training relies on.
fn check(training: &Training) {
    let Settings { epochs, batch_size, learning_rate, hidden, .. } = training.settings();
    assert!((1..=100_000).contains(&epochs) && (1..=60_000).contains(&batch_size));
    assert!(learning_rate.is_finite() && learning_rate > 0.0);
    assert!(hidden.iter().all(|units| (1..=16_384).contains(units)));
    assert!(training.pace.is_none_or(|pace| (1.0..=1e6).contains(&pace)));
    let _ = (training.settings_of(&Settings::default()), training.source());
}
