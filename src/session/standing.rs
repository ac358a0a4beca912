//! How a run stands that nobody trains, in words for whoever looks on. Asks its directory, and changes nothing there.

use crate::{
    protocol::Report,
    run::{Facts, Run, Runs, Status, Timestamp, command},
};

/// How this run ended, and how to continue it.
pub(super) fn ended(run: &Run, runs: &Runs, now: Timestamp) -> Report {
    match run.facts_as_it_stands() {
        Ok(facts) => words(run, runs, &facts, &run.status(&facts), now),
        Err(error) => Report::Ended { how: error.to_string(), next: None },
    }
}

fn words(run: &Run, runs: &Runs, facts: &Facts, status: &Status, now: Timestamp) -> Report {
    let ago = facts.ended.map(|ended| ago(ended, now)).unwrap_or_default();
    let epoch = facts.epoch();
    let how = match status {
        Status::Done => format!("ended {ago}"),
        Status::Stopped => format!("stopped in epoch {epoch}, {ago}"),
        Status::Interrupted => format!("killed in epoch {epoch}"),
        Status::Failed { reason } => format!("failed {ago}: {reason}"),
        Status::Training => match &facts.held_by {
            Some(holder) => format!("trained by {holder}, where nobody can watch it"),
            None => "trained where nobody can watch it".to_owned(),
        },
    };
    let can_go_on = matches!(status, Status::Stopped | Status::Interrupted | Status::Failed { .. });
    let next = command("fitroom --resume", &run.shown_name(), runs).filter(|_| can_go_on);
    Report::Ended { how, next }
}

/// How long before now a time was, in the largest unit.
fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs();
    match seconds {
        ..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_said_in_the_largest_unit() {
        let now: Timestamp = "2026-11-27T00:00:00Z".parse().expect("a time");
        for (then, words) in [
            ("2026-11-26T23:59:30Z", "just now"),
            ("2026-11-27T00:01:00Z", "just now"),
            ("2026-11-26T23:58:30Z", "1 min ago"),
            ("2026-11-26T22:00:00Z", "2 h ago"),
            ("2026-11-20T00:00:00Z", "7 d ago"),
        ] {
            assert_eq!(ago(then.parse().expect("a time"), now), words, "{then}");
        }
    }
}
