//! The confusion matrix: a row a true class, a column a predicted one, and each class's figures beside its row.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    style::{Modifier, Style},
    text::{Line, Span},
};

use crate::{
    app::{Action, Page, Scene, screens::confusion::Confusion},
    fashion::{CLASSES, Class, Dataset},
    metrics::{ClassFigures, ConfusionMatrix, ratio},
    view::{
        format::{self, accuracy, fit, joined, percent_with, thousands, width, wrap},
        grid, heading,
        theme::{Theme, Tone},
    },
};

/// Columns of a cell: at least, and at most; more where the classes' names want them, up to a limit.
const CELL: (u16, u16) = (5, 11);
const WIDEST_CELL: u16 = 16;
/// Columns of a cell from which its column has the class's name.
const NAMED_CELL: u16 = 8;
/// Columns of a class's name at the least.
const LEAST_NAME: u16 = 10;
/// Rows of a cell at the most.
const TALLEST: u16 = 3;
/// Columns of a figure.
const FIGURE: u16 = 5;
/// A column beside the matrix: its name, and what it shows.
type FigureColumn = (&'static str, fn(&ClassFigures) -> f64);

/// The columns beside the matrix.
const FIGURES: [FigureColumn; 3] =
    [("prec", |figures| figures.precision), ("rec", |figures| figures.recall), ("F1", |figures| figures.f1)];
/// Rows that a line of the columns' names and the sentence below take.
const TEXT_ROWS: u16 = 4;
/// Rows of the list of mistakes that large cells must leave: air, a heading, five mistakes.
const LIST_ROWS: u16 = 7;

/// Draws the matrix of the moment that is shown, and what its selected cell means.
pub fn draw(frame: &mut Frame, area: Rect, confusion: &Confusion, scene: &Scene, theme: &Theme) {
    let [title, body] = grid::below_heading(area);
    let (Some(moment), Some(data)) = (scene.moment(), scene.known.data.as_deref()) else {
        heading::draw(frame, title, "Confusion", "", theme);
        frame.render_widget(Line::styled("it comes with the first evaluation", theme.muted()), body);
        return;
    };
    let dot = theme.glyphs().dot;
    let facts = [
        format!("accuracy {}", accuracy(moment.confusion().accuracy())),
        format::moment(moment),
        "rows: true, columns: predicted".to_owned(),
    ];
    let room = usize::from(title.width).saturating_sub(width("Confusion") + width(dot));
    heading::draw(frame, title, "Confusion", &joined(facts.iter().map(String::as_str), dot, room), theme);
    let (table, cell) = (Table::new(body, data), confusion.cell(scene));
    table.draw_names(frame, data, cell, theme);
    let mistakes = scene.mistakes();
    let count = |(truth, predicted): (Class, Class)| moment.confusion().counts()[truth.index()][predicted.index()];
    let worst = mistakes.first().copied().map_or(0, count);
    for truth in Class::all() {
        table.draw_row(frame, (moment.confusion(), worst), truth, cell, theme);
    }
    table.draw_averages(frame, moment.confusion(), theme);
    let [_, words] = body.layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]));
    frame.render_widget(sentence(moment.confusion(), data, cell, words.width.into(), theme), words);
    let counted: Vec<_> = mistakes.into_iter().map(|mistake| (mistake, count(mistake))).collect();
    draw_mistakes(frame, mistakes_area(body, &table), &counted, data, cell, theme);
}

/// Below the table, above the sentence.
fn mistakes_area(body: Rect, table: &Table) -> Rect {
    let y = table.row(CLASSES) + 2;
    Rect { y, height: body.bottom().saturating_sub(y + 2), ..body }
}

/// Draws the most frequent mistakes, as many as fit.
fn draw_mistakes(
    frame: &mut Frame,
    area: Rect,
    mistakes: &[((Class, Class), u32)],
    data: &Dataset,
    cell: (Class, Class),
    theme: &Theme,
) {
    if area.height < 2 {
        return;
    }
    let mut rows = area.rows();
    heading::draw(frame, rows.next().unwrap_or_default(), "Most frequent mistakes", "n N", theme);
    for (&((truth, predicted), count), row) in mistakes.iter().zip(rows) {
        let is_selected = (truth, predicted) == cell;
        let mark = if is_selected { theme.glyphs().predicted } else { " " };
        let count = thousands(count.into());
        let line = Line::from(vec![
            Span::raw(format!("{mark}{count:>5} ")),
            Span::raw(data.name(truth).to_owned()),
            Span::styled(" taken for ", theme.muted()),
            Span::raw(data.name(predicted).to_owned()),
        ]);
        frame.render_widget(if is_selected { line.style(theme.strong()) } else { line }, row);
    }
}

