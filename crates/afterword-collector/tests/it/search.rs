//! Searching, and going through lists page by page.

mod beside;
mod pages;
mod stats;
mod tags;

use serde_json::{Value, json};

use crate::server::{Server, id};

pub(crate) const ISSUES: &str = "/api/0/projects/acme/editor/issues/";
pub(crate) const EVENTS: &str = "/api/0/projects/acme/editor/events/";

/// An event with its own issue (by `group`) and what else is given.
pub(crate) fn event(group: &str, more: &Value) -> Value {
    let mut event =
        json!({"platform": "native", "level": "error", "fingerprint": [group], "message": format!("{group} happened")});
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

/// `query` as it goes into a path.
pub(crate) fn encoded(query: &str) -> String {
    url::form_urlencoded::byte_serialize(query.as_bytes()).collect()
}

/// A field of each of a list, in its order.
pub(crate) fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one[field].as_str().unwrap()).collect()
}

/// The numbers of the events that are found, lowest first.
async fn events(server: &Server, query: &str) -> Vec<u32> {
    let list = server.json(&format!("{EVENTS}?query={}", encoded(query))).await;
    let mut numbers: Vec<u32> = each(&list, "eventID")
        .into_iter()
        .map(|id| u32::from_str_radix(id, 16).unwrap())
        .collect();
    numbers.sort_unstable();
    numbers
}

/// The titles of the issues that are found, in the order of the alphabet.
async fn issues(server: &Server, query: &str) -> Vec<String> {
    let list = server.json(&format!("{ISSUES}?query={}", encoded(query))).await;
    let mut titles: Vec<String> = each(&list, "title")
        .into_iter()
        .map(|title| title.split(' ').next().unwrap().to_owned())
        .collect();
    titles.sort_unstable();
    titles
}

