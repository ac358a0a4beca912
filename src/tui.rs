//! The dashboard's input and output: keys, signals, reports and the clock come together here, and frames go out. What
//! they mean is `app`'s business, how it looks is `view`'s.

mod budget;
mod errands;
mod flow;
mod hold;
mod inputs;
pub mod keyboard;
mod leaving;
mod marks;
mod parting;
mod start;
mod terminal;
mod tty;

use std::{
    io::{self, Write},
    sync::mpsc::TryRecvError,
    thread,
    time::{Duration, Instant},
};

use color_eyre::eyre::{Context, Result, bail, eyre};
use crossterm::event::{Event, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};
use rustix::process::kill_current_process_group;
use tokio::{
    sync::mpsc,
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use self::{
    budget::Budget,
    errands::{Errand, Errands},
    hold::Hold,
    inputs::Inputs,
    keyboard::Input,
    marks::Marks,
    start::{Step, load, next},
    terminal::TakenTerminal,
};
use crate::{
    app::{Action, App, Direction, Leaving, Loaded, Page, Phase, Role, Stride, bound::Keys},
    cli::{Graphics, Looks, Telling},
    depth,
    fashion::Survey,
    protocol::{Command, Report},
    run::{Run, Runs},
    session::{AtEnd, Link, Opening, Reports},
    signals::{self, HANGUP, Signal, exit_status},
    signs::Signs,
    view::{self, Theme},
};

/// While training runs at full speed, frames that no key asks for take no more than one part in this many of the time,
/// because they take it from the training.
const SCREEN_SHARE: u32 = 200;
/// The longest time between two such frames, however slow the terminal is.
const LONGEST_REST: Duration = Duration::from_millis(250);

/// Why `--graphics sixel` draws half blocks.
const NO_CELLS: &str = "--graphics sixel: the terminal does not say how many pixels a cell has, so pictures are half \
                        blocks until it does";

/// The frame that answers a key waits for what is under way to a slow terminal, but no longer than this.
const KEY_PATIENCE: Duration = Duration::from_secs(1);
/// How often to check whether the program has the terminal again.
const AWAY: Duration = Duration::from_millis(200);

/// Opens the dashboard with these keys, trains or looks on, and stays until the person leaves. Returns the exit status:
/// 0, 1 if the end of the run is not saved, or 128 + N for the signal N that ended it.
///
/// # Errors
/// When the data set cannot be read, the device is not available, the terminal fails, or the worker died; and, once the
/// person has left, when training failed.
pub fn run(opening: Opening, looks: &Looks, telling: &Telling, keys: Keys) -> Result<u8> {
    let theme = theme(looks);
    let signs = Signs::new(!telling.no_title, telling.notify, theme.ascii(), |name| std::env::var(name).ok());
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the event loop")?.block_on(
        async {
            let mut inputs = Inputs::listen()?;
            let dashboard = EventLoop::open(&opening, looks, keys, theme, signs)?;
            inputs.listen_to_keys(&dashboard.terminal)?;
            dashboard.run(opening, inputs).await
        },
    )
}

/// The theme that the options, the environment and the terminal ask for.
fn theme(looks: &Looks) -> Theme {
    let variable = |name: &str| std::env::var(name).ok();
    let theme = depth::theme(&looks.colours, variable);
    let graphics = depth::graphics(looks.graphics, &theme, variable);
    let needs_cells = looks.graphics == Graphics::Sixel && graphics != view::Graphics::Blocks;
    if needs_cells && tty::cell(io::stdout()).is_none() {
        // If standard error is gone, nobody reads it.
        let _ = writeln!(io::stderr(), "fitroom: {NO_CELLS}");
    }
    theme.with_graphics(graphics)
}

/// What the event loop works with.
struct EventLoop {
    terminal: TakenTerminal,
    /// The terminal's size when it was last drawn.
    area: Rect,
    app: App,
    theme: Theme,
    /// What the terminal is told beside the screen.
    marks: Marks,
    link: Option<Link>,
    /// The directory of the run that this program trained, once it is closed.
    own_run: Option<Run>,
    /// The command for its end.
    at_end: Option<AtEnd>,
    /// How often the run is saved while an epoch lasts.
    save_every: Option<Duration>,
    /// Commands to the training that came before it started.
    waiting: Vec<Command>,
    /// What was asked for and is being read because the screen needs it.
    errands: Errands,
    /// Where the things arrive that other threads read for the screen.
    read: (mpsc::Sender<Loaded>, mpsc::Receiver<Loaded>),
    frame_time: Duration,
    changed: bool,
    /// Whether the last picture stays for a moment.
    hold: Hold,
    /// Since when somebody waits for a frame.
    awaited: Option<Instant>,
    /// Whether the terminal is gone.
    is_lost: bool,
    /// Whether reports keep coming: then each frame takes in what has come, and no report wakes this thread, which
    /// would keep a core from training.
    flowing: bool,
    /// How much may be written now.
    budget: Budget,
    refilled: Instant,
    /// Until when training is left undisturbed.
    rest: Instant,
}

