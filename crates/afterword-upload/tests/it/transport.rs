//! What an app can set of the transport: time, tries, proxy, certificates.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use afterword_store::{ConsentPolicy, EnvelopeClass, ReportId};
use afterword_upload::{NoProgress, Options, Outcome, Uploader};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::{Keeping, Received, Reply, serve_all};
use crate::{Fixture, uploader};

impl Fixture {
    /// A report for the server of a DSN.
    fn report_for(&self, dsn: &str) -> ReportId {
        let id = self.report(None);
        let path = self.store.report(id).unwrap().folder().join("report.json");
        let info = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, info.replace(&self.server.dsn(), dsn)).unwrap();
        id
    }

    fn send_with(&self, id: ReportId, options: Options) -> Outcome {
        Uploader::new(options)
            .send_report(&self.store, id, &NoProgress)
            .unwrap()
    }
}

/// As for the other tests, tried once.
fn options() -> Options {
    Options {
        connect_timeout: Duration::from_secs(30),
        ..Options::new("afterword-test/1.0").retries(0)
    }
}

/// A server behind TLS for `localhost` and `collector.test`, with a certificate that an authority of its own has signed.
struct Tls {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    authority_pem: String,
}

impl Tls {
    fn start() -> Tls {
        let mut of_authority = CertificateParams::new(Vec::new()).unwrap();
        of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(of_authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "collector.test".to_owned()];
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tls = Tls {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            authority_pem: authority.pem(),
        };
        let received = Arc::clone(&tls.received);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, received) = (Arc::clone(&config), Arc::clone(&received));
                thread::spawn(move || {
                    let connection = ServerConnection::new(config).unwrap();
                    // A client that trusts it not hangs up in the handshake.
                    serve_all(StreamOwned::new(connection, stream.unwrap()), &received, &|_| {
                        Reply::ok()
                    })
                    .ok();
                });
            }
        });
        tls
    }

    fn dsn(&self) -> String {
        format!("https://public@localhost:{}/42", self.address.port())
    }

    fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}

#[test]
fn a_server_with_a_certificate_of_ones_own_is_trusted_where_its_root_is_given() {
    let tls = Tls::start();
    let fixture = Fixture::new([]);
    let file = fixture.root.path().join("root.pem");
    std::fs::write(&file, &tls.authority_pem).unwrap();
    let id = fixture.report_for(&tls.dsn());
    let without = fixture.send_with(id, options());
    let (why, _) = fixture.assert_later(id, without);
    assert!(why.to_lowercase().contains("certificate"), "{why}");
    assert_eq!(tls.count(), 0);
    // Another authority's is no help.
    std::fs::write(&file, Tls::start().authority_pem).unwrap();
    let with_another = fixture.send_with(id, options().ca_certificate(&file));
    fixture.assert_later(id, with_another);
    assert_eq!(tls.count(), 0);
    // Several in one file.
    std::fs::write(&file, format!("{}{}", Tls::start().authority_pem, tls.authority_pem)).unwrap();
    let with = fixture.send_with(id, options().ca_certificate(&file));
    assert!(matches!(with, Outcome::Sent(_)), "{with:?}");
    assert_eq!(tls.count(), 1);
}

#[test]
fn a_certificate_file_that_cannot_be_used_keeps_everything_and_is_named() {
    let tls = Tls::start();
    let fixture = Fixture::new([Reply::ok()]);
    let file = fixture.root.path().join("root.pem");
    let id = fixture.report_for(&tls.dsn());
    let because = |words: &str| {
        let outcome = fixture.send_with(id, options().ca_certificate(&file));
        let (why, _) = fixture.assert_later(id, outcome);
        assert!(why.contains(file.to_str().unwrap()) && why.contains(words), "{why}");
        assert_eq!(tls.count(), 0);
    };
    because("No such file");
    std::fs::write(&file, "this is no certificate").unwrap();
    because("no certificate (PEM)");
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n").unwrap();
    because("not PEM");
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    because("certificate 1 is malformed");
    std::fs::File::create(&file).unwrap().set_len(2 << 20).unwrap();
    because("more than 1048576 bytes");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    because("not a regular file");
    // Where nothing goes through TLS it is not needed.
    let plain = fixture.report(None);
    let outcome = fixture.send_with(plain, options().ca_certificate(&file));
    assert!(matches!(outcome, Outcome::Sent(_)), "{outcome:?}");
}

