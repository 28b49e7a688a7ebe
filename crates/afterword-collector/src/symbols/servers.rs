//! Symbol servers elsewhere: none unless a project, or who runs the collector for all projects, has chosen some.
//!
//! The setting `symbol_servers` is a list of `{"url": "https://…", "layout": "breakpad" | "debuginfod" | "microsoft" |
//! "unified"}`. They are asked for a module when a frame lies in it and nobody has uploaded anything for it; what comes back is
//! kept as if it had been uploaded. What they do not have is not asked for again for a time.

use std::time::Duration;

use afterword_symbols::Module;
use afterword_symbols::caches::{CacheFile, objects};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};
use tokio::io::AsyncWriteExt as _;

use super::files::{self, DebugFile};
use super::{Symbols, hex};
use crate::database::Database;
use crate::error::{OrFailed as _, chain};
use crate::{Error, blocking, now_ms, settings};

/// The name of the setting.
pub(crate) const SETTING: &str = "symbol_servers";

/// The largest file that is fetched, and how long that may take.
const MAX_BYTES: u64 = 1 << 30;
const TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Servers of one project.
const MAX_SERVERS: usize = 8;

/// How long is believed that a server does not have a file, and that it cannot be asked.
const ABSENT_MS: i64 = 86_400_000;
const FAILED_MS: i64 = 10 * 60_000;

/// How files lie on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Layout {
    /// `name/ID/name.sym`
    Breakpad,
    /// `buildid/ID/debuginfo`
    Debuginfod,
    /// `name.pdb/IDAGE/name.pdb`
    Microsoft,
    /// `id[0:2]/id[2:]/debuginfo`
    Unified,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) layout: Layout,
}

impl Server {
    /// Whether it can be asked at all.
    pub(crate) fn is_http(&self) -> bool {
        url::Url::parse(&self.url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    }
}

/// What a project has chosen, at least one.
#[derive(Debug, Clone)]
pub(super) struct Chosen(Vec<Server>);

/// The way to all servers.
#[derive(Debug)]
pub(super) struct Servers {
    database: Database,
    client: tokio::sync::OnceCell<reqwest::Client>,
}

impl Servers {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            client: tokio::sync::OnceCell::new(),
        }
    }

    /// The servers of a project; `None` if it has chosen none.
    pub(super) async fn chosen(&self, project_id: i64) -> Result<Option<Chosen>, Error> {
        let servers: Option<Vec<Server>> = settings::get(&self.database, project_id, SETTING).await?;
        let mut servers = servers.unwrap_or_default();
        servers.truncate(MAX_SERVERS);
        Ok((!servers.is_empty()).then_some(Chosen(servers)))
    }

    async fn client(&self) -> Result<&reqwest::Client, String> {
        let make = async || {
            // An error means that the process has one already.
            let _ = rustls::crypto::ring::default_provider().install_default();
            reqwest::Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(TIMEOUT)
                .redirect(reqwest::redirect::Policy::limited(5))
                .user_agent(concat!("afterword-collector/", env!("CARGO_PKG_VERSION")))
                .build()
        };
        self.client.get_or_try_init(make).await.map_err(|error| chain(&error))
    }

    async fn is_missed(&self, url: &str) -> Result<bool, Error> {
        let until: Option<i64> = sqlx::query_scalar("SELECT until_at FROM symbol_misses WHERE url = $1")
            .bind(url)
            .fetch_optional(&self.database.read)
            .await
            .or_failed("look for a miss")?;
        Ok(until.is_some_and(|until| now_ms() < until))
    }

    async fn miss(&self, url: &str, for_ms: i64) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO symbol_misses (url, until_at) VALUES ($1, $2)
             ON CONFLICT (url) DO UPDATE SET until_at = excluded.until_at",
        )
        .bind(url)
        .bind(now_ms() + for_ms)
        .execute(&self.database.write)
        .await
        .or_failed("note a miss")?;
        Ok(())
    }
}

