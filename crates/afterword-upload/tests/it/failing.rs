//! The server does not take it: now, or ever; or does not behave.

use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};

use afterword_protocol::Category;
use afterword_store::{ReportFile, ReportKind, State};
use afterword_upload::{Error, NoProgress, Options, Outcome, Uploader};
use time::OffsetDateTime;

use crate::server::Reply;
use crate::{Fixture, Watcher, noise, uploader};

#[test]
fn what_is_refused_is_kept_with_the_servers_words() {
    for (status, body, words) in [
        (
            400,
            r#"{"detail":"invalid event","causes":["no platform"]}"#,
            "invalid event: no platform",
        ),
        (403, r#"{"detail":"unknown key\u0000\u001b[1m"}"#, "unknown key [1m"),
        (413, "too large", "too large quota"),
    ] {
        let mut reply = Reply::json(status, body);
        if status == 413 {
            reply = reply.with_header("X-Sentry-Error", "quota");
        }
        let fixture = Fixture::new([reply, Reply::ok()]);
        let id = fixture.report(Some("a comment"));
        assert_eq!(
            fixture.send(id),
            Outcome::Refused {
                status,
                words: words.to_owned()
            }
        );
        assert_eq!(fixture.state(id), State::Refused);
        assert!(fixture.has_dump(id));
        let delivery = fixture.delivery(id);
        assert_eq!(
            (delivery.status, delivery.server_words.as_deref()),
            (Some(status), Some(words))
        );
        assert_eq!(fixture.server.count(), 1, "no comment on what was refused");
    }
}

#[test]
fn a_refused_report_can_be_sent_again() {
    let fixture = Fixture::new([Reply::json(403, "{}"), Reply::ok()]);
    let id = fixture.report(None);
    assert!(matches!(fixture.send(id), Outcome::Refused { .. }));
    fixture.store.retry_refused(id).unwrap();
    assert!(matches!(fixture.send(id), Outcome::Sent(_)));
}

#[test]
fn garbage_with_a_200_is_no_acceptance() {
    for body in [
        "",
        "<html>Welcome to the hotel</html>",
        "[1]",
        "{}",
        r#"{"id":"00000000000000000000000000000001"}"#,
        &format!("{{\"id\":\"{}\"}}", "x".repeat(70_000)),
    ] {
        let fixture = Fixture::new([Reply::json(200, body)]);
        let id = fixture.report(None);
        let outcome = fixture.send(id);
        fixture.assert_later(id, outcome);
        assert_eq!(fixture.delivery(id).attempts, 1);
    }
}

#[test]
fn servers_that_are_not_well_are_asked_again_later() {
    for reply in [
        Reply::json(500, "{}"),
        Reply::json(502, "<html>Bad gateway</html>"),
        Reply::json(503, "{}").with_header("Retry-After", "3600"),
        Reply::json(408, "{}"),
        Reply::HangUp,
    ] {
        let fixture = Fixture::new([reply.clone(), Reply::ok()]);
        let id = fixture.report(None);
        let outcome = fixture.send(id);
        let (_, retry_at) = fixture.assert_later(id, outcome);
        let wait = retry_at - OffsetDateTime::now_utc();
        match reply {
            Reply::Answer { status: 503, .. } => assert!(wait > Duration::from_secs(3500), "{wait}"),
            _ => assert!(wait <= Duration::from_secs(30), "{wait}"),
        }
        assert!(matches!(fixture.send(id), Outcome::Sent(_)));
        assert_eq!(fixture.delivery(id).attempts, 2);
    }
}

#[test]
fn a_limit_is_kept_on_the_disk_and_obeyed() {
    for (reply, seconds) in [
        (Reply::json(429, "{}"), 60),
        (Reply::json(429, "{}").with_header("Retry-After", "120"), 120),
        (
            Reply::json(429, "{}").with_header("X-Sentry-Rate-Limits", "300:error;attachment:key"),
            300,
        ),
    ] {
        let fixture = Fixture::new([reply, Reply::ok()]);
        let id = fixture.report(None);
        let outcome = fixture.send(id);
        let (_, retry_at) = fixture.assert_later(id, outcome);
        let wait = (retry_at - OffsetDateTime::now_utc()).whole_seconds();
        assert!((seconds - 30..=seconds + 1).contains(&wait), "{wait} of {seconds}");
        let limits = fixture.store.rate_limits().unwrap();
        assert!(limits.limited_until(Category::Error, SystemTime::now()).is_some());
        let again = fixture.send(id);
        fixture.assert_later(id, again);
        assert_eq!(fixture.server.count(), 1, "while it holds, nothing is asked");
    }
}

#[test]
fn a_limit_on_attachments_keeps_a_dump_but_not_an_error() {
    let fixture = Fixture::new([
        Reply::json(429, "{}").with_header("X-Sentry-Rate-Limits", "300:attachment:key"),
        Reply::ok(),
    ]);
    let crash = fixture.report(None);
    let outcome = fixture.send(crash);
    fixture.assert_later(crash, outcome);
    let stored: &[u8] = b"{}\n{\"type\":\"event\"}\n{}\n";
    let error = fixture.report_of(ReportKind::Error, None, &[(ReportFile::Envelope, stored)]);
    assert!(matches!(fixture.send(error), Outcome::Sent(_)));
}

#[test]
fn nobody_listens() {
    let fixture = Fixture::new([]);
    let id = fixture.report(None);
    // The port of a connection that is open: no other program gets it, and nobody listens on it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let address = taken.local_addr().unwrap();
    let path = fixture.store.report(id).unwrap().folder().join("report.json");
    let info = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        info.replace(&fixture.server.dsn(), &format!("http://public@{address}/1")),
    )
    .unwrap();
    let outcome = fixture.send(id);
    let (why, _) = fixture.assert_later(id, outcome);
    assert!(why.to_lowercase().contains("connect"), "{why}");
    assert_eq!(fixture.delivery(id).attempts, 1);
}

