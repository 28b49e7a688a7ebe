//! A transaction per request.

use afterword_tower::AfterwordLayer;
use axum::Router;
use axum::body::Body;
use axum::routing::get as route;
use http::{Request, StatusCode};
use sentry::protocol::{Context, Event, SpanStatus, Transaction};
use sentry::types::Uuid;
use sentry::{ClientOptions, Hub, Integration, Level, SentryFutureExt, TransactionOrSpan};
use tower::{Layer, ServiceExt};

use crate::support::{Sentry, app, get};

const TRACE: &str = "771a43a4192642f0b136d5159a501700";
const PARENT: &str = "1234567890abcdef";

fn traced() -> Sentry {
    Sentry::new(ClientOptions::new().traces_sample_rate(1.0))
}

fn called(sampled: &str) -> Request<Body> {
    Request::get("/users/7?q=1")
        .header("sentry-trace", format!("{TRACE}-{PARENT}{sampled}"))
        .header("baggage", format!("sentry-trace_id={TRACE},other=1"))
        .body(Body::empty())
        .unwrap()
}

fn routes() -> Router {
    Router::new()
        .route(
            "/users/{id}",
            route(async || {
                let parent = Hub::current().configure_scope(|scope| scope.get_span()).unwrap();
                parent.start_child("db", "select").finish();
                sentry::capture_message("here", Level::Info);
            }),
        )
        .route("/gone", route(async || StatusCode::NOT_FOUND))
        .route("/fall", route(async || -> &'static str { panic!("it fell") }))
}

#[track_caller]
fn one<T: std::fmt::Debug>(items: Vec<T>) -> T {
    <[T; 1]>::try_from(items).map(|[item]| item).expect("one of them")
}

fn status(transaction: &Transaction<'_>) -> Option<SpanStatus> {
    match &transaction.contexts["trace"] {
        Context::Trace(trace) => trace.status,
        _ => None,
    }
}

#[tokio::test]
async fn is_named_by_the_route_and_goes_on_with_the_callers_trace() {
    let sentry = traced();
    let app = app(AfterwordLayer::new(), routes());
    sentry.send(app, called("-1")).await;
    let transaction = one(sentry.transactions());
    assert_eq!(transaction.name.as_deref(), Some("GET /users/{id}"));
    let Context::Trace(trace) = &transaction.contexts["trace"] else {
        panic!("no trace");
    };
    assert_eq!(trace.trace_id.to_string(), TRACE);
    assert_eq!(trace.parent_span_id.unwrap().to_string(), PARENT);
    assert_eq!(trace.op.as_deref(), Some("http.server"));
    assert_eq!(trace.status, Some(SpanStatus::Ok));
    assert_eq!(trace.data["http.response.status_code"], 200);
    assert_eq!(one(transaction.spans).op.as_deref(), Some("db"));
    let url = transaction.request.unwrap().url.unwrap();
    assert_eq!(url.as_str(), "http://localhost/users/7");
}

#[tokio::test]
async fn is_not_made_where_the_caller_does_not_sample() {
    let sentry = traced();
    sentry.send(app(AfterwordLayer::new(), routes()), called("-0")).await;
    assert!(sentry.transactions().is_empty());
}

#[tokio::test]
async fn is_named_by_the_path_around_a_whole_router() {
    let sentry = traced();
    let service = AfterwordLayer::new().layer(routes());
    let response = service
        .oneshot(get("/gone"))
        .bind_hub(sentry.hub.clone())
        .await
        .unwrap();
    drop(response);
    assert_eq!(one(sentry.transactions()).name.as_deref(), Some("GET /gone"));
}

#[tokio::test]
async fn says_how_the_request_ended() {
    let sentry = traced();
    let app = app(AfterwordLayer::new(), routes());
    for (path, expected) in [("/gone", SpanStatus::NotFound), ("/fall", SpanStatus::InternalError)] {
        sentry.send(app.clone(), get(path)).await;
        assert_eq!(status(&one(sentry.transactions())), Some(expected), "{path}");
    }
}

#[tokio::test]
async fn keeps_the_status_and_the_name_that_the_handler_gives() {
    let sentry = traced();
    let handler = async || {
        sentry::configure_scope(|scope| {
            scope.set_transaction(Some("a better name"));
            if let Some(TransactionOrSpan::Transaction(transaction)) = scope.get_span() {
                transaction.set_status(SpanStatus::DataLoss);
            }
        });
    };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    sentry.send(app, get("/")).await;
    let transaction = one(sentry.transactions());
    assert_eq!(transaction.name.as_deref(), Some("a better name"));
    assert_eq!(status(&transaction), Some(SpanStatus::DataLoss));
}

#[tokio::test]
async fn of_a_client_that_went_away_is_cancelled() {
    let sentry = traced();
    let app = app(
        AfterwordLayer::new(),
        Router::new().route("/", route(std::future::pending::<()>)),
    );
    let mut request = Box::pin(app.oneshot(get("/")).bind_hub(sentry.hub.clone()));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(request.as_mut().poll(&mut cx).is_pending());
    assert!(sentry.transactions().is_empty());
    drop(request);
    assert_eq!(status(&one(sentry.transactions())), Some(SpanStatus::Cancelled));
}

#[tokio::test]
async fn without_tracing_there_is_none_but_errors_carry_the_callers_trace() {
    let sentry = Sentry::new(ClientOptions::new());
    let routes = Router::new().fallback(route(async || _ = sentry::capture_message("here", Level::Info)));
    let app = app(AfterwordLayer::new(), routes);
    sentry.send(app, called("-1")).await;
    let envelopes = sentry.envelopes();
    let event = one(envelopes).event().unwrap().clone();
    let Context::Trace(trace) = &event.contexts["trace"] else {
        panic!("no trace");
    };
    assert_eq!(trace.trace_id.to_string(), TRACE);
}

/// As `afterword`'s, by the name alone.
struct Reader;

impl Integration for Reader {
    fn name(&self) -> &'static str {
        "afterword"
    }
}

/// The answer is what the request's scope holds of the caller's baggage.
async fn tell_baggage() -> String {
    let event = Event {
        event_id: Uuid::nil(),
        ..Event::default()
    };
    let mut event = sentry::configure_scope(|scope| scope.apply_to_event(event)).unwrap();
    match event.contexts.remove("afterword.baggage") {
        Some(Context::Other(fields)) => serde_json::to_string(&fields).unwrap(),
        _ => "none".to_owned(),
    }
}

#[tokio::test]
async fn what_the_caller_says_of_its_trace_lies_on_the_scope_for_who_hands_it_on() {
    let long = "x".repeat(9000);
    let trace = format!("{TRACE}-{PARENT}-1");
    let said = |header: &str| format!(r#"{{"header":"{header}","trace_id":"{TRACE}"}}"#);
    let on = || ClientOptions::new().add_integration(Reader);
    for traced in [on(), on().traces_sample_rate(1.0)] {
        let sentry = Sentry::new(traced);
        let app = app(AfterwordLayer::new(), Router::new().route("/", route(tell_baggage)));
        for (trace, baggage, expected) in [
            (
                trace.as_str(),
                vec!["sentry-release=a,b=1", &long, "c=2"],
                said("sentry-release=a,b=1,c=2"),
            ),
            (trace.as_str(), vec![], said("")),
            ("zz", vec!["sentry-release=a"], "none".to_owned()),
        ] {
            let mut request = get("/");
            request.headers_mut().insert("sentry-trace", trace.parse().unwrap());
            for value in baggage {
                request.headers_mut().append("baggage", value.parse().unwrap());
            }
            assert_eq!(sentry.send(app.clone(), request).await.body(), &expected);
        }
    }
}

#[tokio::test]
async fn what_the_caller_says_is_nowhere_where_nobody_would_take_it_off_what_is_sent() {
    let sentry = traced();
    let app = app(AfterwordLayer::new(), Router::new().fallback(route(tell_baggage)));
    assert_eq!(sentry.send(app, called("-1")).await.body(), "none");
    assert!(!one(sentry.transactions()).contexts.contains_key("afterword.baggage"));
}

#[tokio::test]
async fn a_sampler_that_panics_costs_the_transaction_only() {
    let sentry = Sentry::new(ClientOptions::new().traces_sampler(|_| panic!("no idea")));
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(async || "fine")));
    assert_eq!(sentry.send(app, get("/")).await.body(), "fine");
    assert!(sentry.envelopes().is_empty());
}
