//! The whole screen, in every state and size.

mod images;
mod scenes;
mod space;

use std::fmt::Write;

use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    style::{Color, Modifier},
};

use super::*;
use crate::{
    app::{Action, App, Loaded, Screen},
    fashion::{CLASSES, Class, Dataset},
    protocol::{Report, samples},
};

/// The sizes of the snapshots.
const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 60), (30, 8)];

fn drawn(app: &App, (width, height): (u16, u16), theme: &Theme) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test terminal is always to be had");
    terminal.draw(|frame| draw(frame, app, theme)).expect("it can always be drawn on");
    terminal.backend().buffer().clone()
}

/// The screen's characters, without the blanks at the ends of its lines.
fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        writeln!(text, "{}", line.trim_end()).expect("a string takes all");
    }
    text
}

/// The first cell of a text on the screen.
fn find(buffer: &Buffer, words: &str) -> (u16, u16) {
    let lines = text(buffer);
    let row = lines.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words:?} in\n{lines}"));
    let line = lines.lines().nth(row).expect("it was found there");
    let column = line[..line.find(words).expect("it was found there")].chars().count();
    (u16::try_from(column).expect("a screen's column"), u16::try_from(row).expect("a screen's row"))
}

/// Renames the ten classes.
fn with_names(app: &mut App, names: [&str; CLASSES]) {
    let Dataset { train, test, .. } = (*samples::dataset()).clone();
    app.load(Loaded::Data(Dataset::new(train, test, names).into()));
}

#[test]
fn the_screens_look_as_they_did_when_a_person_last_looked() {
    let theme = Theme::new(Depth::TrueColor, false);
    for (name, app) in scenes::all() {
        for (width, height) in SIZES {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&drawn(&app, (width, height), &theme)));
        }
    }
}

#[test]
fn the_other_screens_look_as_they_did_when_a_person_last_looked() {
    let theme = Theme::new(Depth::TrueColor, false);
    for (name, app) in scenes::screens() {
        for (width, height) in [(80, 24), (160, 50)] {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&drawn(&app, (width, height), &theme)));
        }
    }
}

#[test]
fn every_screen_is_among_the_scenes() {
    let scenes = scenes::screens();
    for screen in Screen::ALL {
        assert!(scenes.iter().any(|(_, app)| app.screen() == screen), "no scene shows the {}", screen.name());
    }
}

#[test]
fn a_run_that_is_not_trained_here_looks_so_too() {
    let theme = Theme::new(Depth::TrueColor, false);
    for (name, app) in [("watched", scenes::watched()), ("replayed", scenes::replayed()), ("killed", scenes::killed())]
    {
        for (width, height) in [(80, 24), (110, 34)] {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&drawn(&app, (width, height), &theme)));
        }
    }
}

#[test]
fn the_least_screens_and_those_without_colours_look_so_too() {
    for (name, app) in [
        ("wrong", scenes::wrong()),
        ("failed", scenes::failed()),
        ("filtered", scenes::filtered()),
        ("help", scenes::help()),
    ] {
        for (variant, theme) in [("plain", Theme::new(Depth::None, false)), ("ascii", Theme::new(Depth::None, true))] {
            insta::assert_snapshot!(format!("{name}_60x16_{variant}"), text(&drawn(&app, LEAST, &theme)));
            insta::assert_snapshot!(format!("{name}_80x24_{variant}"), text(&drawn(&app, (80, 24), &theme)));
        }
    }
}

#[test]
fn nothing_panics_at_any_size_in_any_state() {
    let themes = [Theme::new(Depth::TrueColor, false), Theme::new(Depth::None, true)];
    let small = (1..=100).step_by(3).flat_map(|width| (1..=40).map(move |height| (width, height)));
    let large = (100..=300).step_by(50).flat_map(|width| (10..=100).step_by(15).map(move |height| (width, height)));
    let sizes: Vec<(u16, u16)> = small.chain(large).collect();
    for (_, app) in scenes::all() {
        for size in &sizes {
            for theme in &themes {
                drawn(&app, *size, theme);
            }
        }
    }
}

