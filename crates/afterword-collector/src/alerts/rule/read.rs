//! Reading a rule out of JSON, strictly: what is wrong is said with its place and with what would be right.

use serde_json::{Map, Value};
use url::Url;

use super::super::Action;
use super::mask::{is_mask, restore};
use super::{
    Bound, Condition, Glob, How, Key, MAX_ACTIONS, MAX_ADDRESSES, MAX_CONDITIONS, MAX_COUNT, MAX_SUMMARY_S, MAX_USERS,
    MAX_VALUE_CHARS, MAX_WINDOW_S, MIN_WINDOW_S, Of, Per, Rule, When,
};

const MAX_KEY_CHARS: usize = 64;
const MAX_URL_CHARS: usize = 2000;
const SECRET_CHARS: std::ops::RangeInclusive<usize> = 16..=200;
const HOUR_S: i64 = 3600;

/// What is wrong about a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {wrong}: {right}")]
pub(crate) struct Wrong {
    /// Where: `then[1].url`.
    pub(crate) field: String,
    pub(crate) wrong: String,
    /// What to write instead.
    pub(crate) right: String,
}

pub(super) fn wrong(field: impl Into<String>, wrong: impl Into<String>, right: impl Into<String>) -> Wrong {
    Wrong {
        field: field.into(),
        wrong: wrong.into(),
        right: right.into(),
    }
}

/// The members of an object, each to be asked for by its name.
struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// `known`: all that it may have.
    fn of(value: &'a Value, path: &str, known: &[&str]) -> Result<Self, Wrong> {
        let Some(map) = value.as_object() else {
            return Err(wrong(
                path,
                found(value),
                format!("use an object with {}", known.join(", ")),
            ));
        };
        let fields = Self {
            path: path.to_owned(),
            map,
        };
        if let Some(name) = map.keys().find(|name| !known.contains(&name.as_str())) {
            let name: String = name.chars().take(64).collect();
            return Err(wrong(
                fields.at(&name),
                "it is not known here",
                format!("use {}", known.join(", ")),
            ));
        }
        Ok(fields)
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// What is there, if it is not `null`.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn number(&self, name: &str, least: i64, most: i64) -> Result<i64, Wrong> {
        let right = || format!("use a whole number from {least} to {most}");
        let Some(value) = self.get(name) else {
            return Err(wrong(self.at(name), "it is missing", right()));
        };
        let number = value.as_i64().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| wrong(self.at(name), found(value), right()))
    }

    fn number_or(&self, name: &str, least: i64, most: i64, usual: i64) -> Result<i64, Wrong> {
        if self.get(name).is_some() {
            self.number(name, least, most)
        } else {
            Ok(usual)
        }
    }

    fn text(&self, name: &str, chars: std::ops::RangeInclusive<usize>) -> Result<&'a str, Wrong> {
        let right = || format!("use a text of {} to {} characters", chars.start(), chars.end());
        let Some(value) = self.get(name) else {
            return Err(wrong(self.at(name), "it is missing", right()));
        };
        text(value, self.at(name), &chars)
    }

    /// One of a few names.
    fn one_of<T: Clone>(&self, name: &str, known: &[(&str, T)]) -> Result<T, Wrong> {
        let right = || {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            format!("use {}", or(&names))
        };
        let Some(value) = self.get(name) else {
            return Err(wrong(self.at(name), "it is missing", right()));
        };
        let named = value
            .as_str()
            .and_then(|text| known.iter().find(|(name, _)| *name == text));
        named
            .map(|(_, what)| what.clone())
            .ok_or_else(|| wrong(self.at(name), found(value), right()))
    }

    fn list(&self, name: &str, most: usize) -> Result<&'a [Value], Wrong> {
        let right = || format!("use a list of at most {most}");
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) if list.len() <= most => Ok(list),
            Some(Value::Array(list)) => Err(wrong(self.at(name), format!("it has {}", list.len()), right())),
            Some(value) => Err(wrong(self.at(name), found(value), right())),
        }
    }

    fn window(&self, least: i64) -> Result<i64, Wrong> {
        self.number("windowSeconds", least, MAX_WINDOW_S)
    }
}

