//! What is done to the issues that were chosen in the list: the same as by the API, and by the same functions.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde_json::{Value, json};

use super::{Said, done, show};
use crate::access::Scope;
use crate::api::short_id;
use crate::database::Database;
use crate::error::chain;
use crate::issues::bulk::{self, MAX_IDS, NotDone};
use crate::issues::change::Change;
use crate::pages::frame::Frame;
use crate::pages::posted::{Fields, Posted};
use crate::pages::words::count;
use crate::pages::{Failure, render};
use crate::queries::lists;
use crate::search::walk::Place;
use crate::{App, now_ms};

/// Of what there may be so many until an issue is not ignored any more: as it is sent, and in words.
pub(super) const UNITS: [(&str, &str); 5] = [
    ("events", "more events"),
    ("users", "more users"),
    ("minutes", "minutes"),
    ("hours", "hours"),
    ("days", "days"),
];

/// So long an answer waits until the events of merged or deleted issues have followed. They do so without it, too.
const PATIENCE: Duration = Duration::from_secs(2);

/// Issues that are named before they are deleted.
const MAX_NAMED: usize = 25;

/// What was asked, understood.
#[derive(Debug, PartialEq)]
enum Action {
    Change {
        change: Box<Change>,
        /// See [`done`].
        done: &'static str,
    },
    Delete,
}

