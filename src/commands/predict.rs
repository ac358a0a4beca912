//! `fitroom predict`: what a run's network takes images for, those of the data set or those in files.

use std::{
    env, fs,
    io::{self, IsTerminal, Write},
    path::Path,
};

use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use crossterm::terminal::size;
use serde_json::{Value, json};

use super::{Kept, paint, status};
use crate::{
    cli::{Color, Colours, Which},
    depth,
    fashion::{CLASSES, Class, Dataset, Image, PIXELS, idx, photo},
    metrics::most_probable,
    protocol::Probabilities,
    view::{
        Depth, Theme,
        card::{self, Card},
    },
};

/// How the answer is written.
#[derive(Clone, Debug)]
pub enum Form {
    /// A line of JSON an image.
    Json,
    /// Cards as many side by side as so many columns hold.
    Cards {
        /// The terminal's columns.
        columns: u16,
        /// Its colours.
        theme: Theme,
    },
}

impl Form {
    /// JSON where it is asked for, else cards for standard output: of its width, in these colours, or, where it is no
    /// terminal and nothing else is asked for, in none.
    #[must_use]
    pub fn of_standard_output(json: bool, colours: &Colours) -> Self {
        if json {
            return Self::Json;
        }
        let variable = |name: &str| env::var(name).ok();
        let is_terminal = io::stdout().is_terminal();
        let color = if is_terminal || colours.color != Color::Auto { colours.color } else { Color::Never };
        let asked = variable("COLUMNS").and_then(|columns| columns.parse().ok());
        let columns = asked.or_else(|| if is_terminal { size().ok().map(|(columns, _)| columns) } else { None });
        let theme = depth::theme(&Colours { color, ..colours.clone() }, variable);
        Self::Cards { columns: columns.unwrap_or(80), theme }
    }
}

/// Writes what the network makes of each of these: an index of a test image, or a file with a picture or with images as IDX.
/// Returns the exit status.
///
/// # Errors
/// When there is no such run or image, a file is none that can be read, or `out` fails.
pub fn predict(which: &Which, inputs: &[String], form: Form, mut out: impl Write) -> Result<u8> {
    let kept = Kept::open(which)?;
    let wants_dataset = inputs.iter().any(|input| index(input).is_some());
    let dataset = if wants_dataset { Some(kept.dataset(which)?) } else { None };
    let names = names(&kept, dataset.as_ref())?;
    let mut subjects = Vec::new();
    for input in inputs {
        match (index(input), &dataset) {
            (Some(index), Some(dataset)) => subjects.push(Subject::test_image(dataset, index)?),
            _ => subjects.extend(Subject::from_file(input)?),
        }
    }
    let pixels: Vec<u8> = subjects.iter().flat_map(|subject| subject.pixels).collect();
    let predictions = kept.checkpoint.predict(&pixels)?;
    let written = match form {
        Form::Json => subjects
            .iter()
            .zip(&predictions)
            .try_for_each(|(subject, probabilities)| writeln!(out, "{}", subject.json(probabilities, &names))),
        Form::Cards { columns, theme } => cards(&subjects, &predictions, &names, columns, &theme, &mut out),
    };
    status(written, out)
}

/// The classes' names: the data set's, or those of the run's.
fn names(kept: &Kept, dataset: Option<&Dataset>) -> Result<[String; CLASSES]> {
    match dataset {
        Some(dataset) => Ok(dataset.names().clone()),
        None => kept.facts.dataset.classes.clone().try_into().map_err(|classes: Vec<String>| {
            eyre!("{} names {} classes, expected {CLASSES}", kept.run.facts_path().display(), classes.len())
        }),
    }
}

/// The index that this is, if it is one and no file's name.
fn index(input: &str) -> Option<usize> {
    input.parse().ok()
}

/// Where an image is from.
enum Origin {
    /// The test images: its index among them.
    Test(usize),
    /// A picture's file.
    Picture(String),
    /// A file of images, and its index there.
    Idx(String, usize),
}

/// An image that is asked about.
struct Subject {
    title: String,
    origin: Origin,
    truth: Option<Class>,
    pixels: [u8; PIXELS],
}

impl Subject {
    fn test_image(dataset: &Dataset, index: usize) -> Result<Self> {
        let count = dataset.test.len();
        if index >= count {
            bail!("there is no test image {index}: expected 0 to {}", count - 1);
        }
        let (truth, pixels) = (Some(dataset.test.class(index)), *dataset.test.image(index).pixels());
        Ok(Self { title: format!("Test image {index}"), origin: Origin::Test(index), truth, pixels })
    }

    /// The picture in a file, or all images of an IDX file.
    fn from_file(path: &str) -> Result<Vec<Self>> {
        let of = |title: String, origin, pixels| Self { title, origin, truth: None, pixels };
        let bytes = fs::read(path).wrap_err_with(|| format!("cannot read {path}"))?;
        let name = Path::new(path).file_name().map_or(path.into(), |name| name.to_string_lossy().into_owned());
        if idx::is_images(&bytes) {
            let pixels = idx::read_images(&*bytes).map_err(|problem| eyre!("{path}: {problem}"))?;
            let (images, _) = pixels.as_chunks();
            return Ok(images
                .iter()
                .enumerate()
                .map(|(at, image)| of(format!("{name}, image {at}"), Origin::Idx(path.to_owned(), at), *image))
                .collect());
        }
        let pixels = photo::read(&bytes).wrap_err_with(|| {
            format!("{path} is no picture that can be read, expected a PNG, JPEG, WebP or IDX file")
        })?;
        Ok(vec![of(name, Origin::Picture(path.to_owned()), pixels)])
    }

    fn json(&self, probabilities: &Probabilities, names: &[String; CLASSES]) -> Value {
        let name = |class: Class| &names[class.index()];
        let mut line = match &self.origin {
            Origin::Test(index) => json!({ "index": index }),
            Origin::Picture(file) => json!({ "file": file }),
            Origin::Idx(file, image) => json!({ "file": file, "image": image }),
        };
        line["predicted"] = json!(name(most_probable(probabilities)));
        if let Some(truth) = self.truth {
            line["class"] = json!(name(truth));
        }
        line["probabilities"] = json!(probabilities);
        line
    }
}

fn cards(
    subjects: &[Subject],
    predictions: &[Probabilities],
    names: &[String; CLASSES],
    columns: u16,
    theme: &Theme,
    out: &mut impl Write,
) -> io::Result<()> {
    let cards: Vec<Card> = subjects
        .iter()
        .zip(predictions)
        .map(|(subject, probabilities)| Card {
            title: &subject.title,
            image: Image::new(&subject.pixels),
            names,
            truth: subject.truth,
            probabilities,
            theme,
        })
        .collect();
    let (across, width) = card::across(columns, cards.len());
    for (number, cards) in cards.chunks(across).enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        paint::lines(&card::row(cards, width, theme), theme.depth() != Depth::None, out)?;
    }
    Ok(())
}
