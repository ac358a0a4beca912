//! The dashboard's input and output: keys, signals, reports and the clock come together here, and frames go out. What
//! they mean is `app`'s, how it looks is `view`'s.

mod budget;
mod screen;

use std::{
    io::{self, Write, stderr},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::{Context, Result, bail, eyre};
use crossterm::event::{Event, EventStream, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{
        mpsc::{self, error::TryRecvError},
        oneshot,
    },
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_stream::StreamExt;

use self::{budget::Budget, screen::Screen};
use crate::{
    app::{self, Action, App, Overlay, Phase, keys},
    cli::Looks,
    depth,
    fashion::{Dataset, Survey},
    printable::Printable,
    protocol::{Command, OtherRun, Report},
    run::Runs,
    session::{self, Plan, Session},
    view::{self, Theme},
};

/// Reports that may wait for the screen. Past it per-batch figures are dropped, and the worker waits with the others.
const QUEUE: usize = 256;

/// Frames that no key asks for take no more than one part in so many of the time while training is at full speed, for they
/// take it from the training.
const SCREEN_SHARE: u32 = 200;
/// And follow each other after so much time at the latest, however slow the terminal is.
const LONGEST_REST: Duration = Duration::from_millis(250);

/// The number of SIGHUP.
const HANGUP: u8 = 1;

/// Opens the dashboard, trains, and stays until the person leaves. Returns the exit status: 0, 1 when the last of the
/// run is not saved, or 128 + N for the signal N that ended it.
///
/// # Errors
/// A data set that cannot be read, a device that cannot be had, a terminal that fails, a worker that died, and, once the
/// person has left, a training that failed.
pub fn run(plan: Plan, looks: &Looks) -> Result<u8> {
    let colours = &looks.colours;
    let theme = Theme::new(depth::detect(colours.color, |name| std::env::var(name).ok()), colours.ascii);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?
        .block_on(async { Dashboard::open(&plan, looks, theme)?.run(plan).await })
}

/// The event loop's belongings.
struct Dashboard {
    screen: Screen,
    app: App,
    theme: Theme,
    session: Option<Session>,
    /// What is asked of other threads, and where their answers come in.
    asked: Asked,
    answers: (mpsc::Sender<Answer>, mpsc::Receiver<Answer>),
    frame_time: Duration,
    changed: bool,
    /// Whether reports come all the time: then each frame takes in what has come, and none wakes this thread by itself, which
    /// would keep a core from training.
    flowing: bool,
    /// What may be written, as of this moment.
    budget: Budget,
    refilled: Instant,
    /// Until when training is left alone.
    rest: Instant,
}

/// What a thread is busy with for the screen.
#[derive(Default)]
struct Asked {
    survey: bool,
    runs: bool,
}

/// What comes of it.
enum Answer {
    Survey(Box<Survey>),
    Runs(Result<Vec<OtherRun>, String>),
}

/// Signals that end the program, or that tell of a stop that is over.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    continued: Signal,
}

/// What a signal asks for.
enum Wish {
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
    async fn next(&mut self) -> Wish {
        tokio::select! {
            // A terminal that goes hangs its programs up and continues them.
            biased;
            _ = self.hangup.recv() => Wish::End(HANGUP),
            _ = self.interrupt.recv() => Wish::End(2),
            _ = self.terminate.recv() => Wish::End(15),
            _ = self.continued.recv() => Wish::Continue,
        }
    }
}

impl Dashboard {
    fn open(plan: &Plan, looks: &Looks, theme: Theme) -> Result<Self> {
        let screen = Screen::enter(!looks.no_mouse).context("cannot take the terminal over")?;
        let budget = Budget::new(screen.area().context("cannot tell the terminal's size")?);
        Ok(Self {
            screen,
            budget,
            refilled: Instant::now(),
            rest: Instant::now(),
            app: App::new(plan.pace),
            theme,
            session: None,
            asked: Asked::default(),
            answers: mpsc::channel(2),
            frame_time: Duration::from_secs(1) / looks.fps.max(1),
            changed: true,
            flowing: false,
        })
    }

    async fn run(mut self, plan: Plan) -> Result<u8> {
        self.draw_at_once()?;
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        let mut keys = EventStream::new();
        let mut ticks = self.ticks();
        let (report_in, mut reports) = mpsc::channel(QUEUE);
        let (pace, runs) = (plan.pace, plan.runs.clone());
        let mut steps = load(plan, report_in)?;
        while !self.app.quitting() {
            tokio::select! {
                biased;
                asked = signals.next() => match asked {
                    Wish::End(number) => {
                        self.close(&mut signals, &mut keys, &mut reports).await?;
                        self.leave();
                        return Ok(128 + number);
                    }
                    Wish::Continue => self.resume()?,
                },
                event = keys.next() => {
                    self.take_reports(&mut reports)?;
                    self.take_event(event)?;
                }
                loaded = steps.recv(), if self.session.is_none() => {
                    let loaded = loaded.ok_or_else(|| died("the thread that reads the data set"))??;
                    self.take_loaded(loaded, pace);
                }
                report = reports.recv(), if !self.flowing => {
                    self.take_report(report)?;
                    self.flowing = true;
                }
                answer = self.answers.1.recv() => self.take_answer(answer)?,
                _ = ticks.tick(), if self.changed || self.flowing => {
                    self.flowing = self.take_reports(&mut reports)?;
                    self.draw_in_time()?;
                }
            }
            self.ask(&runs)?;
        }
        self.close(&mut signals, &mut keys, &mut reports).await?;
        let is_unsaved =
            self.app.unsaved().is_some() && self.app.started().is_some_and(|started| started.run.is_some());
        match self.leave() {
            Phase::Failed { reason } => bail!("{reason}"),
            // What is not saved is told by now.
            _ => Ok(is_unsaved.into()),
        }
    }

    /// Stops the training and waits until the run is on the disk; a signal or a key that asks to leave ends the waiting.
    async fn close(
        &mut self,
        signals: &mut Signals,
        keys: &mut EventStream,
        reports: &mut mpsc::Receiver<Report>,
    ) -> Result<()> {
        let Some(session) = self.session.take() else { return Ok(()) };
        let (done, mut is_done) = oneshot::channel();
        let closing = thread::Builder::new().name("closing".to_owned()).spawn(move || {
            drop(session);
            // An error means that nobody waits any longer.
            let _ = done.send(());
        });
        closing.context("cannot start a thread")?;
        // A terminal that has gone shows nothing, and the run is saved all the same.
        let _ = self.draw_at_once();
        let mut has_keys = true;
        loop {
            tokio::select! {
                _ = &mut is_done => break,
                // A shell that loses its terminal hangs its programs up more than once: that is no second request.
                Wish::End(number) = signals.next() => if number != HANGUP { break },
                event = keys.next(), if has_keys => match event {
                    Some(Ok(Event::Key(key))) if keys::action(key) == Some(Action::Quit) => break,
                    event => has_keys = matches!(event, Some(Ok(_))),
                },
                Some(report) = reports.recv() => self.app.apply(report),
            }
        }
        while let Ok(report) = reports.try_recv() {
            self.app.apply(report);
        }
        Ok(())
    }

    /// Gives the terminal back, and tells there what the screen can no longer: that the run was not saved. Returns how it
    /// ended.
    fn leave(self) -> Phase {
        let Self { screen, app, .. } = self;
        drop(screen);
        if let Some(reason) = app.unsaved() {
            // Where standard error is gone there is nobody to tell.
            let _ = writeln!(stderr(), "fitroom: {}", Printable(reason));
        }
        app.phase().clone()
    }

    fn ticks(&self) -> Interval {
        let mut ticks = interval(self.frame_time);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }

    /// Takes in what is ready to train. `pace` is the one that the training began with.
    fn take_loaded(&mut self, loaded: Loaded, pace: Option<f64>) {
        self.changed = true;
        match loaded {
            Loaded::Data(data) => self.app.load(data),
            Loaded::Session(session) => {
                // What was chosen meanwhile.
                if self.app.selected() != 0 {
                    session.send(Command::Select { index: self.app.selected() });
                }
                if self.app.pace() != pace {
                    session.send(Command::Pace { steps_per_second: self.app.pace() });
                }
                self.session = Some(session);
            }
        }
    }

    /// Has other threads do what would keep the screen from being drawn in time.
    fn ask(&mut self, runs: &Runs) -> Result<()> {
        if let (Some(data), false) = (self.app.wants_survey(), self.asked.survey) {
            let data = Arc::clone(data);
            self.asked.survey = true;
            self.answer(move || Answer::Survey(Box::new(Survey::new(&data))))?;
        }
        if self.app.wants_runs() && !self.asked.runs {
            self.asked.runs = true;
            let runs = runs.clone();
            self.answer(move || Answer::Runs(session::figures(&runs).map_err(|error| format!("{error:#}"))))?;
        }
        Ok(())
    }

    fn answer(&self, work: impl FnOnce() -> Answer + Send + 'static) -> Result<()> {
        let answers = self.answers.0.clone();
        // An error means that the person has left.
        let work = move || drop(answers.blocking_send(work()));
        thread::Builder::new().name("answer".to_owned()).spawn(work).map(drop).context("cannot start a thread")
    }

    fn take_answer(&mut self, answer: Option<Answer>) -> Result<()> {
        match answer {
            Some(Answer::Survey(survey)) => self.app.take_survey(*survey),
            Some(Answer::Runs(runs)) => {
                self.asked.runs = false;
                self.app.take_runs(runs);
            }
            None => {}
        }
        self.draw_at_once()
    }

    /// Takes in the reports that have come, and says whether there were any.
    fn take_reports(&mut self, reports: &mut mpsc::Receiver<Report>) -> Result<bool> {
        let mut any = false;
        loop {
            match reports.try_recv() {
                Ok(report) => self.take_report(Some(report))?,
                Err(TryRecvError::Empty) => return Ok(any),
                Err(TryRecvError::Disconnected) => self.take_report(None)?,
            }
            any = true;
        }
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
            Some(Ok(Event::Mouse(mouse))) => self.take_mouse(mouse),
            Some(Ok(Event::Resize(..))) => self.draw_at_once(),
            Some(Ok(_)) => Ok(()),
        }
    }

    fn take_key(&mut self, key: KeyEvent) -> Result<()> {
        let action = match self.app.overlay() {
            Overlay::Prompt(_) => keys::prompt_action(key),
            Overlay::None | Overlay::Help { .. } | Overlay::Runs(_) => keys::action(key),
        };
        action.map_or(Ok(()), |action| self.act(action))
    }

    /// What a click, or a turn of the wheel, means: the wheel goes by rows, or by one where there is one image.
    fn take_mouse(&mut self, mouse: MouseEvent) -> Result<()> {
        let is_one = self.app.screen() == app::Screen::Dashboard || self.app.is_large();
        let action = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let position = Position { x: mouse.column, y: mouse.row };
                view::hit(self.screen.area()?, &self.app, position)
            }
            MouseEventKind::ScrollUp => Some(if is_one { Action::Previous } else { Action::RowUp }),
            MouseEventKind::ScrollDown => Some(if is_one { Action::Next } else { Action::RowDown }),
            _ => None,
        };
        action.map_or(Ok(()), |action| self.act(action))
    }

    fn act(&mut self, action: Action) -> Result<()> {
        let command = self.app.act(action);
        if let (Some(session), Some(command)) = (&self.session, command) {
            session.send(command);
        }
        match action {
            Action::Redraw => self.screen.clear()?,
            Action::Suspend => self.screen.suspend().context("cannot suspend")?,
            _ => {}
        }
        self.draw_at_once()
    }

    /// Goes on after a stop that came from elsewhere.
    fn resume(&mut self) -> Result<()> {
        self.screen.resume().context("cannot take the terminal over again")?;
        self.draw_at_once()
    }

    /// Draws what nobody waits for, as far as the link carries it.
    fn draw_in_time(&mut self) -> Result<()> {
        let now = Instant::now();
        self.budget.refill(now - std::mem::replace(&mut self.refilled, now));
        let is_training = *self.app.phase() == Phase::Training && self.app.pace().is_none();
        if !self.changed || !self.budget.is_open() || (is_training && now < self.rest) {
            return Ok(());
        }
        let bytes = self.draw()?;
        self.budget.spend(bytes);
        self.rest = now + (now.elapsed() * SCREEN_SHARE).min(LONGEST_REST);
        Ok(())
    }

    /// Draws what a person waits for.
    fn draw_at_once(&mut self) -> Result<()> {
        self.budget.answer();
        self.rest = Instant::now();
        self.draw().map(drop)
    }

    /// Draws a frame and returns its bytes.
    fn draw(&mut self) -> Result<u64> {
        let area = self.screen.area().context("cannot tell the terminal's size")?;
        self.budget.fit(area);
        self.app.fit(view::page(area, &self.app));
        if let Some(session) = &self.session {
            self.app.requests().into_iter().for_each(|command| session.send(command));
        }
        let Self { screen, app, theme, .. } = self;
        let bytes = screen.draw(|frame| view::draw(frame, app, theme)).context("cannot draw")?;
        self.changed = false;
        Ok(bytes)
    }
}

