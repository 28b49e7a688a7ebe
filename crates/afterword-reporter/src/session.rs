//! Release health: the session of a run, as envelopes. Where they go is the store's table.
//!
//! A run is one session, under the run's id. It is told of twice: when the reporter is up, and when the run is settled,
//! which is by the run's own reporter or by a later start. A reporter that is started again tells the beginning again,
//! which is the same; the end is told once, with the removal of the run ([`Store::end_run`]).
//!
//! | the run | its session |
//! | --- | --- |
//! | ended by itself, became another program, or was told to end (SIGTERM, a logout) | `exited` |
//! | has a report of a crash, or was crashing when it ended | `crashed`, with one error at least |
//! | ended in any other way: killed, or the power went | `abnormal` |
//!
//! A run that a later start settles has no duration: nobody knows when it ended.
//!
//! Whose session it is (`did`) is never told in the clear: an id is often an e-mail address. It is the SHA-256 of the
//! DSN's public key and the first of id, e-mail and username that the app has set: the same on each of a person's
//! computers, and another for another project. Without a user there is none, and nothing takes its place.
//!
//! Source: <https://develop.sentry.dev/sdk/telemetry/sessions/>.

use std::sync::{Mutex, PoisonError};

use afterword_channel::{Identity, RunState, RunView};
use afterword_store::{ConsentPolicy, EnvelopeClass, Store};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::error::chain;

/// How a run ended, for the health of its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, or because it was told to.
    Exited,
    /// By a crash.
    Crashed,
    /// Neither.
    Abnormal,
}

/// What a run's session is told with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    sid: Uuid,
    dsn: String,
    release: String,
    environment: Option<String>,
    did: Option<String>,
    started_at: OffsetDateTime,
    errors: u32,
}

/// The beginning of a session until it is told: by the errands' thread, so that nothing waits for the disk, or, where a
/// run is over before that, by whoever settles it.
#[derive(Debug, Default)]
pub(crate) struct Beginning(Mutex<Option<Session>>);

impl Beginning {
    /// Of the run that begins.
    pub(crate) fn of(app: &Identity, run: &RunView) -> Beginning {
        Beginning(Mutex::new(Session::of(app, run)))
    }

    /// Tells it, if that is not done. When this returns, an end that is put is behind it in the queue. What cannot be told
    /// is not told: the end makes the session known as well.
    pub(crate) fn tell(&self, store: &Store, policy: ConsentPolicy) {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(session) = untold.take() else { return };
        let envelope = session.beginning(OffsetDateTime::now_utc());
        if let Err(error) = store.put_envelope(policy, EnvelopeClass::Session, &envelope) {
            log::warn!("the beginning of this run's session: {}", chain(&error));
        }
    }
}

impl End {
    /// How a run ended that is over, of which there is a report of a crash or not.
    pub(crate) fn of(run: &RunView, has_report: bool) -> End {
        let state = run.state().unwrap_or(RunState::Starting);
        let panicked = run.panic_verdict().ok().flatten() == Some(true);
        match state {
            _ if has_report || panicked => End::Crashed,
            RunState::Crashing => End::Crashed,
            RunState::CleanExit | RunState::Terminated => End::Exited,
            RunState::Starting | RunState::Running => End::Abnormal,
        }
    }

    fn status(self) -> &'static str {
        match self {
            End::Exited => "exited",
            End::Crashed => "crashed",
            End::Abnormal => "abnormal",
        }
    }
}

impl Session {
    /// The session of a run, as the run file tells it now. None if the app wants none told, or has no release, without
    /// which a session says nothing.
    pub(crate) fn of(app: &Identity, run: &RunView) -> Option<Session> {
        let release = app.release.as_ref().filter(|release| !release.trim().is_empty());
        let release = release.filter(|_| app.release_health)?;
        let logged = |error| log::warn!("the session of this run: {}", chain(&error));
        let scope = run.scope().map_err(logged).ok().flatten();
        let scope = scope.and_then(|scope| serde_json::from_slice(&scope).ok());
        Some(Session {
            sid: run.run_id().map_err(logged).ok()?,
            dsn: app.dsn.clone(),
            release: release.clone(),
            environment: app.environment.clone(),
            did: scope.and_then(|scope: Value| did(&app.dsn, &scope["user"])),
            started_at: started_at(run).unwrap_or_else(OffsetDateTime::now_utc),
            errors: run.errors().map_err(logged).unwrap_or_default(),
        })
    }

