//! A panic, wherever it happens: one event, one line in the log, one answer.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::task::{Context, Poll};

use afterword_tower::AfterwordLayer;
use axum::Router;
use axum::routing::get as route;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use sentry::protocol::Event;
use sentry::{ClientOptions, Level, SentryFutureExt};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::{Sentry, app, get, logged};

type Answer = Response<Full<Bytes>>;

fn panicking() -> Router {
    let handler = async || -> &'static str {
        sentry::configure_scope(|scope| scope.set_tag("before", "the panic"));
        tokio::task::yield_now().await;
        fall_over()
    };
    Router::new().route("/fall/{depth}", route(handler))
}

fn fall_over() -> &'static str {
    panic!("the floor gave way")
}

/// That it is the event of `fall_over`, with its request.
#[track_caller]
fn assert_tells_of_the_fall(event: &Event<'_>, mechanism: &str, handled: bool) {
    let exception = &event.exception.values[0];
    assert_eq!(event.level, Level::Error);
    assert_eq!(exception.ty, "panic");
    assert_eq!(exception.value.as_deref(), Some("the floor gave way"));
    let given = exception.mechanism.as_ref().unwrap();
    assert_eq!((given.ty.as_str(), given.handled), (mechanism, Some(handled)));
    assert_eq!(event.tags["before"], "the panic");
    let request = event.request.as_ref().unwrap();
    assert_eq!(request.method.as_deref(), Some("GET"));
    assert_eq!(request.url.as_ref().unwrap().as_str(), "http://localhost/fall/3");
    assert_eq!(event.transaction.as_deref(), Some("GET /fall/{depth}"));
    let frames = &exception.stacktrace.as_ref().unwrap().frames;
    assert!(
        frames
            .iter()
            .any(|frame| frame.function.as_deref().is_some_and(|f| f.contains("fall_over"))),
        "{frames:#?}"
    );
}

#[tokio::test]
async fn is_captured_and_answered_with_500() {
    let sentry = Sentry::new(ClientOptions::new());
    let app = app(AfterwordLayer::new(), panicking());
    let response = sentry.send(app, get("/fall/3")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.body(), "internal server error\n");
    let event = sentry.event();
    assert_tells_of_the_fall(&event, "afterword.tower", true);
    let exception = &event.exception.values[0];
    let last = exception.stacktrace.as_ref().unwrap().frames.last().unwrap();
    assert!(last.function.as_ref().unwrap().contains("fall_over"), "{last:?}");
    let location = &exception.mechanism.as_ref().unwrap().data["location"];
    assert!(location.as_str().unwrap().contains("panics.rs:"), "{location}");
}

#[tokio::test]
async fn is_one_line_in_the_log() {
    let sentry = Sentry::with_panic_hook();
    sentry
        .send(app(AfterwordLayer::new(), panicking()), get("/fall/log?q=1"))
        .await;
    assert_eq!(
        logged("/fall/log"),
        ["ERROR GET /fall/log: the handler panicked: the floor gave way"]
    );
}

#[tokio::test]
async fn is_one_event_where_the_sdk_has_hooked_before_the_layer() {
    let sentry = Sentry::with_panic_hook();
    let app = app(AfterwordLayer::new(), panicking());
    sentry.send(app, get("/fall/3")).await;
    assert_tells_of_the_fall(&sentry.event(), "panic", true);
}

#[tokio::test]
async fn is_one_event_where_the_sdk_hooks_after_the_layer() {
    let layer = AfterwordLayer::new();
    let sentry = Sentry::with_panic_hook();
    sentry.send(app(layer, panicking()), get("/fall/3")).await;
    assert_tells_of_the_fall(&sentry.event(), "panic", true);
}

