//! The Gallery: many images with what they are taken for, or one of them as large as it fits beside its bars.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::{Action, Half, Page, Scene, screens::gallery::Gallery},
    fashion::SIDE,
    view::{
        grid::{self, Grid, GridCell},
        heading,
        images::Shown,
        picture::{self, COLUMNS, Picture, Thumbnail},
        prediction,
        test_image::{self, Caption},
        theme::Theme,
    },
};

/// Columns that the bars beside a large picture want.
const BARS: u16 = 40;
/// Cells between the two.
const GUTTER: u16 = 2;
/// Cells of a pixel's value.
const VALUE: u16 = 4;
/// Pixels along a side, as cells.
const SIDE_CELLS: u16 = COLUMNS;

/// Draws the images that the filter leaves, a page of them, or the selected one alone.
pub fn draw(frame: &mut Frame, area: Rect, gallery: &Gallery, scene: &Scene, theme: &Theme) {
    let shown = Shown::new(scene, gallery.stance.half);
    let [title, body] = grid::below_heading(area);
    let (Some(data), Some(split)) = (shown.data, shown.split) else {
        heading::draw(frame, title, "Images", "", theme);
        frame.render_widget(Line::styled("reading the images", theme.muted()), body);
        return;
    };
    if gallery.stance.is_large {
        return draw_large(frame, area, &shown, theme);
    }
    let name = shown.name();
    let selected = shown.image.map_or_else(|| format!("{name}s"), |index| format!("{name} {index}"));
    heading::draw(frame, title, &selected, &shown.words(theme), theme);
    if shown.album.is_empty() {
        return shown.draw_nothing_left(frame, body, theme);
    }
    let grid = Grid::new(body, gallery.size);
    let start = grid.page().start(shown.album.nearest_place());
    for (place, slot) in (start..).zip(grid.slots()) {
        let Some(index) = shown.album.at(place) else { break };
        let picture = Picture { image: split.image(index), inverted: shown.inverted, theme };
        let prediction = scene.prediction(shown.half, index);
        let caption = Caption::new(data.names(), Some(split.class(index)), prediction);
        draw_slot(frame, slot, grid.scale, picture, &caption);
        if index == shown.album.selected() {
            grid::draw_frame(frame, slot, theme);
        }
    }
}

/// How many pictures there are, and how large they can be.
pub fn page(area: Rect, gallery: &Gallery, _: &Scene) -> Page {
    grid::page(area, gallery.size, gallery.stance.is_large)
}

/// What a click there means.
pub fn hit(area: Rect, gallery: &Gallery, scene: &Scene, position: Position) -> Option<Action> {
    // The second click of a double click must not close what the first one has opened.
    if gallery.stance.is_large {
        return None;
    }
    let album = scene.album(gallery.stance.half);
    let place = grid::place_at(area, gallery.size, album.nearest_place(), position)?;
    album.at(place).map(Action::PickImage)
}

fn draw_slot(frame: &mut Frame, slot: GridCell, scale: u16, picture: Picture, caption: &Caption) {
    let (cells, theme) = (usize::from(slot.caption.width), picture.theme);
    if scale == 0 {
        frame.render_widget(&Thumbnail(picture), slot.picture);
        for (line, row) in caption.lines(cells, theme).into_iter().zip(slot.caption.rows()) {
            frame.render_widget(line, row);
        }
    } else {
        frame.render_widget(&picture, slot.picture);
        frame.render_widget(caption.line(cells, theme).centered(), slot.caption);
    }
}

/// The selected image as large as it fits, beside it its bars, or, where it has none and there is room, its pixels'
/// values.
fn draw_large(frame: &mut Frame, area: Rect, shown: &Shown, theme: &Theme) {
    if shown.half == Half::Train {
        let left = area.width.saturating_sub(GUTTER + VALUE * SIDE_CELLS);
        if left < COLUMNS || area.height <= SIDE_CELLS {
            return test_image::draw(frame, area, shown, None, theme);
        }
        let [image, values] =
            area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Fill(1)]).spacing(GUTTER));
        test_image::draw(frame, image, shown, None, theme);
        return draw_values(frame, values, shown, theme);
    }
    let height = area.height.saturating_sub(test_image::TEXT_ROWS);
    let width = area.width.saturating_sub(GUTTER + BARS);
    let (columns, _) = picture::extent(picture::scale(width, height).max(1));
    let left = columns.max(test_image::COLUMNS_WITH_CAPTION.min(width));
    let [image, bars] =
        area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Fill(1)]).spacing(GUTTER));
    test_image::draw(frame, image, shown, None, theme);
    prediction::draw(frame, bars, shown, theme);
}

/// The selected image's bytes, row by row, as numpy would print them.
fn draw_values(frame: &mut Frame, area: Rect, shown: &Shown, theme: &Theme) {
    let (Some(split), Some(index)) = (shown.split, shown.image) else { return };
    let [title, body] = grid::below_heading(area);
    heading::draw(frame, title, "Pixels", "0 ground to 255 ink", theme);
    let image = split.image(index);
    for (row, area) in body.rows().take(SIDE).enumerate() {
        let values = (0..SIDE).map(|column| image.ink(row, column));
        let style = |value: u8| if value == 0 { theme.muted() } else { Style::new() };
        let spans = values.map(|value| Span::styled(format!("{value:>0$}", usize::from(VALUE)), style(value)));
        frame.render_widget(spans.collect::<Line>(), area);
    }
}
