//! `afterword reports list`, `show` and `delete`.

use std::fs;
use std::time::Duration;

use afterword_store::{AbnormalEnd, ReportKind};
use serde_json::json;

use crate::{NOON, Reports, afterword, info};

#[test]
fn an_empty_store_teaches() {
    let reports = Reports::new();
    let list = reports.command(&["list"]);
    assert!(
        list.ok().contains(&format!("No reports in {}.", reports.root())),
        "{}",
        list.stdout
    );
    assert!(
        list.stdout.contains("its report waits there until you answer"),
        "{}",
        list.stdout
    );
    assert_eq!(reports.command(&["list", "--json"]).json(), json!([]));
    assert_eq!(
        fs::read_dir(reports.root()).unwrap().count(),
        0,
        "looking makes nothing"
    );
    assert!(
        afterword(&["reports", "list"]).ok().contains("/nonexistent"),
        "the store is AFTERWORD_STORE's"
    );
}

#[test]
fn reports_of_all_apps_are_listed_newest_first() {
    let reports = Reports::new();
    reports.add(info(1));
    let mut panic = info(2);
    panic.kind = ReportKind::Panic;
    panic.reason = "panic".into();
    panic.message = Some("index out of bounds: the len is 8 but the index is 8, which is one more than fits".into());
    reports.add_of("another", panic);
    insta::assert_snapshot!("list", without_sizes(reports.command(&["list"]).ok()));

    let list = reports.command(&["list", "--json"]).json();
    assert_eq!(list[0]["app"], "another");
    assert_eq!(list[1]["id"], "11111111-1111-1111-1111-111111111111");
    assert_eq!(list[1]["state"], "waiting");
    assert_eq!(list[1]["captured_at"], "2026-11-21T12:01:00Z");
    assert_eq!(list[1]["reason"], "SIGSEGV");
    assert!(list[1]["size_bytes"].as_u64().unwrap() > 500);

    let one = reports.command(&["list", "--app", "demo", "--json"]).json();
    assert_eq!(one.as_array().unwrap().len(), 1);
    let unknown = reports.command(&["list", "--app", "nobody"]);
    assert!(
        unknown.failed(1).contains("there is no app nobody in"),
        "{}",
        unknown.stderr
    );
    assert!(
        unknown.stderr.contains("there are: another, demo"),
        "{}",
        unknown.stderr
    );
}

/// The cells of the table, without the column that varies.
fn without_sizes(table: &str) -> String {
    let row = |line: &str| {
        let mut cells: Vec<String> = line.split("  ").map(|cell| cell.trim().to_owned()).collect();
        cells.retain(|cell| !cell.is_empty());
        cells.remove(4);
        cells.join(" | ")
    };
    table.lines().map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_report_is_found_by_any_beginning_that_only_it_has() {
    let reports = Reports::new();
    let mut other = info(1);
    other.report_id = "11111111-2222-2222-2222-222222222222".parse().unwrap();
    reports.add(info(1));
    reports.add(other);
    reports.add(info(3));
    assert!(reports.command(&["show", "3"]).ok().contains("33333333-3333"));
    assert!(reports.command(&["show", "11111111-2"]).ok().contains("11111111-2222"));
    let two = reports.command(&["show", "1111"]);
    assert!(
        two.failed(1)
            .contains("2 reports have an id that begins with 1111; give more of it: 11111111-")
    );
    let none = reports.command(&["show", "abc"]);
    assert!(
        none.failed(1)
            .contains("there is no report whose id begins with abc in"),
        "{}",
        none.stderr
    );
}

#[test]
fn a_report_is_shown_with_all_that_would_be_sent() {
    let reports = Reports::new();
    let id = reports.add(info(1));
    let shown = reports.command(&["show", "1"]);
    for words in [
        "Report       11111111-1111-1111-1111-111111111111",
        "What         SIGSEGV",
        "Program      Demo (demo@1.0)",
        "When         2026-11-21 12:01 UTC",
        "State        waiting: on this machine only; nobody agreed to sending it yet",
        "Goes to      127.0.0.1:9",
        "tool.colour  blue",
        "draw        drew a stroke",
        "minidump.dmp    threads, stacks and registers; sent",
        "report.json     what is known of it; stays here",
        "Removed before it was stored\n  - environment variables",
        "`afterword reports send 11111111`",
    ] {
        assert!(shown.ok().contains(words), "{words:?} is not in {}", shown.stdout);
    }
    let json = reports.command(&["show", &id.to_string(), "--json"]).json();
    assert_eq!(
        (&json["state"], &json["event"]["tags"]["strokes"]),
        (&json!("waiting"), &json!("3"))
    );
    assert_eq!(json["answer"], json!(null));
    if crate::fixture("minidumps").is_some() {
        assert!(
            shown.stdout.contains("EXCEPTION_ACCESS_VIOLATION_WRITE at 0x45"),
            "{}",
            shown.stdout
        );
        assert_eq!(json["stack"]["reason"]["address"], "0x45");
        assert_eq!(
            json["files"].as_array().unwrap().len(),
            2,
            "showing keeps nothing: {}",
            json["files"]
        );
    }
}

#[test]
fn nothing_in_a_report_steers_the_terminal() {
    let reports = Reports::new();
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}evil";
    let mut report = info(1);
    report.app_name = evil.into();
    report.message = Some(format!("{evil}\nforged line"));
    report.release = Some(evil.into());
    report.thread_name = Some(evil.into());
    report.removed = vec![evil.into()];
    report.event = json!({
        "tags": { evil: evil },
        "breadcrumbs": { "values": [{ "category": evil, "message": evil }] },
    });
    reports.add(report);
    for command in [
        &["list"][..],
        &["show", "1"],
        &["list", "--json"],
        &["show", "1", "--json"],
    ] {
        let ran = reports.command(command);
        let steering = ran
            .ok()
            .chars()
            .find(|char| (char.is_control() && *char != '\n') || *char == '\u{202e}');
        assert_eq!(steering, None, "{command:?}: {:?}", ran.stdout);
        assert!(ran.stdout.contains("evil"), "{command:?}");
    }
    assert!(!reports.command(&["show", "1"]).stdout.contains("\nforged line"));
    assert_eq!(
        reports.command(&["show", "1", "--json"]).json()["app_name"],
        evil,
        "JSON is exact all the same"
    );
}

