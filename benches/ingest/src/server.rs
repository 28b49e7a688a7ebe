//! A collector on a data folder, and a client of its API.

use std::path::Path;
use std::time::{Duration, Instant};

use afterword_servers::{Collector, Connection};
use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::Bench;

/// A running collector.
pub(crate) struct Server {
    pub(crate) collector: Collector,
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) project: String,
    pub(crate) token: String,
}

/// A folder for a collector's data, on the disk that counts.
pub(crate) fn folder(bench: &Bench) -> anyhow::Result<TempDir> {
    tempfile::Builder::new()
        .prefix("ingest-")
        .tempdir_in(&bench.folder)
        .context("no folder for the data can be made")
}

impl Server {
    /// Starts one on this folder's data.
    pub(crate) fn start(bench: &Bench, folder: &Path) -> anyhow::Result<Server> {
        let collector = Collector::start(&bench.collector, &folder.join("data"), |command| {
            command.env("RUST_LOG", "warn");
        })?;
        let credentials: Value = serde_json::from_str(&collector.credentials)?;
        let text = |name: &str| credentials[name].as_str().map(str::to_owned).context("no credentials");
        let dsn = text("dsn")?;
        let (key, rest) = dsn.trim_start_matches("http://").split_once('@').context("no key")?;
        let project = rest.rsplit_once('/').context("no project")?.1;
        Ok(Server {
            url: text("url")?,
            key: key.to_owned(),
            project: project.to_owned(),
            token: text("token")?,
            collector,
        })
    }

    pub(crate) fn connect(&self) -> anyhow::Result<Connection> {
        Ok(Connection::open(&self.url)?)
    }

    /// What the API answers, and how long that took.
    pub(crate) fn get(&self, connection: &mut Connection, path: &str) -> anyhow::Result<(Value, Duration)> {
        let headers = format!("Authorization: Bearer {}\r\n", self.token);
        let begun = Instant::now();
        let answer = connection.send("GET", path, &headers, b"")?;
        let took = begun.elapsed();
        ensure!(
            answer.status == 200,
            "{path}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        Ok((serde_json::from_slice(&answer.body)?, took))
    }

    /// A page, and how long it took.
    pub(crate) fn page(&self, connection: &mut Connection, path: &str) -> anyhow::Result<(Vec<u8>, Duration)> {
        let headers = format!("Authorization: Bearer {}\r\n", self.token);
        let begun = Instant::now();
        let answer = connection.send("GET", path, &headers, b"")?;
        let took = begun.elapsed();
        ensure!(answer.status == 200, "{path}: {}", answer.status);
        Ok((answer.body, took))
    }

    /// Events that are visible: the sum of the issues' counts.
    pub(crate) fn visible(&self, connection: &mut Connection) -> anyhow::Result<usize> {
        let (issues, _) = self.get(connection, "/api/0/projects/studio/paint/issues/?query=&statsPeriod=")?;
        let issues = issues.as_array().context("issues are a list")?;
        let count = |issue: &Value| issue["count"].as_str().and_then(|count| count.parse::<usize>().ok());
        Ok(issues.iter().filter_map(count).sum())
    }

    /// Waits until so many are visible; says how long that took.
    pub(crate) fn wait_until_visible(&self, count: usize, most: Duration) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let mut connection = self.connect()?;
        let mut last = 0;
        while begun.elapsed() < most {
            last = self.visible(&mut connection)?;
            if last >= count {
                ensure!(last == count, "{last} events are visible of {count}");
                return Ok(begun.elapsed());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("only {last} of {count} events are visible after {} s", most.as_secs())
    }

    /// A figure in KiB of `/proc/PID/status`, in MiB.
    pub(crate) fn memory(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.collector.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib: f64 = line
            .and_then(|line| line.split_whitespace().next())
            .context("the system does not say")?
            .parse()?;
        Ok(kib / 1024.0)
    }
}
