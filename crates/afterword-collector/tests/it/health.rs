//! Release health: from sessions in every order to figures that are right.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::server::{Server, crash, database, id};

const ORG: &str = "/api/0/organizations/acme";

/// Seconds since 1970, a while ago.
fn ago(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - seconds
}

/// A session item: number, release, and what else an update says.
fn session(number: u32, release: &str, fields: &Value) -> String {
    let mut update = json!({
        "sid": id(number), "started": ago(3600), "seq": 0, "attrs": {"release": release, "environment": "production"},
    });
    for (name, value) in fields.as_object().unwrap() {
        update[name] = value.clone();
    }
    format!("{{\"type\":\"session\"}}\n{update}\n")
}

pub(crate) fn item(kind: &str, payload: &Value) -> String {
    format!("{{\"type\":\"{kind}\"}}\n{payload}\n")
}

/// Sends these items and waits until they are digested.
pub(crate) async fn digested(server: &Server, items: &[String]) {
    for item in items {
        server.accept(format!("{{}}\n{item}")).await;
    }
    settle(server).await;
}

/// Envelopes are digested in order: once the inbox is empty, what was sent before is there.
async fn settle(server: &Server) {
    let database = database(server.data()).await;
    let start = std::time::Instant::now();
    loop {
        let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM inbox")
            .fetch_one(&database)
            .await
            .unwrap();
        if waiting == 0 {
            return sums_agree(&database).await;
        }
        assert!(start.elapsed().as_secs() < 20, "{waiting} envelopes still wait");
        tokio::task::yield_now().await;
    }
}

