//! What cannot be brought about from outside: no memory, and a store that is gone.

use axum::body::Body;
use axum::http::StatusCode;
use tower::ServiceExt as _;

use super::body::Limit;
use super::*;
use crate::blobs::Blobs;
use crate::database::Database;
use crate::inbox::Inbox;
use crate::projects;

/// Ingest alone, on a folder, with so much memory for bodies, and the key of a project.
pub(crate) async fn app(folder: &std::path::Path, bodies_bytes: usize) -> (App, String) {
    let database = Database::open(&folder.join("a.db")).await.unwrap();
    let blobs = Blobs::open(&folder.join("blobs")).await.unwrap();
    let access = projects::bootstrap(&database, "acme", "editor").await.unwrap();
    let symbols = crate::symbols::Symbols::open(database.clone(), blobs.clone(), folder)
        .await
        .unwrap();
    let app = App {
        symbols,
        inbox: Inbox::new(database.clone(), blobs.clone()),
        accounts: Default::default(),
        caches: Default::default(),
        alerts: crate::alerts::Alerts::default(),
        life: crate::life::Life::new(folder),
        sending: crate::alerts::Sending::new(&[], None),
        database,
        blobs,
        ingest: Ingest::new(bodies_bytes),
        url: Arc::from("http://127.0.0.1"),
    };
    (app, format!("sentry_key={}", access.public_key))
}

async fn post(app: &App, path: &str, body: impl Into<Body>) -> Response {
    let request = Request::post(path).body(body.into()).unwrap();
    routes().with_state(app.clone()).oneshot(request).await.unwrap()
}

#[tokio::test]
async fn without_memory_senders_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let (app, key) = app(folder.path(), 256 << 10).await;
    let path = format!("/api/1/envelope/?{key}");
    let envelope = "{}\n{\"type\":\"session\"}\n{}\n";
    let mut others = app.ingest.budget.held(Limit::of_envelope());
    others.append(&vec![0; 256 << 10]).unwrap();
    let refused = post(&app, &path, envelope).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "30");
    drop(others);
    assert_eq!(post(&app, &path, envelope).await.status(), StatusCode::OK);

    // One body alone that is too much for it, and what a form is made of in memory.
    let large = format!("{{}}\n{{\"type\":\"attachment\"}}\n{}", "x".repeat(300 << 10));
    assert_eq!(post(&app, &path, large).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    let odd = format!("{{\"a\":NaN,\"b\":\"{}\"}}", "x".repeat(100 << 10));
    let path = format!("/api/1/store/?{key}");
    assert_eq!(post(&app, &path, odd).await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn without_a_store_senders_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let (app, key) = app(folder.path(), 1 << 20).await;
    app.database.close().await;
    for (path, body) in [
        ("envelope/", "{}\n{\"type\":\"event\"}\n{}"),
        ("store/", "{}"),
        ("minidump/", "MDMP"),
    ] {
        let refused = post(&app, &format!("/api/1/{path}?{key}"), body).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(refused.headers()[header::RETRY_AFTER], "30", "{path}");
    }
    // Nothing was invalid about that.
    assert_eq!(app.ingest.outcomes.waiting(), 0);
}
