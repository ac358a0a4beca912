//! The dashboard's state as a frame: one file per screen, one per pane. Pure: reads no clock, waits on no channel,
//! changes no state.
//!
//! ```text
//! ▸1 Dashboard  2 Gallery  3 Confusion  …    784-128-10
//! the screen that is shown
//! ← → move  n mistake  : jump  …
//! ```

mod bars;
pub mod card;
mod choice;
mod epochs;
mod footer;
mod format;
mod graphics;
mod grid;
mod header;
mod heading;
mod help;
mod hues;
mod images;
mod palette;
mod phase;
pub mod picture;
mod prediction;
mod scale;
mod screens;
mod sparklines;
mod test_image;
mod theme;
mod title;
mod training;

#[cfg(test)]
mod tests;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Margin, Position, Rect},
    text::Line,
};

pub use self::format::width;
use self::format::wrap;
pub use self::{
    graphics::Graphics,
    hues::Palette,
    theme::{Depth, Glyphs, Theme, Tone},
    title::title,
};
use crate::app::{Action, App, Overlay, Page};

/// The least screen on which the panes are drawn, in cells.
pub const LEAST: (u16, u16) = (60, 16);

/// Draws the dashboard.
pub fn draw(frame: &mut Frame, app: &App, theme: &Theme) {
    let screen = frame.area();
    if is_too_small(screen) {
        draw_too_small(frame, screen, theme);
    } else if matches!(app.overlay(), Overlay::Help { .. } | Overlay::Runs(_)) {
        // An image is whole or not there at all.
        draw_screen(frame, screen, app, &theme.clone().with_graphics(Graphics::Blocks));
    } else {
        draw_screen(frame, screen, app, theme);
    }
    match app.overlay() {
        Overlay::Help { page } => help::draw(frame, screen, app.keys(), *page, theme),
        Overlay::Runs(choice) => choice::draw(frame, screen, choice, theme),
        Overlay::None | Overlay::Prompt(_) | Overlay::Leave => {}
    }
    theme.restrict(frame.buffer_mut());
}

/// How much a terminal of this size holds of the screen that is shown.
#[must_use]
pub fn page(screen: Rect, app: &App) -> Page {
    let [_, body, _] = regions(screen);
    let page = screens::page(body, app);
    match app.overlay() {
        Overlay::Help { .. } => Page { help: help::pages(screen, app.keys()), ..page },
        Overlay::None | Overlay::Prompt(_) | Overlay::Runs(_) | Overlay::Leave => page,
    }
}

/// What a click on this cell of a terminal of this size means.
#[must_use]
pub fn hit(screen: Rect, app: &App, position: Position) -> Option<Action> {
    if is_too_small(screen) {
        return None;
    }
    match app.overlay() {
        Overlay::None => {}
        // A click beside what lies over the panes closes it.
        Overlay::Help { .. } | Overlay::Prompt(_) | Overlay::Leave => return Some(Action::Back),
        Overlay::Runs(choice) => return Some(choice::hit(screen, choice, position)),
    }
    let [header, body, _] = regions(screen);
    if header.contains(position) {
        return header::hit(header, app, position);
    }
    screens::hit(body, app, position)
}

fn is_too_small(screen: Rect) -> bool {
    screen.width < LEAST.0 || screen.height < LEAST.1
}

/// Header, screen and footer.
fn regions(screen: Rect) -> [Rect; 3] {
    let inside = screen.inner(Margin::new(1, 0));
    inside.layout(&Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]))
}

fn draw_screen(frame: &mut Frame, screen: Rect, app: &App, theme: &Theme) {
    let [header, body, footer] = regions(screen);
    header::draw(frame, header, app, theme);
    screens::draw(frame, body, app, theme);
    footer::draw(frame, footer, &footer::Words::new(app, theme), theme);
}

/// What size it takes, in the middle of a screen that has less.
fn draw_too_small(frame: &mut Frame, screen: Rect, theme: &Theme) {
    let ((columns, rows), times) = (LEAST, theme.glyphs().times);
    let Rect { width, height, .. } = screen;
    let sentence = format!("fitroom needs {columns}{times}{rows} cells, this terminal has {width}{times}{height}.");
    let lines = wrap(&sentence, usize::from(width));
    let place = screen.centered_vertically(Constraint::Length(u16::try_from(lines.len()).unwrap_or(u16::MAX)));
    for (line, row) in lines.into_iter().zip(place.rows()) {
        frame.render_widget(Line::raw(line).centered(), row);
    }
}
