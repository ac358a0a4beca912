//! The Gallery: many images with what they are taken for, or one of them as large as it fits beside its bars.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::{
        Action, App, Half,
        album::{Filter, Order},
    },
    fashion::{CLASSES, SIDE, Split},
    view::{
        format::{thousands, wrap},
        grid::{self, Slot},
        heading,
        picture::{self, COLUMNS, Picture, Thumbnail},
        prediction, test_image,
        test_image::Caption,
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
pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let [title, body] = grid::below_heading(area);
    let Some(data) = app.data() else {
        heading::draw(frame, title, "Images", "", theme);
        frame.render_widget(Line::styled("reading the images", theme.muted()), body);
        return;
    };
    if app.is_large() {
        return draw_large(frame, area, app, theme);
    }
    let name = name(app.half());
    let selected = app.image().map_or_else(|| format!("{name}s"), |index| format!("{name} {index}"));
    heading::draw(frame, title, &selected, &words(app, theme), theme);
    if app.album().is_empty() {
        return draw_nothing_left(frame, body, app, theme);
    }
    let (Some(grid), Some(split)) = (grid::of(area, app), app.split()) else { return };
    let start = grid.page().start(app.album().nearest_place());
    for (place, tile) in (start..).zip(grid.slots()) {
        let Some(index) = app.album().at(place) else { break };
        draw_tile(frame, tile, grid.scale, (index, split), data.names(), app, theme);
        if index == app.selected() {
            grid::draw_frame(frame, tile, theme);
        }
    }
}

/// What a click there means.
pub fn hit(area: Rect, app: &App, position: Position) -> Option<Action> {
    if app.is_large() {
        return Some(Action::Back);
    }
    let place = grid::place_at(area, app, app.album().nearest_place(), position)?;
    app.album().at(place).map(Action::PickImage)
}

/// What an image of this half is called.
pub fn name(half: Half) -> &'static str {
    match half {
        Half::Test => "Test image",
        Half::Train => "Training image",
    }
}

fn draw_tile(
    frame: &mut Frame,
    tile: Slot,
    scale: u16,
    (index, split): (usize, &Split),
    names: &[String; CLASSES],
    app: &App,
    theme: &Theme,
) {
    let picture = Picture { image: split.image(index), inverted: app.inverted(), theme };
    let caption = Caption::new(names, Some(split.class(index)), app.shown_prediction(index));
    if scale == 0 {
        frame.render_widget(&Thumbnail(picture), tile.picture);
        let lines = caption.lines(usize::from(tile.caption.width), theme);
        for (line, row) in lines.into_iter().zip(tile.caption.rows()) {
            frame.render_widget(line, row);
        }
    } else {
        frame.render_widget(&picture, tile.picture);
        frame.render_widget(caption.line(usize::from(tile.caption.width), theme).centered(), tile.caption);
    }
}

/// The selected image as large as it fits, beside it its bars, or, where it has none and there is room, its pixels' values.
fn draw_large(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    if app.half() == Half::Train {
        let left = area.width.saturating_sub(GUTTER + VALUE * SIDE_CELLS);
        if left < COLUMNS || area.height <= SIDE_CELLS {
            return test_image::draw(frame, area, app, theme);
        }
        let [image, values] =
            area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Fill(1)]).spacing(GUTTER));
        test_image::draw(frame, image, app, theme);
        return draw_values(frame, values, app, theme);
    }
    let height = area.height.saturating_sub(test_image::TEXT_ROWS);
    let width = area.width.saturating_sub(GUTTER + BARS);
    let (columns, _) = picture::extent(picture::scale(width, height).max(1));
    let left = columns.max(test_image::COLUMNS_WITH_CAPTION.min(width));
    let [image, bars] =
        area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Fill(1)]).spacing(GUTTER));
    test_image::draw(frame, image, app, theme);
    prediction::draw(frame, bars, app, theme);
}

/// The selected image's bytes, row by row, as numpy would print them.
fn draw_values(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let (Some(split), Some(index)) = (app.split(), app.image()) else { return };
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

/// Which images there are, and in which order: what stands beside a heading.
pub fn words(app: &App, theme: &Theme) -> String {
    let (album, dot) = (app.album(), theme.glyphs().dot);
    let of = app.split().map_or(0, Split::len);
    let mut words = Vec::new();
    let filter = filter_words(app, album.filter(), dot);
    let place = album.place().map(|place| format!("{} of ", thousands(place as u64 + 1))).unwrap_or_default();
    if filter.is_empty() && album.order() == Order::Index {
        words.push(format!("{} in all", thousands(of as u64)));
    } else if filter.is_empty() {
        words.push(format!("{place}{}", thousands(album.len() as u64)));
    } else {
        words.push(format!("{place}{} {filter}", thousands(album.len() as u64)));
    }
    words.push(order_words(album.order()).to_owned());
    words.join(dot)
}

fn filter_words(app: &App, filter: Filter, dot: &str) -> String {
    let Some(data) = app.data() else { return String::new() };
    let mut words = Vec::new();
    match (filter.class, filter.predicted) {
        (Some(class), Some(predicted)) if class == predicted => words.push(format!("{} as such", data.name(class))),
        (Some(class), Some(predicted)) => {
            words.push(format!("{} taken for {}", data.name(class), data.name(predicted)));
        }
        (Some(class), None) => words.push(data.name(class).to_owned()),
        (None, Some(predicted)) => words.push(format!("taken for {}", data.name(predicted))),
        (None, None) => {}
    }
    if filter.wrong {
        words.push("mistakes".to_owned());
    }
    words.join(dot)
}

fn order_words(order: Order) -> &'static str {
    match order {
        Order::Index => "by index",
        Order::LeastConfident => "least sure first",
        Order::MostConfidentlyWrong => "surest mistakes first",
    }
}

/// Draws that the filter leaves nothing, and what to do.
pub fn draw_nothing_left(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let filter = filter_words(app, app.album().filter(), ", ");
    let lines = wrap(&format!("no image is left: {filter} (C clears the filter)"), usize::from(area.width));
    for (line, row) in lines.into_iter().zip(area.rows().skip(usize::from(area.height / 2))) {
        frame.render_widget(Line::styled(line, theme.muted()).centered(), row);
    }
}