    /// The envelope that tells its beginning.
    pub(crate) fn beginning(&self, now: OffsetDateTime) -> Vec<u8> {
        self.envelope(json!({ "init": true, "status": "ok", "errors": self.errors }), 0, now)
    }

    /// The envelope that tells its end, seen now; `at` is when it ended, if that is known.
    pub(crate) fn end(&self, end: End, at: Option<OffsetDateTime>, now: OffsetDateTime) -> Vec<u8> {
        let least = u32::from(end == End::Crashed);
        let duration = at.map(|at| (at - self.started_at).as_seconds_f64().max(0.0));
        let seq = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let update = json!({ "status": end.status(), "errors": self.errors.max(least), "duration": duration });
        // The beginning has 0.
        self.envelope(update, seq.max(1), now)
    }

    fn envelope(&self, mut update: Value, seq: i64, now: OffsetDateTime) -> Vec<u8> {
        update["sid"] = json!(self.sid);
        update["did"] = json!(self.did);
        update["seq"] = json!(seq);
        update["timestamp"] = json!(rfc3339(now));
        update["started"] = json!(rfc3339(self.started_at));
        update["attrs"] = json!({ "release": self.release, "environment": self.environment });
        let update = update.to_string();
        let header = json!({ "dsn": self.dsn });
        let item = json!({ "type": "session", "length": update.len() });
        format!("{header}\n{item}\n{update}\n").into_bytes()
    }
}

/// When a run began, if its file says so.
pub(crate) fn started_at(run: &RunView) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(run.started_ms().ok()?) * 1_000_000).ok()
}

