//! The curve of a run, as its files have it and as those who look on are told it: one for each seed, bit for bit.

use fitroom::{metrics::Spans, protocol::BatchRecord, run::batches};
use serde_json::Value;

use super::*;

/// More steps than have a span each: 2,820.
const EPOCHS: &str = "15";

/// Fast enough for a test, and slow enough to be paused somewhere.
const PACE: &str = "1200";

/// A point of the curve, to the last bit.
type Bits = (u64, u64, u64, u64);

fn bits(curve: &Spans<BatchRecord>) -> Vec<Bits> {
    let of = |span: &BatchRecord| (span.step, span.steps, span.loss.to_bits(), span.accuracy.to_bits());
    curve.as_slice().iter().map(of).collect()
}

/// The curve that a run's directory has.
fn in_the_files(place: &Place, run: &str) -> Vec<Bits> {
    let lines = batches::read(&place.path("runs").join(run).join("batches.jsonl")).expect("it can be read");
    bits(&lines.into_iter().map(|line| line.record).collect())
}

/// Somebody who draws the curve.
struct Watcher {
    visitor: Visitor,
    curve: Spans<BatchRecord>,
}

impl Watcher {
    fn new(place: &Place) -> Self {
        Self { visitor: Visitor::of(place, "coat"), curve: Spans::default() }
    }

    /// Takes in what comes until this is among it.
    fn until(&mut self, what: &str, is_wanted: impl Fn(&Value) -> bool) {
        loop {
            let report = self.visitor.next().unwrap_or_else(|| panic!("{what}: the other side hung up"));
            if report["report"] == "batch" {
                let spans: Vec<BatchRecord> = serde_json::from_value(report["spans"].clone()).expect("spans");
                self.curve.extend(spans);
            }
            if is_wanted(&report) {
                return;
            }
        }
    }

    fn until_report(&mut self, kind: &str) {
        self.until(kind, |report| report["report"] == kind);
    }

    fn until_step(&mut self, step: u64) {
        self.until("a step", |report| report["report"] == "batch" && report["step"].as_u64() >= Some(step));
    }

    /// Pauses the run at this step or later, trains so many more steps one at a time, and lets it go on.
    fn pause_and_step(&mut self, step: u64, steps: usize) {
        self.until_step(step);
        self.visitor.send(r#"{"command":"pause"}"#);
        self.until_report("paused");
        for _ in 0..steps {
            self.visitor.send(r#"{"command":"step"}"#);
            self.until_report("batch");
        }
    }
}

#[test]
fn a_seed_has_one_curve_at_any_pace_paused_resumed_and_watched_from_whenever() {
    let place = Place::new();
    assert_success(&run(train(&place, &["--epochs", EPOCHS, "--run", "whole"])));
    let whole = in_the_files(&place, "whole");
    assert_eq!(whole.iter().map(|point| point.1).sum::<u64>(), 2820);
    assert!(whole.iter().all(|point| point.1 == 2), "each two steps are one point");

    // At another pace, with checkpoints amid the epochs, paused, stepped, and stopped amid an epoch.
    let options = ["--epochs", EPOCHS, "--run", "coat", "--pace", PACE, "--save-every", "0.1"];
    let mut trainer = Running::train(&place, &options);
    let mut first = Watcher::new(&place);
    first.pause_and_step(101, 3);
    first.visitor.send(r#"{"command":"resume"}"#);
    first.until_step(701);
    first.visitor.send(r#"{"command":"stop"}"#);
    assert!(trainer.0.wait().expect("it ends").success());

    // Resumed, at another pace again, with others who come when the past is told in points of two steps.
    let _trainer = Running::train(&place, &["--resume", "coat", "--pace", "900"]);
    let mut early = Watcher::new(&place);
    early.pause_and_step(2101, 4);
    let mut late = Watcher::new(&place);
    late.until_report("paused");
    assert_eq!(bits(&late.curve), bits(&early.curve), "who comes late has the same points");
    late.visitor.send(r#"{"command":"pace","steps_per_second":null}"#);
    late.visitor.send(r#"{"command":"resume"}"#);
    for mut watcher in [early, late] {
        watcher.until_report("finished");
        assert_eq!(bits(&watcher.curve), whole);
    }
    until("the run is on the disk", || in_the_files(&place, "coat") == whole);
    until("it is left", || place.facts("coat")["state"] == "done");

    // And so do both look, also once one is played again.
    let curves = |run: &str, is_played: bool| {
        let mut terminal = watch(&place, run);
        // All of it is known.
        terminal.until_shown("15/15");
        if is_played {
            terminal.press("P");
            terminal.until_shown("replaying");
            // As fast as it goes.
            terminal.press(&">".repeat(20));
            terminal.until("the run's end", |screen| screen.contains("15/15") && !screen.contains("replaying"));
        }
        terminal.press("4mmh");
        terminal.until_shown("smoothed by 0.9");
        // The first line names the run. Blanks at a line's end may be drawn or not.
        let text = looking_on::settled(&mut terminal);
        text.lines().skip(1).map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    let drawn = curves("whole", false);
    assert!(drawn.contains("unsmoothed: "), "{drawn}");
    assert_eq!(curves("coat", false), drawn);
    assert_eq!(curves("coat", true), drawn, "played again");
}
