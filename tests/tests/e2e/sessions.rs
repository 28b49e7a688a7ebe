//! Release health: a session of each run, from its beginning to the figures at the collector.

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::collector::Server;
use crate::process::{Scene, all_files, wait_for, wait_for_or};

impl Server {
    /// Groups of figures by release, in its order: `[release, sessions, users, crash-free sessions, crash-free users]`.
    fn health(&self) -> Vec<Value> {
        let fields = [
            "sum(session)",
            "count_unique(user)",
            "crash_free_rate(session)",
            "crash_free_rate(user)",
        ];
        let asked: String = fields.iter().map(|field| format!("&field={field}")).collect();
        let answer = self.get(&format!("organizations/studio/sessions/?groupBy=release{asked}"));
        let line = |group: &Value| {
            let mut line = vec![group["by"]["release"].clone()];
            line.extend(fields.iter().map(|field| group["totals"][field].clone()));
            Value::Array(line)
        };
        let mut lines: Vec<Value> = answer.unwrap()["groups"].as_array().unwrap().iter().map(line).collect();
        lines.sort_by_key(|line| line[0].to_string());
        lines
    }

    /// How many sessions are `[healthy, errored, abnormal, crashed]`.
    fn ends(&self) -> Vec<i64> {
        let path = "organizations/studio/sessions/?groupBy=session.status&field=sum(session)";
        let answer = self.get(path).unwrap();
        let groups = answer["groups"].as_array().unwrap().iter();
        groups
            .map(|group| group["totals"]["sum(session)"].as_i64().unwrap())
            .collect()
    }

    fn wait_for_ends(&self, expected: [i64; 4]) {
        wait_for_or(
            || format!("{expected:?} and not {:?}", self.ends()),
            || (self.ends() == expected).then_some(()),
        );
    }
}

impl Scene {
    fn at(server: &Server) -> Scene {
        let mut scene = Scene::new();
        scene.dsn = Some(server.access.dsn.clone());
        scene
    }

    /// The crasher of a release and a user who has agreed to all.
    fn agreed(&self, kind: &str, release: &str, user: &str) -> Command {
        let mut crasher = self.crasher(kind);
        crasher.args(["--consent", "always", "--release", release]);
        if !user.is_empty() {
            crasher.args(["--user", user]);
        }
        crasher
    }

    /// Starts one that waits until its tag and user are said, and ends it with a signal.
    fn end_with(&self, mut waiting: Command, signal: Signal) {
        self.expect_reporter();
        let note = self.folder.path().join("prepared");
        let mut app = waiting.arg("--note").arg(&note).spawn().unwrap();
        wait_for("the app to be prepared", || note.exists().then_some(()));
        kill_process(Pid::from_child(&app), signal).unwrap();
        app.wait().unwrap();
        std::fs::remove_file(&note).unwrap();
        self.wait_for_reporter();
    }

    /// The session updates that wait on this machine, in the order of their writing.
    fn held(&self) -> Vec<Value> {
        let mut files = all_files(&self.store_root().join("Crasher/envelopes/held"));
        files.sort();
        let update = |(_, bytes): (_, Vec<u8>)| {
            let text = String::from_utf8(bytes).unwrap();
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!((lines.len(), &lines[1]["type"]), (3, &json!("session")));
            lines[2].clone()
        };
        files.into_iter().map(update).collect()
    }
}

