//! The environment variables of the command line: every long option has one, `FITROOM_EPOCHS` for `--epochs`. Knows no
//! option by name.
//!
//! The arguments are read twice: first without the environment, to learn which command is meant and which options are
//! given. Then with the variables of those options of that command that the arguments neither give nor exclude, and
//! with what a configuration file says of those that neither of them does (`defaults`). So a variable or a line that a
//! command has no use for cannot make it fail, and the arguments win over the variables, and these over the file.

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

/// Reads these arguments, which begin with the program's name, and the environment. `file`: what a configuration file
/// says of the command that is meant, given what was read so far of it.
///
/// # Errors
/// Wrong usage, with the name of the variable or the line that it comes from, or a request for help.
pub(super) fn read(
    command: &Command,
    arguments: &[OsString],
    file: impl FnOnce(&Command, &Given) -> Result<Vec<Wanted>, Error>,
) -> Result<Outcome, Error> {
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
    let mut given = Given::new(meant, given)?;
    given.set.extend(file(meant, &given)?);
    let Given { set, off, .. } = given;
    let matches = at(command.clone(), &path, &set).try_get_matches_from(arguments);
    match matches {
        Ok(matches) => Ok(Outcome { matches, set, off }),
        Err(error) => Err(name_sources(error, &set)),
    }
}

/// What came of reading a command line.
pub(super) struct Outcome {
    /// What it says.
    pub matches: ArgMatches,
    /// What of that nobody typed.
    pub set: Vec<Wanted>,
    /// The switches that a variable turns off.
    pub off: Vec<Arg>,
}

/// An option whose value nobody typed.
pub(super) struct Wanted {
    pub option: Arg,
    pub source: Source,
}

/// Where such a value comes from.
pub(super) enum Source {
    /// The environment: the variable.
    Variable(String),
    /// A configuration file: where it stands there, and its words.
    File { place: String, line: usize, words: Vec<OsString> },
}

impl Wanted {
    /// How an error names the option.
    fn name(&self) -> String {
        match &self.source {
            Source::Variable(variable) => format!("{variable} ({})", self.option),
            Source::File { place, .. } => {
                let name = self.option.get_long().unwrap_or_default();
                format!("{name} in {place} ({})", self.option)
            }
        }
    }
}

/// What the arguments and the environment say of a command.
pub(super) struct Given<'a> {
    typed: &'a ArgMatches,
    /// The options that are set in the environment, and that the arguments neither give nor exclude.
    set: Vec<Wanted>,
    /// The switches that a variable turns off.
    off: Vec<Arg>,
}

impl<'a> Given<'a> {
    fn new(command: &mut Command, typed: &'a ArgMatches) -> Result<Self, Error> {
        let mut read = Self { typed, set: Vec::new(), off: Vec::new() };
        let open: Vec<Arg> = command.get_arguments().filter(|option| !read.decides(command, option)).cloned().collect();
        let mut found = Vec::new();
        for option in open {
            let Some(variable) = variable(&option) else { continue };
            let Some(value) = env::var_os(&variable).filter(|value| !value.is_empty()) else { continue };
            if value.to_str().is_none() && !takes_any_bytes(&option) {
                let value = printable::path(&value);
                let message = format!("{variable} is '{value}', which is not UTF-8: expected text, as for {option}");
                return Err(command.error(ErrorKind::InvalidUtf8, message));
            }
            if is_switched_off(command, &option, &value) {
                read.off.push(option);
            } else {
                found.push(Wanted { option, source: Source::Variable(variable) });
            }
        }
        read.set = found;
        Ok(read)
    }

    /// Whether this option is given.
    pub fn is_given(&self, option: &Arg) -> bool {
        self.typed.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine)
            || self.set.iter().any(|wanted| wanted.option.get_id() == option.get_id())
    }

    /// Whether it is settled what this option is: it is given, or turned off, or excluded by one that is given.
    pub fn decides(&self, command: &Command, option: &Arg) -> bool {
        let rules_out = |option: &Arg, other: &Arg| {
            command.get_arg_conflicts_with(option).iter().any(|ruled_out| ruled_out.get_id() == other.get_id())
        };
        let mut others = command.get_arguments().filter(|other| self.is_given(other));
        self.is_given(option)
            || self.off.iter().any(|off| off.get_id() == option.get_id())
            || others.any(|other| rules_out(option, other) || rules_out(other, option))
    }

    /// The path that this option has.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let typed = || self.typed.try_get_raw(name).ok()??.next().map(PathBuf::from);
        let set = self.set.iter().find(|wanted| wanted.option.get_id() == name);
        let variable = set.and_then(|wanted| match &wanted.source {
            Source::Variable(variable) => env::var_os(variable).map(PathBuf::from),
            Source::File { .. } => None,
        });
        variable.or_else(typed)
    }
}

/// The name of an option's variable; options that ask for help or the version have none.
pub(super) fn variable(option: &Arg) -> Option<String> {
    use ArgAction::{Help, HelpLong, HelpShort, Version};
    if matches!(option.get_action(), Help | HelpShort | HelpLong | Version) {
        return None;
    }
    let long = option.get_long()?;
    Some(format!("FITROOM_{}", long.replace('-', "_").to_uppercase()))
}

pub(super) fn is_switch(option: &Arg) -> bool {
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

/// The command line with these values added to the command of this path.
fn at(command: Command, path: &[String], set: &[Wanted]) -> Command {
    if let Some((name, path)) = path.split_first() {
        return command.mut_subcommand(name, |below| at(below, path, set));
    }
    command.mut_args(|option| {
        let Some(wanted) = set.iter().find(|wanted| wanted.option.get_id() == option.get_id()) else { return option };
        let option = if is_switch(&option) { option.value_parser(BoolishValueParser::new()) } else { option };
        match &wanted.source {
            Source::Variable(variable) => option.env(variable.clone()),
            Source::File { words, .. } => option.default_values(words.clone()),
        }
    })
}

/// Names the variables and lines in an error that is about options which nobody typed.
fn name_sources(mut error: Error, set: &[Wanted]) -> Error {
    let named = |words: &str| {
        let of_this_option = set.iter().find(|wanted| wanted.option.to_string() == words);
        of_this_option.map_or_else(|| words.to_owned(), Wanted::name)
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
