use std::sync::{Arc, Mutex};

use sentry::protocol::{EnvelopeItem, TraceId};
use sentry::{Client, ClientOptions, Envelope, Hub, Transport, TransportFactory};

use super::*;
use crate::outgoing::OutgoingFactory;

const CALLER: &str = "771a43a4192642f0b136d5159a501700-2b00000000000001-1";

/// Without a transport a client is off.
struct Nowhere;

impl Transport for Nowhere {
    fn send_envelope(&self, _envelope: Envelope) {}
}

/// What was sent.
#[derive(Default)]
struct Sent(Mutex<Vec<Envelope>>);

impl Transport for Sent {
    fn send_envelope(&self, envelope: Envelope) {
        self.0.lock().unwrap().push(envelope);
    }
}

/// A hub with a client that traces, and what `work` does with it.
fn with_client<R>(work: impl FnOnce() -> R) -> R {
    with_transport(Arc::new(Nowhere), work)
}

fn with_transport<R>(transport: impl TransportFactory + 'static, work: impl FnOnce() -> R) -> R {
    let options = ClientOptions::new()
        .dsn("https://key@h/1")
        .release("a, b@1")
        .environment("test")
        .traces_sample_rate(0.5);
    let options = options.transport(transport);
    let hub = Hub::new(Some(Arc::new(Client::with_options(options))), Arc::default());
    Hub::run(Arc::new(hub), work)
}

fn value(name: &str) -> Option<String> {
    headers()
        .into_iter()
        .find_map(|(found, value)| (found == name).then_some(value))
}

fn within(context: TransactionContext) {
    let transaction = sentry::start_transaction(context);
    sentry::configure_scope(|scope| scope.set_span(Some(transaction.into())));
}

#[test]
fn a_trace_that_begins_here_says_what_we_know_of_it() {
    with_client(|| {
        let mut context = TransactionContext::new("open", "ui.action");
        context.set_sampled(true);
        let (trace, span) = (context.trace_id(), context.span_id());
        within(context);
        sentry::configure_scope(|scope| scope.set_transaction(Some("open")));
        assert_eq!(value(SENTRY_TRACE).unwrap(), format!("{trace}-{span}-1"));
        let said = baggage::sentry_members(&value(BAGGAGE).unwrap());
        let expected = [
            ("trace_id", trace.to_string()),
            ("public_key", "key".to_owned()),
            ("release", "a, b@1".to_owned()),
            ("environment", "test".to_owned()),
            ("sample_rate", "0.5".to_owned()),
            ("sampled", "true".to_owned()),
            ("transaction", "open".to_owned()),
        ];
        for (name, value) in expected {
            let member = said.iter().find(|member| member.0 == name);
            assert_eq!(member.map(|member| member.1.clone()), Some(value), "{name}: {said:?}");
        }
    });
}

#[test]
fn what_the_beginner_of_a_trace_said_is_handed_on_as_it_came() {
    with_client(|| {
        let said = "other=1;p=2, sentry-trace_id=771a43a4192642f0b136d5159a501700,sentry-release=app%402%2C0,sentry-sample_rand=0.25";
        let context = continue_from([("Sentry-Trace", CALLER), ("BAGGAGE", said)], "answer", "http.server");
        assert_eq!(context.trace_id().to_string(), CALLER[..32]);
        assert_eq!(context.sampled(), Some(true));
        within(context);
        assert!(value(SENTRY_TRACE).unwrap().starts_with(&CALLER[..32]));
        let on = value(BAGGAGE).unwrap();
        assert_eq!(
            on,
            "sentry-trace_id=771a43a4192642f0b136d5159a501700,sentry-release=app@2%2C0,sentry-sample_rand=0.25"
        );
        let header = baggage::context(&baggage::sentry_members(&on)).unwrap();
        let header = serde_json::to_value(header).unwrap();
        assert_eq!(header["release"], "app@2,0");
    });
}

/// A scope as `afterword-tower` makes it for a request.
fn within_request(header: &str) {
    within(TransactionContext::continue_from_headers(
        "answer",
        "http.server",
        [("sentry-trace", CALLER)],
    ));
    let fields = [("trace_id", &CALLER[..32]), ("header", header)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.into()));
    sentry::configure_scope(|scope| scope.set_context("afterword.baggage", Context::Other(fields.into())));
}

