//! Transactions by name.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::duration;
use crate::pages::chart::Unit;
use crate::pages::frame::Frame;
use crate::pages::period::{self, Narrow, Period};
use crate::pages::room::{Room, weight};
use crate::pages::words::grouped;
use crate::pages::{Failure, render};
use crate::performance::lines::{self, Line};
use crate::performance::reading;
use crate::{App, now_ms};

/// Names of a page, and the bytes that these may take.
const MOST: usize = 50;
const PAGE_BYTES: usize = 100_000;
/// The longest part of a name that is looked for.
const MAX_PART_CHARS: usize = 200;
/// Columns that can be sorted by: how the address says it, the heading, whether it is left out where there is little room.
const COLUMNS: [(&str, &str, bool); 6] = [
    ("-count", "Rate", true),
    ("-p50", "p50", true),
    ("-p75", "p75", true),
    ("-p95", "p95", false),
    ("-failure_rate", "Failed", true),
    ("-total", "Time spent", false),
];

#[derive(Template)]
#[template(path = "performance/list.html")]
struct Page {
    frame: Frame,
    narrow: Narrow,
    period: &'static str,
    part: String,
    kept: Vec<(String, String)>,
    columns: Vec<Column>,
    lines: Vec<Shown>,
    name_projects: bool,
    truncated: bool,
    previous: Option<String>,
    next: Option<String>,
    empty: bool,
    dsn: String,
}

struct Column {
    heading: &'static str,
    url: String,
    current: bool,
    wide: bool,
}

struct Shown {
    url: String,
    name: String,
    op: String,
    project: String,
    count: String,
    rate: String,
    percentiles: [String; 3],
    failed: String,
    any_failed: bool,
    share: String,
    /// The same, 0 to 100, for the bar.
    share_width: String,
    total: String,
}

/// `/performance/`
pub(super) async fn page(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    let now = now_ms();
    let period = Period::asked(&frame, now)?;
    let projects = frame.project_ids();
    let narrow = Narrow::of(&app, &frame, &projects, &period).await?;
    let filter = period.filter(&projects, &period::environments(&frame), &[]);
    let part = frame.asked("query").unwrap_or_default();
    let part: String = part.chars().take(MAX_PART_CHARS).collect();
    let sort = frame.asked("sort").unwrap_or("-total");
    let offset: usize = match frame.asked("cursor") {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| Failure::Wrong("There is no such place in the list.".to_owned()))?,
    };
    let (mut found, truncated) = reading::names(&app.database, &filter).await?;
    let any = !found.is_empty();
    let wanted = part.to_lowercase();
    found.retain(|named| named.name.to_lowercase().contains(&wanted));
    let (from, until) = reading::hours(&filter);
    let lines: Vec<Line> = found.into_iter().map(|named| Line::new(named, until - from)).collect();
    let all_ms: f64 = lines.iter().map(|line| line.total_ms).sum();
    let lines =
        lines::sorted(lines, sort).ok_or_else(|| Failure::Wrong("The list cannot be sorted by that.".to_owned()))?;
    let count = lines.len();
    let all_shown = lines
        .iter()
        .skip(offset)
        .take(MOST)
        .filter_map(|line| Shown::of(&frame, line, all_ms));
    let (shown, left_out) = Room::of(PAGE_BYTES).fit(all_shown, Shown::weight);
    let until = if left_out > 0 {
        offset.saturating_add(shown.len().max(1))
    } else {
        offset.saturating_add(MOST)
    };
    let columns = COLUMNS.into_iter().map(|(key, heading, wide)| Column {
        heading,
        url: frame.with("sort", Some(key)),
        current: key == sort,
        wide,
    });
    let cursor = |offset: usize| frame.with("cursor", Some(&offset.to_string()));
    let empty = !any && part.is_empty();
    let dsn = if empty { frame.dsn(&app).await? } else { None };
    let kept = frame.query.iter().filter(|(key, _)| key != "query" && key != "cursor");
    let page = Page {
        narrow,
        period: period.words,
        kept: kept.cloned().collect(),
        columns: columns.collect(),
        name_projects: frame.chosen.is_none() && frame.projects.len() > 1,
        truncated,
        previous: (offset > 0).then(|| cursor(offset.saturating_sub(MOST))),
        next: (count > until).then(|| cursor(until)),
        part,
        lines: shown,
        empty,
        dsn: dsn.unwrap_or_default(),
        frame,
    };
    Ok(render(&page).into_response())
}

impl Shown {
    /// What it takes of the page.
    fn weight(&self) -> usize {
        [&self.url, &self.name, &self.op, &self.project]
            .map(|text| weight(text))
            .iter()
            .sum::<usize>()
            + 900
    }

    fn of(frame: &Frame, line: &Line, all_ms: f64) -> Option<Self> {
        let project = frame.project(line.named.project_id)?;
        let share = if all_ms > 0.0 {
            line.total_ms * 100.0 / all_ms
        } else {
            0.0
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("project", &frame.key_of(project));
        query.append_pair("name", &line.named.name);
        for key in ["period", "environment"] {
            if let Some(value) = frame.asked(key) {
                query.append_pair(key, value);
            }
        }
        let [p50, p75, p95, _] = line.percentiles_ms;
        Some(Self {
            url: format!("/performance/transaction/?{}", query.finish()),
            name: line.named.name.clone(),
            op: line.named.op.clone(),
            project: frame.name_of(project),
            count: grouped(line.named.figures.transactions),
            rate: Unit::Rate.say(line.rate),
            percentiles: [p50, p75, p95].map(duration),
            failed: Unit::Percent.say(line.failure_rate * 100.0),
            any_failed: line.named.figures.failed > 0,
            share: Unit::Percent.say(share),
            share_width: format!("{share:.2}"),
            total: duration(Some(line.total_ms)),
        })
    }
}