#[test]
fn a_server_that_hangs_is_left_after_a_while() {
    let (short, long) = (Duration::from_millis(300), Duration::from_secs(600));
    let cases = [
        (Reply::Hang, 10, short, long),
        (Reply::HangInBody, 16 << 20, short, long),
        (Reply::Dribble, 10, long, short),
    ];
    for (reply, bytes, stall_timeout, total_timeout) in cases {
        let options = Options {
            connect_timeout: short,
            stall_timeout,
            total_timeout,
            ..Options::default()
        };
        let fixture = Fixture::new([reply]);
        let dump = noise(bytes);
        let id = fixture.report_of(ReportKind::Crash, None, &[(ReportFile::Minidump, &dump)]);
        let outcome = Uploader::new(options)
            .send_report(&fixture.store, id, &Timed::default())
            .unwrap();
        fixture.assert_later(id, outcome);
    }
}

/// Measures from the first word of the network on, since compressing takes its time in a debug build.
#[derive(Default)]
struct Timed(std::cell::Cell<Option<Instant>>);

impl afterword_upload::Progress for Timed {
    fn sent(&self, _sent_bytes: u64, _total_bytes: u64) {
        if self.0.get().is_none() {
            self.0.set(Some(Instant::now()));
        }
    }

    fn cancelled(&self) -> bool {
        if let Some(start) = self.0.get() {
            // Far from both: the short limit of the test and its long one.
            assert!(start.elapsed() < Duration::from_secs(60), "not bounded");
        }
        false
    }
}

