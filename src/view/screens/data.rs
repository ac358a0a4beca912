//! The Data: what there is to learn from, before any network sees it. Shapes, labels, brightness, each class's mean
//! image.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{Action, Page, Scene, screens::data::Data},
    fashion::{CLASSES, Class, Dataset, SIDE, Split, Survey},
    view::{
        bars::{Curve, Gauge},
        format::{fit, percent_with, thousands, width},
        heading,
        picture::{COLUMNS, Picture, ROWS, Thumbnail, Viridis, extent},
        scale::Bounds,
        theme::Theme,
    },
};

/// Columns that the table of the classes wants, and takes at the least.
const TABLE: u16 = 44;
const LEAST_TABLE: u16 = 40;
/// Cells between two columns of panes.
const GUTTER: u16 = 3;
/// Rows of the shapes, with air.
const SHAPES: u16 = 5;
/// Rows of the table, with its columns' names and air.
const CLASS_ROWS: u16 = 12;
/// Columns of a count.
const COUNT: u16 = 6;

/// Draws the shapes, the classes, the histogram, and beside them the classes' mean images.
pub fn draw(frame: &mut Frame, area: Rect, data_screen: &Data, scene: &Scene, theme: &Theme) {
    let (class, inverted) = (data_screen.class, scene.inverted);
    let areas = DataAreas::new(area);
    let (Some(data), Some(survey)) = (scene.known.data.as_deref(), &scene.known.survey) else {
        heading::draw(frame, areas.heading, "Data", "", theme);
        frame.render_widget(Line::styled("counting", theme.muted()), areas.shapes);
        return;
    };
    heading::draw(frame, areas.heading, "Data", "what there is to learn from", theme);
    draw_shapes(frame, areas.shapes, data, theme);
    draw_classes(frame, areas.classes, data, survey, class, theme);
    draw_histogram(frame, areas.histogram, survey, theme);
    draw_mean(frame, areas.mean, (class, data.name(class)), survey, inverted, theme);
    if areas.means.is_empty() {
        return;
    }
    draw_means(frame, areas.means, data, survey, (class, inverted), theme);
    draw_first(frame, areas.first, data, theme);
}

/// The classes stand one below the other.
pub fn page(_: Rect, _: &Data, _: &Scene) -> Page {
    Page { columns: 1, rows: CLASSES, ..Page::default() }
}

/// What a click there means.
pub fn hit(area: Rect, _: &Data, scene: &Scene, position: Position) -> Option<Action> {
    scene.known.survey.as_ref()?;
    let areas = DataAreas::new(area);
    if areas.mean.contains(position) {
        return Some(Action::Enter);
    }
    let rows = areas.classes.rows().skip(1).zip(Class::all());
    let means = mean_tiles(areas.means).zip(Class::all());
    rows.chain(means).find(|(area, _)| area.contains(position)).map(|(_, class)| Action::PickClass(class))
}

#[derive(Default)]
struct DataAreas {
    heading: Rect,
    shapes: Rect,
    classes: Rect,
    histogram: Rect,
    /// The selected class's mean image.
    mean: Rect,
    /// All classes' mean images, where there is room.
    means: Rect,
    /// Training image 0, where there is room.
    first: Rect,
}

impl DataAreas {
    fn new(area: Rect) -> Self {
        let [heading, body] = area.layout(&Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]));
        // The mean image gives way to the table, and the histogram to the classes, and these to nothing.
        let beside = area.width.saturating_sub(COLUMNS + GUTTER);
        let left = if beside < LEAST_TABLE { area.width } else { beside.min(TABLE + 16) };
        let [left, right] =
            body.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Fill(1)]).spacing(GUTTER));
        let shapes = SHAPES.min(left.height.saturating_sub(CLASS_ROWS));
        let histogram = left.height.saturating_sub(shapes + CLASS_ROWS).min(12);
        let [shapes, classes, histogram] = left.layout(&Layout::vertical([
            Constraint::Length(shapes),
            Constraint::Length(CLASS_ROWS),
            Constraint::Length(if histogram > 2 { histogram } else { 0 }),
        ]));
        let [mean, below] = right.layout(&Layout::vertical([Constraint::Length(ROWS + 2), Constraint::Fill(1)]));
        let (tile, height) = (extent(0).0 + 2, 2 * (extent(0).1 + 2));
        let mut areas = Self { heading, shapes, classes, histogram, mean, ..Self::default() };
        if right.width >= 5 * tile && below.height >= height {
            let [mean, first] =
                mean.layout(&Layout::horizontal([Constraint::Length(COLUMNS + GUTTER), Constraint::Fill(1)]));
            let means = below.centered_vertically(Constraint::Length(height));
            areas = Self { mean, first, means: Rect { y: below.y + 1.min(below.height - height), ..means }, ..areas };
        }
        areas
    }
}

