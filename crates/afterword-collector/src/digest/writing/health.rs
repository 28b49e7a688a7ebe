//! Writing release health and what clients say they discarded: sessions as their updates leave them, counts of clients,
//! and both summed up by the hour and, by person, by the day.

use std::collections::{BTreeMap, HashSet};

use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use crate::Error;
use crate::database::{chunks, placeholders};
use crate::digest::items::Counts;
use crate::digest::prepare::Prepared;
use crate::digest::sessions::{Aggregate, Session, Status};
use crate::error::OrFailed as _;
use crate::performance::{DAY_MS, HOUR_MS};
use crate::queries::health::person;

/// Project and session.
type SessionKey = (i64, String);
/// Project and key of an item, when it came, and what it counts.
type Keyed<'p> = ((i64, &'p str), (i64, &'p Counts));

/// How many sessions came to be in each state, or left it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Change {
    sessions: i64,
    crashed: i64,
    abnormal: i64,
    errored: i64,
}

/// What figures of sessions change by.
#[derive(Debug, Default)]
struct Changes {
    /// By project, hour, release and environment.
    hours: BTreeMap<(i64, i64, String, String), Change>,
    /// By project, day, release, environment and person.
    days: BTreeMap<(i64, i64, String, String, i64), Change>,
}

impl Change {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, other: Self, sign: i64) {
        self.sessions += sign * other.sessions;
        self.crashed += sign * other.crashed;
        self.abnormal += sign * other.abnormal;
        self.errored += sign * other.errored;
    }

    fn of_session(session: &Session) -> Self {
        let is = |wanted| i64::from(session.status == wanted);
        let (crashed, abnormal) = (is(Status::Crashed), is(Status::Abnormal));
        Self {
            sessions: 1,
            crashed,
            abnormal,
            errored: i64::from(session.errors > 0) * (1 - crashed - abnormal),
        }
    }

    fn of_aggregate(aggregate: &Aggregate) -> Self {
        Self {
            sessions: aggregate.exited + aggregate.errored + aggregate.abnormal + aggregate.crashed,
            crashed: aggregate.crashed,
            abnormal: aggregate.abnormal,
            errored: aggregate.errored,
        }
    }
}

impl Changes {
    fn session(&mut self, project_id: i64, session: &Session, sign: i64) {
        let place = (&*session.release, &*session.environment, person(&session.did));
        self.add(project_id, session.started_at, place, Change::of_session(session), sign);
    }

    fn aggregate(&mut self, project_id: i64, aggregate: &Aggregate) {
        let place = (&*aggregate.release, &*aggregate.environment, person(&aggregate.did));
        self.add(
            project_id,
            aggregate.started_at,
            place,
            Change::of_aggregate(aggregate),
            1,
        );
    }

    fn add(
        &mut self,
        project_id: i64,
        at: i64,
        (release, environment, person): (&str, &str, i64),
        change: Change,
        sign: i64,
    ) {
        let (release, environment) = (release.to_owned(), environment.to_owned());
        if person != 0 {
            let key = (
                project_id,
                at.div_euclid(DAY_MS),
                release.clone(),
                environment.clone(),
                person,
            );
            self.days.entry(key).or_default().add(change, sign);
        }
        let key = (project_id, at.div_euclid(HOUR_MS), release, environment);
        self.hours.entry(key).or_default().add(change, sign);
    }
}

/// Writes the sessions and counts of a batch.
pub(super) async fn write(connection: &mut AnyConnection, prepared: &[Prepared]) -> Result<(), Error> {
    let mut changes = Changes::default();
    let mut sessions: BTreeMap<SessionKey, (Session, i64)> = BTreeMap::new();
    let mut counted: Vec<(i64, i64, &Counts)> = Vec::new();
    for Prepared { claimed, contents, .. } in prepared {
        for update in &contents.sessions {
            let key = (claimed.project_id, update.sid.clone());
            let (after, received_at) = match sessions.remove(&key) {
                Some((before, received_at)) => (before.with(update.clone()), received_at),
                None => (update.clone(), claimed.received_at),
            };
            sessions.insert(key, (after, received_at));
        }
        counted.extend(
            contents
                .counts
                .iter()
                .map(|counts| (claimed.project_id, claimed.received_at, counts)),
        );
    }
    let sessions: Vec<(SessionKey, (Session, i64))> = sessions.into_iter().collect();
    write_sessions(connection, &sessions, &mut changes).await?;
    write_counts(connection, &counted, &mut changes).await?;
    write_hours(connection, changes.hours).await?;
    write_days(connection, changes.days).await
}

#[derive(FromRow)]
struct Row {
    project_id: i64,
    #[sqlx(flatten)]
    session: Session,
    updates: i64,
}

