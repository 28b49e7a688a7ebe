//! The description of the API is true: each path and method that it names is there, and each wants to know who asks.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::server::Server;

/// Path and method of everything described; ids filled in with what does not exist.
fn described(description: &Value) -> Vec<(Method, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            if !["GET", "POST", "PUT", "DELETE", "PATCH"].contains(&method.as_str()) {
                continue;
            }
            let filled: Vec<&str> = path
                .split('/')
                .map(|part| if part.starts_with('{') { "0" } else { part })
                .collect();
            all.push((method, filled.join("/"), operation.clone()));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_route_is_there_and_wants_a_token() {
    let server = Server::start().await;
    let description: Value = server
        .client
        .get(server.url("/api/0/openapi.json"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(
        description["openapi"].as_str().unwrap().starts_with("3."),
        "{}",
        description["openapi"]
    );
    assert!(description["info"]["title"].is_string() && description["info"]["version"].is_string());
    let printed = std::process::Command::new(env!("CARGO_BIN_EXE_afterword-collector"))
        .arg("openapi")
        .output()
        .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&printed.stdout).unwrap(),
        description,
        "printed as served"
    );

    let all = described(&description);
    assert!(all.len() > 30, "{}", all.len());
    let mut wrong = Vec::new();
    for (method, path, operation) in all {
        let is_open =
            operation["security"] == serde_json::json!([{}]) || operation["security"] == serde_json::json!([]);
        if operation["responses"].as_object().is_none_or(serde_json::Map::is_empty) {
            wrong.push(format!("{method} {path}: no responses"));
        }
        let response = server
            .client
            .request(method.clone(), server.url(&path))
            .send()
            .await
            .unwrap();
        let status = response.status();
        let expected = if is_open {
            status != 404 && status != 405
        } else {
            status == StatusCode::UNAUTHORIZED
        };
        if !expected {
            wrong.push(format!("{method} {path}: {status}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_answers_who_may_nothing_there() {
    let server = Server::start().await;
    server.digest(&crate::server::id(1), &crate::server::crash("a")).await;
    let make = |scopes: &[&str], organization: &str| {
        let body = serde_json::json!({ "scopes": scopes, "organization": organization });
        let request = server
            .client
            .post(server.url("/api/0/api-tokens/"))
            .bearer_auth(&server.access.token)
            .json(&body);
        async move {
            request.send().await.unwrap().json::<Value>().await.unwrap()["token"]
                .as_str()
                .unwrap()
                .to_owned()
        }
    };
    server.collector().bootstrap("other", "secret").await.unwrap();
    let elsewhere = make(
        &[
            "org:admin",
            "project:admin",
            "event:admin",
            "member:admin",
            "team:admin",
        ],
        "other",
    )
    .await;
    let nothing = make(&["team:read"], "acme").await;
    let description: Value = server
        .client
        .get(server.url("/api/0/openapi.json"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    // What is somebody's own, or of all that one may see.
    const OWN: [&str; 7] = [
        "/api/0/",
        "/api/0/auth/",
        "/api/0/api-tokens/",
        "/api/0/organizations/",
        "/api/0/projects/",
        "/api/0/setup/",
        "/api/0/accept-invitation/",
    ];
    let mut wrong = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        if OWN.contains(&path.as_str()) || item.get("get").is_none() {
            continue;
        }
        let path = path
            .replace("{org}", "acme")
            .replace("{project}", "editor")
            .replace("{issue}", "1")
            .replace("{event}", &crate::server::id(1));
        let filled: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part })
            .collect();
        let path = filled.join("/");
        for (token, name) in [(&elsewhere, "another organisation's"), (&nothing, "one without scopes")] {
            let status = server
                .client
                .get(server.url(&path))
                .bearer_auth(token)
                .send()
                .await
                .unwrap()
                .status();
            if status.is_success() || status.is_server_error() || (name == "another organisation's" && status != 404) {
                wrong.push(format!("GET {path} with {name} token: {status}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
