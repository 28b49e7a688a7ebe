//! Sending: what waits in `alert_deliveries` goes out, is tried again, and is kept with what the other side said.
//!
//! - Each delivery is sent by one collector, however many there are (`queue`), and once: only a collector that dies, or loses
//!   its database, between sending and writing it down makes another send it again. So that a receiver can tell, a message has
//!   the same id at each try: `X-Afterword-Delivery`, and `Message-ID` of mail.
//! - What is meant for the same place (the same action, to the letter) goes there one at a time, the oldest first. If one
//!   fails, those behind it wait for its next try or a minute, whichever is sooner, so that short troubles change no order and
//!   long ones hold up nothing else (`backoff`).
//! - A place that cannot be reached, takes too long, or answers that it cannot now (408, 425, 429, 5xx; SMTP's 4xx) is tried
//!   for about a day; one that will never take it is not tried again, and the answer says what to do (`outcome`). The test
//!   button tries once.
//! - Ending leaves what waits for the next start.

mod backoff;
mod outcome;
mod queue;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinSet};

use super::mail::{self, MailServer};
use super::outbound::{Guard, Limits, Outbound};
use super::{Action, Alert, slack, webhook};
use crate::error::chain;
use crate::{App, Error, now_ms};
use queue::{Next, Taken};

pub(crate) use outcome::{Outcome, Verdict};

/// So many go out at once.
const MAX_AT_ONCE: usize = 16;

/// How often it is looked, unless somebody says that there is something.
const EVERY: Duration = Duration::from_secs(1);

/// How long what is under way may go on at the end.
const GRACE: Duration = Duration::from_secs(5);

/// What sending needs; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    wanted: Notify,
    outbound: Outbound,
    /// Given on the command line.
    mail: Option<MailServer>,
    limits: Limits,
}

impl Sending {
    /// `allowed`: private networks that may be sent to; `mail`: the server that was named on the command line.
    pub(crate) fn new(allowed: &[IpNet], mail: Option<MailServer>) -> Self {
        Self::with_limits(allowed, mail, Limits::default())
    }

    fn with_limits(allowed: &[IpNet], mail: Option<MailServer>, limits: Limits) -> Self {
        let inner = Inner {
            wanted: Notify::new(),
            outbound: Outbound::new(Guard::new(allowed), limits),
            mail,
            limits,
        };
        Self { inner: Arc::new(inner) }
    }

    /// There is something to send.
    pub(crate) fn wake(&self) {
        self.inner.wanted.notify_one();
    }

    /// What keeps out of private networks.
    pub(super) fn guard(&self) -> &Guard {
        self.inner.outbound.guard()
    }

    /// The mail server of the command line, which goes before that of the settings.
    pub(crate) fn mail(&self) -> Option<&MailServer> {
        self.inner.mail.as_ref()
    }
}

/// A message on its way.
#[derive(Debug)]
pub(super) struct Message<'a> {
    /// The same at each try, and of no other message.
    pub(super) id: &'a str,
    pub(super) alert: &'a Alert,
    /// Of several addresses those that have it.
    pub(super) reached: Vec<String>,
}

/// Sends what is due until `stopped` says so.
pub(crate) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let mut under_way = UnderWay::default();
    while !*stopped.borrow() {
        if let Err(error) = under_way.begin(&app).await {
            tracing::error!(error = chain(&error), "could not look for what is to be sent");
        }
        tokio::select! {
            () = app.sending.inner.wanted.notified() => {}
            () = app.alerts.deliveries() => {}
            () = under_way.one() => {}
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.changed() => {}
        }
    }
    let rest = async {
        while !under_way.places.is_empty() {
            under_way.one().await;
        }
    };
    if tokio::time::timeout(GRACE, rest).await.is_err() {
        tracing::warn!("some messages were still on their way: they are sent again");
    }
}

/// Tries all mail that waits: the mail server is another one.
pub(super) async fn try_mail_now(app: &App) -> Result<(), Error> {
    queue::mail_is_due(&app.database, now_ms()).await?;
    app.sending.wake();
    Ok(())
}

