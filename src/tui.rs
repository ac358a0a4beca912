//! The dashboard's input and output: keys, signals, reports and the clock come together here, and frames go out. What
//! they mean is `app`'s, how it looks is `view`'s.

mod depth;
mod screen;

use std::{io, sync::Arc, thread, time::Duration};

use color_eyre::eyre::{Context, Result, bail, eyre};
use crossterm::event::{Event, EventStream, KeyEvent, KeyEventKind};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{mpsc, oneshot},
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_stream::StreamExt;

use self::screen::Screen;
use crate::{
    app::{Action, App, Overlay, Phase, keys},
    cli::Looks,
    engine::{self, Job, Worker},
    fashion::{DataError, Dataset, Source},
    protocol::Report,
    settings::Settings,
    view::{self, Theme},
};

/// Reports that may wait for the screen. Past it per-batch figures are dropped, and the worker waits with the others.
const QUEUE: usize = 256;

/// Opens the dashboard, trains, and stays until the person leaves. Returns the exit status: 0, or 128 + N for the signal
/// N that ended it.
///
/// # Errors
/// A data set that cannot be read, a device that cannot be had, a terminal that fails, a worker that died, and, once the
/// person has left, a training that failed.
pub fn run(settings: Settings, source: Source, pace: Option<f64>, looks: &Looks) -> Result<u8> {
    let theme = Theme::new(depth::detect(looks.color, |name| std::env::var(name).ok()), looks.ascii);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?
        .block_on(async { Dashboard::open(settings, pace, looks.fps, theme)?.run(source).await })
}

/// The event loop's belongings.
struct Dashboard {
    screen: Screen,
    app: App,
    theme: Theme,
    settings: Settings,
    worker: Option<Worker>,
    frame_time: Duration,
    changed: bool,
}

/// Signals that end the program, or that tell of a stop that is over.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    continued: Signal,
}

/// What a signal asks for.
enum Asked {
    /// To end; the signal's number.
    End(u8),
    /// To take the terminal over again.
    Continue,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            continued: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// What the next signal asks for.
    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.hangup.recv() => Asked::End(1),
            _ = self.interrupt.recv() => Asked::End(2),
            _ = self.terminate.recv() => Asked::End(15),
            _ = self.continued.recv() => Asked::Continue,
        }
    }
}

impl Dashboard {
    fn open(settings: Settings, pace: Option<f64>, fps: u32, theme: Theme) -> Result<Self> {
        let screen = Screen::enter().context("cannot take the terminal over")?;
        Ok(Self {
            screen,
            app: App::new(pace),
            theme,
            settings,
            worker: None,
            frame_time: Duration::from_secs(1) / fps.max(1),
            changed: true,
        })
    }

    async fn run(mut self, source: Source) -> Result<u8> {
        self.draw()?;
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        let mut keys = EventStream::new();
        let mut ticks = self.ticks();
        let (report_in, mut reports) = mpsc::channel(QUEUE);
        let mut report_in = Some(report_in);
        let mut data = load(source)?;
        while !self.app.quitting() {
            tokio::select! {
                biased;
                asked = signals.next() => match asked {
                    Asked::End(number) => return Ok(128 + number),
                    Asked::Continue => self.resume()?,
                },
                event = keys.next() => self.take_event(event)?,
                loaded = &mut data, if report_in.is_some() => {
                    let loaded = loaded.map_err(|_| died("the thread that reads the data set"))??;
                    self.start(Arc::new(loaded), report_in.take().expect("the guard saw it"))?;
                }
                report = reports.recv() => self.take_report(report)?,
                _ = ticks.tick(), if self.changed => self.draw()?,
            }
        }
        match self.app.phase() {
            Phase::Failed { reason } => bail!("{reason}"),
            _ => Ok(0),
        }
    }

    fn ticks(&self) -> Interval {
        let mut ticks = interval(self.frame_time);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }

    fn start(&mut self, data: Arc<Dataset>, reports: mpsc::Sender<Report>) -> Result<()> {
        self.app.load(Arc::clone(&data));
        self.changed = true;
        let job = Job {
            settings: self.settings.clone(),
            dataset: data,
            pace: self.app.pace(),
            selected: Some(self.app.selected()),
            evaluate_untrained: true,
        };
        let emit = move |report| match report {
            Report::Batch(_) | Report::Prediction { .. } => drop(reports.try_send(report)),
            // An error means that the dashboard is gone, and the worker learns that from its commands.
            report => drop(reports.blocking_send(report)),
        };
        self.worker = Some(engine::spawn(job, emit).context("cannot start training")?);
        Ok(())
    }

    fn take_report(&mut self, report: Option<Report>) -> Result<()> {
        let report = report.ok_or_else(|| died("the thread that trains"))?;
        self.app.apply(report);
        self.changed = true;
        Ok(())
    }

    fn take_event(&mut self, event: Option<io::Result<Event>>) -> Result<()> {
        match event {
            None => bail!("the terminal has gone"),
            Some(Err(error)) => Err(error).context("cannot read from the terminal"),
            Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => self.take_key(key),
            Some(Ok(Event::Resize(..))) => self.draw(),
            Some(Ok(_)) => Ok(()),
        }
    }

    fn take_key(&mut self, key: KeyEvent) -> Result<()> {
        let action = match self.app.overlay() {
            Overlay::Prompt(_) => keys::prompt_action(key),
            Overlay::None | Overlay::Help => keys::action(key),
        };
        let Some(action) = action else { return Ok(()) };
        let command = self.app.act(action);
        if let (Some(worker), Some(command)) = (&self.worker, command) {
            // A worker that is gone tells so by its reports, which end.
            let _ = worker.send(command);
        }
        match action {
            Action::Redraw => self.screen.clear()?,
            Action::Suspend => self.screen.suspend().context("cannot suspend")?,
            _ => {}
        }
        self.draw()
    }

    /// Goes on after a stop that came from elsewhere.
    fn resume(&mut self) -> Result<()> {
        self.screen.resume().context("cannot take the terminal over again")?;
        self.draw()
    }

    fn draw(&mut self) -> Result<()> {
        let Self { screen, app, theme, .. } = self;
        screen.draw(|frame| view::draw(frame, app, theme)).context("cannot draw")?;
        self.changed = false;
        Ok(())
    }
}

/// Reads the data set on a thread of its own, so that the screen is there meanwhile.
fn load(source: Source) -> Result<oneshot::Receiver<Result<Dataset, DataError>>> {
    let (loaded, data) = oneshot::channel();
    thread::Builder::new()
        .name("data".to_owned())
        // An error means that the person has left.
        .spawn(move || drop(loaded.send(source.load())))
        .context("cannot start a thread")?;
    Ok(data)
}

fn died(who: &str) -> color_eyre::Report {
    if let Some(panic) = screen::take_panic() {
        eyre!("{who} died, which is a bug in fitroom: {panic}")
    } else {
        eyre!("{who} ended unexpectedly")
    }
}
