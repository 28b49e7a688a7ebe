//! `afterword reports send`: nothing leaves before the person said so, and what became of it is told.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use afterword_protocol::envelope::{Envelope, Limits};
use afterword_store::{Answer, Decision, ReportFile, ReportId, Store};

use crate::server::{Request, Server};
use crate::{NOON, Reports, info};

const ACCEPTED: &str = r#"{"id":"0123456789abcdef0123456789abcdef"}"#;

fn reports_for(server: &Server) -> Reports {
    let reports = Reports::new();
    let mut report = info(1);
    report.dsn = server.dsn();
    reports.add(report);
    reports
}

#[test]
fn nothing_is_sent_without_consent() {
    let server = Server::start("200 OK", ACCEPTED);
    let reports = reports_for(&server);
    let ran = reports.command(&["send", "1"]);
    assert!(
        ran.failed(2).contains(&format!(
            "Send report 11111111 to {}? Say so with --yes",
            server.address
        )),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("minidump.dmp"),
        "what would be sent is shown before: {}",
        ran.stderr
    );
    assert_eq!(server.requests().len(), 0);
    assert_eq!(reports.state(info(1).report_id).as_deref(), Some("waiting"));
    let report = reports.store("demo").report(info(1).report_id).unwrap();
    assert_eq!(report.answer().unwrap(), None);
}

#[test]
fn with_consent_the_report_and_the_comment_are_sent() {
    let server = Server::start("200 OK", ACCEPTED);
    let reports = reports_for(&server);
    let ran = reports.command(&["send", "1", "--yes", "--comment", "I had just pressed Undo"]);
    assert!(
        ran.ok().starts_with("Sent ") && ran.stdout.contains("0123456789abcdef0123456789abcdef"),
        "{}",
        ran.stdout
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "the report, and the comment");
    assert!(
        requests[0].head.starts_with("post /api/1/envelope/ "),
        "{}",
        requests[0].head
    );
    assert!(requests[0].body.len() > requests[1].body.len());

    let report = reports.store("demo").report(info(1).report_id).unwrap();
    assert_eq!(report.state().name(), "sent");
    let answer = report.answer().unwrap().unwrap();
    assert_eq!(
        (answer.decision, answer.comment.as_deref()),
        (Decision::Send, Some("I had just pressed Undo"))
    );
    assert!(report.delivery().unwrap().feedback_accepted_at.is_some());
    assert_eq!(report.read(ReportFile::Minidump).unwrap(), None);

    let again = reports.command(&["send", "1", "--yes", "--json"]);
    assert!(
        again.stderr.contains("was sent on") && again.json()["outcome"] == "sent",
        "{}",
        again.stderr
    );
    assert_eq!(server.requests().len(), 0, "and never twice");
}

#[test]
fn scripts_read_what_became_of_it() {
    let server = Server::start("200 OK", ACCEPTED);
    let reports = reports_for(&server);
    let told = reports.command(&["send", "1", "--yes", "--json"]).json();
    assert_eq!(told["outcome"], "sent");
    assert_eq!(told["event_id"], "0123456789abcdef0123456789abcdef");
    assert!(told["bytes_sent"].as_u64().unwrap() > 0);
    if crate::fixture("minidumps").is_some() {
        assert_eq!(told["why"], serde_json::Value::Null);
    }
}

#[test]
fn a_server_that_is_away_leaves_the_report_here() {
    let reports = Reports::new();
    // Nobody listens on the discard port.
    let id = reports.add(info(1));
    let ran = reports.command(&["send", "1", "--yes", "--json"]);
    assert!(
        ran.failed(1).contains("report 11111111 was not sent: "),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("to try now: afterword reports send 11111111"),
        "{}",
        ran.stderr
    );
    let told = ran.json();
    assert_eq!(told["outcome"], "later");
    assert!(told["retry_at"].is_string() && told["why"].is_string(), "{told}");
    assert_eq!(reports.state(id).as_deref(), Some("sending"));
}

