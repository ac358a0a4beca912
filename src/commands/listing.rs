//! `fitroom runs`: lists the runs, newest first. Changes none.

use std::{
    io::{self, Write},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::Result;
use serde::Serialize;
use serde_json::Value;

use super::{output::status, table::padded};
use crate::{
    json,
    printable::{self, Printable},
    run::{Facts, Listed, Runs, Status, standing},
    session,
    view::width,
};

/// How many of them are asked at the same time: a few that do not answer hold up nobody.
const ASKED_AT_ONCE: usize = 16;

/// How long the programs that train have to say whether they pause: one that is suspended never does.
const ANSWER: Duration = Duration::from_millis(500);

/// Writes a table of the runs in this directory; `as_json`: one line of JSON per run, with what its `run.json` says and
/// its state. Returns the exit status.
///
/// # Errors
/// When the directory cannot be read, or `out` fails.
pub fn list(runs: &Runs, as_json: bool, mut out: impl Write) -> Result<u8> {
    let listed = runs.list()?;
    let pauses = pauses(&listed);
    let written = match (as_json, listed.is_empty()) {
        (true, _) => {
            listed.iter().zip(&pauses).try_for_each(|(run, is_paused)| writeln!(out, "{}", line(run, *is_paused)))
        }
        (_, true) => writeln!(out, "no runs in {}: train one with `fitroom train`", printable::path(runs.root())),
        (_, false) => table(&listed, &pauses, &mut out),
    };
    status(written, out)
}

/// Of each of these runs, whether its training waits for somebody to let it go on; `None` where it does not train, or
/// nobody says so in time. All of those that train are asked in that time, some of them together.
fn pauses(listed: &[Listed]) -> Vec<Option<bool>> {
    let end = Instant::now() + ANSWER;
    let all: Vec<usize> = (0..listed.len()).filter(|index| listed[*index].trains()).collect();
    let answers = Mutex::new(vec![None; listed.len()]);
    let next = AtomicUsize::new(0);
    let ask = || {
        while let Some(&index) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let is_paused = session::is_paused(&listed[index].run, end);
            answers.lock().unwrap_or_else(PoisonError::into_inner)[index] = is_paused;
        }
    };
    thread::scope(|scope| {
        for _ in 1..all.len().min(ASKED_AT_ONCE) {
            // Where there is no thread to be had, those that there are ask more.
            if thread::Builder::new().name("asker".to_owned()).spawn_scoped(scope, ask).is_err() {
                break;
            }
        }
        ask();
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What a run's line of JSON has.
#[derive(Serialize)]
struct RunLine<'a> {
    run: &'a str,
    #[serde(with = "json::path")]
    directory: &'a Path,
    #[serde(flatten)]
    facts: &'a Facts,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<bool>,
}

fn line(listed: &Listed, paused: Option<bool>) -> Value {
    let name = listed.run.name();
    match &listed.facts {
        Err(error) => serde_json::json!({ "run": name, "error": error.to_string() }),
        Ok((facts, status)) => {
            let line = RunLine { run: &name, directory: listed.run.directory(), facts, paused };
            let mut line = serde_json::to_value(line).expect("facts are plain data under fixed names");
            let status = serde_json::to_value(status).expect("a word or two");
            if let (Value::Object(line), Value::Object(status)) = (&mut line, status) {
                line.extend(status);
            }
            line
        }
    }
}

fn table(listed: &[Listed], pauses: &[Option<bool>], out: &mut impl Write) -> io::Result<()> {
    const HEADS: [&str; 6] = ["run", "state", "epochs", "best test accuracy", "hidden", "learning rate"];
    let rows: Vec<[String; 6]> = listed.iter().zip(pauses).map(|(run, is_paused)| row(run, *is_paused)).collect();
    let widths: [usize; 6] = std::array::from_fn(|column| {
        rows.iter().map(|row| width(&row[column])).chain([HEADS[column].len()]).max().unwrap_or(0)
    });
    for row in [HEADS.map(str::to_owned)].iter().chain(&rows) {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

fn row(listed: &Listed, is_paused: Option<bool>) -> [String; 6] {
    let name = listed.run.shown_name();
    let Ok((facts, status)) = &listed.facts else {
        let error = listed.facts.as_ref().err().map(|error| Printable(error).to_string()).unwrap_or_default();
        return [name, format!("unreadable: {error}"), String::new(), String::new(), String::new(), String::new()];
    };
    let mut state = standing(facts, status);
    if *status == Status::Training {
        let does = if is_paused == Some(true) { "paused" } else { &state };
        state = format!("{does} in epoch {}", facts.epoch());
    }
    let best = facts.best.map_or_else(String::new, |best| format!("{:.4} (epoch {})", best.val_accuracy, best.epoch));
    let epochs = format!("{}/{}", facts.epochs_done, facts.settings.epochs);
    [name, state, epochs, best, facts.settings.units(), printable::number(facts.settings.learning_rate)]
}
