//! Checks that the rooms under `src/` name only the rooms and the crates that they may.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Each room with the rooms that it may name.
const ROOMS: &[(&str, &[&str])] = &[
    ("printable", &[]),
    ("signals", &[]),
    ("json", &[]),
    ("config", &["printable"]),
    ("signs", &["printable"]),
    ("fashion", &["json", "printable"]),
    ("settings", &["fashion", "printable"]),
    ("protocol", &["fashion", "settings"]),
    ("metrics", &["fashion", "protocol"]),
    ("machine", &["protocol"]),
    ("engine", &["fashion", "json", "metrics", "protocol", "settings"]),
    ("app", &["fashion", "metrics", "printable", "protocol"]),
    ("run", &["fashion", "json", "metrics", "printable", "protocol", "settings"]),
    ("view", &["app", "fashion", "metrics", "printable", "protocol", "settings"]),
    ("cli", &["app", "config", "fashion", "printable", "settings"]),
    (
        "session",
        &["cli", "engine", "fashion", "json", "machine", "metrics", "printable", "protocol", "run", "settings"],
    ),
    ("depth", &["cli", "view"]),
    (
        "commands",
        &[
            "app",
            "cli",
            "depth",
            "engine",
            "fashion",
            "json",
            "metrics",
            "printable",
            "protocol",
            "run",
            "session",
            "signals",
            "view",
        ],
    ),
    ("headless", &["cli", "depth", "fashion", "printable", "protocol", "run", "session", "signals", "signs"]),
    ("tui", &["app", "cli", "depth", "fashion", "printable", "protocol", "run", "session", "signals", "signs", "view"]),
];

/// The crates that every room may name.
const EVERYWHERE: &[&str] = &["serde", "serde_json", "thiserror"];

/// Each other crate with the rooms that may name it.
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
    ("strsim", &["cli"]),
    ("toml", &["config"]),
    ("image", &["fashion", "view"]),
    ("indicatif", &["headless"]),
    ("safetensors", &["engine"]),
    ("nix", &["signals"]),
    ("ratatui", &["commands", "view", "tui"]),
    ("crossterm", &["app", "commands", "depth", "tui"]),
    ("jiff", &["run"]),
    ("nvml_wrapper", &["machine"]),
    ("sysinfo", &["machine"]),
    ("rustix", &["commands", "headless", "run", "session", "tui"]),
    ("sha2", &["run"]),
    ("base64", &["protocol", "view"]),
    ("tokio", &["session", "tui"]),
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

impl Source {
    /// The module that it is: `view::screens::data`.
    fn module(&self) -> String {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let inside = self.path.strip_prefix(&top).expect("found below the root").with_extension("");
        inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("::")
    }

    /// The other rooms that it names: from the crate's root, or by steps out of its own.
    fn other_rooms(&self) -> BTreeSet<String> {
        let (named, handed) = named_paths(&self.code, &self.module(), &BTreeSet::new());
        let paths = named.iter().chain(&handed).filter_map(|path| identifier(path));
        let is_other = |room: &String| *room != self.room && ROOMS.iter().any(|(other, _)| other == room);
        rooms_named(&self.code).into_iter().chain(paths).filter(is_other).collect()
    }

    /// Its text up to its tests, which may name whatever they try.
    fn code_without_tests(&self) -> &str {
        without_tests(&self.code)
    }
}

/// Code up to the tests that are written out in it. Tests in a file of their own (`mod tests;`) end nothing.
fn without_tests(code: &str) -> &str {
    let begin = code.find("mod tests {").and_then(|at| code[..at].rfind("#[cfg(test)]"));
    &code[..begin.unwrap_or(code.len())]
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
        for named in source.other_rooms() {
            assert!(
                allowed.contains(&named.as_str()),
                "{} names {named}, which {} must not know",
                source.path.display(),
                source.room
            );
        }
    }
}

