//! What a terminal is told beside what it shows: its title, how far the training is, that it has ended. Makes the bytes
//! for it, from what the environment says of the terminal. Writes nothing, and asks the terminal nothing.

use crate::printable::is_control;

/// What a terminal is to be told, and in which way it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    title: bool,
    progress: bool,
    notices: Notices,
    ascii: bool,
}

/// How it is told that the training has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Notices {
    #[default]
    None,
    Bell,
    /// The bell, and why it rings.
    Words(Wrap),
}

/// Which program between the terminal and this one hands on what it does not know itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wrap {
    #[default]
    None,
    Tmux,
    Screen,
}

/// How far the training is, as a terminal shows it beside its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// There is nothing to be shown.
    None,
    /// It trains: percent of the whole training.
    Trains(u8),
    /// It pauses there.
    Pauses(u8),
    /// It has failed.
    Failed,
}

/// What ends a string that a terminal obeys (ECMA-48, 8.3.143).
const END: &str = "\x1b\\";

/// Terminals that would print a title, or have none, by the beginnings of their names.
const WITHOUT: [&str; 8] = ["linux", "vt", "ansi", "cons", "dumb", "eterm", "sun", "wsvt"];

impl Signs {
    /// What the options and the environment (`variable`: a name's value, if it is set) ask for. `title`: whether the
    /// title and the progress are shown; `notices`: whether the end is told; `ascii`: whether only ASCII is understood.
    #[must_use]
    pub fn new(title: bool, notices: bool, ascii: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        let wrap = if is_set("TMUX") || term.starts_with("tmux") {
            Wrap::Tmux
        } else if is_set("STY") {
            Wrap::Screen
        } else {
            Wrap::None
        };
        let is_known = !term.is_empty() && !WITHOUT.iter().any(|name| term.starts_with(name));
        // A multiplexer has the progress of many programs, and a terminal shows one.
        let is_direct = wrap == Wrap::None && !term.starts_with("screen");
        let notices = match (notices, is_known) {
            (false, _) => Notices::None,
            (true, false) => Notices::Bell,
            (true, true) => Notices::Words(wrap),
        };
        let title = title && is_known;
        Self { title, progress: title && is_direct && takes_progress(variable), notices, ascii }
    }

    /// Keeps the terminal's title (XTWINOPS, 22).
    #[must_use]
    pub fn enter(&self) -> &'static str {
        if self.title { "\x1b[22;0t" } else { "" }
    }

    /// Gives the terminal its title back (XTWINOPS, 23), and takes the progress away.
    #[must_use]
    pub fn leave(&self) -> String {
        let title = if self.title { "\x1b[23;0t" } else { "" };
        format!("{}{title}", self.progress(Course::None))
    }

    /// Shows this title (OSC 2). Its parts are put together as the terminal can show them.
    #[must_use]
    pub fn title(&self, parts: &[String]) -> String {
        if !self.title {
            return String::new();
        }
        let words = parts.join(if self.ascii { ", " } else { " · " });
        format!("\x1b]2;{}{END}", self.plain(&words))
    }

    /// Shows how far the training is (OSC 9;4, as `ConEmu` has it and cargo sends it).
    #[must_use]
    pub fn progress(&self, course: Course) -> String {
        if !self.progress {
            return String::new();
        }
        let words = match course {
            Course::None => "0;".to_owned(),
            Course::Trains(percent) => format!("1;{percent}"),
            Course::Failed => "2;100".to_owned(),
            Course::Pauses(percent) => format!("4;{percent}"),
        };
        format!("\x1b]9;4;{words}{END}")
    }

    /// Tells that a run, which may have a name, has ended: how, and how good it is.
    #[must_use]
    pub fn end(&self, run: Option<&str>, how: &str, accuracy: Option<f64>) -> String {
        let accuracy = accuracy.map(|accuracy| format!(", test accuracy {accuracy:.4}")).unwrap_or_default();
        let run = run.map(|run| format!(" {run}")).unwrap_or_default();
        self.notice(&format!("fitroom{run}: {how}{accuracy}"))
    }

    /// Rings the bell, and says why (OSC 9), also through tmux and GNU screen.
    fn notice(&self, words: &str) -> String {
        const BELL: &str = "\x07";
        let wrap = match self.notices {
            Notices::None => return String::new(),
            Notices::Bell => return BELL.to_owned(),
            Notices::Words(wrap) => wrap,
        };
        let told = format!("\x1b]9;{}{BELL}", self.plain(words));
        let told = match wrap {
            Wrap::None => told,
            Wrap::Tmux => format!("\x1bPtmux;{}{END}", told.replace('\x1b', "\x1b\x1b")),
            Wrap::Screen => format!("\x1bP{told}{END}"),
        };
        format!("{BELL}{told}")
    }

    fn plain(&self, words: &str) -> String {
        let is_shown = |letter: char| !is_control(letter) && (letter.is_ascii() || !self.ascii);
        words.chars().map(|letter| if is_shown(letter) { letter } else { '?' }).collect()
    }
}

