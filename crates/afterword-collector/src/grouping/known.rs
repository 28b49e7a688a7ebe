//! The rules of projects, kept for a few seconds, so that a batch does not cost a query for each of its projects.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{InApp, SETTING};
use crate::database::Database;
use crate::error::chain;
use crate::{Error, settings};

/// For so long a change is not seen.
const FRESH: Duration = Duration::from_secs(5);
/// The most projects that are kept.
const MAX_PROJECTS: usize = 1000;

/// By project, each with when it was read.
type Kept = HashMap<i64, (Instant, Arc<InApp>)>;

/// The rules of projects; clones share what is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    kept: Arc<Mutex<Kept>>,
}

impl Known {
    /// The rules of these projects. Such that cannot be read count as none, and are logged.
    pub(crate) async fn of(
        &self,
        database: &Database,
        projects: impl IntoIterator<Item = i64>,
    ) -> Result<HashMap<i64, Arc<InApp>>, Error> {
        let mut found = HashMap::new();
        for project_id in projects.into_iter().collect::<HashSet<_>>() {
            let kept = self.lock().get(&project_id).cloned();
            let rules = match kept {
                Some((since, rules)) if since.elapsed() < FRESH => rules,
                _ => {
                    let rules = Arc::new(load(database, project_id).await?);
                    let mut kept = self.lock();
                    if kept.len() >= MAX_PROJECTS {
                        kept.clear();
                    }
                    kept.insert(project_id, (Instant::now(), Arc::clone(&rules)));
                    rules
                }
            };
            found.insert(project_id, rules);
        }
        Ok(found)
    }

    /// Forgets those of a project: they were changed here, and are to count from now on.
    pub(crate) fn forget(&self, project_id: i64) {
        self.lock().remove(&project_id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn load(database: &Database, project_id: i64) -> Result<InApp, Error> {
    let lines: Vec<String> = settings::get(database, project_id, SETTING).await?.unwrap_or_default();
    Ok(InApp::parse(&lines).unwrap_or_else(|error| {
        tracing::warn!(
            project_id,
            error = chain(&error),
            "rules of a project cannot be read, so none is applied"
        );
        InApp::default()
    }))
}
