//! A program that embeds Afterword and ends in the way it is told to: what the tests crash.
//!
//! `crasher KIND --store DIR --dsn DSN`: sets a tag and leaves breadcrumbs as an app would, then does it. With `--without`
//! it does the same without Afterword, so that a test can compare how both end.
//!
//! With the feature `itself` (the default) it is its own reporter unless told otherwise, and answers its own questions as
//! `CRASHER_ANSWER` says. Without it the crasher is small and quickly built, and `--reporter` names one.
//!
//! In reading order: [`app`] is what an app does with Afterword, [`kind`] lists the ends, and the other rooms have them by
//! theme.

mod app;
mod canaries;
mod faults;
mod hang;
mod heap;
#[cfg(feature = "itself")]
mod itself;
mod kind;
mod memory;
mod native;
mod panics;
mod process;
mod signals;
mod threads;
mod told;
mod watched;

use clap::Parser as _;

use crate::kind::Kind;

/// Without a reporter of its own there is nothing to be but the app.
#[cfg(not(feature = "itself"))]
mod itself {
    pub(crate) fn run_if_asked() {}
}

fn main() {
    itself::run_if_asked();
    let inherited = app::descriptors();
    env_logger::Builder::from_default_env().init();
    let arguments = app::Arguments::parse();
    let kind = arguments.kind;
    kind.begin();
    let guard = (!arguments.without).then(|| app::init(&arguments));
    if kind == Kind::Early {
        memory::fill_pixel(std::ptr::null_mut());
    }
    let again = arguments.note.as_ref().is_some_and(|note| note.exists());
    app::prepare(&arguments, inherited);
    for fault in &arguments.fault {
        fault.happen();
    }
    if !(again && kind == Kind::NullWriteOnce) {
        kind.end();
    }
    drop(guard);
}
