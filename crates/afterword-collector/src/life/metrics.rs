//! What Prometheus reads at `/metrics`: counted as it happens, or looked up when it is asked.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::{health, storage};
use crate::error::{OrFailed as _, chain};
use crate::{App, Error, now_ms};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    /// The pattern, so that there are few.
    route: String,
    method: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// All that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answer, Counter>,
    envelopes: Family<Outcome, Counter>,
    digested: Family<Outcome, Counter>,
    latency: Histogram,
    waiting: Gauge,
    oldest: Gauge,
    set_aside: Gauge,
    database: Gauge,
    free_disk: Gauge,
    resident: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            envelopes: Family::default(),
            digested: Family::default(),
            // From 5 ms to 80 s.
            latency: Histogram::new(exponential_buckets(0.005, 4.0, 8)),
            waiting: Gauge::default(),
            oldest: Gauge::default(),
            set_aside: Gauge::default(),
            database: Gauge::default(),
            free_disk: Gauge::default(),
            resident: Gauge::default(),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let started: Gauge = Gauge::default();
        started.set(now_ms() / 1000);
        let registry = &mut self.registry;
        registry.register(
            "afterword_requests",
            "Requests that were answered",
            self.requests.clone(),
        );
        registry.register(
            "afterword_envelopes",
            "Requests of clients by what became of them",
            self.envelopes.clone(),
        );
        registry.register(
            "afterword_digested",
            "Envelopes by what the digest made of them",
            self.digested.clone(),
        );
        let seconds = Unit::Seconds;
        registry.register_with_unit(
            "afterword_digest_latency",
            "From the receipt of an envelope to what it holds being visible",
            seconds.clone(),
            self.latency.clone(),
        );
        registry.register(
            "afterword_inbox_waiting",
            "Envelopes that are accepted and not digested",
            self.waiting.clone(),
        );
        registry.register_with_unit(
            "afterword_inbox_oldest",
            "Age of the oldest of them",
            seconds.clone(),
            self.oldest.clone(),
        );
        registry.register(
            "afterword_set_aside",
            "Envelopes that could not be digested",
            self.set_aside.clone(),
        );
        let bytes = Unit::Bytes;
        registry.register_with_unit(
            "afterword_database_size",
            "Size of the database",
            bytes.clone(),
            self.database.clone(),
        );
        registry.register_with_unit(
            "afterword_disk_free",
            "Room where the data folder is",
            bytes.clone(),
            self.free_disk.clone(),
        );
        registry.register_with_unit(
            "process_resident_memory",
            "Memory of this process",
            bytes,
            self.resident.clone(),
        );
        registry.register_with_unit("process_start_time", "When it started, since 1970", seconds, started);
        self
    }

    /// Counts envelopes that are digested; `received_at` of each.
    pub(crate) fn digested(&self, received_at: impl Iterator<Item = i64>) {
        let now = now_ms();
        let digested = self.digested.get_or_create(&Outcome { outcome: "digested" }).clone();
        for at in received_at {
            digested.inc();
            self.latency.observe(seconds(now - at));
        }
    }

    /// How many envelopes this process has digested.
    pub(crate) fn digested_so_far(&self) -> i64 {
        let digested = self.digested.get_or_create(&Outcome { outcome: "digested" }).get();
        i64::try_from(digested).unwrap_or(i64::MAX)
    }

    /// Counts an envelope that was not digested.
    pub(crate) fn failed(&self, is_final: bool) {
        let outcome = if is_final { "set_aside" } else { "failed" };
        self.digested.get_or_create(&Outcome { outcome }).inc();
    }

    fn answered(&self, route: Option<&str>, method: &str, status: StatusCode) {
        let answer = Answer {
            route: route.unwrap_or("other").to_owned(),
            method: method.to_owned(),
            status: status.as_u16(),
        };
        self.requests.get_or_create(&answer).inc();
        let is_ingest = route.is_some_and(|route| route.starts_with("/api/{project}/"));
        if is_ingest && method == "POST" {
            let outcome = match status.as_u16() {
                200..=299 => "accepted",
                429 => "rate_limited",
                500..=599 => "unavailable",
                _ => "refused",
            };
            self.envelopes.get_or_create(&Outcome { outcome }).inc();
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of less than 200,000 years")]
fn seconds(ms: i64) -> f64 {
    ms.max(0) as f64 / 1000.0
}

/// Counts answers by their route.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    // Methods are the client's to invent.
    let method = match request.method().as_str() {
        known @ ("GET" | "POST" | "PUT" | "DELETE" | "HEAD" | "OPTIONS" | "PATCH") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let response = next.run(request).await;
    app.life
        .metrics
        .answered(route.as_ref().map(MatchedPath::as_str), &method, response.status());
    response
}

/// `/metrics`, for this machine or with a token.
pub(crate) async fn show(State(app): State<App>) -> Response {
    let start = Instant::now();
    if let Err(error) = look_up(&app).await {
        tracing::error!(error = chain(&error), "could not look up metrics");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = text::encode(&mut page, &app.life.metrics.registry);
    tracing::trace!(took = ?start.elapsed(), "told metrics");
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], page).into_response()
}

async fn look_up(app: &App) -> Result<(), Error> {
    let operation = "look up metrics";
    let metrics = &app.life.metrics;
    let (waiting, oldest) = app.inbox.waiting().await?;
    metrics.waiting.set(waiting);
    metrics.oldest.set(oldest.map_or(0, |at| (now_ms() - at).max(0) / 1000));
    let set_aside: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM set_aside")
        .fetch_one(&app.database.read)
        .await
        .or_failed(operation)?;
    metrics.set_aside.set(set_aside);
    metrics.database.set(storage::database_bytes(&app.database).await?);
    if let Some(free) = health::free_disk(app) {
        metrics.free_disk.set(i64::try_from(free).unwrap_or(i64::MAX));
    }
    if let Some(resident) = resident_bytes() {
        metrics.resident.set(resident);
    }
    Ok(())
}

/// The memory of this process, where the system tells.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
