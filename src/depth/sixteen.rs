//! The sixteen colours as every terminal with colours knows them: SGR 30 to 37 and 90 to 97, and 40 to 47 and 100 to
//! 107 for grounds (ECMA-48, 8.3.117, and aixterm). crossterm writes them as entries of the palette of 256, `38;5;N`,
//! which a terminal without that palette ignores or takes for something else. Knows nothing of themes.

use std::borrow::Cow;

/// What begins a control sequence.
const BEGIN: &[u8] = b"\x1b[";

/// These bytes with every `38;5;N` and `48;5;N` below 16 in their SGR sequences in the short form. Sequences must be
/// whole.
#[must_use]
pub fn plain(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut plain = Vec::new();
    let mut rest = bytes;
    while let Some(begin) = rest.windows(BEGIN.len()).position(|window| window == BEGIN) {
        let (before, sequence) = rest.split_at(begin + BEGIN.len());
        let length = sequence.iter().take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
        let (parameters, after) = sequence.split_at(length);
        plain.extend(before);
        if after.first() == Some(&b'm') {
            write_short(parameters, &mut plain);
        } else {
            plain.extend(parameters);
        }
        rest = after;
    }
    if plain.is_empty() {
        return Cow::Borrowed(bytes);
    }
    plain.extend(rest);
    Cow::Owned(plain)
}

/// The parameters of an SGR sequence, its colours in the short form.
fn write_short(parameters: &[u8], out: &mut Vec<u8>) {
    let mut fields = parameters.split(|byte| *byte == b';').peekable();
    let mut separator: &[u8] = b"";
    while let Some(field) = fields.next() {
        let base = match field {
            b"38" => Some(30),
            b"48" => Some(40),
            _ => None,
        };
        out.extend(separator);
        separator = b";";
        match base {
            Some(base) if fields.peek() == Some(&b"5".as_slice()) => {
                fields.next();
                let number = fields.next();
                let parsed = number.and_then(|number| std::str::from_utf8(number).ok()?.parse::<u8>().ok());
                match (parsed, number) {
                    (Some(number @ 0..8), _) => out.extend((base + number).to_string().bytes()),
                    (Some(number @ 8..16), _) => out.extend((base + 60 + number - 8).to_string().bytes()),
                    (_, Some(number)) => out.extend([field, b"5", number].join(&b';')),
                    (_, None) => out.extend([field, b"5"].join(&b';')),
                }
            }
            _ => out.extend(field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_sixteen_has_its_short_form() {
        for (long, short) in [
            ("38;5;0", "30"),
            ("38;5;7", "37"),
            ("38;5;8", "90"),
            ("38;5;15", "97"),
            ("48;5;0", "40"),
            ("48;5;7", "47"),
            ("48;5;8", "100"),
            ("48;5;15", "107"),
            ("38;5;2;48;5;9", "32;101"),
            ("1;38;5;4;7", "1;34;7"),
            ("39;48;5;1", "39;41"),
        ] {
            let bytes = format!("\x1b[2;3Ha\x1b[{long}mb38;5;1m\x1b[0m");
            let expected = format!("\x1b[2;3Ha\x1b[{short}mb38;5;1m\x1b[0m");
            assert_eq!(String::from_utf8_lossy(&plain(bytes.as_bytes())), expected);
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for text in [
            "",
            "38;5;1m",
            "\x1b[38;5;16m",
            "\x1b[38;2;5;5;5m",
            "\x1b[?25l\x1b[38;5H",
            "\x1b[38;5m",
            "\x1b[m ✓",
            "\x1b[",
        ] {
            assert_eq!(String::from_utf8_lossy(&plain(text.as_bytes())), text);
        }
    }
}
