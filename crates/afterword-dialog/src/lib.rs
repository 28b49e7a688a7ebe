//! The window that asks. Knows no network: what it shows comes in over a pipe, and the answer goes into the store.
//!
//! It is met by a person who has just lost their work. So it is short, says what happened and to whom the report would go,
//! weighs *Send report* and *Don’t send* exactly alike, ticks nothing beforehand, takes no press for an answer that comes
//! before anybody can have read it, and shows what would be sent, in short and as text, to those who want to see it.
//! Closing it answers nothing: the next start of the app asks again.
//!
//! # How it is put together
//!
//! ```text
//!            message             state                view
//!  reporter ─────────► [State] ◄───────── [view] ──────────► pixels, AccessKit
//!     ▲    FromDialog     │      edits       │
//!     │◄──────────────────┘                  │ Action
//!     │            conversation ◄────────────┘
//!     └ reads the store ◄── put_answer
//! ```
//!
//! [`State`] is all that is shown and [`view`] draws it; neither does I/O, so each state and each action is tested by role
//! and label without a window. The *conversation* carries out the [`Action`]s: it saves the answer, and only then says so.
//! A [`Shell`] shows the view in a window: with OpenGL, by eframe, or drawn in software, without any library of a graphics
//! driver. A shell may fail in any way (the driver it draws with may be what broke the app), so each is a process of its
//! own ([`run`]), started in turn by the reporter until one says [`FromDialog::Shown`]; [`terminal::ask`] is the last, with
//! the same words in plain text.
//!
//! The reporter hands over facts. What is said of them is in `assets/locales`, one Fluent file for each [`Language`], and has
//! one door, `words`; the desktop's language is negotiated once, when the process begins, and kept with the answer.
//!
//! # What it may not do
//!
//! Take the report down: whatever happens here, without an answer in the store the report is kept, and nothing is sent. No
//! message can answer in the person's stead, and a broken pipe is no consent: an answer is a file. Text in a report is a
//! stranger's: it is bounded and made plain before either shell shows it.

mod error;
mod message;

pub mod text;

mod language;
mod words;

mod shown;

mod guard;
mod look;
mod preview;
mod state;
mod theme;
mod view;

mod answer;
mod conversation;

#[cfg(test)]
mod sample;

pub mod terminal;

mod appearance;
mod fit;
mod fonts;
mod shell;
mod software;
mod window;

pub use answer::{Given, save_answer};
pub use error::Error;
pub use language::Language;
pub use look::Tab;
pub use message::{
    Asked, BreadcrumbLine, Details, FrameLine, FromDialog, MAX_LINE_BYTES, ModuleLine, StreamLine, ToDialog,
    read_message, write_message,
};
#[doc(hidden)]
pub use shell::show;
pub use shell::{Shell, run};
pub use state::{Action, MAX_COMMENT_CHARS, Phase, State};
pub use theme::install as install_theme;
pub use view::view;
pub use words::TEXT_VERSION;
#[doc(hidden)]
pub use words::knows_removed;
