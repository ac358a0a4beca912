//! What the Dashboard shows at which size: it gives up what matters least first, row by row, and uses the room it has.

use super::{drawn, scenes, text};
use crate::{
    app::App,
    view::theme::{Depth, Theme},
};

/// The least and the largest of the sizes that are gone through.
const COLUMNS: [u16; 11] = [60, 70, 80, 90, 100, 110, 120, 132, 160, 200, 240];
const ROWS: std::ops::RangeInclusive<u16> = 16..=70;

/// What the scene of the third epoch shows, in words.
const WORDS: [&str; 17] = [
    "● training",
    "3/10",
    "1,234/1,875",
    "4s left",
    "150,000 images/s",
    "loss",
    "0.3233",
    "accuracy",
    "88.3%",
    "CPU, 2 threads",
    "Test image 0",
    "✓ Ankle boot 94%",
    "▸✓ Ankle boot",
    "Prediction",
    "Epochs",
    "84.3%",
    "gap",
];

/// Those of the words that are on the screen, and the curves where they are.
fn shown(screen: &str) -> Vec<&'static str> {
    let mut shown: Vec<&str> = WORDS.into_iter().filter(|words| screen.contains(words)).collect();
    if screen.contains(|letter| ('▁'..='▇').contains(&letter) || ('\u{2801}'..='\u{28ff}').contains(&letter)) {
        shown.push("curves");
    }
    shown
}

fn screen(app: &App, size: (u16, u16)) -> String {
    text(&drawn(app, size, &Theme::new(Depth::TrueColor, false)))
}

#[test]
fn what_is_shown_on_some_rows_is_shown_on_one_more_too() {
    let app = scenes::third_epoch();
    for columns in COLUMNS {
        let (mut before, mut picture) = (Vec::<&str>::new(), 0);
        for rows in ROWS {
            let screen = screen(&app, (columns, rows));
            let now = shown(&screen);
            let lost: Vec<_> = before.iter().filter(|words| !now.contains(words)).collect();
            assert!(lost.is_empty(), "{columns}×{rows} has no {lost:?}, which it has with one row less:\n{screen}");
            let won = now.len() - before.len();
            assert!(before.is_empty() || won <= 5, "{columns}×{rows} wins {won} things at once:\n{screen}");
            let cells = screen.matches('▀').count();
            assert!(cells >= picture, "{columns}×{rows} has a smaller picture than with one row less");
            (before, picture) = (now, cells);
        }
        assert_eq!(before.len(), WORDS.len() + 1, "{columns}×70 has {before:?} alone");
    }
}

#[test]
fn with_tmuxs_line_on_80_by_24_nothing_but_air_is_lost() {
    let app = scenes::third_epoch();
    let all = shown(&screen(&app, (80, 24)));
    assert_eq!(all.len(), WORDS.len() + 1, "{all:?}");
    assert_eq!(shown(&screen(&app, (80, 23))), all);
    assert!(screen(&app, (80, 23)).contains("batch 32"));
    // The speed is what goes next.
    for (rows, lost) in [(22, &["150,000 images/s"][..]), (21, &["150,000 images/s"])] {
        let left = shown(&screen(&app, (80, rows)));
        assert_eq!(all.iter().filter(|words| !left.contains(words)).copied().collect::<Vec<_>>(), lost, "{rows} rows");
    }
}

#[test]
fn nothing_moves_from_the_first_epoch_to_the_last_and_when_the_run_ends() {
    let places = |app: &App, size| {
        let screen = screen(app, size);
        ["Training", "Test image 0", "Prediction", "Epochs", "loss"]
            .map(|words| screen.lines().position(|line| line.contains(words)))
    };
    let scenes =
        vec![scenes::started(), scenes::trained(150), scenes::third_epoch(), scenes::evaluating(), scenes::done()];
    for size in [(60, 16), (80, 23), (80, 24), (100, 30), (110, 34), (132, 43), (160, 50), (200, 50), (240, 70)] {
        let first = places(&scenes[0], size);
        for app in &scenes {
            assert_eq!(places(app, size), first, "{size:?}");
        }
    }
}

/// A third of a screen of 110×34 was empty once.
#[test]
fn a_run_that_is_done_uses_nearly_all_rows_at_either_side_of_every_usual_screen() {
    for size in [(80, 23), (80, 24), (100, 30), (110, 34), (120, 40), (132, 43), (160, 50), (200, 50), (240, 70)] {
        let screen = screen(&scenes::done(), size);
        let rows: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
        let columns = usize::from(size.0);
        for (first, last) in [(0, columns / 3), (columns * 2 / 3, columns)] {
            let is_blank =
                |row: &&Vec<char>| row[first.min(row.len())..last.min(row.len())].iter().all(|letter| *letter == ' ');
            let over_footer = &rows[..rows.len() - 1];
            let blank = over_footer.iter().rev().take_while(is_blank).count();
            // Beside bars that have air between them the table ends earlier.
            let most = if size.0 < 160 { rows.len() / 8 } else { rows.len() / 4 };
            assert!(blank <= most, "{size:?}: columns {first} to {last} end {blank} rows early\n{screen}");
        }
    }
}
