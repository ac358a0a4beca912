//! What each action does to the dashboard's state, and what it asks of the worker.

use super::{
    Action, App, Choice, Half, Overlay, Phase, Place, Screen,
    album::{self, Filter, Order},
    chart::Unit,
    go::{
        Direction::{Back, Forward},
        Stride,
    },
    moment,
};
use crate::protocol::Command;

/// Points that make a curve.
const LEAST_CURVE: usize = 3;
/// Steps a second from which doubling leads back to full speed.
const FASTEST_PACE: f64 = 4096.0;

impl App {
    /// Does what a key means; the command, if any, is for the worker.
    pub fn act(&mut self, action: Action) -> Option<Command> {
        self.notice = None;
        let command = if self.reaches(action) { self.obey(action) } else { None };
        // What the key itself has to say comes first.
        if self.notice.is_none() {
            self.notice = self.notes.pop_front();
        }
        command
    }

    fn obey(&mut self, action: Action) -> Option<Command> {
        match action {
            Action::Previous => self.go(Stride::One, Back),
            Action::Next => self.go(Stride::One, Forward),
            Action::RowUp => self.go(Stride::Row, Back),
            Action::RowDown => self.go(Stride::Row, Forward),
            Action::PageUp => self.go(Stride::Page, Back),
            Action::PageDown => self.go(Stride::Page, Forward),
            Action::First => self.go(Stride::All, Back),
            Action::Last => self.go(Stride::All, Forward),
            Action::NextWrong => self.go_to_wrong(Forward),
            Action::PreviousWrong => self.go_to_wrong(Back),
            Action::OpenPrompt => self.show_overlay(Overlay::Prompt(String::new())),
            Action::Type(letter) => self.type_digit(letter),
            Action::Erase => self.erase(),
            Action::NextClass => self.next_class(),
            Action::ToggleWrong => self.toggle_wrong(),
            Action::ClearFilter => self.set_filter(Filter::default(), self.album().order()),
            Action::NextOrder => self.next_order(),
            Action::Earlier => self.earlier(),
            Action::Later => self.later(),
            Action::See(step) => self.see(step),
            Action::Invert => self.change(|app| app.pictures.inverted = !app.pictures.inverted),
            Action::ZoomIn => self.zoom_in(),
            Action::ZoomOut => self.zoom_out(),
            Action::ToggleExplain => self.toggle_explain(),
            Action::ToggleHalf => self.toggle_half(),
            Action::NextSmoothing => self.on_curves(|app| app.chart.smoothing = app.chart.smoothing.next()),
            Action::ToggleLogarithm => self.on_curves(|app| app.chart.logarithmic = !app.chart.logarithmic),
            Action::ToggleUnit => self.on_curves(|app| {
                app.chart.unit = if app.chart.unit == Unit::Epochs { Unit::Steps } else { Unit::Epochs };
            }),
            Action::PickRun => self.on_curves(|app| app.overlay = Overlay::Runs(Choice::default())),
            Action::Show(screen) => self.show(screen),
            Action::NextScreen => self.show(Screen::ALL[(self.screen.place() + 1) % Screen::ALL.len()]),
            Action::PreviousScreen => {
                self.show(Screen::ALL[(self.screen.place() + Screen::ALL.len() - 1) % Screen::ALL.len()])
            }
            Action::Enter => self.enter(),
            Action::Back => self.back(),
            Action::PickImage(index) => self.pick(index == self.selected(), |app| app.select(index)),
            Action::PickUnit(unit) => self.pick(unit == self.unit, |app| app.change(|app| app.unit = unit)),
            Action::PickCell(truth, predicted) => self
                .pick(self.cell() == (truth, predicted), |app| app.change(|app| app.cell = Some((truth, predicted)))),
            Action::PickClass(class) => self.pick(self.class == class, |app| app.change(|app| app.class = class)),
            Action::PickRow(row) => self.pick_row(row),
            Action::PickStep(step) => self.change(|app| app.chart.put_cursor(step)),
            Action::TogglePause => self.toggle_pause(),
            Action::Step => self.step(),
            Action::Slower => Some(self.slower()),
            Action::Faster => Some(self.faster()),
            Action::ToggleHelp => self.toggle_help(),
            Action::Save => self.save(),
            Action::Quit => Some(self.quit()),
            // The terminal's own affairs.
            Action::Redraw | Action::Suspend => None,
        }
    }