async fn filled() -> Server {
    let server = Server::start().await;
    let trace = json!({"trace": {"trace_id": id(0xabc)}});
    let all = [
        event(
            "flush",
            &json!({"release": "editor@1.0.0", "environment": "production", "user": {"id": "u1", "email": "ann@example.com"}, "tags": {"renderer": "gl", "url": "/cart/1"}}),
        ),
        event(
            "flush",
            &json!({"release": "editor@1.10.0", "environment": "staging", "user": {"id": "u2"}, "tags": {"renderer": "vk"}, "message": "flush could not open 0x7f12"}),
        ),
        event(
            "draw",
            &json!({"release": "editor@1.9.0", "level": "fatal", "user": {"username": "u1"}, "contexts": trace}),
        ),
        event(
            "draw",
            &json!({"level": "fatal", "platform": "python", "tags": {"url": "/shop/cart"}, "timestamp": "2026-01-02T03:04:05Z"}),
        ),
        event(
            "Ünicode",
            &json!({"tags": {"odd key": "a \"quoted\" *star*"}, "server_name": "host-1"}),
        ),
    ];
    for (number, event) in (1..).zip(&all) {
        server.digest(&id(number), event).await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_what_people_know_of_them() {
    let server = filled().await;
    let cases: [(&str, &[u32]); 47] = [
        ("", &[1, 2, 3, 4, 5]),
        ("flush", &[1, 2]),
        ("FLUSH happened", &[1]),
        ("hap", &[1, 3, 4, 5]),
        ("!happened", &[2]),
        ("\"could not\"", &[2]),
        ("0x7f12", &[2]),
        ("ünicode", &[5]),
        ("nothing", &[]),
        ("!nothing", &[1, 2, 3, 4, 5]),
        ("release:editor@1.0.0", &[1]),
        ("release:editor@1.*", &[1, 2, 3]),
        ("release:EDITOR@1.0.0", &[]),
        ("release:latest", &[2]),
        ("!release:latest", &[1, 3, 4, 5]),
        ("!release:editor@1.0.0", &[2, 3, 4, 5]),
        ("release:[editor@1.0.0, editor@1.9.0]", &[1, 3]),
        ("has:release", &[1, 2, 3]),
        ("!has:release", &[4, 5]),
        ("has:nothing", &[]),
        ("!has:nothing", &[1, 2, 3, 4, 5]),
        ("environment:production", &[1]),
        ("level:fatal", &[3, 4]),
        ("level:[fatal, error] platform:python", &[4]),
        ("user:u1", &[1, 3]),
        ("user.id:u1", &[1]),
        ("user:id:u1", &[1]),
        ("user.email:ann@example.com", &[1]),
        ("user:*NN@example*", &[1]),
        ("has:user", &[1, 2, 3]),
        ("url:*CART*", &[1, 4]),
        ("url:*cart", &[4]),
        ("url:/c*t/1", &[1]),
        ("!url:*cart*", &[2, 3, 5]),
        ("renderer:gl flush", &[1]),
        ("renderer:gl level:fatal", &[]),
        ("server_name:host-1", &[5]),
        ("\"odd key\":\"a \\\"quoted\\\" \\*star\\*\"", &[5]),
        ("tags[level]:fatal", &[3, 4]),
        ("title:\"flush happened\"", &[1]),
        ("title:*could*", &[2]),
        ("message:open", &[2]),
        ("issue:EDITOR-1", &[1, 2]),
        ("!issue:EDITOR-1", &[3, 4, 5]),
        ("project:edit* level:fatal", &[3, 4]),
        ("project:other", &[]),
        ("timestamp:<2026-02-01", &[4]),
    ];
    for (query, expected) in cases {
        assert_eq!(events(&server, query).await, expected, "{query}");
    }
    assert_eq!(events(&server, &format!("id:{}", id(3))).await, [3]);
    assert_eq!(events(&server, &id(0xabc)).await, [3], "a trace");
    assert_eq!(events(&server, &format!("trace:{}", id(0xabc))).await, [3]);
    assert_eq!(events(&server, "timestamp:-1h").await, [1, 2, 3, 5]);
    assert_eq!(events(&server, "timestamp:2026-01-02").await, [4]);

    let list = server
        .json(&format!(
            "{EVENTS}?environment=staging&environment=production&query=flush"
        ))
        .await;
    assert_eq!(each(&list, "eventID"), [id(2), id(1)], "the newest first");
    assert_eq!(
        list[1]["user"],
        json!({"id": "u1", "email": "ann@example.com", "username": null})
    );
    assert!(
        list[1]["tags"]
            .as_array()
            .unwrap()
            .contains(&json!({"key": "renderer", "value": "gl"}))
    );
    let list = server.json(&format!("{EVENTS}?statsPeriod=1h")).await;
    assert_eq!(list.as_array().unwrap().len(), 4);
    let list = server
        .json(&format!("{EVENTS}?start=2026-01-01T00:00:00&end=2026-01-03T00:00:00"))
        .await;
    assert_eq!(each(&list, "eventID"), [id(4)]);
    let list = server
        .json("/api/0/organizations/acme/events/?project=editor&query=level:fatal")
        .await;
    assert_eq!(each(&list, "eventID"), [id(3), id(4)]);
    let list = server.json("/api/0/issues/1/events/?query=renderer:vk").await;
    assert_eq!(each(&list, "eventID"), [id(2)]);
    let full = server.json(&format!("{EVENTS}?full=1&query=level:fatal")).await;
    assert_eq!(each(&full, "eventID"), [id(3), id(4)]);
    assert_eq!(full[0]["raw"]["message"], "draw happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn issues_are_found_by_their_state_and_their_events() {
    let server = filled().await;
    let cases: [(&str, &[&str]); 24] = [
        ("", &["draw", "flush", "Ünicode"]),
        ("is:unresolved", &["draw", "flush", "Ünicode"]),
        ("is:resolved", &[]),
        ("!is:resolved", &["draw", "flush", "Ünicode"]),
        ("is:new", &["draw", "flush", "Ünicode"]),
        ("is:assigned", &[]),
        ("assigned:none", &["draw", "flush", "Ünicode"]),
        ("flush", &["flush"]),
        ("lush", &["flush"]),
        ("open", &["flush"]),
        ("!open", &["draw", "Ünicode"]),
        ("release:editor@1.0.0 release:editor@1.10.0", &["flush"]),
        ("level:fatal", &["draw"]),
        ("!level:fatal", &["flush", "Ünicode"]),
        ("has:release", &["draw", "flush"]),
        ("!has:release", &["Ünicode"]),
        ("url:*cart*", &["draw", "flush"]),
        ("times_seen:>1", &["draw", "flush"]),
        ("!times_seen:>1", &["Ünicode"]),
        ("users:2", &["flush"]),
        ("firstSeen:2026-01-02", &["draw"]),
        ("firstSeen:+24h", &["draw"]),
        ("lastSeen:-1h", &["draw", "flush", "Ünicode"]),
        ("issue:[EDITOR-1, EDITOR-2] !draw", &["flush"]),
    ];
    for (query, expected) in cases {
        assert_eq!(issues(&server, query).await, expected, "{query}");
    }
    assert_eq!(issues(&server, &id(2)).await, ["flush"], "the issue of an event");
    let dates = [("start=2026-01-01&end=2026-01-03", 0)];
    for (span, _) in dates {
        let status = server.api(&format!("{ISSUES}?{span}")).await.status();
        assert_eq!(status, 400, "a time is wanted: {span}");
    }
    let list = server
        .json(&format!("{ISSUES}?start=2026-01-01T00:00:00&end=2026-01-03T00:00:00"))
        .await;
    assert_eq!(list.as_array().unwrap().len(), 1, "one had events then");
    let list = server
        .json(&format!("{ISSUES}?start=2026-01-03T00:00:00&end=2026-01-04T00:00:00"))
        .await;
    assert_eq!(list, json!([]), "it has earlier and later ones, but none then");

    let database = crate::server::database(server.data()).await;
    let change =
        "UPDATE issues SET status = 'ignored', substatus = '', assigned_to = 'ann@example.com' WHERE number = 2";
    sqlx::query(change).execute(&database).await.unwrap();
    let unresolved = server.json(ISSUES).await;
    assert_eq!(
        unresolved.as_array().unwrap().len(),
        2,
        "unless asked, what is unresolved"
    );
    let ignored = server.json(&format!("{ISSUES}?query=is:ignored")).await;
    assert_eq!(ignored[0]["status"], "ignored");
    assert_eq!(ignored[0]["assignedTo"]["email"], "ann@example.com");
    assert_eq!(issues(&server, "assigned:[ann@example.com, none]").await.len(), 3);
    assert_eq!(issues(&server, "!assigned:ann@example.com").await.len(), 2);
    assert_eq!(issues(&server, "").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_about_a_search_is_said() {
    let server = Server::start().await;
    let cases = [
        (
            format!("{ISSUES}?query=a+is:odd"),
            "Invalid query, at character 3: is:odd is not known; known are unresolved",
        ),
        (
            format!("{ISSUES}?sort=trends"),
            "Invalid sort (known are date, new, freq, user): \"trends\"",
        ),
        (format!("{ISSUES}?cursor=x"), "Invalid cursor: \"x\""),
        (format!("{ISSUES}?limit=many"), "Invalid limit: \"many\""),
        (format!("{ISSUES}?statsPeriod=ever"), "Invalid statsPeriod: \"ever\""),
        (
            format!("{EVENTS}?query=is:unresolved"),
            "is: is known of issues, not of events",
        ),
        (
            "/api/0/organizations/acme/issues/?project=none".to_owned(),
            "Invalid project: \"none\"",
        ),
    ];
    for (path, expected) in cases {
        let response = server.api(&path).await;
        assert_eq!(response.status(), 400, "{path}");
        let answer: Value = response.json().await.unwrap();
        assert!(
            answer["detail"].as_str().unwrap().contains(expected),
            "{path}: {answer}"
        );
    }
    for path in [
        "/api/0/organizations/nobody/issues/",
        "/api/0/projects/acme/none/events/",
        "/api/0/issues/9/events/",
        "/api/0/issues/9/tags/",
    ] {
        assert_eq!(server.api(path).await.status(), 404, "{path}");
    }
}
