//! Who may see which page and send which form: every route of the pages, for everybody there can be.
//!
//! The routes are read from the source, so that none can be added without saying here whose it is.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;
use reqwest::header::COOKIE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::people::{PASSWORD, Person, csrf_of, enter, join, owner};
use crate::server::{Server, crash, id};

/// Who asks, in the order of the columns below: nobody; an owner of another organisation; and of this one a viewer, a member,
/// and an owner, who owns all others, too.
const ASKERS: [&str; 5] = ["nobody", "stranger", "viewer", "member", "owner"];

/// A list of what may be seen, or what is of whoever looks.
const ANY: [u16; 5] = [303, 200, 200, 200, 200];
/// Of an organisation: for whoever is in it.
const SEEN: [u16; 5] = [303, 404, 200, 200, 200];
/// Where a form is sent to, asked for: the way to its page.
const BACK: [u16; 5] = [303, 404, 303, 303, 303];
/// Of something that is not there.
const NOT_THERE: [u16; 5] = [303, 404, 404, 404, 404];
const MEMBERS: [u16; 5] = [303, 404, 403, 200, 200];
const OWNERS: [u16; 5] = [303, 404, 403, 403, 200];

/// A form for owners; last: what becomes of it.
const fn form_of_owners(status: u16) -> [u16; 5] {
    [401, 404, 403, 403, status]
}

/// A form for members.
const fn form_of_members(status: u16) -> [u16; 5] {
    [401, 404, 403, status, status]
}

type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    [u16; 5],
);