/// Nor does a click anywhere.
#[test]
fn no_screen_panics_at_any_size_and_a_click_neither() {
    let themes = [Theme::new(Depth::Ansi256, false), Theme::new(Depth::None, true)];
    let small = (1..=100).step_by(7).flat_map(|width| (1..=40).step_by(3).map(move |height| (width, height)));
    let large = (100..=300).step_by(100).flat_map(|width| (10..=100).step_by(30).map(move |height| (width, height)));
    let sizes: Vec<(u16, u16)> = small.chain(large).chain([LEAST, (80, 24)]).collect();
    for (_, app) in scenes::all().into_iter().chain(scenes::screens()) {
        for (width, height) in &sizes {
            let screen = Rect::new(0, 0, *width, *height);
            for theme in &themes {
                drawn(&app, (*width, *height), theme);
            }
            for position in screen.positions().step_by(7) {
                let _ = hit(screen, &app, position);
            }
        }
    }
}

#[test]
fn an_ascii_screen_has_nothing_but_ascii() {
    let mut scenes = scenes::all();
    let mut foreign = scenes::wrong();
    with_names(
        &mut foreign,
        ["T恤", "裤子", "套衫", "裙子", "外套", "凉鞋", "衬衫", "运动鞋", "包", "Stiefelchen für Füße"],
    );
    foreign
        .apply(Report::Failed { reason: "Gerät “CUDA 0” antwortet nicht – läuft der Treiber? ☹".to_owned() });
    scenes.push(("foreign", foreign));
    scenes.extend(scenes::screens());
    for (name, app) in scenes {
        for size in
            [(1, 1), (20, 5), (59, 16), (60, 16), (80, 20), (80, 24), (100, 30), (120, 40), (200, 60), (300, 100)]
        {
            for depth in [Depth::None, Depth::TrueColor] {
                let screen = text(&drawn(&app, size, &Theme::new(depth, true)));
                assert!(screen.is_ascii(), "{name} at {size:?}:\n{screen}");
            }
        }
    }
}

#[test]
fn without_colours_no_cell_has_one() {
    for (name, app) in scenes::all().into_iter().chain(scenes::screens()) {
        let buffer = drawn(&app, (120, 40), &Theme::new(Depth::None, false));
        let coloured = buffer.content.iter().find(|cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset));
        assert_eq!(coloured, None, "{name}");
    }
}

/// The red, green and blue of a colour that is the same on every terminal.
fn rgb(colour: Color) -> [u8; 3] {
    match colour {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(index) => hues::rgb(index),
        other => panic!("{other:?}"),
    }
}

#[test]
fn text_keeps_the_terminals_own_colours_or_stands_on_a_ground_of_its_own_or_is_a_label() {
    // Bars, curves, marks that stand for themselves, and the pictures.
    let is_shape = |symbol: &str| {
        let shapes = "▀█▉▊▋▌▍▎▏▐▇▆▅▄▃▂▁━╸─│└•+o● ";
        shapes.contains(symbol) || symbol.chars().all(|letter| ('\u{2800}'..='\u{28ff}').contains(&letter))
    };
    for palette in [Palette::Standard, Palette::ColourBlind] {
        for depth in [Depth::Ansi256, Depth::TrueColor] {
            let theme = Theme::new(depth, false).with_palette(palette);
            let label = theme.muted().fg.expect("labels are grey");
            for (name, app) in scenes::all().into_iter().chain(scenes::screens()) {
                let buffer = drawn(&app, (80, 24), &theme);
                for cell in buffer.content.iter().filter(|cell| !is_shape(cell.symbol())) {
                    let shows = match (cell.fg, cell.bg) {
                        (ink, Color::Reset) => ink == Color::Reset || ink == label,
                        (ink, ground) => hues::contrast(rgb(ink), rgb(ground)) >= hues::TEXT,
                    };
                    assert!(shows, "{name}: {cell:?}");
                }
            }
        }
    }
}

