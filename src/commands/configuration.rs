//! `fitroom config`: shows which options and keys hold, and where they are from. Changes none.

use std::{borrow::Cow, io::Write};

use color_eyre::eyre::Result;
use serde_json::{Value, json};

use super::{output::status, table::padded};
use crate::{
    app::bound::Keyed,
    cli::{Configured, Origin},
    printable::{self, escape},
    view::width,
};

/// Cells between two columns.
const GAP: usize = 2;

/// Writes what holds for each option, and the keys that differ from fitroom's own; `as_json`: as one line of JSON.
/// Returns the exit status.
///
/// # Errors
/// When `out` fails.
pub fn show_configuration(configured: &Configured, as_json: bool, mut out: impl Write) -> Result<u8> {
    let text = if as_json { format!("{}\n", line(configured)) } else { words(configured) };
    status(out.write_all(text.as_bytes()), out)
}

fn words(configured: &Configured) -> String {
    let file = match &configured.path {
        Some((path, true)) => printable::path(path),
        Some((path, false)) => format!("none (there is no {})", printable::path(path)),
        None => "none".to_owned(),
    };
    let settings = configured.settings.iter().map(|setting| {
        let origin = match &setting.origin {
            Origin::Default => Cow::Borrowed("default"),
            Origin::File(line) => format!("configuration file, line {line}").into(),
            Origin::Variable(variable) => variable.into(),
            Origin::Argument => format!("--{}", setting.name).into(),
        };
        [setting.name.clone(), escape(&setting.value).into_owned(), origin.into_owned()]
    });
    let keys = configured.keys.differing().into_iter().map(|keyed| {
        let names = |keys: &[String]| if keys.is_empty() { "no key".to_owned() } else { keys.join(" ") };
        let line = line_of(configured, &keyed).unwrap_or_default();
        let origin = format!("configuration file, line {line}; usually {}", names(&keyed.usual));
        [keyed.action.to_string(), names(&keyed.keys), origin]
    });
    let (settings, keys): (Vec<_>, Vec<_>) = (settings.collect(), keys.collect());
    let mut text = format!("Configuration file: {file}\n\n{}", table(&settings));
    if !keys.is_empty() {
        text = format!("{text}\nKeys\n{}", table(&keys));
    }
    text
}

fn line_of(configured: &Configured, keyed: &Keyed) -> Option<usize> {
    configured.lines.iter().find(|(action, _)| *action == keyed.action).map(|(_, line)| *line)
}

/// Rows of three columns.
fn table(rows: &[[String; 3]]) -> String {
    let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0) + GAP;
    let (first, second) = (widest(0), widest(1));
    let row =
        |[name, value, origin]: &[String; 3]| format!("{}{}{origin}\n", padded(name, first), padded(value, second));
    rows.iter().map(row).collect()
}

fn line(configured: &Configured) -> Value {
    let options = configured.settings.iter().map(|setting| {
        let (from, line, variable) = match &setting.origin {
            Origin::Default => ("default", None, None),
            Origin::File(line) => ("file", Some(line), None),
            Origin::Variable(variable) => ("environment", None, Some(variable)),
            Origin::Argument => ("argument", None, None),
        };
        json!({"name": setting.name, "value": setting.value, "from": from, "line": line, "variable": variable})
    });
    let keys = configured.keys.differing().into_iter().map(|keyed| {
        let line = line_of(configured, &keyed);
        json!({"action": keyed.action, "keys": keyed.keys, "usual": keyed.usual, "line": line})
    });
    json!({
        "file": configured.path.as_ref().map(|(path, _)| printable::path(path)),
        "is_there": configured.path.as_ref().is_some_and(|(_, is_there)| *is_there),
        "options": options.collect::<Vec<_>>(),
        "keys": keys.collect::<Vec<_>>(),
    })
}
