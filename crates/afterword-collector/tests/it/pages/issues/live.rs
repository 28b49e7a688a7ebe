//! What the script of the list asks for: suggestions, and what is new.

use serde_json::{Value, json};

use super::{put, text};
use crate::people::{join, owner};
use crate::search::{encoded, event};
use crate::server::{Server, id};

async fn json_of(server: &Server, path: &str) -> Value {
    let (status, page) = server.page(path).await;
    assert_eq!(status, 200, "{path}: {page}");
    serde_json::from_str(&page).unwrap()
}

async fn suggested(server: &Server, text: &str) -> Vec<String> {
    let answer = json_of(server, &format!("/issues/suggest?text={}", encoded(text))).await;
    let list = answer["suggestions"].as_array().unwrap().iter();
    list.map(|one| one["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_term_goes_on_with_what_there_is() {
    let server = Server::start().await;
    let odd = "a \"quoted\" *star*";
    for number in 1..=20 {
        let more = json!({
            "release": format!("editor@1.{}", number % 3), "user": {"email": format!("u{number}@example.com")},
            "tags": {"renderer": "gl", "region": odd, format!("zone{number:02}"): "x", "odd key": "y"},
            "environment": "<script>alert(1)</script>",
        });
        server.digest(&id(number), &event("one", &more)).await;
    }
    let keys = suggested(&server, "").await;
    assert!(keys.len() == 10 && keys.contains(&"is:".to_owned()), "{keys:?}");
    assert_eq!(suggested(&server, "re").await, ["release:", "region:", "renderer:"]);
    assert_eq!(suggested(&server, "!RELEASE").await, ["!release:"]);
    assert_eq!(suggested(&server, "zone").await.len(), 10, "bounded");
    assert!(suggested(&server, "odd").await.is_empty(), "it could not be written");
    assert_eq!(suggested(&server, "is:re").await, ["is:regressed", "is:resolved"]);
    assert_eq!(
        suggested(&server, "release:").await,
        [
            "release:latest",
            "release:editor@1.2",
            "release:editor@1.1",
            "release:editor@1.0"
        ]
    );
    assert_eq!(suggested(&server, "renderer:g").await, ["renderer:gl"]);
    assert_eq!(suggested(&server, "has:rend").await, ["has:renderer"]);
    assert_eq!(suggested(&server, "user:u12").await, ["user:u12@example.com"]);
    assert_eq!(suggested(&server, "project:e").await, ["project:editor"]);
    assert_eq!(
        suggested(&server, "region:\"a").await,
        ["region:\"a \\\"quoted\\\" \\*star\\*\""]
    );
    assert_eq!(
        suggested(&server, "environment:").await,
        ["environment:<script>alert(1)</script>"]
    );
    assert!(suggested(&server, &"x".repeat(5000)).await.is_empty());
    // What is suggested is found.
    for text in ["region:\"a", "environment:", "release:", "user:u12"] {
        for term in suggested(&server, text).await {
            let (status, page) = server.page(&format!("/?query={}", encoded(&term))).await;
            assert!(status == 200 && page.contains("1 issue<"), "{term}: {page}");
        }
    }
    // Who may be assigned is told to who may know.
    let anna = owner(&server).await;
    let viewer = join(&anna, "vi@example.com", "viewer").await;
    let (_, all) = anna.get("/issues/suggest?text=assigned:").await;
    assert_eq!(all["suggestions"].as_array().unwrap().len(), 4, "{all}");
    let (_, few) = viewer.get("/issues/suggest?text=assigned:").await;
    assert_eq!(few["suggestions"].as_array().unwrap().len(), 2, "{few}");
    let answer = server
        .client
        .get(server.url("/issues/suggest?text=a"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 303, "to the sign-in");
}

/// Where the script of this page asks what is new.
fn news_of(page: &str) -> String {
    text(page.split("data-news=\"").nth(1).unwrap().split('"').next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_stays_open_learns_what_is_new() {
    let server = Server::start().await;
    server
        .digest(&id(1), &event("old", &json!({"release": "editor@1.0.0"})))
        .await;
    put(&server, &["1"], json!({"status": "resolved"})).await;
    let all = news_of(&server.page("/?tab=all").await.1);
    let some = news_of(&server.page("/?query=level:fatal&cursor=1:1:0&done=resolved:1").await.1);
    let back = news_of(&server.page("/?tab=regressed").await.1);
    assert_eq!(json_of(&server, &all).await, json!({"count": 0, "words": ""}));

    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    server
        .digest(&id(2), &event("two", &json!({"level": "fatal", "timestamp": now})))
        .await;
    server
        .digest(&id(3), &event("three", &json!({"timestamp": now - 86_400 * 30})))
        .await;
    assert_eq!(
        json_of(&server, &all).await,
        json!({"count": 2, "words": "2 new issues"})
    );
    assert_eq!(
        json_of(&server, &some).await,
        json!({"count": 1, "words": "1 new issue"})
    );
    assert_eq!(json_of(&server, &back).await["count"], 0);

    server
        .digest(
            &id(4),
            &event("old", &json!({"release": "editor@2.0.0", "timestamp": now + 5})),
        )
        .await;
    let words = json!({"count": 3, "words": "2 new issues, 1 issue came back"});
    assert_eq!(json_of(&server, &all).await, words);
    assert_eq!(
        json_of(&server, &back).await,
        json!({"count": 1, "words": "1 issue came back"})
    );
    // A list that is made now knows them.
    let newer = news_of(&server.page("/?tab=all").await.1);
    assert_eq!(json_of(&server, &newer).await["count"], 0);
    for wrong in ["/issues/news", "/issues/news?since=x", "/issues/news?since=1:y"] {
        assert_eq!(server.page(wrong).await.0, 400, "{wrong}");
    }
}
