//! The way of symbols: a program that was stripped crashes, its debug file arrives, and the crash has names.

use std::path::{Path, PathBuf};
use std::process::Command;

use afterword_store::State;
use serde_json::Value;

use crate::collector::Server;
use crate::process::{Scene, program, quiet, wait_for};

/// The crasher as it ships, without symbols, and beside it in a folder of its own what was cut off.
struct Shipped {
    scene: Scene,
    program: PathBuf,
    symbols: PathBuf,
}

impl Shipped {
    fn new(server: &Server) -> Shipped {
        let mut scene = Scene::new();
        scene.dsn = Some(server.access.dsn.clone());
        let folder = scene.folder.path();
        let (shipped, symbols) = (folder.join("bin"), folder.join("symbols"));
        std::fs::create_dir(&shipped).unwrap();
        std::fs::create_dir(&symbols).unwrap();
        let whole = Path::new(env!("CARGO_BIN_EXE_crasher"));
        let program = shipped.join("crasher");
        std::fs::copy(whole, &program).unwrap();
        let debug = symbols.join("crasher.debug");
        for arguments in [
            ["--only-keep-debug".as_ref(), whole.as_os_str(), debug.as_os_str()].as_slice(),
            ["--strip-all".as_ref(), program.as_os_str()].as_slice(),
        ] {
            assert!(Command::new("objcopy").args(arguments).status().unwrap().success());
        }
        Shipped {
            scene,
            program,
            symbols,
        }
    }

    /// Crashes, sends the report, and waits for the event. Returns its id.
    fn crash(&self, server: &Server) -> String {
        let mut crasher = self.scene.crasher_at(&self.program, "null-write");
        self.scene.run(crasher.env("CRASHER_ANSWER", "send"));
        let delivery = self.scene.report_in(State::Sent).delivery().unwrap();
        let event_id = delivery.event_id.unwrap();
        server.event(&event_id);
        event_id
    }
}

fn frames(event: &Value) -> Vec<Value> {
    let exception = &event["exception"]["values"][0];
    exception["stacktrace"]["frames"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn frame_of<'f>(frames: &'f [Value], function: &str) -> Option<&'f Value> {
    let named = |frame: &&Value| frame["function"].as_str().is_some_and(|name| name.ends_with(function));
    frames.iter().rev().find(named)
}

fn event(server: &Server, event_id: &str) -> Value {
    server
        .get(&format!("projects/studio/paint/events/{event_id}/"))
        .unwrap()
}

fn missing(server: &Server) -> Vec<Value> {
    let missing = server.get("projects/studio/paint/missing-symbols/").unwrap();
    missing.as_array().unwrap().clone()
}

/// Waits until the event is named, and looks at what became of it.
fn expect_names(server: &Server, event_id: &str, issue: &Value) {
    let frames = wait_for("names in the event", || {
        let frames = frames(&event(server, event_id));
        frame_of(&frames, "fill_pixel").is_some().then_some(frames)
    });
    let top = frame_of(&frames, "crasher::memory::fill_pixel").unwrap();
    assert_eq!(top["filename"], "memory.rs", "{top:#}");
    assert!(top["lineno"].as_u64().unwrap() > 0, "{top:#}");
    assert!(
        top["context_line"].as_str().is_some_and(|line| !line.trim().is_empty()),
        "{top:#}"
    );
    assert_eq!(top["in_app"], true);
    assert!(frame_of(&frames, "crasher::main").is_some(), "{frames:#?}");
    let named = event(server, event_id);
    assert_eq!(named["groupID"], *issue, "the issue keeps its number");
    let issue = server.get(&format!("issues/{}/", issue.as_str().unwrap())).unwrap();
    assert_eq!(issue["count"], "1");
    assert!(
        issue["title"].as_str().unwrap().contains("crasher::memory::fill_pixel"),
        "{issue:#}"
    );
    assert!(
        missing(server).iter().all(|missing| missing["name"] != "crasher"),
        "nothing is missing any more"
    );
}

#[test]
fn a_crash_without_symbols_is_named_once_they_are_uploaded() {
    let server = Server::start();
    let shipped = Shipped::new(&server);
    let event_id = shipped.crash(&server);
    let bare = event(&server, &event_id);
    assert!(frame_of(&frames(&bare), "fill_pixel").is_none(), "{bare:#}");
    let lacking = missing(&server)
        .into_iter()
        .find(|missing| missing["name"] == "crasher");
    let lacking = lacking.expect("what is missing is listed");
    assert_eq!(
        (lacking["inApp"].as_bool(), lacking["events"].as_i64()),
        (Some(true), Some(1))
    );
    assert_eq!(lacking["release"], "crasher@1.2.3");

    let upload = || {
        let mut command = Command::new(program("afterword"));
        command
            .args(["symbols", "upload"])
            .arg(&shipped.symbols)
            .arg(&shipped.program);
        command.args(["--url", &server.access.url, "--org", "studio", "--project", "paint"]);
        command
            .args(["--include-sources", "--json"])
            .env("SENTRY_AUTH_TOKEN", &server.access.token);
        let output = quiet(&mut command).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        told.as_array().unwrap().clone()
    };
    let told = upload();
    assert!(told.iter().all(|file| file["outcome"] == "uploaded"), "{told:#?}");
    assert!(told.iter().any(|file| file["kind"] == "sources"), "{told:#?}");
    assert!(
        told.iter().any(|file| file["debug_ids"][0] == lacking["debugId"]),
        "{told:#?}"
    );
    expect_names(&server, &event_id, &bare["groupID"]);
    let again = upload();
    assert!(
        again.iter().all(|file| file["outcome"] == "present"),
        "nothing is sent twice: {again:#?}"
    );
}