/// What is summed up beforehand is what counting session by session gives.
async fn sums_agree(database: &sqlx::AnyPool) {
    let states = ["sessions", "crashed", "abnormal", "errored"]
        .map(|state| format!("CAST(SUM({state}) AS BIGINT)"))
        .join(", ");
    for (table, unit, unit_ms, group, of) in [
        (
            "session_hours",
            "hour",
            3_600_000,
            "release || ' ' || environment",
            "1 = 1",
        ),
        (
            "session_days",
            "day",
            86_400_000,
            "release || ' ' || environment || ' ' || CAST(person AS TEXT)",
            "person <> 0",
        ),
    ] {
        let read = async |table: &str, unit: &str| {
            let sql = format!(
                "SELECT project_id, {unit} AS unit, {group} AS grouped, {states} FROM {table} WHERE {of}
                 GROUP BY 1, 2, 3 HAVING SUM(sessions) <> 0 ORDER BY 1, 2, 3"
            );
            let rows: Vec<(i64, i64, String, i64, i64, i64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
                .fetch_all(database)
                .await
                .unwrap();
            rows
        };
        let counted = read("session_figures", &format!("started_at / {unit_ms}")).await;
        assert_eq!(read(table, unit).await, counted, "{table}");
    }
}

const ALL: &str = "field=sum(session)&field=count_unique(user)&field=crash_rate(session)&field=crash_free_rate(session)\
    &field=crash_rate(user)&field=crash_free_rate(user)";

/// Groups by one name: `[value, sum, users, crash-free sessions, crash-free users]`, in the order of the names.
async fn figures(server: &Server, query: &str, by: &str) -> Vec<Value> {
    let answer = server
        .json(&format!("{ORG}/sessions/?{ALL}&{query}&groupBy={by}"))
        .await;
    let line = |group: &Value| {
        let total = |name: &str| group["totals"][name].clone();
        json!([
            group["by"][by],
            total("sum(session)"),
            total("count_unique(user)"),
            total("crash_free_rate(session)"),
            total("crash_free_rate(user)")
        ])
    };
    let mut lines: Vec<Value> = answer["groups"].as_array().unwrap().iter().map(line).collect();
    lines.sort_by_key(|line| line[0].to_string());
    lines
}

async fn by_status(server: &Server, query: &str) -> Value {
    let fields = "field=sum(session)&field=count_unique(user)";
    let answer = server
        .json(&format!("{ORG}/sessions/?{fields}&groupBy=session.status&{query}"))
        .await;
    let groups = answer["groups"].as_array().unwrap();
    let group = |group: &Value| {
        let status = group["by"]["session.status"].as_str().unwrap().to_owned();
        let totals = &group["totals"];
        (status, json!([totals["sum(session)"], totals["count_unique(user)"]]))
    };
    Value::Object(groups.iter().map(group).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_and_ends_in_each_way() {
    let server = Server::start().await;
    let start = |number| session(number, "a", &json!({"init": true, "status": "ok"}));
    digested(&server, &[start(1), start(2), start(3), start(4), start(5)]).await;
    assert_eq!(figures(&server, "", "release").await, [json!(["a", 5, 0, 1.0, null])]);

    let end = |number, status: &str, errors: u32| {
        session(
            number,
            "a",
            &json!({"seq": 1, "status": status, "errors": errors, "duration": 60}),
        )
    };
    let ends = [
        end(1, "exited", 0),
        end(2, "exited", 3),
        end(3, "crashed", 0),
        end(4, "abnormal", 0),
    ];
    digested(&server, &ends).await;
    assert_eq!(
        by_status(&server, "").await,
        json!({"healthy": [2, 0], "errored": [1, 0], "abnormal": [1, 0], "crashed": [1, 0]})
    );
    assert_eq!(figures(&server, "", "release").await, [json!(["a", 5, 0, 0.8, null])]);
    let rows: Vec<(String, i64, Option<i64>)> =
        sqlx::query_as("SELECT status, errors, duration_ms FROM sessions ORDER BY sid")
            .fetch_all(&database(server.data()).await)
            .await
            .unwrap();
    let row = |status: &str, errors, duration| (status.to_owned(), errors, duration);
    assert_eq!(
        rows,
        [
            row("exited", 0, Some(60_000)),
            row("exited", 3, Some(60_000)),
            row("crashed", 1, Some(60_000)),
            row("abnormal", 0, Some(60_000)),
            row("ok", 0, None)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_repetition_change_nothing() {
    let server = Server::start().await;
    let update =
        |number, seq, status: &str| session(number, "a", &json!({"seq": seq, "status": status, "did": "anna"}));
    let updates = [
        // The end before the start; no start at all; all of it twice.
        update(1, 1, "crashed"),
        update(1, 0, "ok"),
        update(2, 7, "exited"),
        update(3, 0, "ok"),
        update(3, 2, "abnormal"),
        update(3, 1, "ok"),
    ];
    let expected = json!({"healthy": [1, 0], "errored": [0, 0], "abnormal": [1, 0], "crashed": [1, 1]});
    digested(&server, &updates).await;
    assert_eq!(by_status(&server, "").await, expected);
    digested(&server, &updates).await;
    assert_eq!(by_status(&server, "").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_releases_and_users_as_counted_by_hand() {
    let server = Server::start().await;
    let run = |number, release: &str, did: Value, status: &str, errors: u32| {
        session(
            number,
            release,
            &json!({"did": did, "status": status, "errors": errors}),
        )
    };
    let (anna, bert, cleo) = (json!("anna"), json!("bert"), json!("cleo"));
    digested(
        &server,
        &[
            // 1: four runs of two people and one of nobody known; one crash.
            run(1, "a@1", anna.clone(), "exited", 0),
            run(2, "a@1", anna.clone(), "crashed", 1),
            run(3, "a@1", bert.clone(), "exited", 2),
            run(4, "a@1", bert.clone(), "abnormal", 0),
            run(5, "a@1", json!(null), "ok", 0),
            // 2: no crash.
            run(6, "a@2", anna.clone(), "exited", 0),
            run(7, "a@2", cleo.clone(), "abnormal", 0),
            // 3: nothing but crashes.
            run(8, "a@3", cleo, "crashed", 1),
        ],
    )
    .await;
    assert_eq!(
        figures(&server, "", "release").await,
        [
            json!(["a@1", 5, 2, 0.8, 0.5]),
            json!(["a@2", 2, 2, 1.0, 1.0]),
            json!(["a@3", 1, 1, 0.0, 0.0])
        ]
    );
    // Over all releases: of three people two had a crash; of eight runs two were one.
    assert_eq!(
        figures(&server, "", "environment").await,
        [json!(["production", 8, 3, 0.75, 1.0 / 3.0])]
    );
    assert_eq!(
        by_status(&server, "query=release:a@1").await,
        json!({"healthy": [2, 0], "errored": [1, 0], "abnormal": [1, 1], "crashed": [1, 1]})
    );
    assert_eq!(
        figures(&server, "environment=staging", "release").await,
        [] as [Value; 0]
    );
    assert_eq!(
        figures(&server, "statsPeriod=30m", "release").await,
        [] as [Value; 0],
        "they started an hour ago"
    );
    assert_eq!(
        figures(&server, "statsPeriod=2h&project=editor", "release").await.len(),
        3
    );

    server.collector().bootstrap("acme", "viewer").await.unwrap();
    assert_eq!(figures(&server, "project=viewer", "release").await, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_and_sessions_are_counted_together() {
    let server = Server::start().await;
    let aggregates = json!({"attrs": {"release": "a", "environment": "production"}, "aggregates": [
        {"started": ago(3600), "exited": 80, "errored": 10, "abnormal": 4, "crashed": 5},
        {"started": ago(3000), "did": "anna", "crashed": 1},
        {"started": ago(3000), "did": "bert", "exited": 2},
    ]});
    let alone = session(1, "a", &json!({"did": "bert", "status": "exited"}));
    digested(&server, &[item("sessions", &aggregates), alone]).await;
    // 99 and 1 and 2 and 1; 6 crashed; of anna and bert one is crash-free.
    let expected = [json!(["a", 103, 2, 97.0 / 103.0, 0.5])];
    assert_eq!(figures(&server, "", "release").await, expected);
    assert_eq!(
        by_status(&server, "").await,
        json!({"healthy": [83, 1], "errored": [10, 0], "abnormal": [4, 0], "crashed": [6, 1]})
    );

    // Two machines may well count the same: that is more. The same envelope again is not.
    digested(&server, &[item("sessions", &aggregates)]).await;
    assert_eq!(by_status(&server, "").await["crashed"], json!([12, 1]));
    for _ in 0..3 {
        let header = json!({ "event_id": id(9) });
        server
            .accept(format!("{header}\n{}", item("sessions", &aggregates)))
            .await;
    }
    settle(&server).await;
    assert_eq!(by_status(&server, "").await["crashed"], json!([18, 1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_session_does_not_drop_the_event_beside_it() {
    let server = Server::start().await;
    let event = item("event", &crash("canvas::flush"));
    let good = session(1, "a", &json!({"status": "exited"}));
    let bad = [
        item("session", &json!({"sid": id(2)})),
        "{\"type\":\"session\"}\n{broken\n".to_owned(),
        item(
            "sessions",
            &json!({"attrs": {"release": "a"}, "aggregates": [{"exited": 1}]}),
        ),
        item("client_report", &json!([])),
        item("span", &json!(7)),
    ];
    server
        .accept(format!(
            "{}\n{}{event}{good}",
            json!({ "event_id": id(7) }),
            bad.concat()
        ))
        .await;
    assert_eq!(server.event(&id(7)).await["title"], "SIGSEGV in canvas::flush");
    assert_eq!(figures(&server, "", "release").await, [json!(["a", 1, 0, 1.0, null])]);
    let reasons: Vec<(String, i64, String)> =
        sqlx::query_as("SELECT kind, items, reason FROM undigested_items ORDER BY kind")
            .fetch_all(&database(server.data()).await)
            .await
            .unwrap();
    let kinds: Vec<(&str, i64)> = reasons.iter().map(|(kind, items, _)| (kind.as_str(), *items)).collect();
    assert_eq!(
        kinds,
        [("client_report", 1), ("session", 2), ("sessions", 1), ("span", 1)]
    );
    assert_eq!(
        reasons[2].2,
        "1 of its 1 aggregates left out: it does not say when it started"
    );
    assert!(reasons[1].2.contains("the session is no JSON"), "{}", reasons[1].2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_be_told_from_the_database() {
    let server = Server::start().await;
    let aggregates = json!({"attrs": {"release": "a"}, "aggregates": [
        {"started": ago(60), "did": "anna@example.com", "exited": 1}]});
    let alone = session(
        1,
        "a",
        &json!({"did": "anna@example.com", "attrs": {"release": "a", "ip_address": "203.0.113.7"}}),
    );
    digested(&server, &[alone, item("sessions", &aggregates)]).await;
    assert_eq!(figures(&server, "", "release").await, [json!(["a", 2, 1, 1.0, 1.0])]);
    let data = server.stop().await;
    if crate::stores::is_postgres() {
        // Its files are not ours.
        return;
    }
    for file in ["afterword.db", "afterword.db-wal"] {
        let bytes = std::fs::read(data.path().join(file)).unwrap_or_default();
        for secret in [&b"anna@example.com"[..], b"203.0.113.7"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{file}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn discards_are_counted() {
    let server = Server::start().await;
    let report = |reason: &str, category: &str, quantity: u32| {
        item(
            "client_report",
            &json!({"timestamp": ago(60), "discarded_events": [{"reason": reason, "category": category, "quantity": quantity}]}),
        )
    };
    let reports = [
        report("queue_overflow", "error", 3),
        report("queue_overflow", "error", 4),
        report("queue_overflow", "transaction", 1),
        report("before_send", "error", 5),
    ];
    digested(&server, &reports).await;
    let all = format!("{ORG}/stats_v2/?field=sum(quantity)&statsPeriod=1d");
    let path = format!("{all}&outcome=client_discard");
    let by_reason = server.json(&format!("{path}&groupBy=reason")).await;
    assert_eq!(
        by_reason["groups"],
        json!([
            {"by": {"reason": "queue_overflow"}, "totals": {"sum(quantity)": 8}},
            {"by": {"reason": "before_send"}, "totals": {"sum(quantity)": 5}},
        ])
    );
    let errors = server.json(&format!("{path}&category=error&groupBy=outcome")).await;
    assert_eq!(
        errors["groups"],
        json!([{"by": {"outcome": "client_discard"}, "totals": {"sum(quantity)": 12}}])
    );
    let filtered = server.json(&format!("{all}&outcome=filtered&groupBy=outcome")).await;
    assert_eq!(filtered["groups"], json!([]));
    assert_eq!(server.api(&format!("{path}&groupBy=color")).await.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_said() {
    let server = Server::start().await;
    let cases = [
        ("field=avg(session)", "Invalid field: \"avg(session)\""),
        ("", "Invalid request without a field"),
        ("field=sum(session)&groupBy=color", "Invalid groupBy: \"color\""),
        ("field=sum(session)&project=none", "Invalid project: \"none\""),
        ("field=sum(session)&statsPeriod=ever", "Invalid statsPeriod: \"ever\""),
        ("field=sum(session)&start=1", "Invalid end"),
        (
            "field=crash_rate(user)&groupBy=session.status",
            "Invalid field with groupBy=session.status: \"crash_rate(user)\"",
        ),
        (
            "field=sum(session)&query=user:1",
            "Invalid query (only release:VERSION is known): \"user:1\"",
        ),
    ];
    for (query, expected) in cases {
        let response = server.api(&format!("{ORG}/sessions/?{query}")).await;
        assert_eq!(response.status(), 400, "{query}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["detail"], expected, "{query}");
    }
    let path = "/api/0/organizations/other/sessions/?field=sum(session)";
    assert_eq!(server.api(path).await.status(), 404);
    let without_token = server
        .client
        .get(server.url(&format!("{ORG}/sessions/")))
        .send()
        .await
        .unwrap();
    assert_eq!(without_token.status(), 401);

    let empty = server.json(&format!("{ORG}/sessions/?{ALL}&statsPeriod=1d")).await;
    let totals = &empty["groups"][0]["totals"];
    assert_eq!(
        (&totals["sum(session)"], &totals["crash_free_rate(session)"]),
        (&json!(0), &json!(null))
    );
    assert_eq!(
        (&empty["groups"][0]["by"], &empty["truncated"]),
        (&json!({}), &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_was_killed_changes_nothing() {
    let server = Server::start().await;
    let (_, project) = server.key_and_project();
    let aggregates = json!({"attrs": {"release": "a"}, "aggregates": [{"started": ago(60), "crashed": 2}]});
    let report = json!({"discarded_events": [{"reason": "r", "category": "c", "quantity": 2}]});
    let body = format!(
        "{}\n{}{}{}",
        json!({ "event_id": id(5) }),
        session(1, "a", &json!({"status": "crashed", "did": "anna"})),
        item("sessions", &aggregates),
        item("client_report", &report)
    );
    server.accept(body.clone()).await;
    settle(&server).await;
    let shown = async |server: &Server| {
        let stats = format!("{ORG}/stats_v2/?field=sum(quantity)&groupBy=reason&outcome=client_discard");
        (
            figures(server, "", "release").await,
            by_status(server, "").await,
            server.json(&stats).await["groups"].clone(),
        )
    };
    let before = shown(&server).await;
    assert_eq!(before.1["crashed"], json!([3, 1]));
    let data = server.stop().await;

    // As a crash leaves it that came between the digest and the removal of the envelope, which are one step, or a client
    // that got no answer and sent again.
    let inbox = database(data.path()).await;
    sqlx::query("INSERT INTO inbox (project_id, body, size_bytes, heavy, received_at) VALUES ($1, $2, 1, 0, $3)")
        .bind(project.parse::<i64>().unwrap())
        .bind(body.into_bytes())
        .bind(i64::try_from(ago(0)).unwrap() * 1000)
        .execute(&inbox)
        .await
        .unwrap();
    inbox.close().await;
    let server = Server::start_on(data).await;
    settle(&server).await;
    assert_eq!(shown(&server).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_as_the_sdk_for_rust_writes_them() {
    use sentry_types::protocol::v7::{
        Envelope, SessionAggregateItem, SessionAggregates, SessionAttributes, SessionStatus, SessionUpdate,
    };
    let attributes = || SessionAttributes {
        release: "a".into(),
        environment: Some("production".into()),
        ip_address: None,
        user_agent: None,
    };
    let started = SystemTime::now() - std::time::Duration::from_secs(60);
    // Neither a clock of its own nor a time.
    let update = |init, status, errors| SessionUpdate {
        session_id: uuid::Uuid::from_u128(7),
        distinct_id: None,
        sequence: None,
        timestamp: None,
        started,
        init,
        duration: None,
        status,
        errors,
        attributes: attributes(),
    };
    let counted = SessionAggregates {
        aggregates: vec![SessionAggregateItem {
            started,
            distinct_id: Some("anna".to_owned()),
            exited: 2,
            errored: 1,
            abnormal: 0,
            crashed: 1,
        }],
        attributes: attributes(),
    };
    let mut event: Envelope = sentry_types::protocol::v7::Event::default().into();
    event.add_item(update(true, SessionStatus::Ok, 1));
    let mut end = Envelope::new();
    end.add_item(update(false, SessionStatus::Exited, 1));
    let mut counts = Envelope::new();
    counts.add_item(counted);

    let server = Server::start().await;
    for envelope in [event, end, counts] {
        let mut bytes = Vec::new();
        envelope.to_writer(&mut bytes).unwrap();
        server.accept(bytes).await;
    }
    settle(&server).await;
    assert_eq!(
        by_status(&server, "").await,
        json!({"healthy": [2, 0], "errored": [2, 0], "abnormal": [0, 0], "crashed": [1, 1]})
    );
    assert_eq!(
        figures(&server, "", "environment").await,
        [json!(["production", 5, 1, 0.8, 0.0])]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn series_and_totals_agree_over_hours_and_days() {
    let server = Server::start().await;
    let run = |number: u32, did: &str, status: &str, started: u64| {
        session(number, "a", &json!({"did": did, "status": status, "started": started}))
    };
    let mut updates = Vec::new();
    for number in 1..=60 {
        let status = if number % 7 == 0 { "crashed" } else { "exited" };
        updates.push(run(
            number,
            &format!("user {}", number % 5),
            status,
            ago(u64::from(number) * 5000 + 10),
        ));
    }
    digested(&server, &updates).await;
    for (query, intervals) in [
        ("statsPeriod=4d&interval=1d", 5),
        ("statsPeriod=4d&interval=1h", 97),
        ("statsPeriod=4d&interval=12h", 9),
    ] {
        let answer = server
            .json(&format!("{ORG}/sessions/?{ALL}&groupBy=release&{query}"))
            .await;
        let group = &answer["groups"][0];
        let series = |name: &str| group["series"][name].as_array().unwrap().clone();
        assert_eq!(
            answer["intervals"].as_array().unwrap().len(),
            series("sum(session)").len(),
            "{query}"
        );
        assert!(
            answer["intervals"].as_array().unwrap().len() >= intervals - 1,
            "{query}"
        );
        let sum: i64 = series("sum(session)").iter().map(|count| count.as_i64().unwrap()).sum();
        assert_eq!((sum, &group["totals"]["sum(session)"]), (60, &json!(60)), "{query}");
        assert_eq!(group["totals"]["count_unique(user)"], 5, "{query}");
        let users = series("count_unique(user)")
            .iter()
            .map(|count| count.as_i64().unwrap())
            .max()
            .unwrap();
        assert!(users <= 5 && users > 0, "{query} {users}");
        let rates = series("crash_free_rate(session)");
        let crashed: f64 = rates
            .iter()
            .zip(series("sum(session)"))
            .map(|(rate, all)| rate.as_f64().map_or(0.0, |rate| (1.0 - rate) * all.as_f64().unwrap()))
            .sum();
        assert!((crashed - 8.0).abs() < 1e-6, "{query} {crashed}");
    }
    let hourly = server
        .json(&format!(
            "{ORG}/sessions/?field=sum(session)&groupBy=session.status&statsPeriod=4d&interval=1h"
        ))
        .await;
    let crashed = hourly["groups"]
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["by"]["session.status"] == "crashed")
        .unwrap();
    let sum: i64 = crashed["series"]["sum(session)"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| count.as_i64().unwrap())
        .sum();
    assert_eq!(sum, 8);
    assert_eq!(
        server
            .api(&format!("{ORG}/sessions/?field=sum(session)&interval=7h"))
            .await
            .status(),
        400
    );
    assert_eq!(
        server
            .api(&format!(
                "{ORG}/sessions/?field=sum(session)&interval=1h&statsPeriod=200d"
            ))
            .await
            .status(),
        400
    );
}
