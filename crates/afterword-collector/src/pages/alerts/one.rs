//! A rule with its history, and its buttons.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::{place_of, places_of, rule_for, scope, sentence};
use crate::alerts::history::{self, Delivery, Firing};
use crate::alerts::store::{self, FOR_EVER};
use crate::alerts::{self, span};
use crate::pages::frame::Frame;
use crate::pages::paging;
use crate::pages::posted::Posted;
use crate::pages::room::{Room, fitting, weight};
use crate::pages::words::When;
use crate::pages::{Failure, render};
use crate::search::walk::{Page as Part, Place};
use crate::{App, now_ms};

/// Firings on a page, and the bytes that they may take.
const LINES: usize = 25;
const PAGE_BYTES: usize = 90_000;
/// How far is shown what was sent and what was answered, in bytes of the page; the API has it whole.
const SENT_BYTES: usize = 8_000;
const ANSWER_BYTES: usize = 1_500;

/// How long a test may take before the page is shown without its outcome.
const PATIENCE: Duration = Duration::from_secs(8);

#[derive(Template)]
#[template(path = "alerts/one.html")]
struct Page {
    frame: Frame,
    id: i64,
    name: String,
    scope: String,
    sentence: String,
    readable: bool,
    places: Vec<String>,
    often: String,
    state: String,
    enabled: bool,
    muted: bool,
    may_write: bool,
    notice: Option<&'static str>,
    test: Option<Line>,
    lines: Vec<Line>,
    first: bool,
    next: Option<String>,
}

struct Line {
    at: When,
    headline: String,
    url: String,
    reasons: Vec<String>,
    told: &'static str,
    deliveries: Vec<Told>,
}

struct Told {
    place: String,
    state: String,
    failed: bool,
    answer: Option<String>,
    sent: Option<String>,
}

/// `/alerts/{id}/`
pub(super) async fn page(frame: Frame, State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    let stored = rule_for(&app, &frame, &id).await?;
    let now = now_ms();
    let from = frame.asked("cursor").and_then(|text| {
        let (value, id) = text.split_once('-')?;
        Some(Place {
            value: value.parse().ok()?,
            id: id.parse().ok()?,
        })
    });
    let part = Part {
        from,
        back: false,
        limit: LINES,
    };
    let (mut walked, firings) = history::of_rule(&app.database, stored.id, part).await?;
    let lines = firings.iter().map(|firing| (firing.id, line(firing, now))).collect();
    let room = Room::of(PAGE_BYTES);
    let lines = paging::fitting(part, &mut walked, lines, room, |(_, line)| line.weight(), |(id, _)| *id);
    let asked = frame.asked("firing").and_then(|id| id.parse().ok());
    let test = match asked {
        Some(id) => history::read(&app.database, &[id]).await?.pop(),
        None => None,
    };
    let test = test.filter(|firing| firing.rule_id == stored.id);
    let read = stored.rule();
    let state = super::list::state(&stored, now);
    let page = Page {
        id: stored.id,
        name: stored.name.clone(),
        scope: scope(&frame, &stored),
        readable: read.is_ok(),
        sentence: match &read {
            Ok(rule) => sentence(rule),
            Err(wrong) => format!("This rule cannot be read, and is not followed: {wrong}"),
        },
        often: read.as_ref().map(often).unwrap_or_default(),
        places: read.map(|rule| places_of(&rule.actions)).unwrap_or_default(),
        enabled: stored.is_enabled(),
        muted: stored.muted_until(now).is_some(),
        state,
        may_write: store::may_write(&frame.who, stored.organization_id, stored.project_id).is_ok(),
        notice: frame.asked("done").and_then(notice),
        test: test.map(|firing| line(&firing, now)),
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        first: from.is_none(),
        next: walked
            .more
            .map(|place| frame.path.clone() + &format!("?cursor={}-{}", place.value, place.id)),
        frame,
    };
    Ok(render(&page).into_response())
}

