//! The end of every route: an envelope is looked at, what is over a quota is taken out, the rest goes into the inbox.

use std::borrow::Cow;
use std::ops::Range;

use afterword_protocol::envelope::kind;
use afterword_protocol::rate_limits::Limit;
use afterword_protocol::{EnvelopeView, ItemHeader, ItemView, Limits};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::body::Held;
use super::outcomes::Outcome;
use super::quotas::Want;
use super::sender::Sender;
use super::{Category, Refusal};
use crate::inbox::Accepted;
use crate::{App, now_ms};

/// What is not put into a row may be larger.
const LARGE_BYTES: usize = 32 << 10;

/// What became of an envelope.
#[derive(Debug)]
pub(super) struct Taken {
    /// The id of its event, 32 hexadecimal digits, if it has one.
    pub(super) event_id: Option<String>,
    /// What the sender is to be told of limits.
    pub(super) limits: Vec<Limit>,
    /// All of it was over a quota: nothing is stored.
    pub(super) nothing_left: bool,
}

impl Taken {
    /// Refuses what is over a quota as a whole.
    pub(super) fn or_limited(self) -> Result<Self, Refusal> {
        if self.nothing_left {
            Err(Refusal::Limited(self.limits))
        } else {
            Ok(self)
        }
    }
}

/// Takes an envelope: when this returns `Ok`, what is left of it after quotas is durable.
pub(super) async fn take(app: &App, sender: &Sender, held: Held) -> Result<Taken, Refusal> {
    let plan = Plan::of(app, sender, &EnvelopeView::parse(&held, &Limits::default())?);
    plan.carry_out(app, sender, held).await
}

/// What is to become of an envelope.
#[derive(Debug)]
pub(super) struct Plan {
    taken: Taken,
    /// What is left out.
    spans: Vec<Range<usize>>,
    /// Whether there is anything else.
    stores: bool,
    heavy: bool,
    received_at: i64,
}

impl Plan {
    /// Counts an envelope against the quotas of its sender.
    pub(super) fn of(app: &App, sender: &Sender, view: &EnvelopeView<'_>) -> Self {
        let received_at = now_ms();
        let Over { spans, limits } = if sender.key.quotas.is_empty() {
            Over::default()
        } else {
            over_quota(app, sender, view, received_at)
        };
        let stores = spans.len() < view.items.len();
        Self {
            taken: Taken {
                event_id: event_id(view).map(|id| id.simple().to_string()),
                limits,
                nothing_left: !stores && !view.items.is_empty(),
            },
            spans,
            stores,
            heavy: view.items.iter().any(|item| item.header.is_crash()),
            received_at,
        }
    }

    /// Makes what is left of it durable.
    pub(super) async fn carry_out(self, app: &App, sender: &Sender, mut held: Held) -> Result<Taken, Refusal> {
        if self.stores {
            held.remove(&self.spans);
            let accepted = Accepted {
                project_id: sender.key.project_id,
                event_id: self.taken.event_id.clone(),
                client: sender.client.clone(),
                heavy: self.heavy,
                received_at: self.received_at,
            };
            accept(app, accepted, held).await?;
        }
        Ok(self.taken)
    }
}

