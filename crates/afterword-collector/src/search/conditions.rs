//! What a search means within one project, as conditions of SQL.

use super::tags::{self, Tags, Words};
use super::terms::{Field, IssueName};
use super::walk::Failure;
use super::{Of, Pattern, Range, Search, State, Term, What};
use crate::Error;
use crate::database::{Database, Dialect, Query};

/// How many events of a trace a search looks at.
const MAX_ROWS: i64 = 1000;

const HOUR_MS: i64 = 3_600_000;

/// What as many looks into an index take as long as: comparing a title, and going through all tags of a row.
const LIKE_LOOKS: i64 = 5;
const MANY_LOOKS: i64 = 40;

/// A project, for what searches say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Project {
    pub(crate) id: i64,
    pub(crate) slug: String,
}

/// A term with what it means in this project; never one that is always true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) negated: bool,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has one of these tags.
    Tags(Vec<i64>),
    /// Has one of so many tags that they are not named.
    Many {
        keys: Vec<String>,
        values: Option<Vec<Pattern>>,
    },
    /// Holds one of these texts.
    Text(Vec<Text>),
    /// The title is like one of these.
    Title(Vec<String>),
    Is(Vec<State>),
    Assigned(Vec<Option<String>>),
    Within(Field, Range),
    /// Rows of events.
    Events(Vec<i64>),
    Issues(Vec<i64>),
}

/// A text that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// One of each of these tags.
    pub(super) words: Vec<Vec<i64>>,
    /// The words say it all.
    pub(super) are_all: bool,
    /// For `LIKE`.
    pub(super) like: String,
}

impl Text {
    fn can_be(&self) -> bool {
        self.words.iter().all(|ids| !ids.is_empty())
    }
}

/// What the terms mean in a project. `None`: nothing can be found there.
pub(super) async fn conditions(
    database: &Database,
    project: &Project,
    search: &Search,
    of: Of,
) -> Result<Option<Vec<Condition>>, Failure> {
    let mut conditions = Vec::new();
    for term in &search.terms {
        let kind = match &term.what {
            What::Project(values) => {
                let id = project.id.to_string();
                let is_it = |value: &Pattern| value.matches(&project.slug) || value.exact() == Some(&id);
                if values.iter().any(is_it) == term.negated {
                    return Ok(None);
                }
                continue;
            }
            _ => kind(database, project, term, of).await?,
        };
        let negated = term.negated;
        match (kind.can_be(of), negated) {
            (false, false) => return Ok(None),
            (false, true) => {}
            (true, _) => conditions.push(Condition { negated, kind }),
        }
    }
    Ok(Some(conditions))
}

async fn kind(database: &Database, project: &Project, term: &Term, of: Of) -> Result<Kind, Failure> {
    let many = |tags: Tags| match tags {
        Tags::Ids(ids) => Kind::Tags(ids),
        Tags::Many { keys, values } => Kind::Many { keys, values },
    };
    let wrong = |failure: tags::Failure| failure.at(term.at);
    Ok(match &term.what {
        What::Text(values) => {
            let mut texts = Vec::with_capacity(values.len());
            for value in values {
                let found = text(database, project.id, value).await;
                texts.push(found.map_err(wrong)?);
            }
            Kind::Text(texts)
        }
        What::Title(values) => Kind::Title(values.iter().map(Pattern::like).collect()),
        What::Is(states) => Kind::Is(states.clone()),
        What::Assigned(names) => Kind::Assigned(names.clone()),
        What::Tag { keys, values } => {
            let found = tags::find(database, project.id, keys, Some(values), of).await;
            many(found.map_err(wrong)?)
        }
        What::Has(keys) => {
            let found = tags::find(database, project.id, keys, None, of).await;
            many(found.map_err(wrong)?)
        }
        What::Within(field, range) => Kind::Within(*field, *range),
        What::Event(ids) => rows(database, project.id, ids, &[], of).await?,
        What::Trace(ids) => rows(database, project.id, &[], ids, of).await?,
        What::EventOrTrace(id) => {
            let id = std::slice::from_ref(id);
            rows(database, project.id, id, id, of).await?
        }
        What::Issue(names) => Kind::Issues(issues(database, project, names).await?),
        // Looked at before.
        What::Project(_) => Kind::Issues(Vec::new()),
    })
}