#[test]
fn a_refused_report_is_kept_and_can_be_sent_again() {
    let server = Server::start("403 Forbidden", r#"{"detail":"this project is \u001b[31mclosed"}"#);
    let reports = reports_for(&server);
    let id = info(1).report_id;
    let ran = reports.command(&["send", "1", "--yes"]);
    assert!(
        ran.failed(1).contains("the server refused report 11111111 (403): "),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("closed") && !ran.stderr.contains('\u{1b}'),
        "{:?}",
        ran.stderr
    );
    assert_eq!(reports.state(id).as_deref(), Some("refused"));
    assert!(
        reports.command(&["show", "1"]).ok().contains("Server said  "),
        "its words are kept"
    );

    let ran = reports.command(&["send", "1", "--yes", "--comment", "please"]);
    ran.failed(1);
    assert_eq!(server.requests().len(), 2, "asked again, refused again");
    let answer = reports.store("demo").report(id).unwrap().answer().unwrap().unwrap();
    assert_eq!(answer.comment.as_deref(), Some("please"));
}

/// An answer as the window gives it.
fn answered(store: &Store, id: ReportId, comment: Option<&str>, email: &str) -> Answer {
    let answer = Answer {
        comment: comment.map(str::to_owned),
        email: Some(email.to_owned()),
        ..Answer::new(Decision::Send, NOON, 1, "en")
    };
    store.put_answer(id, &answer).unwrap();
    store.settle(id).unwrap();
    answer
}

fn envelope(request: &Request) -> Envelope {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&request.body[..])
        .read_to_end(&mut bytes)
        .unwrap();
    Envelope::parse(&bytes, &Limits::default()).unwrap()
}

#[test]
fn what_is_listed_is_what_is_sent() {
    let server = Server::start("200 OK", ACCEPTED);
    let reports = reports_for(&server);
    let comment = ["--comment", "I had just pressed Undo"];
    let asked = reports.command(&[&["send", "1"][..], &comment].concat());
    assert!(
        asked.failed(2).contains("Your comment:\n  I had just pressed Undo\n"),
        "{}",
        asked.stderr
    );
    let mut listed: Vec<&str> = asked
        .stderr
        .lines()
        .filter(|line| line.starts_with("  ") && !line.contains("Undo"))
        .map(|line| {
            let mut words = line.split_whitespace();
            words
                .find(|word| word.contains(".json") || word.contains(".dmp"))
                .unwrap()
        })
        .collect();
    listed.sort_unstable();

    reports.command(&[&["send", "1", "--yes"][..], &comment].concat()).ok();
    let report = envelope(&server.requests()[0]);
    let name = |header: &afterword_protocol::envelope::ItemHeader| match header.filename.clone() {
        Some(name) => name,
        None if header.kind == "event" => "event.json".to_owned(),
        None => panic!("an item without a name: {header:?}"),
    };
    let mut sent: Vec<String> = report.items.iter().map(|item| name(&item.header)).collect();
    sent.sort_unstable();
    assert_eq!(listed, sent);
}

#[test]
fn a_comment_longer_than_a_server_takes_is_told_before_anything_is_done() {
    let server = Server::start("200 OK", ACCEPTED);
    let reports = reports_for(&server);
    let ran = reports.command(&["send", "1", "--yes", "--comment", &"ä".repeat(4_097)]);
    assert!(
        ran.failed(2)
            .contains("the comment has 4097 characters, and a server takes 4096"),
        "{}",
        ran.stderr
    );
    assert_eq!(reports.state(info(1).report_id).as_deref(), Some("waiting"));
    reports
        .command(&["send", "1", "--yes", "--comment", &"ä".repeat(4_096)])
        .ok();
}

/// It was moved first, and then stayed agreed to, without the answer that was just given.
#[test]
fn a_refused_report_whose_answer_cannot_be_kept_stays_refused() {
    let server = Server::start("403 Forbidden", "{}");
    let reports = reports_for(&server);
    let store = reports.store("demo");
    let id = info(1).report_id;
    // As large as an answer may be, so that it has no room for a comment.
    answered(&store, id, None, &"x".repeat(256 * 1024 - 600));
    reports.command(&["send", "1", "--yes"]).failed(1);
    assert_eq!(reports.state(id).as_deref(), Some("refused"));
    let before = store.report(id).unwrap().delivery().unwrap();

    let ran = reports.command(&["send", "1", "--yes", "--comment", &"y".repeat(4_000)]);
    assert!(
        ran.failed(1).contains("could not be kept, nothing was sent"),
        "{}",
        ran.stderr
    );
    assert_eq!(reports.state(id).as_deref(), Some("refused"));
    assert_eq!(
        store.report(id).unwrap().delivery().unwrap(),
        before,
        "with the server's words"
    );
}