/// There is nothing to page through.
pub fn page(_: Rect, _: &Confusion, _: &Scene) -> Page {
    Page::default()
}

/// What a click there means.
pub fn hit(area: Rect, _: &Confusion, scene: &Scene, position: Position) -> Option<Action> {
    let [_, body] = grid::below_heading(area);
    let table = Table::new(body, scene.known.data.as_deref()?);
    scene.moment()?;
    let mistakes = mistakes_area(body, &table);
    if mistakes.contains(position) {
        let row = usize::from(position.y - mistakes.y).checked_sub(1)?;
        return scene.mistakes().get(row).map(|(truth, predicted)| Action::PickCell(*truth, *predicted));
    }
    Class::all().find_map(|truth| {
        let predicted = Class::all().find(|predicted| table.cell(truth, *predicted).contains(position))?;
        Some(Action::PickCell(truth, predicted))
    })
}

/// What the selected cell counts.
fn sentence(
    confusion: &ConfusionMatrix,
    data: &Dataset,
    (truth, predicted): (Class, Class),
    cells: usize,
    theme: &Theme,
) -> Line<'static> {
    let count = confusion.counts()[truth.index()][predicted.index()];
    let of =
        format!("{} of {} {}", thousands(count.into()), thousands(confusion.truths(truth).into()), data.name(truth));
    let words = if truth == predicted {
        " are predicted right".to_owned()
    } else {
        format!(" are taken for {}", data.name(predicted))
    };
    let mut line = Line::from(vec![Span::styled(of, theme.strong()), Span::raw(words)]);
    let hint = format!("{}Enter shows them", theme.glyphs().dot);
    if line.width() + width(&hint) <= cells {
        line.push_span(Span::styled(hint, theme.muted()));
    }
    line
}

/// Where the parts of the table stand.
struct Table {
    /// Rows of the columns' names, over the first cell.
    titles: u16,
    /// The classes' names, before the matrix.
    names: Rect,
    /// The first cell.
    first: Rect,
    /// The first figure of the first row.
    figures: Rect,
}

impl Table {
    fn new(area: Rect, data: &Dataset) -> Self {
        let classes = u16::try_from(CLASSES).unwrap_or(u16::MAX);
        let longest = data.names().iter().map(|name| width(name)).max().unwrap_or(0) + 2;
        let figures = FIGURE * u16::try_from(FIGURES.len()).unwrap_or(0);
        let longest = u16::try_from(longest).unwrap_or(u16::MAX);
        let least = CELL.0 * classes;
        // Names say more than figures.
        let figures = if area.width < least + figures + longest.min(LEAST_NAME) { 0 } else { figures };
        let names = longest.min(area.width.saturating_sub(least + figures).max(LEAST_NAME));
        let widest = longest.saturating_sub(1).clamp(CELL.1, WIDEST_CELL);
        let cell = (area.width.saturating_sub(names + figures) / classes).clamp(CELL.0 - 1, widest);
        // Names that are wider than their columns break on two lines, where that leaves room for all cells.
        let is_broken = cell >= NAMED_CELL && longest - 1 > cell && area.height > classes + TEXT_ROWS;
        let titles = 1 + u16::from(is_broken);
        let rows = (area.height.saturating_sub(TEXT_ROWS + titles - 1 + LIST_ROWS) / classes).clamp(1, TALLEST);
        let top = area.y + titles;
        let names = Rect { x: area.x, y: top, width: names, height: rows };
        let first = Rect { x: names.right(), y: top, width: cell, height: rows };
        // Narrow screens have no room for the figures.
        let air = area.width.saturating_sub(names.width + cell * classes + figures).min(2);
        let x = first.x + cell * classes + air;
        let figures = Rect { x, y: top, width: figures, height: rows }.intersection(area);
        Self { titles, names, first, figures }
    }

