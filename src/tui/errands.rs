//! What is to be asked for and read so that the screen gets what it needs, where it needs something else than before.
//! Asks and reads nothing.

use crate::{
    app::{Loaded, Wishes},
    protocol::Look,
};

/// What is to be done for the screen.
#[derive(Debug, PartialEq)]
pub(super) enum Errand {
    /// The run is asked for this.
    Look(Look),
    /// The data set is counted.
    Survey,
    /// The runs that can be compared with are read.
    Runs,
}

/// What has been asked for, and what is being read.
#[derive(Debug, Default)]
pub(super) struct Errands {
    look: Look,
    survey: bool,
    runs: bool,
}

impl Errands {
    /// What is to be done for these wishes. `has_run`: whether there is a run that can be asked.
    pub fn new_ones(&mut self, wishes: Wishes, has_run: bool) -> Vec<Errand> {
        let mut errands = Vec::new();
        if has_run && wishes.look != self.look {
            self.look = wishes.look.clone();
            errands.push(Errand::Look(wishes.look));
        }
        // What is being read already is read once, however often it is wished for meanwhile.
        if wishes.survey && !std::mem::replace(&mut self.survey, true) {
            errands.push(Errand::Survey);
        }
        if wishes.runs && !std::mem::replace(&mut self.runs, true) {
            errands.push(Errand::Runs);
        }
        errands
    }

    /// Notes that this is read.
    pub fn done(&mut self, loaded: &Loaded) {
        match loaded {
            Loaded::Data(_) => {}
            Loaded::Survey(_) => self.survey = false,
            Loaded::Runs(_) => self.runs = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::{Action, App, Page, Screen},
        fashion::Survey,
        protocol::{Report, samples},
    };

    /// A dashboard with what it wants done, after each of these actions.
    fn act(app: &mut App, errands: &mut Errands, actions: &[Action]) -> Vec<Errand> {
        let mut all = Vec::new();
        for action in actions {
            app.act(*action, &Page::default());
            all.extend(errands.new_ones(app.wishes(&Page::default()), false));
        }
        all
    }

    fn take(app: &mut App, errands: &mut Errands, loaded: Loaded) {
        errands.done(&loaded);
        app.load(loaded);
    }

    #[test]
    fn runs_that_are_being_read_are_not_read_once_more_and_runs_that_are_read_are() {
        let (mut app, mut errands) = (App::new(None), Errands::default());
        app.apply(Report::Started(samples::started()));
        let opened = [Action::PickRun, Action::Back, Action::PickRun, Action::Back, Action::PickRun];
        assert_eq!(act(&mut app, &mut errands, &[Action::Show(Screen::Curves)]), []);
        assert_eq!(act(&mut app, &mut errands, &opened), [Errand::Runs]);
        take(&mut app, &mut errands, Loaded::Runs(Ok(vec![samples::other_run("coat", 1)])));
        assert_eq!(act(&mut app, &mut errands, &[Action::Back]), []);
        assert_eq!(act(&mut app, &mut errands, &opened), [Errand::Runs], "there may be new ones");
        // Nobody waits for them any more.
        assert_eq!(act(&mut app, &mut errands, &[Action::Back]), []);
        take(&mut app, &mut errands, Loaded::Runs(Err("cannot read runs".to_owned())));
        assert_eq!(act(&mut app, &mut errands, &[Action::PickRun]), [Errand::Runs]);
    }

    #[test]
    fn the_data_set_is_counted_once() {
        let (mut app, mut errands) = (App::new(None), Errands::default());
        let visits = [Action::Show(Screen::Data), Action::Show(Screen::Curves), Action::Show(Screen::Data)];
        assert_eq!(act(&mut app, &mut errands, &visits), [], "there is nothing to count yet");
        take(&mut app, &mut errands, Loaded::Data(samples::dataset()));
        assert_eq!(act(&mut app, &mut errands, &visits), [Errand::Survey]);
        take(&mut app, &mut errands, Loaded::Survey(Box::new(Survey::new(&samples::dataset()))));
        assert_eq!(act(&mut app, &mut errands, &visits), []);
    }

    #[test]
    fn a_run_is_asked_once_it_is_there_and_then_whenever_something_else_is_seen() {
        let (mut app, mut errands) = (App::new(None), Errands::default());
        take(&mut app, &mut errands, Loaded::Data(samples::dataset()));
        let mut ask = |app: &App, has_run| errands.new_ones(app.wishes(&Page::default()), has_run);
        let look = |index| [Errand::Look(Look { predicted: [index].into(), ..Look::default() })];
        assert_eq!(ask(&app, false), [], "there is nobody to ask");
        assert_eq!(ask(&app, true), look(0));
        assert_eq!(ask(&app, true), []);
        app.act(Action::PickImage(7), &Page::default());
        app.act(Action::Show(Screen::Gallery), &Page::default());
        app.act(Action::PickImage(7), &Page::default());
        assert_eq!(ask(&app, true), look(7));
        app.act(Action::Show(Screen::Curves), &Page::default());
        assert_eq!(ask(&app, true), [Errand::Look(Look::default())], "nothing of the network is seen");
    }
}
