//! The screen's first line: the program and what it trains.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::App,
    fashion::{CLASSES, PIXELS},
    protocol::Started,
    view::{
        format::{joined, thousands, width},
        theme::Theme,
    },
};

const NAME: &str = "fitroom";

/// Draws the program's name and as many of the network's facts as fit.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let facts = app.started().map(facts).unwrap_or_default();
    let room = usize::from(area.width).saturating_sub(width(NAME) + 3);
    let facts = joined(facts.iter().map(String::as_str), theme.glyphs().dot, room);
    let line =
        Line::from(vec![Span::styled(NAME, theme.strong()), Span::raw("   "), Span::styled(facts, theme.muted())]);
    frame.render_widget(line, area);
}

/// What is trained and how, the most telling first.
fn facts(started: &Started) -> Vec<String> {
    let settings = &started.settings;
    let widths =
        [PIXELS].iter().chain(&settings.hidden).chain(&[CLASSES]).map(usize::to_string).collect::<Vec<String>>();
    let mut facts = vec![
        widths.join("-"),
        format!("{} parameters", thousands(started.parameters as u64)),
        format!("Adam {}", settings.learning_rate),
        format!("batch {}", thousands(settings.batch_size as u64)),
    ];
    facts.extend(started.run.as_ref().map(|name| format!("run {name}")));
    facts
}
