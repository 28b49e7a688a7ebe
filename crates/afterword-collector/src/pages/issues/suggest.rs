//! How a term that is being typed into the search may go on: keys, then values of a key. Each list is short, and looked up by
//! its beginning in an index.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::people;
use crate::pages::Failure;
use crate::pages::frame::Frame;
use crate::queries::tags;
use crate::{App, Error};

/// So many are offered.
const MOST: usize = 10;

/// The tags of so many projects are looked at.
const MAX_PROJECTS: usize = 10;

/// Longer terms go on with nothing.
const MAX_CHARS: usize = 200;

/// What is known of every project, and what it finds.
const KEYS: [(&str, &str); 18] = [
    ("is", "state: unresolved, new, regressed, resolved, ignored"),
    ("assigned", "whose it is: me, none, an address"),
    ("release", "version of the application; latest for the newest"),
    ("environment", "production, staging, …"),
    ("level", "fatal, error, warning, info"),
    ("user", "who was affected: id, address or name"),
    ("title", "the title as a whole, with * for anything"),
    ("message", "words of title and message"),
    ("firstSeen", "-24h: since then; +7d: longer ago; a date"),
    ("lastSeen", "-24h: since then; +7d: longer ago; a date"),
    ("times_seen", "how many events: >100"),
    ("users", "how many users: >=5"),
    ("has", "has this tag at all"),
    ("issue", "its name, as in EDITOR-3"),
    ("id", "an event by its id"),
    ("trace", "a trace by its id"),
    ("project", "the name of the project"),
    ("platform", "native, python, …"),
];

const STATES: [&str; 8] = [
    "unresolved",
    "new",
    "ongoing",
    "regressed",
    "escalating",
    "resolved",
    "ignored",
    "unassigned",
];
const TIMES: [&str; 5] = ["-1h", "-24h", "-7d", "-30d", "+30d"];

/// `{"suggestions": [{"text": "release:", "about": "…"}]}`; each text takes the place of `?text=`.
pub(super) async fn suggest(frame: Frame, State(app): State<App>) -> Result<Json<Value>, Failure> {
    let text = frame.asked("text").unwrap_or_default();
    let found = if text.chars().count() > MAX_CHARS {
        Vec::new()
    } else {
        of_term(&app, &frame, text).await?
    };
    let found = found.into_iter().take(MOST);
    let shown: Vec<Value> = found
        .map(|(text, about)| json!({ "text": text, "about": about }))
        .collect();
    Ok(Json(json!({ "suggestions": shown })))
}

async fn of_term(app: &App, frame: &Frame, term: &str) -> Result<Vec<(String, &'static str)>, Error> {
    let (not, term) = match term.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", term),
    };
    let Some((key, value)) = term.split_once(':') else {
        let found = keys(app, frame, term).await?;
        return Ok(found
            .into_iter()
            .map(|(key, about)| (format!("{not}{key}:"), about))
            .collect());
    };
    let found = values(app, frame, key, &unquoted(value)).await?;
    Ok(found
        .into_iter()
        .map(|value| (format!("{not}{key}:{}", quoted(&value)), ""))
        .collect())
}

