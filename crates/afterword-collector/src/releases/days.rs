//! How a release fares over time.

use std::collections::HashMap;

use crate::Error;
use crate::database::{Database, Query};
use crate::performance::HOUR_MS;
use crate::queries::health::people::{self, Crashed};
use crate::queries::health::{self, By, Figures, Filter, Group};

use super::summary::{cut, percent};

/// Figures of a release by interval, one of each for every interval of the period.
#[derive(Debug, Clone, Default)]
pub(crate) struct Days {
    pub(crate) sessions: Vec<Figures>,
    pub(crate) users: Vec<Crashed>,
    /// Of all releases.
    pub(crate) sessions_of_all: Vec<Figures>,
    pub(crate) users_of_all: Vec<Crashed>,
    pub(crate) events: Vec<i64>,
    pub(crate) new_issues: Vec<i64>,
}

/// Reads them; the filter names no release, and its period is of whole intervals.
pub(crate) async fn read(database: &Database, all: &Filter, version: &str, interval_ms: i64) -> Result<Days, Error> {
    let own = Filter {
        releases: vec![version.to_owned()],
        ..all.clone()
    };
    let none = By::default();
    let of_all = health::sessions_by_interval(database, all, none, interval_ms).await?;
    let sessions = health::sessions_by_interval(database, &own, none, interval_ms).await?;
    let users_of_all = people::by_interval(database, all, interval_ms).await?;
    let users = people::by_interval(database, &own, interval_ms).await?;
    let hours = interval_ms / HOUR_MS;
    let events = events(database, &own, version, hours).await?;
    let new_issues = new_issues(database, &own, version, hours).await?;

    let slots = all.slots(interval_ms);
    let line = |figures: &HashMap<(Group, i64), Figures>| -> Vec<Figures> {
        let of = |slot| figures.get(&(Group::all(), slot)).copied().unwrap_or_default();
        (0..slots).map(of).collect()
    };
    let people = |people: &HashMap<i64, Crashed>| -> Vec<Crashed> {
        (0..slots)
            .map(|slot| people.get(&slot).copied().unwrap_or_default())
            .collect()
    };
    let counts = |counts: &[(i64, i64)]| -> Vec<i64> {
        let counts: HashMap<i64, i64> = counts.iter().copied().collect();
        (0..slots)
            .map(|slot| counts.get(&slot).copied().unwrap_or_default())
            .collect()
    };
    Ok(Days {
        sessions: line(&sessions),
        users: people(&users),
        sessions_of_all: line(&of_all),
        users_of_all: people(&users_of_all),
        events: counts(&events),
        new_issues: counts(&new_issues),
    })
}

/// Sessions of each of these releases by interval, one list a release; as [`read`] reads them.
pub(crate) async fn sessions(
    database: &Database,
    all: &Filter,
    versions: [&str; 2],
    interval_ms: i64,
) -> Result<[Vec<Figures>; 2], Error> {
    let of_them = Filter {
        releases: versions.map(str::to_owned).to_vec(),
        ..all.clone()
    };
    let by = By {
        release: true,
        ..By::default()
    };
    let figures = health::sessions_by_interval(database, &of_them, by, interval_ms).await?;
    let slots = all.slots(interval_ms);
    Ok(versions.map(|version| {
        let group = Group {
            release: version.to_owned(),
            ..Group::all()
        };
        let of = |slot| figures.get(&(group.clone(), slot)).copied().unwrap_or_default();
        (0..slots).map(of).collect()
    }))
}

/// The share of each that did not crash, in percent.
pub(crate) fn crash_free<T: Copy + Into<Crashed>>(figures: &[T]) -> Vec<Option<f64>> {
    let share = |figures: Crashed| percent(figures.all - figures.crashed, figures.all);
    figures.iter().map(|figures| share((*figures).into())).collect()
}

/// The share of all that these are, in percent.
pub(crate) fn adoption<T: Copy + Into<Crashed>>(figures: &[T], of_all: &[T]) -> Vec<Option<f64>> {
    let shares = figures.iter().zip(of_all);
    shares
        .map(|(own, all)| percent((*own).into().all, (*all).into().all))
        .collect()
}

/// Events of a release by interval (of so many hours) from the first hour of the period on, which is of whole hours: interval and
/// count.
async fn events(database: &Database, filter: &Filter, version: &str, interval: i64) -> Result<Vec<(i64, i64)>, Error> {
    let mut query = Query::new("SELECT (hour - ");
    query.bind(filter.start.div_euclid(HOUR_MS)).push(") / ").bind(interval);
    query.push(
        " AS slot, CAST(SUM(events) AS BIGINT) FROM tags JOIN tag_hours ON tag_id = tags.id WHERE key = 'release' AND ",
    );
    query.bind_in("project_id", filter.projects.iter().copied());
    query.push(" AND value = ").bind(cut(version));
    query.push(" AND hour >= ").bind(filter.start.div_euclid(HOUR_MS));
    query.push(" AND hour <= ").bind(filter.end.div_euclid(HOUR_MS));
    query.push(" GROUP BY slot ORDER BY slot");
    query.fetch_all(&database.read, "count events of a release").await
}

/// Issues that a release brought, by interval in the same way.
async fn new_issues(
    database: &Database,
    filter: &Filter,
    version: &str,
    interval: i64,
) -> Result<Vec<(i64, i64)>, Error> {
    let mut query = Query::new("SELECT (first_seen - ");
    query.bind(filter.start).push(") / ").bind(interval * HOUR_MS);
    query.push(" AS slot, COUNT(*) FROM issues WHERE ");
    query.bind_in("project_id", filter.projects.iter().copied());
    query.push(" AND first_release = ").bind(version);
    query.push(" AND first_seen >= ").bind(filter.start);
    query.push(" AND first_seen <= ").bind(filter.end);
    query.push(" GROUP BY slot ORDER BY slot");
    query.fetch_all(&database.read, "count new issues of a release").await
}