/// What is there, in a few characters.
fn found(value: &Value) -> String {
    let text: String = value.to_string().chars().take(60).collect();
    format!("it is {text}")
}

fn or(names: &[&str]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        names => names.join(""),
    }
}

fn text<'v>(value: &'v Value, at: String, chars: &std::ops::RangeInclusive<usize>) -> Result<&'v str, Wrong> {
    let good = value
        .as_str()
        .filter(|text| chars.contains(&text.chars().count()) && !text.chars().any(char::is_control));
    good.ok_or_else(|| {
        let right = format!("use a text of {} to {} characters", chars.start(), chars.end());
        wrong(at, found(value), right)
    })
}

/// Reads a rule whose secrets are all there.
pub(super) fn rule(value: &Value) -> Result<Rule, Wrong> {
    changed(value, &[])
}

impl Rule {
    /// Reads a rule in which masks may stand for secrets of the actions before.
    ///
    /// # Errors
    /// What is wrong, where, and what would be right.
    pub(crate) fn read_changed(value: &Value, before: &[Action]) -> Result<Self, Wrong> {
        changed(value, before)
    }
}

fn changed(value: &Value, before: &[Action]) -> Result<Rule, Wrong> {
    let fields = Fields::of(value, "", &["when", "if", "then", "howOften"])?;
    let kinds = "use an object with kind: new-issue, regression, events, users, crash-free, duration, poison or queue";
    let when = fields
        .get("when")
        .ok_or_else(|| wrong("when", "it is missing", kinds))?;
    let when = read_when(when)?;
    let mut conditions = Vec::new();
    for (index, value) in fields.list("if", MAX_CONDITIONS)?.iter().enumerate() {
        conditions.push(read_condition(value, &format!("if[{index}]"), &when)?);
    }
    let mut actions = Vec::new();
    for (index, value) in fields.list("then", MAX_ACTIONS)?.iter().enumerate() {
        actions.push(read_action(value, &format!("then[{index}]"), before)?);
    }
    if actions.is_empty() {
        let right = "use a list of at least one action of kind slack, email or webhook";
        return Err(wrong("then", "it tells nobody", right));
    }
    let (cooldown_s, summary_s) = match fields.get("howOften") {
        None => (0, 0),
        Some(value) => {
            let fields = Fields::of(value, "howOften", &["cooldownSeconds", "summarySeconds"])?;
            let summary_s = match fields.number_or("summarySeconds", 0, MAX_SUMMARY_S, 0)? {
                short if (1..MIN_WINDOW_S).contains(&short) => {
                    let right = format!("use 0 for none, or {MIN_WINDOW_S} to {MAX_SUMMARY_S}");
                    return Err(wrong("howOften.summarySeconds", format!("it is {short}"), right));
                }
                summary_s => summary_s,
            };
            (fields.number_or("cooldownSeconds", 0, MAX_WINDOW_S, 0)?, summary_s)
        }
    };
    Ok(Rule {
        when,
        conditions,
        actions,
        cooldown_s,
        summary_s,
    })
}

