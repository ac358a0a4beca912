//! Checks that the rooms under `src/` name only the rooms and the crates that they may.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each room with the rooms that it may name.
const ROOMS: &[(&str, &[&str])] = &[
    ("printable", &[]),
    ("signals", &[]),
    ("json", &[]),
    ("fashion", &["json", "printable"]),
    ("settings", &["fashion", "printable"]),
    ("protocol", &["fashion", "settings"]),
    ("metrics", &["fashion", "protocol"]),
    ("machine", &["protocol"]),
    ("engine", &["fashion", "json", "metrics", "protocol", "settings"]),
    ("app", &["fashion", "metrics", "printable", "protocol", "settings"]),
    ("run", &["fashion", "json", "metrics", "printable", "protocol", "settings"]),
    ("view", &["app", "fashion", "metrics", "printable", "protocol", "settings"]),
    ("cli", &["fashion", "printable", "settings"]),
    ("session", &["cli", "engine", "fashion", "machine", "printable", "protocol", "run", "settings"]),
    ("depth", &["cli", "view"]),
    (
        "commands",
        &["cli", "depth", "engine", "fashion", "json", "metrics", "printable", "protocol", "run", "signals", "view"],
    ),
    ("headless", &["depth", "printable", "protocol", "run", "session", "settings", "signals"]),
    (
        "tui",
        &["app", "cli", "depth", "fashion", "printable", "protocol", "run", "session", "settings", "signals", "view"],
    ),
];

/// Each crate with the rooms that may name it.
const CRATES: &[(&str, &[&str])] = &[
    ("cudarc", &["engine"]),
    ("dfdx", &["engine"]),
    ("pulp", &["engine"]),
    ("rand", &["engine"]),
    ("rand_chacha", &["engine"]),
    ("flate2", &["fashion"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("image", &["fashion"]),
    ("indicatif", &["headless"]),
    ("safetensors", &["engine"]),
    ("nix", &["signals"]),
    ("ratatui", &["commands", "view", "tui"]),
    ("crossterm", &["app", "commands", "depth", "tui"]),
    ("jiff", &["run"]),
    ("nvml_wrapper", &["machine"]),
    ("sysinfo", &["machine"]),
    ("rustix", &["commands", "run", "tui"]),
    ("sha2", &["run"]),
    ("tokio", &["tui"]),
    ("terminput", &["tui"]),
    ("terminput_crossterm", &["tui"]),
    ("color_eyre", &["commands", "headless", "session", "tui"]),
];

/// A source file's room and its text without comments.
struct Source {
    room: String,
    path: PathBuf,
    code: String,
}

fn sources() -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&top, &mut files);
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&top).expect("found below the root").with_extension("");
            let room = inside.iter().next().expect("a file has a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a source file is text");
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            Source { room, path, code }
        })
        .filter(|source| !["main", "lib"].contains(&source.room.as_str()))
        .collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("src is there") {
        let path = entry.expect("src can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The first path segments that follow `crate::`, also inside braces: `crate::{app::App, view}` names app and view.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, prefix) in code.match_indices("crate::") {
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            None => named.extend(identifier(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut expecting = true;
                for (index, letter) in group.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => expecting = true,
                        _ if expecting && !letter.is_whitespace() => {
                            named.extend(identifier(&group[index..]));
                            expecting = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    named
}

fn identifier(text: &str) -> Option<String> {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// Whether `code` names the crate at the beginning of a path: `dfdx::` or `use dfdx;`.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let starts = before.is_none_or(|letter| !letter.is_alphanumeric() && !"_:.".contains(letter));
        starts && (after.starts_with("::") || (after.starts_with(';') && code[..at].trim_end().ends_with("use")))
    })
}

#[test]
fn every_room_is_on_the_list() {
    for source in sources() {
        assert!(ROOMS.iter().any(|(room, _)| *room == source.room), "{} belongs to no room", source.path.display());
    }
}

#[test]
fn imports_between_rooms_point_one_way() {
    for source in sources() {
        let (_, allowed) = ROOMS.iter().find(|(room, _)| *room == source.room).expect("every room is on the list");
        for named in rooms_named(&source.code) {
            assert!(
                named == source.room
                    || allowed.contains(&named.as_str())
                    || !ROOMS.iter().any(|(room, _)| *room == named),
                "{} names crate::{named}, which {} must not know",
                source.path.display(),
                source.room
            );
        }
    }
}

#[test]
fn crates_stay_in_their_rooms() {
    for source in sources() {
        for (name, rooms) in CRATES {
            assert!(
                rooms.contains(&source.room.as_str()) || !names_crate(&source.code, name),
                "{} names {name}, which belongs to {rooms:?} alone",
                source.path.display()
            );
        }
    }
}

#[test]
fn there_is_no_mod_rs() {
    assert!(sources().iter().all(|source| source.path.file_name().is_none_or(|name| name != "mod.rs")));
}

#[test]
fn the_reader_of_imports_sees_through_braces() {
    let code = "use crate::{app::{App, keys}, view};\nlet x = crate::engine::spawn; mycrate::tui::run();";
    let named: Vec<String> = rooms_named(code).into_iter().collect();
    assert_eq!(named, ["app", "engine", "view"]);
    assert!(names_crate("use dfdx::prelude::*;", "dfdx"));
    assert!(names_crate("let x = dfdx::tensor::Cpu;", "dfdx"));
    assert!(!names_crate("let x = my_dfdx::y;", "dfdx"));
    assert!(!names_crate("crate::view::clap_like::x", "clap"));
}