/// Method, route, fields of the form, and the answer to each. What ends something is at the end.
const ROWS: &[Row] = &[
    ("GET", "/", &[], ANY),
    ("GET", "/issues/suggest", &[], ANY),
    ("GET", "/issues/news", &[], ANY),
    // The list of the stranger is empty, and says so.
    ("POST", "/issues/change", &[("id", "1")], [401, 400, 403, 400, 400]),
    ("GET", "/issues/{issue}/", &[], SEEN),
    ("GET", "/issues/{issue}/events/", &[], SEEN),
    ("GET", "/issues/{issue}/events/{event}/", &[], SEEN),
    ("GET", "/issues/{issue}/events/{event}/stack/", &[], SEEN),
    ("GET", "/issues/{issue}/events/{event}/threads/", &[], SEEN),
    (
        "GET",
        "/issues/{issue}/events/{event}/threads/{thread}/",
        &[],
        NOT_THERE,
    ),
    ("GET", "/issues/{issue}/events/{event}/modules/", &[], SEEN),
    ("GET", "/issues/{issue}/events/{event}/breadcrumbs/", &[], SEEN),
    ("GET", "/issues/{issue}/events/{event}/stack.txt", &[], SEEN),
    ("GET", "/issues/{issue}/events/{event}/raw.json", &[], SEEN),
    (
        "GET",
        "/issues/{issue}/events/{event}/attachments/{attachment}",
        &[],
        NOT_THERE,
    ),
    ("GET", "/issues/{issue}/activity/", &[], SEEN),
    ("GET", "/issues/{issue}/status/", &[], BACK),
    ("POST", "/issues/{issue}/status/", &[], form_of_members(400)),
    ("GET", "/issues/{issue}/assign/", &[], BACK),
    ("POST", "/issues/{issue}/assign/", &[], form_of_members(303)),
    ("GET", "/issues/{issue}/notes/", &[], BACK),
    ("POST", "/issues/{issue}/notes/", &[], form_of_members(400)),
    ("GET", "/issues/{issue}/merge/", &[], BACK),
    ("POST", "/issues/{issue}/merge/", &[], form_of_members(400)),
    ("GET", "/issues/{issue}/split/", &[], BACK),
    ("POST", "/issues/{issue}/split/", &[], form_of_members(400)),
    ("GET", "/issues/{issue}/delete/", &[], MEMBERS),
    ("GET", "/feedback/", &[], ANY),
    ("GET", "/performance/", &[], ANY),
    // Without the name of one.
    ("GET", "/performance/transaction/", &[], NOT_THERE),
    ("GET", "/traces/{trace}/", &[], NOT_THERE),
    ("GET", "/releases/", &[], ANY),
    ("GET", "/compare/{organization}/", &[], SEEN),
    ("GET", "/releases/{organization}/{version}/", &[], SEEN),
    ("GET", "/start/", &[], ANY),
    ("POST", "/start/", &[("organization", "acme")], form_of_owners(400)),
    ("POST", "/start/owner", &[], [401, 403, 403, 403, 403]),
    ("GET", "/start/{org}/{project}/", &[], SEEN),
    ("GET", "/start/{org}/{project}/first", &[], SEEN),
    ("GET", "/alerts/", &[], ANY),
    ("GET", "/alerts/new/", &[], [303, 200, 403, 403, 200]),
    ("POST", "/alerts/new/", &[], [401, 400, 403, 403, 400]),
    ("GET", "/alerts/{rule}/", &[], SEEN),
    ("POST", "/alerts/{rule}/", &[], form_of_owners(400)),
    ("GET", "/alerts/{rule}/edit/", &[], OWNERS),
    ("POST", "/alerts/{rule}/edit/", &[], form_of_owners(400)),
    ("GET", "/settings/", &[], ANY),
    ("GET", "/settings/{org}/", &[], SEEN),
    ("POST", "/settings/{org}/", &[], form_of_owners(400)),
    ("GET", "/settings/{org}/new/", &[], OWNERS),
    ("POST", "/settings/{org}/new/", &[], form_of_owners(400)),
    ("GET", "/settings/{org}/-/people/", &[], MEMBERS),
    ("POST", "/settings/{org}/-/people/", &[], form_of_owners(400)),
    (
        "GET",
        "/settings/{org}/-/people/{member}/",
        &[],
        [303, 404, 403, 403, 404],
    ),
    (
        "POST",
        "/settings/{org}/-/people/{member}/role",
        &[],
        form_of_owners(404),
    ),
    (
        "POST",
        "/settings/{org}/-/people/{member}/remove",
        &[],
        form_of_owners(404),
    ),
    (
        "POST",
        "/settings/{org}/-/invitations/{invitation}/again",
        &[],
        form_of_owners(404),
    ),
    (
        "POST",
        "/settings/{org}/-/invitations/{invitation}/withdraw",
        &[],
        form_of_owners(404),
    ),
    ("GET", "/settings/{org}/-/user-data/", &[], OWNERS),
    ("POST", "/settings/{org}/-/user-data/", &[], form_of_owners(400)),
    ("GET", "/settings/{org}/{project}/", &[], SEEN),
    ("POST", "/settings/{org}/{project}/", &[], form_of_owners(400)),
    ("POST", "/settings/{org}/{project}/delete", &[], form_of_owners(400)),
    ("GET", "/settings/{org}/{project}/keys/", &[], SEEN),
    ("POST", "/settings/{org}/{project}/keys/", &[], form_of_owners(303)),
    (
        "POST",
        "/settings/{org}/{project}/keys/{key}/change",
        &[],
        form_of_owners(404),
    ),
    (
        "POST",
        "/settings/{org}/{project}/keys/{key}/rotate",
        &[],
        form_of_owners(404),
    ),
    (
        "POST",
        "/settings/{org}/{project}/keys/{key}/remove",
        &[],
        form_of_owners(404),
    ),
    ("GET", "/settings/{org}/{project}/kept/", &[], SEEN),
    (
        "POST",
        "/settings/{org}/{project}/kept/",
        &[("part", "retention")],
        form_of_owners(400),
    ),
    ("GET", "/settings/{org}/{project}/symbols/", &[], SEEN),
    (
        "POST",
        "/settings/{org}/{project}/symbols/servers",
        &[],
        form_of_owners(303),
    ),
    (
        "POST",
        "/settings/{org}/{project}/symbols/{file}/remove",
        &[],
        form_of_owners(404),
    ),
    ("GET", "/settings/{org}/{project}/symbols/missing/", &[], SEEN),
    (
        "POST",
        "/settings/{org}/{project}/symbols/missing/again",
        &[],
        [401, 404, 403, 303, 303],
    ),
    ("GET", "/settings/account/", &[], ANY),
    ("POST", "/settings/account/name", &[], [401, 303, 303, 303, 303]),
    ("POST", "/settings/account/password", &[], [401, 400, 400, 400, 400]),
    (
        "POST",
        "/settings/account/sign-ins/{sign_in}/end",
        &[],
        [401, 404, 404, 404, 404],
    ),
    ("GET", "/settings/account/tokens/", &[], ANY),
    ("POST", "/settings/account/tokens/", &[], [401, 400, 400, 400, 400]),
    (
        "POST",
        "/settings/account/tokens/{token}/revoke",
        &[],
        [401, 404, 404, 404, 404],
    ),
    ("GET", "/settings/server/", &[], [303, 403, 403, 403, 200]),
    ("GET", "/settings/mail/", &[], [303, 403, 403, 403, 200]),
    (
        "POST",
        "/settings/mail/",
        &[("part", "test")],
        [401, 403, 403, 403, 400],
    ),
    ("GET", "/settings/server/set-aside/{id}", &[], [303, 403, 403, 403, 404]),
    (
        "POST",
        "/settings/server/set-aside/{id}/again",
        &[],
        [401, 403, 403, 403, 404],
    ),
    (
        "POST",
        "/settings/server/set-aside/{id}/discard",
        &[],
        [401, 403, 403, 403, 400],
    ),
    // Whoever comes first deletes it.
    ("POST", "/issues/{issue}/delete/", &[], [401, 404, 403, 303, 404]),
    ("POST", "/settings/{org}/-/people/leave", &[], [401, 404, 303, 303, 400]),
    ("POST", "/sign-out/", &[], [401, 303, 303, 303, 303]),
];

