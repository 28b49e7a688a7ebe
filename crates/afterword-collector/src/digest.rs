//! Digest: makes events, attachments, feedback, transactions and figures of the envelopes in the inbox. Apart from ingest, so that nothing in
//! the shape of what was accepted can make it be refused or lost.
//!
//! One task takes envelopes in the order they came. What is made of an envelope is written in one transaction that also
//! takes it out of the inbox, and everything written has a natural key (the event's id, an attachment's content), so
//! digesting again after a crash changes nothing; counts that have none are only added when
//! the envelope leaves the inbox with them. Each envelope is digested in a task of its own: a panic in there
//! counts as a failed try of that envelope, not as the end of the digest.

mod clock;
mod discards;
mod items;
mod sessions;
#[cfg(test)]
mod tests;
mod traces;
mod writing;

use std::time::Duration;

use afterword_protocol::{Envelope, EnvelopeError, Limits};
use tokio::sync::watch;

use crate::blobs::Blobs;
use crate::database::Database;
use crate::error::{OrFailed as _, chain};
use crate::inbox::{Claimed, Inbox, MAX_TRIES};
use crate::pepper::Pepper;
use crate::{Error, blocking, now_ms};

pub(crate) use items::Contents;

/// How long to wait when the database itself fails.
const PAUSE: Duration = Duration::from_secs(2);

/// What the digest works with.
#[derive(Debug, Clone)]
pub(crate) struct Digest {
    pub(crate) database: Database,
    pub(crate) blobs: Blobs,
    pub(crate) inbox: Inbox,
    pub(crate) pepper: Pepper,
}

/// Why an envelope was not digested.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Trying again will not help.
    #[error("the envelope is malformed")]
    Envelope(#[from] EnvelopeError),
    /// Trying again will not help.
    #[error("the {kind} is no JSON")]
    Payload {
        kind: String,
        #[source]
        source: serde_json::Error,
    },
    /// Trying again may help.
    #[error("could not be written")]
    Storage(#[from] Error),
    /// A mistake of ours; trying again costs little.
    #[error("digesting it panicked: {0}")]
    Panic(String),
}

impl Failure {
    fn is_final(&self) -> bool {
        matches!(self, Self::Envelope(_) | Self::Payload { .. })
    }
}

impl Digest {
    /// Digests until `stop` says so; what is being digested then is finished first.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let pause = match self.next().await {
                Ok(true) => continue,
                Ok(false) => match self.inbox.next_due(now_ms()).await {
                    Ok(due) => due,
                    Err(error) => Some(log(&error)),
                },
                Err(error) => Some(log(&error)),
            };
            // Woken by an arrival, by time for what is to be tried again, or by the end.
            let arrival = async {
                match pause {
                    Some(pause) => {
                        let _ = tokio::time::timeout(pause.max(Duration::from_millis(10)), self.inbox.arrived()).await;
                    }
                    None => self.inbox.arrived().await,
                }
            };
            tokio::select! {
                () = arrival => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Digests the oldest envelope that is due. `false` if there is none.
    async fn next(&self) -> Result<bool, Error> {
        let Some(claimed) = self.inbox.claim(now_ms()).await? else {
            return Ok(false);
        };
        if claimed.tries > MAX_TRIES {
            // The process died in each of them.
            self.inbox
                .set_aside(&claimed, "digesting it never came to an end", now_ms())
                .await?;
            return Ok(true);
        }
        let task = tokio::spawn({
            let (digest, claimed) = (self.clone(), claimed.clone());
            async move { digest.digest(&claimed).await }
        });
        let result = task
            .await
            .unwrap_or_else(|error| Err(Failure::Panic(panic_words(error))));
        if let Err(failure) = result {
            self.failed(&claimed, &failure).await?;
        }
        Ok(true)
    }

    async fn digest(&self, claimed: &Claimed) -> Result<(), Failure> {
        let (blobs, name) = (self.blobs.clone(), claimed.blob.clone());
        let bytes = blocking(move || blobs.envelope(&name)).await?;
        let envelope = Envelope::parse(&bytes, &Limits::default())?;
        drop(bytes);
        let contents = Contents::of(envelope, claimed, &self.pepper)?;
        self.write(contents, claimed).await?;
        let (blobs, name) = (self.blobs.clone(), claimed.blob.clone());
        if let Err(error) = blocking(move || blobs.remove_envelope(&name)).await {
            // It is digested; the next start tidies.
            log(&error);
        }
        Ok(())
    }

    async fn failed(&self, claimed: &Claimed, failure: &Failure) -> Result<(), Error> {
        let words = chain(failure);
        if failure.is_final() || claimed.tries >= MAX_TRIES {
            tracing::warn!(envelope = claimed.id, error = words, "set an envelope aside");
            self.inbox.set_aside(claimed, &words, now_ms()).await
        } else {
            tracing::warn!(
                envelope = claimed.id,
                error = words,
                "could not digest an envelope, will try again"
            );
            self.inbox.put_back(claimed, &words, now_ms()).await
        }
    }

    async fn write(&self, contents: Contents, claimed: &Claimed) -> Result<(), Error> {
        let operation = "write what an envelope holds";
        let mut attachments = Vec::with_capacity(contents.attachments.len());
        for attachment in contents.attachments {
            let blobs = self.blobs.clone();
            let sha256 = blocking(move || blobs.put_attachment(&attachment.bytes)).await?;
            attachments.push((attachment.meta, sha256));
        }
        let mut transaction = self.database.write.begin().await.or_failed(operation)?;
        if let Some(event) = &contents.event {
            writing::event(&mut transaction, claimed, event).await?;
        }
        for (meta, sha256) in &attachments {
            writing::attachment(&mut transaction, claimed, meta, sha256).await?;
        }
        for feedback in &contents.feedback {
            writing::feedback(&mut transaction, claimed, feedback).await?;
        }
        if let Some(new) = &contents.transaction {
            writing::traces::transaction(&mut transaction, claimed, new).await?;
        }
        for span in &contents.spans {
            writing::traces::span(&mut transaction, claimed, span).await?;
        }
        for update in &contents.sessions {
            writing::health::session(&mut transaction, claimed, update).await?;
        }
        for counts in &contents.counts {
            writing::health::counts(&mut transaction, claimed, counts).await?;
        }
        for (kind, count) in &contents.undigested {
            writing::undigested(&mut transaction, claimed, kind, count).await?;
        }
        Inbox::finish(&mut transaction, claimed).await?;
        transaction.commit().await.or_failed(operation)
    }
}

fn log(error: &Error) -> Duration {
    tracing::error!(error = chain(error), "the digest has to wait");
    PAUSE
}

fn panic_words(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            text.or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default()
        }
        Err(error) => error.to_string(),
    }
}
