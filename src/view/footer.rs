//! The screen's last line: the index being typed, a sentence about the last key, or the keys of the moment.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        Action, App, Offer, Overlay, Role,
        bound::{Keys, Row},
        keys,
    },
    view::{
        format::{fit, width},
        help,
        theme::Theme,
    },
};

/// Cells between two keys.
const GAP: usize = 2;

/// What the line says.
#[derive(Debug)]
pub enum Words<'a> {
    /// The program ends; before that this run is saved, if it is to be kept. The key that leaves at once.
    Leaving { is_saved: bool, key: String },
    /// It is asked how to leave.
    Leave,
    /// An index is typed, this much of it, and perhaps something is to be said of that.
    Prompt(&'a str, Option<&'a str>),
    /// A sentence.
    Notice(&'a str),
    /// The keys of the moment, in the table's order.
    Keys(Vec<Hint>),
}

impl<'a> Words<'a> {
    /// What matters most at this moment.
    pub fn new(app: &'a App, theme: &Theme) -> Self {
        let notice = app.notice().or(app.known().unsaved.as_deref());
        match (app.leaving().is_some(), app.overlay(), notice) {
            (true, ..) => {
                let is_kept = app.known().started.as_ref().is_some_and(|started| started.run.is_some());
                let key = app.keys().name_of(Action::Quit).unwrap_or_default();
                Self::Leaving { is_saved: app.role() == Role::Trains && is_kept, key }
            }
            (false, Overlay::Leave, _) => Self::Leave,
            (false, Overlay::Prompt(text), notice) => Self::Prompt(text, notice),
            (false, _, Some(notice)) => Self::Notice(notice),
            (false, _, None) => Self::Keys(hints(app.keys(), |action| app.offers(action), theme)),
        }
    }
}

/// Draws the line.
pub fn draw(frame: &mut Frame, area: Rect, words: &Words, theme: &Theme) {
    let cells = usize::from(area.width);
    match words {
        Words::Leaving { is_saved, key } => {
            let doing = if *is_saved { "saving the run" } else { "leaving" };
            frame.render_widget(Line::raw(format!("{doing}; {key} leaves at once")), area);
        }
        Words::Leave => frame.render_widget(leave_line(cells, theme), area),
        Words::Prompt(text, notice) => draw_prompt(frame, area, text, *notice, theme),
        Words::Notice(notice) => frame.render_widget(Line::raw(fit(notice, cells, theme.glyphs().ellipsis)), area),
        Words::Keys(hints) => frame.render_widget(keys_line(&fitting(hints, cells), theme), area),
    }
}

/// The ways to leave, in full where there is room for that.
fn leave_line(cells: usize, theme: &Theme) -> Line<'static> {
    let line = |words: fn(&keys::Way) -> &'static str| {
        let hint = |way: &keys::Way| Hint { keys: way.keys.to_owned(), words: words(way), importance: 0 };
        keys_line(&keys::WAYS_TO_LEAVE.each_ref().map(hint).each_ref(), theme)
    };
    let full = line(|way| way.words);
    if full.width() <= cells { full } else { line(|way| way.brief) }
}

/// The prompt with the terminal's own cursor in it.
fn draw_prompt(frame: &mut Frame, area: Rect, text: &str, notice: Option<&str>, theme: &Theme) {
    let prompt = format!(":{text}");
    let cursor = u16::try_from(width(&prompt)).unwrap_or(u16::MAX);
    let room = usize::from(area.width.saturating_sub(cursor.saturating_add(4)));
    let hint = fit(notice.unwrap_or("an index, then Enter"), room, theme.glyphs().ellipsis);
    let hint_style = if notice.is_some() { theme.strong() } else { theme.muted() };
    let line =
        Line::from(vec![Span::styled(prompt, theme.strong()), Span::raw("    "), Span::styled(hint, hint_style)]);
    frame.render_widget(line, area);
    if cursor < area.width {
        frame.set_cursor_position(Position::new(area.x + cursor, area.y));
    }
}

fn keys_line(hints: &[&Hint], theme: &Theme) -> Line<'static> {
    let mut line = Line::default();
    for Hint { keys, words, .. } in hints {
        if !line.spans.is_empty() {
            line.push_span(" ".repeat(GAP));
        }
        line.push_span(Span::styled(keys.clone(), theme.strong()));
        line.push_span(Span::styled(format!(" {words}"), theme.muted()));
    }
    line
}

/// A key in the footer.
#[derive(Debug)]
pub struct Hint {
    keys: String,
    words: &'static str,
    /// Hints of less importance leave first where there is no room for all.
    importance: u8,
}

impl Hint {
    fn width(&self) -> usize {
        width(&self.keys) + 1 + width(self.words)
    }
}

