//! What a tape says, as far as ours say it. Plays nothing.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

/// A tape.
#[derive(Debug)]
pub struct Script {
    /// As a comment says, `# 110x34 cells`: VHS is told pixels, and the letters decide.
    pub columns: u16,
    pub rows: u16,
    pub environment: BTreeMap<String, String>,
    /// What `Require` names.
    pub programs: Vec<String>,
    /// Each with the number of its line.
    pub steps: Vec<(usize, Step)>,
}

#[derive(Debug)]
pub enum Step {
    Key {
        name: String,
        bytes: String,
        pause: Duration,
    },
    Sleep(Duration),
    /// `text`: what the screen is to show; `None`: the shell's prompt.
    Wait {
        text: Option<String>,
        time: Duration,
    },
}

/// The keys that have names, and what a terminal sends for them.
const KEYS: &[(&str, &str)] = &[
    ("Enter", "\r"),
    ("Escape", "\x1b"),
    ("Space", " "),
    ("Tab", "\t"),
    ("Up", "\x1b[A"),
    ("Down", "\x1b[B"),
    ("Right", "\x1b[C"),
    ("Left", "\x1b[D"),
    ("PageUp", "\x1b[5~"),
    ("PageDown", "\x1b[6~"),
];

impl Script {
    /// Takes a tape apart, and another one that it begins with; what it says otherwise than ours do is a mistake.
    pub fn read(tape: &Path) -> Self {
        let text = read(tape);
        let sourced = text.lines().find_map(|line| line.strip_prefix("Source "));
        match sourced.map(|name| read(&tape.with_file_name(unquoted(name.trim())))) {
            Some(other) => Self::parse(&format!("{}\n{other}", text.replace("\nSource ", "\n# "))),
            None => Self::parse(&text),
        }
    }

    fn parse(text: &str) -> Self {
        let (columns, rows) = text.lines().find_map(cells).expect("a comment says how many cells there are");
        let mut script = Self { columns, rows, environment: BTreeMap::new(), programs: Vec::new(), steps: Vec::new() };
        // As VHS has them where nothing is set.
        let (mut typing, mut patience) = (Duration::from_millis(50), Duration::from_secs(15));
        for (number, line) in text.lines().enumerate().map(|(number, line)| (number + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (command, rest) = line.split_once(' ').map_or((line, ""), |(command, rest)| (command, rest.trim()));
            let (command, at) = command.split_once('@').map_or((command, None), |(command, at)| (command, Some(at)));
            let at = at.map(time);
            match command {
                "Output" | "Hide" | "Show" => {}
                "Require" => script.programs.push(rest.to_owned()),
                "Env" => {
                    assert!(script.steps.is_empty(), "line {number}: the environment is set after the shell began");
                    let (name, value) = rest.split_once(' ').expect("a name and a value");
                    script.environment.insert(name.to_owned(), unquoted(value).to_owned());
                }
                "Set" => {
                    let after = "VHS takes no more of them in silence";
                    assert!(script.environment.is_empty(), "line {number}: a setting after `Env`: {after}");
                    match rest.split_once(' ').expect("a name and a value") {
                        ("TypingSpeed", speed) => typing = time(speed),
                        ("WaitTimeout", longest) => patience = time(longest),
                        _ => {}
                    }
                }
                "Type" => script.steps.extend(unquoted(rest).chars().map(|key| {
                    let key = key.to_string();
                    (number, Step::Key { name: key.clone(), bytes: key, pause: at.unwrap_or(typing) })
                })),
                "Sleep" => script.steps.push((number, Step::Sleep(time(rest)))),
                "Wait" | "Wait+Screen" => {
                    let text = (!rest.is_empty()).then(|| plain(rest, number));
                    assert_eq!(text.is_some(), command == "Wait+Screen", "line {number}: {line}");
                    script.steps.push((number, Step::Wait { text, time: at.unwrap_or(patience) }));
                }
                name => {
                    let (_, bytes) = KEYS
                        .iter()
                        .find(|(key, _)| *key == name)
                        .unwrap_or_else(|| panic!("line {number}: {line}: not known here"));
                    let times = if rest.is_empty() { 1 } else { rest.parse().expect("how often is a number") };
                    let step =
                        || Step::Key { name: name.to_owned(), bytes: (*bytes).to_owned(), pause: at.unwrap_or(typing) };
                    script.steps.extend((0..times).map(|_| (number, step())));
                }
            }
        }
        script
    }
}

fn read(tape: &Path) -> String {
    fs::read_to_string(tape).unwrap_or_else(|error| panic!("{}: {error}", tape.display()))
}

/// `# 110x34 cells`.
fn cells(line: &str) -> Option<(u16, u16)> {
    let (columns, rows) = line.strip_prefix("# ")?.strip_suffix(" cells")?.split_once('x')?;
    Some((columns.parse().ok()?, rows.parse().ok()?))
}

/// `2s`, `1.5s`, `60ms`.
fn time(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.find(|letter: char| letter.is_alphabetic()).expect("it has a unit"));
    let number: f64 = number.parse().expect("it is a number and a unit");
    match unit {
        "s" => Duration::from_secs_f64(number),
        "ms" => Duration::from_secs_f64(number / 1000.0),
        _ => panic!("{text}: no unit of time that is known here"),
    }
}

fn unquoted(text: &str) -> &str {
    let quoted = |quote| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    ['"', '\'', '`'].into_iter().find_map(quoted).unwrap_or(text)
}

/// A pattern that is a plain text.
fn plain(pattern: &str, number: usize) -> String {
    let text = pattern.strip_prefix('/').and_then(|text| text.strip_suffix('/')).expect("a pattern has slashes");
    assert!(!text.contains(|letter| r"\.+*?()|[]{}^$".contains(letter)), "line {number}: {pattern} is no plain text");
    text.to_owned()
}
