//! The screen's first line: the screens, and what is trained, or how far it is.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{Action, App, Known, Phase, Role, Scene, Screen},
    protocol::Started,
    view::{
        format::{self, accuracy, fit, joined, thousands, width},
        phase,
        theme::Theme,
    },
};

const NAME: &str = "fitroom";
/// Cells between two names.
const GAP: usize = 1;
/// Cells between the names and what follows.
const AIR: u16 = 2;

/// A screen's name in the line.
struct Label {
    screen: Screen,
    text: String,
    /// The cells that it covers, from the line's left end.
    columns: std::ops::Range<u16>,
}

/// Draws the screens' names and, where there is room, the run's facts or its state.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let shown = app.screen();
    let tabs = labels(area.width, Reserved::of(app), shown, theme.glyphs().predicted);
    let end = tabs.last().map_or(0, |tab| tab.columns.end);
    for tab in &tabs {
        let style = if tab.screen == shown { theme.chosen() } else { theme.muted() };
        let place = Rect { x: area.x + tab.columns.start, width: tab.columns.len().try_into().unwrap_or(0), ..area };
        frame.render_widget(Span::styled(tab.text.as_str(), style), place.intersection(area));
    }
    if tabs.first().is_some_and(|tab| tab.columns.start > 0) {
        frame.render_widget(Span::styled(NAME, theme.strong()), area);
    }
    let rest = Rect { x: area.x + end, width: area.width.saturating_sub(end), ..area };
    let room = usize::from(rest.width.saturating_sub(AIR));
    frame.render_widget(right(app, room, theme).right_aligned(), rest);
}

/// What a click there means.
pub fn hit(area: Rect, app: &App, position: Position) -> Option<Action> {
    let column = position.x.checked_sub(area.x)?;
    // The marks of both character sets are one cell wide.
    let tabs = labels(area.width, Reserved::of(app), app.screen(), " ");
    tabs.iter().find(|tab| tab.columns.contains(&column)).map(|tab| Action::Show(tab.screen))
}

/// The cells that the line's right end needs, where it says what nobody should miss.
#[derive(Clone, Copy, Debug, Default)]
struct Reserved {
    /// For all of it: the names of the screens that are not shown give way to that.
    whole: usize,
    /// For its shortest form: the name of the shown screen gives way to that too.
    least: usize,
}

impl Reserved {
    fn of(app: &App) -> Self {
        // Three between two of them, and air before the first.
        let air = usize::from(AIR);
        let cells =
            |words: &[String]| words.iter().map(|words| width(words) + 3).sum::<usize>().saturating_sub(3 - air);
        if let Some(moment) = app.scene().past() {
            // The mark before it is one cell wide.
            let moment = width(&format::moment(moment)) + 2 + air;
            return Self { whole: moment + cells(watched(app).as_slice()), least: moment };
        }
        if let Some(endings) = endings(app.known()) {
            let of = |words: Option<&Vec<String>>| words.map_or(0, |words| cells(words));
            return Self { whole: of(endings.first()), least: of(endings.last()) };
        }
        if app.screen() == Screen::Dashboard {
            return Self { whole: cells(watched(app).as_slice()), least: 0 };
        }
        // The mark of the state takes a cell, or two in ASCII; air is between it and its word.
        let (mark, word) = (3, lasting_word(app.known()));
        let watched = watched(app).map_or(0, |words| width(&words));
        let both = if watched > 0 { watched + 3 + word } else { word };
        Self { whole: mark + both + air, least: mark + watched.max(word) + air }
    }
}

/// Cells of the word of the state. An evaluation, which comes and goes, is to move nothing: it has as many as training.
fn lasting_word(known: &Known) -> usize {
    let word = if known.phase == Phase::Evaluating && !known.is_silent { "training" } else { phase::word(known) };
    width(word)
}

