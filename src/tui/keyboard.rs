//! Reads keys and clicks from the terminal, on a thread of its own. Knows how a terminal spells them, not what they
//! mean.

use std::{
    fs::File,
    io::{self, stdin},
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crossterm::event::Event;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read},
    termios::isatty,
};
use terminput_crossterm::to_crossterm;

use super::tty::is_foreground;

/// How long a sequence may pause. If nothing follows an Escape for this long, it is the key.
const PAUSE: Duration = Duration::from_millis(50);
/// How long to wait before checking again whether the program has the terminal.
const AWAY: Duration = Duration::from_millis(100);

/// What comes from the terminal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Input {
    /// A key or a click.
    Event(Event),
    /// The terminal is gone.
    Lost,
}

/// Starts a thread that reads the terminal and hands on what comes, until `hand_on` says that nobody listens any more
/// or the terminal is gone. Nothing is read while another program has the terminal, nor while it is not taken over
/// (`is_taken`): what is typed then is for the shell.
///
/// # Errors
/// When there is no terminal to read from, or no thread can be started.
pub(super) fn listen(
    is_taken: Arc<AtomicBool>,
    mut hand_on: impl FnMut(Input) -> bool + Send + 'static,
) -> io::Result<()> {
    let keyboard = Keyboard { terminal: terminal()?, is_taken };
    let work = move || {
        let mut decoder = Decoder::default();
        let mut bytes = [0; 1024];
        loop {
            let mut events = Vec::new();
            match keyboard.next(&mut bytes, decoder.is_amid()) {
                Next::Bytes(count) => decoder.feed(&bytes[..count], &mut events),
                Next::Pause => decoder.pause(&mut events),
                Next::Lost => {
                    hand_on(Input::Lost);
                    return;
                }
            }
            if !events.into_iter().all(|event| hand_on(Input::Event(event))) {
                return;
            }
        }
    };
    thread::Builder::new().name("keyboard".to_owned()).spawn(work).map(drop)
}

/// Standard input, or the terminal of this session if standard input is not a terminal.
fn terminal() -> io::Result<OwnedFd> {
    if isatty(stdin()) { Ok(rustix::io::dup(stdin())?) } else { Ok(File::open("/dev/tty")?.into()) }
}

enum Next {
    Bytes(usize),
    /// Nothing came for [`PAUSE`].
    Pause,
    Lost,
}

/// The terminal, as a source of keys.
struct Keyboard {
    terminal: OwnedFd,
    is_taken: Arc<AtomicBool>,
}

impl Keyboard {
    /// Waits for bytes; `amid` a sequence for no longer than [`PAUSE`].
    fn next(&self, bytes: &mut [u8], amid: bool) -> Next {
        let pause = Timespec::try_from(PAUSE).expect("it is short");
        loop {
            let mut ready = [PollFd::new(&self.terminal, PollFlags::IN)];
            match poll(&mut ready, amid.then_some(&pause)) {
                Ok(0) => return Next::Pause,
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return Next::Lost,
            }
            let ready = ready[0].revents();
            let is_gone = ready.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL);
            if !is_gone && !ready.contains(PollFlags::IN) {
                continue;
            }
            if !is_gone && !self.is_ours() {
                thread::sleep(AWAY);
                continue;
            }
            match read(&self.terminal, &mut *bytes) {
                Ok(count) if count > 0 => return Next::Bytes(count),
                Err(Errno::INTR | Errno::AGAIN) if !is_gone => {}
                // The terminal was taken away between the check and the read.
                Err(Errno::IO) if !is_gone && !self.is_ours() => thread::sleep(AWAY),
                _ => return Next::Lost,
            }
        }
    }

    fn is_ours(&self) -> bool {
        self.is_taken.load(Ordering::Relaxed) && is_foreground(&self.terminal)
    }
}

/// Splits what a terminal sends into keys and clicks. Everything else, such as answers that another program asked for,
/// is skipped as a whole, so that no part of it is taken for a key.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The beginning of a sequence.
    held: Vec<u8>,
}

/// The longest control sequence with a meaning, and the longest string whose end is waited for, in bytes.
const LONGEST: usize = 64;
const LONGEST_STRING: usize = 1 << 16;

const ESCAPE: u8 = 0x1b;

impl Decoder {
    /// Whether a sequence has begun and not ended.
    #[must_use]
    pub fn is_amid(&self) -> bool {
        !self.held.is_empty()
    }