async fn keys(app: &App, frame: &Frame, beginning: &str) -> Result<Vec<(String, &'static str)>, Error> {
    let lower = beginning.to_lowercase();
    let known = KEYS.iter().filter(|(key, _)| key.to_lowercase().starts_with(&lower));
    let mut found: Vec<(String, &'static str)> = known.map(|(key, about)| ((*key).to_owned(), *about)).collect();
    if beginning.is_empty() {
        return Ok(found);
    }
    for project in frame.project_ids().into_iter().take(MAX_PROJECTS) {
        for key in tags::keys_beginning(&app.database, project, beginning, MOST).await? {
            // What could be read as something else is left out.
            let is_plain = key.chars().all(|char| char.is_alphanumeric() || "_-.".contains(char));
            if is_plain && !found.iter().any(|(known, _)| *known == key) {
                found.push((key, "tag"));
            }
        }
    }
    Ok(found)
}

async fn values(app: &App, frame: &Frame, key: &str, beginning: &str) -> Result<Vec<String>, Error> {
    let fixed = |values: &[&str]| {
        let fitting = values.iter().filter(|value| value.starts_with(beginning));
        fitting.map(|value| (*value).to_owned()).collect::<Vec<_>>()
    };
    Ok(match key {
        "is" => fixed(&STATES),
        "firstSeen" | "lastSeen" | "timestamp" | "age" => fixed(&TIMES),
        "times_seen" => fixed(&[">10", ">100", ">1000"]),
        "users" => fixed(&[">1", ">10", ">100"]),
        "has" => {
            let keys = keys(app, frame, beginning).await?.into_iter();
            keys.filter(|(_, about)| *about == "tag").map(|(key, _)| key).collect()
        }
        "project" => {
            let slugs = frame.projects.iter().map(|project| project.slug.clone());
            slugs.filter(|slug| slug.starts_with(beginning)).take(MOST).collect()
        }
        "assigned" => {
            let mut names = fixed(if frame.who.user().is_some() {
                &["me", "none"]
            } else {
                &["none"]
            });
            let people = people::assignees(app, frame)
                .await?
                .into_iter()
                .map(|person| person.email);
            names.extend(people.filter(|email| email.starts_with(beginning)));
            names
        }
        "title" | "message" | "issue" | "id" | "trace" => Vec::new(),
        "user" => of_tags(app, frame, &["user.email", "user.id", "user.username"], beginning).await?,
        "os" => of_tags(app, frame, &["os.name", "os"], beginning).await?,
        "release" => {
            let mut versions = fixed(&["latest"]);
            versions.extend(of_tags(app, frame, &["release"], beginning).await?);
            versions
        }
        key => of_tags(app, frame, &[key], beginning).await?,
    })
}

async fn of_tags(app: &App, frame: &Frame, keys: &[&str], beginning: &str) -> Result<Vec<String>, Error> {
    let mut found: Vec<String> = Vec::new();
    for project in frame.project_ids().into_iter().take(MAX_PROJECTS) {
        for key in keys {
            let last_first = *key == "release";
            let values = tags::values_beginning(&app.database, project, key, beginning, last_first, MOST).await?;
            for value in values {
                if !found.contains(&value) {
                    found.push(value);
                }
            }
        }
    }
    Ok(found)
}

/// A value as it is, of one that is being typed.
fn unquoted(value: &str) -> String {
    let value = value.strip_prefix('"').unwrap_or(value);
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            ('\\', Some('*' | '"' | '\\')) => text.extend(chars.next()),
            ('"', None) => {}
            _ => text.push(char),
        }
    }
    text
}

/// A value as the search reads it.
fn quoted(value: &str) -> String {
    let is_plain = |char: char| !char.is_whitespace() && !matches!(char, '"' | '*' | '\\' | '[' | ']' | ',');
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for char in value.chars() {
        if matches!(char, '"' | '*' | '\\') {
            text.push('\\');
        }
        text.push(char);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Of, Pattern, Search, What};

    #[test]
    fn what_is_suggested_is_found() {
        for value in [
            "1.0",
            "a \"quoted\" *star*",
            "back\\slash",
            "[a, b]",
            "ü",
            "a:b",
            "",
            " ",
        ] {
            let query = format!("key:{}", quoted(value));
            assert_eq!(unquoted(&quoted(value)), value);
            let parsed = Search::parse(&query, Of::Issues, None, 0);
            if value.is_empty() {
                assert!(parsed.is_err());
                continue;
            }
            let what = What::Tag {
                keys: vec!["key".to_owned()],
                values: vec![Pattern::exactly(value)],
            };
            assert_eq!(parsed.unwrap().terms[0].what, what, "{query}");
        }
    }

    #[test]
    fn what_is_being_typed_is_read() {
        assert_eq!(unquoted("\"my a"), "my a");
        assert_eq!(unquoted("a\\"), "a\\");
    }
}