/// What is ready, one after the other.
enum Loaded {
    Data(Arc<Dataset>),
    Session(Session),
}

/// Reads the data set and begins to train on a thread of its own, so that the screen is there meanwhile.
fn load(plan: Plan, reports: mpsc::Sender<Report>) -> Result<mpsc::Receiver<Result<Loaded>>> {
    let (loaded, steps) = mpsc::channel(2);
    let tell = loaded.clone();
    // Held until the outcome is told: reports that end before it would be taken for a thread that died.
    let held = reports.clone();
    let load = move || -> Result<Session> {
        let data = Arc::new(plan.source.load()?);
        // An error means that the person has left.
        let _ = tell.blocking_send(Ok(Loaded::Data(Arc::clone(&data))));
        let emit = move |report| match report {
            Report::Batch(_) | Report::Prediction { .. } | Report::Attribution(_) | Report::Neurons(_) => {
                drop(reports.try_send(report));
            }
            // An error means that the dashboard is gone, and the worker learns that from its commands.
            report => drop(reports.blocking_send(report)),
        };
        Session::start(plan, data, Some(0), emit)
    };
    thread::Builder::new()
        .name("data".to_owned())
        .spawn(move || {
            // An error means that the person has left.
            let _ = loaded.blocking_send(load().map(Loaded::Session));
            drop(held);
        })
        .context("cannot start a thread")?;
    Ok(steps)
}

fn died(who: &str) -> color_eyre::Report {
    if let Some(panic) = screen::take_panic() {
        eyre!("{who} died, which is a bug in fitroom: {panic}")
    } else {
        eyre!("{who} ended unexpectedly")
    }
}
