//! The configuration file: finds it, and reads it as names with values, each with its line. Knows no option and no key
//! by its name; what they mean is for `cli` and `app` to say.

use std::{
    fmt, fs, io,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeArray, DeInteger, DeTable, DeValue},
};

use crate::printable::{self, escape};

/// What names no file where a file is asked for.
pub const NONE: &str = "none";

/// The table that binds keys.
const KEYS: &str = "keys";

/// The most bytes that a configuration may have. What is longer is some other file.
const LONGEST: u64 = 1 << 20;

/// What a configuration file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Where it is.
    pub path: PathBuf,
    /// What it says of options, in its order.
    pub options: Vec<Entry>,
    /// What it says of keys, in its order.
    pub keys: Vec<Entry>,
}

/// A name with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The line that it stands on, from 1.
    pub line: usize,
    /// The value.
    pub value: Value,
}

/// A value. Numbers are as they are written, for whoever knows what they are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Switch(bool),
    /// A number or a text.
    Word(String),
    /// A list of numbers or texts.
    List(Vec<String>),
}

/// What is wrong with a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    path: PathBuf,
    line: Option<usize>,
    words: String,
}

impl fmt::Display for Mistake {
    /// The file, the line and what is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = printable::path(&self.path);
        match self.line {
            Some(line) => write!(f, "{path}, line {line}: {}", escape(&self.words)),
            None => write!(f, "{path}: {}", escape(&self.words)),
        }
    }
}

/// Where the configuration is if nothing else is said (XDG Base Directory Specification; `variable`: a name's value).
/// `None`: there is no place for it.
pub fn usual(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    // A path that is not absolute is to be ignored.
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let directory = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(directory.join("fitroom/config.toml"))
}

impl Configuration {
    /// Reads this file; `None`: there is none.
    ///
    /// # Errors
    /// When it cannot be read or is no TOML, or holds what a configuration cannot hold.
    pub fn read(path: &Path) -> Result<Option<Self>, Mistake> {
        let mistake = |words| Mistake { path: path.to_owned(), line: None, words };
        let bytes = match bytes(path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(mistake(format!("cannot be read: {error}"))),
        };
        let text = String::from_utf8(bytes).map_err(|error| Mistake {
            line: Some(line_of(error.as_bytes(), error.utf8_error().valid_up_to())),
            ..mistake("is not UTF-8, as TOML has to be".to_owned())
        })?;
        Self::parse(path, &text).map(Some)
    }

    /// Reads this text, which stands in this file.
    ///
    /// # Errors
    /// As [`Configuration::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Mistake> {
        let line = |span: Range<usize>| line_of(text.as_bytes(), span.start);
        let at = |span: Range<usize>, words| Mistake { path: path.to_owned(), line: Some(line(span)), words };
        let table = DeTable::parse(text).map_err(|error| {
            let words = format!("is not TOML: {}", error.message());
            let place = error.span().unwrap_or(text.len()..text.len());
            at(place, words)
        })?;
        let mut read = Self { path: path.to_owned(), ..Self::default() };
        for (name, entry) in table.get_ref() {
            match entry.get_ref() {
                DeValue::Table(keys) if name.get_ref() == KEYS => {
                    for (name, entry) in keys {
                        let value = value(entry).map_err(|found| at(entry.span(), wrong(name.get_ref(), &found)))?;
                        read.keys.push(Entry { name: name.get_ref().to_string(), line: line(name.span()), value });
                    }
                }
                _ if name.get_ref() == KEYS => {
                    return Err(at(name.span(), format!("{KEYS} is {}: expected a table, [{KEYS}]", kind(entry))));
                }
                DeValue::Table(_) => {
                    let words = format!(
                        "[{}] is no table of a configuration: expected [{KEYS}], or options outside of any table",
                        name.get_ref()
                    );
                    return Err(at(name.span(), words));
                }
                _ => {
                    let value = value(entry).map_err(|found| at(entry.span(), wrong(name.get_ref(), &found)))?;
                    read.options.push(Entry { name: name.get_ref().to_string(), line: line(name.span()), value });
                }
            }
        }
        // TOML's tables have no order.
        read.options.sort_by_key(|entry| entry.line);
        read.keys.sort_by_key(|entry| entry.line);
        Ok(read)
    }

    /// That this entry of it is wrong.
    #[must_use]
    pub fn mistake(&self, entry: &Entry, words: String) -> Mistake {
        Mistake { path: self.path.clone(), line: Some(entry.line), words }
    }

    /// Where this entry of it stands, in words.
    #[must_use]
    pub fn place(&self, entry: &Entry) -> String {
        format!("{}, line {}", printable::path(&self.path), entry.line)
    }
}