/// Small envelopes are accepted as a whole or not at all, whoever goes away. Of a large one, its file would stay.
async fn accept(app: &App, accepted: Accepted, held: Held) -> Result<(), Refusal> {
    if held.len() < LARGE_BYTES {
        return Ok(app.inbox.accept(accepted, held).await?);
    }
    let inbox = app.inbox.clone();
    match tokio::spawn(async move { inbox.accept(accepted, held).await }).await {
        Ok(result) => Ok(result?),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What of an envelope is over a quota.
#[derive(Debug, Default)]
struct Over {
    spans: Vec<Range<usize>>,
    limits: Vec<Limit>,
}

/// Counts the items of an envelope against the quotas of their key and project, and says which are over.
fn over_quota(app: &App, sender: &Sender, view: &EnvelopeView<'_>, now: i64) -> Over {
    let now_ms = u64::try_from(now).unwrap_or(0);
    let mut limits = Vec::new();
    let over = choose(view, |want| {
        let taken = app.ingest.quotas.take(&sender.key.quotas, want, now_ms);
        taken.map_err(|told| limits.extend(told)).is_ok()
    });
    for (index, want) in &over {
        tracing::debug!(index, category = want.category.name(), "an item is over a quota");
        let project_id = sender.key.project_id;
        let outcomes = &app.ingest.outcomes;
        outcomes.count(project_id, want.category, Outcome::RateLimited, want.quantity, now);
    }
    limits.sort_by_key(|limit| (limit.scope, limit.categories.clone()));
    limits.dedup();
    Over {
        spans: over.iter().map(|(index, _)| view.items[*index].span.clone()).collect(),
        limits,
    }
}

/// Which items are left out, and as what they count. The one that makes the event goes first; without it, its files are
/// left out, too.
fn choose(view: &EnvelopeView<'_>, mut fits: impl FnMut(Want) -> bool) -> Vec<(usize, Want)> {
    let event = view.items.iter().position(|item| makes_event(&item.header));
    let crash = view.items.iter().position(|item| item.header.is_crash());
    let event_fits = match (event, crash) {
        (Some(index), _) => wanted(&view.items[index]).is_none_or(&mut fits),
        (None, Some(_)) => fits(Want {
            category: Category::Error,
            quantity: 1,
        }),
        (None, None) => true,
    };
    let mut over = Vec::new();
    for (index, item) in view.items.iter().enumerate() {
        let Some(want) = wanted(item) else { continue };
        let fits = if Some(index) == event {
            event_fits
        } else if want.category == Category::Attachment {
            // A crash is what its event is made of.
            event_fits && (item.header.is_crash() || fits(want))
        } else {
            fits(want)
        };
        if !fits {
            over.push((index, want));
        }
    }
    if event.is_none() && !event_fits {
        // Counted beside its files, since there is no item for it.
        if let Some(crash) = crash {
            let at = over.iter().position(|(index, _)| *index == crash);
            if let Some((_, want)) = at.and_then(|at| over.get_mut(at)) {
                *want = Want {
                    category: Category::Error,
                    quantity: 1,
                };
            }
        }
    }
    over
}

/// What an item counts as; `None` for what is never limited.
fn wanted(item: &ItemView<'_>) -> Option<Want> {
    let category = Category::of_item(&item.header.kind)?;
    let quantity = match category {
        Category::Span => item.header.other.get("item_count").and_then(Value::as_u64).unwrap_or(1),
        _ => 1,
    };
    Some(Want {
        category,
        quantity: quantity.max(1),
    })
}

fn makes_event(header: &ItemHeader) -> bool {
    [kind::EVENT, kind::TRANSACTION, kind::FEEDBACK].contains(&header.kind.as_str())
}

/// The id the envelope's event will have: the header's, else the payload's, else a new one. `None` without an event.
fn event_id(envelope: &EnvelopeView<'_>) -> Option<Uuid> {
    if envelope.header.event_id.is_some() {
        return envelope.header.event_id;
    }
    let event = envelope.items.iter().find(|item| makes_event(&item.header));
    if let Some(event) = event {
        return Some(id_in(event.payload).unwrap_or_else(Uuid::new_v4));
    }
    let crash = envelope.items.iter().find(|item| item.header.is_crash());
    crash.map(|_| Uuid::new_v4())
}

/// The id in an event's payload. All else is passed over: as values, a megabyte of JSON takes a hundred, and that is for
/// the digest, which looks at one event at a time.
pub(super) fn id_in(payload: &[u8]) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Payload<'a> {
        #[serde(borrow)]
        event_id: Cow<'a, str>,
    }
    let payload: Payload<'_> = serde_json::from_slice(payload).ok()?;
    Uuid::parse_str(&payload.event_id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which items are left out when these categories are full, and as what they count.
    fn over(envelope: &str, full: &[Category]) -> Vec<(usize, Category, u64)> {
        let view = EnvelopeView::parse(envelope.as_bytes(), &Limits::default()).unwrap();
        let over = choose(&view, |want| !full.contains(&want.category));
        over.into_iter()
            .map(|(index, want)| (index, want.category, want.quantity))
            .collect()
    }

    #[test]
    fn what_is_over_is_left_out_with_what_belongs_to_it() {
        use Category::{Attachment, Error, Session, Span, Transaction};
        let event = "{}\n{\"type\":\"attachment\"}\nabc\n{\"type\":\"event\"}\n{}\n{\"type\":\"session\"}\n{}";
        assert_eq!(over(event, &[]), []);
        assert_eq!(over(event, &[Error]), [(0, Attachment, 1), (1, Error, 1)]);
        assert_eq!(over(event, &[Attachment]), [(0, Attachment, 1)]);
        assert_eq!(over(event, &[Session]), [(2, Session, 1)]);

        let crash = "{}\n{\"type\":\"attachment\",\"attachment_type\":\"event.minidump\"}\nMDMP\n{\"type\":\"attachment\"}\nlog";
        assert_eq!(over(crash, &[Attachment]), [(1, Attachment, 1)]);
        assert_eq!(over(crash, &[Error]), [(0, Error, 1), (1, Attachment, 1)]);

        let transaction = "{}\n{\"type\":\"transaction\"}\n{}\n{\"type\":\"attachment\"}\n";
        assert_eq!(over(transaction, &[Error]), []);
        assert_eq!(
            over(transaction, &[Transaction]),
            [(0, Transaction, 1), (1, Attachment, 1)]
        );

        let spans =
            "{}\n{\"type\":\"span\",\"item_count\":7}\n{}\n{\"type\":\"client_report\"}\n{}\n{\"type\":\"soup\"}\n";
        assert_eq!(over(spans, &[Span]), [(0, Span, 7)]);
    }

    #[test]
    fn an_id_is_found_whatever_is_around_it() {
        let id = Uuid::from_u128(9);
        let cases = [
            (format!("{{\"event_id\":\"{id}\"}}"), Some(id)),
            (format!("{{\"a\":[{{}}],\"event_id\":\"{}\"}}", id.simple()), Some(id)),
            ("{\"event_id\":5}".to_owned(), None),
            ("{\"event_id\":\"x\"}".to_owned(), None),
            ("[]".to_owned(), None),
            (format!("{}\"event_id\":\"{id}\"", "[".repeat(100_000)), None),
            (
                format!(
                    "{{\"a\":{}{},\"event_id\":\"{id}\"}}",
                    "[".repeat(10_000),
                    "]".repeat(10_000)
                ),
                Some(id),
            ),
        ];
        for (payload, expected) in cases {
            assert_eq!(
                id_in(payload.as_bytes()),
                expected,
                "{}",
                &payload[..payload.len().min(80)]
            );
        }
    }
}
