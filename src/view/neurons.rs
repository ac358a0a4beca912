//! What the first layer's units look for: their weights as pictures, and the class that each speaks for most.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{Action, App},
    fashion::{CLASSES, Class},
    metrics::most_probable,
    protocol::{Tile, Tiles},
    view::{
        bars::Bar,
        format::{fit, thousands},
        grid::{self},
        heading,
        picture::{self, COLUMNS, Signs},
        theme::{Theme, Tone},
    },
};

/// Columns that the votes beside a large picture want.
const VOTES: u16 = 36;
/// Cells between the two.
const GUTTER: u16 = 3;

/// Draws a page of units, or the selected one as large as it fits.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let [top, body] = grid::below_heading(area);
    let Some(seen) = app.tiles() else {
        heading::draw(frame, top, "Neurons", "", theme);
        frame.render_widget(Line::styled("waiting for the network", theme.muted()), body);
        return;
    };
    heading::draw(
        frame,
        top,
        &format!("Unit {} of {}", app.unit(), thousands(seen.of as u64)),
        &aside(seen, theme),
        theme,
    );
    if app.is_large() {
        return draw_large(frame, body, seen, app, theme);
    }
    let Some(grid) = grid::of(area, app) else { return };
    let start = grid.page().start(app.unit());
    for (number, slot) in (start..).zip(grid.slots()) {
        let Some(tile) = find(seen, number) else { continue };
        frame.render_widget(&signs(tile, app, theme), slot.picture);
        let cells = usize::from(slot.caption.width);
        let name = app.data().zip(strongest(tile)).map_or("", |(data, class)| data.name(class));
        let words = fit(&format!("{number} {name}"), cells, theme.glyphs().ellipsis);
        let style = if number == app.unit() { theme.strong() } else { theme.muted() };
        frame.render_widget(Line::styled(words, style), slot.caption);
        if number == app.unit() {
            grid::draw_frame(frame, slot, theme);
        }
    }
}

/// What a click there means.
pub fn hit(area: Rect, app: &App, position: Position) -> Option<Action> {
    if app.is_large() {
        return Some(Action::Back);
    }
    let unit = grid::place_at(area, app, app.unit(), position)?;
    (unit < app.tiles()?.of).then_some(Action::PickUnit(unit))
}

fn aside(seen: &Tiles, theme: &Theme) -> String {
    let dot = theme.glyphs().dot;
    let signs = if theme.shows_signs_in_colour() { "blue: for ink, red: against" } else { "+: for ink, -: against" };
    format!("its 784 weights{dot}{signs}{dot}step {}", thousands(seen.step))
}

fn find(seen: &Tiles, unit: usize) -> Option<&Tile> {
    seen.tiles.iter().find(|tile| tile.number == unit)
}

fn signs<'a>(tile: &'a Tile, app: &App, theme: &'a Theme) -> Signs<'a> {
    Signs { image: None, values: &tile.values, inverted: app.inverted(), theme }
}

/// One unit, and what it adds to each class.
fn draw_large(frame: &mut Frame, area: Rect, seen: &Tiles, app: &App, theme: &Theme) {
    let Some(tile) = find(seen, app.unit()) else { return };
    let votes = VOTES.min(area.width.saturating_sub(GUTTER + COLUMNS));
    let scale = picture::scale(area.width.saturating_sub(GUTTER + votes), area.height);
    let (width, height) = picture::extent(scale.max(1));
    let [picture, votes] =
        area.layout(&Layout::horizontal([Constraint::Length(width), Constraint::Fill(1)]).spacing(GUTTER));
    frame.render_widget(&signs(tile, app, theme), picture.centered_vertically(Constraint::Max(height)));
    let Some(data) = app.data() else { return };
    let pitch: u16 = if votes.height >= 2 * u16::try_from(CLASSES).unwrap_or(0) { 2 } else { 1 };
    let rows = votes.rows().skip(usize::from(pitch)).step_by(usize::from(pitch)).zip(Class::all());
    frame.render_widget(Line::styled("what it adds to each class", theme.muted()), votes);
    for (row, class) in rows {
        if let Some(vote) = tile.votes.get(class.index()) {
            draw_vote(frame, row, data.name(class), *vote, most(tile), theme);
        }
    }
}

/// The class that it speaks for most, if that is known.
fn strongest(tile: &Tile) -> Option<Class> {
    tile.votes.first_chunk().map(most_probable)
}

/// The strongest vote.
fn most(tile: &Tile) -> f32 {
    tile.votes.iter().fold(f32::MIN_POSITIVE, |most, vote| most.max(vote.abs()))
}

/// A class, a bar to the right in blue for it or in red against it, a figure.
fn draw_vote(frame: &mut Frame, area: Rect, name: &str, vote: f32, most: f32, theme: &Theme) {
    let figure = format!("{vote:+.2}");
    let [left, bar, right] = area
        .layout(&Layout::horizontal([Constraint::Length(12), Constraint::Fill(1), Constraint::Length(6)]).spacing(1));
    let style = if vote > 0.0 { theme.accent() } else { theme.tone(Tone::Wrong) };
    let name = fit(name, usize::from(left.width), theme.glyphs().ellipsis);
    frame.render_widget(Span::raw(name), left);
    let drawn = Bar { ratio: f64::from(vote.abs() / most), style, glyphs: theme.glyphs() };
    frame.render_widget(&drawn, bar);
    frame.render_widget(Line::raw(figure).right_aligned(), right);
}
