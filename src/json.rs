//! Says what is wrong with JSON that was read, without naming the program's own types; and how a path is written in it.
//! Reads no files.

pub mod path;

use std::{borrow::Cow, fmt};

/// How many letters are kept at the beginning and at the end of text that is too long to read.
const BEGINNING: usize = 200;
const END: usize = 120;

/// What the reader of JSON, or of a format that contains JSON, reported: in plain words, and in few, however long its
/// quotations are.
#[must_use]
pub fn plain(error: &impl fmt::Display) -> String {
    let said = error.to_string();
    let mut words = words(&said).into_iter().peekable();
    let mut plain: Vec<&str> = Vec::new();
    while let Some(word) = words.next() {
        match word {
            // What something is in Rust, and what it is called there, does not help whoever has the file.
            "internally" | "adjacently" | "untagged" | "tagged" | "tuple" | "newtype" | "unit"
                if words.peek().is_some_and(|next| matches!(*next, "tagged" | "struct" | "enum" | "variant")) => {}
            "struct" | "enum" | "variant" if words.peek().is_some_and(|next| next.starts_with(char::is_uppercase)) => {
                words.next();
                plain.push("an object");
            }
            "variant" => plain.push("value"),
            "map" => plain.push("object"),
            "a" if words.peek().is_some_and(|next| next.trim_end_matches(',') == "map") => plain.push("an"),
            "sequence" | "sequence," => plain.push(if word.ends_with(',') { "list," } else { "list" }),
            "map," => plain.push("object,"),
            "f64" | "f32" => plain.push("a number"),
            "u8" | "u16" | "u32" | "u64" | "usize" => plain.push("a whole number from 0"),
            "i8" | "i16" | "i32" | "i64" | "isize" => plain.push("a whole number"),
            "nonzero" => {
                words.next();
                plain.push("whole number from 1");
            }
            word => plain.push(word),
        }
    }
    shortened(&plain.join(" ")).into_owned()
}

/// The words of a report; a quotation comes from outside, and counts as part of one word with all its spaces.
fn words(said: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(length) = said[at..].find([' ', '"', '`']) {
        at += length;
        if said[at..].starts_with(' ') {
            words.push(&said[start..at]);
            at += 1;
            start = at;
        } else {
            at += quoted(&said[at..], &said[..at]);
        }
    }
    words.push(&said[start..]);
    words
}

/// The length of the quotation that this text begins with, after the text `before` it; without an end it is all the
/// text.
fn quoted(text: &str, before: &str) -> usize {
    let inner = &text[1..];
    let end = if text.starts_with('"') {
        let mut is_escaped = false;
        inner.find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        })
    } else if before.ends_with("unknown variant ") || before.ends_with("unknown field ") {
        // Backticks inside are not escaped: the quotation ends where serde continues in its own words.
        ["`, expected ", "`, there are no "].iter().filter_map(|after| inner.rfind(after)).max()
    } else {
        inner.find('`')
    };
    end.map_or(text.len(), |end| end + 2)
}

/// This text, without its middle if it is too long to read.
#[must_use]
pub fn shortened(text: &str) -> Cow<'_, str> {
    let ends = text.char_indices().nth(BEGINNING).zip(text.char_indices().nth_back(END - 1));
    match ends {
        Some(((beginning, _), (end, _))) if beginning < end => {
            Cow::Owned(format!("{}…{}", &text[..beginning], &text[end..]))
        }
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is only read")]
    struct Outer {
        inner: Inner,
        number: u32,
        share: f64,
        list: Vec<u8>,
        #[serde(default)]
        threads: Option<NonZeroUsize>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "state", rename_all = "snake_case")]
    enum Inner {
        Done,
    }

    #[test]
    fn what_is_too_long_to_be_read_loses_its_middle() {
        let text = format!("{{\"share\": \"{}\"}}", "ä".repeat(100_000));
        let said = plain(&serde_json::from_str::<Outer>(&text).expect_err("it is no number"));
        assert!(said.starts_with("invalid type: string \"ää") && said.contains("ä…ä"), "{said}");
        assert!(said.ends_with("ä\", expected a number at line 1 column 200012"), "{said}");
        assert_eq!(said.chars().count(), BEGINNING + 1 + END);
        for count in [0, 1, BEGINNING, BEGINNING + END] {
            assert_eq!(shortened(&"ä".repeat(count)), "ä".repeat(count));
        }
        assert_eq!(shortened(&"ä".repeat(BEGINNING + END + 1)).chars().count(), BEGINNING + END + 1);
    }

    #[test]
    fn no_type_of_rust_is_named() {
        for (text, words) in [
            ("null", "invalid type: null, expected an object at line 1 column 4"),
            (r#"{"inner": 3}"#, "invalid type: integer `3`, expected an object at line 1 column 11"),
            (r#"{"inner": {"state": "asleep"}}"#, "unknown value `asleep`, expected `done` at line 1 column 28"),
            (r#"{"number": -1}"#, "invalid value: integer `-1`, expected a whole number from 0 at line 1 column 13"),
            (r#"{"share": "x"}"#, "invalid type: string \"x\", expected a number at line 1 column 13"),
            (r#"{"list": {}}"#, "invalid type: object, expected a list at line 1 column 9"),
            (r#"{"threads": 0}"#, "invalid value: integer `0`, expected a whole number from 1 at line 1 column 13"),
            (
                r#"{"share": "a map of \"u8\", a sequence"}"#,
                r#"invalid type: string "a map of \"u8\", a sequence", expected a number at line 1 column 39"#,
            ),
            (
                r#"{"inner": {"state": "a map `, expected` of struct U"}}"#,
                "unknown value `a map `, expected` of struct U`, expected `done` at line 1 column 52",
            ),
            ("{}", "missing field `inner` at line 1 column 2"),
            (r#"{"inner""#, "EOF while parsing an object at line 1 column 8"),
        ] {
            let error = serde_json::from_str::<Outer>(text).expect_err("it is none");
            assert_eq!(plain(&error), words, "{error}");
        }
    }
}
