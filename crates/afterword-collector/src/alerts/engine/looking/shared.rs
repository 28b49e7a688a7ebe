//! The figures that rules look at which time makes fire, each read once for all rules that look at the same.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;

use super::super::counting::push_says;
use crate::Error;
use crate::alerts::rule::{Condition, Key, Of, Rule, When};
use crate::database::{Database, Query};
use crate::performance::HOUR_MS;
use crate::performance::reading::{self, Named};
use crate::queries::health::{self, By, Figures, Filter, Group};

/// The most releases or environments that a condition may leave.
const MAX_GROUPS: usize = 2000;
/// Lists of transactions that are remembered: each may be of twenty thousand names.
const LISTS: NonZeroUsize = NonZeroUsize::new(4).expect("is not zero");

/// What was read, as of a moment.
#[derive(Debug)]
pub(in crate::alerts) struct Shared {
    as_of: i64,
    latest: HashMap<i64, Option<String>>,
    listed: HashMap<String, Arc<[String]>>,
    health: HashMap<String, Figures>,
    names: LruCache<String, Arc<Vec<Named>>>,
    is_cut: bool,
}

impl Shared {
    /// As of this moment, in milliseconds since 1970.
    pub(in crate::alerts) fn new(as_of: i64) -> Self {
        Self {
            as_of,
            latest: HashMap::new(),
            listed: HashMap::new(),
            health: HashMap::new(),
            names: LruCache::new(LISTS),
            is_cut: false,
        }
    }

    pub(in crate::alerts) fn as_of(&self) -> i64 {
        self.as_of
    }

    /// Whether there was more than is looked at, since this was asked last.
    pub(in crate::alerts) fn was_cut(&mut self) -> bool {
        std::mem::take(&mut self.is_cut)
    }

    /// The sessions or users that a rule is about.
    pub(in crate::alerts) async fn crash_free(
        &mut self,
        database: &Database,
        rule: &Rule,
        projects: &[i64],
    ) -> Result<Figures, Error> {
        let When::CrashFree { of, .. } = rule.when else {
            return Ok(Figures::default());
        };
        let mut sum = Figures::default();
        for filter in self.filters(database, rule, projects).await? {
            let key = format!("{of:?} {filter:?}");
            let figures = match self.health.get(&key) {
                Some(figures) => *figures,
                None => {
                    let figures = match of {
                        Of::Sessions => {
                            let groups = health::sessions(database, &filter, By::default()).await?;
                            groups.first().map(|(_, figures)| *figures)
                        }
                        Of::Users => health::users(database, &filter, By::default())
                            .await?
                            .get(&Group::all())
                            .copied(),
                    };
                    let figures = figures.unwrap_or_default();
                    self.health.insert(key, figures);
                    figures
                }
            };
            sum.all += figures.all;
            sum.crashed += figures.crashed;
        }
        Ok(sum)
    }

    /// The transactions that a rule may be about, by name.
    pub(in crate::alerts) async fn transactions(
        &mut self,
        database: &Database,
        rule: &Rule,
        projects: &[i64],
    ) -> Result<Vec<Arc<Vec<Named>>>, Error> {
        let mut lists = Vec::new();
        for filter in self.filters(database, rule, projects).await? {
            let key = format!("{filter:?}");
            let list = match self.names.get(&key) {
                Some(list) => Arc::clone(list),
                None => {
                    let (names, is_cut) = reading::names(database, &filter).await?;
                    self.is_cut |= is_cut;
                    let list = Arc::new(names);
                    self.names.put(key, Arc::clone(&list));
                    list
                }
            };
            lists.push(list);
        }
        Ok(lists)
    }

