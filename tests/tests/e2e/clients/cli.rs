//! `sentry-cli`: an event from the command line, releases as a build makes them, debug files.

use std::path::Path;
use std::process::{Command, Output};

use afterword_store::ReportFile;
use serde_json::{Value, json};

use super::{Work, installed, tags};
use crate::process::{Scene, built, program};

fn sentry_cli() -> Command {
    Command::new(installed("python/bin/sentry-cli"))
}

/// Runs a command of it with the project's token.
fn run(work: &Work, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = sentry_cli();
    command.args(["--url", &work.program.url, "--auth-token", &work.program.token]);
    command
        .args(arguments)
        .env("SENTRY_ORG", "studio")
        .env("SENTRY_PROJECT", "paint");
    let output = work.run_in(folder, &mut command);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn an_event_of_the_command_line_is_shown_as_it_was_sent() {
    let work = Work::begin();
    let mut command = sentry_cli();
    command.args([
        "send-event",
        "--no-environ",
        "--message",
        "it rains: 雨 %s",
        "--message-arg",
        "hard",
    ]);
    command.args([
        "--release",
        "cli@1.0.0",
        "--env",
        "test",
        "--level",
        "warning",
        "--platform",
        "other",
    ]);
    command.args([
        "--tag",
        "brush:flat",
        "--extra",
        "strokes:17",
        "--user",
        "id:u-7",
        "--user",
        "email:mia@example.com",
    ]);
    command.args(["--fingerprint", "rain", "--timestamp", "1795333716"]);
    let output = work.run_well(&mut command);
    let said = String::from_utf8(output.stdout).unwrap();
    let event_id = said.split_whitespace().find(|word| word.len() == 36).expect(&said);
    let shown = work.program.event(event_id);
    assert_eq!(shown["message"], "it rains: 雨 hard");
    assert_eq!(shown["release"]["version"], "cli@1.0.0");
    assert_eq!(shown["environment"], "test");
    assert_eq!(shown["level"], "warning");
    assert_eq!(shown["user"]["email"], "mia@example.com");
    assert_eq!(shown["raw"]["extra"], json!({ "strokes": "17" }));
    assert_eq!(shown["dateCreated"], "2026-11-22T07:48:36Z");
    assert_eq!(tags(&shown)["brush"], "flat");
    let issue = work.program.issues().remove(0);
    assert!(issue["title"].as_str().unwrap().starts_with("it rains"), "{issue}");
}

/// A repository with so many commits, made by `git` alone.
fn repository(folder: &Path, commits: usize) {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=Mia",
            "-c",
            "user.email=mia@example.com",
            "-c",
            "init.defaultBranch=main",
        ]);
        let output = command.args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "--quiet"]);
    git(&["remote", "add", "origin", "https://example.com/studio/paint.git"]);
    for number in 0..commits {
        std::fs::write(folder.join("colour"), number.to_string()).unwrap();
        git(&["add", "colour"]);
        git(&["commit", "--quiet", "--message", &format!("Mix colour {number}")]);
    }
}