#[tokio::test]
async fn is_one_event_beside_those_of_the_handler() {
    for sentry in [Sentry::new(ClientOptions::new()), Sentry::with_panic_hook()] {
        let handler = async || -> &'static str {
            sentry::capture_message("before", Level::Warning);
            fall_over()
        };
        let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
        sentry.send(app, get("/")).await;
        let events = sentry.events();
        assert_eq!(events.len(), 2);
        assert_eq!(events[0].message.as_deref(), Some("before"));
        assert_eq!(
            events[1].exception.values[0].value.as_deref(),
            Some("the floor gave way")
        );
    }
}

#[tokio::test]
async fn two_panics_of_a_request_are_two_events() {
    for sentry in [Sentry::new(ClientOptions::new()), Sentry::with_panic_hook()] {
        let handler = async || -> &'static str {
            _ = catch_unwind(|| panic!("caught by the handler"));
            tokio::task::yield_now().await;
            fall_over()
        };
        let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
        sentry.send(app, get("/")).await;
        let texts: Vec<_> = sentry
            .events()
            .iter()
            .map(|event| event.exception.values[0].value.clone().unwrap())
            .collect();
        assert_eq!(texts, ["caught by the handler", "the floor gave way"]);
    }
}

#[tokio::test]
async fn caught_and_thrown_again_is_one_event() {
    for sentry in [Sentry::new(ClientOptions::new()), Sentry::with_panic_hook()] {
        let handler = async || -> &'static str {
            let payload = catch_unwind(fall_over).unwrap_err();
            tokio::task::yield_now().await;
            resume_unwind(payload)
        };
        let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
        let response = sentry.send(app, get("/")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        sentry.event();
    }
}

#[tokio::test]
async fn of_a_task_that_the_handler_waits_for_is_one_event() {
    let sentry = Sentry::with_panic_hook();
    let handler = async || -> &'static str {
        let task = tokio::spawn(async { fall_over() }.bind_hub(sentry::Hub::current()));
        resume_unwind(task.await.unwrap_err().into_panic())
    };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    let response = sentry.send(app, get("/")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(sentry.event().request.unwrap().method.as_deref(), Some("GET"));
}

#[tokio::test]
async fn without_a_hook_having_run_is_captured_without_a_stack() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async || -> &'static str { resume_unwind(Box::new("from elsewhere".to_owned())) };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    sentry.send(app, get("/")).await;
    let event = sentry.event();
    assert_eq!(event.exception.values[0].value.as_deref(), Some("from elsewhere"));
    assert_eq!(event.exception.values[0].stacktrace, None);
}

#[tokio::test]
async fn with_a_payload_that_is_no_text_is_captured_and_answered() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async || -> &'static str { panic_any(7_u8) };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    let response = sentry.send(app, get("/")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let event = sentry.event();
    assert_eq!(
        event.exception.values[0].value.as_deref(),
        Some("a panic whose payload is not text")
    );
}

/// A payload that has the last word.
struct Sore;

impl Drop for Sore {
    fn drop(&mut self) {
        panic!("and another thing");
    }
}

#[tokio::test]
async fn with_a_payload_that_panics_when_dropped_is_answered() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async || -> &'static str { panic_any(Sore) };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    let response = sentry.send(app, get("/")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    sentry.event();
}

#[tokio::test]
async fn with_a_text_of_10_mb_is_bounded() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async || -> &'static str { panic_any("x".repeat(10_000_000)) };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    sentry.send(app, get("/")).await;
    let event = sentry.event();
    let text = event.exception.values[0].value.as_deref().unwrap();
    assert!(text.len() < 9_000, "{} bytes", text.len());
    assert!(text.ends_with("[cut, 10000000 bytes in all]"));
}

