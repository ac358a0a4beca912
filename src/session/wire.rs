//! How reports and commands go through the socket of a run: one line of JSON each. Opens none.
//!
//! Whoever trains begins with a [`Greeting`]; after it come reports, and now and then an empty line, which says that
//! the program is still there. Whoever looks on sends commands. A line `{"error":"…"}` says why the door is shut: in
//! place of the greeting where nobody is let in, or last.

use serde::{Deserialize, Serialize};

use crate::{
    engine::SLOWEST_PACE,
    printable::Printable,
    protocol::{Command, Look, Predictions, Report},
};

/// The version of what goes through the socket. It changes whenever an older program would misread a newer one.
pub(super) const PROTOCOL: u32 = 2;

/// The longest line of a command. The largest one names the images and the tiles that a screen shows.
pub(super) const LONGEST_COMMAND: usize = 1 << 16;

/// The most images that a visitor may look at, each counted for its prediction and for its pixels.
const MOST_IMAGES: usize = 64;

/// The most parts of the network that a visitor may look at, and in how many ranges: more than any screen shows.
const MOST_TILES: usize = 2048;
const MOST_RANGES: usize = 8;

/// The longest line of a report. The largest one has the predictions of an epoch: 54 bytes per test image.
pub(super) const LONGEST_REPORT: usize = 1 << 26;

/// The first line. Every version has these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Greeting {
    /// The program's version, for people to read.
    pub fitroom: String,
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The run's name.
    pub run: String,
    /// The process that trains it.
    pub process: u32,
    /// Whether the training waits for somebody to let it go on. Older programs do not say so.
    #[serde(default)]
    pub paused: bool,
}

/// Why the door is shut.
#[derive(Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", Printable(error))]
pub(super) struct Refusal {
    pub error: String,
}

/// What is said as one line, with its end.
pub(super) fn line(said: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(said).expect("plain data under fixed names is JSON");
    line.push(b'\n');
    line
}

/// Adds to a line what these bytes have of it. Returns how many of them that are, and whether the line is at its end;
/// `None` where it is longer than the longest.
pub(super) fn add_to_line(said: &mut Vec<u8>, read: &[u8], longest: usize) -> Option<(usize, bool)> {
    let end = read.iter().position(|&byte| byte == b'\n');
    let taken = end.map_or(read.len(), |end| end + 1);
    said.extend_from_slice(&read[..taken]);
    (said.len() <= longest).then_some((taken, end.is_some()))
}

/// Why nobody does what this command asks for: it would take too much of whoever trains, or is no pace.
pub(super) fn refused(command: &Command) -> Option<String> {
    match command {
        Command::Look(look) if !is_a_screenful(look) => {
            Some(format!("a look has at most {MOST_IMAGES} images, and {MOST_TILES} tiles in {MOST_RANGES} ranges"))
        }
        Command::Pace { steps_per_second: Some(pace) } if !(pace.is_finite() && *pace >= SLOWEST_PACE) => {
            Some("a pace has at least one step per hour".to_owned())
        }
        _ => None,
    }
}

/// Whether a screen could show all of this.
fn is_a_screenful(look: &Look) -> bool {
    let tiles = look.tiles.iter().fold(0_usize, |sum, range| sum.saturating_add(range.count));
    look.predicted.len() + look.explained.len() <= MOST_IMAGES && look.tiles.len() <= MOST_RANGES && tiles <= MOST_TILES
}

