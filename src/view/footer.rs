//! The screen's last line: the index being typed, a sentence about the last key, or the keys of the moment.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        Action, App, Overlay, Phase,
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
        (_, None) => draw_keys(frame, area, app.phase(), theme),
    }
}

/// The prompt with the terminal's own cursor in it.
fn draw_prompt(frame: &mut Frame, area: Rect, text: &str, notice: Option<&str>, theme: &Theme) {
    let prompt = format!(":{text}");
    let cursor = u16::try_from(width(&prompt)).unwrap_or(u16::MAX);
    let room = usize::from(area.width.saturating_sub(cursor.saturating_add(4)));
    let hint = fit(notice.unwrap_or("index of a test image, then Enter"), room, theme.glyphs().ellipsis);
    let hint_style = if notice.is_some() { theme.strong() } else { theme.muted() };
    let line =
        Line::from(vec![Span::styled(prompt, theme.strong()), Span::raw("    "), Span::styled(hint, hint_style)]);
    frame.render_widget(line, area);
    if cursor < area.width {
        frame.set_cursor_position(Position::new(area.x + cursor, area.y));
    }
}

fn draw_keys(frame: &mut Frame, area: Rect, phase: &Phase, theme: &Theme) {
    let hints = fitting(hints(phase, theme), usize::from(area.width));
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

/// The keys that do something at this moment, in the table's order.
fn hints(phase: &Phase, theme: &Theme) -> Vec<Hint> {
    keys::bindings()
        .filter(|binding| is_of_use(binding.action, phase))
        .filter_map(|key| hint(key, phase, theme))
        .collect()
}

fn is_of_use(action: Action, phase: &Phase) -> bool {
    let running = matches!(phase, Phase::Training | Phase::Evaluating);
    let paused = *phase == Phase::Paused;
    match action {
        Action::TogglePause | Action::Save => running || paused,
        Action::Slower | Action::Faster => running,
        Action::Step => paused,
        _ => true,
    }
}

fn hint(binding: &Binding, phase: &Phase, theme: &Theme) -> Option<Hint> {
    let brief = binding.brief?;
    let (words, importance) = match binding.action {
        Action::Quit => (brief.words, 5),
        Action::ToggleHelp => (brief.words, 4),
        Action::TogglePause if *phase == Phase::Paused => ("resume", 3),
        Action::TogglePause | Action::Step => (brief.words, 3),
        Action::Next | Action::NextWrong => (brief.words, 2),
        Action::Invert => (brief.words, 0),
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

    fn keys(phase: &Phase, cells: usize) -> String {
        let hints = fitting(hints(phase, &Theme::new(Depth::None, false)), cells);
        let texts: Vec<String> = hints.iter().map(|hint| format!("{} {}", hint.keys, hint.words)).collect();
        texts.join("  ")
    }

    #[test]
    fn the_footer_follows_the_phase() {
        let common = "← → leaf  n wrong  : jump";
        assert_eq!(keys(&Phase::Training, 78), format!("{common}  Space pause  < > pace  s save  ? help  q quit"));
        assert_eq!(keys(&Phase::Paused, 78), format!("{common}  Space resume  . one batch  s save  ? help  q quit"));
        assert_eq!(keys(&Phase::Done, 78), format!("{common}  i invert  ? help  q quit"));
    }

    #[test]
    fn a_narrow_footer_keeps_whole_keys_and_the_way_out() {
        assert_eq!(keys(&Phase::Training, 60), "← → leaf  n wrong  : jump  Space pause  ? help  q quit");
        assert_eq!(keys(&Phase::Training, 14), "? help  q quit");
        assert_eq!(keys(&Phase::Training, 13), "q quit");
        assert_eq!(keys(&Phase::Training, 5), "");
    }
}
