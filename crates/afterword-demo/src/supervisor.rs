//! What is around the app: a folder for everything, a collector, and the app's process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use afterword_collector::{Bootstrap, Collector, Config};
use afterword_store::{AppId, Store};
use anyhow::Context;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::arguments::Arguments;
use crate::collected::Api;

/// The demo's project.
pub(crate) const PROJECT: &str = "demo/paint";

/// Folder, collector and store of one run of the demo. All of it is gone when this is dropped.
pub(crate) struct Supervisor {
    folder: TempDir,
    /// Where the app sends to.
    pub(crate) dsn: String,
    /// The API of the collector that the app sends to, if we may ask it.
    pub(crate) api: Option<Api>,
    own: Option<OwnCollector>,
}

struct OwnCollector {
    runtime: Runtime,
    collector: Option<Collector>,
    url: String,
}

impl Supervisor {
    /// Makes the folder and starts a collector in it, or takes the server of `--dsn`.
    ///
    /// # Errors
    /// What could not be made or started.
    pub(crate) fn start(arguments: &Arguments) -> anyhow::Result<Supervisor> {
        let folder = tempfile::Builder::new()
            .prefix("afterword-demo-")
            .tempdir()
            .context("cannot make a temporary folder")?;
        if let Some(dsn) = &arguments.dsn {
            let api = match &arguments.token {
                Some(token) => Some(api_of_dsn(dsn, &arguments.project, token)?),
                None => None,
            };
            return Ok(Supervisor {
                folder,
                dsn: dsn.clone(),
                api,
                own: None,
            });
        }
        let (own, access) =
            start_collector(&folder.path().join("collector")).context("the collector does not start")?;
        Ok(Supervisor {
            folder,
            dsn: access.dsn,
            api: Some(Api::new(&access.url, PROJECT, &access.token)?),
            own: Some(own),
        })
    }

    /// The store of the app's reports.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn store(&self) -> anyhow::Result<Store> {
        let app = AppId::from_name("Afterword Demo");
        Ok(Store::open(&self.store_root(), &app)?)
    }

    /// The page of all issues, of a collector of our own.
    pub(crate) fn pages(&self) -> Option<&str> {
        self.own.as_ref().map(|own| own.url.as_str())
    }

    /// A path in the demo's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the app: this executable again.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start_app(&self, configure: impl FnOnce(&mut Command)) -> anyhow::Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--app")
            .args(["--dsn", &self.dsn])
            .arg("--store")
            .arg(self.store_root())
            .stdin(Stdio::null());
        configure(&mut command);
        command.spawn().context("cannot start the drawing program")
    }

    fn store_root(&self) -> PathBuf {
        self.path("store")
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if let Some(own) = &mut self.own
            && let Some(collector) = own.collector.take()
        {
            own.runtime.block_on(collector.shutdown());
        }
    }
}

fn start_collector(data: &Path) -> anyhow::Result<(OwnCollector, Bootstrap)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let (org, project) = PROJECT.split_once('/').context("a project has an organisation")?;
    let (collector, access) = runtime.block_on(async {
        let collector = Collector::start(Config::new(data.to_owned(), ([127, 0, 0, 1], 0).into())).await?;
        let access = collector.bootstrap(org, project).await?;
        anyhow::Ok((collector, access))
    })?;
    let own = OwnCollector {
        url: collector.url(),
        runtime,
        collector: Some(collector),
    };
    Ok((own, access))
}

/// The API of the server that a DSN names.
fn api_of_dsn(dsn: &str, project: &str, token: &str) -> anyhow::Result<Api> {
    let dsn: afterword::sentry::types::Dsn = dsn.parse().context("the DSN is not valid")?;
    let url = format!(
        "{}://{}:{}{}",
        dsn.scheme(),
        dsn.host(),
        dsn.port(),
        dsn.path().trim_end_matches('/')
    );
    Api::new(&url, project, token)
}
