//! What real terminals do to a program: they stop reading, read slowly, stop and continue it, go away, or know nothing.
//! All of it in real pseudo-terminals. Reads `/proc`, so it runs on Linux alone.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/place.rs"]
mod place;
#[expect(dead_code, reason = "what is of no use here is in other tests")]
#[path = "place/terminal.rs"]
mod pty;

use std::{
    fs,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use portable_pty::CommandBuilder;

use self::{
    place::{FASHION, Place, write_split},
    pty::{AT_ONCE, Run, Terminal, fitroom, memory_of, signal, until},
};

/// How many epochs are trained and saved while nobody reads.
const UNREAD: usize = 40;

#[test]
fn a_terminal_that_is_not_read_keeps_neither_training_nor_a_signal_waiting() {
    let place = Place::new();
    for mode in ["dashboard", "train"] {
        for (number, name) in [(15, "TERM"), (2, "INT")] {
            let run = format!("{mode}-{name}");
            let train = if mode == "train" { &["train"][..] } else { &[] };
            let arguments = [train, &["--epochs", "100000", "--run", &run]].concat();
            let mut terminal = Terminal::read_at(0, 80, 24, fitroom(&place, &arguments));
            let run = Run::at(&place, &run);
            // The terminal's buffer is full after a few of them.
            until("the first epochs", || run.epochs() > UNREAD);
            let (epochs, memory) = (run.epochs(), terminal.memory());
            until("more epochs", || run.epochs() > epochs + UNREAD);
            assert!(terminal.memory() < memory + (16 << 20), "{} after {memory} bytes", terminal.memory());
            // It goes on without its terminal, which is no reason not to end.
            terminal.signal("HUP");
            let epochs = run.epochs();
            until("epochs after a hangup", || run.epochs() > epochs + UNREAD);
            let start = Instant::now();
            terminal.signal(name);
            until("the end", || terminal.state() == 'Z');
            assert!(start.elapsed() < Duration::from_secs(15), "{mode}, SIG{name}: after {:?}", start.elapsed());
            assert_eq!(run.state(), "stopped");
            terminal.set_speed(AT_ONCE);
            assert_eq!(terminal.wait(), 128 + number, "{mode}, SIG{name}");
            terminal.assert_given_back();
        }
    }
}

#[test]
fn a_terminal_that_reads_again_shows_the_present() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 80, 24, &["--epochs", "100000", "--run", "coat"]);
    terminal.until_shown(" epoch ");
    terminal.set_speed(0);
    let run = Run::at(&place, "coat");
    let epochs = run.epochs() + 2 * UNREAD;
    until("many epochs", || run.epochs() > epochs);
    terminal.set_speed(AT_ONCE);
    let shown = |screen: &str| {
        let (_, after) = screen.split_once(" epoch ")?;
        after.split('/').next()?.trim().parse::<usize>().ok()
    };
    terminal.until("an epoch of now", |screen| shown(screen).is_some_and(|epoch| epoch > epochs));
    terminal.stop_and_leave();
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn lines_that_nobody_reads_take_no_memory_for_the_epochs_behind_them() {
    let place = Place::new();
    let mut command = place.command(&["train", "--json", "--epochs", "100000", "--hidden", "8", "--run", "coat"]);
    // All 10,000 test images, of which each epoch has 400 kB of predictions, and few training images.
    command.args(["--data", "many-tests", "--batch-size", "4096"]).stdout(Stdio::piped());
    let many = place.path("many-tests");
    fs::create_dir(&many).expect("the directory is new");
    write_split(&many, "train", &FASHION.train.head(100));
    write_split(&many, "t10k", &FASHION.test);
    let process = Running(command.spawn().expect("the program starts"));
    let run = Run::at(&place, "coat");
    // The pipe holds 64 kB, which are the lines of some 300 epochs.
    until("a full pipe", || run.epochs() > 500);
    let (epochs, memory) = (run.epochs(), memory_of(process.0.id()));
    until("epochs that nobody reads of", || run.epochs() > epochs + 300);
    let after = memory_of(process.0.id());
    assert!(after < memory + (16 << 20), "{after} bytes after {memory}, and {} epochs more", run.epochs() - epochs);
}

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn train_on_a_slow_terminal_is_behind_by_no_more_than_the_connection_holds() {
    const SPEED: usize = 1_000;
    /// The 16 kB that a pseudo-terminal holds, and the lines of all epochs.
    const BEHIND: usize = 24_000;
    let place = Place::new();
    // Twenty epochs of half a second each: a new bar is drawn twenty times at once, given as many batches.
    let arguments = ["train", "--epochs", "20", "--pace", "376", "--run", "coat"];
    let mut terminal = Terminal::read_at(SPEED, 80, 24, fitroom(&place, &arguments));
    let run = Run::at(&place, "coat");
    until("the end of training", || run.epochs() == 20 && run.state() == "done");
    terminal.watch(Duration::ZERO);
    let before = terminal.bytes.len();
    assert_eq!(terminal.wait(), 0);
    // Counted in bytes: they measure the connection's time, whatever else the machine does.
    let after = terminal.bytes.len() - before;
    assert!(after < BEHIND, "it leaves {after} bytes after the end:\n{}", terminal.text());
    terminal.set_speed(AT_ONCE);
    terminal.until_shown("Epoch 20/20 - ");
}