#[test]
fn whatever_will_pause_says_so_and_has_the_mark_of_what_waits() {
    let theme = Theme::new(Depth::TrueColor, false);
    let then = "10,000 test images, then a pause";
    for (app, word, waits, will_wait) in [
        (scenes::third_epoch(), "training", false, false),
        (scenes::pausing(), "pausing", true, false),
        (scenes::evaluating(), "evaluating", false, false),
        (scenes::pausing_after_the_evaluation(), "evaluating", true, true),
    ] {
        let buffer = drawn(&app, (80, 24), &theme);
        let mark = &buffer[find(&buffer, &format!("● {word}"))];
        let expected = if waits { theme.muted() } else { theme.accent() };
        assert_eq!((mark.fg, mark.modifier), (expected.fg.unwrap_or(Color::Reset), expected.add_modifier), "{word}");
        assert_eq!(text(&buffer).contains(then), will_wait, "{word}");
    }
}

#[test]
fn the_picture_is_the_image_pixel_by_pixel_and_inverts() {
    let mut app = scenes::third_epoch();
    let data = samples::dataset();
    for inverted in [false, true] {
        let buffer = drawn(&app, (80, 24), &Theme::new(Depth::TrueColor, false));
        // Below its heading, in the middle of a pane of 36 cells beside a margin of one.
        let (left, top) = (5, find(&buffer, "Test image 0 of 10,000").1 + 1);
        for row in 0..14_u16 {
            for column in 0..28_u16 {
                let level = |half: u16| {
                    let ink = data.test.image(0).ink(usize::from(2 * row + half), usize::from(column));
                    let level = if inverted { ink } else { 255 - ink };
                    Color::Rgb(level, level, level)
                };
                let cell = &buffer[(left + column, top + row)];
                assert_eq!((cell.symbol(), cell.fg, cell.bg), ("▀", level(0), level(1)), "at {column},{row}");
            }
        }
        app.act(Action::Invert, &Page::default());
    }
}

#[test]
fn a_larger_screen_shows_a_larger_picture() {
    let counts = [(80, 24), (120, 40), (200, 60)].map(|size| {
        let screen = text(&drawn(&scenes::done(), size, &Theme::new(Depth::Ansi256, false)));
        screen.chars().filter(|letter| *letter == '▀').count()
    });
    assert_eq!(counts, [28 * 14, 56 * 28, 84 * 42]);
}

#[test]
fn a_wrong_prediction_has_the_colour_of_what_is_wrong_its_true_class_that_of_what_is_right_and_all_others_are_grey() {
    for palette in [Palette::Standard, Palette::ColourBlind] {
        for depth in [Depth::Ansi16, Depth::Ansi256, Depth::TrueColor] {
            let theme = Theme::new(depth, false).with_palette(palette);
            let [grey, wrong, right] = [Tone::Other, Tone::Wrong, Tone::Right].map(|tone| theme.tone(tone).fg);
            let buffer = drawn(&scenes::wrong(), (80, 24), &theme);
            let (caption, y) = find(&buffer, "✗ Sandal 83% (Sneaker)");
            let expected = theme.verdict(Tone::Wrong);
            for column in [0, 10, 21] {
                let cell = &buffer[(caption + column, y)];
                assert_eq!((Some(cell.fg), Some(cell.bg)), (expected.fg, expected.bg), "{column}");
            }
            // A bar begins behind the longest name, T-shirt/top.
            let (x, top) = find(&buffer, "T-shirt/top");
            let bar = |row: u16| &buffer[(x + 12, top + row)];
            assert_eq!((bar(5).symbol(), Some(bar(5).fg)), ("█", wrong));
            assert_eq!((bar(7).symbol(), Some(bar(7).fg)), ("█", right));
            for row in [0, 1, 2, 3, 4, 6, 8, 9] {
                assert_eq!((bar(row).symbol(), Some(bar(row).fg)), ("▏", grey), "class {row}");
            }
        }
    }
}