    /// What the conditions of such a rule leave, in its window: nothing if there is none. What is of the latest release is of
    /// the latest of its own project, so that there is one for all projects with the same; a user of two of them counts twice.
    async fn filters(&mut self, database: &Database, rule: &Rule, projects: &[i64]) -> Result<Vec<Filter>, Error> {
        let (window_s, table) = match rule.when {
            When::CrashFree { window_s, .. } => (window_s, "session_hours"),
            When::Duration { window_s, .. } => (window_s, "transaction_figures"),
            _ => return Ok(Vec::new()),
        };
        let mut filter = Filter {
            projects: projects.to_vec(),
            environments: Vec::new(),
            releases: Vec::new(),
            start: self.as_of - window_s * 1000 + 1,
            end: self.as_of,
        };
        if wants(rule, &Key::Environment) {
            filter.environments = self.values(database, table, &Key::Environment, rule, &filter).await?;
            if filter.environments.is_empty() {
                return Ok(Vec::new());
            }
        }
        if rule.of_latest_release() {
            let mut by_version: BTreeMap<String, Vec<i64>> = BTreeMap::new();
            for project in projects {
                if let Some(version) = self.latest(database, *project).await?
                    && holds(&rule.conditions, &Key::Release, &version)
                {
                    by_version.entry(version).or_default().push(*project);
                }
            }
            let of_version = |(version, projects)| Filter {
                projects,
                releases: vec![version],
                ..filter.clone()
            };
            return Ok(by_version.into_iter().map(of_version).collect());
        }
        if wants(rule, &Key::Release) {
            filter.releases = self.values(database, table, &Key::Release, rule, &filter).await?;
            if filter.releases.is_empty() {
                return Ok(Vec::new());
            }
        }
        Ok(vec![filter])
    }

    async fn latest(&mut self, database: &Database, project: i64) -> Result<Option<String>, Error> {
        if let Some(known) = self.latest.get(&project) {
            return Ok(known.clone());
        }
        let latest = crate::search::latest(database, project).await?;
        self.latest.insert(project, latest.clone());
        Ok(latest)
    }

    /// The releases or environments in the hours of a window of which the conditions are true.
    async fn values(
        &mut self,
        database: &Database,
        table: &str,
        key: &Key,
        rule: &Rule,
        filter: &Filter,
    ) -> Result<Vec<String>, Error> {
        let column = key.name();
        let conditions: Vec<&Condition> = of_key(rule, key).collect();
        let known = format!(
            "{table} {column} {:?} {} {} {conditions:?}",
            filter.projects, filter.start, filter.end
        );
        if let Some(listed) = self.listed.get(&known) {
            return Ok(listed.to_vec());
        }
        let mut query = Query::new(format!("SELECT DISTINCT {column} FROM {table} WHERE "));
        query.bind_in("project_id", filter.projects.iter().copied());
        if table == "transaction_figures" {
            query.push(" AND width = 1");
        }
        query.push(" AND hour >= ").bind(filter.start.div_euclid(HOUR_MS));
        query.push(" AND hour <= ").bind(filter.end.div_euclid(HOUR_MS));
        for condition in conditions {
            if let Condition::Says { how, value, .. } = condition {
                query.push(" AND ");
                push_says(&mut query, database.dialect, column, *how, value);
            }
        }
        query.push(&format!(" ORDER BY {column} LIMIT {}", MAX_GROUPS + 1));
        let found: Vec<(String,)> = query
            .fetch_all(&database.read, "list what conditions are true of")
            .await?;
        let mut values: Vec<String> = found.into_iter().map(|(value,)| value).collect();
        self.is_cut |= values.len() > MAX_GROUPS;
        values.truncate(MAX_GROUPS);
        // What has none is '' here, of which less is true than of an empty text.
        values.retain(|value| holds(&rule.conditions, key, value));
        self.listed.insert(known, values.clone().into());
        Ok(values)
    }
}

fn of_key<'r>(rule: &'r Rule, key: &Key) -> impl Iterator<Item = &'r Condition> {
    rule.conditions
        .iter()
        .filter(move |condition| matches!(condition, Condition::Says { key: known, .. } if known == key))
}

fn wants(rule: &Rule, key: &Key) -> bool {
    of_key(rule, key).next().is_some()
}

fn holds(conditions: &[Condition], key: &Key, said: &str) -> bool {
    let said = Some(said).filter(|said| !said.is_empty());
    conditions.iter().all(|condition| match condition {
        Condition::Says { key: known, how, value } if known == key => how.holds(said, value),
        _ => true,
    })
}
