//! The application that is measured, with `sentry-minidump`. Its envelopes go nowhere: what is measured is capture.

#[path = "../../capture/src/app.rs"]
#[expect(dead_code, reason = "ours and the one that measures use the rest")]
mod app;
#[path = "../../capture/src/moments.rs"]
#[expect(dead_code, reason = "ours and the one that measures use the rest")]
mod moments;

use std::process::ExitCode;
use std::sync::Arc;

use app::{Arguments, Kind};
use moments::{Moment, Moments};
use sentry::{Breadcrumb, ClientOptions, Envelope, Transport};
use sentry_minidump::MinidumpIntegration;

fn main() -> ExitCode {
    let Some(arguments) = Arguments::of_this_process() else {
        return ExitCode::from(2);
    };
    let Ok(moments) = Moments::open(&arguments.moments) else {
        return ExitCode::from(2);
    };
    let plain = arguments.kind == Kind::PlainBreadcrumbs;
    let mut options = ClientOptions::new()
        .dsn(arguments.dsn.as_str())
        .release("bench@1.2.3")
        .max_breadcrumbs(100)
        .transport(Arc::new(Scales(moments)));
    let minidump = MinidumpIntegration::new()
        .crashes_dir(&arguments.folder)
        // The file is complete, and not synced.
        .before_capture(move |_, _| moments.note(Moment::Written));
    // The same program is the reporter, and comes by here too.
    let is_app = !minidump.is_crash_reporter_process();
    if !plain {
        options = options.add_integration(minidump);
    }
    if is_app {
        moments.note(Moment::InitBegins);
    }
    let _guard = sentry::init(options);
    moments.note(Moment::InitReturned);
    app::live(&arguments, moments, |message| {
        let breadcrumb = Breadcrumb {
            category: Some("ui".to_owned()),
            message: Some(message),
            ..Breadcrumb::default()
        };
        if !plain {
            sentry::with_integration(|minidump: &MinidumpIntegration, _| minidump.add_breadcrumb(breadcrumb.clone()));
        }
        sentry::add_breadcrumb(breadcrumb);
    });
    ExitCode::SUCCESS
}

/// Weighs what it is given to send.
struct Scales(Moments);

impl Transport for Scales {
    fn send_envelope(&self, envelope: Envelope) {
        let mut bytes = Vec::new();
        if envelope.to_writer(&mut bytes).is_ok() {
            self.0.set(Moment::EnvelopeBytes, bytes.len() as u64);
        }
    }
}
