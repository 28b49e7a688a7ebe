//! The program `afterword-collector`.
#![expect(
    clippy::print_stdout,
    reason = "the address and the credentials are this program's output"
)]

use std::io::IsTerminal as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use afterword_collector::{Collector, Config};
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Takes crash reports and errors from Sentry clients, groups them into issues and shows them.
#[derive(Debug, Parser)]
#[command(name = "afterword-collector", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until Ctrl-C or SIGTERM.
    ///
    /// Prints `listening on http://ADDR:PORT` once it takes requests. Logs go to standard error; RUST_LOG sets how much.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Folder for the database and the files [default: the user's data folder].
    #[arg(long, value_name = "DIR", env = "AFTERWORD_COLLECTOR_DATA")]
    data: Option<PathBuf>,

    /// Database that several collectors share, as postgres://user:password@host/database [default: SQLite in the data
    /// folder].
    #[arg(
        long,
        value_name = "URL",
        env = "AFTERWORD_COLLECTOR_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,

    /// Store for files that several collectors share, as s3://bucket/prefix; region, keys and endpoint come from AWS_…
    /// variables [default: the data folder].
    #[arg(long, value_name = "URL", env = "AFTERWORD_COLLECTOR_BLOBS")]
    blobs: Option<String>,

    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8797")]
    listen: SocketAddr,

    /// Make this organisation and project unless they are there, and print one line of JSON with "url", "dsn" and
    /// "token". The DSN stays the same; the token is a new one each time, those before stay valid.
    #[arg(long, value_name = "ORG/PROJECT", value_parser = parse_project)]
    bootstrap: Option<(String, String)>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Command::Serve(arguments) = Arguments::parse().command;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Colours are for terminals, not for the journal of a service.
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    serve(arguments).await
}

async fn serve(arguments: Serve) -> anyhow::Result<()> {
    // Before anything is announced, so that whoever reads the announcement can end us at once.
    let end = end_signal().context("could not listen for signals")?;
    let data = match arguments.data {
        Some(data) => data,
        None => directories::ProjectDirs::from("", "", "afterword-collector")
            .context("this user has no data folder: name one with --data DIR")?
            .data_local_dir()
            .to_owned(),
    };
    let mut config = Config::new(data, arguments.listen);
    config.database = arguments.database;
    config.blobs = arguments.blobs;
    let collector = Collector::start(config)
        .await
        .context("could not start: choose another folder with --data or another address with --listen")?;
    println!("listening on {}", collector.url());
    let owner = collector
        .setup_link()
        .await
        .context("could not offer the first account")?;
    let programs_read = arguments.bootstrap.is_some();
    match owner {
        // Whoever reads what --bootstrap prints reads two lines and may be gone then.
        Some(link) if programs_read => tracing::info!("make yourself the owner: {link}"),
        Some(link) => println!("make yourself the owner: {link}"),
        None => {}
    }
    if let Some((org, project)) = arguments.bootstrap {
        let access = collector
            .bootstrap(&org, &project)
            .await
            .context("could not make the project")?;
        println!(
            "{}",
            serde_json::to_string(&access).context("could not write the credentials")?
        );
    }
    std::io::stdout()
        .flush()
        .context("could not write to standard output")?;

    end.await;
    tracing::info!("ending: what runs is finished, what waits stays on disk");
    collector.shutdown().await;
    Ok(())
}

fn parse_project(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((org, project)) if !org.is_empty() && !project.is_empty() => Ok((org.to_owned(), project.to_owned())),
        _ => Err("write it as ORG/PROJECT, for example acme/editor".to_owned()),
    }
}

#[cfg(unix)]
fn end_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn end_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // An error means that there will be no signal: then we are ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
