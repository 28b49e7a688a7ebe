//! A minidump as Crashpad posts it: multipart, with annotations beside it; by curl, compressed and not.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use afterword_store::ReportFile;
use serde_json::{Value, json};

use super::{Work, sha256, tags};
use crate::process::Scene;

/// A dump of the crasher, in a file.
fn dump(work: &Work) -> (PathBuf, Vec<u8>) {
    let scene = Scene::new();
    scene.run(scene.crasher("null-write").env("CRASHER_ANSWER", "later"));
    let dump = scene.only_report().read(ReportFile::Minidump).unwrap().unwrap();
    let path = work.program.folder().join("crash.dmp");
    fs::write(&path, &dump).unwrap();
    (path, dump)
}

/// What Crashpad's uploader sends. Returns the event as it is shown.
fn post(work: &Work, form: &[&str]) -> Value {
    let (key, project) = work.program.key_and_project();
    let url = format!(
        "{}/api/{project}/minidump/?sentry_client=sentry.native/0.11.0&sentry_key={key}",
        work.program.url
    );
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body"]);
    for field in form {
        curl.args(["--form", field]);
    }
    let output = work.run_well(curl.arg(url));
    // The event's id, as text.
    let event_id = String::from_utf8(output.stdout).unwrap();
    assert_eq!(event_id.trim().len(), 36, "{event_id}");
    work.program.event(event_id.trim())
}

#[test]
fn a_dump_that_crashpad_posts_is_a_crash_with_its_annotations() {
    let work = Work::begin();
    let (path, dump) = dump(&work);
    let notes = work.program.folder().join("notes.txt");
    fs::write(&notes, "what I did\n").unwrap();
    let sentry = json!({
        "release": "crashpad@1.0.0", "environment": "test", "tags": {"brush": "flat"}, "user": {"id": "u-7"},
    });
    let shown = post(
        &work,
        &[
            &format!("upload_file_minidump=@{};type=application/octet-stream", path.display()),
            &format!("notes.txt=@{}", notes.display()),
            &format!("sentry={sentry}"),
            "sentry[contexts][canvas][width]=640",
            "guid=5a2bd3f6",
            "ptype=renderer",
        ],
    );
    assert_eq!(shown["platform"], "native");
    assert_eq!(shown["level"], "fatal");
    assert_eq!(shown["release"]["version"], "crashpad@1.0.0");
    assert_eq!(shown["environment"], "test");
    assert_eq!(shown["user"]["id"], "u-7");
    assert_eq!(shown["contexts"]["canvas"]["width"], "640");
    assert_eq!(tags(&shown)["brush"], "flat");
    assert_eq!(shown["raw"]["extra"]["ptype"], "renderer");
    let exception = &shown["exception"]["values"][0];
    assert_eq!(exception["mechanism"]["type"], "minidump");
    assert_eq!(exception["mechanism"]["handled"], false);
    let kept = |name: &str, bytes: &[u8]| {
        let all = shown["attachments"].as_array().unwrap();
        let attachment = all.iter().find(|attachment| attachment["sha256"] == sha256(bytes));
        attachment.unwrap_or_else(|| panic!("{name}: {all:#?}"))["type"].clone()
    };
    assert_eq!(kept("the dump", &dump), "event.minidump");
    assert_eq!(kept("the notes", b"what I did\n"), "event.attachment");
    let issue = work.program.issues().remove(0);
    assert_eq!(issue["count"], "1");
    assert!(issue["title"].as_str().unwrap().contains("SIGSEGV"), "{issue}");
}

#[test]
fn a_dump_that_is_compressed_in_its_part_is_the_same() {
    let work = Work::begin();
    let (path, dump) = dump(&work);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&dump).unwrap();
    fs::write(&path, gzip.finish().unwrap()).unwrap();
    let shown = post(&work, &[&format!("upload_file_minidump=@{}", path.display())]);
    // It is kept as it came.
    let attachment = &shown["attachments"][0];
    assert_eq!(attachment["type"], "event.minidump");
    assert_eq!(attachment["sha256"], sha256(&fs::read(&path).unwrap()));
    assert!(shown["title"].as_str().unwrap().contains("SIGSEGV"), "{shown:#}");
}
