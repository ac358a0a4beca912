//! What a configuration file says of options: which of them it may name, and what holds for a command in the end. Reads
//! no file, and knows only those options by name that no file may hold.

use std::{
    any::TypeId,
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgMatches, Command, Error, error::ErrorKind, parser::ValueSource};

use super::variables::{Given, Outcome, Source, Wanted, is_switch, variable};
use crate::{
    app::bound::{Change, Keys},
    config::{self, Configuration, Entry, Mistake, Value},
    printable,
};

/// The option that names the file.
const CONFIG: &str = "config";
/// The option that goes on with a run.
const RESUME: &str = "resume";
/// Options that are for one time.
const FOR_ONCE: [&str; 3] = [CONFIG, RESUME, "run"];
/// What defines a run, and of it what is no part of the run.
const OF_A_RUN: (&str, &str) = ("Training", "pace");

/// What holds, and where it is from.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// The configuration file that was looked for, and whether it is there; `None`: none was.
    pub path: Option<(PathBuf, bool)>,
    /// What holds for each option that a file may name, and for others that are given.
    pub settings: Vec<Setting>,
    /// The keys of the dashboard.
    pub keys: Keys,
    /// The line of each action whose keys the file has.
    pub lines: Vec<(String, usize)>,
}

/// What holds for an option, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The option's long name.
    pub name: String,
    /// Its value, or in words what happens without one.
    pub value: String,
    /// Where that is from.
    pub origin: Origin,
}

/// Where an option's value is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing else was said.
    Default,
    /// The configuration file, on this line.
    File(usize),
    /// This environment variable.
    Variable(String),
    /// The command line.
    Argument,
}

impl Configured {
    /// Reads the file that this command asks for, and adds to `set` what it says of this command's options. A command
    /// without `--config` reads none.
    ///
    /// # Errors
    /// When the file cannot be read, or says what it cannot say.
    pub(super) fn read(&mut self, all: &Command, command: &Command, given: &Given) -> Result<Vec<Wanted>, Error> {
        if !command.get_arguments().any(|option| option.get_id() == CONFIG) {
            return Ok(Vec::new());
        }
        let asked = given.path(CONFIG);
        let is_asked = asked.is_some();
        let path = asked.or_else(|| config::usual(|name| env::var_os(name).filter(|value| !value.is_empty())));
        let Some(path) = path.filter(|path| *path != Path::new(config::NONE)) else { return Ok(Vec::new()) };
        let read = Configuration::read(&path).map_err(|mistake| refused(&mistake))?;
        self.path = Some((path.clone(), read.is_some()));
        match read {
            Some(read) => self.take(&read, all, command, given),
            None if is_asked => Err(refused(&Mistake::missing(&path))),
            None => Ok(Vec::new()),
        }
    }

    fn take(
        &mut self,
        file: &Configuration,
        all: &Command,
        command: &Command,
        given: &Given,
    ) -> Result<Vec<Wanted>, Error> {
        self.keys = keys(file).map_err(|mistake| refused(&mistake))?;
        self.lines = file.keys.iter().map(|entry| (entry.name.clone(), entry.line)).collect();
        let goes_on = command.get_arguments().any(|option| option.get_id() == RESUME && given.is_given(option));
        let mut wanted = Vec::new();
        for entry in &file.options {
            check_name(file, entry, all).map_err(|mistake| refused(&mistake))?;
            let option = command.get_arguments().find(|option| option.get_long() == Some(&*entry.name));
            let Some(option) = option else { continue };
            let words = words(file, entry, option).map_err(|mistake| refused(&mistake))?;
            // A run that goes on has these settings already.
            let is_the_runs = goes_on && is_of_a_run(command, option);
            if !is_the_runs && !given.decides(command, option) {
                let source = Source::File { place: file.place(entry), line: entry.line, words };
                wanted.push(Wanted { option: option.clone(), source });
            }
        }
        Ok(wanted)
    }
}

fn refused(mistake: &Mistake) -> Error {
    Error::raw(ErrorKind::InvalidValue, format!("{mistake}\n"))
}

fn is_of_a_run(command: &Command, option: &Arg) -> bool {
    let (group, but) = OF_A_RUN;
    let mut groups = command.get_groups().filter(|of| of.get_id() == group);
    option.get_id() != but && groups.any(|of| of.get_args().any(|id| id == option.get_id()))
}