/// Why it was not done.
enum Not {
    /// In words, above the list.
    Wrong(String),
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for Not {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

/// Takes the form around the list.
pub(super) async fn change(State(app): State<App>, Posted { mut frame, fields }: Posted) -> Result<Response, Failure> {
    "/".clone_into(&mut frame.path);
    let (chosen, wrong) = ids(&fields);
    let did = match wrong {
        Some(wrong) => Err(Not::Wrong(wrong)),
        None => act(&app, &frame, &fields, &chosen).await,
    };
    match did {
        Ok(Did::Done(done)) => Ok(Redirect::to(&back(&frame, &done)).into_response()),
        Ok(Did::Ask { titles, events }) => Ok(render(&Sure::of(frame, &chosen, titles, events))),
        Err(Not::Wrong(wrong)) => {
            let said = Said {
                wrong: Some(wrong),
                chosen,
                amount: fields.get("amount").to_owned(),
                unit: fields.get("unit").to_owned(),
                ..Said::default()
            };
            show(&app, frame, said).await
        }
        Err(Not::Failed(failure)) => Err(failure),
    }
}

enum Did {
    Done(String),
    /// It is asked first whether these are to go.
    Ask {
        titles: Vec<(String, String)>,
        events: i64,
    },
}

async fn act(app: &App, frame: &Frame, fields: &Fields, ids: &[i64]) -> Result<Did, Not> {
    if !frame.may(Scope::EventWrite) {
        let why =
            "You may look at these issues, but not change them. An owner of the organisation can make you a member.";
        return Err(Failure::Forbidden(why.to_owned()).into());
    }
    let action = Action::read(fields).map_err(Not::Wrong)?;
    if ids.is_empty() {
        return Err(Not::Wrong(
            "No issue was chosen. Tick those that you mean, then say what to do.".to_owned(),
        ));
    }
    let seen: Vec<i64> = frame.projects.iter().map(|project| project.id).collect();
    let found = bulk::select(&app.database, &seen, ids, None).await?;
    if found.len() < ids.len() {
        let words =
            "Some of these are not there any more: they were merged or deleted. Nothing was changed; choose again.";
        return Err(Not::Wrong(words.to_owned()));
    }
    let scope = match action {
        Action::Delete => Scope::EventAdmin,
        Action::Change { .. } => Scope::EventWrite,
    };
    for (_, project) in &found {
        let project = frame.project(*project).ok_or(Failure::NotFound)?;
        frame.who.may_in_project(project.organization_id, project.id, scope)?;
    }
    let done = match action {
        Action::Delete if !fields.has("sure") => return ask(app, ids).await,
        Action::Delete => {
            bulk::delete(&app.database, &found).await?;
            finish(&app.database).await;
            "deleted"
        }
        Action::Change { change, done } => {
            let merged = bulk::apply(&app.database, &found, &change, &frame.who.actor(), now_ms()).await;
            let merged = merged.map_err(|not| match not {
                NotDone::Wrong(_) => {
                    Not::Wrong("Only two or more issues of one project can be merged. Nothing was changed.".to_owned())
                }
                NotDone::Failed(error) => Not::from(error),
            })?;
            if merged.is_some() {
                finish(&app.database).await;
            }
            done
        }
    };
    Ok(Did::Done(done::value(done, found.len())))
}

async fn ask(app: &App, ids: &[i64]) -> Result<Did, Not> {
    let places: Vec<Place> = ids.iter().map(|id| Place { value: 0, id: *id }).collect();
    let issues = lists::issues(&app.database, &places).await?;
    let events = issues.iter().map(|issue| issue.event_count).sum();
    let titles = issues
        .iter()
        .take(MAX_NAMED)
        .map(|issue| (short_id(issue), issue.title.clone()));
    Ok(Did::Ask {
        titles: titles.collect(),
        events,
    })
}

/// Lets the events follow; of many the rest does so in the background.
async fn finish(database: &Database) {
    let database = database.clone();
    let finish = tokio::spawn(async move {
        if let Err(error) = bulk::finish(&database).await {
            tracing::warn!(error = chain(&error), "events of changed issues follow later");
        }
    });
    // Whether it was in time makes no difference to the answer.
    drop(tokio::time::timeout(PATIENCE, finish).await);
}

/// The list where it was, with what was done.
fn back(frame: &Frame, done: &str) -> String {
    let url = frame.with("done", Some(done));
    match frame.asked("cursor") {
        Some(cursor) => {
            let cursor: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
            format!("{url}&cursor={cursor}")
        }
        None => url,
    }
}

/// The ids that were chosen, and what is wrong about them.
fn ids(fields: &Fields) -> (Vec<i64>, Option<String>) {
    let mut ids: Vec<i64> = fields.all("id").filter_map(|id| id.parse().ok()).collect();
    let wrong = if ids.len() < fields.all("id").count() {
        Some("What was sent names no issue. Choose again.".to_owned())
    } else if ids.len() > MAX_IDS {
        Some(format!(
            "At most {} can be changed at once.",
            count(i64::try_from(MAX_IDS).unwrap_or(i64::MAX), "issue")
        ))
    } else {
        None
    };
    ids.sort_unstable();
    ids.dedup();
    (ids, wrong)
}

impl Action {
    /// Understands what button was pressed. The changes are put as the API takes them.
    fn read(fields: &Fields) -> Result<Self, String> {
        let what = fields.get("what");
        let (kind, detail) = what.split_once(':').unwrap_or((what, ""));
        let status = |status: &str, details: Value| json!({ "status": status, "statusDetails": details });
        let (body, done) = match kind {
            "resolve" => (status("resolved", json!({})), "resolved"),
            "resolve-next" => (status("resolved", json!({ "inNextRelease": true })), "resolved-next"),
            "resolve-latest" => (status("resolved", json!({ "inRelease": "latest" })), "resolved-latest"),
            "open" => (status("unresolved", json!({})), "opened"),
            "ignore" if detail.is_empty() => (status("ignored", json!({})), "ignored"),
            "ignore" if detail == "typed" => (
                status("ignored", until(fields.get("amount"), fields.get("unit"))?),
                "ignored",
            ),
            "ignore" => {
                let (amount, unit) = detail.split_once(' ').unwrap_or((detail, ""));
                (status("ignored", until(amount, unit)?), "ignored")
            }
            "assign" => (json!({ "assignedTo": detail }), "assigned"),
            "merge" => (json!({ "merge": true }), "merged"),
            "delete" => return Ok(Self::Delete),
            // The key Enter in the field of the amount.
            "" if !fields.get("amount").trim().is_empty() => (
                status("ignored", until(fields.get("amount"), fields.get("unit"))?),
                "ignored",
            ),
            _ => return Err("Say what is to be done with these issues: use one of the buttons.".to_owned()),
        };
        let change = Change::parse(&body).map_err(|wrong| wrong + ".")?;
        Ok(Self::Change {
            change: Box::new(change),
            done,
        })
    }
}

/// Until when something is ignored.
fn until(amount: &str, unit: &str) -> Result<Value, String> {
    let wrong = || {
        format!(
            "“{}” is no number of events, users, minutes, hours or days. Write one from 1 on.",
            amount.trim()
        )
    };
    let amount: i64 = amount.trim().parse().map_err(|_| wrong())?;
    if amount < 1 {
        return Err(wrong());
    }
    Ok(match unit {
        "events" => json!({ "ignoreCount": amount }),
        "users" => json!({ "ignoreUserCount": amount }),
        "minutes" => json!({ "ignoreDuration": amount }),
        "hours" => json!({ "ignoreDuration": amount.saturating_mul(60) }),
        "days" => json!({ "ignoreDuration": amount.saturating_mul(1440) }),
        _ => return Err("Say of what there may be so many until these issues are shown again.".to_owned()),
    })
}

/// Asks once more.
#[derive(Template)]
#[template(path = "issues/delete.html")]
struct Sure {
    frame: Frame,
    ids: Vec<i64>,
    titles: Vec<(String, String)>,
    /// Besides those that are named.
    others: usize,
    issues: String,
    events: String,
    /// Where the form goes, and where the list is.
    url: String,
    list: String,
}

impl Sure {
    fn of(frame: Frame, ids: &[i64], titles: Vec<(String, String)>, events: i64) -> Self {
        let with_path = |path: &str| {
            let pairs = frame
                .query
                .iter()
                .filter(|(key, value)| key != "done" && !value.is_empty());
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish();
            format!("{path}?{query}")
        };
        Self {
            others: ids.len().saturating_sub(titles.len()),
            ids: ids.to_vec(),
            titles,
            issues: count(i64::try_from(ids.len()).unwrap_or(i64::MAX), "issue"),
            events: count(events, "event"),
            url: with_path("/issues/change"),
            list: with_path("/"),
            frame,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issues::change::Wanted;
    use crate::issues::state::Detail;

    fn read(pairs: &[(&str, &str)]) -> Result<Action, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Action::read(&Fields(pairs.iter().map(owned).collect()))
    }

    fn wanted(pairs: &[(&str, &str)]) -> Option<Wanted> {
        match read(pairs) {
            Ok(Action::Change { change, .. }) => change.status,
            other => panic!("{other:?}"),
        }
    }

    fn ignored(conditions: Detail, minutes: Option<i64>) -> Option<Wanted> {
        Some(Wanted::Ignored { conditions, minutes })
    }

    #[test]
    fn buttons_say_what_is_done() {
        assert_eq!(wanted(&[("what", "resolve")]), Some(Wanted::Resolved));
        assert_eq!(wanted(&[("what", "resolve-next")]), Some(Wanted::InNextRelease));
        assert_eq!(wanted(&[("what", "resolve-latest")]), Some(Wanted::InLatestRelease));
        assert_eq!(wanted(&[("what", "open")]), Some(Wanted::Unresolved));
        assert_eq!(wanted(&[("what", "ignore")]), ignored(Detail::default(), None));
        assert_eq!(
            wanted(&[("what", "ignore:1 days")]),
            ignored(Detail::default(), Some(1440))
        );
        let users = Detail {
            user_count: Some(10),
            ..Detail::default()
        };
        assert_eq!(wanted(&[("what", "ignore:10 users")]), ignored(users, None));
        let typed = [("what", "ignore:typed"), ("amount", " 7 "), ("unit", "events")];
        let events = Detail {
            count: Some(7),
            ..Detail::default()
        };
        assert_eq!(wanted(&typed), ignored(events.clone(), None));
        let entered = [("what", ""), ("amount", "7"), ("unit", "events")];
        assert_eq!(wanted(&entered), ignored(events, None));
        assert_eq!(read(&[("what", "delete")]), Ok(Action::Delete));
    }

    #[test]
    fn what_is_not_understood_does_nothing() {
        let wrong: [&[(&str, &str)]; 8] = [
            &[],
            &[("what", "")],
            &[("what", "explode")],
            &[("what", "ignore:typed"), ("amount", "0"), ("unit", "events")],
            &[("what", "ignore:typed"), ("amount", "x"), ("unit", "events")],
            &[("what", "ignore:typed"), ("amount", "1"), ("unit", "years")],
            &[("what", "ignore:99999999999 days")],
            &[("what", "assign:\u{7}")],
        ];
        for pairs in wrong {
            assert!(read(pairs).is_err(), "{pairs:?}");
        }
    }
}
