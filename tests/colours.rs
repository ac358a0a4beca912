//! Runs the real program in pseudo-terminals of many kinds and reads which colours and characters it sends.

#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/place.rs"]
mod place;
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/terminal.rs"]
mod pty;

use std::collections::BTreeSet;

use self::{
    place::Place,
    pty::{Terminal, fitroom},
};

/// How many colours a parameter of an SGR sequence asks for (ECMA-48, 8.3.117, aixterm's bright ones, and ISO 8613-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Palette {
    Sixteen,
    Of256,
    All,
}

/// The palettes that these bytes use.
fn palettes(bytes: &[u8]) -> BTreeSet<Palette> {
    let text = String::from_utf8_lossy(bytes);
    let mut used = BTreeSet::new();
    for sequence in text.split("\x1b[").skip(1) {
        let end = sequence.find(|letter: char| !matches!(letter, '0'..='9' | ';' | '?')).unwrap_or(sequence.len());
        let (parameters, rest) = sequence.split_at(end);
        if !rest.starts_with('m') {
            continue;
        }
        let mut numbers = parameters.split(';').map(|number| number.parse().unwrap_or(0));
        while let Some(number) = numbers.next() {
            match number {
                30..=37 | 40..=47 | 90..=97 | 100..=107 => {
                    used.insert(Palette::Sixteen);
                }
                38 | 48 => {
                    let is_256 = numbers.next() == Some(5);
                    used.insert(if is_256 { Palette::Of256 } else { Palette::All });
                    let _ = numbers.nth(if is_256 { 0 } else { 2 });
                }
                _ => {}
            }
        }
    }
    used
}

/// What the dashboard sends to a terminal with this environment while all screens are shown, until it is left.
fn sent(place: &Place, environment: &[(&str, &str)], options: &[&str]) -> Terminal {
    let mut command = fitroom(place, &[&["--epochs", "1", "--no-save"], options].concat());
    for (name, value) in environment {
        command.env(name, value);
    }
    let mut terminal = Terminal::run(100, 30, command);
    terminal.until_shown("done in");
    for (key, words) in
        [("w", "against"), ("2", "by index"), ("3", "taken for"), ("4", "cursor"), ("5", "(500,"), ("6", "784 weights")]
    {
        terminal.press(key);
        terminal.until_shown(words);
    }
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
    terminal
}

#[test]
fn each_terminal_is_sent_only_colours_and_characters_that_it_has() {
    let place = Place::new();
    let truecolor = ("COLORTERM", "truecolor");
    for (environment, palette, is_ascii) in [
        (&[("TERM", "xterm-256color"), truecolor][..], Some(Palette::All), false),
        (&[("TERM", "xterm-kitty"), ("COLORTERM", "")], Some(Palette::All), false),
        (&[("TERM", "xterm-256color"), ("COLORTERM", "")], Some(Palette::Of256), false),
        (&[("TERM", "screen.xterm-256color"), ("STY", "7.tty"), truecolor], Some(Palette::Of256), false),
        (&[("TERM", "xterm-16color"), truecolor], Some(Palette::Sixteen), false),
        (&[("TERM", "linux"), truecolor], Some(Palette::Sixteen), true),
        (&[("TERM", "xterm-mono"), truecolor], None, false),
        (&[("TERM", "vt100"), ("LC_ALL", "en_US.ISO-8859-1")], None, true),
    ] {
        let terminal = sent(&place, environment, &[]);
        assert_eq!(palettes(&terminal.bytes), palette.into_iter().collect(), "{environment:?}");
        assert_eq!(terminal.bytes.is_ascii(), is_ascii, "{environment:?}");
    }
}

#[test]
fn predictions_are_printed_in_the_sixteen_colours_that_every_terminal_has() {
    let place = Place::new();
    place::assert_success(&place::run(place.train(&["--epochs", "1", "--run", "coat"])));
    let printed = place::run(place.command(&["predict", "7", "--color", "16", "--data", "data"]));
    place::assert_success(&printed);
    assert_eq!(palettes(&printed.stdout), BTreeSet::from([Palette::Sixteen]));
}

#[test]
fn the_palette_for_the_colour_blind_names_its_colours_and_has_no_green() {
    let place = Place::new();
    let mut command = fitroom(&place, &["--epochs", "1", "--no-save"]);
    command.env("FITROOM_PALETTE", "color-blind");
    command.env("COLORTERM", "");
    let mut terminal = Terminal::run(100, 30, command);
    terminal.until_shown("done in");
    terminal.press("w");
    terminal.until_shown("blue for, orange against");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    // The green of the standard palette, as ink and as ground.
    let text = String::from_utf8_lossy(&terminal.bytes).into_owned();
    assert!(text.contains("8;5;32"), "the blue of what is right");
    assert!(!text.contains("8;5;28;") && !text.contains("8;5;28m"));
}