/// `reports delete` on a terminal of its own, which `script` makes, after "y" was typed there and before anything is
/// asked; what is typed at the question, if there is one, is "n".
#[cfg(target_os = "linux")]
fn typed_ahead(reports: &Reports, redirected: &str) -> String {
    let begin = reports.root.path().join("begin");
    let line = format!(
        "until [ -e {} ]; do sleep 0.05; done; {} reports --store {} delete 1 {redirected}",
        begin.display(),
        env!("CARGO_BIN_EXE_afterword"),
        reports.root()
    );
    let mut terminal = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = terminal.stdin.take().unwrap();
    let mut output = terminal.stdout.take().unwrap();
    let mut shown = String::new();
    let mut until = |words: &str| {
        let mut bytes = [0; 1024];
        while words.is_empty() || !shown.contains(words) {
            match output.read(&mut bytes).unwrap() {
                0 => break,
                length => shown.push_str(&String::from_utf8_lossy(&bytes[..length])),
            }
        }
        shown.clone()
    };
    input.write_all(b"y\n").unwrap();
    // Its echo says that it lies in the terminal's queue.
    until("y");
    std::fs::write(begin, "").unwrap();
    until("[y/N]");
    // Without a question it has ended by now.
    let _ = input.write_all(b"n\n");
    let all = until("");
    terminal.wait().unwrap();
    all
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_typed_before_the_question_is_no_answer() {
    let reports = Reports::new();
    let id = reports.add(info(1));
    let shown = typed_ahead(&reports, "");
    assert!(shown.contains("[y/N]") && shown.contains("was not deleted"), "{shown}");
    assert_eq!(reports.state(id).as_deref(), Some("waiting"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_question_that_nobody_can_see_is_not_asked() {
    let reports = Reports::new();
    let id = reports.add(info(1));
    let said = reports.root.path().join("said");
    typed_ahead(&reports, &format!("2>{}", said.display()));
    let said = std::fs::read_to_string(said).unwrap();
    assert!(said.contains("there is no terminal to ask on"), "{said}");
    assert_eq!(reports.state(id).as_deref(), Some("waiting"));
}

#[test]
fn a_comment_given_in_the_window_is_not_lost() {
    let server = Server::start("200 OK", ACCEPTED);
    let reports = reports_for(&server);
    let store = reports.store("demo");
    let id = info(1).report_id;
    let answer = answered(&store, id, Some("from the window"), "a@example.org");
    let asked = reports.command(&["send", "1"]);
    assert!(
        asked
            .failed(2)
            .contains("Your comment:\n  from the window\nYour address: a@example.org\n"),
        "what is sent with it is in the question: {}",
        asked.stderr
    );
    reports.command(&["send", "1", "--yes"]).ok();
    let kept = store.report(id).unwrap().answer().unwrap().unwrap();
    assert_eq!((kept.comment, kept.email), (answer.comment, answer.email));
}

#[test]
fn how_to_reach_the_server_can_be_said() {
    let server = Server::start("200 OK", ACCEPTED);
    let reports = Reports::new();
    let mut report = info(1);
    // A name that nobody can look up: only a proxy leads there, and this one answers itself.
    report.dsn = "http://key@collector.invalid/1".to_owned();
    reports.add(report);
    let file = reports.root.path().join("root.pem");
    let proxy = format!("http://{}", server.address);
    let ran = reports.command(&["send", "1", "--yes", "--proxy", &proxy, "--timeout", "60"]);
    assert!(ran.ok().starts_with("Sent "), "{}", ran.stdout);
    let requests = server.requests();
    assert!(
        requests[0]
            .head
            .starts_with("post http://collector.invalid/api/1/envelope/ "),
        "{}",
        requests[0].head
    );
    let mut report = info(2);
    report.dsn = "https://key@localhost:9/1".to_owned();
    reports.add(report);
    let ran = reports.command(&["send", "2", "--yes", "--ca-certificate", file.to_str().unwrap()]);
    let expected = format!("the certificate file {} cannot be used", file.display());
    assert!(ran.failed(1).contains(&expected), "{}", ran.stderr);
}
