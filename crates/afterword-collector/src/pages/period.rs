//! Over which time, and in which environment, a page tells figures.

use super::Failure;
use super::frame::Frame;
use crate::performance::{DAY_MS, HOUR_MS};
use crate::queries::environments;
use crate::queries::health::Filter;
use crate::{App, Error};

/// What can be chosen: how the address says it, in words, so many intervals, of which length.
const PERIODS: [(&str, &str, i64, i64); 4] = [
    ("24h", "24 hours", 24, HOUR_MS),
    ("14d", "14 days", 14, DAY_MS),
    ("30d", "30 days", 30, DAY_MS),
    ("90d", "90 days", 90, DAY_MS),
];
const DEFAULT: &str = "14d";
/// Environments of sessions and transactions are those of this time, whatever the period: looking through more takes long.
const LATELY_MS: i64 = 2 * DAY_MS;
/// The longest name of an environment that is looked for.
const MAX_NAME_CHARS: usize = 200;

/// A time of whole hours or days up to now: so sums are read, and nothing is counted one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) key: &'static str,
    pub(super) words: &'static str,
    /// Milliseconds since 1970, both included.
    pub(super) start: i64,
    pub(super) end: i64,
    /// The length of an interval.
    pub(super) step_ms: i64,
}

/// Something to choose: a link.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) current: bool,
}

/// What the head of a page offers to narrow it.
#[derive(Debug)]
pub(super) struct Narrow {
    pub(super) periods: Vec<Choice>,
    /// Empty if there is nothing to choose from.
    pub(super) environments: Vec<Choice>,
    pub(super) environment: String,
}

impl Period {
    /// What `?period=` says.
    pub(super) fn asked(frame: &Frame, now: i64) -> Result<Self, Failure> {
        let key = frame.asked("period").unwrap_or(DEFAULT);
        let found = PERIODS.into_iter().find(|(name, ..)| *name == key);
        let (key, words, slots, step_ms) = found
            .ok_or_else(|| Failure::Wrong("There is no such period: it is one of 24h, 14d, 30d and 90d.".to_owned()))?;
        let behind = now - now.rem_euclid(step_ms) + step_ms;
        Ok(Self {
            key,
            words,
            start: behind - slots * step_ms,
            end: behind - 1,
            step_ms,
        })
    }

    /// What is counted: of these projects and environments, and releases if any are named.
    pub(super) fn filter(&self, projects: &[i64], environments: &[String], releases: &[String]) -> Filter {
        Filter {
            projects: projects.to_vec(),
            environments: environments.to_vec(),
            releases: releases.to_vec(),
            start: self.start,
            end: self.end,
        }
    }
}

/// The environment that `?environment=` says, if it does.
pub(super) fn environments(frame: &Frame) -> Vec<String> {
    let asked = frame.asked("environment");
    asked
        .map(|name| name.chars().take(MAX_NAME_CHARS).collect())
        .into_iter()
        .collect()
}

impl Narrow {
    /// What there is to choose from on this page, of these projects.
    pub(super) async fn of(app: &App, frame: &Frame, projects: &[i64], period: &Period) -> Result<Self, Error> {
        let periods = PERIODS.into_iter().map(|(key, words, ..)| Choice {
            name: words.to_owned(),
            url: frame.with("period", Some(key)),
            current: key == period.key,
        });
        let chosen = environments(frame).pop();
        let lately = (period.end - LATELY_MS).div_euclid(HOUR_MS);
        let mut known = environments::known(&app.database, projects, lately).await?;
        known.extend(chosen.clone().filter(|chosen| !known.contains(chosen)));
        let mut choices = Vec::new();
        if !known.is_empty() {
            choices.push(Choice {
                name: "All environments".to_owned(),
                url: frame.with("environment", None),
                current: chosen.is_none(),
            });
            choices.extend(known.into_iter().map(|name| Choice {
                url: frame.with("environment", Some(&name)),
                current: chosen.as_ref() == Some(&name),
                name,
            }));
        }
        Ok(Self {
            periods: periods.collect(),
            environments: choices,
            environment: chosen.unwrap_or_else(|| "All environments".to_owned()),
        })
    }
}