impl Mistake {
    /// That there is no such file.
    #[must_use]
    pub fn missing(path: &Path) -> Self {
        let words = format!("there is no such file: expected a configuration, or {NONE}");
        Self { path: path.to_owned(), line: None, words }
    }
}

/// The bytes of a file, unless it is much too long, or no file.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let data = fs::metadata(path)?;
    if data.is_dir() || data.len() > LONGEST {
        let words = if data.is_dir() { "it is a directory" } else { "it is longer than a megabyte" };
        return Err(io::Error::other(words));
    }
    fs::read(path)
}

fn line_of(text: &[u8], place: usize) -> usize {
    text[..place.min(text.len())].split(|byte| *byte == b'\n').count()
}

fn wrong(name: &str, found: &str) -> String {
    format!("{name} is {found}: expected a number, a text, true or false, or a list of numbers or texts")
}

/// A value, or in words what stands there that cannot be one.
fn value(entry: &Spanned<DeValue>) -> Result<Value, String> {
    match entry.get_ref() {
        DeValue::Boolean(on) => Ok(Value::Switch(*on)),
        DeValue::Array(list) => words(list).map(Value::List),
        _ => word(entry).map(Value::Word),
    }
}

fn words(list: &DeArray) -> Result<Vec<String>, String> {
    list.iter().map(|entry| word(entry).map_err(|found| format!("a list that holds {found}"))).collect()
}

fn word(entry: &Spanned<DeValue>) -> Result<String, String> {
    match entry.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => whole(number).ok_or_else(|| "a number that is too large".to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        _ => Err(kind(entry).to_owned()),
    }
}

/// A whole number in digits, in whatever base it is written.
fn whole(number: &DeInteger) -> Option<String> {
    if number.radix() == 10 {
        return Some(number.as_str().to_owned());
    }
    i128::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
}

fn kind(entry: &Spanned<DeValue>) -> &'static str {
    match entry.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Configuration, String> {
        Configuration::parse(Path::new("config.toml"), text).map_err(|mistake| mistake.to_string())
    }

    fn entry(name: &str, line: usize, value: Value) -> Entry {
        Entry { name: name.to_owned(), line, value }
    }

    fn word(text: &str) -> Value {
        Value::Word(text.to_owned())
    }

    #[test]
    fn names_have_their_values_as_they_are_written_and_their_lines() {
        let text = "# mine\nepochs = 1_000\nlearning-rate = 5e-4 # small\n\nhidden = [128,\n 0x40]\nascii = true\n\
                    color = \"256\"\n[keys]\npause = 'p'\nwhy = []\n";
        let list = |words: &[&str]| Value::List(words.iter().map(|word| (*word).to_owned()).collect());
        let read = parse(text).expect("it is TOML");
        let options = [
            entry("epochs", 2, word("1000")),
            entry("learning-rate", 3, word("5e-4")),
            entry("hidden", 5, list(&["128", "64"])),
            entry("ascii", 7, Value::Switch(true)),
            entry("color", 8, word("256")),
        ];
        assert_eq!(read.options, options);
        assert_eq!(read.keys, [entry("pause", 10, word("p")), entry("why", 11, list(&[]))]);
        assert_eq!(parse("").map(|read| (read.options, read.keys)), Ok((vec![], vec![])));
    }

    #[test]
    fn what_cannot_be_a_configuration_is_told_with_its_line() {
        for (text, expected) in [
            ("epochs = 1\nepochs = 2", "line 2: is not TOML: duplicate key"),
            ("\n\nepochs", "line 3: is not TOML: "),
            ("a = 1\nb = 2026-11-27", "line 2: b is a date or a time: expected a number, a text"),
            ("\nhidden = [[1]]", "line 2: hidden is a list that holds a list: expected a number"),
            ("hidden = [true]", "line 1: hidden is a list that holds true or false: "),
            ("\n[train]\nepochs = 1", "line 2: [train] is no table of a configuration: expected [keys]"),
            ("keys = 1", "line 1: keys is a number: expected a table, [keys]"),
            ("[keys]\npause.x = 'p'", "line 2: pause is a table: expected "),
        ] {
            let told = parse(text).expect_err(text);
            assert!(told.starts_with(&format!("config.toml, {expected}")), "{text:?}: {told}");
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }

    #[test]
    fn the_usual_place_is_the_one_that_the_specification_names() {
        let at = |config: &str, home: &str| {
            let value = |text: &str| (!text.is_empty()).then(|| text.into());
            usual(|name| if name == "HOME" { value(home) } else { value(config) })
        };
        assert_eq!(at("/c", "/h"), Some("/c/fitroom/config.toml".into()));
        assert_eq!(at("c", "/h"), Some("/h/.config/fitroom/config.toml".into()));
        assert_eq!(at("", ""), None);
    }
}
