//! A running collector: from a data folder and an address to a server, and back to nothing running.

use std::fs::{File, TryLockError};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use ipnet::IpNet;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::accounts::Accounts;
use crate::alerts::{self, Alerts, MailServer, Sending};
use crate::blobs::{Blobs, make_folder};
use crate::database::Database;
use crate::digest::{Caches, Digest};
use crate::error::chain;
use crate::inbox::Inbox;
use crate::ingest::Ingest;
use crate::life::{self, Life};
use crate::pepper::Pepper;
use crate::presence::Presence;
use crate::serving::Proxies;
use crate::symbols::Symbols;
use crate::{App, Error, access, accounts, api, ingest, issues, pages, projects, serving};

/// How much memory the bodies that are being read may hold together.
const BODIES_BYTES: usize = 512 << 20;

/// How long requests that are still running may go on at the end.
const GRACE: Duration = Duration::from_secs(10);

/// Where a collector keeps its data and where it listens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The data folder; made if it is not there. One collector at a time works on it.
    pub data: PathBuf,
    /// `postgres://…` for a database that collectors share; SQLite in the data folder otherwise.
    pub database: Option<String>,
    /// `s3://bucket/prefix` for a store of blobs that collectors share; the data folder otherwise.
    pub blobs: Option<String>,
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where clients and browsers reach it, if that is not the address: `https://errors.example.com`, without a path.
    pub url: Option<String>,
    /// The server that mail goes through, in place of one that is named on a page.
    pub mail: Option<MailServer>,
    /// Private networks that webhooks may be sent to.
    pub private_webhooks: Vec<IpNet>,
    /// Where proxies stand whose `X-Forwarded-For` is believed, besides this machine.
    pub trusted_proxies: Vec<IpNet>,
}

impl Config {
    /// SQLite and files in the data folder.
    pub fn new(data: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        Self {
            data: data.into(),
            database: None,
            blobs: None,
            listen,
            url: None,
            mail: None,
            private_webhooks: Vec::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

/// What an application and a script need to use a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bootstrap {
    /// Where the collector is reached: the pages and the API.
    pub url: String,
    /// What goes into the application.
    pub dsn: String,
    /// A token of the API, for `Authorization: Bearer`. It is not kept anywhere: ask again for another.
    pub token: String,
}

/// A server that is running until [`Collector::shutdown`]. Dropped, its tasks go on until the runtime ends; what it
/// accepted is on disk either way.
#[derive(Debug)]
pub struct Collector {
    app: App,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    digest: JoinHandle<()>,
    watch: JoinHandle<()>,
    rules: JoinHandle<()>,
    outcomes: JoinHandle<()>,
    tidying: JoinHandle<()>,
    retention: JoinHandle<()>,
    sending: JoinHandle<()>,
    presence: Presence,
    // Released last.
    _lock: File,
}

impl Collector {
    /// Opens the data folder, brings its database up to date, listens, and goes on digesting what waits there.
    ///
    /// # Errors
    /// If the folder cannot be made or is in use, the database cannot be opened or was written by a newer version, or
    /// the address cannot be listened on.
    pub async fn start(config: Config) -> Result<Self, Error> {
        make_folder(&config.data)?;
        let lock = lock(&config.data)?;
        let database = match &config.database {
            Some(url) => Database::connect(url).await?,
            None => Database::open(&config.data.join("afterword.db")).await?,
        };
        let blobs = match &config.blobs {
            Some(url) => Blobs::connect(url).await?,
            None => Blobs::open(&config.data.join("blobs")).await?,
        };
        let (presence, careful) = Presence::announce(&database).await?;
        if careful {
            tracing::warn!("a collector died: what it had in hand is digested with care");
        }
        let inbox = Inbox::new(database.clone(), blobs.clone());
        let removed = inbox.tidy().await?;
        if removed > 0 {
            tracing::info!(removed, "removed envelopes that were never answered for");
        }

        let listening = |source| Error::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let url = match &config.url {
            Some(url) => Arc::from(url.trim_end_matches('/')),
            None => Arc::from(format!("http://{}", reachable(address))),
        };
        let symbols = Symbols::open(database.clone(), blobs.clone(), &config.data).await?;
        let app = App {
            database,
            blobs,
            inbox,
            ingest: Ingest::new(BODIES_BYTES),
            symbols,
            accounts: Accounts::default(),
            caches: Caches::default(),
            life: Life::new(&config.data),
            sending: Sending::new(&config.private_webhooks, config.mail.clone()),
            alerts: Alerts::default(),
            url,
        };

        let (stop, stopped) = watch::channel(false);
        let digest = Digest {
            database: app.database.clone(),
            blobs: app.blobs.clone(),
            inbox: app.inbox.clone(),
            pepper: Pepper::open(&app.database.write).await?,
            symbols: app.symbols.clone(),
            caches: app.caches.clone(),
            alerts: app.alerts.clone(),
            metrics: Arc::clone(&app.life.metrics),
            in_hand: Arc::default(),
        };
        let digest = tokio::spawn(digest.run(careful, stopped.clone()));
        let watch = tokio::spawn(issues::watch::run(app.database.clone(), stopped.clone()));
        let rules = alerts::engine::run(
            app.database.clone(),
            app.alerts.clone(),
            Arc::clone(&app.url),
            stopped.clone(),
        );
        let rules = tokio::spawn(rules);
        let (outcomes, database, end) = (Arc::clone(&app.ingest.outcomes), app.database.clone(), stopped.clone());
        let outcomes = tokio::spawn(async move { outcomes.run(&database, end).await });
        let tidying = tokio::spawn(app.symbols.clone().keep_tidy(stopped.clone()));
        let newest = life::newest_project(&app.database).await?;
        let retention = tokio::spawn(life::run(app.clone(), newest, stopped.clone()));
        let sending = tokio::spawn(alerts::delivery::run(app.clone(), stopped.clone()));
        let proxies = Proxies::new(&config.trusted_proxies);
        let server = tokio::spawn(serve(listener, app.clone(), proxies, stopped));
        Ok(Self {
            app,
            address,
            stop,
            server,
            digest,
            watch,
            rules,
            outcomes,
            tidying,
            retention,
            sending,
            presence,
            _lock: lock,
        })
    }

    /// Where this collector is reached, for example `http://127.0.0.1:8797`.
    pub fn url(&self) -> String {
        self.app.url.to_string()
    }

    /// Where it listens, whatever it is reached by.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes organisation and project unless they are there, and gives access to the project: always the same key, and
    /// a token of the API that is new each time, since of older ones only the hash is kept. Those stay valid; from the
    /// seventeenth on, the oldest made in this way is revoked.
    ///
    /// # Errors
    /// If a name is none (see [`Error::Slug`]) or the database fails.
    pub async fn bootstrap(&self, org: &str, project: &str) -> Result<Bootstrap, Error> {
        let access = projects::bootstrap(&self.app.database, org, project).await?;
        self.app.ingest.keys.forget();
        let dsn = dsn(&self.app.url, &access.public_key, access.project_id);
        Ok(Bootstrap {
            url: self.url(),
            dsn,
            token: access.token,
        })
    }

    /// The link that makes its opener the owner, as long as nobody has an account. Another one each time it is asked for;
    /// the ones before open nothing any more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn setup_link(&self) -> Result<Option<String>, Error> {
        let token = accounts::setup::offer(&self.app.database).await?;
        Ok(token.map(|token| format!("{}/setup/{token}", self.app.url)))
    }

    /// Ends it: takes no more requests, finishes those that run (for at most 10 s) and what is being digested. What
    /// was accepted and is not digested yet waits on disk for the next start.
    pub async fn shutdown(self) {
        // Both have ended if nobody listens.
        let _ = self.stop.send(true);
        let abort = self.server.abort_handle();
        if tokio::time::timeout(GRACE, self.server).await.is_err() {
            tracing::warn!("some requests did not end in time");
            abort.abort();
        }
        let tasks = [
            (self.digest, "the digest"),
            (self.watch, "who looks after issues"),
            (self.rules, "who asks the rules"),
            (self.sending, "who sends alerts"),
        ];
        for (task, name) in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "{name} had ended");
            }
        }
        if let Err(error) = self.tidying.await {
            tracing::error!(%error, "tidying debug files had ended");
        }
        if let Err(error) = self.retention.await {
            tracing::error!(%error, "who removes what is old had ended");
        }
        self.app.inbox.close().await;
        if let Err(error) = self.outcomes.await {
            tracing::error!(%error, "what counts what was refused had ended");
        }
        // And what the last requests were refused.
        if let Err(error) = self.app.ingest.outcomes.write(&self.app.database).await {
            tracing::error!(error = chain(&error), "could not count what was refused");
        }
        self.presence.leave(&self.app.database).await;
        self.app.database.close().await;
    }
}

