//! The program `afterword-collector`.
#![expect(
    clippy::print_stdout,
    reason = "the address and the credentials are this program's output"
)]

mod command;

use std::io::IsTerminal as _;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};

use afterword_collector::Collector;
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use command::{Backup, Place, Restore, User};
use ipnet::IpNet;
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
    /// Prints `listening on http://ADDR:PORT` once it takes requests, and at the first start a link that makes its opener
    /// the owner. Logs go to standard error; RUST_LOG sets how much.
    Serve(Serve),
    /// Copy everything into a folder, while the server runs or not.
    ///
    /// The database is copied as it is at one moment. With PostgreSQL, use pg_dump for it.
    Backup(Backup),
    /// Put a backup into an empty data folder.
    ///
    /// Every file is compared with the backup's manifest before anything is written.
    Restore(Restore),
    /// See to accounts: list, add, set-password, remove.
    #[command(subcommand)]
    User(User),
    /// Print the description of the API (OpenAPI 3.1).
    Openapi,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    place: Place,

    /// Address to listen on; port 0 takes a free one.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "AFTERWORD_COLLECTOR_LISTEN",
        default_value = "127.0.0.1:8797"
    )]
    listen: SocketAddr,

    /// Where browsers and clients reach it, if that is another address, behind a proxy for example.
    #[arg(long, value_name = "URL", env = "AFTERWORD_COLLECTOR_URL", value_parser = parse_url)]
    url: Option<String>,

    /// Server that mail of alerts goes through, as smtp[s]://user:password@host:port?from=ADDRESS: smtps is TLS, smtp is
    /// STARTTLS, or without either for a server on this machine or with &security=none. In place of one that is named on a
    /// page.
    #[arg(long, value_name = "URL", env = "AFTERWORD_MAIL", hide_env_values = true)]
    mail: Option<String>,

    /// Send webhooks to private networks too, all of them or these, as 10.0.0.0/8,192.168.1.5. Else nothing is sent there,
    /// since rules are made by people who may not reach them.
    #[arg(
        long,
        value_name = "NETWORKS",
        env = "AFTERWORD_COLLECTOR_ALLOW_PRIVATE_WEBHOOKS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0.0.0.0/0,::/0",
        value_delimiter = ',',
        value_parser = parse_network
    )]
    allow_private_webhooks: Vec<IpNet>,

    /// Believe proxies in these networks who asks (X-Forwarded-For), as 10.0.0.0/8,192.168.1.5; one on this machine is
    /// believed anyway. Failed sign-ins are counted by this address.
    #[arg(
        long,
        value_name = "NETWORKS",
        env = "AFTERWORD_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_parser = parse_network
    )]
    trusted_proxies: Vec<IpNet>,

    /// How the log is written: text for people, json for programs.
    #[arg(
        long,
        value_name = "FORMAT",
        env = "AFTERWORD_COLLECTOR_LOG_FORMAT",
        default_value = "text",
        value_parser = ["text", "json"]
    )]
    log_format: String,

    /// Make this organisation and project unless they are there, and print one line of JSON with "url", "dsn" and
    /// "token". The DSN stays the same; the token is a new one each time, those before stay valid.
    #[arg(long, value_name = "ORG/PROJECT", value_parser = parse_project)]
    bootstrap: Option<(String, String)>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve(arguments) => {
            log(&arguments.log_format);
            serve(arguments).await
        }
        Command::Backup(arguments) => command::backup(arguments).await,
        Command::Restore(arguments) => command::restore(arguments).await,
        Command::User(arguments) => command::user(arguments).await,
        Command::Openapi => {
            let document = afterword_collector::openapi()?;
            say(&document).context("could not write to standard output")
        }
    }
}

fn log(format: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Of a log that nobody reads it would complain there, and panic since nobody reads it.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    if format == "json" {
        log.json().flatten_event(true).init();
    } else {
        // Colours are for terminals, not for the journal of a service.
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
}

async fn serve(arguments: Serve) -> anyhow::Result<()> {
    // Before anything is announced, so that whoever reads the announcement can end us at once.
    let end = end_signal().context("could not listen for signals")?;
    let mut config = arguments.place.config()?;
    config.listen = arguments.listen;
    config.url = arguments.url;
    // Not by the parser of arguments, which would show the password in its message.
    let mail = arguments.mail.map(|mail| mail.parse()).transpose();
    config.mail = mail.context("--mail or AFTERWORD_MAIL names no mail server")?;
    config.private_webhooks = arguments.allow_private_webhooks;
    config.trusted_proxies = arguments.trusted_proxies;
    let collector = Collector::start(config)
        .await
        .context("could not start: choose another folder with --data or another address with --listen")?;
    announce(&format!("listening on {}", collector.url()));
    let owner = collector
        .setup_link()
        .await
        .context("could not offer the first account")?;
    let programs_read = arguments.bootstrap.is_some();
    match owner {
        // Whoever reads what --bootstrap prints reads two lines and may be gone then.
        Some(link) if programs_read => tracing::info!("make yourself the owner: {link}"),
        Some(link) => announce(&format!("make yourself the owner: {link}")),
        None => {}
    }
    if let Some((org, project)) = arguments.bootstrap {
        let access = collector
            .bootstrap(&org, &project)
            .await
            .context("could not make the project")?;
        let access = serde_json::to_string(&access).context("could not write the credentials")?;
        if let Err(error) = say(&access) {
            // Without the credentials, which are for nobody who reads the log.
            tracing::warn!(%error, "could not print the credentials of --bootstrap: start again to get new ones");
        }
    }

    end.await;
    tracing::info!("ending: what runs is finished, what waits stays on disk");
    collector.shutdown().await;
    Ok(())
}

/// Prints a line.
fn say(line: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Tells whoever started us. That they are gone is no reason not to serve.
fn announce(line: &str) {
    if let Err(error) = say(line) {
        tracing::warn!(%error, "nobody reads what is printed: {line}");
    }
}

fn parse_project(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((org, project)) if !org.is_empty() && !project.is_empty() => Ok((org.to_owned(), project.to_owned())),
        _ => Err("write it as ORG/PROJECT, for example acme/editor".to_owned()),
    }
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_| address());
    network.map_err(|_| "write networks as 10.0.0.0/8 or fd00::/8, and addresses as they are".to_owned())
}

fn parse_url(text: &str) -> Result<String, String> {
    let good = url::Url::parse(text).is_ok_and(|url| {
        ["http", "https"].contains(&url.scheme()) && url.has_host() && url.path() == "/" && url.query().is_none()
    });
    if good {
        Ok(text.to_owned())
    } else {
        Err("write it as http://HOST or https://HOST, with a port if it has one and without a path".to_owned())
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
