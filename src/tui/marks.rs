//! What the terminal is told beside the screen, whenever that changes: title, progress, the end. Writes nothing.

use std::{
    mem::{self, Discriminant},
    time::{Duration, Instant},
};

use crate::{
    app::{App, Phase, Role},
    signs::{Course, Signs},
    view,
};

/// How often the title changes at the most, for the sake of slow connections, unless the run does something else.
const PACE: Duration = Duration::from_secs(1);

/// How long a run is seen to train before its end is news to somebody who only looks on.
const SEEN: Duration = Duration::from_secs(1);

/// What the terminal was told last.
pub(super) struct Marks {
    signs: Signs,
    title: Vec<String>,
    course: Course,
    /// When it was told, and what the run did then.
    last: Option<(Instant, Discriminant<Phase>)>,
    /// Since when the run is seen to train.
    trains_since: Option<Instant>,
}

impl Marks {
    pub fn new(signs: Signs) -> Self {
        Self { signs, title: Vec::new(), course: Course::None, last: None, trains_since: None }
    }

    /// Forgets what the terminal was told: others had it meanwhile.
    pub fn forget(&mut self) {
        (self.title, self.course, self.last) = (Vec::new(), Course::None, None);
    }

    /// What the terminal is to be told now, as bytes.
    pub fn news(&mut self, app: &App, now: Instant) -> String {
        let phase = mem::discriminant(&app.known().phase);
        let end = self.end(app, now);
        if self.last.is_some_and(|(at, before)| before == phase && now.saturating_duration_since(at) < PACE) {
            return end;
        }
        let mut news = String::new();
        let (title, course) = (view::title(app), course(app));
        if title != self.title {
            news += &self.signs.title(&title);
            self.title = title;
        }
        if course != self.course {
            news += &self.signs.progress(course);
            self.course = course;
        }
        if !news.is_empty() {
            self.last = Some((now, phase));
        }
        news + &end
    }

    /// That the training has ended, once, to somebody who has seen it.
    fn end(&mut self, app: &App, now: Instant) -> String {
        let known = app.known();
        let how = match &known.phase {
            _ if known.is_replay => return String::new(),
            Phase::Loading => return String::new(),
            Phase::Training | Phase::Evaluating | Phase::Paused => {
                self.trains_since.get_or_insert(now);
                return String::new();
            }
            Phase::Done => "done".to_owned(),
            Phase::Failed { reason } => format!("failed: {reason}"),
            Phase::Ended { how, .. } => how.clone(),
        };
        let Some(since) = self.trains_since.take() else { return String::new() };
        // A run that has ended is opened by what it did before.
        if app.role() == Role::Watches && now.saturating_duration_since(since) < SEEN {
            return String::new();
        }
        let run = known.started.as_ref().and_then(|started| started.run.as_deref());
        self.signs.end(run, &how, known.epochs.last().map(|last| last.val_accuracy))
    }
}

/// How far the training is.
fn course(app: &App) -> Course {
    let known = app.known();
    let progress = known.progress().filter(|_| !known.is_replay);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 100")]
    let percent = progress.map(|progress| (progress.run_ratio() * 100.0) as u8);
    match (&known.phase, percent) {
        (Phase::Training | Phase::Evaluating, Some(percent)) => Course::Trains(percent),
        (Phase::Paused, Some(percent)) => Course::Pauses(percent),
        (Phase::Failed { .. }, _) => Course::Failed,
        _ => Course::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Report, samples};

    fn marks() -> Marks {
        let variable = |name: &str| match name {
            "TERM" => Some("xterm".to_owned()),
            "WT_SESSION" => Some("1".to_owned()),
            _ => None,
        };
        Marks::new(Signs::new(true, true, false, variable))
    }

    fn epoch(epoch: u32) -> Report {
        Report::Epoch { record: samples::record(epoch), predictions: [].into() }
    }

    #[test]
    fn the_title_is_told_when_it_changes_and_once_a_second_unless_the_run_does_something_else() {
        let (mut marks, mut app, start) = (marks(), App::new(None), Instant::now());
        let mut told = |app: &App, after: u64| marks.news(app, start + Duration::from_millis(after));
        assert_eq!(told(&app, 0), "\x1b]2;fitroom: loading\x1b\\");
        app.apply(Report::Started(samples::started()));
        let begun = told(&app, 100);
        assert!(begun.contains("training 1/10") && begun.contains("\x1b]9;4;1;0\x1b\\"), "{begun:?}");
        app.apply(epoch(1));
        assert_eq!(told(&app, 900), "");
        let later = told(&app, 1200);
        let accuracy = format!("{:.1}%", samples::record(1).val_accuracy * 100.0);
        assert!(later.contains(&accuracy), "{later:?}");
        assert_eq!(told(&app, 5000), "");
        app.apply(Report::Paused);
        assert!(told(&app, 5001).contains("paused"));
        app.apply(Report::Finished);
        let done = told(&app, 5002);
        assert!(done.contains(": done") && done.contains("\x1b]9;4;0;\x1b\\") && done.contains("\x07\x1b]9;fitroom"));
        assert_eq!(told(&app, 9000), "");
        marks.forget();
        let again = marks.news(&app, start + Duration::from_secs(10));
        assert!(again.contains(": done") && !again.contains('\x07'), "{again:?}");
    }

    #[test]
    fn the_end_is_no_news_of_a_run_that_is_opened_after_it() {
        for (seconds, is_told) in [(0, false), (5, true)] {
            let (mut marks, mut app, start) = (marks(), App::of_another(), Instant::now());
            app.apply(Report::Started(samples::started()));
            app.apply(epoch(1));
            marks.news(&app, start);
            app.apply(Report::Ended { how: "stopped".to_owned(), next: None });
            let told = marks.news(&app, start + Duration::from_secs(seconds));
            assert_eq!(told.contains("\x1b]9;fitroom"), is_told, "{told:?}");
        }
    }
}