/// A forward proxy that leads everything to one server, whatever name is asked for, and counts.
struct Forwarding {
    address: SocketAddr,
    /// What was asked for first on each connection.
    asked: Arc<Mutex<Vec<String>>>,
    through_bytes: Arc<AtomicUsize>,
}

impl Forwarding {
    fn start(target: SocketAddr) -> Forwarding {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let forwarding = Forwarding {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            through_bytes: Arc::default(),
        };
        let (asked, through_bytes) = (Arc::clone(&forwarding.asked), Arc::clone(&forwarding.through_bytes));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (asked, through_bytes) = (Arc::clone(&asked), Arc::clone(&through_bytes));
                thread::spawn(move || {
                    // A connection that breaks off is no failure of the proxy.
                    forward(stream.unwrap(), target, &asked, &through_bytes).ok();
                });
            }
        });
        forwarding
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn forward(
    mut client: TcpStream,
    target: SocketAddr,
    asked: &Mutex<Vec<String>>,
    through_bytes: &AtomicUsize,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let first = head.lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(first.clone());
    let mut server = TcpStream::connect(target)?;
    if first.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    } else {
        server.write_all(head.as_bytes())?;
    }
    let mut back = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        // Ends when the server has closed.
        std::io::copy(&mut back.0, &mut back.1).ok();
        back.1.shutdown(Shutdown::Both).ok();
    });
    let mut buffer = [0; 4096];
    loop {
        let length = reader.read(&mut buffer)?;
        if length == 0 {
            return server.shutdown(Shutdown::Write);
        }
        through_bytes.fetch_add(length, Ordering::SeqCst);
        server.write_all(&buffer[..length])?;
    }
}

#[test]
fn a_proxy_that_is_named_is_used_for_both_schemes_and_verification_stays() {
    let fixture = Fixture::new([]);
    let plain = Keeping::start(|_| Reply::ok());
    let proxy = Forwarding::start(plain.address());
    // A name that nobody can look up: only a proxy leads there.
    let id = fixture.report_for("http://public@collector.test/42");
    let with = |proxy: &Forwarding| options().proxy(&format!("http://{}", proxy.address));
    let outcome = fixture.send_with(id, with(&proxy));
    assert!(matches!(outcome, Outcome::Sent(_)), "{outcome:?}");
    assert_eq!(proxy.asked(), ["POST http://collector.test/api/42/envelope/ HTTP/1.1"]);
    assert_eq!(plain.received().len(), 1);

    let tls = Tls::start();
    let proxy = Forwarding::start(tls.address);
    let file = fixture.root.path().join("root.pem");
    std::fs::write(&file, &tls.authority_pem).unwrap();
    let id = fixture.report_for("https://public@collector.test/42");
    let outcome = fixture.send_with(id, with(&proxy));
    let (why, _) = fixture.assert_later(id, outcome);
    assert!(why.to_lowercase().contains("certificate"), "{why}");
    let outcome = fixture.send_with(id, with(&proxy).ca_certificate(&file));
    assert!(matches!(outcome, Outcome::Sent(_)), "{outcome:?}");
    assert_eq!(proxy.asked(), ["CONNECT collector.test:443 HTTP/1.1"; 2]);
    assert!(proxy.through_bytes.load(Ordering::SeqCst) > 0);
    assert_eq!(tls.count(), 1);
}

#[test]
fn a_server_on_this_machine_is_spoken_to_directly_and_a_bad_proxy_keeps_everything() {
    let fixture = Fixture::new([Reply::ok()]);
    let proxy = Forwarding::start(fixture.server.address);
    let id = fixture.report(None);
    let outcome = fixture.send_with(id, options().proxy(&format!("http://{}", proxy.address)));
    assert!(matches!(outcome, Outcome::Sent(_)), "{outcome:?}");
    assert_eq!(proxy.asked(), [""; 0]);
    let id = fixture.report_for("http://public@collector.test/42");
    let outcome = fixture.send_with(id, options().proxy("ftp://someone:hunter2@proxy.test"));
    let (why, _) = fixture.assert_later(id, outcome);
    assert!(why.contains("ftp") && !why.contains("hunter2"), "{why}");
}