#[test]
fn what_the_scope_of_a_request_says_is_handed_on_and_goes_into_the_envelopes_header() {
    let sent = Arc::new(Sent::default());
    let said =
        "other=1,sentry-trace_id=771a43a4192642f0b136d5159a501700,sentry-public_key=theirs,sentry-release=app%402";
    let resolved = crate::Options::new("https://key@h/1").resolve(&|_| None).unwrap();
    with_transport(OutgoingFactory::new(Arc::clone(&sent), &resolved), || {
        within_request(said);
        assert_eq!(
            value(BAGGAGE).unwrap(),
            "sentry-trace_id=771a43a4192642f0b136d5159a501700,sentry-public_key=theirs,sentry-release=app@2"
        );
        let span = sentry::configure_scope(|scope| scope.get_span()).unwrap();
        span.finish();
        // Another trace than the request's.
        within(TransactionContext::new("own", "task"));
        let own = value(BAGGAGE).unwrap();
        assert!(own.contains("sentry-public_key=key,"), "{own}");
        within_request("");
        assert_eq!(
            value(BAGGAGE),
            None,
            "who began it says nothing of it, and it is not ours to say"
        );
    });
    let envelopes = std::mem::take(&mut *sent.0.lock().unwrap());
    let header = serde_json::to_value(envelopes[0].headers()).unwrap();
    assert_eq!(header["trace"]["public_key"], "theirs", "{header}");
    assert_eq!(header["trace"]["release"], "app@2", "{header}");
    let Some(EnvelopeItem::Transaction(transaction)) = envelopes[0].items().next() else {
        panic!("no transaction");
    };
    assert!(!transaction.contexts.contains_key("afterword.baggage"));
}

#[test]
fn what_cannot_be_read_begins_a_trace_of_its_own() {
    let long = "x".repeat(9000);
    for headers in [
        vec![],
        vec![("sentry-trace", "")],
        vec![("sentry-trace", "zz-zz-1")],
        vec![("sentry-trace", "771a43a4192642f0b136d5159a501700")],
        vec![("sentry-trace", long.as_str())],
        vec![("baggage", "sentry-trace_id=771a43a4192642f0b136d5159a501700")],
    ] {
        let context = continue_from(headers.clone(), "answer", "http.server");
        assert_ne!(context.trace_id().to_string(), CALLER[..32], "{headers:?}");
        assert_ne!(context.trace_id(), TraceId::from([0; 16]));
    }
}

#[test]
fn garbage_in_baggage_is_left_out() {
    for (header, members) in [
        ("", 0),
        (",,;=,sentry-,sentry-a", 0),
        ("sentry-a=%FF%", 1),
        ("sentry-a=1,b=2,sentry-c=3;x=y", 2),
    ] {
        assert_eq!(baggage::sentry_members(header).len(), members, "{header}");
    }
    let many = vec!["sentry-a=1"; 10_000].join(",");
    assert_eq!(baggage::sentry_members(&many).len(), 64);
    let long = vec![
        ("release".to_owned(), "é".repeat(10_000)),
        ("a".to_owned(), "b".to_owned()),
    ];
    assert_eq!(baggage::encode(&long).unwrap(), "sentry-a=b");
    assert!(baggage::context(&vec![("trace_id".to_owned(), "none".to_owned())]).is_none());
}

#[test]
fn so_many_traces_are_remembered_and_the_oldest_forgotten() {
    let id = |number: u32| format!("{number:032x}");
    for number in 0..300 {
        known::remember(&id(number), vec![("n".to_owned(), number.to_string())]);
    }
    assert!(known::of(&id(0)).is_none());
    assert_eq!(known::of(&id(299)).unwrap()[0].1, "299");
}

#[cfg(feature = "http")]
#[test]
fn headers_of_others_stay_in_a_request() {
    use ::http::HeaderMap;
    with_client(|| {
        let mut headers = HeaderMap::new();
        headers.insert("baggage", "other=1;p=2,sentry-old=1".parse().unwrap());
        inject(&mut headers);
        let baggage = headers["baggage"].to_str().unwrap();
        assert!(baggage.starts_with("other=1;p=2,sentry-trace_id="), "{baggage}");
        assert!(!baggage.contains("old"));
        let context = continue_from_headers(&headers, "answer", "http.server");
        assert!(
            headers["sentry-trace"]
                .to_str()
                .unwrap()
                .starts_with(&context.trace_id().to_string())
        );
    });
}
