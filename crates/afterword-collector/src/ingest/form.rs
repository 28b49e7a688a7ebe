//! Multipart bodies, part by part, without ever holding more than a piece beside what is kept of them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use futures_util::Stream;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use multer::{Field, Multipart};

use super::Refusal;
use super::incoming::Incoming;

/// What may stand between two pieces of content: boundaries and the headers of a part.
const MAX_BETWEEN_BYTES: usize = 64 << 10;

/// A multipart body that is being read.
pub(super) struct Form {
    parts: Multipart<'static>,
    fed_bytes: Arc<AtomicUsize>,
}

/// A part of it; to be read to its end before the next.
pub(super) struct Part {
    field: Field<'static>,
    fed_bytes: Arc<AtomicUsize>,
}

impl Form {
    /// Reads a body whose `Content-Type` has this boundary.
    pub(super) fn of(boundary: String, incoming: Incoming) -> Self {
        let fed_bytes = Arc::new(AtomicUsize::new(0));
        let pieces = stream::unfold(incoming, |mut incoming| async {
            let piece = incoming.next().await.transpose()?;
            Some((piece, incoming))
        });
        let feed = Feed {
            pieces: pieces.boxed(),
            fed_bytes: Arc::clone(&fed_bytes),
            rests: false,
        };
        Self {
            parts: Multipart::new(feed, boundary),
            fed_bytes,
        }
    }

    /// The next part, `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, Refusal> {
        self.fed_bytes.store(0, Ordering::Relaxed);
        let field = self.parts.next_field().await.map_err(refusal)?;
        Ok(field.map(|field| Part {
            field,
            fed_bytes: Arc::clone(&self.fed_bytes),
        }))
    }
}

impl Part {
    /// The name of the form's field; empty if it has none.
    pub(super) fn name(&self) -> &str {
        self.field.name().unwrap_or("")
    }

    /// The name of the file, if it is one.
    pub(super) fn file_name(&self) -> Option<&str> {
        self.field.file_name()
    }

    /// The media type, if it is told.
    pub(super) fn content_type(&self) -> Option<String> {
        self.field.content_type().map(ToString::to_string)
    }

    /// The next piece of its content, `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        self.fed_bytes.store(0, Ordering::Relaxed);
        self.field.chunk().await.map_err(refusal)
    }
}

/// Feeds the parser. It takes whatever is there before it looks at any, and so would hold all of a body that is there
/// already, or decompresses from little: this gives it a piece at a time, and an end to what it gathers without giving
/// anything out.
struct Feed {
    pieces: BoxStream<'static, Result<Bytes, Refusal>>,
    /// Since something came out.
    fed_bytes: Arc<AtomicUsize>,
    rests: bool,
}

impl Stream for Feed {
    type Item = Result<Bytes, Refusal>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.rests {
            self.rests = false;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.fed_bytes.load(Ordering::Relaxed) > MAX_BETWEEN_BYTES {
            let words = format!("the headers of a part are over the limit of {MAX_BETWEEN_BYTES} bytes");
            return Poll::Ready(Some(Err(Refusal::TooLarge(words))));
        }
        let piece = ready!(self.pieces.poll_next_unpin(context));
        if let Some(Ok(piece)) = &piece {
            self.fed_bytes.fetch_add(piece.len(), Ordering::Relaxed);
            self.rests = true;
        }
        Poll::Ready(piece)
    }
}

fn refusal(error: multer::Error) -> Refusal {
    let malformed = |error: &dyn std::fmt::Display| Refusal::Malformed(format!("the form is malformed: {error}"));
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast::<Refusal>() {
            Ok(refusal) => *refusal,
            Err(other) => malformed(&other),
        },
        other => malformed(&other),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use axum::body::Body;
    use axum::http::HeaderMap;

    use super::super::body::Limit;
    use super::*;

    const PIECE: usize = 10_000;

    /// A form in pieces that are all there already, and how many of them were taken.
    fn form(head: &str, pieces: usize) -> (Form, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let head = Bytes::from(head.to_owned());
        let pieces = std::iter::repeat_n(Bytes::from(vec![b'x'; PIECE]), pieces);
        let all = std::iter::once(head)
            .chain(pieces)
            .chain([Bytes::from("\r\n--B--\r\n")]);
        let stream = stream::iter(all.inspect(move |_| _ = counted.fetch_add(1, Ordering::Relaxed)));
        let body = Body::from_stream(stream.map(Ok::<_, io::Error>));
        let limit = Limit::of_envelope();
        let incoming = Incoming::of(&HeaderMap::new(), body, limit, limit).unwrap();
        (Form::of("B".to_owned(), incoming), taken)
    }

    #[tokio::test]
    async fn no_more_is_taken_than_is_given_out() {
        let (mut form, taken) = form("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", 1000);
        let mut part = form.next().await.unwrap().unwrap();
        assert_eq!(part.name(), "a");
        let mut bytes = 0;
        while let Some(piece) = part.next().await.unwrap() {
            bytes += piece.len();
            let taken_bytes = taken.load(Ordering::Relaxed) * PIECE;
            assert!(taken_bytes <= bytes + 3 * PIECE, "{taken_bytes} for {bytes}");
        }
        assert_eq!(bytes, 1000 * PIECE);
        drop(part);
        assert!(form.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_stands_before_a_part_is_bounded() {
        for head in ["no boundary", "--B", "--B\r\nContent-Disposition: "] {
            let (mut form, taken) = form(head, 1000);
            assert!(form.next().await.is_err(), "{head}");
            assert!(
                taken.load(Ordering::Relaxed) * PIECE <= MAX_BETWEEN_BYTES + 3 * PIECE,
                "{head}"
            );
        }
    }
}
