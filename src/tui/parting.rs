//! The line that stays in the terminal once the dashboard is left: the run, how good it is, and how to continue it.
//! Draws nothing.

use crate::{
    app::{App, Phase, Role},
    cli::MOST_EPOCHS,
    run::{Runs, command},
    session::detached::Detached,
};

/// The line; `None` if there is nothing to say, or if an error says it.
pub(super) fn words(app: &App, runs: &Runs) -> Option<String> {
    let known = app.known();
    let started = known.started.as_ref().filter(|_| !known.is_replay)?;
    let is_done = match &known.phase {
        Phase::Failed { .. } | Phase::Loading => return None,
        phase => *phase == Phase::Done,
    };
    let epochs = started.settings.epochs;
    let last = known.epochs.last();
    let accuracy = match last {
        Some(last) => format!("test accuracy {:.4} after epoch {} of {epochs}", last.val_accuracy, last.epoch),
        None => format!("left in epoch 1 of {epochs}, before its first evaluation"),
    };
    let Some(run) = &started.run else { return Some(capitalized(&accuracy)) };
    if app.role() == Role::Watches {
        return Some(left_alone(run, &known.phase, last.map(|_| accuracy), runs));
    }
    let by_others = if app.is_stopped_elsewhere() { ", stopped from elsewhere" } else { "" };
    let told = format!("Run {run}: {accuracy}{by_others}");
    let Some(mut command) = command("fitroom --resume", run, runs).filter(|_| known.unsaved.is_none()) else {
        return Some(told);
    };
    if is_done {
        let more = epochs.saturating_mul(2).min(MOST_EPOCHS);
        command = format!("{command} --epochs {more}");
    }
    Some(format!("{told}. Continue with: {command}"))
}

/// The line of who only looked on at this run; `accuracy`: how good it is after its last epoch, if it has one.
fn left_alone(run: &str, phase: &Phase, accuracy: Option<String>, runs: &Runs) -> String {
    let watch_again = command("fitroom watch", run, runs).map(|command| format!("Watch it with: {command}"));
    let (how, next) = match phase {
        Phase::Ended { how, next } => (how.as_str(), next.as_ref().map(|next| format!("Continue with: {next}"))),
        Phase::Done => ("done", None),
        Phase::Paused => ("stays paused", watch_again),
        _ => ("trains on", watch_again),
    };
    let told: Vec<String> = [Some(how.to_owned()), accuracy].into_iter().flatten().collect();
    let next = next.map(|next| format!(". {next}")).unwrap_or_default();
    format!("Run {run}: {}{next}", told.join(", "))
}

/// The line where the run trains on in a process of its own.
pub(super) fn in_the_background(detached: &Detached, runs: &Runs) -> String {
    let Detached { run, process, .. } = detached;
    let mut parts = vec![format!("Run {run} trains in the background, in process {process}")];
    parts.extend(detached.commands(runs).map(|(what, command)| format!("{what} {command}")));
    parts.join(" · ")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{EpochRecord, Report, Started, samples};

    fn app(run: Option<&str>, epochs: u32) -> App {
        let mut app = App::new(None);
        app.apply(Report::Started(Started { run: run.map(str::to_owned), ..samples::started() }));
        for epoch in 1..=epochs {
            let record = EpochRecord { val_accuracy: 0.8643, ..samples::record(epoch) };
            app.apply(Report::Epoch { record, predictions: [].into() });
        }
        app
    }

    fn said(app: &App, runs: &str) -> String {
        words(app, &Runs::new(runs)).expect("there is something to say")
    }

    #[test]
    fn a_run_that_is_left_says_how_to_go_on() {
        assert_eq!(
            said(&app(Some("coat"), 2), "runs"),
            "Run coat: test accuracy 0.8643 after epoch 2 of 10. Continue with: fitroom --resume coat"
        );
        assert_eq!(
            said(&app(Some("my coat"), 0), "/tmp/it's"),
            "Run my coat: left in epoch 1 of 10, before its first evaluation. \
             Continue with: fitroom --resume 'my coat' --runs '/tmp/it'\\''s'"
        );
    }

    #[test]
    fn a_run_that_is_done_goes_on_with_more_epochs() {
        let mut app = app(Some("coat"), 10);
        app.apply(Report::Finished);
        assert!(said(&app, "runs").ends_with("after epoch 10 of 10. Continue with: fitroom --resume coat --epochs 20"));
    }

    #[test]
    fn who_only_looked_on_is_told_that_the_run_goes_on_or_how_it_ended() {
        let mut app = App::of_another();
        app.apply(Report::Started(Started { run: Some("coat".to_owned()), ..samples::started() }));
        assert_eq!(said(&app, "runs"), "Run coat: trains on. Watch it with: fitroom watch coat");
        app.apply(Report::Epoch {
            record: EpochRecord { val_accuracy: 0.8643, ..samples::record(1) },
            predictions: [].into(),
        });
        assert_eq!(
            said(&app, "/tmp/runs"),
            "Run coat: trains on, test accuracy 0.8643 after epoch 1 of 10. Watch it with: fitroom watch coat --runs \
             /tmp/runs"
        );
        let (how, next) = ("stopped in epoch 2, just now".to_owned(), Some("fitroom --resume coat".to_owned()));
        app.apply(Report::Ended { how, next });
        assert_eq!(
            said(&app, "runs"),
            "Run coat: stopped in epoch 2, just now, test accuracy 0.8643 after epoch 1 of 10. Continue with: fitroom \
             --resume coat"
        );
    }

    #[test]
    fn of_a_run_that_is_not_kept_nothing_is_said_of_keeping_it() {
        assert_eq!(said(&app(None, 3), "runs"), "Test accuracy 0.8643 after epoch 3 of 10");
        assert_eq!(said(&app(Some(r"co\x1bat"), 3), "runs"), r"Run co\x1bat: test accuracy 0.8643 after epoch 3 of 10");
        assert!(!said(&app(Some("coat"), 3), "ru\x1b[31mns").contains('\x1b'));
        let mut unsaved = app(Some("coat"), 3);
        unsaved.apply(Report::NotSaved { reason: "not saved: the disk is full".to_owned() });
        assert_eq!(said(&unsaved, "runs"), "Run coat: test accuracy 0.8643 after epoch 3 of 10");
        assert_eq!(words(&App::new(None), &Runs::new("runs")), None);
    }
}