#[test]
fn a_report_that_cannot_be_read_is_listed_and_can_be_deleted() {
    let reports = Reports::new();
    let id = reports.add(info(1));
    let folder = reports.store("demo").report(id).unwrap().folder().to_owned();
    fs::write(folder.join("report.json"), "{").unwrap();
    assert!(reports.command(&["list"]).ok().contains("cannot be read"));
    assert!(
        reports.command(&["list", "--json"]).json()[0]["error"]
            .as_str()
            .unwrap()
            .contains("report.json")
    );
    for command in [&["show", "1"][..], &["send", "1", "--yes"]] {
        let ran = reports.command(command);
        assert!(
            ran.failed(1).contains("`afterword reports delete 11111111`"),
            "{}",
            ran.stderr
        );
    }
    reports.command(&["delete", "1", "--yes"]).ok();
    assert!(!folder.exists());
}

#[test]
#[cfg(unix)]
fn one_bad_folder_hides_nobody_elses_reports() {
    let reports = Reports::new();
    reports.add(info(1));
    // No folder can be made where a file is; permissions would not stop a privileged test.
    fs::create_dir_all(reports.root.path().join("broken/reports")).unwrap();
    fs::write(reports.root.path().join("broken/reports/waiting"), "no folder").unwrap();
    // This one opens, and cannot be listed.
    reports.add_of("unlisted", info(2));
    let sent = reports.root.path().join("unlisted/reports/sent");
    fs::remove_dir(&sent).unwrap();
    std::os::unix::fs::symlink(&sent, &sent).unwrap();

    let list = reports.command(&["list"]);
    assert!(
        list.failed(1).contains("the reports of broken cannot be read: "),
        "{}",
        list.stderr
    );
    assert!(
        list.stderr.contains("the reports of unlisted cannot be read: "),
        "{}",
        list.stderr
    );
    assert!(list.stdout.contains("11111111"), "{}", list.stdout);
    let json = reports.command(&["list", "--json"]);
    json.failed(1);
    assert_eq!(json.json()[0]["app"], "demo");

    assert!(reports.command(&["show", "1"]).ok().contains("SIGSEGV"));
    let none = reports.command(&["show", "2"]);
    assert!(
        none.failed(1).contains("there is no report whose id begins with 2") && none.stderr.contains("unlisted cannot"),
        "{}",
        none.stderr
    );
    // Without anything else, the error is not "No reports".
    let broken = reports.command(&["list", "--app", "broken"]);
    assert!(broken.failed(1).contains("broken cannot be read"), "{}", broken.stderr);
    assert_eq!(broken.stdout, "");
}

#[test]
fn deleting_asks_first() {
    let reports = Reports::new();
    let id = reports.add(info(1));
    let ran = reports.command(&["delete", "1"]);
    assert!(
        ran.failed(2)
            .contains("Delete report 11111111 (waiting): SIGSEGV of Demo (demo@1.0)"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("Say so with --yes"), "{}", ran.stderr);
    assert_eq!(reports.state(id).as_deref(), Some("waiting"));
    let ran = reports.command(&["delete", "1", "--yes"]);
    assert_eq!(ran.ok(), "Deleted report 11111111-1111-1111-1111-111111111111.\n");
    assert_eq!(reports.state(id), None);
}

#[test]
fn runs_that_nobody_ended_are_told_beneath_the_list() {
    let reports = Reports::new();
    let end = |n: u128| AbnormalEnd {
        run_id: uuid::Uuid::from_u128(n),
        started_at: None,
        found_at: NOON + Duration::from_secs(n as u64 * 60),
        release: Some(format!("demo@{n}")),
        before_boot: false,
        crashing: false,
    };
    reports.add(info(1));
    assert!(!reports.command(&["list"]).ok().contains("without an exit"));
    reports.store("demo").put_abnormal_end(&end(1)).unwrap();
    assert!(
        reports
            .command(&["list"])
            .ok()
            .contains("\n1 run ended without an exit or a crash")
    );
    reports.store("demo").put_abnormal_end(&end(2)).unwrap();
    let list = reports.command(&["list"]);
    let list = list.ok();
    assert!(
        list.contains("\n2 runs ended") && list.contains("12:02 (demo@2).\n"),
        "{list}"
    );
    assert_eq!(reports.command(&["list", "--json"]).json().as_array().unwrap().len(), 1);
}
