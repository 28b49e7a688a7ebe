//! Pages that follow each other while more comes.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{EVENTS, ISSUES, each, event};
use crate::server::{Server, id};

/// A list and the `Link` header's two parts: cursor and whether there is anything.
async fn page(server: &Server, path: &str) -> (Value, (String, bool), (String, bool)) {
    let response = server.api(path).await;
    assert_eq!(response.status(), 200, "{path}");
    let link = response.headers()["link"].to_str().unwrap().to_owned();
    let part = |rel: &str| {
        let part = link
            .split(", ")
            .find(|part| part.contains(&format!("rel=\"{rel}\"")))
            .unwrap();
        let cursor = part
            .split("; cursor=\"")
            .nth(1)
            .unwrap()
            .trim_end_matches('"')
            .to_owned();
        assert!(part.contains(&format!("&cursor={cursor}>")), "{part}");
        (cursor, part.contains("results=\"true\""))
    };
    let (previous, next) = (part("previous"), part("next"));
    (response.json().await.unwrap(), previous, next)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_events_neither_skip_nor_repeat_while_more_come() {
    let server = Server::start().await;
    for number in 1..=25 {
        // Five have the same time each.
        let at = format!("2026-01-02T00:00:{:02}Z", number / 5);
        server
            .digest(&id(number), &event("a", &json!({ "timestamp": at })))
            .await;
    }
    let mut seen = Vec::new();
    let mut path = format!("{EVENTS}?limit=4&query=happened");
    let mut more = 100;
    loop {
        let (list, _, (cursor, has_next)) = page(&server, &path).await;
        seen.extend(each(&list, "eventID").into_iter().map(str::to_owned));
        // One newer than all, one among those that were shown, one that is still to come.
        for at in ["2026-01-03T00:00:00Z", "2026-01-02T00:00:05Z", "2026-01-01T00:00:00Z"] {
            more += 1;
            server.digest(&id(more), &event("a", &json!({ "timestamp": at }))).await;
        }
        if !has_next || seen.len() > 60 {
            break;
        }
        path = format!("{EVENTS}?limit=4&query=happened&cursor={cursor}");
    }
    let unique: HashSet<&String> = seen.iter().collect();
    assert_eq!(unique.len(), seen.len(), "none twice: {seen:?}");
    let missing: Vec<String> = (1..=25).map(id).filter(|id| !seen.contains(id)).collect();
    assert_eq!(missing, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lead_forth_and_back() {
    let server = Server::start().await;
    for number in 1..=7 {
        let at = format!("2026-01-02T00:00:0{number}Z");
        server
            .digest(&id(number), &event(&format!("g{number}"), &json!({ "timestamp": at })))
            .await;
    }
    for (list, field, of) in [(EVENTS, "eventID", 1), (ISSUES, "id", 0)] {
        let ids = |numbers: &[u32]| -> Vec<String> {
            numbers
                .iter()
                .map(|number| if of == 1 { id(*number) } else { number.to_string() })
                .collect()
        };
        let get = async |cursor: &str| page(&server, &format!("{list}?limit=3&cursor={cursor}")).await;
        let (first, previous, next) = get("").await;
        assert_eq!(each(&first, field), ids(&[7, 6, 5]));
        assert_eq!((previous.1, next.1), (false, true));
        let (nothing, _, back_to) = get(&previous.0).await;
        assert_eq!((&nothing, back_to.1), (&json!([]), true), "nothing newer");
        assert_eq!(
            each(&get(&back_to.0).await.0, field),
            ids(&[7, 6, 5]),
            "and back to where that was asked"
        );
        let (second, previous, next) = get(&next.0).await;
        assert_eq!(each(&second, field), ids(&[4, 3, 2]));
        assert_eq!((previous.1, next.1), (true, true));
        let (last, before_last, after_last) = get(&next.0).await;
        assert_eq!(each(&last, field), ids(&[1]));
        assert!(!after_last.1);
        assert_eq!(each(&get(&before_last.0).await.0, field), ids(&[4, 3, 2]));
        let (again, none, _) = get(&previous.0).await;
        assert_eq!(each(&again, field), ids(&[7, 6, 5]));
        assert!(!none.1);
        assert_eq!(each(&get("0:0:0").await.0, field), ids(&[7, 6, 5]), "the start");
    }
    let hits = server.api(&format!("{ISSUES}?limit=3")).await;
    assert_eq!(
        (&hits.headers()["x-hits"], &hits.headers()["x-max-hits"]),
        (&"7".parse().unwrap(), &"1000".parse().unwrap())
    );
    let hits = server.api(&format!("{ISSUES}?limit=3&query=g4")).await;
    assert_eq!(hits.headers()["x-hits"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn issues_are_sorted_by_what_is_asked() {
    let server = Server::start().await;
    let mut number = 0;
    // Seen last: c, b, a. First: b, a, c. Events: a 3, b 2, c 2. Users: b 2, c 1, a 0.
    let all = [
        ("c", 1, Some("u1")),
        ("a", 2, None),
        ("b", 3, Some("u1")),
        ("a", 4, None),
        ("a", 5, None),
        ("b", 6, Some("u2")),
        ("c", 7, Some("u1")),
    ];
    for (group, second, user) in all {
        number += 1;
        let mut more = json!({ "timestamp": format!("2026-01-02T00:00:0{second}Z") });
        if let Some(user) = user {
            more["user"] = json!({ "id": user });
        }
        server.digest(&id(number), &event(group, &more)).await;
    }
    let order = async |sort: &str| -> String {
        let list = server.json(&format!("{ISSUES}?sort={sort}")).await;
        each(&list, "title").into_iter().map(|title| &title[..1]).collect()
    };
    assert_eq!(order("date").await, "cba");
    assert_eq!(order("new").await, "bac");
    assert_eq!(
        order("freq").await,
        "abc",
        "of those with as many, the newer issue first"
    );
    assert_eq!(order("user").await, "bca");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_know_those_beside_them() {
    let server = Server::start().await;
    for number in 1..=3 {
        let at = format!("2026-01-02T00:00:0{number}Z");
        server
            .digest(&id(number), &event("a", &json!({ "timestamp": at })))
            .await;
    }
    let middle = server.json(&format!("/api/0/issues/1/events/{}/", id(2))).await;
    assert_eq!(
        (&middle["previousEventID"], &middle["nextEventID"]),
        (&json!(id(1)), &json!(id(3)))
    );
    let oldest = server.json("/api/0/issues/1/events/oldest/").await;
    assert_eq!(
        (&oldest["eventID"], &oldest["previousEventID"]),
        (&json!(id(1)), &Value::Null)
    );
    let latest = server.json("/api/0/issues/1/events/latest/").await;
    assert_eq!(
        (&latest["eventID"], &latest["nextEventID"]),
        (&json!(id(3)), &Value::Null)
    );
}