#[test]
fn on_a_slow_link_a_key_is_answered_by_the_frame_after_the_one_that_is_under_way() {
    const SPEED: usize = 4_000;
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 80, 24, &["--epochs", "100000", "--run", "coat"]);
    terminal.until_shown("images/s");
    terminal.press(" ");
    terminal.until_shown("paused");
    terminal.watch(Duration::from_millis(200));
    let before = terminal.bytes.len();
    terminal.press("\x0c");
    terminal.watch(Duration::from_millis(500));
    let frame = terminal.bytes.len() - before;
    terminal.press(" ");
    terminal.set_speed(SPEED);
    // By then it has sent as much as the connection holds, unless it has noticed.
    terminal.watch(Duration::from_secs(12));
    for (key, caption) in [("l", "Test image 1 "), ("l", "Test image 2 "), ("l", "Test image 3 "), ("2", "500 in all")]
    {
        let before = terminal.bytes.len();
        terminal.press(key);
        terminal.until_shown(caption);
        // The answer's own frame, which is nearly a whole one, and the rest of the frame that is under way. Counted in
        // bytes: they measure the connection's time, whatever else the machine does.
        let count = terminal.bytes.len() - before;
        assert!(count < 2 * frame, "{caption}: after {count} bytes, a frame has {frame}");
    }
    terminal.stop_and_leave();
    assert_eq!(terminal.wait(), 0);
}

/// fitroom on a small data set, started from an interactive shell, whose prompts are counted.
fn in_a_shell(place: &Place, options: &str) -> Terminal {
    let mut shell = CommandBuilder::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    shell.cwd(place.directory.path());
    shell.env("PS1", r"shell-\#> ");
    let mut terminal = Terminal::run(100, 30, shell);
    terminal.until_shown("shell-1>");
    let program = env!("CARGO_BIN_EXE_fitroom");
    terminal.press(&format!("{program} --data data --hidden 16 --epochs 100000 {options}\r"));
    terminal
}

#[test]
fn ctrl_z_and_fg_lead_back_thirty_times() {
    let place = Place::new();
    let mut terminal = in_a_shell(&place, "--pace 50 --run coat");
    terminal.until_shown("images/s");
    for round in 2..=31 {
        terminal.press("\x1a");
        terminal.until_shown(&format!("shell-{round}>"));
        terminal.assert_is_the_shells();
        terminal.press("fg\r");
        terminal.until("the dashboard again", |screen| screen.contains("quit") && !screen.contains("shell-"));
        assert!(terminal.screen.screen().alternate_screen());
        terminal.press("l");
        terminal.until_shown(&format!("Test image {}", round - 1));
    }
    terminal.stop_and_leave();
    terminal.until_shown("Run coat: ");
    terminal.press("exit $?\r");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(Run::at(&place, "coat").state(), "stopped");
    assert!(!contains(&terminal.bytes, b"\x1b[6n"), "it asked where the cursor is");
}