/// The options that a file may name: those of the dashboard, but for what is for one time.
fn permitted(all: &Command) -> impl Iterator<Item = &str> {
    let options = all.get_arguments().filter(|option| variable(option).is_some());
    options.filter_map(Arg::get_long).filter(|name| !FOR_ONCE.contains(name))
}

/// Checks that a file may name this option.
fn check_name(file: &Configuration, entry: &Entry, all: &Command) -> Result<(), Mistake> {
    let name = &*entry.name;
    if permitted(all).any(|permitted| permitted == name) {
        return Ok(());
    }
    let commands = || all.get_subcommands().chain([all]);
    let is_option = commands().flat_map(Command::get_arguments).any(|option| option.get_long() == Some(name));
    let words = if is_option {
        format!("{name} is for a single time: expected it on the command line, as --{name}")
    } else {
        format!("{name} is no option: expected {}", nearest(name, permitted(all).map(ToOwned::to_owned)))
    };
    Err(file.mistake(entry, words))
}

/// The name that is most like this one, or all, if none is.
fn nearest(name: &str, all: impl Iterator<Item = String>) -> String {
    /// How alike two names have to be, from 0 to 1: as clap has it.
    const LIKENESS: f64 = 0.7;
    let all: Vec<String> = all.collect();
    let likeness = |other: &String| strsim::jaro_winkler(&name.replace('_', "-"), other);
    match all.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
        Some(nearest) if likeness(nearest) >= LIKENESS => format!("{nearest}, or another that fitroom config lists"),
        _ => format!("one of {}", all.join(", ")),
    }
}

/// The words that the command line would have for this option.
fn words(file: &Configuration, entry: &Entry, option: &Arg) -> Result<Vec<OsString>, Mistake> {
    let Entry { name, value, .. } = entry;
    let wrong =
        |expected: &str| Err(file.mistake(entry, format!("{name} has another kind of value: expected {expected}")));
    let delimiter = option.get_value_delimiter();
    match value {
        Value::Switch(on) if is_switch(option) => Ok(vec![on.to_string().into()]),
        _ if is_switch(option) => wrong("true or false"),
        Value::Switch(_) => wrong("a number or a text, as on the command line"),
        Value::List(words) if delimiter.is_some() && !words.is_empty() => Ok(words.iter().map(Into::into).collect()),
        Value::List(_) if delimiter.is_some() => wrong("at least one number"),
        Value::List(_) => wrong("a single number or text, as on the command line"),
        Value::Word(word) => Ok(match delimiter {
            Some(delimiter) => word.split(delimiter).map(Into::into).collect(),
            None if option.get_value_parser().type_id() == TypeId::of::<PathBuf>() => vec![at_home(word)],
            None => vec![word.into()],
        }),
    }
}

/// This path, as a shell would read one that begins at home.
fn at_home(path: &str) -> OsString {
    let home = || env::var_os("HOME").filter(|home| !home.is_empty());
    match path.strip_prefix("~/").and_then(|rest| Some(PathBuf::from(home()?).join(rest))) {
        Some(path) => path.into(),
        None => path.into(),
    }
}

/// The keys that a file binds.
fn keys(file: &Configuration) -> Result<Keys, Mistake> {
    let mut changes = Vec::new();
    for entry in &file.keys {
        let name = &entry.name;
        if !Keys::actions().any(|action| action == **name) {
            let nearest = nearest_action(name);
            return Err(file.mistake(entry, format!("{name} is no action of a key: expected {nearest}")));
        }
        let keys = match &entry.value {
            Value::Word(key) => vec![key.clone()],
            Value::List(keys) => keys.clone(),
            Value::Switch(_) => {
                let words = format!("{name} is true or false: expected a key, as \"p\", or a list of keys, as [\"p\"]");
                return Err(file.mistake(entry, words));
            }
        };
        changes.push(Change { action: name.clone(), keys });
    }
    Keys::changed(&changes).map_err(|wrong| {
        let entry = &file.keys[wrong.index];
        file.mistake(entry, format!("{}: {}", entry.name, wrong.words))
    })
}

fn nearest_action(name: &str) -> String {
    nearest(name, Keys::actions().map(std::borrow::Cow::into_owned))
        .replace("fitroom config lists", "docs/config.md lists")
}