#[test]
fn a_release_is_made_and_finished_and_deployed_with_its_commits() {
    let work = Work::begin();
    let folder = work.program.folder().join("repository");
    std::fs::create_dir(&folder).unwrap();
    repository(&folder, 3);
    let run = |arguments: &[&str]| run(&work, &folder, arguments);
    let release = || work.program.get("organizations/studio/releases/paint@1.2.0/").unwrap();

    run(&["releases", "new", "paint@1.2.0"]);
    assert_eq!(release()["dateReleased"], Value::Null);
    assert_eq!(release()["projects"][0]["slug"], "paint");
    run(&["releases", "set-commits", "paint@1.2.0", "--local"]);
    run(&["releases", "finalize", "paint@1.2.0"]);
    run(&[
        "deploys",
        "new",
        "--release",
        "paint@1.2.0",
        "--env",
        "production",
        "--name",
        "the first",
    ]);

    let release = release();
    assert!(release["dateReleased"].is_string(), "{release:#}");
    assert_eq!(
        (&release["commitCount"], &release["deployCount"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(release["authors"][0]["email"], "mia@example.com");
    assert_eq!(release["lastDeploy"]["environment"], "production");
    let commits = work
        .program
        .get("organizations/studio/releases/paint@1.2.0/commits/")
        .unwrap();
    let messages: Vec<&str> = commits
        .as_array()
        .unwrap()
        .iter()
        .map(|commit| commit["message"].as_str().unwrap().trim())
        .collect();
    assert_eq!(messages, ["Mix colour 2", "Mix colour 1", "Mix colour 0"]);
    let deploys = work
        .program
        .get("organizations/studio/releases/paint@1.2.0/deploys/")
        .unwrap();
    assert_eq!(deploys[0]["name"], "the first");

    // What it reads of them.
    assert!(said(&run(&["releases", "list"])).contains("paint@1.2.0"));
    let info = said(&run(&[
        "releases",
        "info",
        "paint@1.2.0",
        "--show-projects",
        "--show-commits",
    ]));
    let newest = commits[0]["id"].as_str().unwrap();
    assert!(info.contains("paint@1.2.0") && info.contains(newest), "{info}");
    assert!(said(&run(&["deploys", "list", "--release", "paint@1.2.0"])).contains("production"));

    // The next one begins behind it.
    std::fs::remove_dir_all(folder.join(".git")).unwrap();
    run(&["releases", "new", "paint@1.3.0", "--finalize"]);
    run(&["releases", "archive", "paint@1.2.0"]);
    assert_eq!(
        work.program.get("organizations/studio/releases/paint@1.2.0/").unwrap()["status"],
        "archived"
    );
    run(&["releases", "delete", "paint@1.3.0"]);
    assert!(work.program.get("organizations/studio/releases/paint@1.3.0/").is_none());
}

#[test]
fn symbols_that_are_uploaded_name_the_frames_of_crashes_before_and_after() {
    let work = Work::begin();
    let crasher = built("release", "crasher");
    let scene = Scene::new();
    let mut crash = scene.crasher_at(&crasher, "null-write");
    crash.arg("--reporter").arg(program("afterword-reporter"));
    scene.run(crash.env("CRASHER_ANSWER", "later"));
    let dump = scene.only_report().read(ReportFile::Minidump).unwrap().unwrap();
    let post = || {
        let form = work.program.post("minidump/").body(dump.clone());
        let answer = form.header("Content-Type", "application/x-dmp").send().unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().unwrap()
    };
    // Without symbols it is known where it was, and not what.
    let before = post();
    let shown = work.program.event(&before);
    assert!(!shown.to_string().contains("fill_pixel"), "{shown:#}");

    let upload = [
        "debug-files",
        "upload",
        "--include-sources",
        "--wait",
        crasher.to_str().unwrap(),
    ];
    let uploaded = said(&run(&work, work.program.folder(), &upload));
    assert!(uploaded.contains("crasher"), "{uploaded}");
    for event_id in [before, post()] {
        let path = format!("projects/studio/paint/events/{event_id}/");
        let shown = work
            .program
            .until(&path, |event| event.to_string().contains("fill_pixel"));
        let frames = shown["exception"]["values"][0]["stacktrace"]["frames"]
            .as_array()
            .unwrap();
        let frame = frames
            .iter()
            .rev()
            .find(|frame| frame["function"].to_string().contains("fill_pixel"));
        let frame = frame.unwrap();
        assert!(frame["filename"].as_str().unwrap().ends_with("memory.rs"), "{frame}");
        assert!(frame["lineno"].as_u64().unwrap() > 0);
    }
    let issues = work
        .program
        .until("projects/studio/paint/issues/", |issues| issues[0]["count"] == "2");
    assert_eq!(issues.as_array().unwrap().len(), 1, "the same crash");
    assert!(
        issues[0]["title"].as_str().unwrap().contains("fill_pixel"),
        "{issues:#}"
    );

    // What is there is not sent again.
    let again = said(&run(&work, work.program.folder(), &upload));
    assert!(again.contains("Nothing to upload"), "{again}");
}