/// For whoever comes; what they take is tested where they are (`accounts`, `signing_in`).
const OPEN: [&str; 5] = [
    "/assets/app.css",
    "/assets/app.js",
    "/sign-in/",
    "/setup/{token}",
    "/invitation/{token}",
];

/// What stands for the parts of a route.
fn path_of(route: &str) -> String {
    let parts = [
        ("{org}", "acme"),
        ("{organization}", "acme"),
        ("{project}", "editor"),
        ("{issue}", "1"),
        ("{rule}", "1"),
        ("{version}", "editor@1.4.0"),
        ("{event}", &id(1)),
    ];
    let path = parts
        .iter()
        .fold(route.to_owned(), |path, (part, value)| path.replace(part, value));
    let path = path.replace("/issues/news", "/issues/news?since=0:0");
    // Nothing has this number.
    Regex::new(r"\{\w+\}")
        .unwrap()
        .replace_all(&path, "999999")
        .into_owned()
}

/// The routes of the pages, with their methods, as the source registers them.
fn routes() -> BTreeSet<(String, String)> {
    let mut routes = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.join("pages")];
    let mut files = vec![root.join("pages.rs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    let begin = Regex::new(r#"\.route\(\s*"([^"]+)","#).unwrap();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        for found in begin.captures_iter(&text) {
            let rest = &text[found.get(0).unwrap().end()..];
            let mut depth = 1;
            let end = rest.find(|char| {
                depth += i32::from(char == '(') - i32::from(char == ')');
                depth == 0
            });
            let handlers = &rest[..end.unwrap()];
            for (word, method) in [("get(", "GET"), ("post(", "POST")] {
                if handlers.contains(word) {
                    routes.insert((method.to_owned(), found[1].to_owned()));
                }
            }
        }
    }
    routes
}

#[test]
fn every_route_says_whose_it_is() {
    let routes = routes();
    assert!(routes.len() > 40, "{routes:?}");
    let known: BTreeSet<(String, String)> = ROWS
        .iter()
        .map(|(method, route, ..)| ((*method).to_owned(), (*route).to_owned()))
        .collect();
    let missing: Vec<_> = routes
        .difference(&known)
        .filter(|(_, route)| !OPEN.contains(&route.as_str()))
        .collect();
    assert!(missing.is_empty(), "say in ROWS who may what at {missing:#?}");
    let gone: Vec<_> = known.difference(&routes).collect();
    assert!(gone.is_empty(), "no routes any more: {gone:#?}");
}

/// An owner of the organisation `other`.
async fn stranger<'s>(anna: &Person<'s>) -> Person<'s> {
    let server = anna.server;
    let invitation = json!({ "email": "stranger@example.com", "role": "owner" });
    let path = "/api/0/organizations/other/members/";
    let (status, invited) = anna.ask(Method::POST, path, Some(invitation)).await;
    assert_eq!(status, 201, "{invited}");
    let link = invited["inviteLink"].as_str().unwrap();
    let token = link.rsplit_once("/invitation/").unwrap().1;
    let body = json!({ "token": token, "password": PASSWORD });
    let request = server.client.post(server.url("/api/0/accept-invitation/")).json(&body);
    enter(server, request.send().await.unwrap(), StatusCode::CREATED).await
}