/// What is being sent by this collector.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    places: HashMap<Id, String>,
}

impl UnderWay {
    /// Takes what is due and there is room for.
    async fn begin(&mut self, app: &App) -> Result<(), Error> {
        let room = MAX_AT_ONCE.saturating_sub(self.places.len());
        if room == 0 {
            return Ok(());
        }
        let busy: HashSet<String> = self.places.values().cloned().collect();
        for taken in queue::take(&app.database, &busy, room, now_ms()).await? {
            let place = taken.action.clone();
            let app = app.clone();
            let task = self.tasks.spawn(async move {
                let id = taken.id;
                if let Err(error) = deliver(&app, taken).await {
                    tracing::error!(
                        delivery = id,
                        error = chain(&error),
                        "could not write down what was sent"
                    );
                }
            });
            self.places.insert(task.id(), place);
        }
        Ok(())
    }

    /// Waits until one has ended; for ever if there is none.
    async fn one(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => {
                tracing::error!(%error, "sending broke off");
                error.id()
            }
            None => std::future::pending().await,
        };
        self.places.remove(&id);
    }
}

/// Sends one, and writes down what became of it.
async fn deliver(app: &App, taken: Taken) -> Result<(), Error> {
    let read: Result<(Action, Alert), _> = serde_json::from_str(&taken.action)
        .and_then(|action| serde_json::from_str(&taken.alert).map(|alert| (action, alert)));
    let (outcome, sent, is_test) = match &read {
        Ok((action, alert)) => {
            let id = format!("{:x}-{}", taken.created_at, taken.id);
            let reached = taken
                .reached
                .as_deref()
                .and_then(|reached| serde_json::from_str(reached).ok());
            let message = Message {
                id: &id,
                alert,
                reached: reached.unwrap_or_default(),
            };
            let (outcome, sent) = send(app, action, &message).await?;
            (outcome, Some(sent.to_string()), alert.is_test)
        }
        Err(error) => (Outcome::refused(format!("it cannot be read: {error}")), None, false),
    };
    let wait = |after| backoff::wait(taken.tries, after, getrandom::u32().unwrap_or(u32::MAX / 2));
    let next = match outcome.verdict {
        Verdict::Sent => Next::Sent,
        Verdict::Again(after) if !is_test => wait(after).map_or(Next::Failed, Next::Again),
        Verdict::Again(_) | Verdict::Refused => Next::Failed,
    };
    if let Next::Failed = next {
        tracing::warn!(
            delivery = taken.id,
            tries = taken.tries,
            answer = outcome.answer,
            "an alert was not delivered"
        );
    }
    queue::write(&app.database, &taken, &outcome, sent, next, now_ms()).await
}

/// Sends a message once. Returns what became of it, and what was sent, without secrets.
async fn send(app: &App, action: &Action, message: &Message<'_>) -> Result<(Outcome, Value), Error> {
    let sending = &app.sending.inner;
    match action {
        Action::Slack { url } => {
            let body = slack::message(message.alert);
            let bytes = body.to_string().into_bytes();
            let headers = [("X-Afterword-Delivery", message.id.to_owned())];
            let outcome = sending.outbound.post(url, &headers, bytes).await;
            Ok((outcome, json!({ "to": without_secrets(url), "body": body })))
        }
        Action::Webhook { url, secret } => {
            let body = webhook::message(message.id, message.alert);
            let bytes = body.to_string().into_bytes();
            let headers = webhook::headers(message.id, secret, &bytes, now_ms() / 1000);
            let outcome = sending.outbound.post(url, &headers, bytes).await;
            Ok((outcome, json!({ "to": without_secrets(url), "body": body })))
        }
        Action::Email { to } => mail::send(app, to, message, sending.limits).await,
    }
}

/// An address as it may be shown: without its path, of which most is often a secret, and without a password.
pub(crate) fn without_secrets(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(url) if url.has_host() => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{}{port}/…", url.scheme(), url.host_str().unwrap_or_default())
        }
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests;