#[test]
fn in_the_background_it_trains_on_and_leaves_the_terminal_to_the_shell() {
    let place = Place::new();
    let mut terminal = in_a_shell(&place, "--run coat");
    terminal.until_shown("images/s");
    terminal.press("\x1a");
    terminal.until_shown("shell-2>");
    terminal.press("bg\r");
    terminal.until_shown("shell-3>");
    let run = Run::at(&place, "coat");
    let epochs = run.epochs();
    until("epochs in the background", || run.epochs() > epochs + 5);
    terminal.press("echo $((6 * 7))\r");
    terminal.until_shown("shell-4>");
    assert!(terminal.text().contains("42"), "{}", terminal.text());
    terminal.assert_is_the_shells();
    terminal.press("fg\r");
    terminal.until("the dashboard again", |screen| screen.contains("quit") && !screen.contains("shell-"));
    terminal.stop_and_leave();
    terminal.until_shown("Run coat: ");
    terminal.press("exit\r");
    terminal.wait();
}

#[test]
fn nothing_is_asked_of_the_terminal_that_it_might_not_answer() {
    let mut terminal = Terminal::start(80, 24, &["--pace", "4"]);
    terminal.until_shown("slow motion");
    for _ in 0..10 {
        terminal.press("\x0c");
        terminal.signal("CONT");
        terminal.watch(Duration::from_millis(30));
    }
    // Late and garbled answers to what others asked.
    terminal.press(
        "\x1b[12;40R\x1b[0n\x1b[?62;22c\x1b]11;rgb:1e1e/q/1e1e\x1b\\\x1bPq\x1b\\\x1b[<0;0;0M\x1b[\x1b[?2026;2$y",
    );
    terminal.press("ll");
    terminal.until_shown("Test image 2");
    let asked: [&[u8]; 5] = [b"\x1b[6n", b"\x1b[5n", b"\x1b[c", b"\x1b[0c", b"?u"];
    for question in asked {
        assert!(!contains(&terminal.bytes, question), "{question:?}");
    }
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn whatever_signal_ends_it_the_run_is_saved_and_the_terminal_given_back() {
    let place = Place::new();
    let signals = [
        ("QUIT", 3),
        ("ILL", 4),
        ("TRAP", 5),
        ("ABRT", 6),
        ("BUS", 7),
        ("FPE", 8),
        ("USR1", 10),
        ("SEGV", 11),
        ("USR2", 12),
        ("ALRM", 14),
        ("XCPU", 24),
        ("XFSZ", 25),
        ("VTALRM", 26),
        ("PROF", 27),
        ("SYS", 31),
        ("34", 34),
        ("64", 64),
    ];
    for mode in [&[][..], &["train"]] {
        for (name, number) in signals {
            let run = format!("{}{name}", mode.len());
            let arguments = [mode, &["--epochs", "100000", "--run", &run]].concat();
            let mut terminal = Terminal::at(&place, 80, 24, &arguments);
            let run = Run::at(&place, &run);
            until("an epoch", || run.epochs() > 0);
            terminal.signal(name);
            assert_eq!(terminal.wait(), 128 + number, "SIG{name}");
            assert_eq!(run.state(), "stopped", "SIG{name}");
            terminal.assert_given_back();
        }
    }
}

#[test]
fn a_second_signal_ends_it_at_once_and_still_gives_the_terminal_back() {
    let place = Place::new();
    for (run, pause) in [("coat", 10), ("shirt", 100), ("dress", 300)] {
        let arguments = ["--epochs", "100000", "--run", run];
        let mut terminal = Terminal::read_at(0, 80, 24, fitroom(&place, &arguments));
        let run = Run::at(&place, run);
        until("the first epochs", || run.epochs() > UNREAD);
        terminal.signal("TERM");
        thread::sleep(Duration::from_millis(pause));
        terminal.signal("TERM");
        until("the end", || terminal.state() == 'Z');
        terminal.set_speed(AT_ONCE);
        assert_eq!(terminal.wait(), 143);
        terminal.assert_given_back();
    }
}

#[test]
fn a_stop_from_elsewhere_gives_the_terminal_back_too() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 80, 24, &["--epochs", "100000", "--run", "coat"]);
    terminal.until_shown("quit");
    for _ in 0..5 {
        // Without a shell nobody would continue it, so a stop that cannot be caught takes the place of the shell's.
        terminal.signal("STOP");
        until("the stop", || terminal.state() == 'T');
        terminal.signal("CONT");
        terminal.press("l");
        terminal.until("an answer", |screen| screen.contains("Test image"));
    }
    let mut terminal = in_a_shell(&place, "--no-save");
    terminal.until_shown("quit");
    let children = std::process::Command::new("pgrep").args(["-P", &terminal.process().to_string()]).output();
    let children = String::from_utf8(children.expect("pgrep is there").stdout).expect("a number");
    signal(children.trim().parse().expect("one process"), "TSTP");
    terminal.until_shown("shell-2>");
    terminal.assert_is_the_shells();
    terminal.press("fg\r");
    terminal.until("the dashboard again", |screen| screen.contains("quit") && !screen.contains("shell-"));
    terminal.press("q");
    terminal.until_shown("shell-3>");
    terminal.press("exit\r");
    terminal.wait();
}

