//! What the terminal's title says of the run. Puts its parts together for nobody: a terminal may know only ASCII.

use crate::{
    app::{App, Phase},
    view::{format::accuracy, phase},
};

/// The parts of the title: the run's name, if somebody gave it one, what it does in which epoch; its test accuracy.
#[must_use]
pub fn title(app: &App) -> Vec<String> {
    let known = app.known();
    let run = known.started.as_ref().and_then(|started| started.run.as_ref());
    let name = run.filter(|run| !is_a_time(run)).map(|run| format!(" {run}")).unwrap_or_default();
    let is_under_way = matches!(known.phase, Phase::Training | Phase::Evaluating | Phase::Paused);
    let progress = known.progress().filter(|_| is_under_way);
    let epoch = progress.map(|progress| format!(" {}/{}", progress.epoch, progress.epochs)).unwrap_or_default();
    let state = format!("fitroom{name}: {}{epoch}", phase::word(known));
    let good = known.epochs.last().map(|last| accuracy(last.val_accuracy));
    [Some(state), good].into_iter().flatten().collect()
}

/// Whether a run has the name that it gets where nobody gives it one: `2026-11-23T18-31-22`.
fn is_a_time(run: &str) -> bool {
    run.len() >= "2026-11-23T18-31-22".len()
        && run.chars().all(|letter| letter.is_ascii_digit() || "-T".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{EpochRecord, Report, Started, samples};

    fn of(run: &str, reports: impl IntoIterator<Item = Report>) -> String {
        let mut app = App::new(None);
        app.apply(Report::Started(Started { run: Some(run.to_owned()), ..samples::started() }));
        reports.into_iter().for_each(|report| app.apply(report));
        title(&app).join(" · ")
    }

    #[test]
    fn a_title_has_the_state_the_epoch_and_the_test_accuracy() {
        let record = EpochRecord { val_accuracy: 0.8714, ..samples::record(1) };
        let epoch = || Report::Epoch { record, predictions: [].into() };
        assert_eq!(title(&App::new(None)), ["fitroom: loading"]);
        assert_eq!(of("coat", []), "fitroom coat: training 1/10");
        assert_eq!(
            of("coat", [epoch(), Report::Batch(samples::batch(samples::EPOCH + 1))]),
            "fitroom coat: training 2/10 · 87.1%"
        );
        assert_eq!(of("2026-11-23T18-31-22", [Report::Paused]), "fitroom: paused 1/10");
        assert_eq!(of("2026-11-23T18-31-22-2", [epoch(), Report::Finished]), "fitroom: done · 87.1%");
    }
}