/// The keys that do something at this moment, in the table's order.
fn hints(keys: &Keys, offers: impl Fn(Action) -> Offer, theme: &Theme) -> Vec<Hint> {
    keys.rows().filter_map(|row| hint(row, offers(row.action()), theme)).collect()
}

fn hint(row: &Row, offer: Offer, theme: &Theme) -> Option<Hint> {
    let brief = row.brief.as_ref()?;
    let words = match offer {
        Offer::No => return None,
        Offer::Yes => brief.words,
        Offer::As(words) => words,
    };
    Some(Hint { keys: help::key_names(&brief.keys, theme.ascii()), words, importance: brief.importance })
}

/// The hints without the least important ones that have no room, the last of equals first.
fn fitting(hints: &[Hint], cells: usize) -> Vec<&Hint> {
    let mut hints: Vec<&Hint> = hints.iter().collect();
    while hints.iter().map(|hint| hint.width() + GAP).sum::<usize>() > cells + GAP {
        let Some((least, _)) = hints.iter().enumerate().rev().min_by_key(|(_, hint)| hint.importance) else { break };
        hints.remove(least);
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::{Leaving, Page, Screen},
        protocol::{Command, Report, Started, samples},
        view::theme::Depth,
    };

    /// A run on this screen, after these reports.
    fn app(screen: Screen, reports: Vec<Report>) -> App {
        let mut app = App::new(None);
        app.apply(Report::Started(samples::started()));
        for report in reports {
            app.apply(report);
        }
        app.act(Action::Show(screen), &Page::default());
        app
    }

    fn keys(app: &App, cells: usize) -> String {
        let theme = Theme::new(Depth::None, false);
        let Words::Keys(hints) = Words::new(app, &theme) else { panic!("nothing else is to be said") };
        keys_line(&fitting(&hints, cells), &theme).to_string()
    }

    #[test]
    fn the_footer_follows_the_phase() {
        let keys = |reports| keys(&app(Screen::Dashboard, reports), 78);
        let common = "← → move  n mistake  : jump";
        assert_eq!(keys(vec![]), format!("{common}  Space pause  < > pace  s save  ? help  q quit"));
        let paused = keys(vec![Report::Paused]);
        assert_eq!(paused, format!("{common}  Space resume  . one batch  s save  ? help  q quit"));
        let done = "← → move  n mistake  : jump  c C class  [ ] epoch  w why  ? help  q quit";
        assert_eq!(keys(vec![Report::Finished]), done);
        let mut watched = App::of_another();
        watched.apply(Report::Started(samples::started()));
        watched.apply(Report::Ended { how: "ended just now".to_owned(), next: None });
        let watched = self::keys(&watched, 78);
        assert!(watched.contains("P play") && watched.ends_with("? help  q quit"), "{watched}");
    }

    #[test]
    fn only_of_a_run_that_is_saved_it_is_said_that_it_is() {
        let leaving = |mut app: App, run: Option<&str>| {
            app.apply(Report::Started(Started { run: run.map(str::to_owned), ..samples::started() }));
            app.act(Action::Leave(Leaving::Stopping), &Page::default());
            matches!(Words::new(&app, &Theme::new(Depth::None, false)), Words::Leaving { is_saved: true, .. })
        };
        assert!(leaving(App::new(None), Some("coat")));
        assert!(!leaving(App::new(None), None), "nothing is kept");
        assert!(!leaving(App::of_another(), Some("coat")), "it is another program's");
    }

    #[test]
    fn what_was_asked_for_is_offered_no_more_even_before_the_worker_has_done_it() {
        let mut app = app(Screen::Dashboard, vec![Report::Evaluating { epoch: 1 }]);
        assert_eq!(app.act(Action::TogglePause, &Page::default()), Some(Command::Pause));
        assert!(keys(&app, 78).contains("Space resume"), "{}", keys(&app, 78));
    }

    #[test]
    fn the_footer_follows_the_screen() {
        let keys = |screen| keys(&app(screen, vec![]), 140);
        assert!(keys(Screen::Gallery).contains("c C class  x mistakes  o order  [ ] epoch  + - zoom  t train/test"));
        assert!(keys(Screen::Confusion).contains("← → move  n mistake  Enter open  [ ] epoch"));
        assert!(keys(Screen::Curves).contains("+ - zoom  m smooth  y log  a axis  r run"));
        assert!(keys(Screen::Neurons).contains("Enter open"));
    }

    #[test]
    fn a_narrow_footer_keeps_whole_keys_and_the_way_out() {
        let keys = |cells| keys(&app(Screen::Dashboard, vec![]), cells);
        assert_eq!(keys(14), "? help  q quit");
        assert_eq!(keys(13), "q quit");
        assert_eq!(keys(5), "");
    }
}