/// What an application is given to send to this collector.
pub(crate) fn dsn(url: &str, public_key: &str, project_id: i64) -> String {
    let (scheme, host) = url.split_once("://").unwrap_or(("http", url));
    format!("{scheme}://{public_key}@{host}/{project_id}")
}

async fn serve(listener: TcpListener, app: App, proxies: Proxies, mut stopped: watch::Receiver<bool>) {
    let router = ingest::routes()
        .merge(api::routes(&app))
        .merge(pages::routes(&app))
        .merge(life::routes(&app))
        .fallback(access::not_found)
        .layer(from_fn_with_state(app.clone(), life::metrics::count))
        .with_state(app);
    let end = async move {
        // An error means that the sender is gone, which is an end, too.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    serving::serve(listener, router, proxies, serving::PATIENCE, end).await;
}

/// Held while a collector works in a data folder, or a backup is put there.
pub(crate) fn lock(data: &Path) -> Result<File, Error> {
    let path = data.join("collector.lock");
    let opened = File::options().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|source| Error::Folder {
        path: path.clone(),
        source,
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path }),
        Err(TryLockError::Error(source)) => Err(Error::Folder { path, source }),
    }
}

/// An address to go to: one that means "all interfaces" is none.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_is_what_clients_parse() {
        let dsn: afterword_protocol::Dsn = dsn("http://[::1]:8797", "key", 42).parse().unwrap();
        assert_eq!(
            (dsn.public_key(), dsn.port(), dsn.project_id().value()),
            ("key", 8797, "42")
        );
        assert_eq!(
            super::dsn("https://errors.example", "key", 1),
            "https://key@errors.example/1"
        );
    }

    #[test]
    fn an_address_for_all_interfaces_is_shown_as_this_machine() {
        let reach = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(reach("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(reach("[::]:80"), "[::1]:80");
        assert_eq!(reach("192.168.1.2:80"), "192.168.1.2:80");
    }
}