    /// Reads these bytes and adds the events that they spell.
    pub fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.held.extend(bytes);
        let mut rest = &*self.held;
        while let Some(length) = length(rest) {
            let (unit, after) = rest.split_at(length);
            events.extend(event(unit));
            rest = after;
        }
        self.held = rest.to_vec();
    }

    /// Notes that nothing more has come for a while: what looked like the beginning of a sequence was keys, or is
    /// useless.
    pub fn pause(&mut self, events: &mut Vec<Event>) {
        if let held @ ([ESCAPE] | [ESCAPE, _]) = &*self.held {
            events.extend(held.iter().filter_map(|byte| event(&[*byte])));
        }
        self.held.clear();
    }
}

/// The length in bytes of the first key, click or other sequence (ECMA-48, 5.4 and 5.6); `None`: its end has not come
/// yet.
fn length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [] | [ESCAPE] => None,
        [ESCAPE, b'[', rest @ ..] => control(rest).map(|length| length + 2),
        [ESCAPE, b'O', rest @ ..] => (!rest.is_empty()).then_some(3),
        // A string: an answer that another program asked for.
        [ESCAPE, b']' | b'P' | b'X' | b'^' | b'_', rest @ ..] => string(rest).map(|length| length + 2),
        // An Escape; whatever follows it is a key of its own.
        [ESCAPE, ..] => Some(1),
        [first, ..] => {
            let length = match first {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            // A character that something else cuts off is not a character.
            let whole =
                bytes.iter().skip(1).take(length - 1).take_while(|byte| (0x80..0xc0).contains(*byte)).count() + 1;
            (whole == length || bytes.len() > whole).then_some(whole)
        }
    }
}

/// The length of a control sequence after its introducer.
fn control(bytes: &[u8]) -> Option<usize> {
    match bytes {
        // The Linux console's F1 to F5.
        [b'[', rest @ ..] => return (!rest.is_empty()).then_some(2),
        // Clicks as old versions of xterm report them, in three bytes.
        [b'M', rest @ ..] => return (rest.len() >= 3).then_some(4),
        _ => {}
    }
    match bytes.iter().position(|byte| !(0x20..0x40).contains(byte)) {
        // Something else begins before this one has ended.
        Some(end) if !(0x40..0x7f).contains(&bytes[end]) => Some(end),
        Some(end) => Some(end + 1),
        None => (bytes.len() > LONGEST).then_some(bytes.len()),
    }
}

/// The length of a string, including its terminator.
fn string(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|byte| *byte == 0x07).map(|end| end + 1);
    let terminated = bytes.windows(2).position(|pair| pair == [ESCAPE, b'\\']).map(|end| end + 2);
    match (end, terminated) {
        (Some(end), Some(terminated)) => Some(end.min(terminated)),
        (None, None) => (bytes.len() > LONGEST_STRING).then_some(bytes.len()),
        (end, terminated) => end.or(terminated),
    }
}

