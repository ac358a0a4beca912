//! The program: reads the command line, dispatches, and turns the outcome into an exit status. No logic.

use std::{
    io::{IsTerminal, stdout},
    process::ExitCode,
};

use clap::{CommandFactory, Parser};
use color_eyre::{config::HookBuilder, eyre::Result};
use fitroom::{
    cli::{Cli, Subcommand},
    headless,
    session::Plan,
    tui,
};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("fitroom: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<u8> {
    HookBuilder::default().display_env_section(false).install()?;
    match cli.command {
        None if stdout().is_terminal() => tui::run(Plan::new(&cli.training, &cli.keeping)?, &cli.looks),
        None => headless::run(Plan::new(&cli.training, &cli.keeping)?, false),
        Some(Subcommand::Train { training, keeping, json }) => headless::run(Plan::new(&training, &keeping)?, json),
        Some(Subcommand::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "fitroom", &mut stdout());
            Ok(0)
        }
    }
}