/// Writes new sessions as they are. Those that are there come back, held so that nobody else changes them meanwhile, and
/// are written again if the updates of the batch changed them.
async fn write_sessions(
    connection: &mut AnyConnection,
    sessions: &[(SessionKey, (Session, i64))],
    changes: &mut Changes,
) -> Result<(), Error> {
    let held = upsert_sessions(connection, sessions, "updates = sessions.updates + 1").await?;
    let mut known: BTreeMap<SessionKey, Session> = BTreeMap::new();
    for row in held {
        if row.updates > 1 {
            known.insert((row.project_id, row.session.sid.clone()), row.session);
        }
    }
    let mut changed = Vec::new();
    for (key, (update, received_at)) in sessions {
        match known.remove(key) {
            None => changes.session(key.0, update, 1),
            Some(before) => {
                let after = before.clone().with(update.clone());
                if after != before {
                    changes.session(key.0, &before, -1);
                    changes.session(key.0, &after, 1);
                    changed.push((key.clone(), (after, *received_at)));
                }
            }
        }
    }
    let replace = "release = excluded.release, environment = excluded.environment, did = excluded.did,
        person = excluded.person,
        status = excluded.status, errors = excluded.errors, mechanism = excluded.mechanism,
        started_at = excluded.started_at, duration_ms = excluded.duration_ms, seq = excluded.seq,
        updated_at = excluded.updated_at";
    upsert_sessions(connection, &changed, replace).await?;
    Ok(())
}

async fn upsert_sessions(
    connection: &mut AnyConnection,
    sessions: &[(SessionKey, (Session, i64))],
    on_conflict: &'static str,
) -> Result<Vec<Row>, Error> {
    const COLUMNS: usize = 15;
    let mut written = Vec::new();
    for rows in chunks(sessions, COLUMNS) {
        let text = format!(
            "INSERT INTO sessions (project_id, sid, release, environment, did, status, errors, mechanism, started_at,
                duration_ms, seq, updated_at, received_at, updates, person) VALUES {}
             ON CONFLICT (project_id, sid) DO UPDATE SET {on_conflict}
             RETURNING project_id, sid, release, environment, did, status, errors, mechanism, started_at, duration_ms,
                seq, updated_at, updates",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        for ((project_id, sid), (session, received_at)) in rows {
            query = query
                .bind(*project_id)
                .bind(sid)
                .bind(&session.release)
                .bind(&session.environment)
                .bind(&session.did)
                .bind(session.status.as_str())
                .bind(session.errors)
                .bind(&session.mechanism)
                .bind(session.started_at)
                .bind(session.duration_ms)
                .bind(session.seq)
                .bind(session.updated_at)
                .bind(*received_at)
                .bind(1_i64)
                .bind(person(&session.did));
        }
        let rows: Vec<Row> = query.fetch_all(&mut *connection).await.or_failed("write sessions")?;
        written.extend(rows);
    }
    Ok(written)
}

/// Adds what items counted, but for those items that were added before.
async fn write_counts(
    connection: &mut AnyConnection,
    counted: &[(i64, i64, &Counts)],
    changes: &mut Changes,
) -> Result<(), Error> {
    let mut keyed: BTreeMap<(i64, &str), (i64, &Counts)> = BTreeMap::new();
    let mut added: Vec<(i64, &Counts)> = Vec::new();
    for (project_id, received_at, counts) in counted {
        match &counts.key {
            // Twice in a batch is once.
            Some(key) => {
                keyed.entry((*project_id, key)).or_insert((*received_at, counts));
            }
            None => added.push((*project_id, counts)),
        }
    }
    let keyed: Vec<Keyed<'_>> = keyed.into_iter().collect();
    let fresh = remember(connection, &keyed).await?;
    let is_fresh = |project_id: i64, key: &str| fresh.contains(&(project_id, key.to_owned()));
    let keyed = keyed
        .into_iter()
        .filter(|((project_id, key), _)| is_fresh(*project_id, key));
    added.extend(keyed.map(|((project_id, _), (_, counts))| (project_id, counts)));

    let mut aggregates: BTreeMap<(i64, i64, &str, &str, i64), [i64; 4]> = BTreeMap::new();
    let mut discards: BTreeMap<(i64, i64, &str, &str), i64> = BTreeMap::new();
    for (project_id, counts) in added {
        for one in &counts.aggregates {
            changes.aggregate(project_id, one);
            let key = (
                project_id,
                one.started_at,
                &*one.release,
                &*one.environment,
                person(&one.did),
            );
            let sums = aggregates.entry(key).or_default();
            for (sum, count) in sums
                .iter_mut()
                .zip([one.exited, one.errored, one.abnormal, one.crashed])
            {
                *sum += count;
            }
        }
        for one in &counts.discards {
            let sum = discards
                .entry((project_id, one.day, &*one.reason, &*one.category))
                .or_default();
            *sum = sum.saturating_add(one.quantity);
        }
    }
    write_aggregates(connection, aggregates).await?;
    write_discards(connection, discards).await
}

