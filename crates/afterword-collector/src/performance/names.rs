//! How many different names there may be in an hour of a project, and which there are.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::Error;
use crate::error::OrFailed as _;

/// What is beyond the bound is counted under this name.
pub(crate) const OTHER: &str = "<other>";

/// Hours of projects that are remembered. With all their names, a few megabytes.
const ENTRIES: NonZeroUsize = NonZeroUsize::new(512).expect("is not zero");

/// What is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Transactions.
    Transaction,
    /// Their releases.
    Release,
    /// Their environments.
    Environment,
    /// Spans, by what they do and their description.
    Span,
}

impl Kind {
    /// How many different ones an hour of a project may have.
    pub(crate) fn most(self) -> usize {
        match self {
            Self::Transaction => 500,
            Self::Release => 50,
            Self::Environment => 20,
            Self::Span => 1000,
        }
    }

    /// The columns that name it, and their table.
    fn columns(self) -> (&'static str, &'static str) {
        match self {
            Self::Transaction => ("'' AS above, name", "transaction_figures"),
            Self::Release => ("'' AS above, release", "transaction_figures"),
            Self::Environment => ("'' AS above, environment", "transaction_figures"),
            Self::Span => ("op AS above, name", "span_figures"),
        }
    }
}

type Hour = (Kind, i64, i64);

/// The names that are told apart, as their hashes; clones share them. A collector knows of those that others of the same
/// database take in only when it begins to look at the hour, so with several there may be a few more.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    known: Arc<Mutex<LruCache<Hour, HashSet<u64>>>>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            known: Arc::new(Mutex::new(LruCache::new(ENTRIES))),
        }
    }
}

impl Names {
    /// Looks up which names an hour of a project has, unless it is known.
    pub(crate) async fn load(
        &self,
        connection: &mut AnyConnection,
        kind: Kind,
        project_id: i64,
        hour: i64,
    ) -> Result<(), Error> {
        let key = (kind, project_id, hour);
        if self.lock().get(&key).is_some() {
            return Ok(());
        }
        let (columns, table) = kind.columns();
        let text = format!(
            "SELECT DISTINCT {columns} FROM {table} WHERE project_id = $1 AND width = 1 AND hour = $2 LIMIT $3"
        );
        let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(text))
            .bind(project_id)
            .bind(hour)
            .bind(i64::try_from(kind.most()).unwrap_or(i64::MAX))
            .fetch_all(connection)
            .await
            .or_failed("look up which names an hour has")?;
        let names = rows.iter().map(|(above, name)| hash(above, name)).collect();
        self.lock().put(key, names);
        Ok(())
    }

    /// Whether this name is told apart in this hour, which was looked up before: those that are, and new ones while there is room.
    pub(crate) fn admit(&self, kind: Kind, project_id: i64, hour: i64, (above, name): (&str, &str)) -> bool {
        let hash = hash(above, name);
        let mut known = self.lock();
        let names = known.get_or_insert_mut((kind, project_id, hour), HashSet::new);
        names.contains(&hash) || (names.len() < kind.most() && names.insert(hash))
    }

    /// Forgets everything: after rows were removed.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<Hour, HashSet<u64>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(above: &str, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (above, name).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_bound_only_known_names_are_told_apart() {
        let names = Names::default();
        let admit = |number: usize| names.admit(Kind::Environment, 1, 7, ("", &format!("name {number}")));
        let admitted = (0..100).filter(|number| admit(*number)).count();
        assert_eq!(admitted, Kind::Environment.most());
        assert!(admit(0) && !admit(99));
        assert!(names.admit(Kind::Environment, 1, 8, ("", "name 99")), "another hour");
        assert!(names.admit(Kind::Environment, 2, 7, ("", "name 99")), "another project");
    }
}