/// The screens with their digits; where there is no room for all names beside what is `reserved`, those of the others
/// are left out, and at last that of the shown one.
fn labels(cells: u16, reserved: Reserved, shown: Screen, shown_mark: &str) -> Vec<Label> {
    let text = |screen: Screen, with_name: bool| {
        let mark = if screen == shown { shown_mark } else { " " };
        let digit = screen.place() + 1;
        if with_name { format!("{mark}{digit} {}", screen.name()) } else { format!("{mark}{digit}") }
    };
    let all = |has_name: &dyn Fn(Screen) -> bool| Screen::ALL.map(|screen| (screen, text(screen, has_name(screen))));
    let cells = usize::from(cells);
    let needed = |texts: &[(Screen, String)]| texts.iter().map(|(_, text)| width(text) + GAP).sum::<usize>() - GAP;
    let (mut texts, mut start) = (all(&|_| true), 0);
    if needed(&texts) + reserved.whole > cells {
        texts = all(&|screen| screen == shown);
        if needed(&texts) + reserved.least > cells {
            texts = all(&|_| false);
        }
    } else if needed(&texts) + (2 * (width(NAME) + 3)).max(width(NAME) + 2 + reserved.whole) < cells {
        start = width(NAME) + 2;
    }
    let mut tabs = Vec::with_capacity(texts.len());
    for (screen, text) in texts {
        let end = start + width(&text);
        let cell = |column: usize| u16::try_from(column).unwrap_or(u16::MAX);
        tabs.push(Label { screen, text, columns: cell(start)..cell(end) });
        start = end + GAP;
    }
    tabs
}

/// The line's right end: that what is shown is past, how the run ended, or what is trained, or, where the training pane
/// is not seen, how far it is; of a run that is only watched, that too.
fn right(app: &App, room: usize, theme: &Theme) -> Line<'static> {
    let dot = theme.glyphs().dot;
    let watched = |room: usize| watched(app).map(|words| fit(&words, room, theme.glyphs().ellipsis));
    if let Some([moment, later]) = past(app.scene(), theme) {
        let words: Vec<String> = [Some(moment), watched(room), Some(later)].into_iter().flatten().collect();
        return Line::from(Span::styled(joined(words.iter().map(String::as_str), dot, room), theme.chosen()));
    }
    if let Some(endings) = endings(app.known()) {
        let whole = endings.iter().map(|words| words.join(dot)).find(|line| width(line) <= room);
        // Half a command is none.
        let how = || fit(&endings[0][0], room, theme.glyphs().ellipsis);
        return Line::styled(whole.unwrap_or_else(how), theme.strong());
    }
    let known = app.known();
    if app.screen() != Screen::Dashboard {
        return state(known, watched, room, theme);
    }
    let watched = watched(room);
    let facts = known.started.as_ref().map(|started| facts(started, watched.is_some())).unwrap_or_default();
    let before = watched.as_deref().map_or(0, |words| width(words) + width(dot));
    let facts = joined(facts.iter().map(String::as_str), dot, room.saturating_sub(before));
    let dot = if facts.is_empty() { "" } else { dot };
    let watched = watched.map(|words| [Span::styled(words, theme.strong()), Span::styled(dot, theme.muted())]);
    watched.into_iter().flatten().chain([Span::styled(facts, theme.muted())]).collect()
}

/// That the run is only watched, while that makes a difference, and what it is called.
fn watched(app: &App) -> Option<String> {
    let known = app.known();
    let run = known.started.as_ref()?.run.as_ref()?;
    let is_watched = app.role() == Role::Watches && !matches!(known.phase, Phase::Ended { .. });
    is_watched.then(|| format!("{} {run}", if known.is_replay { "replaying" } else { "watching" }))
}

/// How a run ended that nobody trains, and how to continue it, or else what it is called: from the longest form to the
/// shortest. What goes is how it ended, for the command is of use only as a whole.
fn endings(known: &Known) -> Option<Vec<Vec<String>>> {
    let Phase::Ended { how, next } = &known.phase else { return None };
    let Some(next) = next else {
        let run = known.started.as_ref().and_then(|started| started.run.as_ref());
        let whole = [Some(how.clone()), run.map(|run| format!("run {run}"))].into_iter().flatten().collect();
        return Some(vec![whole, vec![how.clone()]]);
    };
    let before = |marks: &[char]| how.split(marks).next().unwrap_or_default();
    let forms = [how, before(&[',', ':']), before(&[',', ':', ' '])];
    Some(forms.map(|how| vec![how.to_owned(), next.clone()]).into())
}

/// Which moment is shown, where it is not now.
fn past(scene: &Scene, theme: &Theme) -> Option<[String; 2]> {
    let moment = scene.past()?;
    Some([format!("{} {}", theme.glyphs().back, format::moment(moment)), "] later".to_owned()])
}

/// What is trained, the most telling first, with the run's name unless that `is_told` already.
fn facts(started: &Started, is_told: bool) -> Vec<String> {
    let mut facts = vec![started.layers()];
    facts.extend(started.run.as_ref().filter(|_| !is_told).map(|name| format!("run {name}")));
    facts.push(format!("{} parameters", thousands(started.parameters as u64)));
    facts
}