/// The predictions that come with a report.
pub(super) fn predictions(report: &Report) -> Option<&Predictions> {
    match report {
        Report::Epoch { predictions, .. } | Report::Untrained { predictions, .. } => Some(predictions),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::{
        fashion::CLASSES,
        protocol::{Attribution, Batch, BatchRecord, EpochRecord, Tile, TileRange, Tiles, Usage, samples},
    };

    /// One of each kind, with numbers that are none among them.
    fn reports(number: f32) -> Vec<Report> {
        let nan = f64::from(number);
        let record = EpochRecord { loss: nan, val_loss: f64::NAN, ..samples::record(3) };
        let predictions: Predictions = [[number; CLASSES], [0.1; CLASSES]].into();
        let span = samples::batch(7).spans[0];
        let tile = Tile {
            number: 3,
            title: "Unit 3".to_owned(),
            rows: 1,
            columns: 2,
            values: vec![number, 1.0],
            votes: vec![number],
        };
        vec![
            Report::Started(samples::started()),
            Report::Batch(Batch {
                epoch_loss: nan,
                spans: vec![BatchRecord { loss: nan, ..span }],
                ..samples::batch(7)
            }),
            Report::Prediction { index: 3, step: 9, probabilities: [number; CLASSES] },
            Report::Attribution(Attribution { index: 3, step: 9, pixels: vec![number; 784] }),
            Report::Tiles(Tiles { step: 9, of: 128, tiles: vec![tile] }),
            Report::Untrained { step: 0, predictions: predictions.clone() },
            Report::Paused,
            Report::Resumed,
            Report::Paced { steps_per_second: Some(0.1 + 0.2) },
            Report::Paced { steps_per_second: None },
            Report::Evaluating { epoch: 3 },
            Report::Epoch { record, predictions },
            Report::Epoch { record, predictions: [].into() },
            Report::Usage(Usage {
                name: Some("GPU".to_owned()),
                load_percent: 3,
                memory: u64::MAX,
                memory_total: None,
                temperature: Some(40),
                power: None,
            }),
            Report::Saved { step: 9 },
            Report::NotSaved { reason: "not saved: \"full\"\n".to_owned() },
            Report::Note { text: "ö\u{1b}".to_owned() },
            Report::Finished,
            Report::Failed { reason: "why".to_owned() },
            Report::Ended { how: "stopped".to_owned(), next: Some("fitroom --resume coat".to_owned()) },
            Report::Replaying,
            Report::Silent,
        ]
    }

    /// The kinds that there are, as serde names them where it is given none of them, and those of these samples.
    fn kinds<T: Serialize + DeserializeOwned + std::fmt::Debug>(
        tag: &str,
        samples: &[T],
    ) -> (BTreeSet<String>, BTreeSet<String>) {
        let none = serde_json::json!({ tag: "?" });
        let words = serde_json::from_value::<T>(none).expect_err("there is no such kind").to_string();
        let named = words.split('`').skip(1).step_by(2).skip(1).map(str::to_owned).collect();
        let kind =
            |sample: &T| serde_json::to_value(sample).expect("it can be written")[tag].as_str().map(str::to_owned);
        (named, samples.iter().map(|sample| kind(sample).expect("it has a tag")).collect())
    }

    #[test]
    fn the_samples_have_every_report_and_every_command() {
        let (named, sampled) = kinds("report", &reports(0.5));
        assert_eq!(named, sampled);
        assert!(named.contains("started"));
        let (named, sampled) = kinds("command", &commands());
        assert_eq!(named, sampled);
        assert!(named.contains("pause"));
    }

    /// Equal to the last bit, also where a number is none.
    fn words(said: &impl std::fmt::Debug) -> String {
        format!("{said:?}")
    }

    proptest! {
        #[test]
        fn every_report_comes_through_as_one_line_to_the_last_bit(bits: u32) {
            for report in reports(f32::from_bits(bits)) {
                let line = line(&report);
                prop_assert_eq!(line.iter().position(|&byte| byte == b'\n'), Some(line.len() - 1));
                let back: Report = serde_json::from_slice(&line).expect("it was written as one");
                prop_assert_eq!(words(&back), words(&report));
            }
        }
    }

    /// One of each kind.
    fn commands() -> Vec<Command> {
        let look = Look {
            predicted: [1, 9999].into(),
            explained: [3].into(),
            tiles: [TileRange { first: 0, count: 12 }].into(),
        };
        vec![
            Command::Pause,
            Command::Resume,
            Command::Step,
            Command::Pace { steps_per_second: Some(0.1 + 0.2) },
            Command::Pace { steps_per_second: None },
            Command::Look(look),
            Command::Replay,
            Command::EndReplay,
            Command::Save,
            Command::Stop,
        ]
    }

    #[test]
    fn every_command_comes_through() {
        for command in commands() {
            let line = line(&command);
            assert_eq!(serde_json::from_slice::<Command>(&line).expect("it was written as one"), command);
        }
    }

    /// What goes through the socket, a line of each kind, is written down in a file that bears the protocol's number.
    #[test]
    fn what_goes_through_the_socket_changes_only_with_the_protocol_s_number() {
        let greeting = Greeting {
            fitroom: "0.1.0".to_owned(),
            protocol: PROTOCOL,
            run: "coat".to_owned(),
            process: 4242,
            paused: false,
        };
        let mut said = line(&greeting);
        said.extend(line(&Refusal { error: "why".to_owned() }));
        said.extend(reports(0.5).iter().flat_map(line));
        said.extend(commands().iter().flat_map(line));
        let said = String::from_utf8(said).expect("JSON is text");
        let name = format!("tests/wire/protocol-{PROTOCOL}.jsonl");
        let written = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&name));
        let written = written.unwrap_or_default();
        // What a program of this protocol may have said is understood.
        let is_understood = |line: &str| {
            serde_json::from_str::<Report>(line).is_ok()
                || serde_json::from_str::<Command>(line).is_ok()
                || serde_json::from_str::<Greeting>(line).is_ok()
                || serde_json::from_str::<Refusal>(line).is_ok()
        };
        let strange: Vec<&str> = written.lines().filter(|line| !is_understood(line)).collect();
        assert!(strange.is_empty(), "{name} has what is not understood: {strange:#?}");
        let is_other = |(now, then): &(&str, &str)| now != then;
        let first = said.lines().zip(written.lines().chain(std::iter::repeat(""))).find(is_other);
        assert!(
            said == written,
            "{name} has another line: where an older program would misread what is said now, PROTOCOL gets a new \
             number, and that a file of its own; where it would not, correct the file.\n{first:#?}\nall that is \
             said:\n{said}"
        );
    }

    #[test]
    fn an_epoch_is_no_longer_than_is_read() {
        let predictions: Predictions = vec![[0.1; CLASSES]; 10_000].into();
        let length = line(&Report::Epoch { record: samples::record(1), predictions }).len();
        assert!(length < 54 * 10_000 + 1000, "{length}");
        assert!(length * 100 < LONGEST_REPORT, "a hundred times as many test images can be watched");
    }

    #[test]
    fn what_no_screen_shows_and_what_is_no_pace_is_refused() {
        let tiles = |count| [TileRange { first: 0, count }, TileRange { first: 7, count: 1 }].into();
        let look = |predicted: usize, explained: usize, count: usize| {
            let (predicted, explained) = ((0..predicted).collect(), (0..explained).collect());
            Command::Look(Look { predicted, explained, tiles: tiles(count) })
        };
        let ranges = (0..9).map(|first| TileRange { first, count: 0 }).collect();
        let pace = |pace| Command::Pace { steps_per_second: Some(pace) };
        for command in [look(64, 0, 1), look(60, 4, 2047), pace(1.0 / 3600.0), pace(1e6), Command::Save, Command::Stop]
        {
            assert_eq!(refused(&command), None, "{command:?}");
        }
        for command in [
            look(65, 0, 1),
            look(60, 5, 1),
            look(1, 1, 2048),
            look(0, 0, usize::MAX),
            Command::Look(Look { tiles: ranges, ..Look::default() }),
        ] {
            assert!(refused(&command).is_some_and(|words| words.starts_with("a look has at most 64 images")));
        }
        for number in [1e-300, 1.0 / 3601.0, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(refused(&pace(number)).as_deref(), Some("a pace has at least one step per hour"), "{number}");
        }
    }
}
