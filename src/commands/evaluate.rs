//! `fitroom evaluate`: how good a run's network is on the test images. Prints figures; draws nothing.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use color_eyre::eyre::Result;
use serde::Serialize;

use super::{output::status, saved::SavedRun, table::to_the_right};
use crate::{
    cli::Which,
    fashion::{Class, Dataset},
    metrics::{ClassFigures, ConfusionMatrix},
    printable::{self, Printable, thousands},
    view::width,
};

/// Writes the loss, the accuracy, each class's figures as scikit-learn arranges them, and the confusion matrix; `json`:
/// as one line of JSON. Returns the exit status.
///
/// # Errors
/// When there is no such run, its checkpoint or data set cannot be read, or `out` fails.
pub fn evaluate(which: &Which, json: bool, mut out: impl Write) -> Result<u8> {
    let kept = SavedRun::open(which)?;
    let dataset = kept.dataset(which)?;
    let evaluation = kept.checkpoint.evaluate(&dataset.test)?;
    let totals = Totals {
        run: kept.run.name().into_owned(),
        step: kept.checkpoint.step(),
        epochs: kept.checkpoint.epochs_done(),
        images: dataset.test.len(),
        loss: evaluation.loss,
        accuracy: evaluation.accuracy,
    };
    let confusion = ConfusionMatrix::new(dataset.test.classes(), &evaluation.predictions);
    let written = if json {
        writeln!(out, "{}", totals.json(&confusion, &dataset))
    } else {
        totals.text(&confusion, &dataset, &mut out)
    };
    status(written, out)
}

/// The figures over all test images.
#[derive(Serialize)]
struct Totals {
    run: String,
    step: u64,
    epochs: u32,
    images: usize,
    loss: f64,
    accuracy: f64,
}

/// The figures of one class.
#[derive(Serialize)]
struct ClassRow<'a> {
    class: &'a str,
    #[serde(flatten)]
    figures: ClassFigures,
}

/// What the line of JSON has.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    totals: &'a Totals,
    classes: Vec<ClassRow<'a>>,
    macro_average: ClassFigures,
    weighted_average: ClassFigures,
    /// One row per true class, one column per predicted class.
    confusion: &'a [[u32; 10]; 10],
}

impl Totals {
    fn json(&self, confusion: &ConfusionMatrix, dataset: &Dataset) -> String {
        let whole = Whole {
            totals: self,
            classes: Class::all()
                .map(|class| ClassRow { class: dataset.name(class), figures: confusion.class(class) })
                .collect(),
            macro_average: confusion.macro_average(),
            weighted_average: confusion.weighted_average(),
            confusion: confusion.counts(),
        };
        serde_json::to_string(&whole).expect("numbers under fixed names are JSON")
    }

    fn text(&self, confusion: &ConfusionMatrix, dataset: &Dataset, out: &mut impl Write) -> io::Result<()> {
        let Self { step, epochs, images, loss, accuracy, .. } = self;
        let many = if *epochs == 1 { "epoch" } else { "epochs" };
        let run = Printable(&self.run);
        let (steps, images) = (thousands(*step), thousands(*images as u64));
        writeln!(out, "Run {run}, after {epochs} {many} ({steps} steps), on {images} test images")?;
        writeln!(out, "Test loss: {} - Test accuracy: {accuracy:.4}\n", printable::figure(*loss))?;
        let names: Vec<Cow<str>> = Class::all().map(|class| printable::escape(dataset.name(class))).collect();
        let longest = names.iter().map(|name| width(name)).max().unwrap_or(0);
        let wide = longest.max("weighted avg".len());
        writeln!(out, "{:wide$}  precision    recall  f1-score   support\n", "")?;
        for class in Class::all() {
            write_row(out, &names[class.index()], &confusion.class(class), wide)?;
        }
        writeln!(out, "\n{:>wide$}  {:9}  {:8}  {accuracy:8.4}  {images:>8}", "accuracy", "", "")?;
        write_row(out, "macro avg", &confusion.macro_average(), wide)?;
        write_row(out, "weighted avg", &confusion.weighted_average(), wide)?;
        writeln!(out, "\nConfusion matrix: one row per true class, one column per predicted class\n")?;
        // Each name is followed by its number.
        let wide = longest + 2;
        let largest = confusion.counts().iter().flatten().max().map_or(0, |count| thousands((*count).into()).len());
        let column = largest.max(5);
        write!(out, "{:wide$}", "")?;
        Class::all().try_for_each(|class| write!(out, " {:>column$}", class.index()))?;
        writeln!(out)?;
        for class in Class::all() {
            let name = format!("{} {}", names[class.index()], class.index());
            write!(out, "{}", to_the_right(&name, wide))?;
            confusion.counts()[class.index()].iter().try_for_each(|count| {
                let count = thousands((*count).into());
                write!(out, " {count:>column$}")
            })?;
            writeln!(out)?;
        }
        Ok(())
    }
}

fn write_row(out: &mut impl Write, name: &str, figures: &ClassFigures, wide: usize) -> io::Result<()> {
    let ClassFigures { precision, recall, f1, support } = figures;
    let (name, support) = (to_the_right(name, wide), thousands(u64::from(*support)));
    writeln!(out, "{name}  {precision:9.4}  {recall:8.4}  {f1:8.4}  {support:>8}")
}
