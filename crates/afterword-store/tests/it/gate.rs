//! Nothing leaves without consent, whatever was done to the folders by hand; and what is read back is not trusted.

use std::fs;

use afterword_store::{AppId, ConsentPolicy, Decision, EnvelopeClass, Error, ReportFile, ReportId, State, Store};

use crate::{Fixture, NOON, accepted, answer, info};

#[test]
fn a_report_moved_to_sending_by_hand_is_not_released() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    assert!(matches!(
        fixture.store.release(id),
        Err(Error::WrongState {
            state: State::Waiting,
            ..
        })
    ));
    fs::rename(fixture.folder("waiting", id), fixture.folder("sending", id)).unwrap();
    assert!(matches!(fixture.store.release(id), Err(Error::NoConsent { .. })));

    fixture.store.put_answer(id, &answer(Decision::DontSend)).unwrap();
    assert!(matches!(fixture.store.release(id), Err(Error::NoConsent { .. })));
}

#[test]
fn an_answer_that_cannot_be_read_is_no_consent() {
    let fixture = Fixture::new();
    for garbage in ["", "{}", "\"send\"", r#"{"decision":"maybe"}"#, &"[".repeat(10_000)] {
        for policy in [ConsentPolicy::Ask, ConsentPolicy::Always] {
            let id = fixture.report_with(policy, NOON).id();
            let state = fixture.store.report(id).unwrap().state();
            if state == State::Waiting {
                fs::rename(fixture.folder("waiting", id), fixture.folder("sending", id)).unwrap();
            }
            fs::write(fixture.folder("sending", id).join("answer.json"), garbage).unwrap();
            assert!(
                matches!(fixture.store.release(id), Err(Error::Parse { .. })),
                "{garbage:.20}"
            );
            assert!(fixture.store.settle(id).is_err());
            assert!(fixture.folder("sending", id).exists(), "and it is kept");
        }
    }
}

#[test]
fn a_refused_report_without_consent_is_not_put_back() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    fs::rename(fixture.folder("waiting", id), fixture.folder("refused", id)).unwrap();
    assert!(matches!(fixture.store.retry_refused(id), Err(Error::NoConsent { .. })));
    assert!(fixture.folder("refused", id).exists());
}

#[test]
fn the_consent_of_one_report_is_not_another_ones() {
    let fixture = Fixture::new();
    let consented = fixture.report_with(ConsentPolicy::Always, NOON).id();
    let other = ReportId::random();
    fs::create_dir(fixture.folder("sending", other)).unwrap();
    fs::copy(
        fixture.folder("sending", consented).join("report.json"),
        fixture.folder("sending", other).join("report.json"),
    )
    .unwrap();
    assert!(matches!(fixture.store.release(other), Err(Error::Misplaced { .. })));
}

#[test]
fn what_no_server_accepted_is_not_finished_as_sent() {
    let fixture = Fixture::new();
    let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
    let mut delivery = accepted();
    delivery.report_accepted_at = None;
    let finished = fixture.store.release(id).unwrap().finish_sent(&delivery);
    assert!(matches!(finished, Err(Error::NotAccepted { .. })));
    assert!(fixture.files("sending", id).contains(&"minidump.dmp".to_owned()));
}

#[test]
fn a_corrupt_report_is_listed_with_its_error() {
    let fixture = Fixture::new();
    let good = fixture.report().id();
    let cases: [(&str, Option<&str>); 4] = [
        ("garbage", Some("not json")),
        ("newer", Some("")),
        ("missing", None),
        ("empty", Some("{}")),
    ];
    for (case, content) in cases {
        let id = fixture.report().id();
        let path = fixture.folder("waiting", id).join("report.json");
        match (case, content) {
            ("newer", _) => {
                let mut newer = info(id, ConsentPolicy::Ask, NOON);
                newer.version = 99;
                fs::write(&path, serde_json::to_vec(&newer).unwrap()).unwrap();
            }
            (_, Some(content)) => fs::write(&path, content).unwrap(),
            (_, None) => fs::remove_file(&path).unwrap(),
        }
        let listed = fixture.store.reports().unwrap();
        let report = listed.iter().find(|report| report.id() == id).unwrap();
        let error = report.info().unwrap_err();
        assert!(error.to_string().contains("report.json"), "{case}: {error}");
        assert!(
            !report.files().unwrap().is_empty(),
            "{case}: its files can still be looked at"
        );
    }
    let listed = fixture.store.reports().unwrap();
    assert_eq!(listed.len(), 5);
    assert!(listed.iter().any(|report| report.id() == good && report.info().is_ok()));
}

#[test]
fn reading_is_bounded_and_never_follows_a_link() {
    let fixture = Fixture::new();
    let report = fixture.report();
    let path = fixture.folder("waiting", report.id()).join("event.json");
    let file = fs::File::create(&path).unwrap();
    file.set_len(ReportFile::Event.max_bytes() + 1).unwrap();
    assert!(matches!(report.read(ReportFile::Event), Err(Error::TooLarge { .. })));
    let report_json = fixture.folder("waiting", report.id()).join("report.json");
    fs::File::create(&report_json).unwrap().set_len(5 << 20).unwrap();
    let again = fixture.store.report(report.id()).unwrap();
    assert!(matches!(again.info(), Err(Error::TooLarge { .. })));
    #[cfg(unix)]
    {
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert!(matches!(report.read(ReportFile::Event), Err(Error::Read { .. })));
    }
}

#[test]
fn a_root_that_takes_no_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("in-the-way");
    fs::write(&root, b"a file").unwrap();
    let error = Store::open(&root, &AppId::new("demo").unwrap()).unwrap_err();
    assert!(matches!(error, Error::MakeFolder { .. }));
    assert!(error.to_string().contains("in-the-way"), "{error}");
}

#[cfg(unix)]
#[test]
fn folders_and_files_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;

    let fixture = Fixture::new();
    let demo = fixture.root().join("demo");
    fs::set_permissions(&demo, fs::Permissions::from_mode(0o755)).unwrap();
    Store::open(fixture.root(), &AppId::new("demo").unwrap()).unwrap();
    let report = fixture.report();
    fixture.store.put_answer(report.id(), &answer(Decision::Send)).unwrap();
    let mut folders = vec![demo];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(
            fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
            0o700,
            "{}",
            folder.display()
        );
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                assert_eq!(
                    fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                    0o600,
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(files >= 6);
}

#[test]
fn what_it_has_is_told_without_reading_it() {
    let fixture = Fixture::new();
    let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
    let released = fixture.store.release(id).unwrap();
    assert!(released.has(ReportFile::Minidump) && !released.has(ReportFile::Envelope));
    fs::create_dir(fixture.folder("sending", id).join("envelope")).unwrap();
    assert!(!released.has(ReportFile::Envelope), "a folder is no file of it");
}

#[test]
fn a_policy_that_was_changed_since_keeps_the_queue_here() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store
        .put_envelope(ConsentPolicy::Always, EnvelopeClass::Session, b"{}\n")
        .unwrap();
    for (policy, released) in [
        (ConsentPolicy::Never, 0),
        (ConsentPolicy::Ask, 0),
        (ConsentPolicy::Always, 1),
    ] {
        assert_eq!(
            store.queued_envelopes_under(policy).unwrap().len(),
            released,
            "{policy:?}"
        );
    }
}
