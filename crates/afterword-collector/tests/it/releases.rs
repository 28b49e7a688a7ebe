//! Releases by the API, as scripts and `sentry-cli` speak to it, and what they tell of events and sessions.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::server::{Server, crash, id};

const RELEASES: &str = "/api/0/organizations/acme/releases/";

async fn send(server: &Server, method: Method, path: &str, body: &Value) -> Response {
    server
        .client
        .request(method, server.url(path))
        .bearer_auth(&server.access.token)
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap()
}

async fn make(server: &Server, version: &str) -> Value {
    let body = json!({"version": version, "projects": ["editor"]});
    let response = send(server, Method::POST, RELEASES, &body).await;
    assert_eq!(response.status(), 201);
    response.json().await.unwrap()
}

fn at(version: &str) -> String {
    let encoded = version
        .replace('%', "%25")
        .replace('/', "%2F")
        .replace('+', "%2B")
        .replace(' ', "%20");
    format!("{RELEASES}{encoded}/")
}

/// Seconds since 1970, a while ago.
fn ago(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - seconds
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_made_filled_finalised_and_removed() {
    let server = Server::start().await;
    let version = "group/editor@1.0+17 beta";
    let made = make(&server, version).await;
    assert_eq!(
        (&made["version"], &made["dateReleased"]),
        (&json!(version), &json!(null))
    );
    assert!(made["dateCreated"].is_string());
    assert_eq!(made["projects"][0]["slug"], "editor");
    let again = send(
        &server,
        Method::POST,
        RELEASES,
        &json!({"version": version, "projects": ["editor"]}),
    )
    .await;
    assert_eq!(again.status(), 208);

    let path = at(version);
    let commits: Vec<Value> = (0..3)
        .map(|n| {
            json!({"id": format!("{n:040x}"), "repository": "origin", "author_name": "Anna", "author_email": "a@b.example",
                "timestamp": "2026-01-02T03:04:05Z", "message": format!("change {n}"), "patch_set": [{"path": "a", "type": "M"}]})
        })
        .collect();
    let set = send(&server, Method::PUT, &path, &json!({"commits": commits})).await;
    assert_eq!(set.status(), 200);
    let finalized = json!({"projects": ["editor"], "dateReleased": "2026-01-03T00:00:00Z"});
    assert_eq!(send(&server, Method::PUT, &path, &finalized).await.status(), 200);
    let deployed = json!({"environment": "production", "name": "first", "dateFinished": "2026-01-04T00:00:00Z"});
    let deploy = send(&server, Method::POST, &format!("{path}deploys/"), &deployed).await;
    assert_eq!(deploy.status(), 201);

    let shown = server.json(&path).await;
    assert_eq!((&shown["commitCount"], &shown["deployCount"]), (&json!(3), &json!(1)));
    assert_eq!(shown["dateReleased"], "2026-01-03T00:00:00Z");
    assert_eq!(shown["lastCommit"]["message"], "change 0");
    assert_eq!(shown["lastDeploy"]["environment"], "production");
    assert_eq!(shown["authors"], json!([{"name": "Anna", "email": "a@b.example"}]));
    let listed = server.json(&format!("{path}commits/")).await;
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(listed[2]["id"], format!("{:040x}", 2));
    assert_eq!(server.json(&format!("{path}deploys/")).await[0]["name"], "first");
    assert_eq!(server.json(&format!("{path}meta/")).await["commitFilesChanged"], 3);
    assert_eq!(server.json(&format!("{path}files/")).await, json!([]));
    assert_eq!(server.json("/api/0/organizations/acme/repos/?cursor=").await, json!([]));

    // Where the commits of the next one are to begin.
    assert_eq!(server.json(&format!("{path}previous-with-commits/")).await, json!({}));
    make(&server, "2").await;
    let previous = server.json(&format!("{}previous-with-commits/", at("2"))).await;
    assert_eq!(
        (&previous["version"], &previous["lastCommit"]["id"]),
        (&json!(version), &json!(format!("{:040x}", 0)))
    );

    let archived = json!({"version": version, "projects": [], "status": "archived"});
    assert_eq!(send(&server, Method::POST, RELEASES, &archived).await.status(), 208);
    let open = server.json(&format!("{RELEASES}?status=open")).await;
    assert_eq!(open.as_array().unwrap().len(), 1);
    assert_eq!(send(&server, Method::DELETE, &path, &json!({})).await.status(), 204);
    assert_eq!(server.api(&path).await.status(), 404);
    assert_eq!(server.json(RELEASES).await.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_and_are_narrowed() {
    let server = Server::start().await;
    let other = server.collector().bootstrap("acme", "viewer").await.unwrap();
    assert!(!other.dsn.is_empty());
    for number in 0..5 {
        make(&server, &format!("editor@1.{number}")).await;
    }
    let elsewhere = json!({"version": "viewer@1_0", "projects": ["viewer"]});
    assert_eq!(send(&server, Method::POST, RELEASES, &elsewhere).await.status(), 201);

    let versions = async |path: String| -> Vec<String> {
        let list = server.json(&path).await;
        list.as_array()
            .unwrap()
            .iter()
            .map(|release| release["version"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut found = Vec::new();
    let mut path = format!("{RELEASES}?per_page=4&project=editor");
    loop {
        let response = server.api(&path).await;
        let links = response.headers()["link"].to_str().unwrap().to_owned();
        let page: Value = response.json().await.unwrap();
        found.extend(
            page.as_array()
                .unwrap()
                .iter()
                .map(|release| release["version"].as_str().unwrap().to_owned()),
        );
        let next = links.split(", ").find(|link| link.contains("rel=\"next\"")).unwrap();
        if next.contains("results=\"false\"") {
            assert!(links.contains("rel=\"previous\"; results=\"true\""), "{links}");
            break;
        }
        let url = next.split_once('<').unwrap().1.split_once('>').unwrap().0;
        path = url.strip_prefix(&server.access.url).unwrap().to_owned();
    }
    assert_eq!(
        found,
        ["editor@1.4", "editor@1.3", "editor@1.2", "editor@1.1", "editor@1.0"]
    );
    assert_eq!(
        versions("/api/0/projects/acme/viewer/releases/".to_owned()).await,
        ["viewer@1_0"]
    );
    assert_eq!(versions(format!("{RELEASES}?query=R@1.3")).await, ["editor@1.3"]);
    // What means something in a pattern means itself here.
    assert_eq!(versions(format!("{RELEASES}?query=1_")).await, ["viewer@1_0"]);
    assert_eq!(
        server
            .api("/api/0/projects/acme/viewer/releases/editor@1.0/")
            .await
            .status(),
        404
    );
    assert_eq!(
        server
            .api("/api/0/projects/acme/editor/releases/editor@1.0/")
            .await
            .status(),
        200
    );
    assert_eq!(server.api("/api/0/organizations/none/releases/").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said() {
    let server = Server::start().await;
    let wrong = [
        json!({"projects": ["editor"]}),
        json!({"version": "a\nb", "projects": ["editor"]}),
        json!({"version": "..", "projects": ["editor"]}),
        json!({"version": "x".repeat(251), "projects": ["editor"]}),
        json!({"version": "1", "projects": ["none"]}),
        json!({"version": "1"}),
        json!([]),
        json!({"version": "1", "projects": ["editor"], "url": "javascript:alert(1)"}),
    ];
    for body in wrong {
        let response = send(&server, Method::POST, RELEASES, &body).await;
        assert_eq!(response.status(), 400, "{body}");
        let answer: Value = response.json().await.unwrap();
        assert!(answer["detail"].is_string(), "{answer}");
    }
    make(&server, "1").await;
    let many = json!({"commits": vec![json!({"id": "a"}); 1001]});
    assert_eq!(send(&server, Method::PUT, &at("1"), &many).await.status(), 400);
    assert_eq!(send(&server, Method::PUT, &at("none"), &json!({})).await.status(), 404);
    let broken = server
        .client
        .post(server.url(RELEASES))
        .bearer_auth(&server.access.token)
        .body("{broken")
        .send();
    assert_eq!(broken.await.unwrap().status(), 400);
    assert_eq!(server.api(&format!("{RELEASES}?cursor=x")).await.status(), 400);
    let without_token = server.client.get(server.url(RELEASES)).send().await.unwrap();
    assert_eq!(without_token.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_tells_what_it_brought_and_how_it_fares() {
    let server = Server::start().await;
    let session = |number: u32, release: &str, did: &str, status: &str, started: u64| {
        let session = json!({"sid": id(number), "did": did, "status": status, "started": started, "seq": 1,
            "attrs": {"release": release, "environment": "production"}});
        format!("{{}}\n{{\"type\":\"session\"}}\n{session}\n")
    };
    let day = 86_400;
    for envelope in [
        session(1, "a@1", "anna", "exited", ago(2 * day + 3600)),
        session(2, "a@1", "bert", "crashed", ago(2 * day + 3600)),
        session(3, "a@1", "anna", "exited", ago(3600)),
        session(4, "a@2", "bert", "exited", ago(3600)),
        session(5, "a@2", "bert", "exited", ago(3600)),
        session(6, "a@2", "cleo", "exited", ago(3600)),
    ] {
        server.accept(envelope).await;
    }
    let crash_of = |release: &str, function: &str| {
        let mut event = crash(function);
        event["release"] = json!(release);
        event["timestamp"] = json!(ago(60));
        event
    };
    server.digest(&id(10), &crash_of("a@1", "canvas::flush")).await;
    let issue = server.event(&id(10)).await["groupID"].as_str().unwrap().to_owned();
    let resolved = json!({"status": "resolved", "statusDetails": {"inRelease": "a@1"}});
    let response = send(&server, Method::PUT, &format!("/api/0/issues/{issue}/"), &resolved).await;
    assert_eq!(response.status(), 200);
    server.digest(&id(11), &crash_of("a@2", "canvas::flush")).await;
    server.digest(&id(12), &crash_of("a@2", "file::open")).await;
    // The same event again is no other.
    server
        .accept(crate::server::envelope(&id(12), &crash_of("a@2", "file::open")))
        .await;
    server.digest(&id(13), &crash("last")).await;

    let list = server
        .json(&format!("{RELEASES}?health=1&summaryStatsPeriod=14d&project=editor"))
        .await;
    let release = |version: &str| {
        let found = list
            .as_array()
            .unwrap()
            .iter()
            .find(|release| release["version"] == version);
        found.unwrap_or_else(|| panic!("{version} in {list:#}")).clone()
    };
    let first = release("a@1");
    assert_eq!(
        (&first["newGroups"], &first["events"]),
        (&json!(1), &json!(1)),
        "{first:#}"
    );
    let second = release("a@2");
    assert_eq!(
        (&second["newGroups"], &second["events"]),
        (&json!(1), &json!(2)),
        "{second:#}"
    );
    // What was resolved in the first came back with the second.
    assert_eq!((&first["regressions"], &second["regressions"]), (&json!(0), &json!(1)));
    let health = &first["projects"][0]["healthData"];
    assert_eq!(
        json!([health["totalSessions"], health["totalUsers"], health["sessionsCrashed"]]),
        json!([3, 2, 1])
    );
    assert_eq!(health["crashFreeUsers"], 50.0);
    // Of four sessions and three people of the last day, one of each.
    assert_eq!(
        (&health["sessionsAdoption"], &health["totalUsers24h"]),
        (&json!(25.0), &json!(1))
    );
    assert_eq!(
        (&health["totalProjectSessions24h"], &health["totalProjectUsers24h"]),
        (&json!(4), &json!(3))
    );
    let series = health["stats"]["14d"].as_array().unwrap();
    let sessions: i64 = series.iter().map(|point| point[1].as_i64().unwrap()).sum();
    assert_eq!((series.len() >= 14, sessions), (true, 3));
    let other = &second["projects"][0]["healthData"];
    assert_eq!(
        (&other["sessionsAdoption"], &other["crashFreeSessions"]),
        (&json!(75.0), &json!(100.0))
    );

    let stats = server
        .json(&format!("{}stats/?statsPeriod=3d&interval=1d", at("a@1")))
        .await;
    let sum = |name: &str| {
        stats["series"][name]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_f64)
            .sum::<f64>()
    };
    assert_eq!(
        (sum("sessions"), sum("events"), sum("newIssues")),
        (3.0, 1.0, 1.0),
        "{stats:#}"
    );
    let worst = stats["series"]["crashFreeSessions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_f64);
    assert_eq!(worst.fold(1.0, f64::min), 0.5);
    assert_eq!(
        stats["intervals"].as_array().unwrap().len(),
        stats["series"]["users"].as_array().unwrap().len()
    );

    let refused = send(&server, Method::DELETE, &at("a@1"), &json!({})).await;
    assert_eq!(refused.status(), 400, "sessions came from it");
    assert_eq!(server.json(&at("a@1")).await["version"], "a@1");
}