#[test]
fn a_right_prediction_has_one_green_bar_and_no_red_cell() {
    let theme = Theme::new(Depth::TrueColor, false);
    let buffer = drawn(&scenes::third_epoch(), (80, 24), &theme);
    let (x, y) = find(&buffer, "✓ Ankle boot 94% (Ankle boot)");
    assert_eq!(Some(buffer[(x, y)].bg), theme.verdict(Tone::Right).bg);
    assert_eq!(buffer[(x + 1, y)].bg, Color::Reset, "the words keep the terminal's own colours");
    let red = theme.tone(Tone::Wrong).fg;
    assert!(buffer.content.iter().all(|cell| Some(cell.fg) != red && Some(cell.bg) != red));
}

#[test]
fn in_the_matrix_what_is_right_is_told_from_mistakes_without_colours() {
    let screens = scenes::screens();
    let (_, app) = screens.iter().find(|(name, _)| *name == "confusion").expect("a scene");
    let buffer = drawn(app, (80, 24), &Theme::new(Depth::None, false));
    let (x, y) = find(&buffer, "0 T-shirt/top");
    // The last digit of a cell's count; the selected one is reversed and bold too.
    let is_bold = |row: u16, column: u16| {
        let modifier = buffer[(x + 13 + 5 * column + 4, y + row)].modifier;
        modifier.contains(Modifier::BOLD) && !modifier.contains(Modifier::REVERSED)
    };
    for row in 0..10 {
        for column in 0..10 {
            assert_eq!(is_bold(row, column), row == column, "{row}, {column}\n{}", text(&buffer));
        }
    }
}

#[test]
fn right_and_wrong_are_shown_without_colour() {
    for (theme, right, wrong) in [
        (
            Theme::new(Depth::None, false),
            ["✓ Ankle boot 94% (Ankle boot)", "▸✓ Ankle boot"],
            ["✗ Sandal 83% (Sneaker)", " ✓ Sneaker"],
        ),
        (
            Theme::new(Depth::None, true),
            ["ok Ankle boot 94% (Ankle boot)", ">* Ankle boot"],
            ["x Sandal 83% (Sneaker)", " * Sneaker"],
        ),
    ] {
        let screens = [(scenes::third_epoch(), right), (scenes::wrong(), wrong)];
        for (app, expected) in screens {
            let buffer = drawn(&app, (80, 24), &theme);
            for words in expected {
                find(&buffer, words);
            }
        }
    }
}

#[test]
fn before_a_prediction_the_caption_is_the_true_class_alone() {
    let mut app = scenes::loading();
    app.load(Loaded::Data(samples::dataset()));
    let buffer = drawn(&app, (80, 24), &Theme::new(Depth::None, false));
    let (_, y) = find(&buffer, "Test image 0 of 10,000");
    let screen = text(&buffer);
    let caption = screen.lines().nth(usize::from(y) + 15).map(str::trim);
    assert_eq!(caption, Some("Ankle boot"));
    assert!(!screen.contains('%'), "{screen}");
}

#[test]
fn the_whole_reason_of_a_failure_can_be_read() {
    let reason =
        "The device stopped answering after step 4,984, and what it had computed since the last checkpoint is \
                  lost. "
            .repeat(9);
    let mut app = scenes::third_epoch();
    app.apply(Report::Failed { reason: reason.clone() });
    for size in [(80, 24), (120, 40)] {
        let screen = text(&drawn(&app, size, &Theme::new(Depth::None, false)));
        let words = |text: &str| text.split_whitespace().collect::<Vec<&str>>().join(" ");
        assert!(words(&screen).contains(words(&reason).as_str()), "{screen}");
    }
}

