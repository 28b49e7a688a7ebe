//! A request's body that counts what the connection has taken of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// So much is handed over at a time: small enough that progress moves, large enough to cost nothing.
const CHUNK_BYTES: usize = 16 * 1024;

/// Bytes whose length is known, so that they go with `Content-Length`.
pub(super) struct CountedBody {
    left: Bytes,
    sent: Arc<AtomicU64>,
}

impl CountedBody {
    /// `sent` counts the bytes that were taken.
    pub(super) fn new(bytes: Bytes, sent: Arc<AtomicU64>) -> CountedBody {
        CountedBody { left: bytes, sent }
    }
}

impl Body for CountedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.left.len().min(CHUNK_BYTES);
        let chunk = self.left.split_to(length);
        self.sent.fetch_add(length as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