    fn row(&self, place: usize) -> u16 {
        self.first.y + self.first.height * u16::try_from(place).unwrap_or(0)
    }

    fn cell(&self, truth: Class, predicted: Class) -> Rect {
        let column = u16::try_from(predicted.index()).unwrap_or(0);
        Rect { x: self.first.x + column * self.first.width, y: self.row(truth.index()), ..self.first }
    }

    /// The columns' names: as much of a class's as fits, its number where that is little.
    fn draw_names(&self, frame: &mut Frame, data: &Dataset, (_, selected): (Class, Class), theme: &Theme) {
        for class in Class::all() {
            let area = Rect { y: self.first.y - self.titles, height: 1, ..self.cell(Class::FIRST, class) };
            let cells = usize::from(area.width).saturating_sub(1);
            let lines = if self.first.width < NAMED_CELL {
                vec![class.index().to_string()]
            } else {
                broken(data.name(class), cells, self.titles.into(), theme.glyphs().ellipsis)
            };
            let style = if class == selected { theme.strong() } else { theme.muted() };
            let unused = self.titles - u16::try_from(lines.len()).unwrap_or(self.titles).min(self.titles);
            for (number, line) in (unused..).zip(lines) {
                put(frame, Rect { y: area.y + number, ..area }, Line::styled(line, style).right_aligned());
            }
        }
        for (number, (name, _)) in FIGURES.iter().enumerate().filter(|_| !self.figures.is_empty()) {
            let area = Rect { y: self.first.y - 1, height: 1, ..self.figure(number, 0) };
            put(frame, area, Line::styled(*name, theme.muted()).right_aligned());
        }
        for class in Class::all() {
            let area = Rect { y: self.row(class.index()) + (self.names.height - 1) / 2, height: 1, ..self.names };
            let name = fit(data.name(class), usize::from(area.width).saturating_sub(2), theme.glyphs().ellipsis);
            put(frame, area, Line::from(format!("{} {name}", class.index())));
        }
    }

    fn figure(&self, number: usize, place: usize) -> Rect {
        let column = FIGURE * u16::try_from(number).unwrap_or(0);
        let area = Rect { x: self.figures.x + column, y: self.row(place), width: FIGURE, ..self.figures };
        area.intersection(Rect { y: area.y, height: area.height, ..self.figures })
    }

    /// A true class's counts and figures. A cell's ground shows how much of its row it is; of mistakes, the most
    /// frequent one is full.
    fn draw_row(
        &self,
        frame: &mut Frame,
        (confusion, worst): (&ConfusionMatrix, u32),
        truth: Class,
        selected: (Class, Class),
        theme: &Theme,
    ) {
        let row = &confusion.counts()[truth.index()];
        if truth == selected.0 {
            let area = Rect { y: self.row(truth.index()), ..self.names };
            frame.buffer_mut().set_style(area, theme.strong());
        }
        for predicted in Class::all() {
            let (area, count) = (self.cell(truth, predicted), row[predicted.index()]);
            let (heat, tone) = if truth == predicted {
                (ratio(count.into(), confusion.truths(truth).into()), Tone::Right)
            } else {
                (ratio(count.into(), worst.into()).sqrt(), Tone::Wrong)
            };
            let ground = if count == 0 { Style::new() } else { theme.heat(heat, tone) };
            // A gap parts the cells from each other.
            let filled = Rect { x: area.x + 1, width: area.width - 1, ..area };
            // What is right is told by more than its colour.
            let weight = if truth == predicted { theme.strong() } else { Style::new() };
            frame.buffer_mut().set_style(filled, ground.patch(weight));
            draw_count(frame, filled, count, (truth, predicted) == selected, theme);
        }
        for (number, (_, figure)) in FIGURES.iter().enumerate().filter(|_| !self.figures.is_empty()) {
            let area = self.figure(number, truth.index());
            draw_figure(frame, area, figure(&confusion.class(truth)), Style::new());
        }
    }