/// The arrays as numpy shows them.
fn draw_shapes(frame: &mut Frame, area: Rect, data: &Dataset, theme: &Theme) {
    let lines = |[images, labels]: [&'static str; 2], split: &Split| {
        let count = split.len();
        let line = |words: &'static str, shape: String, rest: String| {
            Line::from(vec![
                Span::styled(format!("{words:<16}"), theme.strong()),
                Span::raw(format!("{shape:<15} uint8 ")),
                Span::styled(if rest.len() + 37 > area.width.into() { String::new() } else { rest }, theme.muted()),
            ])
        };
        let shape = format!("({count}, {SIDE}, {SIDE})");
        [line(images, shape, "0 to 255".to_owned()), line(labels, format!("({count},)"), ends(split))]
    };
    let train = lines(["training images", "training labels"], &data.train);
    let test = lines(["test images", "test labels"], &data.test);
    for (line, row) in train.into_iter().chain(test).zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// The first and the last labels, all where there are few, as numpy shortens arrays.
fn ends(split: &Split) -> String {
    let labels: Vec<String> = split.classes().iter().take(6).map(|class| class.index().to_string()).collect();
    match split.classes() {
        [.., last] if split.len() > 6 => format!("{} ... {}", labels[..2].join(" "), last.index()),
        _ => labels.join(" "),
    }
}

/// One row per class: how many images of it there are.
fn draw_classes(frame: &mut Frame, area: Rect, data: &Dataset, survey: &Survey, selected: Class, theme: &Theme) {
    let most = |counts: &[u32; CLASSES]| counts.iter().copied().max().unwrap_or(0).max(1);
    let names = data.names().iter().map(|name| width(name)).max().unwrap_or(0).min(16) + 4;
    let row = |area: Rect| -> [Rect; 5] {
        area.layout(
            &Layout::horizontal([
                Constraint::Length(u16::try_from(names).unwrap_or(u16::MAX)),
                Constraint::Length(COUNT),
                Constraint::Fill(1),
                Constraint::Length(COUNT),
                Constraint::Fill(1),
            ])
            .spacing(1),
        )
    };
    let mut rows = area.rows();
    let [_, train, _, test, _] = row(rows.next().unwrap_or_default());
    for (words, area) in [("train", train), ("test", test)] {
        frame.render_widget(Line::styled(words, theme.muted()).right_aligned(), area);
    }
    for (class, area) in Class::all().zip(rows) {
        let [name, train, train_bar, test, test_bar] = row(area);
        let is_selected = class == selected;
        let mark = if is_selected { theme.glyphs().predicted } else { " " };
        let words = fit(data.name(class), usize::from(name.width).saturating_sub(4), theme.glyphs().ellipsis);
        let style = if is_selected { theme.strong() } else { ratatui::style::Style::new() };
        frame.render_widget(Line::styled(format!("{mark} {} {words}", class.index()), style), name);
        for (counts, number, bar) in [(&survey.train, train, train_bar), (&survey.test, test, test_bar)] {
            let count = counts[class.index()];
            frame.render_widget(Line::raw(thousands(count.into())).right_aligned(), number);
            let ratio = f64::from(count) / f64::from(most(counts));
            let gauge = Gauge { ratio, filled: theme.accent(), empty: theme.muted(), glyphs: theme.glyphs() };
            frame.render_widget(&gauge, bar);
        }
    }
}

/// How often each value stands among the training images' pixels, but for the ground, which is said in words.
#[expect(clippy::cast_precision_loss, reason = "for the eye")]
fn draw_histogram(frame: &mut Frame, area: Rect, survey: &Survey, theme: &Theme) {
    let [title, body, scale] =
        area.layout(&Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]));
    let all: u64 = survey.histogram.iter().sum();
    let ground = survey.histogram[0] as f64 / all.max(1) as f64;
    let aside = format!("{} are 0, the others by value", percent_with(ground, 0));
    heading::draw(frame, title, "Pixels", &aside, theme);
    let columns = usize::from(body.width).clamp(1, 255);
    let inks = &survey.histogram[1..];
    let bins: Vec<f64> = (0..columns)
        .map(|column| {
            let (start, end) = (column * inks.len() / columns, (column + 1) * inks.len() / columns);
            inks[start..end.max(start + 1)].iter().sum::<u64>() as f64 / (end - start).max(1) as f64
        })
        .collect();
    let high = bins.iter().copied().fold(1.0, f64::max);
    let bounds = Bounds { low: 0.0, high, decimals: 0 };
    frame.render_widget(&Curve { values: &bins, bounds, style: theme.accent(), glyphs: theme.glyphs() }, body);
    let scale = Rect { width: u16::try_from(columns).unwrap_or(0).min(scale.width), ..scale };
    frame.render_widget(Line::styled("1", theme.muted()), scale);
    frame.render_widget(Line::styled("255", theme.muted()).right_aligned(), scale);
}

