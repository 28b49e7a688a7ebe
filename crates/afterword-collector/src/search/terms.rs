//! What terms mean.

use uuid::Uuid;

use super::parse::{self, Raw};
use super::{Pattern, Range, Wrong};

/// The most environments that a search is limited to.
const MAX_ENVIRONMENTS: usize = 50;

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Issues,
    Events,
}

/// A search that was understood: all of its terms must be true.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Search {
    pub(crate) terms: Vec<Term>,
}

/// One condition, or its contrary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// The character it begins at, counted from 1.
    pub(crate) at: usize,
    pub(crate) negated: bool,
    pub(crate) what: What,
}

/// A condition; of several values one must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Words of title and message.
    Text(Vec<Pattern>),
    /// The title as a whole.
    Title(Vec<Pattern>),
    Is(Vec<State>),
    /// `None`: nobody's.
    Assigned(Vec<Option<String>>),
    /// One of these tags.
    Tag {
        keys: Vec<String>,
        values: Vec<Pattern>,
    },
    /// Any value of one of these tags.
    Has(Vec<String>),
    /// A number or a moment.
    Within(Field, Range),
    /// Ids of events.
    Event(Vec<String>),
    /// Ids of traces.
    Trace(Vec<String>),
    /// The id of an event or of a trace.
    EventOrTrace(String),
    Issue(Vec<IssueName>),
    /// By name or id.
    Project(Vec<Pattern>),
}

/// What can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    FirstSeen,
    LastSeen,
    /// When an event happened; of an issue: any of its events, as far as its first and last tell.
    Timestamp,
    Events,
    Users,
}

/// An issue by its id or by its name among people, `EDITOR-3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IssueName {
    Id(i64),
    Short { project: String, number: i64 },
}

/// `is:…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Unresolved,
    Resolved,
    Ignored,
    Assigned,
    Unassigned,
    New,
    Ongoing,
    Regressed,
    Escalating,
}

const STATES: [(&str, State); 12] = [
    ("unresolved", State::Unresolved),
    ("resolved", State::Resolved),
    ("ignored", State::Ignored),
    ("archived", State::Ignored),
    ("muted", State::Ignored),
    ("assigned", State::Assigned),
    ("unassigned", State::Unassigned),
    ("new", State::New),
    ("ongoing", State::Ongoing),
    ("regressed", State::Regressed),
    ("escalating", State::Escalating),
    ("open", State::Unresolved),
];

impl State {
    /// As a condition on a row of issues.
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::Unresolved => "issues.status = 'unresolved'",
            Self::Resolved => "issues.status = 'resolved'",
            Self::Ignored => "issues.status = 'ignored'",
            Self::Assigned => "issues.assigned_to IS NOT NULL",
            Self::Unassigned => "issues.assigned_to IS NULL",
            Self::New => "(issues.status = 'unresolved' AND issues.substatus = 'new')",
            Self::Ongoing => "(issues.status = 'unresolved' AND issues.substatus = 'ongoing')",
            Self::Regressed => "(issues.status = 'unresolved' AND issues.substatus = 'regressed')",
            Self::Escalating => "(issues.status = 'unresolved' AND issues.substatus = 'escalating')",
        }
    }

    /// Whether an issue with this status may be in it.
    pub(super) fn may_be(self, status: &str) -> bool {
        match self {
            Self::Assigned | Self::Unassigned => true,
            Self::Resolved => status == "resolved",
            Self::Ignored => status == "ignored",
            _ => status == "unresolved",
        }
    }
}

impl Search {
    /// Understands a search. `me` is who asks, for `assigned:me`; `now` in milliseconds since 1970.
    pub(crate) fn parse(text: &str, of: Of, me: Option<&str>, now: i64) -> Result<Self, Wrong> {
        let reading = Reading { of, me, now };
        let terms = parse::parse(text)?.into_iter();
        let terms = terms.map(|raw| reading.term(raw)).collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }

