//! The program beside the app: it captures, keeps, asks, sends and restarts. As a library it is the same program inside an
//! application's own executable.
//!
//! # The way of a crash through this crate
//!
//! 1. [`run_if_asked`] (or the binary's `main`) sees the arguments that the app's `init` gave it; `detach` leaves the app's
//!    terminal, folder and files alone.
//! 2. `serve` waits, blocked, for a message of the app or for its end. There is no timer: at rest nothing runs.
//! 3. On *crash*, `capture` reads the registers from the private memory and writes a minidump of the app from outside, in
//!    memory; `scrub` keeps the streams of an allow-list, without what is data, and paths without the user's name
//!    (`masked`); `secrets` takes passwords, tokens and addresses out of texts; `keep` puts the report into the store, synced.
//!    Only then the app is answered, and dies as it would have without us.
//! 4. `errands`, a thread of its own, does what takes time: `assemble` works out the stack and the event, `ask` opens a shell
//!    (the window in a process of its own, the terminal, or one that the embedding program brings), and the answer in the
//!    store decides. On *Send*, `restart` first, then `send`, with progress. On *Don't send* the store deletes the report.
//!    The session of each run is told at its beginning and at its end (`session`).
//!    Before that, `rules` drops what the app wants dropped.
//!    `sending`, another thread, drains the outbox of the app (`outbox`, through `secrets`), sends what may be sent and answers a flush, whatever
//!    the question is that is open meanwhile; who decides is in `policy`.
//! 5. Without an answer the report waits; the next start of the app asks (`leftovers`).
//!
//! Where the reporter is gone or silent, the crash handler starts a `rescuer`, which does the same from step 3 on. Where even
//! that fails, the handler saves what it can, and `endings` makes a report of it: here, or at the next start.
//!
//! Programs that already speak to a server of the `minidumper` crate are served by `minidumper`, with the same capture,
//! scrubbing, store and errands.
//!
//! What each run did is in a log file in the store's `log` folder (`journal`).
//!
//! # What holds here
//! Nothing leaves before consent: `send` can only send what the store's gate releases. A crash of the window is no answer.
//! A report is deleted only after the server's recorded 2xx, or because the person said so.

mod error;
mod program;

mod app;
mod detach;
mod journal;
#[cfg_attr(not(target_os = "linux"), path = "rescuer/elsewhere.rs")]
mod rescuer;
#[cfg_attr(not(target_os = "linux"), path = "rest/elsewhere.rs")]
mod rest;
mod serve;

mod capture;
mod hangs;
mod keep;
mod masked;
mod rules;
mod scrub;
mod secrets;

mod assemble;
mod event;
#[cfg_attr(not(target_os = "linux"), path = "executable/elsewhere.rs")]
mod executable;

mod ask;
mod endings;
mod errands;
mod leftovers;
mod outbox;
mod policy;
mod restart;
mod send;
mod sending;
mod session;

#[cfg_attr(not(target_os = "linux"), path = "minidumper/elsewhere.rs")]
mod minidumper;

/// The dialog's messages, for shells of other programs.
pub use afterword_dialog as dialog;
pub use ask::{Conversation, Shell};
pub use assemble::{Assembled, assemble};
pub use error::Error;
pub use masked::local_sources;
pub use program::{Reporter, main, run_if_asked};
pub use send::{NoProgress, client_name};