fn read_when(value: &Value) -> Result<When, Wrong> {
    const KNOWN: [&str; 10] = [
        "kind",
        "moreThan",
        "windowSeconds",
        "per",
        "of",
        "belowPercent",
        "atLeast",
        "transaction",
        "p95AboveMs",
        "olderThanSeconds",
    ];
    let kinds = [
        ("new-issue", &[][..]),
        ("regression", &[]),
        ("events", &["moreThan", "windowSeconds", "per"]),
        ("users", &["moreThan", "windowSeconds", "per"]),
        ("crash-free", &["of", "belowPercent", "atLeast", "windowSeconds"]),
        ("duration", &["transaction", "p95AboveMs", "atLeast", "windowSeconds"]),
        ("poison", &[]),
        ("queue", &["olderThanSeconds", "moreThan"]),
    ];
    let named: Vec<(&str, (&str, &[&str]))> = kinds.iter().map(|(kind, known)| (*kind, (*kind, *known))).collect();
    let (kind, known) = Fields::of(value, "when", &KNOWN)?.one_of("kind", &named)?;
    let known: Vec<&str> = std::iter::once("kind").chain(known.iter().copied()).collect();
    let fields = Fields::of(value, "when", &known)?;
    Ok(match kind {
        "new-issue" => When::NewIssue,
        "regression" => When::Regression,
        "events" => When::Events(bound(&fields, MAX_COUNT)?),
        "users" => When::Users(bound(&fields, MAX_USERS)?),
        "crash-free" => When::CrashFree {
            of: fields.one_of("of", &[("sessions", Of::Sessions), ("users", Of::Users)])?,
            below_milli: milli(&fields, "belowPercent")?,
            at_least: fields.number_or("atLeast", 1, 1_000_000_000, 1)?,
            window_s: fields.window(MIN_WINDOW_S)?,
        },
        "duration" => duration(&fields)?,
        "poison" => When::Poison,
        _ => queue(&fields)?,
    })
}

fn bound(fields: &Fields<'_>, most: i64) -> Result<Bound, Wrong> {
    Ok(Bound {
        more_than: fields.number("moreThan", 0, most)?,
        window_s: fields.window(MIN_WINDOW_S)?,
        per: fields.one_of("per", &[("issue", Per::Issue), ("all", Per::All)])?,
    })
}

fn duration(fields: &Fields<'_>) -> Result<When, Wrong> {
    let transaction = match fields.get("transaction") {
        Some(_) => Some(Glob::new(fields.text("transaction", 1..=MAX_VALUE_CHARS)?)),
        None => None,
    };
    let window_s = fields.window(HOUR_S)?;
    if window_s % HOUR_S != 0 {
        let right = "use whole hours, as 3600, 7200 or 86400";
        return Err(wrong("when.windowSeconds", format!("it is {window_s}"), right));
    }
    Ok(When::Duration {
        transaction,
        p95_above_ms: fields.number("p95AboveMs", 1, 86_400_000)?,
        at_least: fields.number_or("atLeast", 1, 1_000_000_000, 1)?,
        window_s,
    })
}

