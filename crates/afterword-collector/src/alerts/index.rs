//! The rules in memory, so that asking them costs next to nothing where they do not care: by project and kind, and those that
//! want a certain value by that value.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Notify;

use super::rule::{Condition, Per, Rule, When};
use super::store;
use crate::database::Database;
use crate::error::{OrFailed as _, chain};
use crate::{Error, now_ms};

/// Also when no rule changed: projects may have been made or renamed.
const STALE_MS: i64 = 60_000;

/// For a project that is not known, but not more often.
const AGAIN_MS: i64 = 1000;
/// All collectors have read rules that changed, this long after one has.
const SETTLED_MS: i64 = 5000;

/// What handlers, the digest and the engine share; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alerts {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    index: RwLock<Option<Arc<Index>>>,
    work: Notify,
    deliveries: Notify,
}

/// What rules want to know of the issues of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Each event.
    Everything,
    /// These changes of an issue.
    Some { new: bool, regressions: bool },
}

/// A rule that is followed.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) id: i64,
    pub(crate) organization_id: i64,
    /// 0: all of the organisation.
    pub(crate) project_id: i64,
    pub(crate) name: String,
    pub(crate) rule: Rule,
    muted_until: Option<i64>,
    /// Those that it looks at.
    pub(crate) projects: Vec<i64>,
    /// What it counts, if it does.
    pub(crate) measure: Option<usize>,
}

/// Something that is counted for one rule or several: all that matters for the count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Measure {
    pub(crate) users: bool,
    pub(crate) window_s: i64,
    pub(crate) per: Per,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) projects: Vec<i64>,
}

/// The rules of a project, or over all of an organisation.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) new: Vec<usize>,
    pub(crate) regressions: Vec<usize>,
    /// With bounds, that take any event.
    pub(crate) any: Vec<usize>,
    /// With bounds, that have to look at each event.
    pub(crate) some: Vec<usize>,
    /// With bounds, that take only events that say this: the name by which they are found, and the value.
    pub(crate) exact: HashMap<String, HashMap<String, Vec<usize>>>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Index {
    changes: i64,
    pub(crate) loaded_at: i64,
    pub(crate) rules: Vec<Arc<Loaded>>,
    /// Each with the largest bound that it is compared with.
    pub(crate) measures: Vec<(Measure, i64)>,
    /// Whether any looks at what an event says, or for the latest release.
    pub(crate) has_conditions: bool,
    pub(crate) has_latest: bool,
    of_organizations: HashMap<i64, Group>,
    of_projects: HashMap<i64, Group>,
    /// Organisation and name of each project.
    projects: HashMap<i64, (i64, String)>,
    organizations: HashMap<i64, String>,
}

impl Loaded {
    /// A rule that looks at these projects, and counts nothing yet.
    pub(crate) fn of(stored: &store::Stored, rule: Rule, projects: Vec<i64>) -> Self {
        Self {
            id: stored.id,
            organization_id: stored.organization_id,
            project_id: stored.project_id,
            name: stored.name.clone(),
            muted_until: stored.muted_until(i64::MIN),
            rule,
            projects,
            measure: None,
        }
    }

    /// One that is not kept, or not yet.
    pub(crate) fn new(organization_id: i64, project_id: i64, name: &str, rule: Rule, projects: Vec<i64>) -> Self {
        Self {
            id: 0,
            organization_id,
            project_id,
            name: name.to_owned(),
            muted_until: None,
            rule,
            projects,
            measure: None,
        }
    }

    pub(crate) fn is_muted(&self, now: i64) -> bool {
        self.muted_until.is_some_and(|until| until > now)
    }
}

impl Index {
    /// The rules that look at a project: its own, and those over all of its organisation.
    pub(crate) fn groups(&self, project_id: i64) -> impl Iterator<Item = &Group> {
        let organization = self.projects.get(&project_id).map(|(organization, _)| organization);
        let of_all = organization.and_then(|id| self.of_organizations.get(id));
        self.of_projects.get(&project_id).into_iter().chain(of_all)
    }

    /// The name of a project; '' if it is not known, or is none.
    pub(crate) fn project(&self, id: i64) -> &str {
        self.projects.get(&id).map_or("", |(_, name)| name)
    }

    pub(crate) fn organization(&self, id: i64) -> &str {
        self.organizations.get(&id).map_or("", String::as_str)
    }

    /// Rules of these kinds.
    pub(crate) fn of_kind(&self, is: impl Fn(&When) -> bool) -> impl Iterator<Item = &Arc<Loaded>> {
        self.rules.iter().filter(move |rule| is(&rule.rule.when))
    }

    /// Whether this project was there when the rules were read.
    pub(crate) fn knows(&self, project_id: i64) -> bool {
        self.projects.contains_key(&project_id)
    }

    /// Whether it was read long enough ago to be worth reading again.
    pub(crate) fn is_older(&self, now: i64) -> bool {
        !(0..AGAIN_MS).contains(&(now - self.loaded_at))
    }

    /// Whether another collector may not have read these rules yet.
    pub(crate) fn is_younger(&self, now: i64) -> bool {
        (0..SETTLED_MS).contains(&(now - self.loaded_at))
    }

    fn wants(&self, project_id: i64) -> Wants {
        if !self.projects.contains_key(&project_id) {
            // Made since.
            return Wants::Everything;
        }
        let (mut new, mut regressions) = (false, false);
        for group in self.groups(project_id) {
            if !(group.any.is_empty() && group.some.is_empty() && group.exact.is_empty()) {
                return Wants::Everything;
            }
            new |= !group.new.is_empty();
            regressions |= !group.regressions.is_empty();
        }
        Wants::Some { new, regressions }
    }