struct Asker {
    cookie: String,
    csrf: String,
}

impl Asker {
    async fn of(person: &Person<'_>) -> Self {
        Self {
            cookie: person.cookie.clone(),
            csrf: csrf_of(&person.page("/settings/account/").await.1),
        }
    }

    async fn ask(&self, server: &Server, row: &Row, csrf: &str, extra: Option<(&'static str, &str)>) -> u16 {
        let (method, route, fields, _) = row;
        let request = server
            .client
            .request(method.parse().unwrap(), server.url(&path_of(route)));
        let request = request.header(COOKIE, &self.cookie);
        let request = match extra {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        let request = if *method == "POST" {
            let fields = fields.iter().copied().chain([("csrf", csrf)]);
            request.form(&fields.collect::<Vec<_>>())
        } else {
            request
        };
        request.send().await.unwrap().status().as_u16()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_and_does_what_is_theirs() {
    let server = Server::start().await;
    server.collector().bootstrap("other", "app").await.unwrap();
    server.digest(&id(1), &crash("a")).await;
    let rule = json!({
        "name": "a rule", "project": "editor", "when": { "kind": "new-issue" },
        "then": [{ "kind": "email", "to": ["anna@example.com"] }],
    });
    let request = server.client.post(server.url("/api/0/organizations/acme/alert-rules/"));
    let made = request
        .bearer_auth(&server.access.token)
        .json(&rule)
        .send()
        .await
        .unwrap();
    assert_eq!(made.json::<Value>().await.unwrap()["id"], "1");
    let anna = owner(&server).await;
    let people = [
        stranger(&anna).await,
        join(&anna, "vera@example.com", "viewer").await,
        join(&anna, "max@example.com", "member").await,
        anna,
    ];
    let mut askers = vec![Asker {
        cookie: String::new(),
        csrf: "none".to_owned(),
    }];
    for person in &people {
        askers.push(Asker::of(person).await);
    }
    let owner = askers.last().unwrap();
    let mut wrong = Vec::new();
    for row in ROWS {
        let (method, route, _, expected) = row;
        if *method == "POST" {
            let forged = owner.ask(&server, row, "of another", None).await;
            let evil = Some(("Origin", "http://evil.example"));
            let cross = owner.ask(&server, row, &owner.csrf, evil).await;
            let framed = Some(("Sec-Fetch-Site", "cross-site"));
            let from = owner.ask(&server, row, &owner.csrf, framed).await;
            if (forged, cross, from) != (409, 403, 403) {
                wrong.push(format!(
                    "{method} {route}: forged: {forged}, from elsewhere: {cross}, {from}"
                ));
            }
        }
        for ((asker, name), expected) in askers.iter().zip(ASKERS).zip(expected) {
            let status = asker.ask(&server, row, &asker.csrf, None).await;
            if status != *expected {
                wrong.push(format!("{method} {route} as {name}: {status}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_sees_and_does_no_more_than_its_scopes() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let wanted = json!({ "name": "ci", "scopes": ["project:releases", "org:read"], "organization": "acme" });
    let (_, made) = anna.ask(Method::POST, "/api/0/api-tokens/", Some(wanted)).await;
    let token = made["token"].as_str().unwrap().to_owned();
    let get = async |path: &str| {
        let request = server.client.get(server.url(path)).bearer_auth(&token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(get("/settings/acme/").await, 200);
    for path in [
        "/settings/acme/new/",
        "/settings/acme/-/people/",
        "/settings/acme/-/user-data/",
        "/settings/acme/editor/",
        "/settings/acme/editor/keys/",
        "/settings/account/tokens/",
        "/settings/server/",
    ] {
        assert_eq!(get(path).await, 403, "{path}");
    }
    let name = server
        .client
        .post(server.url("/settings/account/name"))
        .bearer_auth(&token);
    let answer = name.form(&[("name", "Mallory")]).send().await.unwrap();
    assert_ne!(answer.status(), StatusCode::SEE_OTHER);
    let (_, me) = anna.get("/api/0/auth/").await;
    assert_ne!(me["user"]["name"], Value::from("Mallory"));
}