/// What its buttons do.
pub(super) async fn act(
    State(app): State<App>,
    Path(id): Path<String>,
    Posted { frame, fields }: Posted,
) -> Result<Response, Failure> {
    let stored = rule_for(&app, &frame, &id).await?;
    store::may_write(&frame.who, stored.organization_id, stored.project_id)?;
    let hour_ms = 3_600_000;
    let done = match fields.get("do") {
        "test" => {
            let rule = stored.rule().map_err(|wrong| Failure::Wrong(wrong.to_string()))?;
            let firing = alerts::test(&app, &stored, rule).await?;
            tried(&app, firing).await?;
            return Ok(Redirect::to(&format!("/alerts/{}/?firing={firing}", stored.id)).into_response());
        }
        "mute" => {
            let until = match (fields.get("hours"), fields.get("hours").parse::<i64>()) {
                ("", _) => FOR_EVER,
                (_, Ok(hours)) if (1..=24 * 366).contains(&hours) => now_ms() + hours * hour_ms,
                _ => {
                    return Err(Failure::Wrong(
                        "It is muted for 1 to 8,784 hours, or until it is unmuted.".to_owned(),
                    ));
                }
            };
            store::mute(&app.database, stored.id, Some(until)).await?;
            "muted"
        }
        "unmute" => {
            store::mute(&app.database, stored.id, None).await?;
            "unmuted"
        }
        "enable" | "disable" => {
            let enable = fields.get("do") == "enable";
            store::enable(&app.database, stored.id, enable).await?;
            if enable { "enabled" } else { "disabled" }
        }
        "remove" => {
            store::remove(&app.database, stored.id).await?;
            app.alerts.refresh(&app.database).await?;
            return Ok(Redirect::to("/alerts/?done=removed").into_response());
        }
        _ => return Err(Failure::Wrong("The form does not say what is to be done.".to_owned())),
    };
    app.alerts.refresh(&app.database).await?;
    Ok(Redirect::to(&format!("/alerts/{}/?done={done}", stored.id)).into_response())
}

/// Waits until a test was tried at each place, or for long enough.
async fn tried(app: &App, firing: i64) -> Result<(), Failure> {
    let begun = std::time::Instant::now();
    while begun.elapsed() < PATIENCE {
        let firing = history::read(&app.database, &[firing]).await?.pop();
        let waits = firing.is_some_and(|firing| firing.deliveries.iter().any(|told| told.state == "waiting"));
        if !waits {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn notice(done: &str) -> Option<&'static str> {
    Some(match done {
        "saved" => "The rule is saved.",
        "muted" => "The rule is muted: what it finds goes into its history only.",
        "unmuted" => "The rule is no longer muted.",
        "enabled" => "The rule is on.",
        "disabled" => "The rule is off.",
        _ => return None,
    })
}

fn often(rule: &alerts::rule::Rule) -> String {
    let cooldown = match rule.cooldown_s {
        0 => "Each time".to_owned(),
        seconds => format!("At most once in {} for the same subject", span(seconds)),
    };
    match rule.summary_s {
        0 => format!("{cooldown}, each by itself."),
        seconds => format!("{cooldown}; what comes within {} is one message.", span(seconds)),
    }
}

impl Line {
    /// What it takes of the page.
    fn weight(&self) -> usize {
        let told = |told: &Told| {
            let texts = [Some(&told.place), told.answer.as_ref(), told.sent.as_ref()];
            texts.into_iter().flatten().map(|text| weight(text)).sum::<usize>() + 200
        };
        let reasons: usize = self.reasons.iter().map(|reason| weight(reason) + 10).sum();
        weight(&self.headline) + reasons + self.deliveries.iter().map(told).sum::<usize>() + 400
    }
}

fn line(firing: &Firing, now: i64) -> Line {
    let alert = firing.alert();
    Line {
        at: When::of(firing.fired_at, now),
        headline: alert.as_ref().map_or_else(
            || "What a newer version wrote".to_owned(),
            |alert| alert.headline.clone(),
        ),
        url: alert.as_ref().map(|alert| alert.url.clone()).unwrap_or_default(),
        reasons: alert.map(|alert| alert.reasons).unwrap_or_default(),
        told: match firing.told.as_str() {
            "sent" if firing.deliveries.is_empty() => "told in a summary with others",
            "sent" => "",
            "collected" => "collected for a summary",
            "muted" => "not sent: muted",
            "cooling" => "not sent: within the cooldown",
            _ => "test",
        },
        deliveries: firing.deliveries.iter().map(told).collect(),
    }
}

fn told(delivery: &Delivery) -> Told {
    let tries = match delivery.tries {
        0 | 1 => String::new(),
        tries => format!(" after {tries} tries"),
    };
    Told {
        place: delivery.action().as_ref().map(place_of).unwrap_or_default(),
        failed: delivery.state == "failed",
        state: match delivery.state.as_str() {
            "sent" => format!("sent{tries}"),
            "failed" => format!("failed{tries}"),
            _ if delivery.tries > 0 => format!("waits for another try{tries}"),
            _ => "waits".to_owned(),
        },
        answer: delivery
            .answer
            .as_deref()
            .filter(|answer| !answer.is_empty())
            .map(|answer| fitting(answer, ANSWER_BYTES)),
        sent: delivery.sent.as_deref().map(|sent| fitting(sent, SENT_BYTES)),
    }
}