/// How the dashboard's time ended.
struct Ended {
    /// The number of the signal that ended it, if one did.
    by: Option<u8>,
    /// Whether the whole run was on the disk before it ended.
    is_closed: bool,
}

impl EventLoop {
    fn open(opening: &Opening, looks: &Looks, keys: Keys, theme: Theme, signs: Signs) -> Result<Self> {
        let farewell = theme.graphics().farewell();
        let terminal = TakenTerminal::enter(!looks.no_mouse, theme.depth(), farewell, &signs)
            .context("cannot take the terminal over")?;
        let area = terminal.area().context("cannot find out the terminal's size")?;
        Ok(Self {
            terminal,
            area,
            budget: Budget::new(area),
            refilled: Instant::now(),
            rest: Instant::now(),
            app: app(opening).with_keys(keys),
            theme,
            marks: Marks::new(signs),
            link: None,
            own_run: None,
            at_end: None,
            save_every: match opening {
                Opening::Train(plan) => plan.save_every,
                Opening::Watch(_) => None,
            },
            waiting: Vec::new(),
            errands: Errands::default(),
            read: mpsc::channel(2),
            frame_time: Duration::from_secs(1) / looks.fps.max(1),
            changed: true,
            hold: Hold::default(),
            awaited: None,
            is_lost: false,
            flowing: false,
        })
    }

    async fn run(mut self, opening: Opening, mut inputs: Inputs) -> Result<u8> {
        let runs = opening.runs().clone();
        let ended = self.attend(opening, &mut inputs).await.inspect_err(|_| {
            self.terminal.give_back(None);
            // From here on the training is waited for, and nobody listens to signals.
            signals::end_at_once();
        })?;
        let is_ours = self.app.role() == Role::Trains;
        let is_kept = is_ours && self.app.known().started.as_ref().is_some_and(|started| started.run.is_some());
        let own_run = self.own_run.take();
        self.account_for_what_is_not_saved(is_kept && !ended.is_closed, own_run.as_ref(), &runs);
        let is_unsaved = self.app.known().unsaved.is_some();
        // What is not saved could not be gone on with.
        if let (Some(Leaving::Detaching), false, Some(run)) = (self.app.leaving(), is_unsaved, own_run)
            && !matches!(self.app.known().phase, Phase::Done | Phase::Failed { .. })
        {
            return self.leave_training(&run, &runs);
        }
        match (self.leave(&runs), ended.by) {
            (_, Some(number)) => Ok(exit_status(number)),
            (Phase::Failed { reason }, None) if is_ours => bail!("{reason}"),
            // What is not saved has been reported by now.
            _ => Ok((is_kept && is_unsaved).into()),
        }
    }

    /// Attends to the run and to the person until one of them ends it and the run is on the disk.
    async fn attend(&mut self, opening: Opening, inputs: &mut Inputs) -> Result<Ended> {
        self.draw_at_once();
        let mut ticks = self.ticks();
        let runs = opening.runs().clone();
        let is_kept = matches!(&opening, Opening::Train(plan) if plan.is_kept());
        let mut steps = load(opening)?;
        let mut reports = None;
        let mut by = None;
        while self.app.leaving().is_none() && by.is_none() {
            let wake = self.wake();
            tokio::select! {
                biased;
                Some(signal) = inputs.signals.recv() => by = self.take_signal(signal)?,
                input = inputs.keys.recv() => {
                    let input = input.ok_or_else(|| died("the thread that reads the keys"))?;
                    self.take_reports(&mut reports)?;
                    self.take_input(&input)?;
                }
                step = steps.next(), if reports.is_none() => {
                    let step = step.ok_or_else(|| died("the thread that reads the data set"))??;
                    reports = self.take_step(step);
                }
                report = next(&mut reports), if !self.flowing => {
                    self.take_report(report)?;
                    self.flowing = true;
                }
                Some(loaded) = self.read.1.recv() => {
                    self.errands.done(&loaded);
                    self.app.load(loaded);
                    self.draw_at_once();
                }
                _ = ticks.tick(), if self.changed || self.flowing => {
                    self.flowing = self.take_reports(&mut reports)?;
                    self.draw_in_time();
                }
                () = sleep(wake.unwrap_or_default()), if wake.is_some() => {}
            }
            self.attend_to_terminal();
            self.follow_wishes(&runs)?;
            if self.is_lost {
                by = Some(HANGUP);
            }
        }
        if by == Some(HANGUP) && is_kept && !self.app.known().is_over() {
            by = self.go_on_without_a_terminal(inputs, &mut steps, &mut reports, &runs).await?;
        }
        let is_closed = self.close(inputs, &mut steps, &mut reports).await?;
        Ok(Ended { by, is_closed })
    }