/// Remembers items that add to counts. Returns those that were not remembered before.
async fn remember(connection: &mut AnyConnection, keyed: &[Keyed<'_>]) -> Result<HashSet<(i64, String)>, Error> {
    let mut fresh = HashSet::new();
    for rows in chunks(keyed, 3) {
        let text = format!(
            "INSERT INTO counted_items (project_id, item_key, received_at) VALUES {} ON CONFLICT DO NOTHING
             RETURNING project_id, item_key",
            placeholders(connection, rows.len(), 3)
        );
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        for ((project_id, key), (received_at, _)) in rows {
            query = query.bind(*project_id).bind(*key).bind(*received_at);
        }
        let made: Vec<(i64, String)> = query
            .fetch_all(&mut *connection)
            .await
            .or_failed("remember what was counted")?;
        fresh.extend(made);
    }
    Ok(fresh)
}

async fn write_aggregates(
    connection: &mut AnyConnection,
    aggregates: BTreeMap<(i64, i64, &str, &str, i64), [i64; 4]>,
) -> Result<(), Error> {
    const COLUMNS: usize = 9;
    let rows: Vec<_> = aggregates.into_iter().collect();
    for rows in chunks(&rows, COLUMNS) {
        let text = format!(
            "INSERT INTO session_aggregates
                (project_id, started_at, release, environment, person, exited, errored, abnormal, crashed) VALUES {}
             ON CONFLICT (project_id, started_at, release, environment, person) DO UPDATE SET
                exited = session_aggregates.exited + excluded.exited,
                errored = session_aggregates.errored + excluded.errored,
                abnormal = session_aggregates.abnormal + excluded.abnormal,
                crashed = session_aggregates.crashed + excluded.crashed",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for ((project_id, started_at, release, environment, person), counts) in rows {
            query = query
                .bind(*project_id)
                .bind(*started_at)
                .bind(*release)
                .bind(*environment)
                .bind(*person);
            for count in counts {
                query = query.bind(*count);
            }
        }
        query.execute(&mut *connection).await.or_failed("count sessions")?;
    }
    Ok(())
}

async fn write_discards(
    connection: &mut AnyConnection,
    discards: BTreeMap<(i64, i64, &str, &str), i64>,
) -> Result<(), Error> {
    let rows: Vec<_> = discards.into_iter().collect();
    for rows in chunks(&rows, 5) {
        let text = format!(
            "INSERT INTO client_discards (project_id, day, reason, category, quantity) VALUES {}
             ON CONFLICT (project_id, day, reason, category) DO UPDATE SET
                quantity = client_discards.quantity + excluded.quantity",
            placeholders(connection, rows.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for ((project_id, day, reason, category), quantity) in rows {
            query = query
                .bind(*project_id)
                .bind(*day)
                .bind(*reason)
                .bind(*category)
                .bind(*quantity);
        }
        query
            .execute(&mut *connection)
            .await
            .or_failed("count what clients discarded")?;
    }
    Ok(())
}

async fn write_hours(
    connection: &mut AnyConnection,
    hours: BTreeMap<(i64, i64, String, String), Change>,
) -> Result<(), Error> {
    const COLUMNS: usize = 8;
    let rows: Vec<_> = hours.into_iter().filter(|(_, change)| !change.is_none()).collect();
    for rows in chunks(&rows, COLUMNS) {
        let text = format!(
            "INSERT INTO session_hours (project_id, hour, release, environment, sessions, crashed, abnormal, errored)
             VALUES {} ON CONFLICT (project_id, hour, release, environment) DO UPDATE SET
                sessions = session_hours.sessions + excluded.sessions,
                crashed = session_hours.crashed + excluded.crashed,
                abnormal = session_hours.abnormal + excluded.abnormal,
                errored = session_hours.errored + excluded.errored",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for ((project_id, hour, release, environment), change) in rows {
            query = query
                .bind(*project_id)
                .bind(*hour)
                .bind(release)
                .bind(environment)
                .bind(change.sessions)
                .bind(change.crashed)
                .bind(change.abnormal)
                .bind(change.errored);
        }
        query.execute(&mut *connection).await.or_failed("sum up sessions")?;
    }
    Ok(())
}

async fn write_days(
    connection: &mut AnyConnection,
    days: BTreeMap<(i64, i64, String, String, i64), Change>,
) -> Result<(), Error> {
    const COLUMNS: usize = 9;
    let rows: Vec<_> = days.into_iter().filter(|(_, change)| !change.is_none()).collect();
    for rows in chunks(&rows, COLUMNS) {
        let text = format!(
            "INSERT INTO session_days (project_id, day, release, environment, person, sessions, crashed, abnormal, errored)
             VALUES {} ON CONFLICT (project_id, day, release, environment, person) DO UPDATE SET
                sessions = session_days.sessions + excluded.sessions,
                crashed = session_days.crashed + excluded.crashed,
                abnormal = session_days.abnormal + excluded.abnormal,
                errored = session_days.errored + excluded.errored",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for ((project_id, day, release, environment, person), change) in rows {
            query = query
                .bind(*project_id)
                .bind(*day)
                .bind(release)
                .bind(environment)
                .bind(*person)
                .bind(change.sessions)
                .bind(change.crashed)
                .bind(change.abnormal)
                .bind(change.errored);
        }
        query
            .execute(&mut *connection)
            .await
            .or_failed("sum up the sessions of people")?;
    }
    Ok(())
}
