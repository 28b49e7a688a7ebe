//! Crash reporting for desktop applications: what an application embeds.
//!
//! ```no_run
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let _afterword = afterword::Options::new("https://key@crashes.example.com/1")
//!         .app_name("Paintbox")
//!         .release(afterword::release_name!())
//!         .init()?;
//!     // The rest of the program.
//!     Ok(())
//! }
//! ```
//!
//! [`Options::init`] opens the store, maps the run file, starts the reporter, installs the crash handlers and a Sentry client,
//! and returns; it waits for none of them. Keep the [`Guard`] for as long as the program runs.
//!
//! When the program crashes, the handler does almost nothing: it puts the registers into the run file, wakes the reporter and
//! waits until the report is on the disk. Then the program dies as it would have died without us. The reporter, a program of
//! its own, asks the person in front of it; nothing is sent before they agree. Errors and panics that the program survives,
//! messages and transactions go through the [`sentry`] hub as in any program that uses it, into the same store, under the
//! same consent. There is no HTTP, no window and no async runtime in this crate.
//!
//! A main thread that does not respond is reported, with its stack, where it is watched: see [`watch_main_thread`].
//!
//! # What a panic becomes
//!
//! | the panic | a dump? | it is | who decides |
//! | --- | --- | --- | --- |
//! | on the thread that called `init`, unwinds out of `main` | yes, where it panicked | a crash | the [`Guard`], dropped while its thread panics |
//! | on that thread, caught by `catch_unwind` | taken, then forgotten | an error | the next panic, or the guard dropped in the ordinary way; forgotten if neither comes |
//! | on another thread | no | an error | the panic hook |
//! | with `panic = "abort"` | yes, by SIGABRT | a crash | the signal; the panic's message is in the report |
//! | while panicking, in a destructor, across C | yes, by SIGABRT | a crash (the first panic may be an error too) | the signal |
//!
//! A panic within a request that the layer of `afterword-tower` recovers is an error of that request.
//!
//! # What else is captured
//!
//! | what | with |
//! | --- | --- |
//! | an error, with its sources and the backtrace that it carries | [`capture`], [`capture_result`], `capture_anyhow`, `capture_eyre` |
//! | a message, an event | [`capture_message`], [`capture_event`], and all of [`sentry`] |
//! | what a person writes | [`feedback`], [`Feedback`] |
//! | where there is no `main` to call `init` in | [`Lazy`] |
//! | where the capturer is given | [`ErrorCapturer`], [`RecordingCapturer`] for tests |
//! | transactions, spans, and traces over several processes | [`sentry::start_transaction`], [`trace`], `tracing_layer` |
//! | work with a scope of its own | [`with_scope`], [`HubExt`] |
//! | a main thread that hangs | [`watch_main_thread`], [`report_hang`] |
//! | the health of releases | by itself, once there is a release |
//!
//! What is captured is on the disk when the function returns, and outlives the process, however that ends: there is nothing to
//! wait for at an exit. [`flush`] waits for the server where that matters. All options are in one table: [`Options`].
//!
//! # Where to call what
//!
//! | function | reaches crash reports |
//! | --- | --- |
//! | [`set_tag`], [`set_user`], [`set_context`], [`set_extra`], [`set_level`], [`set_fingerprint`], [`set_request`], [`configure_scope`] | when it returns |
//! | [`with_scope`] on a thread that works with the main hub | while it runs |
//! | [`add_breadcrumb`] or `sentry::add_breadcrumb`, on any thread | when it returns |
//! | `sentry::configure_scope` on the main hub | within a second |
//!
//! The setters change the scope of the main hub. The SDK changes a scope by copying it, editing and writing it back: do not
//! change the main hub's scope on two threads at once, and call none of these inside [`configure_scope`].
//!
//! # Reading the code
//! [`options`](Options) → `init` (makes what is in `running`) → `client` → `start` (the reporter) → `handler` (a crash: the reporter, else `rescue`, else `salvage`) →
//! `panics` and `hang`, with `passage` (what lets the reporter at a thread) and `this_thread`; beside them `mirror` (scope),
//! `watch` (starts a reporter that died again), `terminate` (signals that end the app) and `frames` (an integration of ours).
//! What is captured goes `capture` → the SDK's client → `outgoing` (sampling, hooks) → `transport` (bounds) → `outbox` (a file
//! that the reporter drains); `flush` waits for it, `consent` changes what becomes of it.
//!
//! # Features
//! `anyhow`, `eyre` (their errors with their backtraces), `http` (traces in the headers of `http`, `reqwest`, `axum`), `tracing`
//! (a layer). None of them is on by itself, and none brings a client, a server or a runtime.