#[test]
fn a_terminal_without_a_size_has_the_usual_one() {
    for (variables, expected) in [(&[][..], (80, 24)), (&[("COLUMNS", "100"), ("LINES", "30")], (100, 30))] {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
        command.args(["--no-save", "--epochs", "1"]);
        for name in ["COLUMNS", "LINES"] {
            command.env_remove(name);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        let mut terminal = Terminal::run(0, 0, command);
        terminal
            .screen
            .screen_mut()
            .set_size(expected.1.try_into().expect("rows"), expected.0.try_into().expect("columns"));
        terminal.until_shown("quit");
        terminal.until_shown("Training");
        let last = terminal.screen.screen().rows(0, expected.0).last().expect("rows");
        assert!(last.contains("quit"), "the footer is in the last of {} rows: {last:?}", expected.1);
        terminal.press("q");
        assert_eq!(terminal.wait(), 0);
    }
}

#[test]
fn a_terminal_that_claims_to_be_huge_is_drawn_on_in_part() {
    let mut terminal = Terminal::start(80, 24, &["--epochs", "1000"]);
    terminal.until_shown("quit");
    let memory = terminal.memory();
    terminal.claim(u16::MAX, u16::MAX);
    terminal.watch(Duration::from_secs(3));
    assert!(terminal.memory() < memory + (256 << 20), "{} after {memory} bytes", terminal.memory());
    terminal.resize(80, 24);
    terminal.press("l");
    terminal.until_shown("Test image 1 ");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    terminal.assert_given_back();
}

#[test]
fn an_output_that_fails_in_mid_run_ends_it() {
    let place = Place::new();
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    let options = "--epochs 1000 --data data --hidden 16";
    for (name, output, status, words) in [
        ("full", ">/dev/full", 1, "fitroom: cannot write to standard output: No space left on device (os error 28)\n"),
        ("head", "| head -3 >/dev/null; exit ${PIPESTATUS[0]}", 141, ""),
        ("json", "--json | head -1 >/dev/null; exit ${PIPESTATUS[0]}", 141, ""),
    ] {
        let mut shell = std::process::Command::new("bash");
        shell.args(["-c", &format!("timeout 60 {fitroom} train --run {name} {options} {output}")]);
        let ended = shell.current_dir(place.directory.path()).output().expect("bash is there");
        assert_eq!(ended.status.code(), Some(status), "{output}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), words, "{output}");
        assert_eq!(Run::at(&place, name).state(), "stopped", "{output}");
    }
}

#[test]
fn a_terminal_that_only_types_gets_lines_and_a_hint() {
    for term in [Some("dumb"), Some(""), None] {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
        command.args(["--no-save", "--epochs", "1", "--data", "data"]);
        let place = Place::new();
        command.cwd(place.directory.path());
        match term {
            Some(term) => command.env("TERM", term),
            None => command.env_remove("TERM"),
        }
        let mut terminal = Terminal::run(100, 30, command);
        assert_eq!(terminal.wait(), 0, "{term:?}");
        let text = terminal.text();
        assert!(text.contains("Epoch 1/1 - ") && text.contains("Test accuracy: "), "{text}");
        assert_eq!(text.matches("so there is no dashboard").count(), 1, "{text}");
        assert!(!terminal.bytes.contains(&0x1b), "{:?}", String::from_utf8_lossy(&terminal.bytes));
    }
}

#[test]
fn without_utf_8_only_ascii_is_written() {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["--no-save", "--epochs", "1"]);
    command.env("LC_ALL", "C");
    let mut terminal = Terminal::run(80, 24, command);
    terminal.until_shown("done in");
    terminal.press("23456q");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.bytes.is_ascii());
}