/// What holds for each option of this command, which a file may name, or which is given.
pub(super) fn settings(all: &Command, command: &Command, matches: &ArgMatches, outcome: &Outcome) -> Vec<Setting> {
    let is = |option: &Arg, other: &Arg| option.get_id() == other.get_id();
    let goes_on = matches.value_source(RESUME).is_some();
    let options = command.get_arguments().filter_map(|option| Some((option, option.get_long()?, variable(option)?)));
    let held = options.filter_map(|(option, name, variable)| {
        let source = matches.value_source(option.get_id().as_str());
        let wanted = outcome.set.iter().find(|wanted| is(&wanted.option, option)).map(|wanted| &wanted.source);
        let is_off = outcome.off.iter().any(|off| is(off, option));
        let origin = match (source, wanted) {
            (Some(ValueSource::CommandLine), _) => Origin::Argument,
            (_, Some(Source::Variable(variable))) => Origin::Variable(variable.clone()),
            (_, Some(Source::File { line, .. })) => Origin::File(*line),
            _ if is_off => Origin::Variable(variable),
            _ => Origin::Default,
        };
        let is_listed = permitted(all).any(|permitted| permitted == name)
            || (FOR_ONCE.contains(&name) && origin != Origin::Default);
        let is_the_runs = origin == Origin::Default && goes_on && is_of_a_run(command, option);
        let value = if is_the_runs { "the run's".to_owned() } else { shown(option, matches) };
        is_listed.then(|| Setting { name: name.to_owned(), value, origin })
    });
    held.collect()
}

/// An option's value, as the command line takes it.
fn shown(option: &Arg, matches: &ArgMatches) -> String {
    let id = option.get_id().as_str();
    if is_switch(option) {
        return matches.get_flag(id).to_string();
    }
    let raw = matches.get_raw(id).into_iter().flatten();
    let words: Vec<String> = raw.map(printable::path).collect();
    if words.is_empty() { usual(option).unwrap_or_default() } else { words.join(",") }
}

/// What an option's help says of what holds without it.
pub(super) fn usual(option: &Arg) -> Option<String> {
    let help = option.get_help()?.to_string();
    let (_, usual) = help.split_once("[default: ")?;
    Some(usual.split(']').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::{cli::Cli, settings::Settings};

    fn option(name: &str) -> Arg {
        let mut command = Cli::command();
        command.build();
        command.get_arguments().find(|option| option.get_long() == Some(name)).cloned().expect(name)
    }

    #[test]
    fn an_option_without_a_default_value_says_in_its_help_what_holds_without_it() {
        let mut command = Cli::command();
        command.build();
        let silent = command.get_arguments().filter(|option| {
            variable(option).is_some() && !is_switch(option) && option.get_default_values().is_empty()
        });
        let silent: Vec<&Arg> = silent.filter(|option| usual(option).is_none()).collect();
        assert!(silent.is_empty(), "{silent:?}");
        let Settings { epochs, batch_size, learning_rate, seed, device, .. } = Settings::default();
        for (name, value) in [
            ("epochs", epochs.to_string()),
            ("batch-size", batch_size.to_string()),
            ("learning-rate", learning_rate.to_string()),
            ("hidden", Settings::default().units()),
            ("seed", seed.to_string()),
            ("device", device.to_string()),
        ] {
            assert_eq!(usual(&option(name)), Some(value), "{name}");
        }
    }

    #[test]
    fn what_defines_a_run_is_all_that_its_settings_have_and_its_data() {
        let mut command = Cli::command();
        command.build();
        let of_a_run = command.get_arguments().filter(|option| is_of_a_run(&command, option));
        let names: Vec<&str> = of_a_run.filter_map(Arg::get_long).collect();
        for name in ["epochs", "batch-size", "learning-rate", "hidden", "seed", "device", "threads", "data"] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(!names.contains(&"pace") && !names.contains(&"runs"), "{names:?}");
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_the_one_that_is_most_like_it() {
        let nearest = |name: &str| nearest(name, permitted(&Cli::command()).map(ToOwned::to_owned));
        for (name, like) in [("epoch", "epochs"), ("learning_rate", "learning-rate"), ("colour", "color")] {
            assert!(nearest(name).starts_with(&format!("{like}, or another")), "{name}: {}", nearest(name));
        }
        assert!(nearest("xyz").starts_with("one of epochs, batch-size"));
        assert!(nearest_action("puase").starts_with("pause, or another"));
    }
}
