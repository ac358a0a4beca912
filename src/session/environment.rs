//! The environment of processes that this one starts. Starts none.

use std::{env, process::Command};

use crate::engine::INSTRUCTIONS;

/// Keeps this process's options from a command that may be fitroom again, but for the instructions to compute with.
pub(super) fn without_options(command: &mut Command) {
    let variables = env::vars_os().map(|(name, _)| name).filter(|name| name != INSTRUCTIONS);
    variables.filter(|name| name.to_string_lossy().starts_with("FITROOM_")).for_each(|name| {
        command.env_remove(name);
    });
}
