//! Retention by number, age and bytes, and what goes first.

use std::fs;
use std::time::{Duration, SystemTime};

use afterword_store::{
    AbnormalEnd, ConsentPolicy, Decision, EnvelopeClass, Error, ReportFile, ReportId, ReportKind, Retention, State,
};
use time::OffsetDateTime;

use crate::{Fixture, NOON, accepted, answer};

fn days(count: i64) -> time::Duration {
    time::Duration::days(count)
}

/// One report in each state and of several ages, in the order in which they should go.
fn one_of_each(fixture: &Fixture) -> Vec<ReportId> {
    let store = &fixture.store;
    let ask = |age: i64| fixture.report_with(ConsentPolicy::Ask, NOON - days(age)).id();
    let always = |age| fixture.report_with(ConsentPolicy::Always, NOON - days(age)).id();
    let sent = always(1);
    store.release(sent).unwrap().finish_sent(&accepted()).unwrap();
    let refused = always(2);
    store.release(refused).unwrap().finish_refused(&accepted()).unwrap();
    let (waiting_old, waiting) = (ask(9), ask(3));
    let (error_old, error) = (error_of(fixture, 2), error_of(fixture, 0));
    let panic = report_of(fixture, ReportKind::Panic, 1);
    let answered = ask(20);
    store.put_answer(answered, &answer(Decision::Send)).unwrap();
    let sending = always(10);
    vec![
        sent,
        refused,
        error_old,
        error,
        waiting_old,
        waiting,
        panic,
        answered,
        sending,
    ]
}

fn error_of(fixture: &Fixture, age: i64) -> ReportId {
    report_of(fixture, ReportKind::Error, age)
}

fn report_of(fixture: &Fixture, kind: ReportKind, age: i64) -> ReportId {
    let id = ReportId::random();
    let mut info = crate::info(id, ConsentPolicy::Ask, NOON - days(age));
    info.kind = kind;
    fixture.store.begin_report(id).unwrap().commit(&info).unwrap();
    id
}

#[test]
fn too_many_go_in_order_sent_refused_errors_crashes_and_the_consented_last() {
    let fixture = Fixture::new();
    let order = one_of_each(&fixture);
    for left in (0..order.len()).rev() {
        let limits = Retention {
            max_reports: left,
            ..Retention::default()
        };
        let gone = fixture.store.retain(&limits, NOON).unwrap();
        assert_eq!(gone, [order[order.len() - left - 1]], "{left} left");
        assert_eq!(fixture.store.reports().unwrap().len(), left);
    }
    assert!(fixture.store.retain(&Retention::default(), NOON).unwrap().is_empty());
}

#[test]
fn too_old_go_whatever_their_state_and_a_clock_set_back_makes_nothing_old() {
    let fixture = Fixture::new();
    let kept = fixture.report_with(ConsentPolicy::Ask, NOON - days(89)).id();
    let ahead = fixture.report_with(ConsentPolicy::Ask, NOON + days(1000)).id();
    let old = fixture.report_with(ConsentPolicy::Always, NOON - days(91)).id();
    assert_eq!(fixture.store.retain(&Retention::default(), NOON).unwrap(), [old]);
    let left: Vec<ReportId> = fixture
        .store
        .reports()
        .unwrap()
        .iter()
        .map(|report| report.id())
        .collect();
    assert_eq!(left, [ahead, kept]);
}

#[test]
fn too_many_bytes_go_oldest_first() {
    let fixture = Fixture::new();
    let reports: Vec<_> = (0..3)
        .map(|age| fixture.report_with(ConsentPolicy::Ask, NOON - days(age)))
        .collect();
    for report in &reports {
        report.put(ReportFile::Minidump, &vec![0; 100_000]).unwrap();
    }
    let limits = Retention {
        max_bytes: 250_000,
        ..Retention::default()
    };
    assert_eq!(fixture.store.retain(&limits, NOON).unwrap(), [reports[2].id()]);
    let none = Retention {
        max_bytes: 0,
        ..Retention::default()
    };
    assert_eq!(fixture.store.retain(&none, NOON).unwrap().len(), 2);
}

#[test]
fn a_corrupt_report_counts_by_its_folder() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    std::fs::write(fixture.folder("waiting", id).join("report.json"), "garbage").unwrap();
    let now = OffsetDateTime::now_utc();
    assert!(fixture.store.retain(&Retention::default(), now).unwrap().is_empty());
    assert_eq!(fixture.store.reports().unwrap()[0].state(), State::Waiting);
    assert_eq!(
        fixture.store.retain(&Retention::default(), now + days(91)).unwrap(),
        [id]
    );
}

#[test]
fn envelopes_are_bounded_too_and_the_queued_go_last() {
    let fixture = Fixture::new();
    let put = |policy| {
        fixture
            .store
            .put_envelope(policy, EnvelopeClass::Session, b"{}\n")
            .unwrap()
    };
    for _ in 0..5 {
        put(ConsentPolicy::Always);
        put(ConsentPolicy::Ask);
    }
    let now = OffsetDateTime::now_utc();
    let count = |folder: &str| {
        std::fs::read_dir(fixture.root().join("demo/envelopes").join(folder))
            .unwrap()
            .count()
    };
    fixture
        .store
        .retain(
            &Retention {
                max_envelopes: 7,
                ..Retention::default()
            },
            now,
        )
        .unwrap();
    assert_eq!((count("held"), count("queued")), (2, 5));
    fixture
        .store
        .retain(
            &Retention {
                max_age: Duration::ZERO,
                ..Retention::default()
            },
            now + days(1),
        )
        .unwrap();
    assert_eq!((count("held"), count("queued")), (0, 0));
}

