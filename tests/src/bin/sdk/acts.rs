//! What the app does.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use afterword::sentry::protocol::{Attachment, Context, Level, Request, SpanStatus, Value};
use afterword::sentry::{self, Breadcrumb, Hub, TransactionContext, User};
use afterword::{ErrorCapturer, Feedback, HubExt, Lazy, Options, ScopeExt};
use clap::ValueEnum;

use crate::errors;

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Act {
    /// An error with its sources.
    Error,
    /// An error with a backtrace in it.
    TracedError,
    /// The same of `anyhow`, with a context around it.
    Anyhow,
    /// The same of `eyre`.
    Eyre,
    /// An error whose sources have no end.
    EndlessError,
    /// A result that is none.
    OkResult,
    /// A message.
    Message,
    /// A message of which nothing is kept, and of which no id is told.
    LostMessage,
    /// A message with "secret" in it.
    SecretMessage,
    /// A message of 10 MB.
    HugeMessage,
    /// A message that goes through the SDK's own function.
    SentryMessage,
    /// An error with a file.
    Attachment,
    /// Feedback about the last event, by somebody.
    Feedback,
    /// A panic on another thread.
    Panic,
    /// Everything that a scope has.
    Scope,
    /// A scope of values of each type that JSON has, and of texts that are none.
    OddScope,
    /// Three breadcrumbs, one of them noise.
    Breadcrumbs,
    /// A message on a thread that began before the app knew its user.
    OlderThread,
    /// A message on a thread whose hub is older than the client, through a static that sets itself up.
    LateStart,
    /// Messages with hubs of their own: on a thread, in a future, in a closure.
    OwnHubs,
    /// A message through a capturer that is given, and through a static.
    Capturers,
    /// A transaction "wanted" with a child, measurements and a status; and one called "noise".
    Transactions,
    /// Spans and events of `tracing`.
    Tracing,
    /// A panic that the layer of a server recovers, on the thread of `init`, in a request with a hub and a trace of its own.
    LayerPanic,
    /// Writes through null within a scope of its own.
    CrashInScope,
    /// Writes through null.
    Crash,
    /// Waits until what was captured is at the server.
    Flush,
}

impl Act {
    pub(crate) fn perform(self) {
        match self {
            Act::Error => drop(afterword::capture(&errors::NotSaved::new())),
            Act::TracedError => drop(afterword::capture(&errors::traced())),
            Act::Anyhow => {
                let error = anyhow::Error::new(errors::NotSaved::new()).context("cannot close the window");
                afterword::capture_anyhow(&error);
            }
            Act::Eyre => {
                let error = eyre::Report::new(errors::NotSaved::new()).wrap_err("cannot close the window");
                afterword::capture_eyre(&error);
            }
            Act::EndlessError => drop(afterword::capture(&errors::Endless)),
            Act::OkResult => assert!(afterword::capture_result(&Ok::<(), errors::NotSaved>(())).is_none()),
            Act::Message => drop(afterword::capture_message("the palette is empty", Level::Warning)),
            Act::LostMessage => assert!(afterword::capture_message("lost", Level::Error).is_nil()),
            Act::SecretMessage => drop(afterword::capture_message("the secret is out", Level::Warning)),
            Act::HugeMessage => drop(afterword::capture_message(&"huge ".repeat(2 << 20), Level::Error)),
            Act::SentryMessage => drop(sentry::capture_message("through the SDK", Level::Info)),
            Act::Attachment => attachment(),
            Act::Feedback => feedback(),
            Act::Panic => {
                let ended = std::thread::spawn(|| panic!("the brush is dry")).join();
                assert!(ended.is_err());
            }
            Act::Scope => scope(),
            Act::OddScope => odd_scope(),
            Act::Breadcrumbs => breadcrumbs(),
            Act::OlderThread => older_thread(),
            Act::LateStart => late_start(),
            Act::OwnHubs => own_hubs(),
            Act::Capturers => capturers(),
            Act::Transactions => transactions(),
            Act::Tracing => traced(),
            Act::LayerPanic => layer_panic(),
            Act::CrashInScope => afterword::with_scope(
                |scope| {
                    scope.set_tag("inner", "yes");
                    scope.set_request(Some(request()));
                },
                crash,
            ),
            Act::Crash => crash(),
            Act::Flush => {
                let client = Hub::current().client().expect("it is set up");
                assert!(client.flush(Some(Duration::from_secs(30))), "not all is delivered");
            }
        }
    }
}

#[expect(unsafe_code, reason = "it is to crash")]
#[inline(never)]
fn crash() {
    let nowhere = std::hint::black_box(std::ptr::null_mut::<u8>());
    // SAFETY: none, and that is what it is for.
    unsafe { nowhere.write_volatile(1) };
}

fn request() -> Request {
    Request {
        url: "http://paint.example.com/pictures/7?size=big".parse().ok(),
        method: Some("PUT".to_owned()),
        ..Request::default()
    }
}

fn attachment() {
    let file = Attachment {
        buffer: b"#7ec8a9 #000000".to_vec(),
        filename: "palette.txt".to_owned(),
        content_type: Some("text/plain".to_owned()),
        ty: None,
    };
    afterword::with_scope(
        |scope| scope.add_attachment(file),
        || afterword::capture(&errors::NotSaved::new()),
    );
}

fn feedback() {
    let about = afterword::capture(&errors::NotSaved::new());
    let kept = Feedback::new("It always happens on Mondays")
        .name("Ada")
        .email("ada@example.com")
        .about(about)
        .send();
    assert_ne!(kept, afterword::FeedbackKept::No);
}

