//! `fitroom predict`: what a run's network predicts for images of the data set or in files. Draws each as a card or
//! prints JSON; how a picture is prepared is `fashion::photo`'s business.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, BufRead, BufReader, Cursor, IsTerminal, Read, Write},
    path::{Path, PathBuf},
};

use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use crossterm::terminal::size;
use serde_json::{Value, json};

use super::{
    output::{complain, status},
    paint,
    saved::SavedRun,
};
use crate::{
    cli::{Color, Colours, Which},
    depth,
    fashion::{
        CLASSES, Class, Dataset, Image, PIXELS,
        photo::{self, Handling, Photo},
        sniff,
        sources::idx,
    },
    metrics::most_probable,
    printable,
    protocol::Probabilities,
    view::{
        Theme,
        card::{self, Card},
    },
};

/// The largest file of a picture, in bytes. The memory that its decoder may take has a limit of its own.
const LARGEST_FILE: u64 = 512 << 20;

/// How the answer is written.
#[derive(Clone, Debug)]
pub enum AnswerForm {
    /// One line of JSON per image.
    Json,
    /// Cards, as many side by side as fit into the columns.
    Cards {
        /// The terminal's columns.
        columns: u16,
        /// Its colours.
        theme: Theme,
    },
}

impl AnswerForm {
    /// JSON if it is asked for, otherwise cards as wide as standard output, in these colours; if that is not a terminal
    /// and no colours are asked for, without colours.
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

/// Writes what the network predicts for each of these: an index of a test image, or a file with a picture or with
/// images as IDX, `-` for standard input. Returns the exit status: 1 if one of them cannot be shown. Standard error
/// says why, and the others are shown.
///
/// # Errors
/// When there is no such run, it cannot be used, or `out` fails.
pub fn predict(
    which: &Which,
    inputs: &[OsString],
    handling: Handling,
    form: AnswerForm,
    mut out: impl Write,
) -> Result<u8> {
    let kept = SavedRun::open(which)?;
    let wants_dataset = inputs.iter().any(|input| matches!(Argument::of(input), Argument::Index(_)));
    let dataset = wants_dataset.then(|| kept.dataset(which)).transpose();
    // Without its data set the run still knows the names of its classes.
    let (dataset, mut failed) = match dataset {
        Ok(dataset) => (dataset, false),
        Err(error) => {
            complain(&error);
            (None, true)
        }
    };
    let names = names(&kept, dataset.as_ref())?;
    let mut subjects = Vec::new();
    let mut standard_input = Some(io::stdin());
    for input in inputs {
        let found = match (Argument::of(input), &dataset) {
            (Argument::Index(index), Some(dataset)) => Queried::test_image(dataset, index).map(|subject| vec![subject]),
            (Argument::Index(_), None) => continue,
            (Argument::Standard, _) => Queried::from_standard_input(standard_input.take(), handling),
            (Argument::File(path), _) => Queried::from_file(path, handling),
        };
        match found {
            Ok(found) => subjects.extend(found),
            Err(error) => {
                complain(&error);
                failed = true;
            }
        }
    }
    let pixels: Vec<u8> = subjects.iter().flat_map(|subject| subject.pixels).collect();
    let predictions = kept.checkpoint.predict(&pixels)?;
    let written = match form {
        AnswerForm::Json => subjects
            .iter()
            .zip(&predictions)
            .try_for_each(|(subject, probabilities)| writeln!(out, "{}", subject.json(probabilities, &names))),
        AnswerForm::Cards { columns, theme } => cards(&subjects, &predictions, &names, columns, &theme, &mut out),
    };
    Ok(status(written, out)?.max(failed.into()))
}

/// The names of the classes: the data set's, or those that the run has noted.
fn names(kept: &SavedRun, dataset: Option<&Dataset>) -> Result<[String; CLASSES]> {
    if let Some(dataset) = dataset {
        return Ok(dataset.names().clone());
    }
    // Unlike a data set's names these have not been checked for what a terminal cannot show.
    let names: Vec<String> =
        kept.facts.dataset.classes.iter().map(|name| printable::escape(name).into_owned()).collect();
    names.try_into().map_err(|names: Vec<String>| {
        eyre!("{} names {} classes, expected {CLASSES}", printable::path(&kept.run.facts_path()), names.len())
    })
}

/// What an argument asks for.
enum Argument<'a> {
    /// A test image, given by digits; a file whose name is all digits is given as `./12`.
    Index(&'a str),
    /// Standard input.
    Standard,
    /// A file.
    File(&'a Path),
}

impl<'a> Argument<'a> {
    fn of(argument: &'a OsStr) -> Self {
        match argument.to_str() {
            Some("-") => Self::Standard,
            Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => Self::Index(text),
            _ => Self::File(Path::new(argument)),
        }
    }
}

/// Where an image comes from.
enum Origin {
    /// The test images: its index among them.
    Test(usize),
    /// A picture's file, and what was done to it.
    Picture(PathBuf, Box<Photo>),
    /// A file of images, and its index there.
    Idx(PathBuf, usize),
}

/// An image that is asked about.
struct Queried {
    title: String,
    origin: Origin,
    truth: Option<Class>,
    pixels: [u8; PIXELS],
}

impl Queried {
    fn test_image(dataset: &Dataset, index: &str) -> Result<Self> {
        let count = dataset.test.len();
        let Some(index) = index.parse().ok().filter(|index| *index < count) else {
            bail!("there is no test image {index}: expected 0 to {}", count - 1);
        };
        let (truth, pixels) = (Some(dataset.test.class(index)), *dataset.test.image(index).pixels());
        Ok(Self { title: format!("Test image {index}"), origin: Origin::Test(index), truth, pixels })
    }

    /// Reads the picture in a file, or all images of an IDX file.
    fn from_file(path: &Path, handling: Handling) -> Result<Vec<Self>> {
        let cannot_read = || format!("cannot read {}", printable::path(path));
        if fs::metadata(path).wrap_err_with(cannot_read)?.is_dir() {
            bail!("{} is a directory, expected a PNG, JPEG, WebP or IDX file", printable::path(path));
        }
        let file = File::open(path).wrap_err_with(cannot_read)?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Self::read(BufReader::new(file), path, &name, handling)
    }

    /// Reads standard input, which can be read only once.
    fn from_standard_input(input: Option<io::Stdin>, handling: Handling) -> Result<Vec<Self>> {
        let Some(input) = input else { bail!("standard input can be read only once: give - once") };
        if input.is_terminal() {
            bail!("standard input is a terminal: pipe a picture or an IDX file in, as in `fitroom predict - < FILE`");
        }
        Self::read(BufReader::new(input), Path::new("-"), "standard input", handling)
    }

    /// Reads the picture in these bytes, or all images of an IDX file.
    fn read(mut input: impl BufRead + Send, path: &Path, name: &str, handling: Handling) -> Result<Vec<Self>> {
        let cannot_read = || format!("cannot read {}", printable::path(path));
        let mut start = Vec::new();
        (&mut input).take(sniff::ENOUGH as u64).read_to_end(&mut start).wrap_err_with(cannot_read)?;
        let name = printable::escape(name).into_owned();
        let of = |title: String, origin, pixels| Self { title, origin, truth: None, pixels };
        if idx::is_idx(&start) {
            let whole = Cursor::new(start).chain(input);
            let pixels = idx::read_images(whole).map_err(|problem| eyre!("{}: {problem}", printable::path(path)))?;
            let (images, _) = pixels.as_chunks();
            return Ok(images
                .iter()
                .enumerate()
                .map(|(at, image)| of(format!("{name}, image {at}"), Origin::Idx(path.to_owned(), at), *image))
                .collect());
        }
        let mut bytes = start;
        // What does not start like a picture is not read to its end, which may be far away.
        if photo::is_picture(&bytes) {
            let most = LARGEST_FILE - bytes.len() as u64;
            (&mut input).take(most).read_to_end(&mut bytes).wrap_err_with(cannot_read)?;
            if !input.fill_buf().wrap_err_with(cannot_read)?.is_empty() {
                bail!("{}: larger than {} MiB, expected a smaller picture", printable::path(path), LARGEST_FILE >> 20);
            }
        }
        let photo = photo::read(&bytes, handling).map_err(|error| eyre!("{}: {error}", printable::path(path)))?;
        let pixels = photo.pixels;
        Ok(vec![of(name, Origin::Picture(path.to_owned(), Box::new(photo)), pixels)])
    }

    /// What was done to it.
    fn note(&self) -> Option<String> {
        match &self.origin {
            Origin::Picture(_, photo) => Some(photo.to_string()),
            Origin::Test(_) | Origin::Idx(..) => None,
        }
    }

    fn json(&self, probabilities: &Probabilities, names: &[String; CLASSES]) -> Value {
        let name = |class: Class| &names[class.index()];
        let mut line = match &self.origin {
            Origin::Test(index) => json!({ "index": index }),
            Origin::Picture(file, photo) => {
                json!({ "file": file.to_string_lossy(), "size": photo.size, "steps": photo.steps })
            }
            Origin::Idx(file, image) => json!({ "file": file.to_string_lossy(), "image": image }),
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
    subjects: &[Queried],
    predictions: &[Probabilities],
    names: &[String; CLASSES],
    columns: u16,
    theme: &Theme,
    out: &mut impl Write,
) -> io::Result<()> {
    let notes: Vec<Option<String>> = subjects.iter().map(Queried::note).collect();
    let cards: Vec<Card> = subjects
        .iter()
        .zip(predictions)
        .zip(&notes)
        .map(|((subject, probabilities), note)| Card {
            title: &subject.title,
            image: Image::new(&subject.pixels),
            names,
            truth: subject.truth,
            probabilities,
            note: note.as_deref(),
            theme,
        })
        .collect();
    let (across, width) = card::across(columns, cards.len());
    for (number, cards) in cards.chunks(across).enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        paint::lines(&card::row(cards, width, theme), theme.depth(), out)?;
    }
    Ok(())
}