impl Symbols {
    /// Fetches what the servers have for a module; the first that has something ends it.
    pub(super) async fn fetch_elsewhere(
        &self,
        project_id: i64,
        chosen: &Chosen,
        module: &Module,
    ) -> Result<Vec<DebugFile>, Error> {
        for server in &chosen.0 {
            for url in urls(server, module) {
                if self.inner.servers.is_missed(&url).await? {
                    continue;
                }
                match self.fetch_one(project_id, &url, module).await? {
                    Fetched::Files(files) => return Ok(files),
                    Fetched::Absent => self.inner.servers.miss(&url, ABSENT_MS).await?,
                    Fetched::Failed(words) => {
                        tracing::warn!(url, error = words, "could not ask a symbol server");
                        self.inner.servers.miss(&url, FAILED_MS).await?;
                    }
                }
            }
        }
        Ok(Vec::new())
    }

    async fn fetch_one(&self, project_id: i64, url: &str, module: &Module) -> Result<Fetched, Error> {
        let local = self.work_file()?;
        let (sha1, size_bytes) = match self.download(url, local.path()).await? {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Fetched::Absent),
            Err(words) => return Ok(Fetched::Failed(words)),
        };
        let path = local.path().to_owned();
        let found = blocking(move || {
            let bytes = CacheFile::open(&path).map_err(|source| Error::Folder { path, source })?;
            Ok(objects(bytes.bytes()))
        })
        .await?;
        let found = match found {
            Ok(found) => found,
            Err(error) => return Ok(Fetched::Failed(chain(&error))),
        };
        // A server that answers anything with a page is no server of symbols.
        let is_of_module = found.iter().any(|object| {
            Some(&object.debug_id) == module.debug_id.as_ref()
                || (object.code_id.is_some() && object.code_id == module.code_id)
        });
        let Some(first) = found.first().filter(|_| is_of_module) else {
            return Ok(Fetched::Failed("what came is not of this module".to_owned()));
        };
        let blob = files::blob_of(first, &sha1);
        self.inner.blobs.put_file(&blob, local.path()).await?;
        let mut connection = self.inner.database.write.begin().await.or_failed("note a debug file")?;
        files::insert(
            &mut connection,
            project_id,
            &sha1,
            &module.name,
            size_bytes,
            &blob,
            &found,
        )
        .await?;
        connection.commit().await.or_failed("note a debug file")?;
        let files = self.by_sha1(project_id, &sha1).await?;
        Ok(Fetched::Files(files))
    }

    /// SHA-1 and size of what was written to the file; `None` if the server does not have it, in words why it failed.
    async fn download(
        &self,
        url: &str,
        path: &std::path::Path,
    ) -> Result<Result<Option<(String, u64)>, String>, Error> {
        let write = |source| Error::Folder {
            path: path.to_owned(),
            source,
        };
        let client = match self.inner.servers.client().await {
            Ok(client) => client,
            Err(words) => return Ok(Err(words)),
        };
        let mut response = match client.get(url).send().await {
            Ok(response) => response,
            Err(error) => return Ok(Err(chain(&error))),
        };
        match response.status().as_u16() {
            200 => {}
            404 | 403 | 410 => return Ok(Ok(None)),
            status => return Ok(Err(format!("it answered {status}"))),
        }
        let mut file = tokio::fs::File::create(path).await.map_err(write)?;
        let (mut sha1, mut size_bytes) = (Sha1::new(), 0u64);
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    size_bytes += piece.len() as u64;
                    if size_bytes > MAX_BYTES {
                        return Ok(Err(format!("the file is larger than {MAX_BYTES} bytes")));
                    }
                    sha1.update(&piece);
                    file.write_all(&piece).await.map_err(write)?;
                }
                Ok(None) => break,
                Err(error) => return Ok(Err(chain(&error))),
            }
        }
        file.flush().await.map_err(write)?;
        Ok(Ok(Some((hex(&sha1.finalize()), size_bytes))))
    }
}

enum Fetched {
    Files(Vec<DebugFile>),
    Absent,
    Failed(String),
}