    fn ticks(&self) -> Interval {
        let mut ticks = interval(self.frame_time);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }

    /// Takes what is ready, and returns the reports of a run that has started.
    fn take_step(&mut self, step: Step) -> Option<Reports> {
        self.changed = true;
        match step {
            Step::Data(data) => {
                self.app.load(Loaded::Data(data));
                None
            }
            Step::Run(link, reports) => {
                self.waiting.drain(..).for_each(|command| link.send(command));
                self.link = Some(link);
                Some(reports)
            }
        }
    }

    /// Asks for what the screen needs, if that has changed: the worker for what is seen of the network, other threads
    /// for what would take too long between two frames.
    fn follow_wishes(&mut self, runs: &Runs) -> Result<()> {
        let wishes = self.app.wishes(&self.page());
        for errand in self.errands.new_ones(wishes, self.link.is_some()) {
            match errand {
                Errand::Look(look) => self.send(Command::Look(look)),
                Errand::Survey => {
                    let data = self.app.known().data.clone();
                    let data = data.expect("no data set is to be counted before it is read");
                    self.read(move || Loaded::Survey(Box::new(Survey::new(&data))))?;
                }
                Errand::Runs => {
                    let runs = runs.clone();
                    self.read(move || Loaded::Runs(runs.figures().map_err(|error| error.to_string())))?;
                }
            }
        }
        Ok(())
    }

    /// Lets another thread read something for the screen.
    fn read(&self, read: impl FnOnce() -> Loaded + Send + 'static) -> Result<()> {
        let loaded = self.read.0.clone();
        // An error means that the person has left.
        let work = move || drop(loaded.blocking_send(read()));
        thread::Builder::new().name("reader".to_owned()).spawn(work).map(drop).context("cannot start a thread")
    }

    /// How much of the shown screen fits into the terminal.
    fn page(&self) -> Page {
        view::page(self.area, &self.app)
    }

