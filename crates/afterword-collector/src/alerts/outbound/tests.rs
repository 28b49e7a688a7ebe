use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::alerts::delivery::Verdict;

const SHORT: Limits = Limits {
    connect: Duration::from_millis(300),
    whole: Duration::from_millis(300),
};

/// A server that reads a request and answers with these bytes.
async fn answering(bytes: &'static [u8]) -> (u16, Arc<AtomicUsize>) {
    serving(move |mut stream| async move {
        read_request(&mut stream).await;
        // Who asked may have seen enough.
        let _ = stream.write_all(bytes).await;
    })
    .await
}

/// A server that does this with each connection. Its port, and how many there were.
async fn serving<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> (u16, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            serve(stream).await;
        }
    });
    (port, count)
}

/// Up to the end of the body, which is `{}`.
async fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n{}") {
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return;
        }
    }
}

async fn post(allowed: &[IpNet], limits: Limits, url: &str) -> Outcome {
    let outbound = Outbound::new(Guard::new(allowed), limits);
    outbound.post(url, &[("X-Test", "1".to_owned())], b"{}".to_vec()).await
}

async fn post_here(port: u16) -> Outcome {
    let loopback = ["127.0.0.0/8".parse().unwrap()];
    post(
        &loopback,
        Limits::default(),
        &format!("http://127.0.0.1:{port}/services/T0/B0/secret"),
    )
    .await
}