/// Whether the terminal takes OSC 9;4: those that cargo sends it to (`shell.rs`, `supports_term_integration`).
fn takes_progress(variable: impl Fn(&str) -> Option<String>) -> bool {
    /// The first version of iTerm2 that does.
    const ITERM: [u32; 3] = [3, 6, 6];
    let version =
        || -> Option<Vec<u32>> { variable("TERM_PROGRAM_VERSION")?.split('.').map(|part| part.parse().ok()).collect() };
    let is_one = match variable("TERM_PROGRAM").as_deref() {
        Some("WezTerm" | "ghostty") => true,
        Some("iTerm.app") => version().is_some_and(|version| version >= ITERM.to_vec()),
        _ => false,
    };
    is_one || variable("WT_SESSION").is_some() || variable("ConEmuANSI").as_deref() == Some("ON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(environment: &[(&str, &str)]) -> Signs {
        Signs::new(true, true, false, |name| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn title(signs: &Signs) -> String {
        signs.title(&["fitroom: training 3/10".to_owned(), "87.1%".to_owned()])
    }

    #[test]
    fn a_title_is_shown_and_given_back_where_there_is_one() {
        for term in ["xterm-256color", "tmux-256color", "screen.xterm-256color", "foot", "alacritty"] {
            let signs = signs(&[("TERM", term)]);
            assert_eq!(title(&signs), "\x1b]2;fitroom: training 3/10 · 87.1%\x1b\\", "{term}");
            assert_eq!((signs.enter(), &*signs.leave()), ("\x1b[22;0t", "\x1b[23;0t"));
        }
        for term in ["linux", "vt100", "vt220", "dumb", "ansi", ""] {
            let signs = signs(&[("TERM", term), ("WT_SESSION", "1")]);
            assert_eq!((&*title(&signs), signs.enter(), &*signs.leave()), ("", "", ""), "{term}");
            assert_eq!(signs.progress(Course::Trains(1)), "");
            assert_eq!(signs.notice("done"), "\x07", "every terminal has a bell");
        }
        assert_eq!(title(&Signs::new(false, true, false, |_| Some("xterm".to_owned()))), "");
    }

    #[test]
    fn what_a_terminal_would_obey_or_cannot_show_is_not_sent() {
        let of = |ascii| Signs::new(true, true, ascii, |name| (name == "TERM").then(|| "xterm".to_owned()));
        let parts = ["ä\x1b\u{9b}\x07".to_owned(), "1%".to_owned()];
        assert_eq!(of(false).title(&parts), "\x1b]2;ä??? · 1%\x1b\\");
        assert_eq!(of(true).title(&parts), "\x1b]2;????, 1%\x1b\\");
    }

    #[test]
    fn a_notice_passes_through_a_multiplexer() {
        let told = |environment: &[(&str, &str)]| signs(environment).notice("done");
        assert_eq!(told(&[("TERM", "xterm")]), "\x07\x1b]9;done\x07");
        let tmux = "\x07\x1bPtmux;\x1b\x1b]9;done\x07\x1b\\";
        assert_eq!(told(&[("TERM", "screen-256color"), ("TMUX", "/tmp/tmux,1,0")]), tmux);
        assert_eq!(told(&[("TERM", "tmux-256color")]), tmux, "as over ssh");
        assert_eq!(told(&[("TERM", "screen"), ("STY", "1.pts")]), "\x07\x1bP\x1b]9;done\x07\x1b\\");
        assert_eq!(Signs::new(true, false, false, |_| Some("xterm".to_owned())).notice("done"), "");
    }

    #[test]
    fn progress_is_sent_to_terminals_that_are_known_to_take_it() {
        let of = |environment: &[(&str, &str)]| {
            let all = [&[("TERM", "xterm-256color")], environment].concat();
            let signs = signs(&all);
            [Course::None, Course::Trains(7), Course::Pauses(7), Course::Failed].map(|course| signs.progress(course))
        };
        let sent = ["\x1b]9;4;0;\x1b\\", "\x1b]9;4;1;7\x1b\\", "\x1b]9;4;4;7\x1b\\", "\x1b]9;4;2;100\x1b\\"];
        let iterm = |version| [("TERM_PROGRAM", "iTerm.app"), ("TERM_PROGRAM_VERSION", version)];
        for known in [
            &[("WT_SESSION", "a")][..],
            &[("ConEmuANSI", "ON")],
            &[("TERM_PROGRAM", "WezTerm")],
            &[("TERM_PROGRAM", "ghostty")],
            &iterm("3.6.6"),
            &iterm("3.10.0"),
        ] {
            assert_eq!(of(known), sent, "{known:?}");
        }
        let nothing: [&str; 4] = [""; 4];
        for unknown in [
            &[][..],
            &[("ConEmuANSI", "OFF")],
            &[("TERM_PROGRAM", "Apple_Terminal")],
            &iterm("3.6.5"),
            &iterm("3.6"),
            &iterm("nightly"),
            &[("WT_SESSION", "a"), ("TMUX", "b")],
            &[("TERM_PROGRAM", "ghostty"), ("STY", "b")],
        ] {
            assert_eq!(of(unknown), nothing, "{unknown:?}");
        }
    }
}