/// Everything but what names of files are made of.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// Where a server would have the symbols of a module, the best first. Names come out of a stranger's dump: they are encoded.
fn urls(server: &Server, module: &Module) -> Vec<String> {
    let base = server.url.trim_end_matches('/');
    if !server.is_http() {
        return Vec::new();
    }
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let debug_id: Option<debugid::DebugId> = module.debug_id.as_ref().and_then(|id| id.parse().ok());
    let code_id = module
        .code_id
        .as_deref()
        .map(str::to_ascii_lowercase)
        .unwrap_or_default();
    let is_hex = !code_id.is_empty() && code_id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let debug_name = module.debug_file.as_deref().unwrap_or(&module.path);
    let debug_name = debug_name.rsplit(['/', '\\']).next().unwrap_or(debug_name);
    if ["", ".", ".."].contains(&debug_name) {
        return Vec::new();
    }
    match server.layout {
        Layout::Breakpad => {
            let Some(id) = debug_id else { return Vec::new() };
            let lower = debug_name.to_ascii_lowercase();
            let is_windows = [".exe", ".dll", ".pdb"].iter().any(|end| lower.ends_with(end));
            let stem = if is_windows {
                &debug_name[..debug_name.len() - 4]
            } else {
                debug_name
            };
            let (folder, file) = (encoded(debug_name), encoded(&format!("{stem}.sym")));
            vec![format!("{base}/{folder}/{}/{file}", id.breakpad())]
        }
        Layout::Debuginfod if is_hex => ["debuginfo", "executable"]
            .iter()
            .map(|what| format!("{base}/buildid/{code_id}/{what}"))
            .collect(),
        Layout::Microsoft => {
            let Some(id) = debug_id.filter(|_| debug_name.to_ascii_lowercase().ends_with(".pdb")) else {
                return Vec::new();
            };
            let name = encoded(debug_name);
            let signature = id.uuid().simple().to_string().to_ascii_uppercase();
            vec![format!("{base}/{name}/{signature}{:x}/{name}", id.appendix())]
        }
        Layout::Unified => {
            let by_debug_id = debug_id.map(|id| id.breakpad().to_string().to_ascii_lowercase());
            let is_pe = module.debug_file.is_some();
            let id = if is_hex && !is_pe { Some(code_id) } else { by_debug_id };
            let Some(id) = id.filter(|id| id.len() > 2) else {
                return Vec::new();
            };
            ["debuginfo", "executable", "breakpad"]
                .iter()
                .map(|what| format!("{base}/{}/{}/{what}", &id[..2], &id[2..]))
                .collect()
        }
        Layout::Debuginfod => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(layout: Layout, module: &Module) -> Vec<String> {
        let url = "https://symbols.example/".to_owned();
        urls(&Server { url, layout }, module)
    }

    #[test]
    fn each_layout_has_its_paths() {
        let linux = Module {
            path: "/opt/my app/app".to_owned(),
            debug_id: Some("04030201-0605-0807-090a-0b0c0d0e0f10-0".to_owned()),
            code_id: Some("0102030405060708090A0B0C0D0E0F1011121314".to_owned()),
            ..Module::default()
        };
        let windows = Module {
            path: "C:\\app\\app.exe".to_owned(),
            debug_file: Some("d:\\build\\app.pdb".to_owned()),
            debug_id: Some("5a9832e5-2872-41c1-838e-d98914e9b7ff-1".to_owned()),
            code_id: Some("4629ecfe8000".to_owned()),
            ..Module::default()
        };
        assert_eq!(
            of(Layout::Breakpad, &linux),
            ["https://symbols.example/app/0403020106050807090A0B0C0D0E0F100/app.sym"]
        );
        assert_eq!(
            of(Layout::Breakpad, &windows),
            ["https://symbols.example/app.pdb/5A9832E5287241C1838ED98914E9B7FF1/app.sym"]
        );
        assert_eq!(
            of(Layout::Microsoft, &windows),
            ["https://symbols.example/app.pdb/5A9832E5287241C1838ED98914E9B7FF1/app.pdb"]
        );
        assert_eq!(
            of(Layout::Debuginfod, &linux)[0],
            "https://symbols.example/buildid/0102030405060708090a0b0c0d0e0f1011121314/debuginfo"
        );
        assert_eq!(
            of(Layout::Unified, &linux)[0],
            "https://symbols.example/01/02030405060708090a0b0c0d0e0f1011121314/debuginfo"
        );
        assert_eq!(of(Layout::Microsoft, &linux), [""; 0]);
        let evil = Module {
            path: "../../etc/passwd?x=".to_owned(),
            code_id: Some("../..".to_owned()),
            debug_id: linux.debug_id.clone(),
            ..Module::default()
        };
        assert_eq!(of(Layout::Debuginfod, &evil), [""; 0]);
        assert_eq!(
            of(Layout::Breakpad, &evil),
            ["https://symbols.example/passwd%3Fx%3D/0403020106050807090A0B0C0D0E0F100/passwd%3Fx%3D.sym"]
        );
    }
}
