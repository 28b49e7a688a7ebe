//! Two processes whose spans are one trace: `SENTRY_DSN=… cargo run -p afterword-examples --example trace`
//!
//! The program starts itself a second time, as a server with the layer of `afterword-tower`, and asks it for something within
//! a transaction of its own. The headers `sentry-trace` and `baggage` make the two transactions one trace, which the collector
//! shows under `/api/0/organizations/ORG/events-trace/TRACE/`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use afterword::sentry::{self, TransactionContext};
use afterword::{Consent, Options, Reporter};
use afterword_tower::AfterwordLayer;
use anyhow::Context;
use axum::Router;
use axum::routing::get;

const SERVE: &str = "--serve";

fn main() -> anyhow::Result<()> {
    afterword_reporter::run_if_asked();
    let is_server = std::env::args().nth(1).as_deref() == Some(SERVE);
    let _afterword = Options::default()
        .app_name("Trace example")
        .release(afterword::release_name!())
        .server_name(if is_server { "gallery" } else { "easel" })
        .reporter(Reporter::Itself)
        .consent(Consent::Always)
        .traces_sample_rate(1.0)
        .init()?;
    let runtime = tokio::runtime::Runtime::new()?;
    if is_server {
        runtime.block_on(serve())
    } else {
        runtime.block_on(ask())
    }
}

/// Prints where it listens, and ends when its standard input does.
#[expect(clippy::print_stdout, reason = "this is a program")]
async fn serve() -> anyhow::Result<()> {
    let app = Router::new()
        .route("/pictures/{id}", get(picture))
        .layer(AfterwordLayer::new());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    let until = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
    axum::serve(listener, app)
        .with_graceful_shutdown(async { drop(until.await) })
        .await?;
    Ok(())
}

async fn picture() -> &'static str {
    let query = sentry::configure_scope(|scope| scope.get_span())
        .map(|parent| parent.start_child("db.query", "SELECT colours FROM pictures"));
    let colours = "#7ec8a9 #000000\n";
    if let Some(query) = query {
        query.finish();
    }
    colours
}

#[expect(clippy::print_stdout, reason = "this is a program")]
async fn ask() -> anyhow::Result<()> {
    let (mut server, stop, url) = start_server()?;
    let transaction = sentry::start_transaction(TransactionContext::new("open the gallery", "ui.action"));
    let trace = transaction.get_trace_context().trace_id;
    let request = transaction.start_child("http.client", "GET /pictures/{id}");
    sentry::configure_scope(|scope| scope.set_span(Some(request.clone().into())));
    // This workspace builds reqwest without a provider of cryptography; with its default features the line is not needed.
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client
        .get(format!("{url}/pictures/7"))
        .headers(afterword::trace::header_map())
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?;
    request.finish();
    transaction.finish();
    print!("{answer}");
    drop(stop);
    server.wait()?;
    println!("trace {trace}");
    println!(
        "{}",
        tokio::task::spawn_blocking(|| afterword::flush(Duration::from_secs(5))).await?
    );
    Ok(())
}

fn start_server() -> anyhow::Result<(Child, ChildStdin, String)> {
    let mut server = Command::new(std::env::current_exe()?)
        .arg(SERVE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = server.stdout.take().context("its output is a pipe")?;
    let mut stop = server.stdin.take().context("its input is a pipe")?;
    stop.flush()?;
    let mut url = String::new();
    BufReader::new(output).read_line(&mut url)?;
    Ok((server, stop, url.trim().to_owned()))
}
