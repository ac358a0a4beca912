//! fitroom: a fitting room for a neural network, in a terminal.
//!
//! ```text
//! key ── crossterm ──> key table ──> Action ──> App::act ──> Option<Command> ── RunLink, hub ──> worker thread
//!                                                  │                                             Trainer
//! tick ──> view::draw(frame, &App, &Theme) <── App <┴── App::apply(Report) <── Reports <── hub <── emit(Report)
//!                                                 headless <── Reports <───────┘                       │
//!                                   metrics log, TensorBoard, checkpoints <── recorder <───────────────┘
//! ```
//!
//! Imports point one way: [`printable`], [`json`] ← [`fashion`], [`metrics`], [`protocol`], [`settings`] ← [`engine`],
//! [`run`], [`app`] ← [`session`], [`view`] ← [`headless`], [`tui`] ← `main`; [`signals`] come to the last two. [`app`]
//! and [`view`] never see [`engine`], and no dfdx type leaves [`engine`]. The test `layering` reads the sources and holds
//! them to it.

pub mod app;
pub mod cli;
pub mod commands;
pub mod depth;
pub mod engine;
pub mod fashion;
pub mod headless;
pub mod json;
pub(crate) mod machine;
pub(crate) mod metrics;
pub mod printable;
pub mod protocol;
pub mod run;
pub mod session;
pub mod settings;
pub mod signals;
pub mod tui;
pub mod view;
