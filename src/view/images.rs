//! The words of images: which there are, in which order, and what to do where the filter leaves none. Draws no picture.

use ratatui::{Frame, layout::Rect, text::Line};

use crate::{
    app::{
        Half, Scene,
        album::{Album, Filter, Order},
    },
    fashion::{Dataset, Split},
    protocol::{Attribution, Probabilities},
    view::{
        format::{fit, thousands, width, wrap},
        theme::Theme,
    },
};

/// The images that a screen shows, and of the selected one what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Which half of the data set they are of.
    pub half: Half,
    /// Those that the filter leaves, and the selected one.
    pub album: &'a Album,
    /// The data set, once it is read.
    pub data: Option<&'a Dataset>,
    /// Their half of it, once it is read.
    pub split: Option<&'a Split>,
    /// The selected image, unless the filter leaves none at all.
    pub image: Option<usize>,
    /// What the network makes of the selected image.
    pub prediction: Option<&'a Probabilities>,
    /// Which of its pixels speak for that, where that is to be seen.
    pub attribution: Option<&'a Attribution>,
    /// Whether pictures are drawn light on dark.
    pub inverted: bool,
}

impl<'a> Shown<'a> {
    /// The images of this half.
    pub fn new(scene: &'a Scene, half: Half) -> Self {
        Self {
            half,
            album: scene.album(half),
            data: scene.known.data.as_deref(),
            split: scene.known.split(half),
            image: scene.image(half),
            prediction: scene.image(half).and_then(|index| scene.prediction(half, index)),
            attribution: scene.attribution().filter(|_| half == Half::Test),
            inverted: scene.inverted,
        }
    }

    /// What an image is called.
    pub fn name(&self) -> &'static str {
        match self.half {
            Half::Test => "Test image",
            Half::Train => "Training image",
        }
    }

    /// Which images there are, and in which order: what stands beside a heading.
    pub fn words(&self, theme: &Theme) -> String {
        let (album, dot) = (self.album, theme.glyphs().dot);
        let of = self.split.map_or(0, Split::len);
        let mut words = Vec::new();
        let filter = self.filter_words(album.filter(), dot);
        let place = album.place().map(|place| format!("{} of ", thousands(place as u64 + 1))).unwrap_or_default();
        if filter.is_empty() && album.order() == Order::Index {
            words.push(format!("{} in all", thousands(of as u64)));
        } else if filter.is_empty() {
            words.push(format!("{place}{}", thousands(album.len() as u64)));
        } else {
            words.push(format!("{place}{} {filter}", thousands(album.len() as u64)));
        }
        words.push(order_words(album.order()).to_owned());
        words.join(dot)
    }

    /// The same in so many cells: where they are few, what leaves images out and their order alone.
    pub fn words_in(&self, cells: usize, theme: &Theme) -> String {
        let words = self.words(theme);
        if width(&words) <= cells {
            return words;
        }
        let dot = theme.glyphs().dot;
        let order = Some(self.album.order()).filter(|order| *order != Order::Index).map(order_words);
        let filter = self.filter_words(self.album.filter(), dot);
        let words: Vec<&str> = [filter.as_str()].into_iter().filter(|words| !words.is_empty()).chain(order).collect();
        fit(&words.join(dot), cells, theme.glyphs().ellipsis)
    }

    fn filter_words(&self, filter: Filter, dot: &str) -> String {
        let Some(data) = self.data else { return String::new() };
        let mut words = Vec::new();
        match (filter.class, filter.predicted) {
            (Some(class), Some(predicted)) if class == predicted => words.push(format!("{} as such", data.name(class))),
            (Some(class), Some(predicted)) => {
                words.push(format!("{} taken for {}", data.name(class), data.name(predicted)));
            }
            (Some(class), None) => words.push(data.name(class).to_owned()),
            (None, Some(predicted)) => words.push(format!("taken for {}", data.name(predicted))),
            (None, None) => {}
        }
        if filter.wrong {
            words.push("mistakes".to_owned());
        }
        words.join(dot)
    }

    /// Draws that the filter leaves nothing, and what to do.
    pub fn draw_nothing_left(&self, frame: &mut Frame, area: Rect, theme: &Theme) {
        let filter = self.filter_words(self.album.filter(), ", ");
        let lines = wrap(&format!("no image matches: {filter} (C clears the filter)"), usize::from(area.width));
        for (line, row) in lines.into_iter().zip(area.rows().skip(usize::from(area.height / 2))) {
            frame.render_widget(Line::styled(line, theme.muted()).centered(), row);
        }
    }
}

fn order_words(order: Order) -> &'static str {
    match order {
        Order::Index => "by index",
        Order::LeastConfident => "least sure first",
        Order::MostConfidentlyWrong => "surest mistakes first",
    }
}