    /// Whether an action gets past what lies over the panes.
    fn reaches(&self, action: Action) -> bool {
        let takes_keys = matches!(self.overlay, Overlay::Help { .. } | Overlay::Runs(_));
        !takes_keys
            || matches!(
                action,
                Action::Previous
                    | Action::Next
                    | Action::RowUp
                    | Action::RowDown
                    | Action::PageUp
                    | Action::PageDown
                    | Action::First
                    | Action::Last
                    | Action::Enter
                    | Action::Back
                    | Action::PickRow(_)
                    | Action::Show(_)
                    | Action::NextScreen
                    | Action::PreviousScreen
                    | Action::ToggleHelp
                    | Action::Redraw
                    | Action::Suspend
                    | Action::Quit
            )
    }

    /// Changes no more than the screen.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Self)) -> Option<Command> {
        change(self);
        None
    }

    pub(super) fn notify(&mut self, words: &str) -> Option<Command> {
        self.notice = Some(words.to_owned());
        None
    }

    fn show_overlay(&mut self, overlay: Overlay) -> Option<Command> {
        self.overlay = overlay;
        None
    }

    fn next_class(&mut self) -> Option<Command> {
        let filter = self.album().filter();
        self.set_filter(
            Filter { class: album::next_class(filter.class), predicted: None, ..filter },
            self.album().order(),
        )
    }

    fn toggle_wrong(&mut self) -> Option<Command> {
        let filter = self.album().filter();
        if let Some(reason) = self.why_no_predictions() {
            return self.notify(reason);
        }
        self.set_filter(Filter { wrong: !filter.wrong, ..filter }, self.album().order())
    }

    fn next_order(&mut self) -> Option<Command> {
        if let Some(reason) = self.why_no_predictions() {
            return self.notify(reason);
        }
        self.set_filter(self.album().filter(), self.album().order().next())
    }

    /// Why the images of the screen have no predictions, if so.
    fn why_no_predictions(&self) -> Option<&'static str> {
        match (self.half(), self.moment()) {
            (Half::Train, _) => Some(NOT_PREDICTED),
            (Half::Test, None) => Some(NO_PREDICTIONS),
            (Half::Test, Some(_)) => None,
        }
    }

    /// Changes which images are left, and in which order.
    fn set_filter(&mut self, filter: Filter, order: Order) -> Option<Command> {
        let half = self.half();
        let Self { data, archive, seen, test, train, .. } = self;
        let data = data.as_ref()?;
        if half == Half::Train {
            train.set(filter, order, data.train.classes(), None);
            return None;
        }
        test.set(filter, order, data.test.classes(), moment(archive, *seen));
        None
    }

    fn earlier(&mut self) -> Option<Command> {
        // What is seen now may be some steps after the newest moment.
        let now =
            || self.batch.as_ref().map(|batch| batch.step).into_iter().chain(self.archive.newest().map(|m| m.step));
        let from = self.seen.or_else(|| now().max()).unwrap_or(0);
        match self.archive.before(from).map(|moment| moment.step) {
            Some(step) => self.see(step),
            None if self.archive.newest().is_none() => self.notify(NO_PREDICTIONS),
            None => self.notify("no predictions from before that are kept"),
        }
    }

    fn later(&mut self) -> Option<Command> {
        let Some(from) = self.seen else { return self.notify("this is now") };
        match self.archive.after(from).map(|moment| moment.step) {
            Some(step) => self.see(step),
            None => self.change(Self::return_to_now),
        }
    }

    /// Whether steps were trained after this one.
    fn has_gone_on(&self, step: u64) -> bool {
        self.batch.as_ref().is_some_and(|batch| batch.step > step)
    }

    /// Shows the predictions as of this step. The newest are what is seen now, unless training has gone on from there.
    fn see(&mut self, step: u64) -> Option<Command> {
        let (first, newest) = (self.archive.moments().first(), self.archive.newest().map(|moment| moment.step));
        if let Some(first) = first.filter(|first| first.step > step) {
            let words = format!("no predictions from before epoch {} are kept", first.epoch);
            return self.notify(&words);
        }
        let at = self.archive.at(step).map(|moment| moment.step);
        if at == newest && !self.has_gone_on(newest.unwrap_or(0)) {
            return self.change(Self::return_to_now);
        }
        self.seen = at;
        self.arrange();
        None
    }

    fn return_to_now(&mut self) {
        if self.seen.take().is_some() {
            self.arrange();
        }
    }

    fn zoom_in(&mut self) -> Option<Command> {
        let largest = self.page.largest;
        let grown = match self.screen {
            Screen::Dashboard => match self.pictures.dashboard {
                Some(size) => {
                    self.pictures.dashboard = (size + 1 < largest).then_some(size + 1);
                    true
                }
                None => false,
            },
            Screen::Gallery if !self.is_large => grow(&mut self.pictures.gallery, largest),
            Screen::Neurons if !self.is_large => grow(&mut self.pictures.neurons, largest),
            Screen::Curves => return self.zoom_into_curves(),
            Screen::Gallery | Screen::Neurons | Screen::Confusion | Screen::Data => return self.notify(NO_ZOOM),
        };
        if grown { None } else { self.notify("no larger picture fits this terminal") }
    }

    /// Shows half as much of the curves, where that is enough to be seen as a curve.
    fn zoom_into_curves(&mut self) -> Option<Command> {
        let last = self.last_step();
        let mut zoomed = self.chart.clone();
        if !zoomed.zoom_in(last) || self.points_within(zoomed.window(last)) < LEAST_CURVE {
            return self.notify("no shorter part of the run can be shown");
        }
        self.change(|app| app.chart = zoomed)
    }

    /// How many points of the training curve are within these steps.
    fn points_within(&self, (start, end): (u64, u64)) -> usize {
        self.history.points().iter().filter(|point| (start..=end).contains(&point.step)).count()
    }

    fn zoom_out(&mut self) -> Option<Command> {
        let largest = self.page.largest;
        let shrunk = match self.screen {
            Screen::Dashboard => {
                let size = self.pictures.dashboard.unwrap_or(largest).min(largest);
                self.pictures.dashboard = Some(size.saturating_sub(1).max(1)).filter(|smaller| *smaller < largest);
                size > 1
            }
            Screen::Gallery if !self.is_large => shrink(&mut self.pictures.gallery, largest),
            Screen::Neurons if !self.is_large => shrink(&mut self.pictures.neurons, largest),
            Screen::Curves if self.chart.zoom_out() => true,
            Screen::Curves => return self.notify("this is the whole run"),
            Screen::Gallery | Screen::Neurons | Screen::Confusion | Screen::Data => return self.notify(NO_ZOOM),
        };
        if shrunk { None } else { self.notify("there is no smaller picture") }
    }

    fn toggle_explain(&mut self) -> Option<Command> {
        self.pictures.explain = !self.pictures.explain;
        if self.pictures.explain && !self.shows_explanation() {
            return self.notify(if self.is_past() {
                "what the pixels say is known only of now: ] leads there"
            } else {
                "what the pixels say is shown on the Dashboard's picture"
            });
        }
        None
    }

    fn toggle_half(&mut self) -> Option<Command> {
        if self.screen != Screen::Gallery {
            return self.notify("training images are in the Gallery (2)");
        }
        self.half = if self.half == Half::Test { Half::Train } else { Half::Test };
        None
    }

    /// Does what has a meaning for the curves alone.
    fn on_curves(&mut self, change: impl FnOnce(&mut Self)) -> Option<Command> {
        if self.screen == Screen::Curves {
            return self.change(change);
        }
        self.notify("this key is for the Curves (4)")
    }

    pub(super) fn show(&mut self, screen: Screen) -> Option<Command> {
        self.screen = screen;
        self.is_large = false;
        self.trail.clear();
        self.overlay = Overlay::None;
        None
    }

    /// Goes somewhere from where one can come back.
    fn go_into(&mut self, screen: Screen, is_large: bool) {
        let filters = [self.test.filter(), self.train.filter()];
        self.trail.push(Place { screen: self.screen, is_large: self.is_large, half: self.half, filters });
        (self.screen, self.is_large) = (screen, is_large);
    }

    fn enter(&mut self) -> Option<Command> {
        match std::mem::take(&mut self.overlay) {
            Overlay::Prompt(text) => return self.jump(&text),
            Overlay::Runs(choice) => return self.change(|app| app.compare(choice)),
            Overlay::Help { .. } => return None,
            Overlay::None => {}
        }
        match self.screen {
            Screen::Dashboard | Screen::Gallery if self.album().is_empty() => self.notify(NOTHING_LEFT),
            Screen::Dashboard => {
                self.go_into(Screen::Gallery, true);
                self.half = Half::Test;
                None
            }
            Screen::Gallery | Screen::Neurons if self.is_large => None,
            Screen::Gallery => self.change(|app| app.go_into(Screen::Gallery, true)),
            Screen::Neurons => self.change(|app| app.go_into(Screen::Neurons, true)),
            Screen::Confusion => {
                if let Some(reason) = self.why_no_predictions() {
                    return self.notify(reason);
                }
                let (truth, predicted) = self.cell();
                self.go_into(Screen::Gallery, false);
                self.half = Half::Test;
                let filter = Filter { class: Some(truth), predicted: Some(predicted), wrong: false };
                self.set_filter(filter, self.test.order())
            }
            Screen::Curves => {
                let Some(cursor) = self.chart.cursor(self.last_step()) else {
                    return self.notify("put a cursor on the curves first, with ← and →");
                };
                if self.archive.newest().is_none() {
                    return self.notify(NO_PREDICTIONS);
                }
                self.go_into(Screen::Dashboard, false);
                self.see(cursor)
            }
            Screen::Data => {
                self.go_into(Screen::Gallery, false);
                self.half = Half::Train;
                self.set_filter(Filter { class: Some(self.class), ..Filter::default() }, Order::Index)
            }
        }
    }

    fn back(&mut self) -> Option<Command> {
        if self.overlay != Overlay::None {
            return self.show_overlay(Overlay::None);
        }
        if self.screen == Screen::Curves && self.chart.take_cursor() {
            return None;
        }
        let Place { screen, is_large, half, filters: [test, train] } = self.trail.pop()?;
        // What led into a cell of the matrix, or into a class of the data, showed only its images.
        let command = match screen {
            Screen::Confusion => {
                self.half = Half::Test;
                self.set_filter(test, self.test.order())
            }
            Screen::Data => {
                self.half = Half::Train;
                self.set_filter(train, Order::Index)
            }
            Screen::Dashboard | Screen::Gallery | Screen::Curves | Screen::Neurons => None,
        };
        (self.screen, self.is_large, self.half) = (screen, is_large, half);
        command
    }

    /// Goes into what is selected already, else selects it.
    fn pick(&mut self, is_selected: bool, select: impl FnOnce(&mut Self) -> Option<Command>) -> Option<Command> {
        if is_selected { self.enter() } else { select(self) }
    }

    /// Chooses a row of the list that lies over the panes.
    fn pick_row(&mut self, row: usize) -> Option<Command> {
        let Overlay::Runs(choice) = &mut self.overlay else { return None };
        choice.row = row.min(choice.runs.as_ref().map_or(0, Vec::len));
        self.enter()
    }

    /// Lays the chosen run over this one's curves.
    fn compare(&mut self, choice: Choice) {
        let chosen = choice.row.checked_sub(1);
        self.chart.other = choice.runs.into_iter().flatten().nth(chosen.unwrap_or(usize::MAX));
    }

    fn toggle_pause(&mut self) -> Option<Command> {
        self.return_to_now();
        match self.phase {
            Phase::Training | Phase::Evaluating => {
                self.phase = Phase::Paused;
                Some(Command::Pause)
            }
            Phase::Paused => {
                self.phase = Phase::Training;
                Some(Command::Resume)
            }
            Phase::Loading => self.notify("training has not begun"),
            Phase::Done | Phase::Failed { .. } => self.notify("training has ended"),
        }
    }

    fn step(&mut self) -> Option<Command> {
        self.return_to_now();
        match self.phase {
            Phase::Paused => Some(Command::Step),
            Phase::Done | Phase::Failed { .. } => self.notify("training has ended"),
            Phase::Loading | Phase::Training | Phase::Evaluating => {
                self.notify("pause first (Space), then batch by batch")
            }
        }
    }

    fn slower(&mut self) -> Command {
        let from = self.pace.or(self.full_speed).unwrap_or(FASTEST_PACE).max(2.0);
        // A power of two is a pace that a person can name, whatever the machine's own was.
        self.set_pace(Some((from / 2.0).log2().floor().exp2()))
    }

    fn faster(&mut self) -> Command {
        let fastest = self.full_speed.unwrap_or(FASTEST_PACE);
        self.set_pace(self.pace.map(|pace| pace * 2.0).filter(|pace| *pace < fastest))
    }

    fn set_pace(&mut self, pace: Option<f64>) -> Command {
        self.return_to_now();
        self.pace = pace;
        Command::Pace { steps_per_second: pace }
    }

    fn toggle_help(&mut self) -> Option<Command> {
        let is_open = matches!(self.overlay, Overlay::Help { .. });
        self.show_overlay(if is_open { Overlay::None } else { Overlay::Help { page: 0 } })
    }

    fn save(&mut self) -> Option<Command> {
        self.return_to_now();
        if self.started.is_none() {
            return self.notify("nothing to save yet");
        }
        self.saving = true;
        self.notice = Some("saving".to_owned());
        Some(Command::Save)
    }

    fn quit(&mut self) -> Command {
        self.quitting = true;
        Command::Stop
    }
}

pub(super) const NO_PREDICTIONS: &str = "no predictions yet: they come with the first evaluation";
pub(super) const NOT_PREDICTED: &str = "training images are not predicted";
const NO_ZOOM: &str = "there is nothing to zoom here";
pub(super) const NOTHING_LEFT: &str = "the filter leaves no image: C clears it";

/// Makes pictures a size larger, where that fits.
fn grow(size: &mut u16, largest: u16) -> bool {
    let can = *size < largest;
    *size += u16::from(can);
    can
}

/// Makes pictures a size smaller than the largest that fits.
fn shrink(size: &mut u16, largest: u16) -> bool {
    let shown = (*size).min(largest);
    *size = shown.saturating_sub(1);
    shown > 0
}