    /// Takes the reports that have come, and returns whether there were any.
    fn take_reports(&mut self, reports: &mut Option<Reports>) -> Result<bool> {
        let Some(reports) = reports else { return Ok(false) };
        let mut any = false;
        loop {
            match reports.try_next() {
                Ok(report) => self.take_report(Some(report))?,
                // The run was stopped by somebody else, and nothing comes after that.
                Err(_) if self.app.leaving().is_some() => return Ok(any),
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

    /// Does what a signal asks for. Returns its number if it asks to end.
    fn take_signal(&mut self, signal: Signal) -> Result<Option<u8>> {
        match signal {
            Signal::End(number) => {
                // A shell may have it since the program was stopped, and whoever asks for it then is stopped for good.
                if !self.terminal.is_ours() {
                    self.terminal.lose();
                }
                return Ok(Some(number));
            }
            Signal::Stop => {
                self.terminal.give_back(None);
                signals::stop().context("cannot stop")?;
                self.come_back();
            }
            Signal::Continue => {
                self.terminal.lose();
                self.come_back();
            }
            Signal::Resize => self.draw_at_once(),
        }
        Ok(None)
    }

    fn take_input(&mut self, input: &Input) -> Result<()> {
        match *input {
            Input::Lost => self.is_lost = true,
            Input::Event(Event::Key(key)) if key.kind != KeyEventKind::Release => self.take_key(key)?,
            Input::Event(Event::Mouse(mouse)) => self.take_mouse(mouse)?,
            Input::Event(_) => {}
        }
        Ok(())
    }

    fn take_key(&mut self, key: KeyEvent) -> Result<()> {
        let action = self.app.action(key);
        action.map_or(Ok(()), |action| self.act(action))
    }

    /// Does what a click or a turn of the wheel means. The wheel goes by rows, or by one if the screen shows one image.
    fn take_mouse(&mut self, mouse: MouseEvent) -> Result<()> {
        let stride = if self.app.shows_one() { Stride::One } else { Stride::Row };
        let action = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let position = Position { x: mouse.column, y: mouse.row };
                view::hit(self.area, &self.app, position)
            }
            MouseEventKind::ScrollUp => Some(Action::Go(stride, Direction::Back)),
            MouseEventKind::ScrollDown => Some(Action::Go(stride, Direction::Forward)),
            _ => None,
        };
        action.map_or(Ok(()), |action| self.act(action))
    }

    fn act(&mut self, action: Action) -> Result<()> {
        if let Some(command) = self.app.act(action, &self.page()) {
            self.send(command);
        }
        match action {
            Action::Redraw => self.or_lost(|dashboard| dashboard.terminal.clear()),
            // Stops the whole job, as the terminal itself would, including a `cargo run` around the program. It comes
            // back as a signal.
            Action::Suspend => {
                kill_current_process_group(rustix::process::Signal::TSTP).context("cannot stop")?;
            }
            _ => {}
        }
        self.draw_at_once();
        Ok(())
    }

    /// Asks something of the run, as soon as there is one.
    fn send(&mut self, command: Command) {
        match &self.link {
            Some(link) => link.send(command),
            None => self.waiting.push(command),
        }
    }

    /// Takes the terminal over again after a stop, as soon as the program may.
    fn come_back(&mut self) {
        if self.terminal.is_ours() {
            self.marks.forget();
            self.or_lost(|dashboard| dashboard.terminal.take_over());
            self.draw_at_once();
        }
    }

    /// When to attend to the terminal next, if nothing happens before.
    fn wake(&mut self) -> Option<Duration> {
        if self.is_lost {
            return None;
        }
        if !self.terminal.is_taken() {
            return Some(AWAY);
        }
        self.terminal.retry().or_else(|| {
            let patience = KEY_PATIENCE.saturating_sub(self.awaited?.elapsed());
            self.terminal.wait().map(|wait| wait.min(patience))
        })
    }

    /// Sends what the terminal takes now, and after that draws what somebody waits for.
    fn attend_to_terminal(&mut self) {
        if self.is_lost {
            return;
        }
        if !self.terminal.is_taken() {
            return self.come_back();
        }
        if self.terminal.retry().is_some() && self.or_lost(|dashboard| dashboard.terminal.send()) {
            self.draw_at_once();
        }
        if let Some(since) = self.awaited
            && self.terminal.wait().is_some_and(|wait| wait.is_zero() || since.elapsed() >= KEY_PATIENCE)
        {
            self.awaited = None;
            self.draw();
        }
    }

    /// Does something with the terminal, which may be gone.
    fn or_lost<T: Default>(&mut self, act: impl FnOnce(&mut Self) -> io::Result<T>) -> T {
        act(self).unwrap_or_else(|_| {
            self.is_lost = true;
            T::default()
        })
    }

    /// Draws what nobody waits for, as far as the connection carries it.
    fn draw_in_time(&mut self) {
        let now = Instant::now();
        self.budget.refill(now - std::mem::replace(&mut self.refilled, now));
        let is_training = self.app.known().phase == Phase::Training && self.app.known().pace.is_none();
        let is_open = self.budget.is_open() && self.terminal.wait().is_some_and(|wait| wait.is_zero());
        if !self.changed || !is_open || (is_training && now < self.rest) || self.is_held() {
            return;
        }
        let bytes = self.draw();
        self.budget.spend(bytes);
        self.rest = now + (now.elapsed() * SCREEN_SHARE).min(LONGEST_REST);
    }

    /// Draws what a person waits for, as soon as the terminal takes it.
    fn draw_at_once(&mut self) {
        self.changed = true;
        if self.is_held() {
            return;
        }
        self.budget.answer();
        self.rest = Instant::now();
        self.awaited.get_or_insert(self.rest);
        if self.terminal.wait().is_some_and(|wait| wait.is_zero()) {
            self.awaited = None;
            self.draw();
        }
    }

    /// Whether the last picture stays, because what the screen shows is about to come.
    fn is_held(&mut self) -> bool {
        self.hold.is_on(self.app.is_waiting(), Instant::now())
    }

    /// Draws a frame and returns its bytes.
    fn draw(&mut self) -> usize {
        self.or_lost(|dashboard| {
            let area = dashboard.terminal.area()?;
            dashboard.budget.fit(area, dashboard.terminal.rate());
            dashboard.area = area;
            dashboard.changed = false;
            let Self { terminal, app, theme, marks, .. } = dashboard;
            terminal.tell(&marks.news(app, Instant::now()));
            let graphics = theme.graphics().with_cell(terminal.cell());
            let theme = theme.clone().with_graphics(graphics);
            terminal.draw(|frame| view::draw(frame, app, &theme))
        })
    }
}

fn app(opening: &Opening) -> App {
    match opening {
        Opening::Train(plan) => App::new(plan.pace),
        Opening::Watch(_) => App::of_another(),
    }
}

fn died(who: &str) -> color_eyre::Report {
    if let Some(panic) = terminal::take_panic() {
        eyre!("{who} died, which is a bug in fitroom: {panic}")
    } else {
        eyre!("{who} ended unexpectedly")
    }
}
