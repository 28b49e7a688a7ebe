//! What a collector has, asked through its API as any script would.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::StatusCode;
use reqwest::blocking::Client;
use serde_json::Value;

/// How long an accepted event may take until it is shown.
const DIGESTED_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// The API of one project.
pub(crate) struct Api {
    client: Client,
    url: String,
    project: String,
    token: String,
}

impl Api {
    /// The API at `url`, for a project such as `demo/paint`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub(crate) fn new(url: &str, project: &str, token: &str) -> anyhow::Result<Api> {
        // The second call in a process finds one there, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Api {
            client: Client::builder().timeout(Duration::from_secs(10)).build()?,
            url: url.trim_end_matches('/').to_owned(),
            project: project.to_owned(),
            token: token.to_owned(),
        })
    }

    /// The issues, newest first.
    ///
    /// # Errors
    /// Any answer but a list.
    pub(crate) fn issues(&self) -> anyhow::Result<Vec<Value>> {
        let issues = self.get(&format!("projects/{}/issues/", self.project))?;
        match issues {
            Some(Value::Array(issues)) => Ok(issues),
            other => bail!("the collector answered {other:?} to the question for its issues"),
        }
    }

    /// Whether there is such an event now.
    ///
    /// # Errors
    /// Any answer but an event or none.
    pub(crate) fn has_event(&self, event_id: &str) -> anyhow::Result<bool> {
        let path = format!("projects/{}/events/{event_id}/", self.project);
        Ok(self.get(&path)?.is_some())
    }

    /// The event, as soon as it is digested.
    ///
    /// # Errors
    /// When it is not there within half a minute.
    pub(crate) fn event(&self, event_id: &str) -> anyhow::Result<Value> {
        let path = format!("projects/{}/events/{event_id}/", self.project);
        wait_for(|| self.get(&path)).with_context(|| format!("the collector does not have the event {event_id}"))
    }

    /// The event, as soon as the person's comment is there too.
    ///
    /// # Errors
    /// When it is not there within half a minute.
    pub(crate) fn event_with_feedback(&self, event_id: &str) -> anyhow::Result<Value> {
        let path = format!("projects/{}/events/{event_id}/", self.project);
        wait_for(|| {
            Ok(self
                .get(&path)?
                .filter(|event| event["feedback"][0]["message"].is_string()))
        })
        .with_context(|| format!("the collector does not have the comment on the event {event_id}"))
    }

    /// The issue of an event.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn issue(&self, event: &Value) -> anyhow::Result<Value> {
        let id = event["groupID"].as_str().context("the event belongs to no issue")?;
        self.get(&format!("issues/{id}/"))?
            .with_context(|| format!("the collector does not have the issue {id}"))
    }

    /// `None` for 404.
    fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let url = format!("{}/api/0/{path}", self.url);
        let answer = self.client.get(&url).bearer_auth(&self.token).send()?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(answer.json().with_context(|| format!("{url}: no JSON"))?)),
            status => bail!("{url}: {status}"),
        }
    }
}

fn wait_for<T>(mut look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if start.elapsed() > DIGESTED_WITHIN {
            bail!("not within {} s", DIGESTED_WITHIN.as_secs());
        }
        std::thread::sleep(POLL);
    }
}
