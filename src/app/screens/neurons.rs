//! The Neurons' own state: which part of the network is selected, and how large the pictures are.

use crate::{
    app::{
        Action,
        answer::{Answer, Offer, Stance},
        responds::{Responds, resize},
        scene::{Scene, refuse},
        screen::Screen,
        sentences::NO_ZOOM,
        ways::{Direction, Page, Stride, moved},
    },
    protocol::{TileRange, Tiles},
};

/// What the network's units look for.
#[derive(Debug, Default)]
pub struct Neurons {
    /// The selected one, from 0.
    pub selected: usize,
    /// Whether it has the whole screen.
    pub is_large: bool,
    /// The pictures' size, where there are many. 0 is half of the usual one, which is 1.
    pub size: u16,
}

/// How many there are, once the run has begun.
fn count(scene: &Scene) -> usize {
    scene.known.started.as_ref().map_or(0, |started| started.tiles)
}

/// The answer to an index that no unit has.
fn refused(index: usize, scene: &Scene) -> Option<Answer> {
    refuse("unit", index, count(scene))
}

impl Responds for Neurons {
    fn go(&mut self, scene: &mut Scene, page: &Page, stride: Stride, direction: Direction) -> Answer {
        if let Some(refused) = refused(0, scene) {
            return refused;
        }
        let last = count(scene).saturating_sub(1);
        self.selected = moved(self.selected, page.distance(stride), direction, last);
        Answer::Done
    }

    fn enter(&mut self, _: &mut Scene) -> Answer {
        if self.is_large {
            return Answer::Done;
        }
        Answer::Into(Screen::Neurons, Stance { is_large: true, ..Stance::default() }, None)
    }

    fn zoom(&mut self, _: &Scene, page: &Page, direction: Direction) -> Answer {
        if self.is_large {
            return NO_ZOOM.into();
        }
        resize(&mut self.size, direction, page)
    }

    fn jump(&mut self, scene: &mut Scene, index: usize) -> Answer {
        if let Some(refused) = refused(index, scene) {
            return refused;
        }
        self.selected = index;
        Answer::Done
    }

    fn act(&mut self, scene: &mut Scene, action: Action) -> Option<Answer> {
        let Action::PickUnit(unit) = action else { return None };
        Some(self.pick(scene, self.selected == unit, |neurons, _| neurons.selected = unit))
    }

    fn is_waiting(&self, scene: &Scene) -> bool {
        let is_there = |tiles: &Tiles| tiles.tiles.iter().any(|tile| tile.number == self.selected);
        self.selected < count(scene) && !scene.known.tiles.as_ref().is_some_and(is_there)
    }

    fn owns(&self, action: Action) -> bool {
        matches!(action, Action::OpenPrompt | Action::Invert)
    }

    fn offers(&self, _: &Scene, action: Action) -> Offer {
        match action {
            Action::Go(..) => Offer::As("move"),
            Action::OpenPrompt => Offer::Yes,
            Action::Zoom(_) | Action::Enter => (!self.is_large).into(),
            _ => Offer::No,
        }
    }

    fn shows_one(&self) -> bool {
        self.is_large
    }

    fn tiles(&self, page: &Page) -> Option<TileRange> {
        Some(if self.is_large {
            TileRange { first: self.selected, count: 1 }
        } else {
            TileRange { first: page.start(self.selected), count: page.count() }
        })
    }

    fn stand(&mut self, stance: Stance) -> Stance {
        Stance { is_large: std::mem::replace(&mut self.is_large, stance.is_large), ..Stance::default() }
    }
}
