//! Pages count the users of releases in a way of their own: these are the figures that the API tells.

use serde_json::{Value, json};

use super::{ago, between};
use crate::health::{digested, item};
use crate::server::{Server, id};

const HOUR: u64 = 3600;
const RELEASES: [&str; 3] = ["editor@1", "editor@2", "viewer@1"];

/// Sessions of five people and of nobody known: in several releases and environments, on the same day and on others, with
/// each end; and such that clients counted themselves.
fn sessions() -> Vec<String> {
    let people = ["anna", "bert", "cleo", "dora", "emil", ""];
    let ends = ["exited", "exited", "crashed", "exited", "abnormal", "errored", "ok"];
    let session = |number: usize| {
        let hours = [1, 3, 20, 30, 50, 24 * 9, 24 * 40, 24 * 60][number * number % 8];
        let environment = ["production", "staging", ""][number / 5 % 3];
        let fields = json!({"sid": id(u32::try_from(number).unwrap()), "seq": 1, "started": ago(hours * HOUR),
            "did": people[number * 5 % 6], "status": ends[number % 7],
            "attrs": {"release": RELEASES[number % 3], "environment": environment}});
        item("session", &fields)
    };
    let counted = json!({"attrs": {"release": "editor@2", "environment": "production"}, "aggregates": [
        {"started": ago(2 * HOUR), "did": "fred", "exited": 2, "crashed": 1},
        {"started": ago(26 * HOUR), "did": "gila", "exited": 0},
        {"started": ago(26 * HOUR), "did": "anna", "abnormal": 1}]});
    let mut all: Vec<String> = (1..90).map(session).collect();
    all.push(item("sessions", &counted));
    // Somebody's session that turns out to be of another release.
    let moved = json!({"sid": id(1), "seq": 2, "started": ago(3 * HOUR), "did": "hans", "status": "crashed",
        "attrs": {"release": "viewer@1", "environment": "production"}});
    all.push(item("session", &moved));
    all
}

/// A share as pages say it.
fn percent(share: f64) -> String {
    let digits = format!("{:.2}", share * 100.0);
    format!("{} %", digits.trim_end_matches('0').trim_end_matches('.'))
}

fn groups(answer: &Value) -> &Vec<Value> {
    answer["groups"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_count_the_users_that_the_api_counts() {
    let server = Server::start().await;
    digested(&server, &[sessions().concat()]).await;
    let fields = "field=sum(session)&field=count_unique(user)&field=crash_free_rate(user)&groupBy=release";
    for (period, ours, environment) in [
        ("24h", "statsPeriod=23h&interval=1h", None),
        ("14d", "statsPeriod=13d&interval=1d", None),
        ("14d", "statsPeriod=13d&interval=1d", Some("staging")),
        ("90d", "statsPeriod=89d&interval=1d", None),
    ] {
        let environment = environment.map_or(String::new(), |name| format!("&environment={name}"));
        let path = format!("/api/0/organizations/acme/sessions/?{fields}&{ours}{environment}");
        let told = server.json(&path).await;
        let (_, list) = server.page(&format!("/releases/?period={period}{environment}")).await;
        for group in groups(&told) {
            let release = group["by"]["release"].as_str().unwrap();
            let totals = &group["totals"];
            let users = totals["count_unique(user)"].as_i64().unwrap();
            let share = totals["crash_free_rate(user)"].as_f64();
            let detail = format!("of {users} user{}", if users == 1 { "" } else { "s" });
            let share = share.map_or("–".to_owned(), percent);
            let shown = format!("{share}<span class=\"detail\">{detail}</span>");
            let line = between(&list, &format!("/releases/acme/{release}/\">"), "</li>");
            let (_, page) = server
                .page(&format!("/releases/acme/{release}/?period={period}{environment}"))
                .await;
            let facts = between(&page, "<dt>Users without crash</dt>", "</div>");
            for part in [line, facts] {
                assert!(
                    users == 0 || part.contains(&shown),
                    "{release} {period} {environment}: {shown} not in {part}"
                );
            }
            // The chart's table and the API's own series of a release, interval by interval.
            let path = format!("/api/0/organizations/acme/releases/{release}/stats/?{ours}{environment}");
            let stats = server.json(&path).await;
            let rows = between(&page, "id=\"crash-free\"", "</table>");
            let rows: Vec<&str> = rows.split("<tr><th scope=\"row\">").skip(1).collect();
            let series = &group["series"];
            assert_eq!(
                stats["series"]["users"], series["count_unique(user)"],
                "{release} {period}"
            );
            let shares = series["crash_free_rate(user)"].as_array().unwrap();
            assert_eq!(rows.len(), shares.len());
            for (row, share) in rows.iter().zip(shares) {
                let said = share.as_f64().map_or("–".to_owned(), percent);
                assert!(
                    row.contains(&format!("<td>{said}</td></tr>")),
                    "{release} {period}: {said} not last in {row}"
                );
            }
        }
        assert_eq!(groups(&told).len(), 3, "{told:#}");
    }

    // Of all releases each person counts once, whatever the release.
    let all = server
        .json("/api/0/organizations/acme/sessions/?field=count_unique(user)&statsPeriod=13d&interval=1d")
        .await;
    let of_all = groups(&all)[0]["series"]["count_unique(user)"].as_array().unwrap();
    let own = server
        .json("/api/0/organizations/acme/releases/editor@1/stats/?statsPeriod=13d&interval=1d")
        .await;
    let own = &own["series"];
    for (slot, all) in of_all.iter().enumerate() {
        let (users, all) = (own["users"][slot].as_f64().unwrap(), all.as_f64().unwrap());
        match own["usersAdoption"][slot].as_f64() {
            Some(share) => assert!(
                (share * all - users).abs() < 1e-6,
                "{slot}: {share} of {all} are {users}"
            ),
            None => assert!(all < 0.5, "{slot}: there were {all}"),
        }
    }

    let (_, compared) = server.page("/compare/acme/?a=editor%401&b=editor%402&period=90d").await;
    let path = format!("/api/0/organizations/acme/sessions/?{fields}&statsPeriod=89d&interval=1d");
    let told = server.json(&path).await;
    let row = between(&compared, "<th scope=\"row\">Users</th>", "</tr>");
    for release in ["editor@1", "editor@2"] {
        let group = groups(&told)
            .iter()
            .find(|group| group["by"]["release"] == release)
            .unwrap();
        let users = &group["totals"]["count_unique(user)"];
        assert!(
            row.contains(&format!(">{users}</td>")),
            "{release}: {users} not in {row}"
        );
    }
}