/// Else the wall has a hole that nobody sees.
#[test]
fn every_permission_is_used() {
    let sources = sources();
    let mut unused = Vec::new();
    for (room, allowed) in ROOMS {
        let files = sources.iter().filter(|source| source.room == *room);
        let named: BTreeSet<String> = files.flat_map(Source::other_rooms).collect();
        unused
            .extend(allowed.iter().filter(|other| !named.contains(**other)).map(|other| format!("{room} -> {other}")));
    }
    for (name, rooms) in CRATES {
        let naming: BTreeSet<&str> =
            sources.iter().filter(|source| names_crate(&source.code, name)).map(|source| &*source.room).collect();
        unused.extend(rooms.iter().filter(|room| !naming.contains(**room)).map(|room| format!("{room} -> {name}")));
    }
    assert!(unused.is_empty(), "{unused:#?}");
}

#[test]
fn every_dependency_is_on_the_list() {
    let manifest = include_str!("../Cargo.toml");
    let (_, dependencies) = manifest.split_once("\n[dependencies]\n").expect("there are dependencies");
    let lines = dependencies.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let names: BTreeSet<String> = names.map(|(name, _)| name.replace('-', "_")).collect();
    let listed = CRATES.iter().map(|(name, _)| *name).chain(EVERYWHERE.iter().copied());
    assert_eq!(names, listed.map(str::to_owned).collect());
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

#[test]
fn the_reader_of_imports_sees_steps_out_of_a_room() {
    let of = |file: &str, code: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        let source = Source { room: "app".to_owned(), path, code: code.to_owned() };
        source.other_rooms().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(of("app.rs", "use super::engine::{self, Job};"), ["engine"]);
    assert_eq!(of("app/keys.rs", "fn go() {\n    super::super::view::draw();\n}"), ["view"]);
    assert_eq!(of("app/keys.rs", "pub use super::super::{run::Facts, tui};"), ["run", "tui"]);
    assert!(of("app/keys.rs", "use super::engine;\nuse self::view::Half;\nuse engine::x;").is_empty());
}

/// The paths that a `use` stands for: `a::{b, c::{d, e as f}}` is `a::b`, `a::c::d` and `a::c::e`.
fn paths_of_use(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (index, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inside[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(paths_of_use).map(|path| format!("{prefix}{path}").replace("::self", "")).collect()
}

/// A path as it is seen from the crate's root: `super::x` of `app::act` is `app::x`. `None` for what is outside.
fn absolute(path: &str, module: &str) -> Option<String> {
    let mut at: Vec<&str> = module.split("::").collect();
    let mut segments = path.split("::").map(str::trim).peekable();
    match segments.next()? {
        "crate" => at.clear(),
        "self" => {}
        "super" => {
            at.pop();
            while segments.peek() == Some(&"super") {
                segments.next();
                at.pop();
            }
        }
        _ => return None,
    }
    at.extend(segments);
    Some(at.join("::"))
}

/// What a module imports, and what it hands on under its own name: pairs of a name and where it is from.
type Handed = BTreeMap<String, Vec<(String, String)>>;

/// The paths that a file's code names, and those that it hands on with `pub use`.
fn named_paths(code: &str, module: &str, children: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let (mut named, mut handed) = (Vec::new(), Vec::new());
    for (at, _) in code.match_indices("use ") {
        let before = code[..at].rsplit('\n').next().unwrap_or_default();
        let is_use = before.trim_start().chars().all(|letter| letter.is_alphanumeric() || "() :".contains(letter));
        let Some((tree, _)) = code[at + 4..].split_once(';').filter(|_| is_use) else { continue };
        let is_child = |path: &str| children.contains(&format!("{module}::{}", path.split("::").next().unwrap_or("")));
        let full = |path: String| if is_child(&path) { format!("self::{path}") } else { path };
        let paths = paths_of_use(tree).into_iter().filter_map(|path| absolute(&full(path), module));
        if before.trim_start().starts_with("pub") { handed.extend(paths) } else { named.extend(paths) }
    }
    for prefix in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(prefix) {
            let is_start = !code[..at].ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before));
            let end = code[at..].find(|letter: char| !letter.is_alphanumeric() && !"_:".contains(letter));
            let path = code[at..].split_at(end.unwrap_or(code.len() - at)).0;
            let line = code[..at].rsplit('\n').next().unwrap_or_default();
            // Who may see a thing is not what it names.
            let is_named = !line.ends_with("pub(in ") && !line.contains("use ");
            if is_start && is_named && !path.ends_with("::") {
                named.extend(absolute(path, module));
            }
        }
    }
    // A macro names its modules by a variable, `$file::draw`, which may stand for each of them.
    let has_dispatch = code.match_indices("::").any(|(at, _)| {
        let before = code[..at].trim_end_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
        before.ends_with('$') && !code[..at].ends_with("$crate")
    });
    for child in children.iter().filter(|child| child.rsplit_once("::").is_some_and(|(parent, _)| parent == module)) {
        let name = child.rsplit("::").next().unwrap_or_default();
        if has_dispatch && code.lines().any(|line| line.trim_end().ends_with(&format!("mod {name};"))) {
            named.push(child.clone());
            continue;
        }
        let prefix = format!("{}::", child.rsplit("::").next().unwrap_or_default());
        let is_start =
            |at: usize| !code[..at].ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before));
        let lines = code.match_indices(&prefix).filter(|(at, _)| is_start(*at));
        let mut lines = lines.map(|(at, _)| code[..at].rsplit('\n').next().unwrap_or_default());
        if lines.any(|line| !line.contains("use ")) {
            named.push(child.clone());
        }
    }
    (named, handed)
}