#[test]
fn what_somebody_else_put_there_stops_nothing() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let demo = fixture.root().join("demo");
    for folder in [
        "reports/new",
        "reports/waiting",
        "reports/sending",
        "reports/sent",
        "reports/refused",
        "reports/deleted",
        "envelopes/held",
        "envelopes/queued",
        "envelopes/refused",
        "runs",
    ] {
        fs::write(demo.join(folder).join(".DS_Store"), b"Bud1").unwrap();
        fs::create_dir(demo.join(folder).join("New Folder")).unwrap();
        fs::write(demo.join(folder).join("New Folder/file"), b"x").unwrap();
        fs::write(demo.join(folder).join(ReportId::random().to_string()), b"x").unwrap();
    }
    let sent = fixture.report_with(ConsentPolicy::Always, NOON).id();
    store.release(sent).unwrap().finish_sent(&accepted()).unwrap();
    fs::create_dir(fixture.folder("sent", sent).join("New Folder")).unwrap();
    fs::write(fixture.folder("sent", sent).join("minidump.dmp"), b"MDMP").unwrap();
    let doomed = demo.join("reports/deleted/half");
    fs::create_dir(&doomed).unwrap();
    store
        .put_envelope(ConsentPolicy::Ask, EnvelopeClass::Session, b"{}\n")
        .unwrap();
    let old = fixture.report_with(ConsentPolicy::Ask, NOON - days(91)).id();

    for _ in 0..2 {
        store.retain(&Retention::default(), NOON).unwrap();
    }
    assert!(store.report(old).is_err() && !doomed.exists());
    assert_eq!(
        fixture.files("sent", sent),
        ["answer.json", "delivery.json", "report.json"].map(String::from)[1..]
    );
    let late = OffsetDateTime::now_utc() + days(91);
    store.retain(&Retention::default(), late).unwrap();
    let left = |folder: &str| fs::read_dir(demo.join("envelopes").join(folder)).unwrap().count();
    assert_eq!((left("held"), left("queued"), left("refused")), (0, 0, 0));
}

#[cfg(unix)]
#[test]
fn one_that_cannot_be_deleted_is_told_and_keeps_no_other() {
    use std::os::unix::fs::PermissionsExt;

    let fixture = Fixture::new();
    let locked = fixture.root().join("demo/reports/deleted/locked");
    fs::create_dir(&locked).unwrap();
    fs::write(locked.join("file"), b"x").unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    let for_root = fs::write(locked.join("probe"), b"x").is_ok();
    let old = fixture.report_with(ConsentPolicy::Ask, NOON - days(91)).id();
    let retained = fixture.store.retain(&Retention::default(), NOON);
    if !for_root {
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(matches!(retained, Err(Error::Delete { .. })), "{retained:?}");
    }
    assert!(fixture.store.report(old).is_err());
}

#[test]
fn a_folder_that_cannot_be_listed_is_told_and_keeps_no_other() {
    let fixture = Fixture::new();
    let new = fixture.root().join("demo/reports/new");
    let old = fixture.report_with(ConsentPolicy::Ask, NOON - days(91)).id();
    fs::remove_dir(&new).unwrap();
    fs::write(&new, b"in the way").unwrap();
    let retained = fixture.store.retain(&Retention::default(), NOON);
    assert!(matches!(retained, Err(Error::ListFolder { .. })), "{retained:?}");
    assert!(fixture.store.report(old).is_err());
}

#[test]
fn a_file_of_a_year_beyond_9999_is_not_old_and_does_no_harm() {
    let fixture = Fixture::new();
    fixture
        .store
        .put_envelope(ConsentPolicy::Ask, EnvelopeClass::Session, b"{}\n")
        .unwrap();
    let corrupt = fixture.report().id();
    fs::write(fixture.folder("waiting", corrupt).join("report.json"), "garbage").unwrap();
    let new = fixture.folder("new", ReportId::random());
    fs::create_dir(&new).unwrap();
    let envelope = fs::read_dir(fixture.root().join("demo/envelopes/held"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    // The file system may keep less; one in memory keeps it all.
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(500_000_000_000);
    for path in [&envelope, &fixture.folder("waiting", corrupt), &new] {
        let file = fs::File::open(path).unwrap();
        file.set_times(fs::FileTimes::new().set_modified(far)).unwrap();
    }
    assert!(fixture.store.retain(&Retention::default(), NOON).is_ok());
    assert!(envelope.exists() && new.exists());
}

#[test]
fn abnormal_ends_are_kept_once_newest_first_and_within_bounds() {
    let fixture = Fixture::new();
    let end = |n: u128| AbnormalEnd {
        run_id: uuid::Uuid::from_u128(n),
        started_at: Some(NOON),
        found_at: NOON + time::Duration::seconds(n as i64),
        release: Some(format!("app@{n}")),
        before_boot: false,
        crashing: false,
    };
    for n in 0..110 {
        fixture.store.put_abnormal_end(&end(n)).unwrap();
    }
    let changed = AbnormalEnd {
        release: None,
        ..end(3)
    };
    fixture.store.put_abnormal_end(&changed).unwrap();
    std::fs::write(fixture.root().join("demo/ends/broken.json"), "{").unwrap();
    let ends = fixture.store.abnormal_ends().unwrap();
    assert_eq!(ends.len(), 110);
    assert_eq!(ends[0], end(109));
    assert!(ends.contains(&end(3)) && !ends.contains(&changed));
    let now = OffsetDateTime::now_utc();
    fixture.store.retain(&Retention::default(), now).unwrap();
    assert!(fixture.store.abnormal_ends().unwrap().len() <= 100);
    let later = now + time::Duration::days(91);
    fixture.store.retain(&Retention::default(), later).unwrap();
    assert_eq!(fixture.store.abnormal_ends().unwrap(), []);
}
