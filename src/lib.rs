//! fitroom: a fitting room for a neural network, in a terminal.
//!
//! ```text
//! key ── crossterm ──> key table ──> Action ──> App::act ──> Option<Command> ──┐
//!                                               App::wishes ──> Look ──────────┴──> Link ──> hub ──> trainer's thread
//!                                                                                                          │
//! tick ──> view::draw(frame, &App, &Theme) <── App <── App::apply(Report) <── Reports <── hub <── Report ──┤
//!                                                        headless <── Reports <────────────┘               │
//!                                 metrics log, TensorBoard, checkpoints <── recorder <─────────────────────┘
//! ```
//!
//! Imports point one way. `ROOMS` in `tests/layering.rs` lists which module may name which others, and that test reads
//! the sources and holds them to it: [`app`] and [`view`] never see [`engine`], and no dfdx type leaves [`engine`].

pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod depth;
pub mod engine;
pub mod fashion;
pub mod headless;
pub mod json;
pub(crate) mod machine;
pub mod metrics;
pub mod printable;
pub mod protocol;
pub mod run;
pub mod session;
pub mod settings;
pub mod signals;
pub mod signs;
pub mod tui;
pub mod view;
