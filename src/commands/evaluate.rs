//! `fitroom evaluate`: how good a run's network is on the test images.

use std::io::{self, Write};

use color_eyre::eyre::Result;
use serde::Serialize;

use super::{Kept, status};
use crate::{
    cli::Which,
    fashion::{Class, Dataset},
    metrics::{ClassFigures, Confusion},
};

/// Writes loss, accuracy, each class's figures as scikit-learn arranges them, and the confusion matrix; `json`: as one line of
/// JSON. Returns the exit status.
///
/// # Errors
/// When there is no such run, its checkpoint or data set cannot be read, or `out` fails.
pub fn evaluate(which: &Which, json: bool, mut out: impl Write) -> Result<u8> {
    let kept = Kept::open(which)?;
    let dataset = kept.dataset(which)?;
    let evaluation = kept.checkpoint.evaluate(&dataset.test)?;
    let report = Report {
        run: kept.run.name().into_owned(),
        step: kept.checkpoint.step(),
        epochs: kept.checkpoint.epochs_done(),
        images: dataset.test.len(),
        loss: evaluation.loss,
        accuracy: evaluation.accuracy,
    };
    let confusion = Confusion::new(dataset.test.classes(), &evaluation.predictions);
    let written = if json {
        writeln!(out, "{}", report.json(&confusion, &dataset))
    } else {
        report.text(&confusion, &dataset, &mut out)
    };
    status(written, out)
}

/// What is known of the whole.
#[derive(Serialize)]
struct Report {
    run: String,
    step: u64,
    epochs: u32,
    images: usize,
    loss: f64,
    accuracy: f64,
}

/// The figures of a class, or of the mean over them.
#[derive(Serialize)]
struct Row<'a> {
    class: &'a str,
    #[serde(flatten)]
    figures: ClassFigures,
}

/// All of it, as JSON has it.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    report: &'a Report,
    classes: Vec<Row<'a>>,
    macro_average: ClassFigures,
    weighted_average: ClassFigures,
    /// Rows are true classes, columns predicted ones.
    confusion: &'a [[u32; 10]; 10],
}

impl Report {
    fn json(&self, confusion: &Confusion, dataset: &Dataset) -> String {
        let whole = Whole {
            report: self,
            classes: Class::all()
                .map(|class| Row { class: dataset.name(class), figures: confusion.class(class) })
                .collect(),
            macro_average: confusion.macro_average(),
            weighted_average: confusion.weighted_average(),
            confusion: confusion.counts(),
        };
        serde_json::to_string(&whole).expect("numbers under fixed names are JSON")
    }

    fn text(&self, confusion: &Confusion, dataset: &Dataset, out: &mut impl Write) -> io::Result<()> {
        let Self { run, step, epochs, images, loss, accuracy } = self;
        let many = if *epochs == 1 { "epoch" } else { "epochs" };
        writeln!(out, "Run {run}, after {epochs} {many} ({step} steps), on {images} test images")?;
        writeln!(out, "Test loss: {loss:.4} - Test accuracy: {accuracy:.4}\n")?;
        let longest = Class::all().map(|class| dataset.name(class).chars().count()).max().unwrap_or(0);
        let wide = longest.max("weighted avg".len());
        writeln!(out, "{:wide$}  precision    recall  f1-score   support\n", "")?;
        for class in Class::all() {
            write_row(out, dataset.name(class), &confusion.class(class), wide)?;
        }
        writeln!(out, "\n{:>wide$}  {:9}  {:8}  {accuracy:8.4}  {images:8}", "accuracy", "", "")?;
        write_row(out, "macro avg", &confusion.macro_average(), wide)?;
        write_row(out, "weighted avg", &confusion.weighted_average(), wide)?;
        writeln!(out, "\nConfusion matrix: a row a true class, a column a predicted one\n")?;
        write!(out, "{:wide$}", "")?;
        Class::all().try_for_each(|class| write!(out, " {:>5}", class.index()))?;
        writeln!(out)?;
        for class in Class::all() {
            let name = format!("{} {}", dataset.name(class), class.index());
            write!(out, "{name:>wide$}")?;
            confusion.counts()[class.index()].iter().try_for_each(|count| write!(out, " {count:>5}"))?;
            writeln!(out)?;
        }
        Ok(())
    }
}

fn write_row(out: &mut impl Write, name: &str, figures: &ClassFigures, wide: usize) -> io::Result<()> {
    let ClassFigures { precision, recall, f1, support } = figures;
    writeln!(out, "{name:>wide$}  {precision:9.4}  {recall:8.4}  {f1:8.4}  {support:8}")
}