#![cfg_attr(
    all(windows, target_env = "gnu"),
    expect(
        clippy::missing_const_for_thread_local,
        reason = "they are const: the lint misses that where threads have no storage of their own"
    )
)]

mod error;
mod options;

mod client;
mod init;
mod lazy;
mod running;
mod start;

mod handler;
mod passage;
#[cfg_attr(not(target_os = "linux"), path = "rescue/elsewhere.rs")]
mod rescue;
#[cfg_attr(not(target_os = "linux"), path = "salvage/elsewhere.rs")]
mod salvage;
mod terminate;
mod this_thread;
#[cfg_attr(not(target_os = "linux"), path = "trap/elsewhere.rs")]
mod trap;

mod panics;

mod hang;

mod capture;
mod capturer;
mod feedback;
mod frames;
mod hub_ext;
pub mod trace;

mod consent;
mod documents;
mod flush;
mod mirror;
mod outbox;
mod outgoing;
mod scope;
#[cfg(feature = "tracing")]
mod tracing_layer;
mod transport;
mod watch;

mod release;

pub use afterword_store::ItemKind;
#[cfg(feature = "anyhow")]
pub use capture::capture_anyhow;
#[cfg(feature = "eyre")]
pub use capture::capture_eyre;
pub use capture::{capture, capture_event, capture_message, capture_result, event_from_error};
pub use capturer::{ErrorCapturer, RecordingCapturer, SentryCapturer};
pub use consent::{ConsentChoice, ConsentTaken, consent, consent_choice, set_consent, withdraw_consent};
pub use documents::set_open_documents;
pub use error::{ConsentError, InitError};
pub use feedback::{Feedback, FeedbackKept, feedback};
pub use flush::{Flushed, flush};
pub use hang::{Busy, HANG_AFTER, MainThreadWatch, Paused, report_hang, watch_main_thread};
pub use hub_ext::HubExt;
pub use init::Guard;
pub use lazy::Lazy;
pub use mirror::{
    add_breadcrumb, configure_scope, remove_tag, set_context, set_extra, set_fingerprint, set_level, set_request,
    set_tag, set_user,
};
pub use options::{Consent, CrashRules, Delivery, DropRule, Options, RedactRule, Reporter, Secret, Secrets, Transport};
#[doc(hidden)]
pub use release::release_name;
pub use scope::{ScopeExt, with_scope};
pub use sentry;
#[cfg(feature = "tracing")]
pub use tracing_layer::tracing_layer;

/// The release tag of the calling crate: its name and version, and the commit it is built from if the build knows it, as
/// `name@1.2.3+0123456789ab`.
///
/// The commit is looked for, when the crate is compiled, in the variables `AFTERWORD_COMMIT`, `VERGEN_GIT_SHA`, `GITHUB_SHA` and
/// `CI_COMMIT_SHA`.
///
/// A macro, since a function would see this crate's package and not yours.
#[macro_export]
macro_rules! release_name {
    () => {{
        static NAME: ::std::sync::OnceLock<::std::string::String> = ::std::sync::OnceLock::new();
        NAME.get_or_init(|| {
            $crate::release_name(
                ::std::env!("CARGO_PKG_NAME"),
                ::std::env!("CARGO_PKG_VERSION"),
                [
                    ::std::option_env!("AFTERWORD_COMMIT"),
                    ::std::option_env!("VERGEN_GIT_SHA"),
                    ::std::option_env!("GITHUB_SHA"),
                    ::std::option_env!("CI_COMMIT_SHA"),
                ],
            )
        })
        .as_str()
    }};
}
