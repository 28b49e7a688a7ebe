//! A body as it comes: decompressed, bounded on both sides of that, and in time.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use futures_util::TryStreamExt;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::time::Instant;
use tokio_util::io::StreamReader;

use super::Refusal;
use super::body::Limit;

/// A sender that is silent for longer has gone away.
const SILENCE: Duration = Duration::from_secs(30);

/// A body that takes longer than this is given up, however steadily it trickles.
const WHOLE: Duration = Duration::from_secs(600);

/// How many encodings a body may be in, one inside the other.
const MAX_ENCODINGS: usize = 3;

/// What is decompressed at once.
const PIECE_BYTES: usize = 16 << 10;

/// The largest window of zstd, as a power of two: what RFC 9659 asks a sender to keep to.
const ZSTD_WINDOW_LOG: u32 = 23;

/// A request's body, read piece by piece.
pub(super) struct Incoming {
    source: Source,
    wire: Limit,
    decoded: Limit,
    taken_bytes: usize,
    stated_bytes: usize,
    silence: Duration,
    until: Instant,
}

enum Source {
    Plain(Body),
    Encoded(Box<dyn AsyncRead + Send + Unpin>),
}

type Encoded = Box<dyn AsyncBufRead + Send + Unpin>;

impl Incoming {
    /// A body that may have `wire` bytes as it is sent, if it is compressed, and `decoded` bytes otherwise. One that
    /// states beforehand that it has more is not read at all.
    pub(super) fn of(headers: &HeaderMap, body: Body, wire: Limit, decoded: Limit) -> Result<Self, Refusal> {
        let encodings = encodings(headers)?;
        let wire = if encodings.is_empty() { decoded } else { wire };
        let stated = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let stated_bytes = stated.and_then(|length| length.parse().ok()).unwrap_or(0);
        wire.check(stated_bytes)?;
        let source = if encodings.is_empty() {
            Source::Plain(body)
        } else {
            Source::Encoded(decoder(body, wire, &encodings))
        };
        Ok(Self {
            source,
            wire,
            decoded,
            taken_bytes: 0,
            stated_bytes,
            silence: SILENCE,
            until: Instant::now() + WHOLE,
        })
    }

    /// How long the body is by its own account, at most the limit; 0 if it does not say, or is compressed.
    pub(super) fn stated_bytes(&self) -> usize {
        match self.source {
            Source::Plain(_) => self.stated_bytes,
            Source::Encoded(_) => 0,
        }
    }

    /// The next piece, `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        // A body that is there already, or decompresses from little, must let others have their turn.
        tokio::task::coop::consume_budget().await;
        let until = self.until.min(Instant::now() + self.silence);
        let piece = tokio::time::timeout_at(until, self.source.next());
        let piece = piece.await.map_err(|_| Refusal::TimedOut)?;
        let piece = piece.map_err(|error| self.unreadable(error.as_ref()))?;
        if let Some(piece) = &piece {
            self.taken_bytes += piece.len();
            self.decoded.check(self.taken_bytes)?;
        }
        Ok(piece)
    }

    fn unreadable(&self, error: &(dyn StdError + 'static)) -> Refusal {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return match self.wire.check(usize::MAX) {
                    Err(refusal) => refusal,
                    Ok(()) => break,
                };
            }
            cause = error.source();
        }
        Refusal::Malformed("the body could not be read or decompressed".to_owned())
    }
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>, axum::BoxError> {
        match self {
            Self::Plain(body) => loop {
                let Some(frame) = body.frame().await else {
                    return Ok(None);
                };
                // What is no data are trailers.
                if let Ok(data) = frame?.into_data() {
                    return Ok(Some(data));
                }
            },
            Self::Encoded(reader) => {
                let mut piece = Vec::with_capacity(PIECE_BYTES);
                let size_bytes = reader.read_buf(&mut piece).await?;
                Ok((size_bytes > 0).then(|| Bytes::from(piece)))
            }
        }
    }
}

/// One of the content encodings that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Gzip,
    /// Deflate, which on the web means zlib.
    Zlib,
    Brotli,
    Zstd,
}

/// The encodings of a body, in the order in which they were applied.
fn encodings(headers: &HeaderMap) -> Result<Vec<Encoding>, Refusal> {
    let mut encodings = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let value = value.to_str().map_err(|_| Refusal::Encoding("?".to_owned()))?;
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            encodings.push(match name.to_ascii_lowercase().as_str() {
                "identity" => continue,
                "gzip" | "x-gzip" => Encoding::Gzip,
                "deflate" => Encoding::Zlib,
                "br" => Encoding::Brotli,
                "zstd" => Encoding::Zstd,
                _ => return Err(Refusal::Encoding(name.chars().take(50).collect())),
            });
        }
    }
    if encodings.len() > MAX_ENCODINGS {
        return Err(Refusal::Malformed(format!(
            "a body may be in {MAX_ENCODINGS} encodings at most"
        )));
    }
    Ok(encodings)
}

/// Undoes the encodings, the last one first. A decoder's window is never more than what came out of it.
fn decoder(body: Body, wire: Limit, encodings: &[Encoding]) -> Box<dyn AsyncRead + Send + Unpin> {
    let body = Body::new(Limited::new(body, wire.bytes));
    let stream = TryStreamExt::map_err(body.into_data_stream(), io::Error::other);
    let mut reader: Encoded = Box::new(StreamReader::new(stream));
    for encoding in encodings.iter().rev() {
        let decoded: Box<dyn AsyncRead + Send + Unpin> = match encoding {
            Encoding::Gzip => {
                let mut decoder = GzipDecoder::new(reader);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
            Encoding::Zlib => Box::new(ZlibDecoder::new(reader)),
            Encoding::Brotli => Box::new(BrotliDecoder::new(reader)),
            Encoding::Zstd => {
                let window = DParameter::window_log_max(ZSTD_WINDOW_LOG);
                let mut decoder = ZstdDecoder::with_params(reader, &[window]);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
        };
        reader = Box::new(BufReader::new(decoded));
    }
    Box::new(reader)
}

#[cfg(test)]
mod tests;