#[test]
fn long_and_wide_class_names_are_cut_and_leave_the_percentages_where_they_are() {
    let mut app = scenes::wrong();
    let long = "a winter coat with a hood, buttons and f";
    with_names(
        &mut app,
        [long, "裤子", "套衫", "裙子", "外套", "凉鞋凉鞋凉鞋凉鞋凉鞋凉鞋凉鞋凉鞋", "衬衫", "运动鞋", "包", "靴"],
    );
    let buffer = drawn(&app, (80, 24), &Theme::new(Depth::None, false));
    let (_, top) = find(&buffer, "a winter coat w…");
    for row in 0..10 {
        assert_eq!(buffer[(78, top + row)].symbol(), "%", "class {row}");
    }
}

#[test]
fn the_best_epoch_is_bold() {
    let buffer = drawn(&scenes::third_epoch(), (120, 40), &Theme::new(Depth::None, false));
    let (x, y) = find(&buffer, "0.462");
    assert!(!buffer[(x, y)].modifier.contains(Modifier::BOLD), "the first epoch");
    assert!(buffer[(x, y + 1)].modifier.contains(Modifier::BOLD), "the second and best epoch");
}

#[test]
fn a_double_click_on_the_dashboards_picture_opens_it_and_leaves_it_open() {
    for (width, height) in [LEAST, (80, 24), (120, 40), (200, 60)] {
        let (screen, mut app) = (Rect::new(0, 0, width, height), scenes::done());
        let place = middle(&drawn(&app, (width, height), &Theme::new(Depth::TrueColor, false)), "▀");
        for _ in 0..2 {
            if let Some(action) = hit(screen, &app, place) {
                app.act(action, &page(screen, &app));
            }
        }
        assert_eq!((app.screen(), app.shows_one()), (Screen::Gallery, true), "{width}×{height}");
        app.act(Action::Back, &page(screen, &app));
        assert_eq!(app.screen(), Screen::Dashboard);
    }
}

#[test]
fn the_epoch_whose_predictions_are_shown_is_marked_and_in_sight() {
    let theme = Theme::new(Depth::None, false);
    let marked = |app: &App, size| {
        let screen = text(&drawn(app, size, &theme));
        let table = screen.lines().skip_while(|line| !line.contains("Epochs")).skip(1);
        let rows: Vec<String> = table.filter_map(|line| Some(line.split_once("▸")?.1.trim().to_owned())).collect();
        rows.iter().filter_map(|row| row.split(' ').next()).map(str::to_owned).collect::<Vec<String>>()
    };
    for size in [(80, 24), (120, 40)] {
        let mut app = scenes::done();
        assert!(marked(&app, size).is_empty());
        for epoch in (1..10).rev() {
            app.act(Action::Earlier, &Page::default());
            assert_eq!(marked(&app, size), [epoch.to_string()], "{size:?}");
        }
    }
}

/// There the picture takes all rows, and its heading none.
#[test]
fn the_least_dashboard_says_which_images_it_lists() {
    let theme = Theme::new(Depth::None, false);
    for (actions, words) in [
        (&[Action::NextClass, Action::ToggleWrong][..], "T-shirt/top · mistakes"),
        (&[Action::ToggleWrong], "mistakes"),
        (&[Action::NextOrder], "least sure first"),
    ] {
        for height in [16, 17, 18] {
            let mut app = scenes::done();
            for action in actions {
                app.act(*action, &Page::default());
            }
            find(&drawn(&app, (60, height), &theme), words);
        }
    }
}

#[test]
fn the_newest_epochs_are_shown_where_not_all_fit() {
    let screen = text(&drawn(&scenes::done(), (80, 24), &Theme::new(Depth::None, false)));
    let newest = screen.lines().rev().nth(1).expect("the row over the footer");
    assert!(newest.contains("10 0.2766"), "{newest}");
}