#[test]
fn figures_at_the_collector_are_those_of_the_runs() {
    let server = Server::start();
    let scene = Scene::at(&server);
    // 1: of four runs one crashes and one is killed.
    scene.run(&mut scene.agreed("clean-exit", "paint@1", "anna"));
    scene.run(&mut scene.agreed("null-write", "paint@1", "anna"));
    scene.run(&mut scene.agreed("clean-exit", "paint@1", "bert"));
    scene.end_with(scene.agreed("wait", "paint@1", "bert"), Signal::KILL);
    server.wait_for_ends([2, 0, 1, 1]);
    assert_eq!(server.health(), [json!(["paint@1", 4, 2, 0.75, 0.5])]);

    // 2: a panic that ends the program is a crash; one that is caught is none, and neither is being told to end.
    scene.run(&mut scene.agreed("panic", "paint@2", "anna"));
    scene.run(&mut scene.agreed("panic-caught", "paint@2", "bert"));
    scene.run(&mut scene.agreed("exit", "paint@2", ""));
    scene.end_with(scene.agreed("wait", "paint@2", "bert"), Signal::TERM);
    wait_for_or(
        || format!("all eight: {:?}", server.health()),
        || (server.health()[1..] == [json!(["paint@2", 4, 2, 0.75, 0.5])]).then_some(()),
    );
    // The panic that was caught is an error.
    assert_eq!(server.ends(), [4, 1, 1, 2]);
}

#[test]
fn a_run_killed_with_its_reporter_is_abnormal_at_the_next_start() {
    let server = Server::start();
    let scene = Scene::at(&server);
    let mut app = scene.agreed("wait", "paint@1", "").spawn().unwrap();
    scene.wait_until_watched();
    // Its beginning is known at once.
    server.wait_for_ends([1, 0, 0, 0]);
    kill_process(scene.reporter_of(app.id()), Signal::KILL).unwrap();
    kill_process(Pid::from_child(&app), Signal::KILL).unwrap();
    app.wait().unwrap();
    scene.run(&mut scene.agreed("clean-exit", "paint@2", ""));
    server.wait_for_ends([1, 0, 1, 0]);
    assert_eq!(
        server.health(),
        [json!(["paint@1", 1, 0, 1.0, null]), json!(["paint@2", 1, 0, 1.0, null])],
        "of its own release, and no crash"
    );
}

#[test]
fn without_consent_sessions_are_held() {
    let server = Server::start();
    let scene = Scene::at(&server);
    scene.run(scene.crasher("clean-exit").args(["--user", "anna@example.com"]));
    let [begun, ended] = &scene.held()[..] else {
        panic!("{:?}", scene.held())
    };
    assert_eq!(
        (&begun["init"], &begun["status"], &begun["seq"]),
        (&json!(true), &json!("ok"), &json!(0))
    );
    assert_eq!(
        (&ended["sid"], &ended["status"], &ended["errors"]),
        (&begun["sid"], &json!("exited"), &json!(0))
    );
    assert_eq!(ended["started"], begun["started"]);
    assert_eq!(
        ended["attrs"],
        json!({"release": "crasher@1.2.3", "environment": "test"})
    );
    assert!(
        ended["duration"].as_f64().is_some_and(|duration| duration >= 0.0),
        "{ended}"
    );
    assert!(!ended.to_string().contains("anna"), "{ended}");
    assert_eq!(ended["did"].as_str().map(str::len), Some(64));
    assert_eq!(server.ends(), [0, 0, 0, 0]);
}

#[test]
fn an_end_is_told_once_however_many_settle_the_run() {
    let scene = Scene::new();
    // The rescuer settles the run while its reporter stands still; that one then comes back to it.
    scene.run(
        scene
            .crasher("null-write")
            .args(["--fault", "stop-reporter", "--deadline-ms", "4000"]),
    );
    let stopped = scene.stopped_reporter();
    kill_process(stopped, Signal::CONT).unwrap();
    scene.wait_for_end_of(stopped);
    let ends: Vec<Value> = scene
        .held()
        .into_iter()
        .filter(|update| update["status"] != "ok")
        .collect();
    assert_eq!(ends.len(), 1, "{ends:?}");
    assert_eq!((&ends[0]["status"], &ends[0]["errors"]), (&json!("crashed"), &json!(1)));
    // Nor again by another start.
    scene.crash("clean-exit");
    let crashed = scene.held().into_iter().filter(|update| update["status"] == "crashed");
    assert_eq!(crashed.count(), 1);
}
