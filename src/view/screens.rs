//! The screens' pictures. How each looks, what a click on it hits and how much it holds is its file's.

mod confusion;
mod curves;
mod dashboard;
mod data;
mod gallery;
mod neurons;

use ratatui::{
    Frame,
    layout::{Position, Rect},
};

use crate::{
    app::{Action, App, Page, Screen, for_each_screen},
    view::theme::Theme,
};

macro_rules! dispatch {
    ($($(#[$doc:meta])* $screen:ident in $file:ident,)*) => {
        /// Draws the screen that is shown.
        pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
            match app.screen() {
                $(Screen::$screen => $file::draw(frame, area, &app.screens().$file, app.scene(), theme),)*
            }
        }

        /// What a click on it means.
        pub fn hit(area: Rect, app: &App, position: Position) -> Option<Action> {
            match app.screen() {
                $(Screen::$screen => $file::hit(area, &app.screens().$file, app.scene(), position),)*
            }
        }

        /// How much it holds in an area.
        pub fn page(area: Rect, app: &App) -> Page {
            match app.screen() {
                $(Screen::$screen => $file::page(area, &app.screens().$file, app.scene()),)*
            }
        }
    };
}

for_each_screen!(dispatch);
