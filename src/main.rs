//! The program: reads the command line, calls the command, and turns the outcome into an exit status. No logic.

use std::{
    env,
    io::{BufWriter, IsTerminal, Write, stderr, stdout},
    process::ExitCode,
};

use color_eyre::{
    config::HookBuilder,
    eyre::{Result, bail},
};
use fitroom::{
    cli::{Cli, Subcommand, Which},
    commands::{self, AnswerForm},
    depth, engine,
    fashion::photo::Handling,
    headless::{self, Form},
    run::Runs,
    session::{Opening, RunPlan, Watching},
    signals, tui,
};

fn main() -> ExitCode {
    let outcome = commands::check_output().and_then(|()| match Cli::read(env::args_os()) {
        Ok(cli) => run(cli),
        Err(refusal) => commands::refuse(&refusal),
    });
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            signals::end_at_once();
            commands::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<u8> {
    HookBuilder::default().display_env_section(false).install()?;
    let computes = !matches!(
        cli.command,
        Some(Subcommand::Runs { .. } | Subcommand::Stop { .. } | Subcommand::Completions { .. } | Subcommand::Man)
    );
    if let Some(name) = env::var_os(engine::INSTRUCTIONS).filter(|name| computes && !name.is_empty()) {
        engine::compute_with(&name.to_string_lossy())?;
    }
    match cli.command {
        None if stdout().is_terminal() && depth::can_draw(|name| env::var(name).ok()) => tui::run(
            Opening::Train(RunPlan::new(&cli.training, &cli.keeping)?),
            &cli.looks,
            &cli.telling,
            cli.configured.keys,
        ),
        None => {
            if stdout().is_terminal() {
                let _ = writeln!(stderr(), "fitroom: {}", depth::NOT_DRAWN);
            }
            headless::run(RunPlan::new(&cli.training, &cli.keeping)?, Form::Text, &cli.telling)
        }
        Some(Subcommand::Train { keeping, detach: true, background: false, .. }) => {
            let runs = Runs::new(keeping.runs);
            commands::train_in_the_background(env::args_os().skip(2), &runs, stdout())
        }
        Some(Subcommand::Train { training, keeping, json, background, telling, .. }) => {
            let form = match (background, json) {
                (true, _) => Form::Background,
                (false, true) => Form::Json,
                (false, false) => Form::Text,
            };
            headless::run(RunPlan::new(&training, &keeping)?, form, &telling)
        }
        Some(Subcommand::Stop { argument, run, runs, .. }) => {
            commands::stop(&Which { run: argument.or(run), runs, data: None }, stdout())
        }
        Some(Subcommand::Evaluate { argument, run, directories, json }) => {
            commands::evaluate(&directories.which(argument.or(run)), json, stdout())
        }
        Some(Subcommand::Predict { inputs, as_is, run, directories, json, colours }) => {
            let form = AnswerForm::of_standard_output(json, &colours);
            let handling = if as_is { Handling::AsIs } else { Handling::Prepared };
            commands::predict(&directories.which(run), &inputs, handling, form, BufWriter::new(stdout()))
        }
        Some(Subcommand::Watch { argument, run, directories, looks, telling }) => {
            if !stdout().is_terminal() || !depth::can_draw(|name| env::var(name).ok()) {
                bail!("a run is watched on a terminal that can be drawn on, such as one with TERM=xterm-256color");
            }
            tui::run(
                Opening::Watch(Watching::new(&directories.which(argument.or(run)))?),
                &looks,
                &telling,
                cli.configured.keys,
            )
        }
        Some(Subcommand::Config { json, .. }) => commands::show_configuration(&cli.configured, json, stdout()),
        Some(Subcommand::Runs { runs, json, .. }) => commands::list(&Runs::new(runs), json, stdout()),
        Some(Subcommand::Completions { shell }) => commands::print(&Cli::completions(shell), stdout()),
        Some(Subcommand::Man) => commands::print(&Cli::manual(), stdout()),
    }
}
