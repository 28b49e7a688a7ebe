//! Who sends a crash learns whether it is known and fixed.

use afterword_store::State;
use serde_json::json;

use crate::collector::Server;
use crate::process::Scene;

#[test]
fn a_crash_that_is_fixed_is_said_to_be() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    scene.run(scene.crasher("null-write").env("CRASHER_ANSWER", "send"));
    let first = scene.report_in(State::Sent);
    let delivery = first.delivery().unwrap();
    let known = delivery.known.clone().expect("the collector was asked");
    assert!(
        known.is_new && !known.is_fixed && known.short_id == "PAINT-1",
        "{known:?}"
    );
    assert_eq!(known.sentence(), None);

    let event = server.event(delivery.event_id.as_deref().unwrap());
    let issue = format!("issues/{}/", event["groupID"].as_str().unwrap());
    let fixed = json!({"status": "resolved", "statusDetails": {"inRelease": "crasher@1.4.2"}});
    server.put(&issue, &fixed);
    scene.run(scene.crasher("null-write").env("CRASHER_ANSWER", "send"));
    let reports = scene.store().reports().unwrap();
    let second = reports.iter().find(|report| report.id() != first.id()).unwrap();
    assert_eq!(second.state(), State::Sent);
    let known = second.delivery().unwrap().known.expect("the collector was asked");
    assert!(!known.is_new && known.is_fixed, "{known:?}");
    assert_eq!(
        known.sentence().as_deref(),
        Some("This crash is known and fixed in 1.4.2.")
    );
    assert_eq!(server.get(&issue).unwrap()["status"], "resolved");
}
