//! The screen's first line: the screens, and what is trained, or how far it is.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{Action, Known, Phase, Scene, Screen},
    protocol::Started,
    view::{
        format::{self, accuracy, joined, thousands, width},
        phase,
        theme::Theme,
    },
};

const NAME: &str = "fitroom";
/// Cells between two names, and between them and what follows.
const GAP: usize = 1;

/// A screen's name in the line.
struct Label {
    screen: Screen,
    text: String,
    /// The cells that it covers, from the line's left end.
    columns: std::ops::Range<u16>,
}

/// Draws the screens' names and, where there is room, the run's facts or its state.
pub fn draw(frame: &mut Frame, area: Rect, screen: Screen, scene: &Scene, theme: &Theme) {
    let tabs = labels(area.width, reserved(scene), screen, theme.glyphs().predicted);
    let end = tabs.last().map_or(0, |tab| tab.columns.end);
    for tab in &tabs {
        let style = if tab.screen == screen { theme.strong().patch(theme.accent()) } else { theme.muted() };
        let place = Rect { x: area.x + tab.columns.start, width: tab.columns.len().try_into().unwrap_or(0), ..area };
        frame.render_widget(Span::styled(tab.text.as_str(), style), place.intersection(area));
    }
    if tabs.first().is_some_and(|tab| tab.columns.start > 0) {
        frame.render_widget(Span::styled(NAME, theme.strong()), area);
    }
    let rest = Rect { x: area.x + end, width: area.width.saturating_sub(end), ..area };
    let room = usize::from(rest.width).saturating_sub(1);
    frame.render_widget(right(screen, scene, room, theme).right_aligned(), rest);
}

/// What a click there means.
pub fn hit(area: Rect, screen: Screen, scene: &Scene, position: Position) -> Option<Action> {
    let column = position.x.checked_sub(area.x)?;
    // The marks of both character sets are one cell wide.
    let tabs = labels(area.width, reserved(scene), screen, " ");
    tabs.iter().find(|tab| tab.columns.contains(&column)).map(|tab| Action::Show(tab.screen))
}

/// The screens with their digits; where there is no room for all names beside what is `reserved`, those of the others
/// are left out.
fn labels(cells: u16, reserved: usize, shown: Screen, shown_mark: &str) -> Vec<Label> {
    let text = |screen: Screen, with_name: bool| {
        let mark = if screen == shown { shown_mark } else { " " };
        let digit = screen.place() + 1;
        if with_name { format!("{mark}{digit} {}", screen.name()) } else { format!("{mark}{digit}") }
    };
    let all = |with_names: bool| Screen::ALL.map(|screen| (screen, text(screen, with_names || screen == shown)));
    let needed = |texts: &[(Screen, String)]| texts.iter().map(|(_, text)| width(text) + GAP).sum::<usize>() - GAP;
    let (mut texts, mut start) = (all(true), 0);
    if needed(&texts) + reserved > usize::from(cells) {
        texts = all(false);
    } else if needed(&texts) + 2 * (width(NAME) + 3) < usize::from(cells) {
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

/// The line's right end: that what is shown is past, or what is trained, or, where the training pane is not seen, how
/// far it is.
fn right(screen: Screen, scene: &Scene, room: usize, theme: &Theme) -> Line<'static> {
    let dot = theme.glyphs().dot;
    if let Some(words) = past(scene, theme) {
        let style = theme.strong().patch(theme.accent());
        return Line::styled(joined(words.iter().map(String::as_str), dot, room), style);
    }
    if let Some(words) = ending(&scene.known) {
        return Line::styled(joined(words.iter().map(String::as_str), dot, room), theme.strong());
    }
    let facts = match screen {
        Screen::Dashboard => scene.known.started.as_ref().map(facts).unwrap_or_default(),
        Screen::Gallery | Screen::Confusion | Screen::Curves | Screen::Data | Screen::Neurons => {
            return state(&scene.known, room, theme);
        }
    };
    Line::styled(joined(facts.iter().map(String::as_str), dot, room), theme.muted())
}

/// How a run ended that nobody trains, and how to continue it.
fn ending(known: &Known) -> Option<Vec<String>> {
    let Phase::Ended { how, next } = &known.phase else { return None };
    Some([Some(how.clone()), next.clone()].into_iter().flatten().collect())
}

/// The cells that the line's right end needs, where it says what nobody should miss.
fn reserved(scene: &Scene) -> usize {
    if let Some(moment) = scene.past() {
        // The mark before it is one cell wide, and there is air.
        return width(&format::moment(moment)) + 3;
    }
    let words = ending(&scene.known).unwrap_or_default();
    words.iter().map(|words| width(words) + 3).sum()
}

/// Which moment is shown, where it is not now.
fn past(scene: &Scene, theme: &Theme) -> Option<[String; 2]> {
    let moment = scene.past()?;
    Some([format!("{} {}", theme.glyphs().back, format::moment(moment)), "] later".to_owned()])
}

/// What is trained, the most telling first.
fn facts(started: &Started) -> Vec<String> {
    let mut facts = vec![started.layers()];
    facts.extend(started.run.as_ref().map(|name| format!("run {name}")));
    facts.push(format!("{} parameters", thousands(started.parameters as u64)));
    facts
}

/// How far the training is, in as many words as fit.
fn state(known: &Known, room: usize, theme: &Theme) -> Line<'static> {
    let glyphs = theme.glyphs();
    let (mark, style) = phase::mark(known, theme);
    let room = room.saturating_sub(width(mark) + 1);
    let epoch = known.progress().map(|progress| format!("{}/{}", progress.epoch, progress.epochs)).unwrap_or_default();
    let accuracy = known.epochs.last().map(|record| format!("test accuracy {}", accuracy(record.val_accuracy)));
    let is_told = known.will_pause() || known.is_silent || matches!(known.phase, Phase::Failed { .. });
    let state = is_told.then(|| phase::word(known).to_owned());
    let words: Vec<String> = [state, Some(format!("epoch {epoch}")), accuracy].into_iter().flatten().collect();
    let mut words = joined(words.iter().map(String::as_str), glyphs.dot, room);
    if words.is_empty() && width(&epoch) <= room {
        words = epoch;
    }
    Line::from(vec![Span::styled(mark, style), Span::raw(" "), Span::styled(words, theme.muted())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::theme::Depth;

    fn line(cells: u16, shown: Screen) -> String {
        labels(cells, 0, shown, "▸").iter().map(|tab| tab.text.as_str()).collect::<Vec<_>>().join(" ")
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
        let words = |room| state(&known, room, &Theme::new(Depth::None, false)).to_string();
        assert_eq!(words(1).trim(), "●");
    }

    #[test]
    fn every_name_can_be_clicked_where_it_stands() {
        for cells in [58, 78, 118, 200] {
            let area = Rect::new(1, 0, cells, 1);
            for tab in labels(cells, 0, Screen::Dashboard, " ") {
                assert!(tab.columns.end <= cells, "{} ends at {} of {cells}", tab.text, tab.columns.end);
                let middle = Position::new(area.x + tab.columns.start + 1, 0);
                assert_eq!(hit(area, Screen::Dashboard, &Scene::default(), middle), Some(Action::Show(tab.screen)));
            }
        }
    }
}
