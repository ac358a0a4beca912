//! The screens in a terminal that draws images by itself.

use ratatui::layout::Size;

use super::*;

/// The pictures that are images, and half blocks.
fn counts(buffer: &Buffer) -> (usize, usize) {
    let count = |wanted: &dyn Fn(&str) -> bool| buffer.content.iter().filter(|cell| wanted(cell.symbol())).count();
    (count(&|symbol| symbol.contains("\x1b_G") || symbol.contains("\x1bP")), count(&|symbol| symbol == "▀"))
}

#[test]
fn all_pictures_of_images_are_drawn_by_the_terminal_and_take_the_cells_of_half_blocks() {
    let blocks = Theme::new(Depth::TrueColor, false);
    let kitty = blocks.clone().with_graphics(Graphics::Kitty);
    let mut most = 0;
    for (name, app) in scenes::all().into_iter().chain(scenes::screens()) {
        let (before, after) = (drawn(&app, (160, 50), &blocks), drawn(&app, (160, 50), &kitty));
        let (images, left) = counts(&after);
        let placeholders = after.content.iter().filter(|cell| cell.symbol().contains('\u{10eeee}')).count();
        assert_eq!(placeholders + left, counts(&before).1, "{name}");
        assert_eq!(placeholders > 0, images > 0, "{name}");
        most = most.max(images);
    }
    assert!(most > 10, "at most {most} pictures side by side");
}

#[test]
fn what_changes_while_the_network_learns_stays_half_blocks() {
    let theme = Theme::new(Depth::TrueColor, false).with_graphics(Graphics::Kitty);
    for app in [scenes::neurons(&[]), scenes::explained()] {
        let (images, blocks) = counts(&drawn(&app, (80, 24), &theme));
        assert!(images == 0 && blocks > 0, "{images} images, {blocks} half blocks");
    }
}

#[test]
fn under_the_help_there_is_no_image_that_it_could_cut() {
    let sixel = Graphics::Sixel { cell: Some(Size::new(8, 16)) };
    for graphics in [Graphics::Kitty, sixel] {
        let theme = Theme::new(Depth::TrueColor, false).with_graphics(graphics);
        let mut app = scenes::done();
        assert!(counts(&drawn(&app, (120, 40), &theme)).0 > 0);
        app.act(Action::ToggleHelp, &page(Rect::new(0, 0, 120, 40), &app));
        assert_eq!(counts(&drawn(&app, (120, 40), &theme)).0, 0);
        app.act(Action::Back, &page(Rect::new(0, 0, 120, 40), &app));
        assert!(counts(&drawn(&app, (120, 40), &theme)).0 > 0);
    }
}
