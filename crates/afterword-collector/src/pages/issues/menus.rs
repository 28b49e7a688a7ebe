//! The choices above the list: each a menu of links, which keep the rest of the question.

use super::asked::{Asked, Choice, MINE, PERIODS, SORTS, TABS, TRENDS};
use crate::pages::frame::Frame;
use crate::queries::tags;
use crate::{App, Error};

/// So many environments are offered, of so many projects.
const MAX_ENVIRONMENTS: usize = 30;
const MAX_PROJECTS: usize = 20;

/// Something to choose.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) current: bool,
}

/// Several, and what they are about.
pub(super) struct Menu {
    pub(super) about: &'static str,
    /// What is chosen.
    pub(super) now: String,
    pub(super) entries: Vec<Entry>,
}

/// The tabs.
pub(super) fn tabs(frame: &Frame, asked: &Asked) -> Vec<Entry> {
    let is_person = frame.who.user().is_some();
    let own = |key: &str| is_person || key != MINE;
    let tabs = TABS.iter().filter(|(key, ..)| own(key));
    let entry = |(key, name, _): &Choice<&str>| {
        let mut url = frame.with("tab", value(key, &TABS));
        if asked.says_state {
            // With that search no tab would count.
            let rest = url.split_once('?').map_or("", |(_, rest)| rest);
            let pairs = url::form_urlencoded::parse(rest.as_bytes()).filter(|(key, _)| key != "query");
            let rest = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish();
            url = if rest.is_empty() {
                "/".to_owned()
            } else {
                format!("/?{rest}")
            };
        }
        Entry {
            name: (*name).to_owned(),
            url,
            current: !asked.says_state && *key == asked.tab.0,
        }
    };
    tabs.map(entry).collect()
}

/// How it is sorted, of which time and environment, and what the trend is of.
pub(super) fn menus(frame: &Frame, asked: &Asked, environments: &[String]) -> Vec<Menu> {
    let mut menus = vec![
        menu(frame, "Sorted by", "sort", asked.sort.0, &SORTS),
        menu(frame, "Seen in", "period", asked.period.0, &PERIODS),
    ];
    if !environments.is_empty() {
        let chosen = asked.environment.as_deref();
        let all = Entry {
            name: "All environments".to_owned(),
            url: frame.with("environment", None),
            current: chosen.is_none(),
        };
        let each = environments.iter().map(|name| Entry {
            name: name.clone(),
            url: frame.with("environment", Some(name)),
            current: chosen == Some(name),
        });
        menus.push(Menu {
            about: "Environment",
            now: chosen.unwrap_or("All environments").to_owned(),
            entries: std::iter::once(all).chain(each).collect(),
        });
    }
    menus.push(menu(frame, "Trend of", "trend", asked.trend.0, &TRENDS));
    menus
}

fn menu<T: Copy>(frame: &Frame, about: &'static str, field: &str, chosen: &str, choices: &[Choice<T>]) -> Menu {
    let entry = |(key, name, _): &Choice<T>| Entry {
        name: (*name).to_owned(),
        url: frame.with(field, value(key, choices)),
        current: *key == chosen,
    };
    let entries: Vec<Entry> = choices.iter().map(entry).collect();
    let now = entries.iter().find(|entry| entry.current);
    Menu {
        about,
        now: now.map(|entry| entry.name.clone()).unwrap_or_default(),
        entries,
    }
}

/// What is there unless asked is not asked for.
fn value<'k, T: Copy>(key: &&'k str, choices: &[Choice<T>]) -> Option<&'k str> {
    let (first, ..) = choices.first()?;
    (key != first).then_some(*key)
}

/// The environments that can be chosen, and the one that is.
pub(super) async fn environments(app: &App, frame: &Frame, asked: &Asked) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = asked.environment.iter().cloned().collect();
    for project in frame.project_ids().into_iter().take(MAX_PROJECTS) {
        let found = tags::values_beginning(&app.database, project, "environment", "", false, MAX_ENVIRONMENTS).await?;
        names.extend(found);
    }
    names.sort();
    names.dedup();
    names.truncate(MAX_ENVIRONMENTS);
    Ok(names)
}