/// The module that a path leads to: the one that has its last name, or that the name is handed on from.
fn leads_to(path: &str, modules: &BTreeSet<String>, handed: &Handed) -> Option<String> {
    let mut module = path;
    while !modules.contains(module) {
        module = module.rsplit_once("::")?.0;
    }
    let name = path.strip_prefix(module)?.trim_start_matches("::").split("::").next().unwrap_or_default();
    let from = handed.get(module).and_then(|names| names.iter().find(|(handed, _)| handed == name));
    match from {
        Some((_, from)) if from != path => leads_to(from, modules, handed),
        _ => Some(module.to_owned()),
    }
}

/// Who names whom, file by file.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let sources = sources();
    let modules: BTreeSet<String> = sources.iter().map(Source::module).collect();
    let paths = sources.iter().map(|source| {
        let module = source.module();
        let (named, handed) = named_paths(source.code_without_tests(), &module, &modules);
        (module, named, handed)
    });
    let paths: Vec<_> = paths.collect();
    let with_name = |path: &String| Some((path.rsplit("::").next()?.to_owned(), path.clone()));
    let handed: Handed = paths
        .iter()
        .map(|(module, _, handed)| (module.clone(), handed.iter().filter_map(with_name).collect()))
        .collect();
    let edges = paths.into_iter().map(|(module, named, _)| {
        let to = named.iter().filter_map(|path| leads_to(path, &modules, &handed)).filter(|to| *to != module);
        let to = to.collect();
        (module, to)
    });
    edges.collect()
}

/// A circle that begins at this module, if it leads back to itself.
fn circle(edges: &BTreeMap<String, BTreeSet<String>>, start: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        let last = way.last().expect("a way has a start");
        for next in edges.get(last).into_iter().flatten() {
            if next == start {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                ways.push(way.iter().cloned().chain([next.clone()]).collect());
            }
        }
    }
    None
}