    /// Only in one of these environments, if any is named, and only in this time.
    pub(crate) fn limit<'e>(&mut self, environments: impl IntoIterator<Item = &'e str>, time: Option<Range>) {
        let environments: Vec<Pattern> = environments
            .into_iter()
            .take(MAX_ENVIRONMENTS)
            .map(Pattern::exactly)
            .collect();
        if !environments.is_empty() {
            self.and(What::Tag {
                keys: vec!["environment".to_owned()],
                values: environments,
            });
        }
        if let Some(range) = time {
            self.and(What::Within(Field::Timestamp, range));
        }
    }

    /// Adds a condition.
    pub(crate) fn and(&mut self, what: What) {
        self.terms.push(Term {
            at: 1,
            negated: false,
            what,
        });
    }
}

struct Reading<'a> {
    of: Of,
    me: Option<&'a str>,
    now: i64,
}

impl Reading<'_> {
    fn term(&self, raw: Raw) -> Result<Term, Wrong> {
        let at = raw.at;
        let wrong = |what: String| Wrong { at, what };
        let negated = raw.negated;
        let what = match raw.key.clone() {
            None => text(raw),
            Some(key) if raw.of_tag => What::Tag {
                keys: vec![key],
                values: raw.values,
            },
            Some(key) => self.filter(&key, raw.values).map_err(wrong)?,
        };
        Ok(Term { at, negated, what })
    }

    fn filter(&self, key: &str, values: Vec<Pattern>) -> Result<What, String> {
        if values.iter().any(Pattern::is_empty) && values.iter().all(|value| value.exact().is_some()) {
            return Err(format!(
                "{key}: has no value; for one that is not there, write !has:{key}"
            ));
        }
        let issues_only = |what: What| match self.of {
            Of::Issues => Ok(what),
            Of::Events => Err(format!("{key}: is known of issues, not of events")),
        };
        Ok(match key {
            "is" => issues_only(What::Is(each(&values, state)?))?,
            "assigned" | "assigned_to" => issues_only(What::Assigned(each(&values, |value| self.assignee(value))?))?,
            "has" => What::Has(each(&values, |value| Ok(keys(&exact(value)?)))?.concat()),
            "message" => What::Text(values),
            "title" => What::Title(values),
            "firstSeen" | "first_seen" | "age" => issues_only(self.times(Field::FirstSeen, &values)?)?,
            "lastSeen" | "last_seen" => issues_only(self.times(Field::LastSeen, &values)?)?,
            "timestamp" | "event.timestamp" | "date" => self.times(Field::Timestamp, &values)?,
            "times_seen" | "timesSeen" => issues_only(numbers(Field::Events, &values)?)?,
            "users" | "users_seen" | "userCount" => issues_only(numbers(Field::Users, &values)?)?,
            "id" | "event.id" | "event_id" => What::Event(each(&values, hex)?),
            "trace" | "trace_id" => What::Trace(each(&values, hex)?),
            "issue" | "issue.id" | "group.id" => What::Issue(each(&values, issue_name)?),
            "project" | "project.name" | "project.id" | "project_id" => What::Project(values),
            "user" => user(values)?,
            key => What::Tag {
                keys: keys(key),
                values,
            },
        })
    }

    fn assignee(&self, value: &Pattern) -> Result<Option<String>, String> {
        match exact(value)?.as_str() {
            "none" => Ok(None),
            "me" => {
                let me = self
                    .me
                    .ok_or("me is nobody here: a token that belongs to a person is needed")?;
                Ok(Some(me.to_owned()))
            }
            name => Ok(Some(name.to_owned())),
        }
    }

    fn times(&self, field: Field, values: &[Pattern]) -> Result<What, String> {
        let text = one(values)?;
        let range = Range::of_times(&text, self.now).ok_or_else(|| {
            format!(
                "{text:?} is no time: write -24h (since then), +7d (longer ago), 2026-01-31, >2026-01-31T12:00:00, <=…"
            )
        })?;
        Ok(What::Within(field, range))
    }
}