#[test]
fn a_body_that_is_still_on_a_slow_line_is_given_its_time() {
    let options = Options {
        stall_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let fixture = Fixture::new([Reply::Slow(Duration::from_secs(2))]);
    // Little enough that the kernel takes all of it at once, and enough for some seconds at the slowest.
    let dump = noise(320 * 1024);
    let id = fixture.report_of(ReportKind::Crash, None, &[(ReportFile::Minidump, &dump)]);
    let outcome = Uploader::new(options)
        .send_report(&fixture.store, id, &NoProgress)
        .unwrap();
    assert!(matches!(outcome, Outcome::Sent(_)), "{outcome:?}");
}

#[test]
fn compressing_can_be_cancelled() {
    struct Impatient(std::cell::Cell<u32>);
    impl afterword_upload::Progress for Impatient {
        fn sent(&self, _: u64, _: u64) {
            panic!("cancelled before");
        }
        fn cancelled(&self) -> bool {
            self.0.set(self.0.get() + 1);
            self.0.get() == 3
        }
    }
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report_of(ReportKind::Crash, None, &[(ReportFile::Minidump, &noise(8 << 20))]);
    let impatient = Impatient(std::cell::Cell::new(0));
    let outcome = uploader().send_report(&fixture.store, id, &impatient).unwrap();
    assert_eq!((outcome, impatient.0.get()), (Outcome::Cancelled, 3));
    assert_eq!(fixture.server.count(), 0);
    assert_eq!(fixture.delivery(id).attempts, 0, "nothing was tried");
}

#[test]
fn an_answer_before_the_body_was_read_is_heard() {
    let fixture = Fixture::new([Reply::Early {
        status: 413,
        body: r#"{"detail":"too large"}"#,
    }]);
    let id = fixture.report_of(ReportKind::Crash, None, &[(ReportFile::Minidump, &noise(16 << 20))]);
    assert_eq!(
        fixture.send(id),
        Outcome::Refused {
            status: 413,
            words: "too large".into()
        }
    );
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = crate::server::Server::start([Reply::ok()]);
    let target = elsewhere.dsn().replace("public@", "");
    for status in [301, 302, 303, 307, 308] {
        let fixture = Fixture::new([Reply::json(status, "{}").with_header("Location", &target), Reply::ok()]);
        let id = fixture.report(None);
        let outcome = fixture.send(id);
        let (why, _) = fixture.assert_later(id, outcome);
        assert!(why.contains(&target), "{why}");
        assert_eq!(fixture.server.count(), 1);
    }
    assert_eq!(elsewhere.count(), 0);
}

#[test]
fn cancelled_midway_it_stays_and_can_be_sent_later() {
    let fixture = Fixture::new([Reply::HangInBody, Reply::ok()]);
    let id = fixture.report_of(ReportKind::Crash, None, &[(ReportFile::Minidump, &noise(16 << 20))]);
    let watcher = Watcher {
        cancel_after: Some(1),
        ..Watcher::default()
    };
    assert_eq!(
        uploader().send_report(&fixture.store, id, &watcher).unwrap(),
        Outcome::Cancelled
    );
    assert!(watcher.sent_bytes.get() < watcher.total_bytes.get());
    assert_eq!(fixture.state(id), State::Sending);
    assert!(fixture.has_dump(id));
    assert!(matches!(fixture.send(id), Outcome::Sent(_)));
}

#[test]
fn cancelled_before_it_began_nothing_is_connected() {
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report(None);
    let watcher = Watcher {
        cancel_after: Some(0),
        ..Watcher::default()
    };
    assert_eq!(
        uploader().send_report(&fixture.store, id, &watcher).unwrap(),
        Outcome::Cancelled
    );
    assert_eq!(fixture.server.count(), 0);
}

#[test]
fn a_report_that_cannot_be_sent_is_an_error_that_says_why() {
    let fixture = Fixture::new([]);
    let id = fixture.report_of(ReportKind::Error, None, &[]);
    let failed = uploader().send_report(&fixture.store, id, &NoProgress);
    assert!(matches!(
        failed,
        Err(Error::Store {
            source: afterword_store::Error::NoEnvelope { .. },
            ..
        })
    ));
    let path = fixture.store.report(id).unwrap().folder().join("report.json");
    let info = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, info.replace(&fixture.server.dsn(), "nonsense")).unwrap();
    let failed = uploader().send_report(&fixture.store, id, &NoProgress);
    assert!(matches!(failed, Err(Error::Dsn { .. })));
    assert_eq!(fixture.state(id), State::Sending);
}

#[test]
fn a_server_that_speaks_no_tls_is_a_later_and_the_handshake_is_begun() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let mut first = [0];
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut first).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        first[0]
    });
    let fixture = Fixture::new([]);
    let id = fixture.report(None);
    let path = fixture.store.report(id).unwrap().folder().join("report.json");
    let info = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        info.replace(&fixture.server.dsn(), &format!("https://public@{address}/1")),
    )
    .unwrap();
    let outcome = fixture.send(id);
    let (why, _) = fixture.assert_later(id, outcome);
    assert!(!why.contains("thread"), "{why}");
    assert_eq!(server.join().unwrap(), 0x16, "a TLS handshake record: {why}");
}
