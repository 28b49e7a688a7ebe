//! Sends what the `sentry` crate can send, with its default transport, and keeps a copy of each envelope.
//!
//! `SENTRY_DSN` says where to; `SENT` names the folder of the copies. The first argument says what is done.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sentry::protocol::{Attachment, AttachmentType, Context, SessionStatus, User, Value};
use sentry::transports::DefaultTransportFactory;
use sentry::{Breadcrumb, ClientOptions, Envelope, Level, Transport, TransportFactory, TransportOptions};

/// The default transport, with a copy.
struct Copying {
    folder: PathBuf,
    number: AtomicUsize,
    transport: Arc<dyn Transport>,
}

impl Transport for Copying {
    fn send_envelope(&self, envelope: Envelope) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let file = std::fs::File::create(self.folder.join(format!("{number:04}"))).expect("a copy");
        envelope.to_writer(file).expect("a copy");
        self.transport.send_envelope(envelope);
    }

    fn flush(&self, timeout: Duration) -> bool {
        self.transport.flush(timeout)
    }

    fn shutdown(&self, timeout: Duration) -> bool {
        self.transport.shutdown(timeout)
    }
}

struct CopyingFactory;

impl TransportFactory for CopyingFactory {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(Copying {
            folder: std::env::var_os("SENT").expect("SENT").into(),
            number: AtomicUsize::new(0),
            transport: DefaultTransportFactory.create_transport_with_options(options),
        })
    }
}

fn main() {
    let act = std::env::args().nth(1).unwrap_or_default();
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("TLS, which is not used");
    let options = ClientOptions::new()
        .release("rust-client@1.2.3")
        .environment("test")
        .server_name("böx")
        .traces_sample_rate(1.0)
        .attach_stacktrace(true)
        .auto_session_tracking(matches!(act.as_str(), "session" | "panic"))
        .shutdown_timeout(Duration::from_secs(20))
        .transport(CopyingFactory);
    let guard = sentry::init(options);
    scope();
    match act.as_str() {
        "message" => {
            sentry::capture_message("it rains: 雨 \u{1f327}", Level::Warning);
        }
        "error" => {
            sentry::capture_error(&outer());
        }
        "transaction" => transaction(),
        // The session of the whole program, with one error in it.
        "session" => {
            sentry::capture_error(&outer());
        }
        "panic" => {
            // Caught, so that the guard below still sends.
            drop(std::panic::catch_unwind(|| panic!("the colour ran out")));
            sentry::end_session_with_status(SessionStatus::Crashed);
        }
        other => panic!("not an act: {other}"),
    }
    drop(guard);
}

/// What every event has.
fn scope() {
    sentry::configure_scope(|scope| {
        scope.set_tag("brush", "flat");
        scope.set_extra("strokes", 17.into());
        scope.set_user(Some(User {
            id: Some("u-7".to_owned()),
            email: Some("mia@example.com".to_owned()),
            username: Some("mia".to_owned()),
            ..User::default()
        }));
        let canvas: BTreeMap<String, Value> = [("width".to_owned(), 640.into()), ("name".to_owned(), "Grün".into())].into();
        scope.set_context("canvas", Context::Other(canvas));
        scope.add_attachment(Attachment {
            buffer: b"line one\n\xff\x00{\"type\":\"event\"}\nline two".to_vec(),
            filename: "notes ü.bin".to_owned(),
            content_type: Some("application/octet-stream".to_owned()),
            ty: Some(AttachmentType::Attachment),
        });
    });
    sentry::add_breadcrumb(Breadcrumb {
        category: Some("ui".to_owned()),
        message: Some("pressed the button".to_owned()),
        level: Level::Info,
        data: [("x".to_owned(), 3.into())].into(),
        ..Breadcrumb::default()
    });
}

fn transaction() {
    let transaction = sentry::start_transaction(sentry::TransactionContext::new("draw", "ui.action"));
    sentry::configure_scope(|scope| scope.set_span(Some(transaction.clone().into())));
    let span = transaction.start_child("db.query", "SELECT colour");
    span.set_data("rows", 3.into());
    sentry::capture_error(&outer());
    span.finish();
    transaction.finish();
}

#[derive(Debug)]
struct Failed(&'static str, Option<Box<Failed>>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

fn outer() -> Failed {
    Failed("could not paint", Some(Box::new(Failed("the brush is dry", None))))
}
