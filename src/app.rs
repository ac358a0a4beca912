//! The dashboard's state: what is known of the run, where the person stands in it, and the screens. Reports and actions
//! change it; it draws nothing, waits for nothing and reads no clock.

mod action;
pub mod album;
mod answer;
pub mod archive;
pub mod bound;
mod chord;
pub mod history;
pub mod keys;
pub mod known;
mod leaving;
mod notes;
mod overlay;
pub mod progress;
mod responds;
mod run_control;
mod scene;
mod screen;
pub mod screens;
mod sentences;
#[cfg(test)]
mod tests;
mod ways;

use std::{collections::BTreeSet, sync::Arc};

use crossterm::event::KeyEvent;

pub(crate) use self::screen::for_each_screen;
pub use self::{
    action::{Action, Leaving},
    answer::{Offer, Stance},
    known::{Half, Known, Phase},
    overlay::{Overlay, RunChoice},
    scene::Scene,
    screen::Screen,
    screens::Screens,
    ways::{Direction, Page, Stride},
};
use self::{
    album::{Filter, Order},
    answer::Answer,
    bound::Keys,
    notes::Notes,
    sentences::{LOADING, NEWEST_ONLY, NOT_LARGE, NOT_PREDICTED, NOT_REPLAYED},
};
use crate::{
    fashion::{Dataset, Survey},
    printable::thousands,
    protocol::{Command, Look, OtherRun, Report},
};

/// Where a person was before going into something.
#[derive(Clone, Debug)]
struct Place {
    screen: Screen,
    /// The screen that was gone into, and how it showed before what it has.
    into: (Screen, Stance),
    /// The half whose filter was changed on the way, and what it was before.
    filter: Option<(Half, Filter)>,
}

/// What the dashboard needs from elsewhere at this moment. Whoever runs it compares this with what it was before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// What the worker is to report of the network: no more than is seen.
    pub look: Look,
    /// That the data set is counted.
    pub survey: bool,
    /// That the runs that can be compared with are read.
    pub runs: bool,
}

/// What was read for the dashboard.
#[derive(Debug)]
pub enum Loaded {
    /// The data set.
    Data(Arc<Dataset>),
    /// What the data set is made of.
    Survey(Box<Survey>),
    /// The runs that can be compared with, newest first, or why they cannot be read.
    Runs(Result<Vec<OtherRun>, String>),
}

/// What the program of this dashboard has to do with the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It trains the run, which ends with it.
    #[default]
    Trains,
    /// It looks on while another one trains it, or after that.
    Watches,
}

/// The dashboard's state.
#[derive(Debug, Default)]
pub struct App {
    role: Role,
    keys: Keys,
    scene: Scene,
    screens: Screens,
    screen: Screen,
    overlay: Overlay,
    /// Where one goes back to.
    trail: Vec<Place>,
    notice: Option<String>,
    /// What is to be said of the run after that, oldest first.
    notes: Notes,
    /// Whether the person waits for a checkpoint.
    saving: bool,
    /// Whether the run is to train on in the background as soon as it is kept.
    detaching: bool,
    leaving: Option<Leaving>,
    /// Whether somebody else has stopped the run.
    is_stopped_elsewhere: bool,
}

impl App {
    /// A dashboard before its run. `pace`: at most this many steps per second.
    #[must_use]
    pub fn new(pace: Option<f64>) -> Self {
        let mut app = Self::default();
        app.scene.known.pace = pace;
        app
    }

    /// A dashboard of a run that another program trains.
    #[must_use]
    pub fn of_another() -> Self {
        Self { role: Role::Watches, ..Self::default() }
    }

