//! Sessions of every shape, and updates in every order.

use serde_json::json;

use super::*;

const RECEIVED_AT: i64 = 1_700_000_000_000;
const CLOCK: Clock = Clock {
    sent_at: None,
    received_at: RECEIVED_AT,
};
const SID: &str = "9ec79c33-ec99-42ab-8353-589fcb2e04dc";

fn read(raw: &Value) -> Result<Session, String> {
    Session::read(raw, CLOCK, &Pepper::of_tests())
}

/// An update with these fields over the least that one needs.
fn update(fields: Value) -> Session {
    let mut raw = json!({"sid": SID, "started": "2023-11-14T20:00:00Z", "attrs": {"release": "editor@1"}});
    for (name, value) in fields.as_object().unwrap() {
        raw[name] = value.clone();
    }
    read(&raw).unwrap()
}

/// What these updates leave, which must be the same in every order and however often each comes.
fn after(updates: &[Session]) -> Session {
    let fold = |order: &[usize]| {
        let mut order = order.iter().map(|index| updates[*index].clone());
        let first = order.next().unwrap();
        order.fold(first, Session::with)
    };
    let mut orders: Vec<Vec<usize>> = vec![vec![]];
    for index in 0..updates.len() {
        orders = orders
            .iter()
            .flat_map(|order| {
                (0..=order.len()).map(move |at| {
                    let mut order = order.clone();
                    order.insert(at, index);
                    order
                })
            })
            .collect();
    }
    let expected = fold(&orders[0]);
    for mut order in orders {
        assert_eq!(fold(&order), expected, "{order:?}");
        order.extend_from_within(..);
        assert_eq!(fold(&order), expected, "twice {order:?}");
    }
    expected
}

#[test]
fn the_newest_update_counts_in_any_order() {
    let session = after(&[
        update(json!({"seq": 0, "init": true, "status": "ok"})),
        update(json!({"seq": 1, "status": "ok", "errors": 2, "did": "anna"})),
        update(json!({"seq": 2, "status": "exited", "errors": 2, "duration": 12.5})),
    ]);
    assert_eq!(
        (session.status, session.errors, session.duration_ms),
        (Status::Exited, 2, Some(12_500))
    );
    assert_eq!(
        session.did,
        Pepper::of_tests().hash("anna"),
        "an update without it does not take it back"
    );
    assert_eq!(session.sid, "9ec79c33ec9942ab8353589fcb2e04dc");
}

#[test]
fn an_end_is_final() {
    let end = |status: &str, seq: i64| update(json!({"status": status, "seq": seq}));
    let ended = |updates: &[Session]| after(updates).status;
    assert_eq!(ended(&[end("ok", 0), end("crashed", 1), end("ok", 2)]), Status::Crashed);
    assert_eq!(ended(&[end("crashed", 1), end("exited", 2)]), Status::Crashed);
    assert_eq!(ended(&[end("exited", 1), end("crashed", 2)]), Status::Exited);
    // Without saying which came first: the worse.
    assert_eq!(
        ended(&[end("exited", 1), end("crashed", 1), end("abnormal", 1)]),
        Status::Crashed
    );
    let by_time = |status: &str, at: &str| update(json!({"status": status, "seq": 1, "timestamp": at}));
    assert_eq!(
        ended(&[
            by_time("abnormal", "2023-11-14T21:00:00Z"),
            by_time("exited", "2023-11-14T20:30:00Z")
        ]),
        Status::Exited
    );
}

#[test]
fn errors_never_become_fewer_and_a_crash_is_one() {
    assert_eq!(update(json!({"status": "crashed"})).errors, 1);
    assert_eq!(update(json!({"status": "crashed", "errors": 4})).errors, 4);
    assert_eq!(update(json!({"status": "abnormal"})).errors, 0);
    assert_eq!(update(json!({"status": "unhandled"})).errors, 1);
    assert_eq!(update(json!({"errors": -7})).errors, 0);
    assert_eq!(update(json!({"errors": u64::MAX})).errors, MAX_ERRORS);
    let session = after(&[
        update(json!({"seq": 1, "errors": 5})),
        update(json!({"seq": 2, "status": "exited", "errors": 3})),
    ]);
    assert_eq!(session.errors, 5);
}

