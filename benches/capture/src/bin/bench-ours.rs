//! The application that is measured, with Afterword.
#![expect(unsafe_code, reason = "signal handlers are C")]

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use afterword::sentry::{self, Breadcrumb, Client, ClientOptions, Envelope, Hub, Transport};
use afterword::{Consent, Guard, Options, Reporter};
use afterword_bench::app::{self, Arguments, Kind, NOWHERE};
use afterword_bench::moments::{Moment, Moments};

static MOMENTS: OnceLock<Moments> = OnceLock::new();

fn main() -> ExitCode {
    let Some(arguments) = Arguments::of_this_process() else {
        return ExitCode::from(2);
    };
    let Ok(moments) = Moments::open(&arguments.moments) else {
        return ExitCode::from(2);
    };
    let _watched = if arguments.kind == Kind::PlainBreadcrumbs {
        without_afterword();
        None
    } else {
        // Set once: this is the only place.
        let _ = MOMENTS.set(moments);
        note_when_it_was_handled();
        let Some(guard) = with_afterword(&arguments, moments) else {
            return ExitCode::FAILURE;
        };
        Some(guard)
    };
    app::live(&arguments, moments, |message| {
        sentry::add_breadcrumb(Breadcrumb {
            category: Some("ui".to_owned()),
            message: Some(message),
            ..Breadcrumb::default()
        });
    });
    ExitCode::SUCCESS
}

fn with_afterword(arguments: &Arguments, moments: Moments) -> Option<Guard> {
    let consent = if arguments.dsn == NOWHERE {
        Consent::Ask
    } else {
        Consent::Always
    };
    let options = Options::new(&arguments.dsn)
        .app_name("Bench")
        .release("bench@1.2.3")
        .consent(consent)
        .store(&arguments.folder)
        .reporter(arguments.reporter.clone().map_or(Reporter::Beside, Reporter::At));
    moments.note(Moment::InitBegins);
    let guard = options.init();
    moments.note(Moment::InitReturned);
    guard.ok()
}

/// The SDK with the same options, and nothing that reaches a crash report.
fn without_afterword() {
    let mut options = ClientOptions::new()
        .dsn(NOWHERE)
        .max_breadcrumbs(100)
        .transport(Arc::new(Nowhere));
    options.default_integrations = false;
    Hub::main().bind_client(Some(Arc::new(Client::with_options(options))));
}

struct Nowhere;

impl Transport for Nowhere {
    fn send_envelope(&self, _: Envelope) {}
}

/// A handler that was there first: it hears of the crash when Afterword's own is done.
fn note_when_it_was_handled() {
    // SAFETY: an empty mask and a function that is safe in a signal handler.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handled as *const () as usize;
        action.sa_flags = libc::SA_ONSTACK | libc::SA_RESETHAND;
        libc::sigaction(libc::SIGSEGV, &raw const action, std::ptr::null_mut());
    }
}

/// Returns, so that the same instruction faults again, to the end that it would have had.
extern "C" fn handled(_signal: libc::c_int) {
    if let Some(moments) = MOMENTS.get() {
        moments.note(Moment::Answered);
    }
}