#[test]
fn the_help_shows_every_key_on_80_by_24() {
    for ascii in [false, true] {
        let screen = text(&drawn(&scenes::help(), (80, 24), &Theme::new(Depth::None, ascii)));
        for binding in crate::app::bound::Keys::default().rows() {
            assert!(screen.contains(binding.words), "{:?} is missing in\n{screen}", binding.words);
        }
    }
}

/// The middle of the first of these words.
fn middle(buffer: &Buffer, words: &str) -> Position {
    let (x, y) = find(buffer, words);
    Position { x: x + 1, y }
}

#[test]
fn a_click_does_what_stands_there() {
    let theme = Theme::new(Depth::TrueColor, false);
    let size = Rect::new(0, 0, 80, 24);
    let screens = scenes::screens();
    let app = |name: &str| &screens.iter().find(|(other, _)| *other == name).expect("a scene").1;
    for (name, words, action) in [
        ("filtered", "3 Confusion", Action::Show(Screen::Confusion)),
        ("filtered", "Trouser", Action::Show(Screen::Confusion)),
        ("filtered", "done in", Action::Show(Screen::Curves)),
        ("filtered", "2 0.402", Action::See(2 * 1875)),
        // The eleventh image is selected, and the first of its page is the tenth.
        ("gallery", "▀", Action::PickImage(10)),
        ("data", "Dress", Action::PickClass(Class::all().nth(3).expect("a class"))),
        ("neurons", "7 Sneaker", Action::PickUnit(7)),
        ("choice", "loss", Action::Back),
    ] {
        let app = app(name);
        let buffer = drawn(app, (80, 24), &theme);
        assert_eq!(hit(size, app, middle(&buffer, words)), Some(action), "{name}, {words}\n{}", text(&buffer));
    }
    for name in ["gallery_large", "training_values", "neuron"] {
        for position in size.inner(Margin::new(1, 1)).positions() {
            assert_eq!(hit(size, app(name), position), None, "{name} at {position}: only Esc closes what is large");
        }
    }
    // The seventh row of the matrix, and its third column.
    let buffer = drawn(app("confusion"), (80, 24), &theme);
    let (x, y) = find(&buffer, "0 T-shirt/top");
    let class = |number| Class::new(number).expect("a class");
    let clicked = hit(size, app("confusion"), Position { x: x + 13 + 2 * 5 + 3, y: y + 6 });
    assert_eq!(clicked, Some(Action::PickCell(class(6), class(2))));
}

#[test]
fn the_cursor_stands_behind_the_index_being_typed() {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a test terminal is always to be had");
    let app = scenes::prompt();
    terminal.draw(|frame| draw(frame, &app, &Theme::new(Depth::None, false))).expect("it can always be drawn on");
    terminal.backend_mut().assert_cursor_position((5, 23));
}

#[test]
fn a_small_terminal_says_what_it_has_and_what_it_takes() {
    let screen = text(&drawn(&scenes::loading(), (59, 16), &Theme::new(Depth::None, false)));
    let words = screen.split_whitespace().collect::<Vec<&str>>().join(" ");
    assert_eq!(words, "fitroom needs 60×16 cells, this terminal has 59×16.");
}

/// What a frame while training may change: at 20 frames per second 8 kB per second are 400 bytes, and a run of changed
/// cells takes about 30 of them.
#[test]
fn a_batch_changes_few_places_of_the_screen() {
    let theme = Theme::new(Depth::TrueColor, false);
    let mut app = scenes::third_epoch();
    let mut before = drawn(&app, (80, 24), &theme);
    let mut runs = 0;
    for frame in 1..=20 {
        let step = 4984 + 20 * frame;
        app.apply(Report::Batch(scenes::batch(step, 20)));
        let after = drawn(&app, (80, 24), &theme);
        let mut last = None;
        for (x, y, _) in before.diff(&after) {
            runs += usize::from(last != Some((x, y)));
            last = Some((x + 1, y));
        }
        before = after;
    }
    assert!(runs <= 20 * 13, "{runs} runs of cells in 20 frames");
}