#[tokio::test]
async fn is_answered_although_before_send_panics() {
    let sentry = Sentry::new(ClientOptions::new().before_send(|_| panic!("before_send")));
    let app = app(AfterwordLayer::new(), panicking());
    let response = sentry.send(app, get("/fall/3")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn that_before_send_drops_is_not_captured_again() {
    let options = ClientOptions::new().add_integration(sentry::integrations::panic::PanicIntegration::new());
    let sentry = Sentry::new(options.before_send(|_| None));
    let app = app(AfterwordLayer::new(), panicking());
    let response = sentry.send(app, get("/fall/3")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(sentry.events().is_empty());
}

#[tokio::test]
async fn in_the_call_itself_is_captured_and_answered() {
    for sentry in [Sentry::new(ClientOptions::new()), Sentry::with_panic_hook()] {
        let service = service_fn(|_: Request<()>| -> Ready<Result<Answer, Infallible>> { panic!("in the call") });
        let service = AfterwordLayer::new().layer(service);
        let request = Request::get("http://shop.example/cart?token=7").body(()).unwrap();
        let response = service.oneshot(request).bind_hub(sentry.hub.clone()).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let event = sentry.event();
        assert_eq!(event.exception.values[0].value.as_deref(), Some("in the call"));
        assert_eq!(event.request.unwrap().url.unwrap().as_str(), "http://shop.example/cart");
    }
}

/// Panics when it is asked whether it is ready, the first time.
#[derive(Clone)]
struct Moody {
    asked: bool,
}

impl Service<Request<()>> for Moody {
    type Response = Answer;
    type Error = Infallible;
    type Future = Ready<Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        assert!(std::mem::replace(&mut self.asked, true), "not in the mood");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Full::from("now I am"))))
    }
}

#[tokio::test]
async fn when_asked_for_readiness_is_captured_and_the_request_answered() {
    for (sentry, with_request) in [
        (Sentry::new(ClientOptions::new()), true),
        (Sentry::with_panic_hook(), false),
    ] {
        let mut service = AfterwordLayer::new().layer(Moody { asked: false });
        let run = async {
            let first = service.ready().await.unwrap().call(Request::new(())).await.unwrap();
            let second = service.ready().await.unwrap().call(Request::new(())).await.unwrap();
            (first, second)
        };
        let (first, second) = run.bind_hub(sentry.hub.clone()).await;
        assert_eq!(first.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(second.status(), StatusCode::OK);
        assert_eq!(second.into_body().collect().await.unwrap().to_bytes(), "now I am");
        let event = sentry.event();
        assert_eq!(event.exception.values[0].value.as_deref(), Some("not in the mood"));
        assert!(event.exception.values[0].stacktrace.is_some());
        assert_eq!(event.request.is_some(), with_request);
    }
}

#[tokio::test]
async fn when_asked_for_readiness_goes_on_with_repanic() {
    for sentry in [Sentry::new(ClientOptions::new()), Sentry::with_panic_hook()] {
        let mut service = AfterwordLayer::new().repanic(true).layer(Moody { asked: false });
        let panic = sentry::Hub::run(sentry.hub.clone(), || {
            let mut cx = Context::from_waker(std::task::Waker::noop());
            catch_unwind(AssertUnwindSafe(|| _ = service.poll_ready(&mut cx))).unwrap_err()
        });
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"not in the mood"));
        sentry.event();
    }
}

#[tokio::test]
async fn goes_on_with_repanic() {
    for (sentry, mechanism) in [
        (Sentry::new(ClientOptions::new()), "afterword.tower"),
        (Sentry::with_panic_hook(), "panic"),
    ] {
        let app = app(AfterwordLayer::new().repanic(true), panicking());
        let task = tokio::spawn(app.oneshot(get("/fall/3")).bind_hub(sentry.hub.clone()));
        let payload = task.await.unwrap_err().into_panic();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"the floor gave way"));
        let mut event = sentry.event();
        // What the hook made says so itself.
        if mechanism == "panic" {
            assert_eq!(event.level, Level::Fatal);
            event.level = Level::Error;
        }
        assert_tells_of_the_fall(&event, mechanism, false);
    }
}

#[tokio::test]
async fn is_answered_although_the_logger_panics() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async || -> &'static str { panic!("BREAK THE LOGGER") };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    let response = sentry.send(app, get("/")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    sentry.event();
}