async fn text(database: &Database, project_id: i64, value: &Pattern) -> Result<Text, tags::Failure> {
    let Words { words, are_all } = Words::of(value);
    let mut found = Vec::with_capacity(words.len());
    for word in &words {
        found.push(tags::beginning(database, project_id, word).await?);
    }
    Ok(Text {
        words: found,
        are_all,
        like: value.like_within(),
    })
}

/// The events with these ids, or their issues.
async fn rows(
    database: &Database,
    project_id: i64,
    events: &[String],
    traces: &[String],
    of: Of,
) -> Result<Kind, Error> {
    let column = match of {
        Of::Issues => "issue_id",
        Of::Events => "id",
    };
    let mut found: Vec<(i64,)> = Vec::new();
    for (name, ids) in [("event_id", events), ("trace_id", traces)] {
        let mut query = Query::new(format!("SELECT {column} FROM events WHERE project_id = "));
        query.bind(project_id).push(" AND ").bind_in(name, ids.iter().cloned());
        query.push(&format!(" LIMIT {MAX_ROWS}"));
        if !ids.is_empty() {
            let of_name: Vec<(i64,)> = query.fetch_all(&database.read, "look for events").await?;
            found.extend(of_name);
        }
    }
    let mut ids: Vec<i64> = found.into_iter().map(|(id,)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(match of {
        Of::Issues => Kind::Issues(ids),
        Of::Events => Kind::Events(ids),
    })
}

async fn issues(database: &Database, project: &Project, names: &[IssueName]) -> Result<Vec<i64>, Error> {
    let mut wanted = Vec::new();
    let mut numbers = Vec::new();
    for name in names {
        match name {
            IssueName::Id(id) => wanted.push(*id),
            IssueName::Short { project: slug, number } if *slug == project.slug => numbers.push(*number),
            IssueName::Short { .. } => {}
        }
    }
    let mut ids = Vec::new();
    for (column, values) in [("id", wanted), ("number", numbers)] {
        let mut query = Query::new("SELECT id FROM issues WHERE project_id = ");
        query.bind(project.id).push(" AND ").bind_in(column, values);
        let found: Vec<(i64,)> = query.fetch_all(&database.read, "look for issues").await?;
        ids.extend(found.into_iter().map(|(id,)| id));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

impl Kind {
    fn can_be(&self, of: Of) -> bool {
        match self {
            Self::Tags(ids) | Self::Events(ids) | Self::Issues(ids) => !ids.is_empty(),
            Self::Text(texts) => of == Of::Issues || texts.iter().any(Text::can_be),
            _ => true,
        }
    }

    /// How many looks into indexes it takes to see whether this is true of a row, or what takes as long.
    pub(super) fn looks(&self, of: Of) -> i64 {
        let tags = |ids: &Vec<i64>| i64::try_from(ids.len()).unwrap_or(i64::MAX);
        match self {
            Self::Tags(ids) => tags(ids),
            Self::Many { .. } if of == Of::Issues => 10 * MANY_LOOKS,
            Self::Many { .. } => MANY_LOOKS,
            Self::Title(likes) => i64::try_from(likes.len())
                .unwrap_or(i64::MAX)
                .saturating_mul(LIKE_LOOKS),
            Self::Text(texts) => {
                let likes = |text: &Text| {
                    if of == Of::Issues || !text.are_all {
                        LIKE_LOOKS
                    } else {
                        0
                    }
                };
                let looks = |text: &Text| text.words.iter().map(tags).sum::<i64>() + likes(text);
                texts.iter().map(looks).sum()
            }
            _ => 1,
        }
    }

    /// Whether only few rows can be found, and which ones is known.
    pub(super) fn is_few(&self, of: Of) -> bool {
        match self {
            Self::Events(_) => true,
            Self::Issues(_) => of == Of::Issues,
            _ => false,
        }
    }
}

/// The tables in which issues or events and their tags are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) of: Of,
    pub(super) table: &'static str,
    pub(super) tags: &'static str,
    pub(super) row: &'static str,
}

pub(super) const ISSUES: Target = Target {
    of: Of::Issues,
    table: "issues",
    tags: "issue_tags",
    row: "issue_id",
};

pub(super) const EVENTS: Target = Target {
    of: Of::Events,
    table: "events",
    tags: "event_tags",
    row: "event_row",
};

impl Target {
    /// Adds ` AND …` for each condition.
    pub(super) fn push(self, query: &mut Query, conditions: &[Condition], dialect: Dialect) {
        for Condition { negated, kind } in conditions {
            query.push(if *negated { " AND NOT (" } else { " AND (" });
            self.push_kind(query, kind, dialect);
            query.push(")");
        }
    }

    fn push_kind(self, query: &mut Query, kind: &Kind, dialect: Dialect) {
        match kind {
            Kind::Tags(ids) => self.push_tags(query, ids),
            Kind::Many { keys, values } => self.push_many(query, keys, values.as_deref(), dialect),
            Kind::Text(texts) => any(query, texts, |query, text| self.push_text(query, text)),
            Kind::Title(likes) => any(query, likes, |query, like| self.push_like(query, "title", like)),
            Kind::Is(states) => any(query, states, |query, state| {
                query.push(state.sql());
            }),
            Kind::Assigned(names) => any(query, names, |query, name| match name {
                Some(name) => {
                    query.push("COALESCE(issues.assigned_to, '') = ").bind(name.clone());
                }
                None => {
                    query.push("issues.assigned_to IS NULL");
                }
            }),
            Kind::Within(field, range) => self.push_within(query, *field, *range),
            Kind::Events(ids) => {
                query.bind_in("events.id", ids.iter().copied());
            }
            Kind::Issues(ids) => {
                let column = match self.of {
                    Of::Issues => "issues.id",
                    Of::Events => "events.issue_id",
                };
                query.bind_in(column, ids.iter().copied());
            }
        }
    }

    fn push_tags(self, query: &mut Query, ids: &[i64]) {
        let Self { table, tags, row, .. } = self;
        query.push(&format!("EXISTS (SELECT 1 FROM {tags} WHERE {row} = {table}.id AND "));
        query.bind_in("tag_id", ids.iter().copied()).push(")");
    }

    /// Tags by what they are rather than by their ids: from those that the event has, or the newest ten of the issue.
    fn push_many(self, query: &mut Query, keys: &[String], values: Option<&[Pattern]>, dialect: Dialect) {
        query.push(match (self.of, dialect) {
            (Of::Issues, Dialect::Sqlite) => {
                "EXISTS (SELECT 1 FROM (SELECT tags FROM events WHERE issue_id = issues.id
                    ORDER BY occurred_at DESC, id DESC LIMIT 10) AS newest, json_each(newest.tags) AS own
                    JOIN tags ON tags.id = own.value WHERE "
            }
            (Of::Issues, Dialect::Postgres) => {
                "EXISTS (SELECT 1 FROM (SELECT tags FROM events WHERE issue_id = issues.id
                    ORDER BY occurred_at DESC, id DESC LIMIT 10) AS newest
                    CROSS JOIN LATERAL json_array_elements_text(CAST(newest.tags AS JSON)) AS own (value)
                    JOIN tags ON tags.id = CAST(own.value AS BIGINT) WHERE "
            }
            (Of::Events, Dialect::Sqlite) => {
                "EXISTS (SELECT 1 FROM json_each(events.tags) AS own JOIN tags ON tags.id = own.value WHERE "
            }
            (Of::Events, Dialect::Postgres) => {
                "EXISTS (SELECT 1 FROM json_array_elements_text(CAST(events.tags AS JSON)) AS own (value)
                    JOIN tags ON tags.id = CAST(own.value AS BIGINT) WHERE "
            }
        });
        query.bind_in("tags.key", keys.iter().cloned());
        if let Some(values) = values {
            query.push(" AND (");
            any(query, values, |query, value| match (value.exact(), value.prefix()) {
                (Some(text), _) => {
                    query.push("tags.value = ").bind(text.to_owned());
                }
                (_, Some(prefix)) => {
                    query.push("(tags.value >= ").bind(prefix.to_owned());
                    query
                        .push(" AND tags.value < ")
                        .bind(format!("{prefix}\u{10ffff}"))
                        .push(")");
                }
                _ => {
                    query
                        .push("LOWER(tags.value) LIKE ")
                        .bind(value.like())
                        .push(" ESCAPE '\\'");
                }
            });
            query.push(")");
        }
        query.push(")");
    }

    /// Of issues: their title and place as they are now, or words of any of their events.
    fn push_text(self, query: &mut Query, text: &Text) {
        let words = text.can_be() && !text.words.is_empty();
        match self.of {
            Of::Issues => {
                self.push_like(query, "title", &text.like);
                query.push(" OR ");
                self.push_like(query, "culprit", &text.like);
                if words && text.are_all {
                    query.push(" OR (");
                    all(query, &text.words, |query, ids| self.push_tags(query, ids));
                    query.push(")");
                }
            }
            Of::Events if !text.can_be() => {
                query.push("1 = 0");
            }
            Of::Events => {
                all(query, &text.words, |query, ids| self.push_tags(query, ids));
                if !text.are_all {
                    query.push(if words { " AND " } else { "" });
                    self.push_like(query, "title", &text.like);
                }
            }
        }
    }

    fn push_like(self, query: &mut Query, column: &str, like: &str) {
        query.push(&format!("LOWER({}.{column}) LIKE ", self.table));
        query.bind(like.to_owned()).push(" ESCAPE '\\'");
    }

    fn push_within(self, query: &mut Query, field: Field, range: Range) {
        let column = match (field, self.of) {
            (Field::FirstSeen, _) => "issues.first_seen",
            (Field::LastSeen, _) => "issues.last_seen",
            (Field::Events, _) => "issues.event_count",
            (Field::Users, _) => "issues.user_count",
            (Field::Timestamp, Of::Events) => "events.occurred_at",
            (Field::Timestamp, Of::Issues) => {
                return push_active(query, range);
            }
        };
        query.push("1 = 1");
        if let Some(from) = range.from {
            query.push(&format!(" AND {column} >= ")).bind(from);
        }
        if let Some(to) = range.to {
            query.push(&format!(" AND {column} <= ")).bind(to);
        }
    }
}