#[test]
fn where_there_is_no_alternate_screen_the_first_frame_clears_it_and_the_last_line_is_clean() {
    let place = Place::new();
    let mut command = CommandBuilder::new("sh");
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    let row = ["old text"; 8].join(" ");
    let fill = format!("for row in $(seq 24); do printf '{row}'; done");
    command.args(["-c", &format!("{fill}; {fitroom} --data data --hidden 16 --epochs 1 --run coat; printf 'shell> '")]);
    command.cwd(place.directory.path());
    let mut terminal = Terminal::run(80, 24, command);
    terminal.until_shown("done in");
    let plain = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).replace("\x1b[?1049h", "").replace("\x1b[?1049l", "");
        let mut screen = vt100::Parser::new(24.try_into().expect("rows"), 80.try_into().expect("columns"), 0);
        screen.process(text.as_bytes());
        screen
    };
    let during = plain(&terminal.bytes).screen().contents();
    assert!(!during.contains("old text") && during.contains("done in"), "{during}");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    let after = plain(&terminal.bytes);
    let lines: Vec<&str> = ["Run coat: test accuracy", "shell>"].to_vec();
    let text = after.screen().contents();
    let rows: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(rows.len() <= 3 && rows[0].starts_with(lines[0]), "{text}");
    assert!(rows.last().is_some_and(|row| row.trim_end() == lines[1]), "{text}");
}

#[test]
fn after_the_dashboard_one_line_tells_the_run_and_how_to_go_on() {
    let place = Place::new();
    let mut terminal = Terminal::at(&place, 100, 30, &["--epochs", "2", "--run", "coat"]);
    terminal.until_shown("done in");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    let text = terminal.text();
    let mut told = text.lines().filter(|line| !line.trim().is_empty());
    let line = told.next().expect("a line");
    assert!(line.starts_with("Run coat: test accuracy 0.") && line.contains(" after epoch 2 of 2"), "{text}");
    assert!(text.contains("Continue with: fitroom --resume coat"), "{text}");

    let mut terminal = Terminal::at(&place, 100, 30, &["--epochs", "2", "--no-save"]);
    terminal.until_shown("done in");
    terminal.press("q");
    assert_eq!(terminal.wait(), 0);
    let text = terminal.text();
    assert!(text.starts_with("Test accuracy 0.") && !text.to_lowercase().contains("save"), "{text}");
    assert_eq!(text.trim().lines().count(), 1, "{text}");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