#[test]
fn a_server_that_never_answers_is_left_at_the_timeout_and_not_tried_again() {
    let fixture = Fixture::new([Reply::Hang, Reply::Hang, Reply::Hang]);
    let id = fixture.report(None);
    let options = Options::new("afterword-test/1.0").timeout(Duration::from_millis(300));
    assert_eq!(options.retries, 2);
    let outcome = fixture.send_with(id, options);
    let (why, _) = fixture.assert_later(id, outcome);
    assert_eq!(why, "sending took too long");
    assert_eq!(fixture.server.count(), 1);
}

#[test]
fn what_may_be_over_in_a_moment_is_tried_again_at_once_and_nothing_else() {
    let five = || Reply::json(503, "{}");
    let later = || five().with_header("Retry-After", "60");
    let limited = || five().with_header("X-Sentry-Rate-Limits", "60::organization");
    let passing: [(Reply, usize); 9] = [
        (five(), 3),
        (Reply::json(500, "<html>"), 3),
        (Reply::HangUp, 3),
        (later(), 1),
        (limited(), 1),
        (Reply::json(429, "{}"), 1),
        (Reply::json(408, "{}"), 1),
        (Reply::json(302, "{}"), 1),
        (Reply::json(200, "a hotel"), 1),
    ];
    for (reply, tries) in passing {
        let fixture = Fixture::new(vec![reply.clone(); 5]);
        let id = fixture.report(None);
        let outcome = fixture.send_with(id, options().retries(2));
        fixture.assert_later(id, outcome);
        assert_eq!(fixture.server.count(), tries, "{reply:?}");
        assert_eq!(fixture.delivery(id).attempts, 1, "one attempt: {reply:?}");
    }
    let fixture = Fixture::new([Reply::json(400, "{}"), Reply::ok()]);
    let id = fixture.report(None);
    assert!(matches!(
        fixture.send_with(id, options().retries(2)),
        Outcome::Refused { .. }
    ));
    let fixture = Fixture::new([five(), Reply::HangUp, Reply::ok()]);
    let id = fixture.report(None);
    assert!(matches!(fixture.send_with(id, options().retries(2)), Outcome::Sent(_)));
    let fixture = Fixture::new([five(), Reply::ok()]);
    let id = fixture.report(None);
    let outcome = fixture.send_with(id, options());
    fixture.assert_later(id, outcome);
    assert_eq!(fixture.server.count(), 1);
}

#[test]
fn consent_is_looked_at_before_each_try() {
    let fixture = Fixture::new([Reply::json(503, "{}"), Reply::ok()]);
    let id = fixture.report(None);
    let watcher = crate::Once::new(|| fixture.store.withdraw(id).unwrap());
    let failed = Uploader::new(options().retries(2)).send_report(&fixture.store, id, &watcher);
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(fixture.server.count(), 1);
    // The envelopes of the queue rest on the policy.
    let fixture = Fixture::new([]);
    let server = Keeping::start(|_| Reply::ok());
    for _ in 0..5 {
        let bytes = format!("{{\"dsn\":\"{}\"}}\n{{\"type\":\"session\"}}\n{{}}\n", server.dsn());
        fixture
            .store
            .put_envelope(ConsentPolicy::Always, EnvelopeClass::Session, bytes.as_bytes())
            .unwrap();
    }
    let policy = || match server.received().len() {
        0..3 => ConsentPolicy::Always,
        _ => ConsentPolicy::Ask,
    };
    let outcome = uploader()
        .send_queued_while(&fixture.store, &policy, &NoProgress)
        .unwrap();
    assert_eq!((outcome.sent, outcome.left, outcome.later), (3, 2, None));
    assert_eq!(server.received().len(), 3);
}