/// Whether an issue had events in this time; where it ends in the past, to the hour.
fn push_active(query: &mut Query, range: Range) {
    query.push("1 = 1");
    if let Some(from) = range.from {
        query.push(" AND issues.last_seen >= ").bind(from);
    }
    let Some(to) = range.to else { return };
    query.push(" AND issues.first_seen <= ").bind(to);
    if let Some(from) = range.from {
        query.push(" AND (issues.last_seen <= ").bind(to);
        query.push(" OR EXISTS (SELECT 1 FROM issue_hours WHERE issue_id = issues.id AND hour >= ");
        query.bind(from.div_euclid(HOUR_MS)).push(" AND hour <= ");
        query.bind(to.div_euclid(HOUR_MS)).push("))");
    }
}

fn any<T>(query: &mut Query, of: &[T], push: impl Fn(&mut Query, &T)) {
    joined(query, of, " OR ", push);
}

fn all<T>(query: &mut Query, of: &[T], push: impl Fn(&mut Query, &T)) {
    joined(query, of, " AND ", push);
}

fn joined<T>(query: &mut Query, of: &[T], between: &str, push: impl Fn(&mut Query, &T)) {
    for (number, one) in of.iter().enumerate() {
        query.push(if number == 0 { "(" } else { between });
        push(query, one);
    }
    query.push(if of.is_empty() { "" } else { ")" });
}