fn queue(fields: &Fields<'_>) -> Result<When, Wrong> {
    let optional = |name: &str, least: i64, most: i64| match fields.get(name) {
        Some(_) => fields.number(name, least, most).map(Some),
        None => Ok(None),
    };
    let older_than_s = optional("olderThanSeconds", 1, MAX_WINDOW_S)?;
    let more_than = optional("moreThan", 0, 1_000_000)?;
    if older_than_s.is_none() && more_than.is_none() {
        let right = "use olderThanSeconds, moreThan or both";
        return Err(wrong("when", "it says nothing of the queue", right));
    }
    Ok(When::Queue {
        older_than_s,
        more_than,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "between 0 and 100,000")]
fn milli(fields: &Fields<'_>, name: &str) -> Result<i64, Wrong> {
    let right = "use a number above 0 and up to 100, as 99.5";
    let value = fields
        .get(name)
        .ok_or_else(|| wrong(fields.at(name), "it is missing", right))?;
    let percent = value.as_f64().filter(|percent| *percent > 0.0 && *percent <= 100.0);
    let percent = percent.ok_or_else(|| wrong(fields.at(name), found(value), right))?;
    Ok(((percent * 1000.0).round() as i64).max(1))
}

fn read_condition(value: &Value, path: &str, when: &When) -> Result<Condition, Wrong> {
    let fields = Fields::of(value, path, &["of", "key", "how", "value"])?;
    let mut known: Vec<(&str, Option<Key>)> = Key::NAMES
        .into_iter()
        .map(|(name, key)| (name, Some(key)))
        .chain([("tag", Some(Key::Tag(String::new()))), ("latest-release", None)])
        .collect();
    match when {
        When::Poison | When::Queue { .. } => {
            let right = "leave the conditions out: an envelope that waits or is set aside was not read";
            return Err(wrong(path, "this kind of rule has no conditions", right));
        }
        When::CrashFree { .. } | When::Duration { .. } => {
            known.retain(|(name, _)| ["release", "environment", "latest-release"].contains(name));
        }
        _ => {}
    }
    let key = match fields.one_of("of", &known)? {
        None => {
            Fields::of(value, path, &["of"])?;
            return Ok(Condition::LatestRelease);
        }
        Some(Key::Tag(_)) => Key::Tag(fields.text("key", 1..=MAX_KEY_CHARS)?.trim().to_owned()),
        Some(key) => {
            Fields::of(value, path, &["of", "how", "value"])?;
            key
        }
    };
    Ok(Condition::Says {
        key,
        how: fields.one_of("how", &How::NAMES)?,
        value: fields.text("value", 1..=MAX_VALUE_CHARS)?.trim().to_owned(),
    })
}

fn read_action(value: &Value, path: &str, before: &[Action]) -> Result<Action, Wrong> {
    let fields = Fields::of(value, path, &["kind", "url", "to", "secret"])?;
    let kind = fields.one_of("kind", &[("slack", 0), ("email", 1), ("webhook", 2)])?;
    let known: &[&str] = match kind {
        0 => &["kind", "url"],
        1 => &["kind", "to"],
        _ => &["kind", "url", "secret"],
    };
    let fields = Fields::of(value, path, known)?;
    let action = match kind {
        0 => Action::Slack {
            url: web_address(&fields)?,
        },
        1 => Action::Email {
            to: addresses(&fields)?,
        },
        _ => Action::Webhook {
            url: web_address(&fields)?,
            secret: match fields.get("secret") {
                Some(Value::String(mask)) if is_mask(mask) => mask.clone(),
                _ => fields.text("secret", SECRET_CHARS)?.to_owned(),
            },
        },
    };
    restore(path, action, before)
}

/// Whether it may be sent to is seen when it is sent to: a name may lead elsewhere by then.
fn web_address(fields: &Fields<'_>) -> Result<String, Wrong> {
    let text = fields.text("url", 1..=MAX_URL_CHARS)?.trim();
    let right = "use an address such as https://hooks.example.com/services/…, without a user or password";
    let url =
        Url::parse(text).map_err(|error| wrong(fields.at("url"), format!("it is no address ({error})"), right))?;
    let good = ["http", "https"].contains(&url.scheme())
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    if !good {
        let text: String = text.chars().take(60).collect();
        return Err(wrong(fields.at("url"), format!("it is {text:?}"), right));
    }
    Ok(text.to_owned())
}

fn addresses(fields: &Fields<'_>) -> Result<Vec<String>, Wrong> {
    if let Some(Value::Array(list)) = fields.get("to")
        && list.len() > MAX_ADDRESSES
    {
        let right =
            format!("use at most {MAX_ADDRESSES}, an address that writes to several, or another rule for the others");
        return Err(wrong(
            fields.at("to"),
            format!("it has {} addresses", list.len()),
            right,
        ));
    }
    let list = fields.list("to", MAX_ADDRESSES)?;
    let mut to: Vec<String> = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let at = format!("{}[{index}]", fields.at("to"));
        let text = text(value, at.clone(), &(3..=254))?;
        let email = crate::accounts::email(text).map_err(|_| {
            let right = "use an address such as anna@example.com";
            wrong(at, found(value), right)
        })?;
        if !to.contains(&email) {
            to.push(email);
        }
    }
    if to.is_empty() {
        let right = "use a list of e-mail addresses";
        return Err(wrong(fields.at("to"), "nobody is in it", right));
    }
    Ok(to)
}
