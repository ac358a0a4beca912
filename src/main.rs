//! The program: reads the command line, dispatches, and turns the outcome into an exit status. No logic.

use std::{
    io::{IsTerminal, stdout},
    process::ExitCode,
};

use clap::Parser;
use color_eyre::{config::HookBuilder, eyre::Result};
use fitroom::{cli::Cli, headless, tui};

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("fitroom: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<u8> {
    HookBuilder::default().display_env_section(false).install()?;
    let (settings, source) = (cli.training.settings(), cli.training.source());
    if stdout().is_terminal() {
        tui::run(settings, source, cli.training.pace, &cli.looks)
    } else {
        headless::run(settings, &source, cli.training.pace, stdout())
    }
}
