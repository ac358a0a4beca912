//! The Dashboard: the training, one image, what the network takes it for.
//!
//! Where the panes stand, and what gives way first where there is little room, is in `areas`.

mod areas;
mod charts;

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::Line,
    widgets::Clear,
};

use self::areas::DashboardAreas;
use crate::{
    app::{Action, Half, Page, Scene, Screen, screens::dashboard::Dashboard},
    view::{epochs, images::Shown, picture, prediction, sparklines, test_image, theme::Theme, training},
};

/// Images that ↑ and ↓ pass over, and such rows that a page has.
const STRIDES: (usize, usize) = (10, 10);

/// Draws the panes.
pub fn draw(frame: &mut Frame, area: Rect, dashboard: &Dashboard, scene: &Scene, theme: &Theme) {
    let (known, shown) = (&scene.known, Shown::new(scene, Half::Test));
    let areas = DashboardAreas::new(area, scene);
    training::draw_heading(frame, areas.heading, known, theme);
    training::draw(frame, areas.training, known, theme);
    if areas.curves.height >= charts::LEAST_ROWS {
        charts::draw(frame, areas.curves, known, theme);
    } else {
        sparklines::draw(frame, areas.curves, known, theme);
    }
    test_image::draw(frame, areas.image, &shown, dashboard.size, theme);
    test_image::draw_caption(frame, areas.caption, &shown, theme);
    prediction::draw(frame, areas.prediction, &shown, theme);
    epochs::draw(frame, areas.epochs, &known.epochs, seen(scene), theme);
    let filter = Line::styled(shown.words_in(areas.filter.width.into(), theme), theme.muted());
    let is_below = areas.filter.x == areas.image.x;
    frame.render_widget(if is_below { filter.centered() } else { filter }, areas.filter);
    if !shown.album.is_plain() && areas.image.y == areas.prediction.y {
        // Which images are left takes more words than the picture is wide.
        let heading = Rect { height: 1, ..areas.image.union(areas.prediction) };
        frame.render_widget(Clear, heading);
        test_image::draw_heading(frame, heading, &shown, theme);
    }
}

/// The step of the epoch whose predictions are shown, where that is not now.
fn seen(scene: &Scene) -> Option<u64> {
    scene.past().map(|moment| moment.step)
}

/// How far a row and a page go, and the largest picture.
pub fn page(area: Rect, _: &Dashboard, scene: &Scene) -> Page {
    let image = DashboardAreas::new(area, scene).image;
    let height = image.height.saturating_sub(test_image::TEXT_ROWS);
    let largest = picture::scale(image.width, height).max(1);
    Page { columns: STRIDES.0, rows: STRIDES.1, largest, ..Page::default() }
}

/// What a click there means: the way into what the pane shows in small.
pub fn hit(area: Rect, _: &Dashboard, scene: &Scene, position: Position) -> Option<Action> {
    let areas = DashboardAreas::new(area, scene);
    if areas.image.contains(position) {
        return Some(Action::Enter);
    }
    if areas.epochs.contains(position) {
        return epochs::hit(areas.epochs, &scene.known.epochs, seen(scene), position);
    }
    if areas.prediction.contains(position) {
        return Some(Action::Show(Screen::Confusion));
    }
    let is_training = [areas.heading, areas.training, areas.curves].iter().any(|area| area.contains(position));
    is_training.then_some(Action::Show(Screen::Curves))
}
