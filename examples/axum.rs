//! A server: `SENTRY_DSN=… cargo run -p afterword-examples --example axum`, then ask it for `/`, `/error` and `/panic`.

use std::time::Duration;

use afterword::{Consent, Options, Reporter};
use afterword_tower::AfterwordLayer;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;

fn main() -> anyhow::Result<()> {
    afterword_reporter::run_if_asked();
    let _afterword = Options::default()
        .app_name("Axum example")
        .release(afterword::release_name!())
        .reporter(Reporter::Itself)
        // Nobody sits in front of a server: who runs it has decided.
        .consent(Consent::Always)
        .traces_sample_rate(1.0)
        .init()?;
    tokio::runtime::Runtime::new()?.block_on(serve())
}

#[expect(clippy::print_stdout, reason = "this is a program")]
async fn serve() -> anyhow::Result<()> {
    let app = Router::new()
        .route("/", get(|| async { "Try /error, /panic and /pictures/7\n" }))
        .route("/pictures/{id}", get(picture))
        .route("/error", get(error))
        .route("/panic", get(panic))
        .layer(AfterwordLayer::new().send_request(true).timeout(Duration::from_secs(2)));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            // Without Ctrl-C to wait for, it serves until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await?;
    Ok(())
}

async fn picture(Path(id): Path<u32>) -> String {
    // On the hub of this request: no other request has the tag.
    afterword::sentry::configure_scope(|scope| scope.set_tag("picture", id));
    format!("picture {id}\n")
}

async fn error() -> StatusCode {
    afterword::capture_result(&std::fs::read("/no/such/picture.png"));
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn panic() {
    panic!("the panic button of the web");
}
