//! `afterword reports consent`.

use afterword_store::{Answer, ConsentPolicy, Decision, EnvelopeClass, GivenConsent, State};
use serde_json::json;

use crate::{NOON, Reports, info};

fn always() -> GivenConsent {
    GivenConsent {
        policy: ConsentPolicy::Always,
        given_at: NOON,
        text_version: Some(4),
        locale: Some("de".into()),
    }
}

#[test]
fn what_was_decided_is_shown_with_when_and_in_which_words() {
    let reports = Reports::new();
    let none = reports.command(&["consent", "show"]);
    assert!(none.ok().contains("No app has reports"), "{}", none.stdout);

    let id = reports.add(info(3));
    let store = reports.store("demo");
    let fresh = reports.command(&["consent", "show"]);
    assert!(fresh.ok().contains("no choice was made"), "{}", fresh.stdout);
    assert_eq!(
        reports.command(&["consent", "show", "--json"]).json()[0]["policy"],
        json!(null)
    );

    store.put_consent(&always()).unwrap();
    let answer = Answer {
        left_out: vec!["minidump.dmp".into()],
        items: vec!["event".into(), "stack.json".into()],
        ..Answer::new(Decision::Send, NOON, 4, "de")
    };
    store.put_answer(id, &answer).unwrap();
    let shown = reports.command(&["consent", "show"]);
    for words in [
        "everything is sent without asking; chosen 2026-11-21 12:00 UTC (words of version 4, de)",
        "33333333  send, answered 2026-11-21 12:00 UTC (words of version 4, de); waiting; left out: minidump.dmp",
    ] {
        assert!(shown.ok().contains(words), "{}", shown.stdout);
    }
    let shown = reports.command(&["consent", "show", "--json"]).json();
    assert_eq!(shown[0]["app"], "demo");
    assert_eq!(shown[0]["policy"], "always");
    assert_eq!(shown[0]["given_at"], "2026-11-21T12:00:00Z");
    assert_eq!(shown[0]["reports"][0]["decision"], "send");
    assert_eq!(shown[0]["reports"][0]["left_out"], json!(["minidump.dmp"]));
    assert_eq!(shown[0]["reports"][0]["items"], json!(["event", "stack.json"]));
}

#[test]
fn what_is_taken_back_asks_again() {
    let reports = Reports::new();
    let (answered, waiting) = (reports.add(info(3)), reports.add(info(4)));
    let store = reports.store("demo");
    store
        .put_answer(answered, &Answer::new(Decision::Send, NOON, 4, "de"))
        .unwrap();
    store.settle(answered).unwrap();
    store.put_consent(&always()).unwrap();
    store.apply_consent(ConsentPolicy::Always, None).unwrap();
    store
        .put_envelope(ConsentPolicy::Always, EnvelopeClass::Session, b"{}\n")
        .unwrap();
    assert_eq!(store.report(waiting).unwrap().state(), State::Sending);

    // Without a terminal there is nobody to ask.
    let declined = reports.command(&["consent", "withdraw"]);
    assert_ne!(declined.code, 0);
    assert_eq!(store.consent().unwrap(), Some(always()));

    let withdrawn = reports.command(&["consent", "withdraw", "--yes", "--json"]);
    assert_eq!(
        withdrawn.json(),
        json!([{ "app": "demo", "held": 3 }]),
        "{}",
        withdrawn.stderr
    );
    assert_eq!(store.consent().unwrap().unwrap().policy, ConsentPolicy::Ask);
    for id in [answered, waiting] {
        assert_eq!(store.report(id).unwrap().state(), State::Waiting);
        assert!(store.release(id).is_err());
    }
    assert!(store.queued_envelopes().unwrap().is_empty());
    // Again is no harm.
    let again = reports.command(&["consent", "withdraw", "--yes"]);
    assert!(again.ok().contains("held back: 0"), "{}", again.stdout);
}
