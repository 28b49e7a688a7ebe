//! Counts over time.

use serde_json::{Value, json};

use super::{ISSUES, encoded, event};
use crate::server::{Server, id};

const NOW: &str = "/api/0/organizations/acme/events-stats/";

fn sum(points: &Value, count: impl Fn(&Value) -> i64) -> i64 {
    points.as_array().unwrap().iter().map(count).sum()
}

async fn filled() -> Server {
    let server = Server::start().await;
    for number in 1..=5 {
        let level = if number == 1 { "fatal" } else { "error" };
        let at = format!("2026-01-02T0{number}:30:00Z");
        let group = if number < 3 { "a" } else { "b" };
        server
            .digest(
                &id(number),
                &event(
                    group,
                    &json!({"timestamp": at, "level": level, "tags": {"color": "red"}}),
                ),
            )
            .await;
    }
    server.digest(&id(6), &event("a", &json!({}))).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn issues_show_their_last_hours_or_days() {
    let server = filled().await;
    let issues = server.json(&format!("{ISSUES}?query=id:{}", id(6))).await;
    let hours = &issues[0]["stats"]["24h"];
    assert_eq!(hours.as_array().unwrap().len(), 24);
    assert_eq!(sum(hours, |point| point[1].as_i64().unwrap()), 1, "{hours}");
    let steps: Vec<i64> = hours
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point[0].as_i64().unwrap())
        .collect();
    assert!(steps.windows(2).all(|pair| pair[1] - pair[0] == 3600));
    let issues = server.json(&format!("{ISSUES}?statsPeriod=14d")).await;
    assert_eq!(issues[0]["stats"]["14d"].as_array().unwrap().len(), 14);
    let issues = server.json(&format!("{ISSUES}?statsPeriod=")).await;
    assert_eq!(issues[0]["stats"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_over_time_from_counts_and_from_events_are_the_same() {
    let server = filled().await;
    let span = "start=2026-01-02T00:00:00&end=2026-01-02T05:59:59";
    let counts = async |query: &str, interval: &str| {
        let path = format!("{NOW}?{span}&interval={interval}&query={}", encoded(query));
        let answer = server.json(&path).await;
        assert_eq!(answer["countedFrom"], Value::Null);
        let data = answer["data"].as_array().unwrap().iter();
        data.map(|point| point[1][0]["count"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    // The first of each pair is counted by the hour already, the second is gone through.
    assert_eq!(counts("", "1h").await, [0, 1, 1, 1, 1, 1]);
    assert_eq!(counts("color:red !has:nothing title:*", "1h").await, [0, 1, 1, 1, 1, 1]);
    assert_eq!(counts("level:fatal", "1h").await, [0, 1, 0, 0, 0, 0]);
    assert_eq!(counts("level:fatal happened", "1h").await, [0, 1, 0, 0, 0, 0]);
    assert_eq!(counts("issue:EDITOR-2", "1h").await, [0, 0, 0, 1, 1, 1]);
    assert_eq!(counts("issue:EDITOR-2 happened", "1h").await, [0, 0, 0, 1, 1, 1]);
    let half_hours = counts("", "30m").await;
    assert_eq!(half_hours, [0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    assert_eq!(counts("", "1d").await, [5]);

    let wide = server.api(&format!("{NOW}?statsPeriod=90d&interval=1m")).await;
    assert_eq!(wide.status(), 400);
    let odd = server.api(&format!("{NOW}?{span}&interval=7h")).await;
    assert_eq!(odd.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_and_what_became_of_it() {
    let server = filled().await;
    let database = crate::server::database(server.data()).await;
    let refused = "INSERT INTO project_hours (project_id, hour, category, outcome, quantity)
        SELECT project_id, hour, category, 'rate_limited', 7 FROM project_hours WHERE category = 'error' ORDER BY hour LIMIT 1";
    sqlx::query(refused).execute(&database).await.unwrap();
    let stats = "/api/0/projects/acme/editor/stats/?since=1767312000&until=1767333599";
    let counts = async |more: &str| {
        sum(&server.json(&format!("{stats}{more}")).await, |point| {
            point[1].as_i64().unwrap()
        })
    };
    assert_eq!(counts("").await, 12);
    assert_eq!(counts("&stat=rejected").await, 7);
    assert_eq!(counts("&stat=generated&resolution=1d").await, 5);
    assert_eq!(counts("&stat=blacklisted").await, 0);
    let points = server.json(stats).await;
    assert_eq!(points[0], json!([1_767_312_000, 0]));
    assert_eq!(points.as_array().unwrap().len(), 6);
    assert_eq!(server.api(&format!("{stats}&stat=odd")).await.status(), 400);
    assert_eq!(server.api(&format!("{stats}&resolution=10s")).await.status(), 400);

    let all =
        "/api/0/organizations/acme/stats_v2/?field=sum(quantity)&start=2026-01-02T00:00:00&end=2026-01-02T05:59:59";
    let answer = server
        .json(&format!("{all}&groupBy=outcome&category=error&interval=1h"))
        .await;
    assert_eq!(answer["intervals"].as_array().unwrap().len(), 6);
    let groups = answer["groups"].as_array().unwrap();
    let of = |outcome: &str| groups.iter().find(|group| group["by"]["outcome"] == outcome).unwrap();
    assert_eq!(of("accepted")["totals"]["sum(quantity)"], 5);
    assert_eq!(of("accepted")["series"]["sum(quantity)"], json!([0, 1, 1, 1, 1, 1]));
    assert_eq!(of("rate_limited")["series"]["sum(quantity)"], json!([0, 7, 0, 0, 0, 0]));
}
