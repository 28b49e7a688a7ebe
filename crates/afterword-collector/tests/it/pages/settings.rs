//! Settings of projects and of the server: each form with what it takes and what it does not.

use reqwest::StatusCode;
use serde_json::json;

use crate::people::{Person, answer, owner};
use crate::server::{PATIENCE, Server, crash, database, envelope, id};

const OK: StatusCode = StatusCode::OK;
const BAD: StatusCode = StatusCode::BAD_REQUEST;
const TAKEN: StatusCode = StatusCode::SEE_OTHER;

/// A form that has to be taken; the page it leads to.
async fn taken(person: &Person<'_>, path: &str, fields: &[(&str, &str)]) -> String {
    let (status, to, page) = person.form(path, fields).await;
    assert_eq!(status, TAKEN, "{path}: {page}");
    let (status, page) = person.page(&to).await;
    assert_eq!(status, OK, "{to}");
    page
}

/// A form that is not taken: what is said about it, with all that was typed.
async fn refused(person: &Person<'_>, path: &str, fields: &[(&str, &str)], says: &str) -> String {
    let (status, _, page) = person.form(path, fields).await;
    assert_eq!(status, BAD, "{path}: {page}");
    let about = page.split("class=\"wrong\"").nth(1).unwrap_or_default();
    assert!(about.split("</p>").next().unwrap().contains(says), "{says}: {page}");
    for (name, value) in fields
        .iter()
        .filter(|(name, value)| *name != "part" && !value.is_empty())
    {
        let value = value.replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;");
        assert!(page.contains(&value), "{name} is lost: {page}");
    }
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_has_a_name_and_gets_a_project() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    refused(&anna, "/settings/acme/", &[("name", "  ")], "needs a name").await;
    let page = taken(&anna, "/settings/acme/", &[("name", "<i>Acme</i> & Sons")]).await;
    assert!(
        page.contains("Saved.") && page.contains("&#60;i&#62;Acme") && !page.contains("<i>"),
        "{page}"
    );
    let new = "/settings/acme/new/";
    refused(&anna, new, &[("name", ""), ("slug", "typed")], "needs a name").await;
    refused(&anna, new, &[("name", "My <app>"), ("slug", "No Slug")], "is no name").await;
    refused(&anna, new, &[("name", "Another"), ("slug", "new")], "is no name").await;
    refused(&anna, new, &[("name", "Editor")], "already").await;
    let page = taken(&anna, new, &[("name", "Paint box"), ("platform", "python")]).await;
    assert!(page.contains("sentry_sdk.init"), "on to sending: {page}");
    let (_, page) = anna.page("/settings/").await;
    assert!(page.contains("/settings/acme/paint-box/"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_changed_and_given_up() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    server.digest(&id(1), &crash("a")).await;
    let path = "/settings/acme/editor/";
    refused(&anna, path, &[("name", "New <b>"), ("slug", "A B")], "is no name").await;
    let odd = [("name", "x"), ("slug", "editor"), ("platform", "no platform")];
    refused(&anna, path, &odd, "Invalid platform").await;
    let good = [("name", "<b>Editor</b>"), ("slug", "writer"), ("platform", "native")];
    let page = taken(&anna, path, &good).await;
    assert!(
        page.contains("&#60;b&#62;Editor") && page.contains("value=\"native\" checked"),
        "{page}"
    );
    assert_eq!(anna.page(path).await.0, StatusCode::NOT_FOUND);

    refused(
        &anna,
        "/settings/acme/writer/delete",
        &[("name", "editor")],
        "type its name",
    )
    .await;
    let page = taken(&anna, "/settings/acme/writer/delete", &[("name", " writer ")]).await;
    assert!(
        page.contains("Being deleted") && page.contains("given up") && page.contains("&#60;b&#62;Editor"),
        "{page}"
    );
    assert!(!page.contains("/settings/acme/writer/"), "{page}");
    let (key, project) = server.key_and_project();
    let url = server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
    let sent = server.client.post(url).body(envelope(&id(2), &crash("b")));
    assert!(sent.send().await.unwrap().status().is_client_error());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_limited_rotated_and_removed() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let path = "/settings/acme/editor/keys/";
    let (old, project) = server.key_and_project();
    let (_, page) = anna.page(path).await;
    assert!(page.contains(&server.access.dsn), "{page}");
    for part in ["minidump", "security"] {
        let url = server.url(&format!("/api/{project}/{part}/?sentry_key={old}"));
        assert!(page.contains(&url), "{url}: {page}");
    }
    let change = format!("{path}{old}/change");
    let typed = [("label", "CI <x>"), ("count", "many"), ("window", "60")];
    refused(&anna, &change, &typed, "use a number").await;
    let typed = [("label", "CI"), ("count", "5"), ("window", "9999999")];
    let page = refused(&anna, &change, &typed, "1 to 86400").await;
    assert!(
        !page.contains("name=\"enabled\" value=\"1\" checked"),
        "was unticked: {page}"
    );
    let page = taken(
        &anna,
        &change,
        &[
            ("label", "<b>CI</b>"),
            ("enabled", "1"),
            ("count", "5"),
            ("window", "60"),
        ],
    )
    .await;
    assert!(
        page.contains("&#60;b&#62;CI") && page.contains("value=\"60\""),
        "{page}"
    );

    let accepts = async |key: &str| {
        let sent = server.post_as(key, envelope(&id(7), &crash("k"))).send().await.unwrap();
        sent.status() == OK
    };
    assert!(accepts(&old).await);
    taken(&anna, &change, &[("label", "CI")]).await;
    assert!(!accepts(&old).await, "disabled");
    taken(&anna, &change, &[("label", "CI"), ("enabled", "1")]).await;
    taken(&anna, &format!("{path}{old}/rotate"), &[]).await;
    assert!(!accepts(&old).await, "rotated");
    let page = taken(&anna, path, &[("label", "second")]).await;
    assert!(page.contains("second"), "{page}");
    let (_, keys) = anna.get("/api/0/projects/acme/editor/keys/").await;
    let keys: Vec<String> = keys
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["public"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 3);
    assert!(accepts(&keys[1]).await && accepts(&keys[2]).await);
    taken(&anna, &format!("{path}{}/remove", keys[2]), &[]).await;
    assert!(!accepts(&keys[2]).await, "removed");
    let gone = anna.form(&format!("{path}{}/remove", keys[2]), &[]).await;
    assert_eq!(gone.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_quotas_and_rules_are_kept() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let path = "/settings/acme/editor/kept/";
    let (_, page) = anna.page(path).await;
    assert!(
        page.contains("name=\"days\" type=\"text\" inputmode=\"numeric\" value=\"90\""),
        "{page}"
    );
    let retention = |days, events| [("part", "retention"), ("days", days), ("events", events)];
    refused(&anna, path, &retention("soon", "12345"), "whole number").await;
    refused(&anna, path, &retention("99999", ""), "1 to 3650").await;
    refused(&anna, path, &retention("30", "-17"), "retention.events").await;
    taken(&anna, path, &retention("30", "1000000")).await;

    let quotas = |limit, window| [("part", "quotas"), ("limit.error", limit), ("window.error", window)];
    refused(&anna, path, &quotas("lots", "60"), "whole number").await;
    refused(&anna, path, &quotas("-512", "3600"), "use 0 or more").await;
    let page = taken(&anna, path, &quotas("1234567", "86400")).await;
    assert!(
        page.contains("value=\"1234567\"") && page.contains("value=\"86400\" selected"),
        "{page}"
    );

    let rules = "+app module:libpaint*\n-app function:<b>";
    refused(
        &anna,
        path,
        &[("part", "in_app"), ("rules", "nonsense <b> rule")],
        "in_app",
    )
    .await;
    let page = taken(&anna, path, &[("part", "in_app"), ("rules", rules)]).await;
    assert!(page.contains("-app function:&#60;b&#62;</textarea>"), "{page}");
    assert_eq!(anna.form(path, &[("part", "other")]).await.0, StatusCode::NOT_FOUND);

    let (_, project) = anna.get("/api/0/projects/acme/editor/").await;
    assert_eq!(project["retention"], json!({ "days": 30, "events": 1_000_000 }));
    assert_eq!(
        project["quotas"],
        json!({ "error": { "limit": 1_234_567, "window_s": 86_400 } })
    );
    assert_eq!(project["in_app"][0], "+app module:libpaint*");
    taken(&anna, path, &[("part", "quotas"), ("limit.error", "")]).await;
    taken(&anna, path, &[("part", "in_app"), ("rules", " ")]).await;
    let (_, project) = anna.get("/api/0/projects/acme/editor/").await;
    assert!(project["quotas"].is_null() && project["in_app"].is_null(), "{project}");
}

#[tokio::test(flavor = "multi_thread")]
async fn symbols_are_listed_searched_removed_and_missed() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let path = "/settings/acme/editor/symbols/";
    let (_, page) = anna.page(path).await;
    assert!(
        page.contains("Nothing is uploaded yet") && page.contains("afterword symbols upload"),
        "{page}"
    );
    let base = database(server.data()).await;
    for number in 0..60 {
        sqlx::query(
            "INSERT INTO debug_files (project_id, sha1, object_index, debug_id, code_id, format, kind, arch, features, name,
                size_bytes, blob, created_at)
             VALUES (1, $1, 0, $2, $3, 'elf', 'dbg', 'x86_64', 'symtab debug', $4, 1300000, $5, 0)",
        )
        .bind(format!("{number:040x}"))
        .bind(format!("debug-{number}"))
        .bind(format!("code-{number}"))
        .bind(format!("<b>lib{number}</b>.so"))
        .bind(format!("symbols/{number}"))
        .execute(&base)
        .await
        .unwrap();
    }
    sqlx::query(
        "INSERT INTO missing_symbols (project_id, release, debug_id, code_id, name, in_app, first_seen, last_seen)
         VALUES (1, 'editor@<i>', 'lost-1', '', '<b>libmissing.so', 1, 0, 0), (1, 'other', 'lost-2', '', 'libother.so', 0, 0, 0)",
    )
    .execute(&base)
    .await
    .unwrap();
    sqlx::query("INSERT INTO missing_symbol_events (missing_id, event_row) SELECT id, 5 FROM missing_symbols")
        .execute(&base)
        .await
        .unwrap();
    base.close().await;

    let (_, page) = anna.page(path).await;
    assert!(page.contains("&#60;b&#62;lib59") && !page.contains("<b>lib"), "{page}");
    assert!(
        page.contains("1.2 MB") && page.contains("names, files and lines"),
        "{page}"
    );
    assert!(
        !page.contains("lib9&#60;") && page.contains("?cursor=50"),
        "50 a page: {page}"
    );
    let (_, page) = anna.page(&format!("{path}?cursor=50")).await;
    assert!(page.contains("lib9&#60;") && !page.contains("rel=\"next\""), "{page}");
    let (_, page) = anna.page(&format!("{path}?query=LIB7%3C")).await;
    assert!(page.contains("debug-7") && !page.contains("debug-8"), "{page}");
    let at = page.find("/remove").unwrap();
    let form = page[..at].rsplit_once("action=\"").unwrap().1.to_owned() + "/remove";
    taken(&anna, &form, &[]).await;
    assert_eq!(anna.form(&form, &[]).await.0, StatusCode::NOT_FOUND);

    let (_, page) = anna.page(&format!("{path}missing/")).await;
    assert!(
        page.contains("&#60;b&#62;libmissing.so") && page.contains("libother.so"),
        "{page}"
    );
    assert!(
        !page.contains("<i>") && page.contains("<td class=\"number\">1</td>"),
        "{page}"
    );
    let (_, page) = anna.page(&format!("{path}missing/?release=other")).await;
    assert!(!page.contains("libmissing.so"), "{page}");
    taken(&anna, &format!("{path}missing/again"), &[]).await;

    let servers = format!("{path}servers");
    let odd = [("url", "ftp://symbols.example/<x>"), ("layout", "unified")];
    refused(&anna, &servers, &odd, "url of a symbol server").await;
    refused(
        &anna,
        &servers,
        &[("url", "https://a.example/"), ("layout", "odd")],
        "layout",
    )
    .await;
    let two = [
        ("url", "https://a.example/"),
        ("layout", "microsoft"),
        ("url", ""),
        ("layout", "unified"),
        ("url", "https://b.example/"),
        ("layout", "breakpad"),
    ];
    taken(&anna, &servers, &two).await;
    let (_, kept) = anna.get("/api/0/projects/acme/editor/symbol-servers/").await;
    let wanted = json!([
        { "url": "https://a.example/", "layout": "microsoft" }, { "url": "https://b.example/", "layout": "breakpad" }
    ]);
    assert_eq!(kept, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_aside_is_digested_again_or_discarded() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let path = "/settings/server/";
    let (_, page) = anna.page(path).await;
    assert!(
        page.contains("Set aside") && page.contains("Nothing. An envelope"),
        "{page}"
    );
    let base = database(server.data()).await;
    for number in 1..=2 {
        sqlx::query(
            "INSERT INTO set_aside (project_id, event_id, body, size_bytes, client, received_at, set_aside_at, tries, error)
             VALUES (1, NULL, $1, 9, '<i>client', 0, $2, 5, '<script>alert(1)</script>')",
        )
        .bind(&b"{}\nbroken"[..])
        .bind(number)
        .execute(&base)
        .await
        .unwrap();
    }
    base.close().await;
    let (_, page) = anna.page(path).await;
    assert!(
        page.contains("&#60;script&#62;") && page.contains("&#60;i&#62;client"),
        "{page}"
    );
    assert!(page.contains("acme/editor") && page.contains("5 attempts"), "{page}");
    let (status, bytes) = anna.page("/settings/server/set-aside/2").await;
    assert_eq!((status, bytes.as_str()), (OK, "{}\nbroken"));
    refused(&anna, "/settings/server/set-aside/2/discard", &[], "tick the box").await;
    let another = anna.form("/settings/server/set-aside/2/discard", &[("sure", "1"), ("at", "3")]);
    assert_eq!(another.await.0, StatusCode::NOT_FOUND, "the id is not enough");
    let sure = [("sure", "1"), ("at", "2")];
    let page = taken(&anna, "/settings/server/set-aside/2/discard", &sure).await;
    assert!(!page.contains("set-aside/2/"), "{page}");
    assert_eq!(anna.page("/settings/server/set-aside/2").await.0, StatusCode::NOT_FOUND);
    taken(&anna, "/settings/server/set-aside/1/again", &[]).await;

    server.digest(&id(1), &crash("a")).await;
    let begun = std::time::Instant::now();
    loop {
        let (_, page) = anna.page(path).await;
        if page.contains("<caption>Counted") {
            assert!(page.contains("Attachments") && page.contains("Debug files"), "{page}");
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{page}");
        tokio::task::yield_now().await;
    }
    let request = server.client.get(server.url("/settings/server/"));
    let token = answer(request.bearer_auth(&server.access.token).send().await.unwrap()).await;
    assert_eq!(token.0, OK, "a token of everything sees it, too");
}
