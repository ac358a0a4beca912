//! What the first layer's units look for: their weights as pictures, and the class that each speaks for most.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{Action, Page, Scene, screens::neurons::Neurons},
    fashion::{CLASSES, Class, Dataset},
    metrics::most_probable,
    protocol::{Tile, Tiles},
    view::{
        bars::Bar,
        format::{fit, thousands, wrap},
        grid::{self, Grid},
        heading,
        picture::{self, COLUMNS, Signs},
        theme::Theme,
    },
};

/// Columns that the votes beside a large picture want.
const VOTES: u16 = 36;
/// Cells between the two.
const GUTTER: u16 = 3;

/// Draws a page of units, or the selected one as large as it fits.
pub fn draw(frame: &mut Frame, area: Rect, neurons: &Neurons, scene: &Scene, theme: &Theme) {
    let [top, body] = grid::below_heading(area);
    let Some(seen) = &scene.known.tiles else {
        heading::draw(frame, top, "Neurons", "", theme);
        frame.render_widget(Line::styled(waiting(scene), theme.muted()), body);
        return;
    };
    let selected = find(seen, neurons.selected);
    // A part that has not come yet has no name but its number.
    let name = selected.map_or_else(|| neurons.selected.to_string(), |tile| tile.title.clone());
    let of = thousands(seen.of as u64);
    heading::draw(frame, top, &format!("{name} of {of}"), &aside(scene, seen, selected, theme), theme);
    let data = scene.known.data.as_deref();
    if neurons.is_large {
        if let Some(tile) = selected {
            draw_large(frame, body, tile, data, scene.inverted, theme);
        }
        return;
    }
    let grid = Grid::new(body, neurons.size);
    let start = grid.page().start(neurons.selected);
    for (number, slot) in (start..).zip(grid.slots()) {
        let Some(tile) = find(seen, number) else { continue };
        frame.render_widget(&signs(tile, scene.inverted, theme), slot.picture);
        let cells = usize::from(slot.caption.width);
        let class = data.zip(strongest(tile)).map_or("", |(data, class)| data.name(class));
        let style = if number == neurons.selected { theme.strong() } else { theme.muted() };
        for (words, row) in wrap(&format!("{number} {class}"), cells).into_iter().zip(slot.caption.rows()) {
            frame.render_widget(Line::styled(words, style), row);
        }
        if number == neurons.selected {
            grid::draw_frame(frame, slot, theme);
        }
    }
}

/// How many pictures there are, and how large they can be.
pub fn page(area: Rect, neurons: &Neurons, _: &Scene) -> Page {
    grid::page(area, neurons.size, neurons.is_large)
}

/// What a click there means.
pub fn hit(area: Rect, neurons: &Neurons, scene: &Scene, position: Position) -> Option<Action> {
    // The second click of a double click must not close what the first one has opened.
    if neurons.is_large {
        return None;
    }
    let unit = grid::place_at(area, neurons.size, neurons.selected, position)?;
    (unit < scene.known.tiles.as_ref()?.of).then_some(Action::PickUnit(unit))
}

/// Why there is nothing to be seen.
fn waiting(scene: &Scene) -> &'static str {
    match &scene.known.started {
        Some(started) if started.tiles == 0 => "no network to be shown: the run has no checkpoint that can be opened",
        _ => "waiting for the network",
    }
}

/// What the pictures show, and when.
fn aside(scene: &Scene, seen: &Tiles, selected: Option<&Tile>, theme: &Theme) -> String {
    let dot = theme.glyphs().dot;
    let weights = selected
        .map_or(String::new(), |tile| format!("its {} weights{dot}", thousands((tile.rows * tile.columns) as u64)));
    let [favour, against] = theme.sign_names();
    let signs = format!("{favour}: for ink, {against}: against");
    // Those of earlier steps are not kept.
    let when =
        if scene.known.is_replay { "last checkpoint".to_owned() } else { format!("step {}", thousands(seen.step)) };
    format!("{weights}{signs}{dot}{when}")
}

fn find(seen: &Tiles, unit: usize) -> Option<&Tile> {
    seen.tiles.iter().find(|tile| tile.number == unit)
}

fn signs<'a>(tile: &'a Tile, inverted: bool, theme: &'a Theme) -> Signs<'a> {
    Signs { image: None, values: &tile.values, columns: tile.columns, inverted, theme }
}

/// One unit, and what it adds to each class.
fn draw_large(frame: &mut Frame, area: Rect, tile: &Tile, data: Option<&Dataset>, inverted: bool, theme: &Theme) {
    let votes = VOTES.min(area.width.saturating_sub(GUTTER + COLUMNS));
    let scale = picture::scale(area.width.saturating_sub(GUTTER + votes), area.height);
    let (width, height) = picture::extent(scale.max(1));
    let [picture, votes] =
        area.layout(&Layout::horizontal([Constraint::Length(width), Constraint::Fill(1)]).spacing(GUTTER));
    frame.render_widget(&signs(tile, inverted, theme), picture.centered_vertically(Constraint::Max(height)));
    let Some(data) = data else { return };
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

/// A class, a bar to the right in the colour of what is for it or against it, a figure with its sign.
fn draw_vote(frame: &mut Frame, area: Rect, name: &str, vote: f32, most: f32, theme: &Theme) {
    let figure = format!("{vote:+.2}");
    let [left, bar, right] = area
        .layout(&Layout::horizontal([Constraint::Length(12), Constraint::Fill(1), Constraint::Length(6)]).spacing(1));
    let name = fit(name, usize::from(left.width), theme.glyphs().ellipsis);
    frame.render_widget(Span::raw(name), left);
    let drawn = Bar { ratio: f64::from(vote.abs() / most), style: theme.sign(vote), glyphs: theme.glyphs() };
    frame.render_widget(&drawn, bar);
    frame.render_widget(Line::raw(figure).right_aligned(), right);
}
