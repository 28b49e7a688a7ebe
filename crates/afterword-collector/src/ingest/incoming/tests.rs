use axum::http::HeaderValue;
use futures_util::stream;

use super::*;

const LIMIT: Limit = Limit {
    bytes: 1000,
    what: "it",
};

fn headers(encodings: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for encoding in encodings {
        headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers
}

#[test]
fn encodings_are_read_as_they_are_written() {
    use Encoding::{Brotli, Gzip, Zlib, Zstd};
    let cases: [(&[&'static str], &[Encoding]); 6] = [
        (&[], &[]),
        (&["identity"], &[]),
        (&["GZIP"], &[Gzip]),
        (&["deflate, br , identity", "zstd"], &[Zlib, Brotli, Zstd]),
        (&["x-gzip,"], &[Gzip]),
        (&["gzip, gzip, gzip"], &[Gzip, Gzip, Gzip]),
    ];
    for (given, expected) in cases {
        assert_eq!(encodings(&headers(given)).unwrap(), expected, "{given:?}");
    }
    assert!(matches!(encodings(&headers(&["gzip, rot13"])), Err(Refusal::Encoding(name)) if name == "rot13"));
    assert!(matches!(
        encodings(&headers(&["br,br,br,br"])),
        Err(Refusal::Malformed(_))
    ));
}

/// A body that gives this much and then stays silent.
fn silent(bytes: usize) -> Body {
    let first = stream::iter([Ok::<_, io::Error>(Bytes::from(vec![0; bytes]))]);
    Body::from_stream(futures_util::StreamExt::chain(first, stream::pending()))
}

/// Reads all of it, and says how much that was.
async fn read(mut incoming: Incoming) -> Result<usize, Refusal> {
    let mut bytes = 0;
    while let Some(piece) = incoming.next().await? {
        bytes += piece.len();
    }
    Ok(bytes)
}

#[tokio::test]
async fn who_is_silent_or_too_slow_is_given_up() {
    let mut quiet = Incoming::of(&headers(&[]), silent(10), LIMIT, LIMIT).unwrap();
    quiet.silence = Duration::from_millis(10);
    assert!(matches!(read(quiet).await, Err(Refusal::TimedOut)));

    let trickle = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Some((Ok::<_, io::Error>(Bytes::from_static(b"")), ()))
    });
    let mut slow = Incoming::of(&headers(&[]), Body::from_stream(trickle), LIMIT, LIMIT).unwrap();
    slow.until = Instant::now() + Duration::from_millis(20);
    assert!(matches!(read(slow).await, Err(Refusal::TimedOut)));
}

#[tokio::test]
async fn both_sides_of_a_compressed_body_are_bounded() {
    let wire = Limit {
        bytes: 100,
        what: "wire",
    };
    let of = |encoding: &'static str, body: Vec<u8>| {
        let headers = headers(&[encoding]);
        async move { read(Incoming::of(&headers, Body::from(body), wire, LIMIT).unwrap()).await }
    };
    let zstd = |bytes: usize| zstd::encode_all(&vec![0; bytes][..], 1).unwrap();
    for (bytes, taken) in [(999, true), (1000, true), (1001, false), (10_000_000, false)] {
        let result = of("zstd", zstd(bytes)).await;
        assert_eq!(result.is_ok(), taken, "{bytes}");
        if let Err(refusal) = result {
            assert!(matches!(refusal, Refusal::TooLarge(_)), "{refusal}");
        }
    }
    // Stored without being compressed: 23 bytes more than what is in it.
    for (bytes, taken) in [(77, true), (78, false)] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        io::Write::write_all(&mut encoder, &vec![7; bytes]).unwrap();
        let body = encoder.finish().unwrap();
        assert_eq!(body.len(), bytes + 23);
        let result = of("gzip", body).await;
        assert_eq!(result.is_ok(), taken, "{bytes}");
        if let Err(refusal) = result {
            assert_eq!(refusal.to_string(), "wire is over the limit of 100");
        }
    }
}

#[tokio::test]
async fn a_window_that_is_too_wide_is_refused() {
    let zeros = vec![0; 1000];
    for (window_log, taken) in [(23, true), (24, false)] {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window_log).unwrap();
        io::Write::write_all(&mut encoder, &zeros).unwrap();
        let body = encoder.finish().unwrap();
        let incoming = Incoming::of(&headers(&["zstd"]), Body::from(body), LIMIT, LIMIT).unwrap();
        assert_eq!(read(incoming).await.is_ok(), taken, "{window_log}");
    }
}