/// The selected class's mean image.
fn draw_mean(
    frame: &mut Frame,
    area: Rect,
    (class, name): (Class, &str),
    survey: &Survey,
    inverted: bool,
    theme: &Theme,
) {
    let [title, picture, caption] =
        area.layout(&Layout::vertical([Constraint::Length(1), Constraint::Length(ROWS), Constraint::Length(1)]));
    let area = Rect { width: COLUMNS.min(title.width), ..title };
    frame.render_widget(Line::styled("mean training image", theme.muted()), area);
    let place = Rect { width: COLUMNS.min(picture.width), ..picture };
    frame.render_widget(&Picture { image: survey.mean(class), inverted, theme }, place);
    let caption = Rect { width: area.width, ..caption };
    frame.render_widget(Line::raw(name.to_owned()).centered(), caption);
}

/// Where the mean images stand, in two rows of five, each with its name.
fn mean_tiles(area: Rect) -> impl Iterator<Item = Rect> {
    let (width, height) = extent(0);
    let tile = move |number: u16| Rect {
        x: area.x + number % 5 * (width + 2),
        y: area.y + number / 5 * (height + 2),
        width,
        height: height + 1,
    };
    (0..10).filter(move |_| !area.is_empty()).map(tile)
}

fn draw_means(
    frame: &mut Frame,
    area: Rect,
    data: &Dataset,
    survey: &Survey,
    (selected, inverted): (Class, bool),
    theme: &Theme,
) {
    for (tile, class) in mean_tiles(area).zip(Class::all()) {
        let picture = Picture { image: survey.mean(class), inverted, theme };
        frame.render_widget(&Thumbnail(picture), tile);
        let caption = Rect { y: tile.bottom().saturating_sub(1), height: 1, ..tile };
        let name = fit(data.name(class), usize::from(tile.width), theme.glyphs().ellipsis);
        let style = if class == selected { theme.strong() } else { theme.muted() };
        frame.render_widget(Line::styled(name, style), caption.intersection(frame.area()));
    }
}

/// Training image 0 in matplotlib's default colours, with their scale, as the tutorial looks at it.
fn draw_first(frame: &mut Frame, area: Rect, data: &Dataset, theme: &Theme) {
    let bar = 2;
    if area.width < COLUMNS + bar + 6 {
        return;
    }
    let [title, picture, caption] =
        area.layout(&Layout::vertical([Constraint::Length(1), Constraint::Length(ROWS), Constraint::Length(1)]));
    frame.render_widget(Line::styled("training image 0, its values", theme.muted()), title);
    frame.render_widget(&Viridis { image: data.train.image(0), theme }, Rect { width: COLUMNS, ..picture });
    let name = Line::raw(data.name(data.train.class(0)).to_owned()).centered();
    frame.render_widget(name, Rect { width: COLUMNS, ..caption });
    let x = picture.x + COLUMNS + 2;
    let halves = 2 * ROWS;
    for row in 0..ROWS {
        let value = |half: u16| u8::try_from(255 - 255 * half / (halves - 1)).unwrap_or(0);
        if let (Some(upper), Some(lower)) = (theme.viridis(value(2 * row)), theme.viridis(value(2 * row + 1))) {
            for column in 0..bar {
                if let Some(cell) = frame.buffer_mut().cell_mut((x + column, picture.y + row)) {
                    cell.set_symbol("▀").set_fg(upper).set_bg(lower);
                }
            }
        }
    }
    for (row, words) in [(0, "255"), (ROWS / 2, "128"), (ROWS - 1, "0")] {
        let area = Rect { x: x + bar + 1, y: picture.y + row, width: 3, height: 1 };
        frame.render_widget(Line::styled(words, theme.muted()), area.intersection(frame.area()));
    }
}