#[test]
fn files_inside_a_room_name_each_other_without_circles() {
    let edges = edges();
    let circles: BTreeSet<String> =
        edges.keys().filter_map(|module| circle(&edges, module)).map(|circle| circle.join(" -> ")).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn every_room_names_only_rooms_before_it() {
    for (place, (room, allowed)) in ROOMS.iter().enumerate() {
        for named in *allowed {
            assert!(
                ROOMS[..place].iter().any(|(earlier, _)| earlier == named),
                "{room} may name {named}, which is later"
            );
        }
    }
}

#[test]
fn the_reader_of_files_sees_what_is_named_and_what_is_only_handed_on() {
    let modules: BTreeSet<String> =
        ["app", "app::act", "app::act::deep", "app::place", "view"].map(str::to_owned).into();
    let code = "mod place;\npub use self::place::{Half, Page as Leaf};\nuse act::{Way, deep::{self, Kind}};\n\
                fn go() -> crate::view::Theme { super::view::draw() }";
    let (named, handed) = named_paths(code, "app", &modules);
    assert_eq!(handed, ["app::place::Half", "app::place::Page"]);
    let found = ["app::act::Way", "app::act::deep", "app::act::deep::Kind", "crate"];
    assert!(found[..3].iter().all(|path| named.iter().any(|other| other == path)), "{named:?}");
    assert!(named.contains(&"view::Theme".to_owned()) && named.contains(&"view::draw".to_owned()), "{named:?}");
    assert_eq!(named_paths("pub(in crate::app) fn go() {}", "app::act", &modules).0, [""; 0]);
    let handed: Handed = [("app".to_owned(), vec![("Half".to_owned(), "app::place::Half".to_owned())])].into();
    assert_eq!(leads_to("app::Half::Test", &modules, &handed), Some("app::place".to_owned()));
    assert_eq!(leads_to("app::App", &modules, &handed), Some("app".to_owned()));
    let circles = |edges: &[(&str, &str)]| {
        let mut map = BTreeMap::<String, BTreeSet<String>>::new();
        for (from, to) in edges {
            map.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        map.keys().filter_map(|module| circle(&map, module)).count()
    };
    assert_eq!((circles(&[("a", "b"), ("b", "c")]), circles(&[("a", "b"), ("b", "c"), ("c", "a")])), (0, 3));
}

#[test]
fn the_reader_of_files_sees_the_circle_of_a_macro_s_module_that_names_the_macro_s_own() {
    let modules: BTreeSet<String> =
        ["app", "app::screens", "app::screens::data", "app::known"].map(str::to_owned).into();
    let dispatch =
        "pub mod data;\nmacro_rules! declare {\n    ($($file:ident,)*) => { $(pub $file: $file::Screen,)* };\n}";
    let named = |code: &str, module: &str| {
        let paths = named_paths(code, module, &modules).0;
        paths.iter().filter_map(|path| leads_to(path, &modules, &Handed::new())).collect::<BTreeSet<String>>()
    };
    let edges = |screen: &str| {
        BTreeMap::from([
            ("app::screens".to_owned(), named(dispatch, "app::screens")),
            ("app::screens::data".to_owned(), named(screen, "app::screens::data")),
        ])
    };
    assert_eq!(circle(&edges("use super::Screens;"), "app::screens").map(|way| way.len()), Some(2));
    assert_eq!(circle(&edges("use crate::app::known::Known;"), "app::screens"), None);
    assert!(named("pub mod data;\nuse $crate::x;", "app::screens").is_empty(), "that is no module of its own");
}

#[test]
fn code_ends_where_its_tests_are_written_out() {
    let in_another_file = "use a;\n#[cfg(test)]\nmod tests;\nuse b;";
    assert_eq!(without_tests(in_another_file), in_another_file);
    assert_eq!(without_tests("use a;\n#[cfg(test)]\nmod tests {\n    use b;\n}"), "use a;\n");
    let with_attributes = "#[cfg(test)]\nmod samples;\n#[cfg(test)]\n#[expect(unused)]\npub(super) mod tests {\n}";
    assert_eq!(without_tests(with_attributes), "#[cfg(test)]\nmod samples;\n");
}

/// The most characters of a line of Rust.
const WIDEST: usize = 120;

#[test]
fn no_line_of_rust_is_too_wide() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        collect(&top.join(folder), &mut files);
    }
    let mut wide = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a source file is text");
        for (line, number) in text.lines().zip(1..).filter(|(line, _)| line.chars().count() > WIDEST) {
            wide.push(format!("{}:{number}: {} characters", path.display(), line.chars().count()));
        }
    }
    assert!(wide.is_empty(), "more than {WIDEST} characters:\n{}", wide.join("\n"));
}