fn scope() {
    afterword::set_user(Some(User {
        id: Some("7".to_owned()),
        ..User::default()
    }));
    afterword::set_context("canvas", Context::Other([("layers".to_owned(), 3.into())].into()));
    afterword::set_extra("zoom", 1.5.into());
    afterword::set_tag("gone", "yes");
    afterword::remove_tag("gone");
    afterword::set_fingerprint(Some(&["palette", "empty"]));
    afterword::set_request(Some(request()));
}

fn odd_scope() {
    let values = serde_json::json!({
        "null": null, "true": true, "number": 1e300, "nan": f64::NAN, "text": "a\0b\u{202e}", "list": [[[[]]]], "map": {"": {}},
    });
    afterword::set_extra("odd", values);
    afterword::set_tag("nul", "a\0b");
    afterword::set_tag("", "a key without a letter");
    afterword::set_tag("long", "x".repeat(10 << 20));
}

fn breadcrumbs() {
    for (category, message) in [("ui", "opened"), ("noise", "tick"), ("ui", "drew")] {
        afterword::add_breadcrumb(Breadcrumb {
            category: Some(category.to_owned()),
            message: Some(message.to_owned()),
            ..Breadcrumb::default()
        });
    }
}

fn older_thread() {
    let (signed_in, wait) = channel::<()>();
    let (up, is_up) = channel();
    let thread = std::thread::spawn(move || {
        // From here on it has a hub.
        Hub::current().configure_scope(|scope| scope.set_tag("thread", "older"));
        up.send(()).expect("it waits");
        wait.recv().expect("it is told");
        afterword::capture_message("from the older thread", Level::Info);
    });
    is_up.recv().expect("it comes up");
    afterword::set_user(Some(User {
        id: Some("ada".to_owned()),
        ..User::default()
    }));
    signed_in.send(()).expect("it waits");
    thread.join().expect("it ends well");
}

fn late_start() {
    static LAZY: Lazy = Lazy::new(|| {
        let options = std::env::var("SDK_LATE_OPTIONS").expect("the test says which");
        serde_json::from_str::<Options>(&options).expect("they are right")
    });
    let (started, wait) = channel::<()>();
    let (up, is_up) = channel();
    let worker = std::thread::spawn(move || {
        sentry::add_breadcrumb(Breadcrumb::default());
        assert!(Hub::current().client().is_none());
        up.send(()).expect("it waits");
        wait.recv().expect("it is told");
        LAZY.capture_message("from the worker", Level::Info);
    });
    is_up.recv().expect("it comes up");
    LAZY.capture_message("from the first", Level::Info);
    started.send(()).expect("it waits");
    worker.join().expect("it ends well");
}

fn own_hubs() {
    let hub = Hub::current().fork();
    hub.configure_scope(|scope| scope.set_tag("job", "export"));
    let capture = |what: &'static str| {
        move || {
            afterword::capture_message(what, Level::Info);
        }
    };
    hub.spawn("exporter", capture("from a thread"))
        .expect("there is a thread")
        .join()
        .expect("it ends well");
    hub.wrap(capture("from a closure"))();
    let future = std::pin::pin!(hub.bind(async { capture("from a future")() }));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.poll(&mut context).is_ready());
    afterword::capture_message("from nowhere in particular", Level::Info);
}

fn capturers() {
    static LAZY: Lazy = Lazy::new(|| Options::new("never asked, it is set up already"));
    let given: Arc<dyn ErrorCapturer> = Arc::new(afterword::SentryCapturer);
    given.capture_message("through what is given", Level::Info);
    LAZY.capture_result(&Err::<(), _>(errors::NotSaved::new()));
}

fn transactions() {
    for name in ["wanted", "noise"] {
        let transaction = sentry::start_transaction(TransactionContext::new(name, "paint"));
        let child = transaction.start_child("db.query", "SELECT colour");
        child.set_status(SpanStatus::NotFound);
        child.finish();
        transaction.set_data("strokes", Value::from(12));
        transaction.set_status(SpanStatus::Ok);
        transaction.finish();
    }
}

fn layer_panic() {
    use tower::{Layer, Service, service_fn};
    let answer = |request: http::Request<String>| async move {
        let handed_on = afterword::trace::headers();
        let said = handed_on.iter().find(|(name, _)| *name == "baggage");
        assert!(
            said.is_some_and(|(_, value)| value.ends_with("sentry-release=caller@1")),
            "what the caller said of its trace is handed on: {handed_on:?}"
        );
        assert!(request.uri().path() != "/panic", "a panic in a request");
        Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
    };
    let mut service = afterword_tower::AfterwordLayer::new().layer(service_fn(answer));
    let mut request = http::Request::get("/panic")
        .header("sentry-trace", "771a43a4192642f0b136d5159a501700-2b00000000000001-1")
        .header(
            "baggage",
            "sentry-trace_id=771a43a4192642f0b136d5159a501700,sentry-release=caller%401",
        )
        .body(String::new())
        .expect("it is one");
    let hub = Hub::current().fork();
    hub.configure_scope(|scope| scope.set_tag("job", "web"));
    hub.bind_request(&mut request);
    let future = std::pin::pin!(service.call(request));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok(response)) = future.poll(&mut context) else {
        panic!("there is nothing to wait for");
    };
    assert_eq!(response.status(), 500);
}

fn traced() {
    use tracing_subscriber::layer::SubscriberExt;
    let subscriber = tracing_subscriber::registry().with(afterword::tracing_layer());
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!("export", format = "png");
        let _entered = span.enter();
        tracing::info!("the picture is encoded");
        tracing::error!("the picture cannot be written");
    });
}
