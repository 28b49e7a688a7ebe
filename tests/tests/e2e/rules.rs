//! What an app wants done with its crashes before anybody sees them.

use std::os::unix::process::ExitStatusExt;

use afterword_store::{Category, Loss, LossReason, ReportFile, State};
use rustix::process::Signal;
use serde_json::Value;

use crate::collector::Server;
use crate::process::{Scene, all_files, journals, wait_for};

fn dropped(quantity: u64) -> Vec<Loss> {
    vec![Loss {
        reason: LossReason::BeforeSend,
        category: Category::Error,
        quantity,
    }]
}

#[test]
fn what_a_rule_drops_is_nowhere_and_counted_and_the_app_dies_as_ever() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    let rules: [(&str, &str, &[&str]); 3] = [
        ("ask", "null-write", &["--drop-crashes", "crasher::memory::fill_pixel*"]),
        // Who has agreed to all is not asked, and it is dropped all the same.
        ("always", "null-write", &["--drop-crashes-in", "CRASHER"]),
        (
            "ask",
            "panic",
            &["--drop-crashes", "nothing like it", "--drop-crashes", "*"],
        ),
    ];
    for (count, (consent, kind, rule)) in rules.into_iter().enumerate() {
        let mut crasher = scene.crasher(kind);
        crasher.args(["--consent", consent]).args(rule);
        // Nothing else goes to the server, with which the losses would go too.
        crasher.env("AFTERWORD_RELEASE_HEALTH", "false");
        let ended = scene.run(crasher.env("CRASHER_ANSWER", "send"));
        if kind == "null-write" {
            assert_eq!(ended.status.signal(), Some(Signal::SEGV.as_raw()), "{ended:?}");
        }
        let store = scene.store();
        assert!(store.reports().unwrap().is_empty(), "{rule:?}: {:?}", journals(&store));
        assert_eq!(store.losses().unwrap(), dropped(count as u64 + 1), "{rule:?}");
    }
    let said = journals(&scene.store())
        .iter()
        .filter(|journal| journal.contains("is dropped by a rule of the app"))
        .count();
    assert_eq!(said, 3);
    // With the session of a run the server hears that it has not seen everything.
    scene.run(scene.crasher("clean-exit").args(["--consent", "always"]));
    assert_eq!(scene.store().losses().unwrap(), []);
    let told = wait_for("the losses at the collector", || {
        let path = "organizations/studio/stats_v2/?field=sum(quantity)&statsPeriod=1d&groupBy=reason";
        let groups = server.get(path).unwrap()["groups"].clone();
        let is_told = groups.to_string().contains("before_send");
        is_told.then_some(groups)
    });
    let told = told.as_array().unwrap();
    let dropped = told
        .iter()
        .find(|group| group["by"]["reason"] == "before_send")
        .unwrap();
    assert_eq!(dropped["totals"]["sum(quantity)"], 3, "{told:?}");
    assert!(server.issues().is_empty());
}

#[test]
fn what_no_rule_holds_for_is_asked_about() {
    let scene = Scene::new();
    let mut crasher = scene.crasher("divide");
    crasher.args([
        "--drop-crashes",
        "crasher::memory::*",
        "--drop-crashes-in",
        "libelsewhere.so",
    ]);
    scene.run(&mut crasher);
    scene.report_in(State::Waiting);
    assert_eq!(scene.store().losses().unwrap(), []);
}

#[test]
fn a_report_of_an_earlier_run_follows_the_rules_of_the_one_that_asks() {
    let scene = Scene::new();
    scene.crash("null-write");
    scene.report_in(State::Waiting);
    let mut crasher = scene.crasher("clean-exit");
    crasher.args(["--drop-crashes", "*fill_pixel*"]);
    scene.run(crasher.env("CRASHER_ANSWER", "send"));
    assert!(scene.store().reports().unwrap().is_empty());
    assert_eq!(scene.store().losses().unwrap(), dropped(1));
}

#[test]
fn what_is_redacted_is_in_no_file_of_the_report_and_not_on_the_wire() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    let mut crasher = scene.crasher("panic");
    // The value of a tag, a part of a breadcrumb, and a part of the panic's message.
    crasher.args([
        "--redact",
        "wet",
        "--redact",
        "the [a-z]utton",
        "--redact",
        "index is [0-9]+",
    ]);
    scene.run(&mut crasher);
    let report = scene.report_in(State::Waiting);
    let info = report.info().unwrap().clone();
    assert_eq!(info.event["tags"]["paint"], "[redacted]");
    let message = info.message.unwrap();
    assert!(message.contains("[redacted]"), "{message}");
    let event: Value = serde_json::from_slice(&report.read(ReportFile::Event).unwrap().unwrap()).unwrap();
    assert_eq!(event["exception"]["values"][0]["value"], message);
    assert_eq!(event["breadcrumbs"]["values"][2]["message"], "pressed [redacted]");
    for (path, bytes) in all_files(report.folder()) {
        for word in ["the button", "\"wet\"", "index is 8"] {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "{word} in {}", path.display());
        }
    }

    scene.run(scene.crasher("clean-exit").env("CRASHER_ANSWER", "send"));
    let sent = scene.report_in(State::Sent).delivery().unwrap();
    let event = server.event(sent.event_id.as_deref().unwrap());
    assert_eq!(event["breadcrumbs"]["values"][2]["message"], "pressed [redacted]");
    assert!(!event.to_string().contains("index is 8"), "{event}");
}