/// The key or click that these bytes spell.
fn event(unit: &[u8]) -> Option<Event> {
    if let [ESCAPE, b'[', parameters @ .., b'M' | b'm'] = unit {
        // Only clicks in the form that was asked for.
        let parameters = parameters.strip_prefix(b"<")?;
        // Columns and rows count from 1, and the parser relies on it. It takes signs too, which no terminal writes.
        let is_place =
            |number: &[u8]| number.iter().all(u8::is_ascii_digit) && number.iter().any(|digit| *digit != b'0');
        if !parameters.split(|byte| *byte == b';').skip(1).all(is_place) {
            return None;
        }
    }
    if let [ESCAPE, b'[', b'M', ..] | [ESCAPE, b']' | b'P' | b'X' | b'^' | b'_', ..] = unit {
        return None;
    }
    to_crossterm(terminput::Event::parse_from(unit).ok()??).ok()
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    use proptest::prelude::*;

    use super::*;

    /// The events that these reads spell, with a pause after each read.
    fn decoded(reads: &[&[u8]]) -> Vec<Event> {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        for bytes in reads {
            decoder.feed(bytes, &mut events);
            decoder.pause(&mut events);
        }
        events
    }

    fn keys(codes: &[KeyCode]) -> Vec<Event> {
        codes.iter().map(|code| Event::Key(KeyEvent::new(*code, KeyModifiers::NONE))).collect()
    }

    fn letters(letters: &str) -> Vec<Event> {
        keys(&letters.chars().map(KeyCode::Char).collect::<Vec<_>>())
    }

    #[test]
    fn keys_are_what_terminals_spell_them_as() {
        let spelled = b"\x1b[A\x1bOB\x1b[6~\x1b[1~q\r\x7f\t\xc3\xa4\x1b[Z";
        let mut expected = keys(&[
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::PageDown,
            KeyCode::Home,
            KeyCode::Char('q'),
            KeyCode::Enter,
            KeyCode::Backspace,
            KeyCode::Tab,
            KeyCode::Char('ä'),
        ]);
        expected.push(Event::Key(KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT)));
        assert_eq!(decoded(&[spelled]), expected);
        let control = Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert_eq!(decoded(&[b"\x03"]), [control]);
    }

    #[test]
    fn a_click_has_its_cell() {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let click = Event::Mouse(MouseEvent { kind, column: 299, row: 6, modifiers: KeyModifiers::NONE });
        assert_eq!(decoded(&[b"\x1b[<0;300;7M"]), [click]);
        assert_eq!(decoded(&[b"\x1b[<0;0;7M\x1b[<0;;M\x1b[0;0;0M\x1b[M   "]), []);
        assert_eq!(decoded(&[b"\x1b[<0;+0;7M\x1b[<0;7;+0m\x1b[<0;-1;7M"]), []);
    }

    #[test]
    fn an_escape_is_a_key_where_nothing_follows_or_a_key_of_its_own() {
        assert_eq!(decoded(&[b"\x1b"]), keys(&[KeyCode::Esc]));
        assert_eq!(decoded(&[b"\x1b", b"["]), keys(&[KeyCode::Esc, KeyCode::Char('[')]));
        assert_eq!(decoded(&[b"\x1b["]), keys(&[KeyCode::Esc, KeyCode::Char('[')]));
        assert_eq!(decoded(&[b"\x1bq"]), keys(&[KeyCode::Esc, KeyCode::Char('q')]));
        assert_eq!(decoded(&[b"\x1b\x1b[C"]), keys(&[KeyCode::Esc, KeyCode::Right]));
    }

    #[test]
    fn a_sequence_may_come_in_pieces() {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        for byte in b"\x1b[<64;10;5M\x1b[5~\xe2\x80\xa6" {
            decoder.feed(&[*byte], &mut events);
        }
        assert_eq!(events.len(), 3);
        assert!(!decoder.is_amid());
        assert_eq!(events[1..], keys(&[KeyCode::PageUp, KeyCode::Char('…')]));
    }

    /// Late answers to a shell or an editor: the cursor's position, modes, attributes, colours, a name.
    #[test]
    fn answers_that_nobody_asked_for_are_passed_over_whole() {
        for answer in [
            &b"\x1b[?2026;2$y"[..],
            b"\x1b[?62;22c",
            b"\x1b[>41;354;0c",
            b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
            b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
            b"\x1bP>|xterm(354) q\x1b\\",
            b"\x1b_Gi=31;OK\x1b\\",
            b"\x1b[0n",
        ] {
            assert_eq!(decoded(&[&[answer, b"n"].concat()]), letters("n"), "{:?}", str::from_utf8(answer));
        }
        // A position is spelled like F3, which means nothing here.
        let position = decoded(&[b"\x1b[12;40Rn"]);
        assert_eq!(position[position.len() - 1..], letters("n"));
    }

    #[test]
    fn what_never_ends_is_given_up_after_a_pause_or_where_it_is_too_long() {
        assert_eq!(decoded(&[b"\x1b]0;title", b"n"]), letters("n"));
        assert_eq!(decoded(&[&[b"\x1b[", &[b'1'; 100][..]].concat(), b"n"]), letters("n"));
        assert_eq!(decoded(&[b"\x1b[12\x1b[C"]), keys(&[KeyCode::Right]));
        assert_eq!(decoded(&[b"\xe2\x80n", b"\xff\xc3", b"n"]), letters("nn"));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(reads: Vec<Vec<u8>>) {
            let (mut decoder, mut events) = (Decoder::default(), Vec::new());
            for bytes in reads {
                decoder.feed(&bytes, &mut events);
            }
            decoder.pause(&mut events);
            prop_assert!(!decoder.is_amid());
        }

        #[test]
        fn no_sequence_is_too_strange(words in "(\x1b[\\[OP\\]_]?[<?>;:0-9A-Za-z~$\\[ M\x07\x1b]{0,12}){0,8}") {
            let (mut decoder, mut events) = (Decoder::default(), Vec::new());
            decoder.feed(words.as_bytes(), &mut events);
            decoder.pause(&mut events);
            prop_assert!(!decoder.is_amid());
        }
    }
}