#[test]
fn what_a_session_needs() {
    let good = json!({"sid": SID, "started": 1_600_000_000, "attrs": {"release": "r"}});
    assert!(read(&good).is_ok());
    let cases = [
        ("sid", json!(null), "its sid is no id"),
        ("sid", json!("anna"), "its sid is no id"),
        ("sid", json!("00000000000000000000000000000000"), "its sid is nobody's"),
        ("started", json!("never"), "it does not say when it started"),
        ("attrs", json!({"release": " "}), "it names no release"),
        ("attrs", json!([]), "it names no release"),
        ("status", json!("sleeping"), "its status is \"sleeping\""),
        ("status", json!(1), "its status is no text"),
    ];
    for (name, value, expected) in cases {
        let mut raw = good.clone();
        raw[name] = value;
        assert_eq!(read(&raw).unwrap_err(), expected);
    }
    for odd in [json!(null), json!([]), json!("x"), json!(5)] {
        assert!(read(&odd).is_err());
    }
}

#[test]
fn odd_values_are_bounded() {
    let odd = update(json!({
        "did": "x".repeat(10_000), "seq": "first", "duration": -4, "timestamp": "2999-01-01T00:00:00Z", "started": 1,
        "attrs": {"release": "r".repeat(9000), "environment": "e".repeat(900)}, "abnormal_mechanism": "m".repeat(900),
    }));
    assert_eq!(
        (odd.release.len(), odd.environment.len(), odd.mechanism.len()),
        (250, 64, 64)
    );
    assert_eq!((odd.seq, odd.duration_ms), (RECEIVED_AT, None));
    assert_eq!((odd.updated_at, odd.started_at), (RECEIVED_AT, RECEIVED_AT));
    assert_eq!(odd.did.len(), 64, "hashed");
    assert_eq!(update(json!({"duration": 1e300})).duration_ms, Some(MAX_DURATION_MS));
    assert_eq!(update(json!({"did": 7})).did, update(json!({"did": "7"})).did);
    assert_eq!(update(json!({"did": null})).did, "");
}

#[test]
fn aggregates_are_read_by_the_minute() {
    let raw = json!({"attrs": {"release": "r", "environment": "e"}, "aggregates": [
        {"started": "2023-11-14T20:00:59Z", "exited": 5, "errored": 2, "unhandled": 1},
        {"started": "2023-11-14T20:01:00Z", "did": "anna", "crashed": 1, "abnormal": 3, "exited": -1},
        {"exited": 5}, null,
    ]});
    let (read, words) = aggregates(&raw, CLOCK, &Pepper::of_tests()).unwrap();
    assert_eq!(
        words.unwrap(),
        "2 of its 4 aggregates left out: it does not say when it started"
    );
    assert_eq!(read.len(), 2);
    assert_eq!(
        (read[0].started_at, read[1].started_at),
        (1_699_992_000_000, 1_699_992_060_000)
    );
    assert_eq!((read[0].exited, read[0].errored, read[0].crashed), (5, 3, 0));
    assert_eq!((read[1].exited, read[1].abnormal, read[1].crashed), (0, 3, 1));
    assert_eq!(read[1].did, Pepper::of_tests().hash("anna"));

    let many = json!({"attrs": {"release": "r"}, "aggregates": vec![json!({"started": 1_600_000_000}); 1500]});
    let (read, words) = aggregates(&many, CLOCK, &Pepper::of_tests()).unwrap();
    assert_eq!(
        (read.len(), words.unwrap().as_str()),
        (1000, "500 of its 1500 aggregates left out: only 1000 are taken")
    );
    for odd in [json!({"attrs": {"release": "r"}}), json!({"aggregates": []}), json!(7)] {
        assert!(aggregates(&odd, CLOCK, &Pepper::of_tests()).is_err(), "{odd}");
    }
}
