//! The pages of rules, as somebody without script uses them.

use reqwest::StatusCode;
use serde_json::json;

use super::{Rules, rule};
use crate::server::Server;

/// What stands in a hidden field.
fn csrf(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

async fn post(server: &Server, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
    let (_, page) = server.page("/alerts/new/").await;
    let mut form = vec![("csrf".to_owned(), csrf(&page))];
    form.extend(
        fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = server
        .client
        .post(server.url(path))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body);
    let answer = request.send().await.unwrap();
    let to = answer
        .headers()
        .get("location")
        .map(|to| to.to_str().unwrap().to_owned());
    (answer.status(), to.unwrap_or_default(), answer.text().await.unwrap())
}

const FIELDS: [(&str, &str); 14] = [
    ("name", "Many <b>crashes</b>"),
    ("place", "1"),
    ("enabled", "yes"),
    ("kind", "events"),
    ("more_than", "1"),
    ("per", "issue"),
    ("window", "1"),
    ("window_unit", "3600"),
    ("if_of", "environment"),
    ("if_key", ""),
    ("if_how", "is"),
    ("if_value", "production"),
    ("slack", "http://127.0.0.1:9/secret-path"),
    ("email", "anna@example.com"),
];

fn with<'f>(name: &'f str, value: &'f str) -> Vec<(&'f str, &'f str)> {
    let mut fields: Vec<(&str, &str)> = FIELDS.to_vec();
    fields.retain(|(known, _)| *known != name);
    fields.push((name, value));
    fields
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_made_tried_and_removed() {
    let server = Server::start().await;
    let (status, page) = server.page("/alerts/").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("Nobody is told yet") && page.contains("/alerts/new/"),
        "{page}"
    );

    // What is wrong is said, and nothing that was typed is lost.
    let (status, _, page) = post(&server, "/alerts/new/", &with("more_than", "many")).await;
    assert_eq!(status, 400);
    assert!(
        page.contains("More than: it is &#34;many&#34;. Use a whole number"),
        "{page}"
    );
    for kept in [
        "value=\"many\"",
        "value=\"production\"",
        "secret-path",
        "anna@example.com",
        "Many &#60;b&#62;",
    ] {
        assert!(page.contains(kept), "{kept}\n{page}");
    }
    let (status, _, page) = post(&server, "/alerts/new/", &with("more", "")).await;
    assert_eq!(status, 200);
    assert!(page.matches("name=\"if_of\"").count() > 4 && page.contains("secret-path"));
    let (_, _, page) = post(&server, "/alerts/new/", &with("preview", "")).await;
    assert!(
        page.contains("In the last 14 days it would have sent nothing."),
        "{page}"
    );

    let (status, to, page) = post(&server, "/alerts/new/", &with("save", "")).await;
    assert_eq!(status, 303, "{page}");
    let path = to.split_once('?').unwrap().0.to_owned();
    let (_, page) = server.page(&to).await;
    assert!(
        page.contains("The rule is saved.") && page.contains("Many &#60;b&#62;crashes"),
        "{page}"
    );
    assert!(
        page.contains("More than 1 events of an issue in 1 hour, if the environment is production."),
        "{page}"
    );
    let (_, form) = server.page(&format!("{path}edit/")).await;
    assert!(!form.contains("secret-path") && form.contains("••••"), "{form}");

    // Saved as it is shown, it keeps its secret.
    let mask = form
        .split_once("name=\"slack\" value=\"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0
        .to_owned();
    let (status, _, _) = post(&server, &format!("{path}edit/"), &with("slack", &mask)).await;
    assert_eq!(status, 303);
    let database = crate::server::database(server.data()).await;
    let kept: String = sqlx::query_scalar("SELECT rule FROM alert_rules")
        .fetch_one(&database)
        .await
        .unwrap();
    assert!(kept.contains("secret-path"), "{kept}");

    for (what, shown) in [
        ("mute", "muted"),
        ("unmute", "no longer muted"),
        ("disable", "The rule is off"),
        ("enable", "The rule is on"),
    ] {
        let (status, to, _) = post(&server, &path, &[("do", what), ("hours", "24")]).await;
        assert_eq!(status, 303);
        let (_, page) = server.page(&to).await;
        assert!(page.contains(shown), "{what}\n{page}");
    }
    let (status, to, _) = post(&server, &path, &[("do", "test")]).await;
    assert_eq!(status, 303);
    let (_, page) = server.page(&to).await;
    assert!(page.contains("The test") && page.contains("failed"), "{page}");
    let (_, list) = server.page("/alerts/").await;
    assert!(
        list.contains("Many &#60;b&#62;crashes") && list.contains("Slack, 127.0.0.1"),
        "{list}"
    );

    let (_, to, _) = post(&server, &path, &[("do", "remove")]).await;
    assert_eq!(to, "/alerts/?done=removed");
    assert_eq!(server.page(&path).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_rules_is_found() {
    let rules = super::Rules::start().await;
    for number in 1..=120 {
        let body = super::rule(&format!("rule {number:03}"), json!({ "kind": "new-issue" }), json!([]));
        rules.make_of(body).await;
    }
    let (mut path, mut names) = ("/alerts/?project=editor".to_owned(), Vec::new());
    loop {
        let (status, page) = rules.server.page(&path).await;
        assert_eq!(status, 200, "{page}");
        assert!(page.len() < 150_000, "{}", page.len());
        let found = page.split("<h2><a href=\"/alerts/").skip(1);
        names.extend(found.map(|rest| rest.split(['>', '<']).nth(1).unwrap().to_owned()));
        let Some((_, next)) = page.split_once("rel=\"next\" href=\"") else {
            break;
        };
        path = next.split('"').next().unwrap().replace("&#38;", "&");
    }
    let wanted: Vec<String> = (1..=120)
        .map(|number| format!("rule {number:03}"))
        .chain(["watch".to_owned()])
        .collect();
    assert_eq!(names, wanted);
    let (_, page) = rules.server.page("/alerts/?query=RULE+07").await;
    assert_eq!(page.matches("<li class=\"rule\">").count(), 10, "{page}");
    let (_, page) = rules.server.page("/alerts/?query=nothing").await;
    assert!(page.contains("No rule here has that in its name."), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_within_the_bounds_of_a_page() {
    let rules = super::Rules::start().await;
    let mut body = super::rule("a rule", json!({ "kind": "new-issue" }), json!([]));
    let place = |number: usize| json!({ "kind": "webhook", "url": format!("https://hooks.invalid/{number}"), "secret": "0123456789abcdef" });
    body["then"] = (0..6).map(place).collect();
    let id = rules.make_of(body).await;
    for number in 0..30 {
        rules
            .event(&format!("{}{number}", "<\"'>".repeat(50)), "anna", json!({}))
            .await;
    }
    rules.fired(&id, 30).await;
    let (mut path, mut shown) = (format!("/alerts/{id}/"), 0);
    loop {
        let (status, page) = rules.server.page(&path).await;
        assert_eq!(status, 200);
        assert!(page.len() < 150_000, "{}", page.len());
        let here = page
            .matches("What was sent")
            .count()
            .max(page.matches("class=\"delivery\"").count())
            / 6;
        assert!(here > 0, "{page}");
        shown += here;
        let Some((before, _)) = page.split_once("\" rel=\"next\"") else {
            break;
        };
        path = before.rsplit('"').next().unwrap().replace("&#38;", "&");
    }
    assert_eq!(shown, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_it_is_muted_is_no_guess() {
    let rules = super::Rules::start().await;
    let path = format!(
        "/alerts/{}/",
        rules.make(json!({ "kind": "new-issue" }), json!([])).await
    );
    for hours in ["0", "1.5", "many", "99999"] {
        let (status, _, page) = post(&rules.server, &path, &[("do", "mute"), ("hours", hours)]).await;
        assert_eq!(status, 400, "{hours}: {page}");
    }
    assert!(!rules.server.page(&path).await.1.contains("class=\"badge\""));
    let (status, ..) = post(&rules.server, &path, &[("do", "mute"), ("hours", "")]).await;
    assert_eq!(status, 303);
    assert!(rules.server.page(&path).await.1.contains("class=\"badge\">muted<"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_say_is_shown_as_text() {
    let rules = Rules::start().await;
    let id = rules
        .make_of(rule("a", json!({ "kind": "new-issue" }), json!([])))
        .await;
    let script = "<script>alert(1)</script>";
    rules
        .event(
            "draw",
            "u1",
            json!({ "exception": { "values": [{ "type": script, "value": script }] }, "release": script }),
        )
        .await;
    rules.fired(&id, 1).await;
    let (status, page) = rules.server.page(&format!("/alerts/{id}/")).await;
    assert_eq!(status, 200);
    assert!(!page.contains(script) && page.contains("&#60;script&#62;"), "{page}");
}

/// The values of the fields of this name.
fn values<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let field = format!(" name=\"{name}\" value=\"");
    let fields = page.split(&field).skip(1);
    fields.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_shown_again_and_what_is_kept_never() {
    const KEPT: [&str; 2] = ["kept-path", "kept-signing-secret"];
    let server = Server::start().await;
    let hook = |secret| [("hook_url", "http://127.0.0.1:9/hook"), ("hook_secret", secret)];
    let mut fields = with("slack", "http://127.0.0.1:9/kept-path");
    fields.extend(hook(KEPT[1]));
    fields.push(("save", ""));
    let (status, to, page) = post(&server, "/alerts/new/", &fields).await;
    assert_eq!(status, 303, "{page}");
    let path = to.split_once('?').unwrap().0.to_owned();
    let edit = format!("{path}edit/");

    let (_, form) = server.page(&edit).await;
    let (slack, secret) = (values(&form, "slack")[0], values(&form, "hook_secret")[0]);
    assert!(slack.contains("••••") && secret.contains("••••"), "{form}");
    let mut fields = with("slack", slack);
    fields.extend(hook(secret));
    fields.push(("slack", "http://127.0.0.1:9/typed-path"));
    fields.extend(hook("typed-signing-secret"));
    let wrong: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, if *name == "more_than" { "many" } else { value }))
        .collect();
    let also = |button| fields.iter().copied().chain([(button, "")]).collect::<Vec<_>>();
    for (fields, expected) in [(wrong, 400), (also("more"), 200), (also("preview"), 200)] {
        let (status, _, page) = post(&server, &edit, &fields).await;
        assert_eq!(status, expected, "{page}");
        for typed in [slack, secret, "typed-path", "typed-signing-secret"] {
            assert!(
                page.contains(&format!("value=\"{typed}\"")) || page.contains(typed),
                "{typed}\n{page}"
            );
        }
        assert!(!KEPT.iter().any(|kept| page.contains(kept)), "{page}");
    }

    let (_, tried, _) = post(&server, &path, &[("do", "test")]).await;
    for path in ["/alerts/", &path, &edit, &tried] {
        let (status, page) = server.page(path).await;
        assert_eq!(status, 200);
        assert!(!KEPT.iter().any(|kept| page.contains(kept)), "{path}\n{page}");
    }
    let (_, tried) = server.page(&tried).await;
    assert!(
        tried.contains("The test") && tried.contains("Webhook, 127.0.0.1"),
        "{tried}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn more_addresses_than_are_written_to_are_refused() {
    let server = Server::start().await;
    let addresses = |count: usize| {
        let all: Vec<String> = (1..=count)
            .map(|number| format!("person-{number}@example.com"))
            .collect();
        all.join("\n")
    };
    let (status, _, page) = post(&server, "/alerts/new/", &with("email", &addresses(21))).await;
    assert_eq!(status, 400);
    assert!(
        page.contains("E-mail: it has 21 addresses. Use at most 20, ") && page.contains("person-21@example.com"),
        "{page}"
    );
    let (status, _, page) = post(&server, "/alerts/new/", &with("email", &addresses(20))).await;
    assert_eq!(status, 303, "{page}");
}
