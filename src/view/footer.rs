//! The screen's last line: the index being typed, a sentence about the last key, or the keys of the moment.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        Action, App, Half, Overlay, Phase, Screen,
        keys::{self, Binding},
    },
    view::{
        format::{fit, width},
        help,
        theme::Theme,
    },
};

/// Cells between two keys.
const GAP: usize = 2;

/// Draws what matters most of the three.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    if app.quitting() {
        frame.render_widget(Line::from("saving the run; q leaves at once"), area);
        return;
    }
    match (app.overlay(), app.notice().or(app.unsaved())) {
        (Overlay::Prompt(text), notice) => draw_prompt(frame, area, text, notice, theme),
        (_, Some(notice)) => {
            let notice = fit(notice, usize::from(area.width), theme.glyphs().ellipsis);
            frame.render_widget(Line::from(notice), area);
        }
        (_, None) => draw_keys(frame, area, app, theme),
    }
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

fn draw_keys(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let hints = fitting(hints(Moment::new(app), theme), usize::from(area.width));
    let mut spans = Vec::with_capacity(hints.len() * 3);
    for (index, Hint { keys, words, .. }) in hints.into_iter().enumerate() {
        if index > 0 {
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        spans.push(Span::styled(keys, theme.strong()));
        spans.push(Span::styled(format!(" {words}"), theme.muted()));
    }
    frame.render_widget(Line::from(spans), area);
}

/// A key in the footer.
struct Hint {
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

/// What decides which keys are of use.
#[derive(Clone, Copy)]
struct Moment<'a> {
    screen: Screen,
    phase: &'a Phase,
    is_large: bool,
    half: Half,
    is_filtered: bool,
    can_go_back: bool,
}

impl<'a> Moment<'a> {
    fn new(app: &'a App) -> Self {
        Self {
            screen: app.screen(),
            phase: app.phase(),
            is_large: app.is_large(),
            half: app.half(),
            is_filtered: !app.album().filter().is_open(),
            can_go_back: app.can_go_back(),
        }
    }
}

/// The keys that do something at this moment, in the table's order.
fn hints(moment: Moment, theme: &Theme) -> Vec<Hint> {
    keys::bindings()
        .filter(|binding| is_of_use(binding.action(), moment))
        .filter_map(|key| hint(key, moment, theme))
        .collect()
}

fn is_of_use(action: Action, moment: Moment) -> bool {
    let Moment { screen, phase, is_large, half, is_filtered, can_go_back } = moment;
    let is_test = half == Half::Test;
    let running = matches!(phase, Phase::Training | Phase::Evaluating);
    let paused = *phase == Phase::Paused;
    let on_dashboard = screen == Screen::Dashboard;
    let has_images = matches!(screen, Screen::Dashboard | Screen::Gallery);
    match action {
        Action::TogglePause | Action::Save => (running || paused) && on_dashboard,
        Action::Slower => running && on_dashboard,
        Action::Step => paused,
        Action::NextWrong => (has_images && is_test) || screen == Screen::Confusion,
        Action::OpenPrompt => has_images || screen == Screen::Neurons,
        Action::NextClass => has_images && !(on_dashboard && (running || paused) && !is_filtered),
        Action::ToggleWrong | Action::NextOrder => screen == Screen::Gallery && is_test,
        Action::Earlier => {
            (screen == Screen::Gallery && is_test)
                || screen == Screen::Confusion
                || (on_dashboard && !running && !paused)
        }
        Action::ToggleExplain => {
            (on_dashboard && !running && !paused) || (screen == Screen::Gallery && is_large && is_test)
        }
        Action::Invert => on_dashboard && !running && !paused,
        Action::ZoomIn => {
            screen == Screen::Curves || (matches!(screen, Screen::Gallery | Screen::Neurons) && !is_large)
        }
        Action::ToggleHalf => screen == Screen::Gallery && !is_large,
        Action::NextSmoothing | Action::ToggleLogarithm | Action::ToggleUnit | Action::PickRun => {
            screen == Screen::Curves
        }
        Action::Enter => !is_large && !on_dashboard && screen != Screen::Curves,
        Action::Back => can_go_back,
        Action::Previous => screen != Screen::Curves,
        _ => true,
    }
}

fn hint(binding: &Binding, moment: Moment, theme: &Theme) -> Option<Hint> {
    let brief = binding.brief?;
    let (words, importance) = match binding.action() {
        Action::Quit => (brief.words, 6),
        Action::ToggleHelp => (brief.words, 5),
        Action::Back => (brief.words, 4),
        Action::TogglePause if *moment.phase == Phase::Paused => ("resume", 3),
        Action::TogglePause | Action::Step | Action::Enter => (brief.words, 3),
        Action::Previous if !matches!(moment.screen, Screen::Dashboard | Screen::Gallery) => ("move", 2),
        Action::Previous | Action::NextWrong => (brief.words, 2),
        Action::Show(_) | Action::Invert => (brief.words, 0),
        _ => (brief.words, 1),
    };
    Some(Hint { keys: help::key_names(brief.keys, theme), words, importance })
}

/// The hints without the least important ones that have no room, the last of equals first.
fn fitting(mut hints: Vec<Hint>, cells: usize) -> Vec<Hint> {
    while hints.iter().map(|hint| hint.width() + GAP).sum::<usize>() > cells + GAP {
        let Some((least, _)) = hints.iter().enumerate().rev().min_by_key(|(_, hint)| hint.importance) else { break };
        hints.remove(least);
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::theme::Depth;

    fn moment(screen: Screen, phase: &Phase) -> Moment<'_> {
        Moment { screen, phase, is_large: false, half: Half::Test, is_filtered: false, can_go_back: false }
    }

    fn keys(moment: Moment, cells: usize) -> String {
        let hints = fitting(hints(moment, &Theme::new(Depth::None, false)), cells);
        let texts: Vec<String> = hints.iter().map(|hint| format!("{} {}", hint.keys, hint.words)).collect();
        texts.join("  ")
    }

    #[test]
    fn the_footer_follows_the_phase() {
        let keys = |phase| keys(moment(Screen::Dashboard, phase), 78);
        let common = "← → leaf  n mistake  : jump";
        assert_eq!(keys(&Phase::Training), format!("{common}  Space pause  < > pace  s save  ? help  q quit"));
        assert_eq!(keys(&Phase::Paused), format!("{common}  Space resume  . one batch  s save  ? help  q quit"));
        let done = "← → leaf  n mistake  : jump  c C class  [ ] epoch  w why  ? help  q quit";
        assert_eq!(keys(&Phase::Done), done);
    }

    #[test]
    fn the_footer_follows_the_screen() {
        let keys = |screen| keys(moment(screen, &Phase::Training), 140);
        assert!(keys(Screen::Gallery).contains("c C class  x mistakes  o order  [ ] epoch  + - zoom  t train/test"));
        assert!(keys(Screen::Confusion).contains("← → move  n mistake  Enter go into  [ ] epoch"));
        assert!(keys(Screen::Curves).contains("+ - zoom  m smooth  y log  a axis  r run"));
        assert!(keys(Screen::Neurons).contains("Enter go into"));
    }

    #[test]
    fn a_narrow_footer_keeps_whole_keys_and_the_way_out() {
        let keys = |cells| keys(moment(Screen::Dashboard, &Phase::Training), cells);
        assert_eq!(keys(14), "? help  q quit");
        assert_eq!(keys(13), "q quit");
        assert_eq!(keys(5), "");
    }
}
