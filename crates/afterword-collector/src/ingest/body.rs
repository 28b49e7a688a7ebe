//! Reading a body: bounded in what it is, in what it grows to, in time, and in what all of them hold at once.

use std::error::Error as StdError;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use afterword_protocol::Limits;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Refusal;

/// A sender that is silent for longer has gone away.
const SILENCE: Duration = Duration::from_secs(30);

/// Permits are of this many bytes.
const PERMIT_BYTES: usize = 64 << 10;

/// How much memory all bodies that are being read may hold together; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    permits: Arc<Semaphore>,
}

/// The bytes of a body, which count against the budget until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Vec<u8>,
    _permits: Option<OwnedSemaphorePermit>,
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Budget {
    /// A budget of this many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(bytes / PERMIT_BYTES)),
        }
    }

    /// Reads a decompressed body, refusing it once it is longer than `limit_bytes`.
    pub(crate) async fn read(&self, mut body: Body, limit_bytes: usize) -> Result<Held, Refusal> {
        let mut held = Held {
            bytes: Vec::new(),
            _permits: None,
        };
        loop {
            let next = tokio::time::timeout(SILENCE, body.frame()).await;
            let frame = match next.map_err(|_| Refusal::Malformed("the body stopped coming".to_owned()))? {
                None => return Ok(held),
                Some(frame) => frame.map_err(|error| unreadable(&error))?,
            };
            if let Ok(data) = frame.into_data() {
                self.append(&mut held, &data, limit_bytes)?;
            }
        }
    }

    fn append(&self, held: &mut Held, data: &Bytes, limit_bytes: usize) -> Result<(), Refusal> {
        let size_bytes = held.bytes.len() + data.len();
        if size_bytes > limit_bytes {
            return Err(too_large(limit_bytes));
        }
        // What is allocated counts, not what is used of it.
        let capacity_bytes = if size_bytes > held.bytes.capacity() {
            size_bytes.max((held.bytes.capacity() * 2).min(limit_bytes))
        } else {
            held.bytes.capacity()
        };
        let has = held._permits.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(capacity_bytes.div_ceil(PERMIT_BYTES).saturating_sub(has)).unwrap_or(u32::MAX);
        if more > 0 {
            let permits = Arc::clone(&self.permits)
                .try_acquire_many_owned(more)
                .map_err(|_| Refusal::Overloaded)?;
            match &mut held._permits {
                Some(held) => held.merge(permits),
                none => *none = Some(permits),
            }
        }
        held.bytes.reserve_exact(capacity_bytes - held.bytes.len());
        held.bytes.extend_from_slice(data);
        Ok(())
    }
}

/// Bounds the body as it comes over the wire, before it is decompressed: nothing that is longer can be within the
/// limits, and a compressed stream of nothing must not go on for ever. What says beforehand that it is too long is not
/// read at all.
pub(super) async fn limit_compressed(request: Request, next: Next) -> Response {
    let limit_bytes = Limits::default().envelope_bytes;
    let stated = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    if stated
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: usize| length > limit_bytes)
    {
        return too_large(limit_bytes).into_response();
    }
    next.run(request.map(|body| Body::new(Limited::new(body, limit_bytes))))
        .await
}

fn unreadable(error: &axum::Error) -> Refusal {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return too_large(Limits::default().envelope_bytes);
        }
        cause = error.source();
    }
    Refusal::Malformed("the body could not be read or decompressed".to_owned())
}

fn too_large(limit_bytes: usize) -> Refusal {
    Refusal::TooLarge(format!("envelope size in bytes is over the limit of {limit_bytes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(budget: &Budget, size_bytes: usize, limit_bytes: usize) -> Result<Held, Refusal> {
        budget.read(Body::from(vec![0; size_bytes]), limit_bytes).await
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_limit() {
        let budget = Budget::new(1 << 20);
        for (size_bytes, taken) in [(0, true), (999, true), (1000, true), (1001, false)] {
            assert_eq!(read(&budget, size_bytes, 1000).await.is_ok(), taken, "{size_bytes}");
        }
    }

    #[tokio::test]
    async fn a_body_never_has_more_memory_than_it_paid_for() {
        let budget = Budget::new(1 << 20);
        let mut held = Held {
            bytes: Vec::new(),
            _permits: None,
        };
        for _ in 0..50 {
            budget
                .append(&mut held, &Bytes::from(vec![0; 13_000]), 700_000)
                .unwrap();
            let paid_bytes = held._permits.as_ref().unwrap().num_permits() * PERMIT_BYTES;
            assert!(held.bytes.capacity() <= paid_bytes && held.bytes.capacity() <= 700_000);
        }
        assert_eq!(held.len(), 650_000);
    }

    #[tokio::test]
    async fn all_bodies_together_are_bounded() {
        let budget = Budget::new(4 * PERMIT_BYTES);
        let first = read(&budget, 3 * PERMIT_BYTES, usize::MAX).await.unwrap();
        assert!(matches!(
            read(&budget, PERMIT_BYTES + 1, usize::MAX).await,
            Err(Refusal::Overloaded)
        ));
        read(&budget, PERMIT_BYTES, usize::MAX).await.unwrap();
        drop(first);
        read(&budget, 4 * PERMIT_BYTES, usize::MAX).await.unwrap();
    }
}