    async fn load(database: &Database, changes: i64) -> Result<Self, Error> {
        let operation = "read what rules are about";
        let projects: Vec<(i64, i64, String, String)> = sqlx::query_as(
            "SELECT id, organization_id, slug, name FROM projects WHERE id NOT IN (SELECT project_id FROM deletions)
             ORDER BY id",
        )
        .fetch_all(&database.read)
        .await
        .or_failed(operation)?;
        let organizations: Vec<(i64, String, String)> = sqlx::query_as("SELECT id, slug, name FROM organizations")
            .fetch_all(&database.read)
            .await
            .or_failed(operation)?;
        let named = |slug: String, name: String| if name.is_empty() { slug } else { name };
        let mut index = Self {
            changes,
            loaded_at: now_ms(),
            organizations: organizations
                .into_iter()
                .map(|(id, slug, name)| (id, named(slug, name)))
                .collect(),
            ..Self::default()
        };
        let mut of_organization: HashMap<i64, Vec<i64>> = HashMap::new();
        for (id, organization, slug, name) in projects {
            of_organization.entry(organization).or_default().push(id);
            index.projects.insert(id, (organization, named(slug, name)));
        }
        let mut measures: HashMap<Measure, usize> = HashMap::new();
        for stored in store::enabled(database).await? {
            let rule = match stored.rule() {
                Ok(rule) => rule,
                Err(error) => {
                    tracing::warn!(rule = stored.id, error = chain(&error), "a rule cannot be read");
                    continue;
                }
            };
            let projects = match stored.project_id {
                0 => of_organization
                    .get(&stored.organization_id)
                    .cloned()
                    .unwrap_or_default(),
                id if index.projects.contains_key(&id) => vec![id],
                _ => continue,
            };
            let measure = index.measure(&rule, &projects, &mut measures);
            let loaded = Loaded::of(&stored, rule, projects);
            index.add(Loaded { measure, ..loaded });
        }
        Ok(index)
    }

    fn measure(&mut self, rule: &Rule, projects: &[i64], known: &mut HashMap<Measure, usize>) -> Option<usize> {
        let bound = rule.when.bound()?;
        let measure = Measure {
            users: matches!(rule.when, When::Users(_)),
            window_s: bound.window_s,
            per: bound.per,
            conditions: rule.conditions.clone(),
            // An issue is of one project anyway, and its events are counted whatever else the rule looks at.
            projects: match bound.per {
                Per::Issue => Vec::new(),
                Per::All => projects.to_vec(),
            },
        };
        let at = *known.entry(measure).or_insert_with_key(|measure| {
            self.measures.push((measure.clone(), 0));
            self.measures.len() - 1
        });
        if let Some((_, most)) = self.measures.get_mut(at) {
            *most = (*most).max(bound.more_than);
        }
        Some(at)
    }

    fn add(&mut self, loaded: Loaded) {
        let at = self.rules.len();
        self.has_latest |= loaded.rule.of_latest_release();
        let group = match loaded.project_id {
            0 => self.of_organizations.entry(loaded.organization_id).or_default(),
            id => self.of_projects.entry(id).or_default(),
        };
        let mut of_events = loaded
            .rule
            .conditions
            .iter()
            .filter(|condition| **condition != Condition::LatestRelease)
            .peekable();
        self.has_conditions |= loaded.rule.when.is_of_events() && of_events.peek().is_some();
        match loaded.rule.when {
            When::NewIssue => group.new.push(at),
            When::Regression => group.regressions.push(at),
            When::Events(_) | When::Users(_) if of_events.peek().is_none() => group.any.push(at),
            When::Events(_) | When::Users(_) => match of_events.find_map(Condition::exact) {
                Some((key, value)) => {
                    let of_key = group.exact.entry(key.indexed().to_owned()).or_default();
                    of_key.entry(value.to_owned()).or_default().push(at);
                }
                None => group.some.push(at),
            },
            When::CrashFree { .. } | When::Duration { .. } | When::Poison | When::Queue { .. } => {}
        }
        self.rules.push(Arc::new(loaded));
    }
}

impl Alerts {
    /// What rules want to know of a project. Everything, as long as they were not read.
    pub(crate) fn wants(&self, project_id: i64) -> Wants {
        self.index().map_or(Wants::Everything, |index| index.wants(project_id))
    }

    /// The rules as they were read last.
    pub(super) fn index(&self) -> Option<Arc<Index>> {
        self.inner.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the rules again if they changed, here or elsewhere.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn refresh(&self, database: &Database) -> Result<Arc<Index>, Error> {
        let changes = store::changes(database).await?;
        let known = self.index().filter(|index| {
            let age = now_ms() - index.loaded_at;
            index.changes == changes && (0..STALE_MS).contains(&age)
        });
        if let Some(index) = known {
            return Ok(index);
        }
        self.load(database, changes).await
    }

    /// Reads the rules again, and what projects there are.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn read(&self, database: &Database) -> Result<Arc<Index>, Error> {
        let changes = store::changes(database).await?;
        self.load(database, changes).await
    }

    async fn load(&self, database: &Database, changes: i64) -> Result<Arc<Index>, Error> {
        let index = Arc::new(Index::load(database, changes).await?);
        *self.inner.index.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&index));
        Ok(index)
    }

    /// Says that there is a note.
    pub(crate) fn wake(&self) {
        self.inner.work.notify_one();
    }

    /// Waits until there may be a note.
    pub(super) async fn work(&self) {
        self.inner.work.notified().await;
    }

    /// Says that there is something to send.
    pub(crate) fn wake_sender(&self) {
        self.inner.deliveries.notify_one();
    }

    /// Waits until there may be something to send.
    pub(crate) async fn deliveries(&self) {
        self.inner.deliveries.notified().await;
    }
}
