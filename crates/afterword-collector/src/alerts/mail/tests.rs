use std::sync::{Arc, Mutex};
use std::time::Duration;

use ipnet::IpNet;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::alerts::samples;

/// A server of SMTP that says what `reply` wants to a line, and otherwise what is usual. What it got is kept.
struct Stub {
    server: MailServer,
    got: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    async fn start(reply: impl Fn(&str) -> Option<&'static str> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let got = Arc::<Mutex<Vec<String>>>::default();
        let (all, reply) = (Arc::clone(&got), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&all), Arc::clone(&reply)));
            }
        });
        let server = format!("smtp://127.0.0.1:{port}?from=Afterword%20%3Ca@example.com%3E");
        Self {
            server: server.parse().unwrap(),
            got,
        }
    }

    async fn send(&self, to: &[&str], reached: &[&str]) -> Outcome {
        self.send_by(&Guard::everywhere(), to, reached).await
    }

    async fn send_by(&self, guard: &Guard, to: &[&str], reached: &[&str]) -> Outcome {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let way = smtp::Way {
            server: &self.server,
            guard,
            limits: Limits {
                connect: Duration::from_millis(500),
                whole: Duration::from_millis(500),
            },
            ours: "errors.example".to_owned(),
        };
        let alert = samples::hostile();
        let message = Message {
            id: "1f-7",
            alert: &alert,
            reached: owned(reached),
        };
        to_each(&way, &owned(to), &message, &message::text(&alert)).await
    }

    fn lines(&self, part: &str) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|line| line.contains(part)).cloned().collect()
    }
}

async fn talk(
    stream: TcpStream,
    got: Arc<Mutex<Vec<String>>>,
    reply: Arc<impl Fn(&str) -> Option<&'static str> + Send + Sync + 'static>,
) {
    let mut stream = BufReader::new(stream);
    let mut in_data = false;
    let mut line = "CONNECT".to_owned();
    loop {
        let usual = match line.split(' ').next().unwrap() {
            "." => Some("250 2.0.0 queued\r\n"),
            _ if in_data => None,
            "DATA" => Some("354 go on\r\n"),
            "CONNECT" => Some("220 stub ESMTP\r\n"),
            "EHLO" => Some("250-stub\r\n250 AUTH PLAIN LOGIN\r\n"),
            "QUIT" => Some("221 bye\r\n"),
            _ => Some("250 ok\r\n"),
        };
        in_data = (in_data || line == "DATA") && line != ".";
        let answer = reply(&line).or(usual);
        got.lock().unwrap().push(line);
        if answer == Some("HANG") {
            return std::future::pending().await;
        }
        if stream.write_all(answer.unwrap_or_default().as_bytes()).await.is_err() {
            return;
        }
        let mut bytes = Vec::new();
        match stream.read_until(b'\n', &mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => line = String::from_utf8(bytes).unwrap().trim_end().to_owned(),
        }
    }
}

#[tokio::test]
async fn each_address_gets_a_message_of_its_own() {
    let stub = Stub::start(|_| None).await;
    let outcome = stub.send(&["anna@example.com", "bert@example.com"], &[]).await;
    assert_eq!((outcome.verdict, outcome.status), (Verdict::Sent, Some(250)));
    assert_eq!(outcome.reached, ["anna@example.com", "bert@example.com"]);
    assert_eq!(stub.lines("RCPT TO").len(), 2);
    assert_eq!(stub.lines("To: "), ["To: anna@example.com", "To: bert@example.com"]);
    assert_eq!(
        stub.lines("Message-ID"),
        [
            "Message-ID: <1f-7-0@errors.example>",
            "Message-ID: <1f-7-1@errors.example>"
        ]
    );
    assert_eq!(stub.lines("Auto-Submitted"), ["Auto-Submitted: auto-generated"; 2]);
    assert_eq!(stub.lines("List-Id"), ["List-Id: Afterword <alerts.errors.example>"; 2]);
    let got = stub.got.lock().unwrap().clone();
    let headers = got
        .split(|line| line == "DATA")
        .skip(1)
        .map(|mail| mail.split(String::is_empty).next().unwrap());
    for headers in headers {
        let names: Vec<&str> = headers
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, _)| name)
            .collect();
        assert!(names.contains(&"Subject") && names.contains(&"Date"), "{headers:#?}");
        assert!(!headers.iter().any(|line| line.starts_with("Bcc")), "{headers:#?}");
    }
}