    /// The mean of each figure over the classes, where a row is left.
    fn draw_averages(&self, frame: &mut Frame, confusion: &ConfusionMatrix, theme: &Theme) {
        if self.figures.is_empty() {
            return;
        }
        let average = confusion.macro_average();
        for (number, (_, figure)) in FIGURES.iter().enumerate() {
            let area = Rect { height: 1, ..self.figure(number, CLASSES) };
            draw_figure(frame, area, figure(&average), theme.muted());
        }
        let words = Line::styled("mean", theme.muted()).right_aligned();
        let end = self.cell(Class::FIRST, Class::FIRST).width * u16::try_from(CLASSES).unwrap_or(0);
        put(frame, Rect { x: self.first.x, y: self.row(CLASSES), width: end, height: 1 }, words);
    }
}

/// A name on at most so many lines, broken between words or at a slash, or in the middle of a long word, or else cut on
/// one.
fn broken(name: &str, cells: usize, lines: usize, ellipsis: &str) -> Vec<String> {
    if width(name) <= cells {
        return vec![name.to_owned()];
    }
    let at_slashes = ["/ ", " /"].map(|slash| name.replace('/', slash));
    let is_whole = |words: &&String| words.split_whitespace().all(|word| width(word) <= cells);
    let broken = at_slashes.iter().find(is_whole).map_or_else(|| halves(name), |words| wrap(words, cells));
    let fits = broken.len() <= lines && broken.iter().all(|line| width(line) <= cells);
    if fits { broken } else { vec![fit(name, cells, ellipsis)] }
}

/// A word in two halves, with a hyphen.
fn halves(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let (first, second) = letters.split_at(letters.len().div_ceil(2));
    vec![first.iter().chain(&['-']).collect(), second.iter().collect()]
}

/// Draws where the frame has cells.
fn put(frame: &mut Frame, area: Rect, line: Line) {
    let area = area.intersection(frame.area());
    frame.render_widget(line, area);
}

fn draw_figure(frame: &mut Frame, area: Rect, figure: f64, style: Style) {
    let row = Rect { y: area.y + area.height.saturating_sub(1) / 2, height: area.height.min(1), ..area };
    put(frame, row, Line::styled(percent_with(figure, 0), style).right_aligned());
}

/// A count, in the middle of its cell's height; the selected one is framed.
fn draw_count(frame: &mut Frame, area: Rect, count: u32, is_selected: bool, theme: &Theme) {
    let text = if count == 0 { theme.glyphs().nothing.to_owned() } else { thousands(count.into()) };
    let row = Rect { y: area.y + area.height.saturating_sub(1) / 2, height: 1, ..area };
    let cells = usize::from(area.width);
    let mark = theme.glyphs().predicted;
    let mark = if is_selected && width(mark) + width(&text) <= cells { mark } else { "" };
    let line = format!("{mark}{text:>0$}", cells.saturating_sub(width(mark)));
    let quiet = if count == 0 && !is_selected { theme.muted() } else { Style::new() };
    put(frame, row, Line::styled(line, quiet));
    if is_selected {
        frame.buffer_mut().set_style(area, Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_breaks_between_words_or_behind_a_slash_before_it_is_cut() {
        for (name, cells, lines, expected) in [
            ("Ankle boot", 8, 2, &["Ankle", "boot"][..]),
            ("T-shirt/top", 9, 2, &["T-shirt/", "top"]),
            ("T-shirt/top", 11, 2, &["T-shirt/top"]),
            ("T-shirt/top", 8, 1, &["T-shirt…"]),
            ("T-shirt/top", 7, 2, &["T-shirt", "/top"]),
            ("Pullover", 7, 2, &["Pull-", "over"]),
            ("Pullover", 4, 2, &["Pul…"]),
            ("a winter coat with a hood", 8, 2, &["a winte…"]),
        ] {
            assert_eq!(broken(name, cells, lines, "…"), expected, "{name} in {cells} cells");
        }
    }

    #[test]
    fn the_cells_leave_room_for_five_mistakes_wherever_they_could_be_lower() {
        let data = crate::protocol::samples::dataset();
        for (width, height) in [(80, 24), (80, 40), (100, 30), (120, 40), (160, 50), (200, 60)] {
            let body = Rect::new(1, 2, width - 2, height - 3);
            let table = Table::new(body, &data);
            let listed = mistakes_area(body, &table).height.saturating_sub(1);
            assert!(listed >= 5 || table.first.height == 1, "{listed} at {width}×{height}");
        }
    }
}