/// What stands for the user of a scope.
fn did(dsn: &str, user: &Value) -> Option<String> {
    let set = |field: &str| match &user[field] {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let user = ["id", "email", "username"].into_iter().find_map(set)?;
    let key = dsn.parse::<sentry_types::Dsn>().ok()?;
    let hash = Sha256::digest(format!("{}:{user}", key.public_key()));
    Some(hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use afterword_channel::RunFile;
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const DSN: &str = "https://key@example.com/7";
    const STARTED: OffsetDateTime = datetime!(2026-01-02 03:04:05.25 UTC);

    fn app() -> Identity {
        Identity {
            dsn: DSN.to_owned(),
            release: Some("app@1".to_owned()),
            environment: Some("test".to_owned()),
            release_health: true,
            ..Identity::default()
        }
    }

    /// A run file as the app has it, and as the reporter reads it.
    fn run() -> (tempfile::TempDir, RunFile, RunView) {
        let folder = tempfile::tempdir().unwrap();
        let started_ms = u64::try_from(STARTED.unix_timestamp_nanos() / 1_000_000).unwrap();
        let run = RunFile::create(folder.path(), Uuid::from_u128(7), started_ms, &app()).unwrap();
        let view = RunView::open(folder.path()).unwrap();
        (folder, run, view)
    }

    fn lines(envelope: &[u8]) -> [Value; 3] {
        let text = std::str::from_utf8(envelope).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.try_into().unwrap()
    }

    #[test]
    fn a_beginning_and_an_end_are_the_same_session() {
        let (_folder, file, view) = run();
        let now = STARTED + Duration::milliseconds(500);
        let session = Session::of(&app(), &view).unwrap();
        let [header, item, begun] = lines(&session.beginning(now));
        assert_eq!(header, json!({ "dsn": DSN }));
        assert_eq!(
            (&item["type"], item["length"].as_u64()),
            (&json!("session"), Some(begun.to_string().len() as u64))
        );
        assert_eq!(
            begun,
            json!({
                "sid": "00000000-0000-0000-0000-000000000007", "did": null, "init": true, "seq": 0, "status": "ok",
                "errors": 0, "started": "2026-01-02T03:04:05.25Z", "timestamp": "2026-01-02T03:04:05.75Z",
                "attrs": { "release": "app@1", "environment": "test" },
            })
        );

        file.count_error();
        let session = Session::of(&app(), &view).unwrap();
        let at = STARTED + Duration::milliseconds(90_250);
        let [.., ended] = lines(&session.end(End::Exited, Some(at), at));
        assert_eq!((&ended["sid"], &ended["started"]), (&begun["sid"], &begun["started"]));
        assert_eq!(
            (&ended["status"], &ended["errors"], &ended["init"]),
            (&json!("exited"), &json!(1), &json!(null))
        );
        assert_eq!(
            (&ended["duration"], &ended["seq"]),
            (&json!(90.25), &json!(1_767_323_135_500_i64))
        );
    }

    #[test]
    fn ends_are_told_as_they_were() {
        let (_folder, file, view) = run();
        assert_eq!(End::of(&view, false), End::Abnormal);
        assert_eq!(End::of(&view, true), End::Crashed);
        for (state, end) in [
            (RunState::Running, End::Abnormal),
            (RunState::Terminated, End::Exited),
            (RunState::CleanExit, End::Exited),
            (RunState::Crashing, End::Crashed),
        ] {
            view.set_state(state).unwrap();
            assert_eq!(End::of(&view, false), end, "{state:?}");
        }
        view.set_state(RunState::CleanExit).unwrap();
        file.set_panic_verdict(Some(true));
        assert_eq!(End::of(&view, false), End::Crashed);
        file.set_panic_verdict(Some(false));
        assert_eq!(End::of(&view, false), End::Exited);
    }

    #[test]
    fn a_crash_is_an_error_and_an_unknown_end_has_no_duration() {
        let (_folder, _file, view) = run();
        let session = Session::of(&app(), &view).unwrap();
        let [.., ended] = lines(&session.end(End::Crashed, None, STARTED));
        assert_eq!((&ended["errors"], &ended["duration"]), (&json!(1), &json!(null)));
        // A clock that was set back meanwhile.
        let [.., ended] = lines(&session.end(End::Abnormal, Some(STARTED - Duration::DAY), STARTED));
        assert_eq!((&ended["errors"], &ended["duration"]), (&json!(0), &json!(0.0)));
        let [.., ended] = lines(&session.end(End::Exited, None, OffsetDateTime::UNIX_EPOCH));
        assert_eq!(ended["seq"], 1, "after the beginning");
    }

    #[test]
    fn without_a_release_or_if_unwanted_there_is_none() {
        let (_folder, _file, view) = run();
        for release in [None, Some(String::new()), Some(" ".to_owned())] {
            assert_eq!(Session::of(&Identity { release, ..app() }, &view), None);
        }
        let unwanted = Identity {
            release_health: false,
            ..app()
        };
        assert_eq!(Session::of(&unwanted, &view), None);
    }

    #[test]
    fn nobody_is_named() {
        let (_folder, file, view) = run();
        let user = json!({ "user": { "email": "anna@example.com" } });
        assert!(file.write_scope(user.to_string().as_bytes()));
        let session = Session::of(&app(), &view).unwrap();
        let told = String::from_utf8(session.end(End::Exited, None, STARTED)).unwrap();
        assert!(!told.contains("anna"), "{told}");

        let did = |dsn: &str, user: Value| did(dsn, &user);
        let by_id = did(
            DSN,
            json!({ "id": "anna@example.com", "email": "other", "username": "x" }),
        );
        assert_eq!(session.did, by_id, "the id, else the address");
        assert_eq!(by_id.unwrap().len(), 64);
        assert_ne!(
            session.did,
            did("https://other@example.com/7", json!({ "id": "anna@example.com" }))
        );
        assert!(did(DSN, json!({ "username": "anna" })).is_some());
        assert_eq!(did(DSN, json!({ "id": 7 })), did(DSN, json!({ "id": "7" })));
        for nobody in [
            json!(null),
            json!({}),
            json!({ "id": " " }),
            json!([1]),
            json!({ "ip_address": "::1" }),
        ] {
            assert_eq!(did(DSN, nobody.clone()), None, "{nobody}");
        }
    }
}