/// How far the training is, in as many words as fit, and no fewer than the word of its state; only `watched` comes
/// before it: that it is only watched, in so many cells.
fn state(known: &Known, watched: impl Fn(usize) -> Option<String>, room: usize, theme: &Theme) -> Line<'static> {
    let glyphs = theme.glyphs();
    let (mark, style) = phase::mark(known, theme);
    let word = phase::word(known);
    if width(mark) + 1 + width(word) > room {
        return Line::styled(fit(word, room, glyphs.ellipsis), theme.muted());
    }
    let room = room - width(mark) - 1;
    let epoch = known.progress().map(|progress| format!("{}/{}", progress.epoch, progress.epochs));
    let accuracy = known.epochs.last().map(|record| format!("test accuracy {}", accuracy(record.val_accuracy)));
    let watched = watched(room).filter(|words| !words.is_empty());
    let join = |words: &[Option<String>]| joined(words.iter().flatten().map(String::as_str), glyphs.dot, room);
    let whole = epoch.as_ref().map(|epoch| format!("epoch {epoch}"));
    let mut words = join(&[watched.clone(), Some(word.to_owned()), whole.clone(), accuracy]);
    if let (Some(whole), Some(epoch)) = (whole, epoch) {
        let brief = join(&[watched, Some(format!("{word} {epoch}"))]);
        if !words.contains(&whole) && brief.ends_with(&epoch) {
            words = brief;
        }
    }
    Line::from(vec![Span::styled(mark, style), Span::raw(" "), Span::styled(words, theme.muted())])
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend, buffer::Cell};

    use super::*;
    use crate::{
        app::Page,
        protocol::{Report, samples},
        view::theme::Depth,
    };

    fn line(cells: u16, shown: Screen) -> String {
        labels(cells, Reserved::default(), shown, "▸").iter().map(|tab| tab.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_narrow_line_names_the_screen_that_is_shown() {
        let all = " 1 Dashboard ▸2 Gallery  3 Confusion  4 Curves  5 Data  6 Neurons";
        assert_eq!(line(78, Screen::Gallery), all);
        assert_eq!(line(58, Screen::Gallery), " 1 ▸2 Gallery  3  4  5  6");
    }

    #[test]
    fn the_state_is_told_in_as_many_words_as_there_is_room_for() {
        let known = Known::default();
        let words = |room| state(&known, |_| None, room, &Theme::new(Depth::None, false)).to_string();
        assert_eq!([1, 7, 9, 99].map(words), ["…", "loading", "● loading", "● loading"]);
    }

    /// The line of a dashboard whose run is in its second epoch, after these reports.
    fn training(cells: u16, screen: Screen, ascii: bool, reports: Vec<Report>) -> String {
        let mut app = App::new(None);
        app.apply(Report::Started(samples::started()));
        app.apply(Report::Epoch { record: samples::record(1), predictions: Vec::new().into() });
        app.apply(Report::Batch(samples::batch(samples::EPOCH + 1)));
        for report in reports {
            app.apply(report);
        }
        app.act(Action::Show(screen), &Page::default());
        drawn(cells, &app, ascii)
    }

    #[test]
    fn every_screen_has_the_word_of_the_state_two_cells_from_the_names_at_every_width() {
        for (word, reports) in [
            ("training", vec![]),
            ("paused", vec![Report::Paused]),
            ("evaluating", vec![Report::Evaluating { epoch: 2 }]),
            ("done", vec![Report::Finished]),
            ("not answering", vec![Report::Silent]),
        ] {
            for (cells, ascii) in (58..240).flat_map(|cells| [(cells, false), (cells, true)]) {
                for screen in Screen::ALL.into_iter().filter(|screen| *screen != Screen::Dashboard) {
                    let line = training(cells, screen, ascii, reports.clone());
                    let (names, state) = line.split_once('6').expect("the last screen's digit");
                    let state = state.trim_start_matches(" Neurons");
                    assert!(names.contains(screen.name()) || line.contains(screen.name()), "{cells}: {line}");
                    assert!(state.starts_with("  ") && state.contains(word), "{cells}: {line}");
                }
            }
        }
    }

    #[test]
    fn an_evaluation_moves_no_name() {
        for cells in 58..240 {
            let names = |reports| {
                let line = training(cells, Screen::Gallery, false, reports);
                line.find('6').map(|end| line[..end].to_owned())
            };
            assert_eq!(names(vec![]), names(vec![Report::Evaluating { epoch: 2 }]), "{cells} cells");
        }
    }

    #[test]
    fn the_facts_stand_two_cells_from_the_last_name_at_every_width() {
        for cells in 58..240 {
            let line = training(cells, Screen::Dashboard, false, vec![]);
            let (_, facts) = line.split_once('6').expect("the last screen's digit");
            let facts = facts.trim_start_matches(" Neurons");
            assert!(facts.is_empty() || facts.starts_with("  "), "{cells}: {line}");
            assert!(cells < 78 || facts.contains("784-128-10"), "{cells}: {line}");
        }
    }

    /// The line of a dashboard that watches this run, after these reports.
    fn watching(cells: u16, run: &str, screen: Screen, reports: Vec<Report>) -> String {
        let mut app = App::of_another();
        app.apply(Report::Started(Started { run: Some(run.to_owned()), ..samples::started() }));
        for report in reports {
            app.apply(report);
        }
        app.act(Action::Show(screen), &Page::default());
        drawn(cells, &app, false)
    }

    fn drawn(cells: u16, app: &App, ascii: bool) -> String {
        let mut terminal = Terminal::new(TestBackend::new(cells, 1)).expect("it needs no terminal");
        let theme = Theme::new(Depth::None, ascii);
        terminal.draw(|frame| draw(frame, frame.area(), app, &theme)).expect("it needs no terminal");
        let cells = terminal.backend().buffer().content().iter();
        cells.map(Cell::symbol).collect::<String>().trim_end().to_owned()
    }

    /// A run's name where nobody gives it one.
    const AT: &str = "2026-11-23T18-31-22";

    #[test]
    fn whoever_only_watches_a_run_is_told_so_with_its_name_on_every_screen() {
        for (cells, run) in [(78, "coat"), (78, AT), (108, AT), (58, AT)] {
            for screen in Screen::ALL {
                let line = watching(cells, run, screen, vec![Report::Batch(samples::batch(100))]);
                assert!(line.contains(&format!("watching {run}")), "{cells}: {line}");
                assert!(screen == Screen::Dashboard || cells != 78 || line.contains("1/10"), "{cells}: {line}");
            }
        }
        let line = watching(58, &"x".repeat(255), Screen::Gallery, vec![]);
        assert!(line.contains("● watching xxx") && line.ends_with('…'), "{line}");
        let line = watching(78, "coat", Screen::Dashboard, vec![Report::Replaying]);
        assert!(line.contains("replaying coat · 784-128-10"), "{line}");
    }

    #[test]
    fn the_command_that_continues_a_run_is_whole_wherever_it_fits() {
        let line = |cells, how: &str, run: &str, options: &str| {
            let next = Some(format!("fitroom --resume {run}{options}"));
            watching(cells, run, Screen::Confusion, vec![Report::Ended { how: how.to_owned(), next }])
        };
        for (cells, how, run, options, expected) in [
            (78, "killed in epoch 4", "coat", "", "1 2 ▸3 Confusion 4 5 6 killed in epoch 4 · fitroom --resume coat"),
            (78, "killed in epoch 4", AT, "", "1 2 ▸3 Confusion 4 5 6 killed · fitroom --resume 2026-11-23T18-31-22"),
            (
                108,
                "killed in epoch 4",
                AT,
                "",
                "1 2 ▸3 Confusion 4 5 6 killed in epoch 4 · fitroom --resume 2026-11-23T18-31-22",
            ),
            (
                78,
                "stopped in epoch 4, 5 min ago",
                "coat",
                "",
                "1 2 ▸3 Confusion 4 5 6 stopped in epoch 4 · fitroom --resume coat",
            ),
            (
                78,
                "killed in epoch 4",
                AT,
                " --runs a",
                "1 2 ▸3 4 5 6 killed · fitroom --resume 2026-11-23T18-31-22 --runs a",
            ),
            (58, "killed in epoch 4", AT, " --runs a", "1 2 ▸3 4 5 6 killed in epoch 4"),
        ] {
            let line = line(cells, how, run, options);
            assert_eq!(line.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{line}");
        }
        let ended = Report::Ended { how: "ended 2 h ago".to_owned(), next: None };
        let line = watching(78, AT, Screen::Dashboard, vec![ended]);
        assert!(line.ends_with("ended 2 h ago · run 2026-11-23T18-31-22"), "{line}");
    }

    #[test]
    fn every_name_can_be_clicked_where_it_stands() {
        for cells in [58, 78, 118, 200] {
            let area = Rect::new(1, 0, cells, 1);
            for tab in labels(cells, Reserved::default(), Screen::Dashboard, " ") {
                assert!(tab.columns.end <= cells, "{} ends at {} of {cells}", tab.text, tab.columns.end);
                let middle = Position::new(area.x + tab.columns.start + 1, 0);
                assert_eq!(hit(area, &App::new(None), middle), Some(Action::Show(tab.screen)));
            }
        }
    }
}