#[tokio::test]
async fn private_networks_are_not_connected_to_in_any_form() {
    let (port, count) = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "user:password@127.0.0.1",
    ] {
        let outcome = post(&[], Limits::default(), &format!("http://{host}:{port}/")).await;
        assert_eq!(outcome.verdict, Verdict::Refused, "{host}: {outcome:?}");
        assert!(
            outcome.answer.contains("--allow-private-webhooks"),
            "{host}: {outcome:?}"
        );
        assert!(!outcome.answer.contains("password"), "{outcome:?}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);

    let allowed = |net: &str| [net.parse::<IpNet>().unwrap()];
    for (host, net) in [
        ("127.0.0.1", "127.0.0.0/8"),
        ("localhost", "127.0.0.0/8"),
        ("[::ffff:127.0.0.1]", "127.0.0.1/32"),
        ("2130706433", "0.0.0.0/0"),
    ] {
        let outcome = post(&allowed(net), Limits::default(), &format!("http://{host}:{port}/")).await;
        assert_eq!(outcome.verdict, Verdict::Sent, "{host}: {outcome:?}");
    }
    let elsewhere = post(
        &allowed("10.0.0.0/8"),
        Limits::default(),
        &format!("http://127.0.0.1:{port}/"),
    )
    .await;
    assert_eq!(elsewhere.verdict, Verdict::Refused);
    assert_eq!(count.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn what_is_no_address_of_the_web_is_refused() {
    for url in [
        "",
        "nonsense",
        "ftp://example.com/",
        "file:///etc/passwd",
        "unix:/run/x",
        "//x",
        "http://",
    ] {
        let outcome = post(&[], Limits::default(), url).await;
        assert_eq!(outcome.verdict, Verdict::Refused, "{url}: {outcome:?}");
        assert!(outcome.answer.contains("https://HOST/PATH"), "{url}: {outcome:?}");
    }
}

#[tokio::test]
async fn what_answers_mean() {
    const AGAIN: Verdict = Verdict::Again(None);
    let after = |seconds| Verdict::Again(Some(Duration::from_secs(seconds)));
    let cases: [(&'static [u8], Verdict, u16, &str); 12] = [
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            Verdict::Sent,
            200,
            "ok",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Verdict::Sent, 204, ""),
        (
            b"HTTP/1.1 404 X\r\nContent-Length: 10\r\n\r\nno_service",
            Verdict::Refused,
            404,
            "make one there and put its address into the rule. It said: no_service",
        ),
        (
            b"HTTP/1.1 410 X\r\nContent-Length: 0\r\n\r\n",
            Verdict::Refused,
            410,
            "no more",
        ),
        (
            b"HTTP/1.1 403 X\r\nContent-Length: 17\r\n\r\naction_prohibited",
            Verdict::Refused,
            403,
            "action_prohibited",
        ),
        (
            b"HTTP/1.1 400 X\r\nContent-Length: 15\r\n\r\ninvalid\r\n\x1b[31m<",
            Verdict::Refused,
            400,
            "invalid   [31m<",
        ),
        (
            b"HTTP/1.1 429 X\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
            after(7),
            429,
            "",
        ),
        (
            b"HTTP/1.1 503 X\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 4\r\n\r\nlate",
            after(0),
            503,
            "late",
        ),
        (
            b"HTTP/1.1 503 X\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n",
            AGAIN,
            503,
            "",
        ),
        (b"HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\nbang", AGAIN, 500, "bang"),
        (b"HTTP/1.1 408 X\r\nContent-Length: 0\r\n\r\n", AGAIN, 408, ""),
        // It promised more than it said.
        (
            b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nok",
            Verdict::Sent,
            200,
            "ok",
        ),
    ];
    for (bytes, verdict, status, part) in cases {
        let (port, _) = answering(bytes).await;
        let outcome = post_here(port).await;
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(
            (outcome.verdict, outcome.status),
            (verdict, Some(status)),
            "{shown}: {outcome:?}"
        );
        assert!(outcome.answer.contains(part), "{shown}: {outcome:?}");
        assert!(!outcome.answer.contains(char::is_control), "{outcome:?}");
    }
    let (port, _) = answering(b"HTTP/1.1 404 X\r\nContent-Length: 34\r\n\r\nCannot POST /services/T0/B0/secret").await;
    let outcome = post_here(port).await;
    assert!(
        outcome.answer.contains("Cannot POST /…") && !outcome.answer.contains("secre"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (inside, count) = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for status in [301, 302, 303, 307, 308] {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            let location = format!("http://127.0.0.1:{inside}/");
            let answer = format!("HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    for _ in 0..5 {
        let outcome = post_here(port).await;
        assert_eq!(outcome.verdict, Verdict::Refused);
        assert!(outcome.answer.contains("not followed"), "{outcome:?}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn who_breaks_off_or_talks_nonsense_is_tried_again() {
    let (resets, _) = serving(|stream| async move { drop(stream) }).await;
    let (nonsense, _) = answering(b"220 mail.example ESMTP\r\n").await;
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for port in [resets, nonsense, free] {
        let outcome = post_here(port).await;
        assert_eq!(
            (outcome.verdict, outcome.status),
            (Verdict::Again(None), None),
            "{outcome:?}"
        );
        assert!(
            !outcome.answer.is_empty() && !outcome.answer.contains("secret"),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn everything_has_an_end() {
    let loopback: [IpNet; 1] = ["127.0.0.0/8".parse().unwrap()];
    let (hangs, _) = serving(|stream| async move {
        tokio::spawn(async move {
            let _stream = stream;
            std::future::pending::<()>().await;
        });
    })
    .await;
    let outcome = post(&loopback, SHORT, &format!("http://127.0.0.1:{hangs}/")).await;
    assert_eq!(outcome.verdict, Verdict::Again(None), "{outcome:?}");
    assert!(outcome.answer.contains("no answer within 0.3 s"), "{outcome:?}");

    // A body that never ends, as fast as it can be read: there is no more of it than is kept.
    let (endless, _) = serving(|mut stream| async move {
        read_request(&mut stream).await;
        let head = b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(b"400\r\n").await.is_ok()
            && stream.write_all(&[b'x'; 1024]).await.is_ok()
            && stream.write_all(b"\r\n").await.is_ok()
        {}
    })
    .await;
    let outcome = post(&loopback, Limits::default(), &format!("http://127.0.0.1:{endless}/")).await;
    assert_eq!((outcome.verdict, outcome.status), (Verdict::Again(None), Some(500)));
    assert_eq!(outcome.answer.len(), MAX_ANSWER_BYTES);

    // One that comes to nothing: the status is known.
    let (stops, _) = serving(|mut stream| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nok")
            .await
            .unwrap();
        tokio::spawn(async move {
            let _stream = stream;
            std::future::pending::<()>().await;
        });
    })
    .await;
    let outcome = post(&loopback, SHORT, &format!("http://127.0.0.1:{stops}/")).await;
    assert_eq!((outcome.verdict, outcome.answer.as_str()), (Verdict::Sent, "ok"));
}