    /// The same dashboard with these keys.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self { keys, ..self }
    }

    /// The keys as they are bound.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// What a key means at this moment.
    #[must_use]
    pub fn action(&self, key: KeyEvent) -> Option<Action> {
        self.keys.action(&self.overlay, key)
    }

    /// Takes what was read.
    pub fn load(&mut self, loaded: Loaded) {
        match loaded {
            Loaded::Data(data) => {
                self.scene.known.data = Some(data);
                self.scene.arrange(Half::Train);
                self.scene.arrange(Half::Test);
            }
            Loaded::Survey(survey) => self.scene.known.survey = Some(*survey),
            Loaded::Runs(runs) => self.take_runs(runs),
        }
    }

    /// Takes the runs that can be compared with, if they are still waited for.
    fn take_runs(&mut self, runs: Result<Vec<OtherRun>, String>) {
        let Overlay::Runs(choice @ RunChoice { runs: None, .. }) = &mut self.overlay else { return };
        match runs {
            Ok(mut runs) => {
                let own = self.scene.known.started.as_ref().and_then(|started| started.run.as_ref());
                runs.retain(|run| Some(&run.name) != own && !run.epochs.is_empty());
                *choice = RunChoice { row: usize::from(!runs.is_empty()), runs: Some(runs) };
            }
            Err(reason) => {
                self.overlay = Overlay::None;
                self.notice = Some(reason);
            }
        }
    }

    /// What is needed at this moment, on a terminal that holds so much.
    #[must_use]
    pub fn wishes(&self, page: &Page) -> Wishes {
        let screen = self.screens.get(self.screen);
        // Of the past nothing is asked: the network of then is gone.
        let image = self.scene.image(Half::Test).filter(|_| !self.scene.is_past());
        let only = |is_shown: bool| image.filter(|_| is_shown).into_iter().collect::<BTreeSet<usize>>();
        Wishes {
            look: Look {
                predicted: only(screen.shows_prediction()),
                explained: only(self.scene.explain && screen.can_explain()),
                tiles: screen.tiles(page).into_iter().collect(),
            },
            survey: self.screen == Screen::Data && self.scene.known.data.is_some() && self.scene.known.survey.is_none(),
            runs: matches!(&self.overlay, Overlay::Runs(RunChoice { runs: None, .. })),
        }
    }

    /// Takes in what happened to the run.
    pub fn apply(&mut self, report: Report) {
        match &report {
            Report::Saved { step } if std::mem::take(&mut self.saving) => {
                self.notice = Some(format!("saved as it is after step {}", thousands(*step)));
            }
            Report::NotSaved { .. } if std::mem::take(&mut self.saving) => self.notice = self.notes.next(),
            // Each is read before the next one: a key leads on.
            Report::Note { text } if self.notice.is_some() => self.notes.put(text.clone()),
            Report::Note { text } => self.notice = Some(text.clone()),
            // Somebody else has stopped it.
            Report::Ended { .. } if self.role == Role::Trains && self.leaving.is_none() => {
                self.leaving = Some(Leaving::Stopping);
                self.is_stopped_elsewhere = true;
            }
            _ => {}
        }
        if self.detaching {
            self.detach(&report);
        }
        self.scene.apply(report);
    }

    /// Does what a key means, on a terminal that holds so much; the command, if any, is for the worker.
    pub fn act(&mut self, action: Action, page: &Page) -> Option<Command> {
        self.notice = None;
        let command = if self.overlay.lets_through(action) { self.obey(action, page) } else { None };
        // What the key itself has to say comes first.
        if self.notice.is_none() {
            self.notice = self.notes.next();
        }
        command
    }

    fn obey(&mut self, action: Action, page: &Page) -> Option<Command> {
        if let Some(answer) = self.elsewhere(action) {
            self.follow(answer);
            return None;
        }
        if action == Action::Back && self.overlay == Overlay::None && self.ends_replay() {
            return self.steer(Self::replay);
        }
        let half = self.half();
        let Self { scene, screens, screen, .. } = self;
        let shown = screens.get_mut(*screen);
        let answer = match action {
            Action::Go(stride, direction) if self.overlay.go(page, stride, direction) => Answer::Done,
            Action::Go(stride, direction) => shown.go(scene, page, stride, direction),
            Action::Wrong(direction) => shown.go_to_wrong(scene, direction),
            Action::Zoom(direction) => shown.zoom(scene, page, direction),
            Action::OpenPrompt => Answer::Open(Overlay::Prompt(String::new())),
            Action::Type(letter) => self.type_digit(letter),
            Action::Erase => self.erase(),
            Action::NextClass => next_class(scene, half),
            Action::ToggleWrong => toggle_wrong(scene, half),
            Action::NextOrder => next_order(scene, half),
            Action::ClearFilter => set_filter(scene, half, Filter::default(), scene.album(half).order()),
            Action::Earlier | Action::Later if half == Half::Train => NOT_PREDICTED.into(),
            Action::Earlier => scene.earlier(),
            Action::Later => scene.later(),
            Action::See(step) => scene.see(step),
            Action::Invert => {
                scene.inverted = !scene.inverted;
                Answer::Done
            }
            Action::ToggleExplain => self.toggle_explain(),
            Action::Show(screen) => Answer::Show(screen),
            Action::NextScreen => Answer::Show(self.screen.after(1)),
            Action::PreviousScreen => Answer::Show(self.screen.after(Screen::ALL.len() - 1)),
            Action::Enter => self.enter(),
            Action::Back => self.back(),
            Action::ToggleHalf
            | Action::NextSmoothing
            | Action::ToggleLogarithm
            | Action::ToggleUnit
            | Action::PickRun
            | Action::PickImage(_)
            | Action::PickUnit(_)
            | Action::PickCell(..)
            | Action::PickClass(_)
            | Action::PickStep(_) => shown.act(scene, action).unwrap_or(Answer::Done),
            Action::PickRow(row) => self.pick_row(row),
            Action::ToggleHelp if matches!(self.overlay, Overlay::Help { .. }) => Answer::Open(Overlay::None),
            Action::ToggleHelp => Answer::Open(Overlay::Help { page: 0 }),
            Action::TogglePause => return self.steer(Self::toggle_pause),
            Action::Step => return self.steer(Self::step),
            Action::Slower => return self.steer(Self::slower),
            Action::Faster => return self.steer(Self::faster),
            Action::Replay => return self.steer(Self::replay),
            Action::Save => return self.steer(Self::save),
            Action::Quit => self.quit(),
            Action::Leave(way) => return self.leave(way),
            // The terminal's own affairs.
            Action::Redraw | Action::Suspend => Answer::Done,
        };
        self.follow(answer);
        None
    }

    /// Does what a screen has answered.
    fn follow(&mut self, answer: Answer) {
        match answer {
            Answer::Done => {}
            Answer::Say(words) => self.notice = Some(self.keys.spelled(&words)),
            Answer::Open(overlay) => self.overlay = overlay,
            Answer::Show(screen) => {
                let stance = Stance { half: self.half(), is_large: false };
                self.screens.get_mut(self.screen).stand(stance);
                self.screen = screen;
                self.trail.clear();
                self.overlay = Overlay::None;
            }
            Answer::Into(screen, stance, filter) => {
                let before = self.screens.get_mut(screen).stand(stance);
                let filter = filter.map(|filter| (stance.half, self.replace_filter(stance.half, filter)));
                self.trail.push(Place { screen: self.screen, into: (screen, before), filter });
                self.screen = screen;
            }
        }
    }

    /// Changes which images are left, and returns what left them before.
    fn replace_filter(&mut self, half: Half, filter: Filter) -> Filter {
        let album = self.scene.album(half);
        let (before, order) = (album.filter(), album.order());
        self.scene.set_filter(half, filter, order);
        before
    }

    /// Takes the next letter of an index.
    fn type_digit(&mut self, letter: char) -> Answer {
        match &mut self.overlay {
            Overlay::Prompt(text) if letter.is_ascii_digit() && text.len() < 9 => text.push(letter),
            Overlay::Prompt(_) => return "an index is made of digits".into(),
            Overlay::None | Overlay::Help { .. } | Overlay::Runs(_) | Overlay::Leave => {}
        }
        Answer::Done
    }

    fn erase(&mut self) -> Answer {
        if let Overlay::Prompt(text) = &mut self.overlay {
            text.pop();
        }
        Answer::Done
    }

    fn toggle_explain(&mut self) -> Answer {
        if self.half() == Half::Train {
            return NOT_PREDICTED.into();
        }
        if !self.screens.get(self.screen).can_explain() {
            return NOT_LARGE.into();
        }
        if self.scene.is_past() {
            return NEWEST_ONLY.into();
        }
        if self.scene.known.is_replay {
            return NOT_REPLAYED.into();
        }
        self.scene.explain = !self.scene.explain;
        Answer::Done
    }

    /// The answer to a key that acts only where what it changes is shown, on a screen that does not show it.
    fn elsewhere(&self, action: Action) -> Option<Answer> {
        let owners = Screen::ALL.into_iter().filter(|screen| self.screens.get(*screen).owns(action));
        let owners: Vec<Screen> = owners.collect();
        let last = owners.last().filter(|_| !owners.contains(&self.screen))?.with_digit();
        let others: Vec<String> = owners[..owners.len() - 1].iter().map(|screen| screen.with_digit()).collect();
        Some(match others[..] {
            [] if action == Action::ToggleHalf => format!("training images are in {last}").into(),
            [] => format!("this key is for {last}").into(),
            _ => format!("this key is for {} and {last}", others.join(", ")).into(),
        })
    }

    fn enter(&mut self) -> Answer {
        let screen = self.screens.get_mut(self.screen);
        match std::mem::take(&mut self.overlay) {
            Overlay::Prompt(text) => text.parse().map_or(Answer::Done, |index| screen.jump(&mut self.scene, index)),
            Overlay::Runs(choice) => {
                self.screens.curves.compare(choice);
                Answer::Done
            }
            Overlay::Help { .. } | Overlay::Leave => Answer::Done,
            Overlay::None => screen.enter(&mut self.scene),
        }
    }

    /// Chooses a row of the list that lies over the panes.
    fn pick_row(&mut self, row: usize) -> Answer {
        let Overlay::Runs(choice) = &mut self.overlay else { return Answer::Done };
        choice.row = row.min(choice.runs.as_ref().map_or(0, Vec::len));
        self.enter()
    }

    fn back(&mut self) -> Answer {
        if self.overlay != Overlay::None {
            return Answer::Open(Overlay::None);
        }
        if self.screens.get_mut(self.screen).close() {
            return Answer::Done;
        }
        let Some(Place { screen, into: (left, stance), filter }) = self.trail.pop() else {
            return self.scene.return_to_now();
        };
        self.screens.get_mut(left).stand(stance);
        if let Some((half, filter)) = filter {
            self.replace_filter(half, filter);
        }
        self.screen = screen;
        Answer::Done
    }

    /// Whether Esc leads back to where the person came from.
    fn is_inside(&self) -> bool {
        !self.trail.is_empty() || self.screens.get(self.screen).is_open()
    }

    /// Whether Esc ends the replay: nothing else is to be left before.
    fn ends_replay(&self) -> bool {
        self.scene.known.is_replay && !self.is_inside() && !self.scene.is_past()
    }

    /// Whether a key does something at this moment, and what the footer calls it.
    #[must_use]
    pub fn offers(&self, action: Action) -> Offer {
        match action {
            Action::Step => self.scene.known.will_pause().into(),
            // Where Esc does the same, one of the two is enough.
            Action::Replay if self.scene.known.is_replay && !self.ends_replay() => Offer::As("end replay"),
            Action::Replay => self.can_replay().into(),
            Action::Save if self.can_save() => self.screens.get(self.screen).offers(&self.scene, action),
            Action::Back if self.is_inside() => Offer::Yes,
            Action::Back if self.scene.is_past() => Offer::As("present"),
            Action::Back if self.ends_replay() => Offer::As("end replay"),
            Action::Save | Action::Back => Offer::No,
            Action::Show(_) | Action::ToggleHelp | Action::Redraw | Action::Quit => Offer::Yes,
            action => self.screens.get(self.screen).offers(&self.scene, action),
        }
    }

    /// What this program has to do with the run.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// What all screens share.
    #[must_use]
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// What is known of the run.
    #[must_use]
    pub fn known(&self) -> &Known {
        &self.scene.known
    }

    /// The screens' own states.
    #[must_use]
    pub fn screens(&self) -> &Screens {
        &self.screens
    }

    /// The screen that is shown.
    #[must_use]
    pub fn screen(&self) -> Screen {
        self.screen
    }

    /// Which images the screen shows.
    #[must_use]
    pub fn half(&self) -> Half {
        self.screens.get(self.screen).half()
    }

    /// Whether the screen shows one image, which a turn of the wheel exchanges for the next one.
    #[must_use]
    pub fn shows_one(&self) -> bool {
        self.screens.get(self.screen).shows_one()
    }

    /// Whether what the screen shows is asked for and has not come yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.screens.get(self.screen).is_waiting(&self.scene)
    }

    /// What lies over the panes.
    #[must_use]
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// A sentence for the person about the last key.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Whether somebody else has stopped the run.
    #[must_use]
    pub fn is_stopped_elsewhere(&self) -> bool {
        self.is_stopped_elsewhere
    }

    /// How the person has left, if so.
    #[must_use]
    pub fn leaving(&self) -> Option<Leaving> {
        self.leaving
    }
}

fn next_class(scene: &mut Scene, half: Half) -> Answer {
    let filter = scene.album(half).filter();
    let filter = Filter { class: album::next_class(filter.class), predicted: None, ..filter };
    set_filter(scene, half, filter, scene.album(half).order())
}

fn toggle_wrong(scene: &mut Scene, half: Half) -> Answer {
    let filter = scene.album(half).filter();
    match scene.why_no_predictions(half) {
        Some(reason) => reason.into(),
        None => set_filter(scene, half, Filter { wrong: !filter.wrong, ..filter }, scene.album(half).order()),
    }
}

fn next_order(scene: &mut Scene, half: Half) -> Answer {
    match scene.why_no_predictions(half) {
        Some(reason) => reason.into(),
        None => set_filter(scene, half, scene.album(half).filter(), scene.album(half).order().next()),
    }
}

fn set_filter(scene: &mut Scene, half: Half, filter: Filter, order: Order) -> Answer {
    if scene.known.data.is_none() {
        return LOADING.into();
    }
    scene.set_filter(half, filter, order);
    Answer::Done
}
