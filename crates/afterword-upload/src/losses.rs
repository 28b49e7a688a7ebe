//! Telling a server what was lost: a client report of the counts in the store.
//!
//! One envelope with at most [`MAX_COUNTS`] counts; the rest goes with the next one. What was told is taken off the counts
//! once the server's 2xx is there, and only that much: a kill in between tells it twice, nothing forgets it.

use std::time::SystemTime;

use afterword_protocol::envelope::kind;
use afterword_protocol::{Dsn, Envelope, Item};
use afterword_store::{Loss, Store, chain};
use serde_json::json;
use uuid::Uuid;

use crate::answer::{Expected, Verdict};
use crate::report::{gzip, keep_limits, request};
use crate::transport::Line;
use crate::{Options, Progress};

/// A count has about 70 bytes, and servers take 4 KiB.
const MAX_COUNTS: usize = 40;

/// Tells a server of the losses, if there are any. What fails is told to the log alone: they stay counted, and go with the
/// next pass. The caller holds the sender's lock.
pub(crate) fn tell(
    store: &Store,
    options: &Options,
    line: &mut Line<'_>,
    dsn: &Dsn,
    progress: &dyn Progress,
    permitted: &dyn Fn() -> bool,
) {
    let mut losses = match store.losses() {
        Ok(losses) => losses,
        Err(error) => return log::warn!("losses are not told: {}", chain(&error)),
    };
    losses.truncate(MAX_COUNTS);
    if losses.is_empty() {
        return;
    }
    let Some(body) = gzip(&envelope(dsn, &losses).to_bytes(), progress) else {
        return;
    };
    let permitted = || if permitted() { Ok(()) } else { Err(()) };
    let answer = match line.post(&request(options, dsn, body), progress, permitted) {
        Ok(Ok(answer)) => answer,
        Ok(Err(failure)) => return log::info!("losses are told later: {failure:?}"),
        Err(()) => return,
    };
    let now = SystemTime::now();
    match answer.verdict(&Expected::Nothing, now) {
        Verdict::Accepted { .. } => {
            if let Err(error) = store.subtract_losses(&losses) {
                log::warn!("losses will be told twice: {}", chain(&error));
            }
        }
        other => log::info!("losses are told later: {other:?}"),
    }
    keep_limits(store, &answer, now);
}

fn envelope(dsn: &Dsn, losses: &[Loss]) -> Envelope {
    let seconds = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let report = json!({ "timestamp": seconds, "discarded_events": losses });
    // By the id, a server can tell that it got the same counts twice: where its answer was lost, and they were tried again.
    let mut envelope = Envelope::new(Uuid::new_v4());
    envelope.header.dsn = Some(dsn.to_string());
    envelope.push(Item::new(kind::CLIENT_REPORT, report.to_string().into_bytes()));
    envelope
}
