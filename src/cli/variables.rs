//! The environment variables of the command line: every long option has one, `FITROOM_EPOCHS` for `--epochs`. Knows no
//! option by name.
//!
//! The arguments are read twice: first without the environment, to learn which command is meant and which options are
//! given. Then with the variables of those options of that command that the arguments neither give nor exclude. So a
//! variable that a command has no use for cannot make it fail, and the arguments win.

use std::{
    any::TypeId,
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::{
    Arg, ArgAction, ArgMatches, Command, Error,
    builder::{BoolishValueParser, TypedValueParser},
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use crate::printable;

/// This command line, with its variables named in the help.
pub(super) fn named(command: Command) -> Command {
    let name = |option: Arg| match variable(&option) {
        Some(variable) => option.env(variable).hide_env_values(true),
        None => option,
    };
    command.mut_args(name).mut_subcommands(named)
}

/// Reads these arguments, which begin with the program's name, and the environment.
///
/// # Errors
/// Wrong usage, with the name of the variable that it comes from, or a request for help.
pub(super) fn read(command: &Command, arguments: &[OsString]) -> Result<ArgMatches, Error> {
    let given = command.clone().try_get_matches_from(arguments).map_err(|error| match error.kind() {
        // The help names the variables.
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            named(command.clone()).try_get_matches_from(arguments).err().unwrap_or(error)
        }
        _ => error,
    })?;
    let mut built = command.clone();
    built.build();
    let (mut meant, mut given) = (&mut built, &given);
    let mut path = Vec::new();
    while let Some((name, deeper)) = given.subcommand() {
        meant = meant.find_subcommand_mut(name).expect("the arguments were read by this command");
        given = deeper;
        path.push(name.to_owned());
    }
    let wanted = wanted(meant, given)?;
    at(command.clone(), &path, &wanted).try_get_matches_from(arguments).map_err(|error| name_variables(error, &wanted))
}

/// An option whose value comes from the environment.
struct Wanted {
    option: Arg,
    variable: String,
}

/// The options of this command that are set in the environment, and that the arguments neither give nor exclude.
fn wanted(command: &mut Command, given: &ArgMatches) -> Result<Vec<Wanted>, Error> {
    let is_given = |option: &Arg| given.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine);
    let rules_out = |option: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(option).iter().any(|ruled_out| ruled_out.get_id() == other.get_id())
    };
    let is_ruled_out = |option: &Arg| {
        let mut others = command.get_arguments().filter(|other| is_given(other));
        others.any(|other| rules_out(option, other) || rules_out(other, option))
    };
    let open = command.get_arguments().filter(|option| !is_given(option) && !is_ruled_out(option));
    let set: Vec<(Arg, String, OsString)> = open
        .filter_map(|option| {
            let variable = variable(option)?;
            let value = env::var_os(&variable).filter(|value| !value.is_empty())?;
            Some((option.clone(), variable, value))
        })
        .collect();
    let mut wanted = Vec::new();
    for (option, variable, value) in set {
        if value.to_str().is_none() && !takes_any_bytes(&option) {
            let value = printable::path(&value);
            let message = format!("{variable} is '{value}', which is not UTF-8: expected text, as for {option}");
            return Err(command.error(ErrorKind::InvalidUtf8, message));
        }
        if !is_switched_off(command, &option, &value) {
            wanted.push(Wanted { option, variable });
        }
    }
    Ok(wanted)
}

/// The name of an option's variable; options that ask for help or the version have none.
fn variable(option: &Arg) -> Option<String> {
    use ArgAction::{Help, HelpLong, HelpShort, Version};
    if matches!(option.get_action(), Help | HelpShort | HelpLong | Version) {
        return None;
    }
    let long = option.get_long()?;
    Some(format!("FITROOM_{}", long.replace('-', "_").to_uppercase()))
}

fn is_switch(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::SetTrue)
}

/// Whether this value turns a switch off: 0, no, false or off, in upper or lower case.
fn is_switched_off(command: &Command, option: &Arg, value: &OsStr) -> bool {
    is_switch(option) && BoolishValueParser::new().parse_ref(command, None, value).is_ok_and(|on| !on)
}

/// Whether the option's value is a path, which need not be text.
fn takes_any_bytes(option: &Arg) -> bool {
    let of = option.get_value_parser().type_id();
    of == TypeId::of::<PathBuf>() || of == TypeId::of::<OsString>()
}

/// The command line with these variables added to the command of this path.
fn at(command: Command, path: &[String], wanted: &[Wanted]) -> Command {
    if let Some((name, path)) = path.split_first() {
        return command.mut_subcommand(name, |below| at(below, path, wanted));
    }
    command.mut_args(|option| match wanted.iter().find(|wanted| wanted.option.get_id() == option.get_id()) {
        None => option,
        Some(Wanted { variable, .. }) if is_switch(&option) => {
            option.env(variable.clone()).value_parser(BoolishValueParser::new())
        }
        Some(Wanted { variable, .. }) => option.env(variable.clone()),
    })
}

/// Names the variables in an error that is about options which nobody typed.
fn name_variables(mut error: Error, wanted: &[Wanted]) -> Error {
    let named = |words: &str| {
        let of_this_option = wanted.iter().find(|wanted| wanted.option.to_string() == words);
        of_this_option.map_or_else(|| words.to_owned(), |Wanted { variable, .. }| format!("{variable} ({words})"))
    };
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        let value = match error.get(kind) {
            Some(ContextValue::String(words)) => ContextValue::String(named(words)),
            Some(ContextValue::Strings(all)) => ContextValue::Strings(all.iter().map(|words| named(words)).collect()),
            _ => continue,
        };
        error.insert(kind, value);
    }
    error
}

/// Escapes what an error quotes, so that a terminal can show it.
pub(super) fn printable(mut error: Error) -> Error {
    let quoted: Vec<(ContextKind, ContextValue)> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    let is_raw = |text: &str| text.contains(printable::is_control);
    let escape = |text: &str| printable::escape(text).into_owned();
    let any_raw = quoted.iter().any(|(_, value)| match value {
        ContextValue::String(text) => is_raw(text),
        ContextValue::Strings(texts) => texts.iter().any(|text| is_raw(text)),
        _ => false,
    });
    for (kind, value) in quoted {
        let value = match value {
            ContextValue::String(text) => ContextValue::String(escape(&text)),
            ContextValue::Strings(texts) => ContextValue::Strings(texts.iter().map(|text| escape(text)).collect()),
            // Advice that quotes the same once more, with colours of its own.
            ContextValue::StyledStrs(_) if any_raw => {
                error.remove(kind);
                continue;
            }
            _ => continue,
        };
        error.insert(kind, value);
    }
    error
}