/// A word or words, or an id.
fn text(raw: Raw) -> What {
    if !raw.quoted
        && let [value] = &raw.values[..]
        && let Ok(id) = hex(value)
    {
        return What::EventOrTrace(id);
    }
    What::Text(raw.values)
}

/// The keys that a name stands for.
fn keys(key: &str) -> Vec<String> {
    let keys: &[&str] = match key {
        "user" => &["user.id", "user.email", "user.username"],
        "os" => &["os", "os.name"],
        "sdk.name" => &["sdk", "sdk.name"],
        key => &[key],
    };
    keys.iter().map(|key| (*key).to_owned()).collect()
}

/// `17`, `id:17`, `email:a@example.com`.
fn user(values: Vec<Pattern>) -> Result<What, String> {
    const FIELDS: [&str; 4] = ["id", "email", "username", "ip"];
    let field = |value: &Pattern| {
        let text = value.text();
        let field = FIELDS
            .into_iter()
            .find(|field| text.starts_with(&format!("{field}:")))?;
        Some(field)
    };
    let named: Vec<Option<&str>> = values.iter().map(field).collect();
    match named.first().copied().flatten() {
        Some(first) if named.iter().all(|name| *name == Some(first)) => {
            let start = format!("{first}:");
            let rest = |piece: &str| piece.strip_prefix(&start).unwrap_or(piece).to_owned();
            Ok(What::Tag {
                keys: vec![format!("user.{first}")],
                values: values.iter().map(|value| value.map(rest)).collect(),
            })
        }
        None if named.iter().all(Option::is_none) => Ok(What::Tag {
            keys: keys("user"),
            values,
        }),
        _ => Err("a list of users is of one kind: user.id:[…], user.email:[…]".to_owned()),
    }
}

fn state(value: &Pattern) -> Result<State, String> {
    let text = exact(value)?;
    let known = STATES.iter().find(|(name, _)| *name == text);
    known.map(|(_, state)| *state).ok_or_else(|| {
        let known: Vec<&str> = STATES.iter().map(|(name, _)| *name).collect();
        format!("is:{text} is not known; known are {}", known.join(", "))
    })
}

fn numbers(field: Field, values: &[Pattern]) -> Result<What, String> {
    let text = one(values)?;
    let range =
        Range::of_numbers(&text).ok_or_else(|| format!("{text:?} is no number: write 10, >10, >=10, <10, <=10"))?;
    Ok(What::Within(field, range))
}

fn issue_name(value: &Pattern) -> Result<IssueName, String> {
    let text = exact(value)?;
    if let Ok(id) = text.parse() {
        return Ok(IssueName::Id(id));
    }
    let short = text.rsplit_once('-').and_then(|(project, number)| {
        Some(IssueName::Short {
            project: project.to_lowercase(),
            number: number.parse().ok()?,
        })
    });
    short.ok_or_else(|| format!("{text:?} is no issue: write its number, or its name as in EDITOR-3"))
}

fn hex(value: &Pattern) -> Result<String, String> {
    let text = exact(value)?;
    let id = Uuid::try_parse(&text).ok().filter(|_| matches!(text.len(), 32 | 36));
    id.map(|id| id.simple().to_string())
        .ok_or_else(|| format!("{text:?} is no id: it has 32 hexadecimal digits"))
}

fn exact(value: &Pattern) -> Result<String, String> {
    let text = value.exact().map(str::to_owned);
    text.ok_or_else(|| format!("{:?}: a * is not possible here", value.text()))
}

fn one(values: &[Pattern]) -> Result<String, String> {
    match values {
        [value] => exact(value),
        _ => Err("a list is not possible here".to_owned()),
    }
}

fn each<T>(values: &[Pattern], read: impl Fn(&Pattern) -> Result<T, String>) -> Result<Vec<T>, String> {
    values.iter().map(read).collect()
}
