//! The whole screen, in every state and size.

mod scenes;

use ratatui::{Terminal, backend::TestBackend};

use super::*;

fn drawn(app: &App, width: u16, height: u16, theme: &Theme) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test terminal is always to be had");
    terminal.draw(|frame| draw(frame, app, theme)).expect("it can always be drawn on");
    terminal.backend().clone()
}

#[test]
fn nothing_panics_at_any_size_in_any_state() {
    let themes = [Theme::new(Depth::TrueColor, false), Theme::new(Depth::None, true)];
    let small = (1..=100).step_by(3).flat_map(|width| (1..=40).map(move |height| (width, height)));
    let large = (100..=300).step_by(50).flat_map(|width| (10..=100).step_by(15).map(move |height| (width, height)));
    let sizes: Vec<(u16, u16)> = small.chain(large).collect();
    for (_, app) in scenes::all() {
        for (width, height) in &sizes {
            for theme in &themes {
                drawn(&app, *width, *height, theme);
            }
        }
    }
}
