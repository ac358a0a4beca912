//! Runs the real program in pseudo-terminals that draw images, or say so, and reads what they are sent.

#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/place.rs"]
mod place;
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/terminal.rs"]
mod pty;

use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use self::{
    place::Place,
    pty::{Terminal, fitroom},
};

/// Makes a short run of which nothing is kept.
const OPTIONS: &[&str] = &["--epochs", "1", "--no-save"];

/// Begins an image of kitty's protocol, and a Sixel.
const KITTY: &str = "\x1b_Ga=T";
const SIXEL: &str = "\x1bP0;1q";
/// Makes kitty forget images.
const FORGET: &str = "\x1b_Ga=d,d=R";

/// fitroom with these options in a terminal of this name, when its one epoch is over.
fn dashboard(place: &Place, term: &str, options: &[&str], variables: &[(&str, &str)]) -> Terminal {
    let mut terminal =
        Terminal::run(80, 24, in_terminal(fitroom(place, &[OPTIONS, options].concat()), term, variables));
    terminal.until_shown("done in");
    terminal.until_shown("(Ankle boot)");
    terminal
}

/// The same program in a terminal of this name that nothing stands before, with these variables.
fn in_terminal(mut command: CommandBuilder, term: &str, variables: &[(&str, &str)]) -> CommandBuilder {
    // Whoever runs the tests may have a terminal in between, or record it.
    for name in ["TMUX", "STY", "ZELLIJ", "ASCIINEMA_REC", "ASCIINEMA_SESSION", "VHS_RECORD"] {
        command.env_remove(name);
    }
    command.env("TERM", term);
    for (name, value) in variables {
        command.env(name, value);
    }
    command
}

fn sent(terminal: &Terminal, what: &str) -> usize {
    String::from_utf8_lossy(&terminal.bytes).matches(what).count()
}

/// Waits until so many have been sent, and a little for one too many.
fn until_sent(terminal: &mut Terminal, what: &str, count: usize) {
    let end = Instant::now() + Duration::from_secs(60);
    while sent(terminal, what) < count && Instant::now() < end {
        terminal.watch(Duration::from_millis(20));
    }
    terminal.watch(Duration::from_millis(300));
    assert_eq!(sent(terminal, what), count, "{}", terminal.text());
}

#[test]
fn kitty_is_sent_each_picture_once_and_forgets_them_in_the_end() {
    let place = Place::new();
    let mut terminal = dashboard(&place, "xterm-kitty", &[], &[]);
    // Through a whole epoch the picture stays.
    until_sent(&mut terminal, KITTY, 1);
    assert!(!terminal.text().contains('▀'));
    terminal.press("\x1b[C");
    until_sent(&mut terminal, KITTY, 2);
    // A page of the Gallery, in which the selection moves.
    terminal.press("2");
    until_sent(&mut terminal, KITTY, 12);
    terminal.press("\x1b[C");
    terminal.until_shown("Test image 2");
    until_sent(&mut terminal, KITTY, 12);
    // Under the help there are none, and then they are there again.
    terminal.press("?");
    terminal.until_shown("Esc closes");
    until_sent(&mut terminal, KITTY, 12);
    terminal.press("\x1b");
    until_sent(&mut terminal, KITTY, 22);
    // A screen that is drawn anew has them anew.
    terminal.press("\x0c");
    until_sent(&mut terminal, KITTY, 32);
    assert_eq!(sent(&terminal, FORGET), 0);
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
    let bytes = String::from_utf8_lossy(&terminal.bytes).into_owned();
    let (forgets, leaves) = (bytes.find(FORGET), bytes.find("\x1b[?1049l"));
    assert!(forgets.is_some() && forgets < leaves, "the images are those of the screen that is left");
}

#[test]
fn while_it_is_stopped_the_terminal_has_no_images() {
    let place = Place::new();
    let mut shell = CommandBuilder::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    shell.cwd(place.directory.path());
    shell.env("PS1", r"shell-\#> ");
    let mut terminal = Terminal::run(80, 24, in_terminal(shell, "xterm-ghostty", &[]));
    terminal.until_shown("shell-1>");
    let (program, options) = (env!("CARGO_BIN_EXE_fitroom"), OPTIONS.join(" "));
    terminal.press(&format!("{program} --data data --hidden 16 {options}\r"));
    terminal.until_shown("done in");
    until_sent(&mut terminal, KITTY, 1);
    terminal.press("\x1a");
    terminal.until_shown("shell-2>");
    assert_eq!(sent(&terminal, FORGET), 1);
    assert_eq!(sent(&terminal, KITTY), 1);
    terminal.press("fg\r");
    terminal.until("the dashboard again", |screen| screen.contains("quit") && !screen.contains("shell-"));
    assert!(sent(&terminal, KITTY) > 1, "the picture is sent again");
    terminal.press("q");
    terminal.until_shown("shell-3>");
    assert_eq!(sent(&terminal, FORGET), 2);
    terminal.press("exit\r");
    terminal.wait();
}

#[test]
fn where_no_terminal_announces_images_pictures_are_half_blocks() {
    let place = Place::new();
    for (term, options, variables) in [
        ("tmux-256color", &[][..], &[("TMUX", "/tmp/tmux-0/default,1,0"), ("KITTY_WINDOW_ID", "1")][..]),
        ("xterm-kitty", &[], &[("TMUX", "/tmp/tmux-0/default,1,0")]),
        ("xterm-kitty", &[], &[("FITROOM_GRAPHICS", "blocks")]),
        ("xterm-kitty", &["--graphics", "blocks"], &[("FITROOM_GRAPHICS", "kitty")]),
        // Its cells have no pixels.
        ("foot", &[], &[]),
    ] {
        let mut terminal = dashboard(&place, term, options, variables);
        assert!(terminal.text().contains('▀'), "{term} {options:?}");
        terminal.press("q");
        assert_eq!(terminal.wait(), 0);
        assert_eq!((sent(&terminal, "\x1b_G"), sent(&terminal, SIXEL)), (0, 0), "{term} {options:?}");
        assert!(!terminal.text().contains("--graphics"), "nobody asked for it");
    }
}

#[test]
fn sixel_needs_the_pixels_of_a_cell_and_says_so() {
    let place = Place::new();
    let mut terminal = dashboard(&place, "xterm-256color", &["--graphics", "sixel"], &[]);
    assert!(terminal.text().contains('▀') && sent(&terminal, SIXEL) == 0);
    terminal.claim_pixels(80, 24, (8, 16));
    terminal.until("the picture", |screen| !screen.contains('▀'));
    // One for each row of cells.
    until_sent(&mut terminal, SIXEL, 14);
    terminal.press("\x1b[C");
    terminal.until_shown("(Pullover)");
    assert!(sent(&terminal, SIXEL) > 14);
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
    assert!(terminal.text().contains("does not say how many pixels a cell has"), "{}", terminal.text());
}