#[tokio::test]
async fn who_has_it_does_not_get_it_again() {
    let stub = Stub::start(|line| line.contains("RCPT TO:<bert").then_some("451 4.7.1 greylisted\r\n")).await;
    let to = ["anna@example.com", "bert@example.com", "cleo@example.com"];
    let outcome = stub.send(&to, &[]).await;
    assert_eq!((outcome.verdict, outcome.status), (Verdict::Again(None), Some(451)));
    assert_eq!(outcome.reached, ["anna@example.com", "cleo@example.com"]);
    assert!(
        outcome.answer.contains("2 of 3 have it; bert@example.com: ") && outcome.answer.contains("greylisted"),
        "{outcome:?}"
    );
    let reached: Vec<&str> = outcome.reached.iter().map(String::as_str).collect();
    stub.send(&to, &reached).await;
    let asked: Vec<String> = stub.lines("RCPT TO");
    assert_eq!(asked.iter().filter(|line| line.contains("bert")).count(), 2);
    assert_eq!(asked.len(), 4, "{asked:?}");
}

#[tokio::test]
async fn what_a_server_says_against_it() {
    let cases: [(&str, &'static str, Verdict, &str); 6] = [
        (
            "RCPT",
            "550 5.1.1 no such user\r\n",
            Verdict::Refused,
            "the mail server refuses it: ",
        ),
        (
            "MAIL",
            "553 5.7.1 not your sender\r\n",
            Verdict::Refused,
            "not your sender",
        ),
        (".", "554 5.7.1 spam\r\n", Verdict::Refused, "spam"),
        (
            "CONNECT",
            "421 4.3.2 shutting down\r\n",
            Verdict::Again(None),
            "shutting down",
        ),
        (
            "MAIL",
            "530 5.7.0 must log in\r\n",
            Verdict::Again(None),
            "change them in the settings of mail",
        ),
        ("EHLO", "nonsense\r\n", Verdict::Again(None), ""),
    ];
    for (command, says, verdict, part) in cases {
        let stub = Stub::start(move |line| (line.split(' ').next() == Some(command)).then_some(says)).await;
        let outcome = stub.send(&["anna@example.com"], &[]).await;
        assert_eq!(outcome.verdict, verdict, "{says}: {outcome:?}");
        assert!(
            outcome.answer.contains(part) && !outcome.answer.is_empty(),
            "{says}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_left() {
    for at in ["CONNECT", "EHLO", "DATA", "."] {
        let stub = Stub::start(move |line| (line.split(' ').next() == Some(at)).then_some("HANG")).await;
        let outcome = stub.send(&["anna@example.com", "bert@example.com"], &[]).await;
        assert_eq!(
            (outcome.verdict, outcome.status),
            (Verdict::Again(None), None),
            "{at}: {outcome:?}"
        );
        assert!(
            outcome.answer.contains("did not finish within 1 s"),
            "{at}: {outcome:?}"
        );
        assert_eq!(stub.lines("CONNECT").len(), 1, "the others are not tried");
    }
}

#[tokio::test]
async fn a_server_that_has_it_needs_not_say_goodbye() {
    let stub = Stub::start(|line| (line == "QUIT").then_some("HANG")).await;
    let outcome = stub.send(&["anna@example.com"], &[]).await;
    assert_eq!(
        (outcome.verdict, outcome.status),
        (Verdict::Sent, Some(250)),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn user_and_password_are_told() {
    let mut stub = Stub::start(|line| line.starts_with("AUTH").then_some("235 welcome\r\n")).await;
    (stub.server.user, stub.server.password) = (Some("anna".to_owned()), Some("secret".to_owned()));
    let outcome = stub.send(&["anna@example.com"], &[]).await;
    assert_eq!(outcome.verdict, Verdict::Sent, "{outcome:?}");
    // printf '\0anna\0secret' | base64
    assert_eq!(stub.lines("AUTH "), ["AUTH PLAIN AGFubmEAc2VjcmV0"]);

    let mut stub = Stub::start(|line| line.starts_with("AUTH").then_some("535 5.7.8 wrong\r\n")).await;
    (stub.server.user, stub.server.password) = (Some("anna".to_owned()), Some("secret".to_owned()));
    let outcome = stub.send(&["anna@example.com"], &[]).await;
    assert_eq!((outcome.verdict, outcome.status), (Verdict::Again(None), Some(535)));
    assert!(
        outcome.answer.contains("does not take user and password") && !outcome.answer.contains("secret"),
        "{outcome:?}"
    );
    assert!(stub.lines("MAIL").is_empty());
}

#[tokio::test]
async fn without_tls_nothing_goes_to_a_server_that_was_to_have_it() {
    for security in [Security::Starttls, Security::Tls] {
        let mut stub = Stub::start(|_| None).await;
        stub.server.security = security;
        (stub.server.user, stub.server.password) = (Some("anna".to_owned()), Some("secret".to_owned()));
        let outcome = stub.send(&["anna@example.com"], &[]).await;
        assert_eq!(outcome.verdict, Verdict::Again(None), "{outcome:?}");
        assert!(stub.lines("AUTH ").is_empty() && stub.lines("MAIL").is_empty());
    }
}

#[tokio::test]
async fn a_server_in_a_private_network_is_not_connected_to_unless_it_may_be() {
    let mut stub = Stub::start(|_| None).await;
    for host in ["127.0.0.1", "localhost", "0x7f.1", "::1", "::ffff:127.0.0.1"] {
        stub.server.host = host.to_owned();
        let outcome = stub.send_by(&Guard::default(), &["anna@example.com"], &[]).await;
        assert_eq!(outcome.verdict, Verdict::Refused, "{host}: {outcome:?}");
        assert!(
            outcome.answer.contains("--allow-private-webhooks"),
            "{host}: {outcome:?}"
        );
    }
    assert!(stub.lines("CONNECT").is_empty());
    stub.server.host = "localhost".to_owned();
    let loopback: [IpNet; 1] = ["127.0.0.0/8".parse().unwrap()];
    let outcome = stub.send_by(&Guard::new(&loopback), &["anna@example.com"], &[]).await;
    assert_eq!(outcome.verdict, Verdict::Sent, "{outcome:?}");
}

#[tokio::test]
async fn what_is_no_address_is_told() {
    let stub = Stub::start(|_| None).await;
    let outcome = stub
        .send(
            &[
                "nobody",
                "anna@example.com\r\nRCPT TO:<bert@example.com>",
                "cleo@example.com",
            ],
            &[],
        )
        .await;
    assert_eq!(
        (outcome.verdict, outcome.reached),
        (Verdict::Refused, vec!["cleo@example.com".to_owned()])
    );
    assert!(
        outcome.answer.contains("1 of 3 have it; nobody: this is no address"),
        "{}",
        outcome.answer
    );
    assert_eq!(stub.lines("RCPT").len(), 1);
    let outcome = stub.send(&[], &[]).await;
    assert_eq!(outcome.verdict, Verdict::Refused);
}

#[test]
fn hosts_of_ours() {
    assert_eq!(host("https://errors.example:8443"), "errors.example");
    assert_eq!(host("http://[::1]:8797"), "localhost");
    assert_eq!(host("nonsense"), "localhost");
}
