//! The whole way: from a crash through an answer to the collector.

use afterword_store::{ReportFile, State};

use crate::collector::Server;
use crate::process::{Scene, wait_for};

#[test]
fn a_crash_that_is_sent_is_an_issue_at_the_collector() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    scene.run(scene.crasher("null-write").env("CRASHER_ANSWER", "send"));
    let report = scene.report_in(State::Sent);
    let delivery = report.delivery().unwrap();
    assert!(delivery.report_accepted_at.is_some() && delivery.feedback_accepted_at.is_some());
    assert_eq!(
        report.read(ReportFile::Minidump).unwrap(),
        None,
        "deleted after the recorded 2xx"
    );

    let event = server.event(delivery.event_id.as_deref().unwrap());
    assert_eq!(event["release"]["version"], "crasher@1.2.3");
    assert_eq!(event["environment"], "test");
    assert_eq!(event["feedback"][0]["message"], "it was wet");
    assert!(
        event["tags"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tag| tag["key"] == "paint" && tag["value"] == "wet")
    );
    assert_eq!(event["breadcrumbs"]["values"][2]["message"], "pressed the button");
    let attachments = event["attachments"].as_array().unwrap();
    assert!(
        attachments
            .iter()
            .any(|attachment| attachment["type"] == "event.minidump")
    );
    let issue = server
        .get(&format!("issues/{}/", event["groupID"].as_str().unwrap()))
        .unwrap();
    assert_eq!(issue["count"], "1");
    assert!(
        issue["title"].as_str().unwrap().contains("crasher::memory::fill_pixel"),
        "{issue}"
    );

    let page = server.page(&format!("/issues/{}/", event["groupID"].as_str().unwrap()));
    for words in [
        "crasher::memory::fill_pixel",
        "crasher@1.2.3",
        "it was wet",
        "pressed the button",
        "SIGSEGV",
    ] {
        assert!(page.contains(words), "the page lacks {words:?}");
    }

    // The same crash again is the same issue; another one is not.
    scene.run(scene.crasher("null-write").env("CRASHER_ANSWER", "send"));
    scene.run(scene.crasher("divide").env("CRASHER_ANSWER", "send"));
    let counts = wait_for("three events", || {
        let mut counts: Vec<String> = server
            .issues()
            .iter()
            .map(|issue| issue["count"].as_str().unwrap().to_owned())
            .collect();
        counts.sort();
        (counts.len() == 2).then_some(counts).filter(|counts| counts[1] == "2")
    });
    assert_eq!(counts, ["1", "2"]);
}

#[test]
fn a_crash_that_is_not_sent_is_nowhere() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    for kind in ["null-write", "panic", "panic-thread"] {
        scene.run(scene.crasher(kind).env("CRASHER_ANSWER", "dont-send"));
        assert!(scene.store().reports().unwrap().is_empty(), "{kind}");
        assert!(server.issues().is_empty(), "{kind}");
    }
}

#[test]
fn nothing_leaves_before_consent() {
    // Whoever connects here is noticed, whatever is said.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut scene = Scene::new();
    scene.dsn = Some(format!("http://key@{}/1", listener.local_addr().unwrap()));
    for kind in ["null-write", "panic-thread", "message", "clean-exit"] {
        scene.run(scene.crasher(kind).env("CRASHER_ANSWER", "later"));
    }
    assert_eq!(scene.store().reports().unwrap().len(), 3);
    let connected = listener.accept();
    assert!(connected.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
}

#[test]
fn an_unanswered_report_is_asked_about_at_the_next_start() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    scene.crash("null-write");
    let id = scene.report_in(State::Waiting).id();
    scene.run(scene.crasher("clean-exit").env("CRASHER_ANSWER", "later"));
    assert_eq!(scene.report_in(State::Waiting).id(), id);
    scene.run(scene.crasher("clean-exit").env("CRASHER_ANSWER", "send"));
    assert_eq!(scene.report_in(State::Sent).id(), id);
}

#[test]
fn an_answer_whose_reporter_was_killed_is_carried_out_at_the_next_start() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    scene.crash("null-write");
    let report = scene.report_in(State::Waiting);
    let now = time::OffsetDateTime::now_utc();
    let answer = afterword_store::Answer::new(afterword_store::Decision::Send, now, 1, "en");
    // What a dialog leaves whose reporter is gone: an answer, and a report that still waits.
    scene.store().put_answer(report.id(), &answer).unwrap();
    scene.crash("clean-exit");
    scene.report_in(State::Sent);
}

#[test]
fn what_is_cancelled_is_not_sent_behind_the_persons_back() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    scene.run(scene.crasher("null-write").env("CRASHER_ANSWER", "cancel"));
    let report = scene.report_in(State::Waiting);
    assert_eq!(report.answer().unwrap(), None, "the consent is taken back");
    // Not at the next start either; it is asked about again.
    scene.run(scene.crasher("clean-exit").env("CRASHER_ANSWER", "later"));
    scene.report_in(State::Waiting);
    assert!(server.issues().is_empty());
}

#[test]
fn consent_taken_back_in_the_app_holds_what_was_not_sent_yet() {
    let mut scene = Scene::new();
    // Nobody answers there: the report stays in `sending`.
    scene.dsn = Some("http://key@127.0.0.1:1/1".to_owned());
    scene.run(scene.crasher("null-write").args(["--consent", "always"]));
    scene.report_in(State::Sending);
    scene.run(scene.crasher("clean-exit").args(["--consent", "ask"]));
    scene.report_in(State::Waiting);
}

#[test]
fn the_app_is_restarted_as_it_was_started() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    let folder = scene.folder.path().join("a folder");
    std::fs::create_dir(&folder).unwrap();
    let note = scene.folder.path().join("note");
    let mut crasher = scene.crasher("null-write-once");
    crasher
        .arg("--note")
        .arg(&note)
        .current_dir(&folder)
        .env("CRASHER_ANSWER", "restart");
    crasher.arg(std::ffi::OsStr::new("--odd=caf\u{e9} \"quoted\""));
    scene.expect_reporter();
    scene.run(&mut crasher);
    scene.report_in(State::Sent);
    let lines: Vec<String> = std::fs::read_to_string(&note)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let parts: Vec<(&str, usize)> = lines
        .iter()
        .map(|line| {
            line.rsplit_once(' ')
                .map(|(start, open)| (start, open.parse().unwrap()))
                .unwrap()
        })
        .collect();
    assert_eq!(parts[0].0, parts[1].0, "arguments, folder and umask are the same");
    assert_eq!(
        parts[1].1, 3,
        "the standard streams, and nothing of the reporter: {parts:?}"
    );
}

#[test]
fn consent_given_beforehand_needs_no_question() {
    let server = Server::start();
    for kind in ["null-write", "panic-thread"] {
        let mut scene = Scene::new();
        scene.dsn = Some(server.access.dsn.clone());
        scene.run(scene.crasher(kind).args(["--consent", "always"]));
        match kind {
            "null-write" => drop(scene.report_in(State::Sent)),
            // An error of which nobody is asked is an envelope like any other.
            _ => assert!(scene.store().reports().unwrap().is_empty()),
        }
        assert!(scene.store().queued_envelopes().unwrap().is_empty());
    }
    wait_for("both at the collector", || (server.issues().len() == 2).then_some(()));
}

#[test]
fn with_consent_refused_beforehand_nothing_is_kept() {
    let scene = Scene::new();
    for kind in ["null-write", "panic", "panic-thread", "message"] {
        scene.crasher(kind).args(["--consent", "never"]).output().unwrap();
        assert!(!scene.store_root().exists(), "{kind}: not even a folder");
    }
}
