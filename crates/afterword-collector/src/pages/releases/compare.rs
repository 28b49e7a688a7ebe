//! Two releases side by side.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};

use super::fares::{self, Fares, share};
use super::lines::IssueLine;
use super::{Place, parts};
use crate::pages::chart::{Ink, OverTime, Picture, Series, Unit};
use crate::pages::frame::Frame;
use crate::pages::period::{self, Narrow, Period};
use crate::pages::words::{When, grouped};
use crate::pages::{Failure, render};
use crate::queries::health::Figures;
use crate::releases::brought::{self, Had};
use crate::releases::summary::{InProject, Summary};
use crate::releases::{Release, Wanted, days};
use crate::{App, now_ms, releases};

/// Releases that can be chosen, the newest, and issues that are listed of each kind.
const MOST_CHOICES: i64 = 100;
const MOST_ISSUES: i64 = 10;

#[derive(Template)]
#[template(path = "releases/compare.html")]
struct Page {
    frame: Frame,
    narrow: Narrow,
    period: &'static str,
    list_url: String,
    action: String,
    kept: Vec<(String, String)>,
    a: String,
    b: String,
    choices: Vec<String>,
    /// `None` until two are chosen.
    compared: Option<Compared>,
}

struct Compared {
    /// Both, in short and where they are.
    a: (String, String),
    b: (String, String),
    swap: String,
    rows: Vec<Row>,
    chart: Option<Picture>,
    only_b: Listed,
    only_a: Listed,
    both: Listed,
}

/// A figure of both.
struct Row {
    label: &'static str,
    a: String,
    b: String,
    difference: String,
    /// Whether that is better or worse, where one is.
    judged: &'static str,
}

struct Listed {
    count: String,
    issues: Vec<IssueLine>,
    more: bool,
}

/// What is known of one of the two.
struct Side {
    release: Release,
    summary: Summary,
    fares: Fares,
}

/// `/compare/{organisation}/?a=&b=`
pub(super) async fn page(
    frame: Frame,
    State(app): State<App>,
    Path(organization): Path<String>,
) -> Result<Response, Failure> {
    let now = now_ms();
    let place = Place::of(&frame, &organization)?;
    let period = Period::asked(&frame, now)?;
    let narrow = Narrow::of(&app, &frame, &place.projects, &period).await?;
    let wanted = Wanted {
        projects: place.projects.clone(),
        most: MOST_CHOICES,
        ..Wanted::default()
    };
    let newest = releases::list(&app.database, Some(place.organization_id), &wanted).await?;
    let mut choices: Vec<String> = newest.into_iter().map(|release| release.version).collect();
    let asked = |name| frame.asked(name).map(str::to_owned);
    let (a, b) = (asked("a"), asked("b"));
    for chosen in [&a, &b].into_iter().flatten() {
        if !choices.contains(chosen) {
            choices.push(chosen.clone());
        }
    }
    let compared = match (&a, &b) {
        (Some(a), Some(b)) => Some(compared(&app, &frame, &place, &period, [a, b], now).await?),
        _ => None,
    };
    let kept = frame.query.iter().filter(|(key, _)| key != "a" && key != "b");
    let page = Page {
        narrow,
        period: period.words,
        list_url: frame.to("/releases/"),
        action: frame.path.clone(),
        kept: kept.cloned().collect(),
        // The newest is compared with the one before it, unless somebody says otherwise.
        a: a.or_else(|| choices.get(1).cloned()).unwrap_or_default(),
        b: b.or_else(|| choices.first().cloned()).unwrap_or_default(),
        choices,
        compared,
        frame,
    };
    Ok(render(&page).into_response())
}

async fn compared(
    app: &App,
    frame: &Frame,
    place: &Place,
    period: &Period,
    versions: [&str; 2],
    now: i64,
) -> Result<Compared, Failure> {
    let [a, b] = versions;
    let environments = period::environments(frame);
    let mut found = vec![place.release(app, a).await?, place.release(app, b).await?];
    let mut fares = fares::of(&app.database, &found, &environments, period).await?;
    let mut side = || {
        let (release, summary) = found.remove(0);
        let fares = fares.get(&release.id).cloned().unwrap_or_default();
        Side {
            release,
            summary,
            fares,
        }
    };
    let (one, other) = (side(), side());
    fares.clear();
    let all = period.filter(&place.projects, &environments, &[]);
    let [sessions_a, sessions_b] = days::sessions(&app.database, &all, versions, period.step_ms).await?;
    let any = |sessions: &[Figures]| sessions.iter().any(|figures| figures.all > 0);
    let chart = (any(&sessions_a) || any(&sessions_b)).then(|| {
        let line = |name, ink, sessions: &[Figures]| Series {
            name,
            ink,
            values: days::crash_free(sessions),
        };
        let chart = OverTime {
            id: "crash-free",
            title: "Sessions without crash",
            unit: Unit::Percent,
            start_ms: period.start,
            step_ms: period.step_ms,
            from_zero: false,
            series: vec![
                line(parts(a).0, Ink::Main, &sessions_a),
                line(parts(b).0, Ink::Bad, &sessions_b),
            ],
            marks: Vec::new(),
        };
        chart.lines()
    });
    let [only_a, only_b, both] = brought::of_two(&app.database, &place.projects, versions, MOST_ISSUES).await?;
    let named = |version: &str| (parts(version).0.to_owned(), super::url(&place.slug, version));
    Ok(Compared {
        a: named(a),
        b: named(b),
        swap: super::compare_url(&place.slug, b, a),
        rows: rows(&one, &other, now),
        chart,
        only_a: Listed::of(&only_a, now),
        only_b: Listed::of(&only_b, now),
        both: Listed::of(&both, now),
    })
}

impl Listed {
    fn of(had: &Had, now: i64) -> Self {
        Self {
            count: grouped(had.count),
            more: usize::try_from(had.count).is_ok_and(|count| count > had.issues.len()),
            issues: IssueLine::all(&had.issues, now),
        }
    }
}

fn rows(a: &Side, b: &Side, now: i64) -> Vec<Row> {
    let sum = |side: &Side, count: fn(&InProject) -> i64| side.summary.projects.iter().map(count).sum::<i64>();
    let counts = |label, of: &dyn Fn(&Side) -> i64, fewer_is_better: bool| {
        let (one, other) = (of(a), of(b));
        let difference = other - one;
        let judged = match difference {
            _ if !fewer_is_better => "",
            ..0 => "better",
            0 => "",
            1.. => "worse",
        };
        Row {
            label,
            a: grouped(one),
            b: grouped(other),
            difference: if difference > 0 {
                format!("+{}", grouped(difference))
            } else {
                grouped(difference)
            },
            judged,
        }
    };
    let shares = |label, of: &dyn Fn(&Side) -> Option<f64>, judge: bool| {
        let (one, other) = (of(a), of(b));
        let difference = one.zip(other).map(|(one, other)| other - one);
        Row {
            label,
            a: share(one),
            b: share(other),
            difference: difference.map(points).unwrap_or_default(),
            judged: match difference {
                Some(difference) if judge && difference >= 0.005 => "better",
                Some(difference) if judge && difference <= -0.005 => "worse",
                _ => "",
            },
        }
    };
    let when = |side: &Side| When::of(side.release.released_at.unwrap_or(side.release.created_at), now).relative;
    vec![
        Row {
            label: "Released, or known since",
            a: when(a),
            b: when(b),
            difference: String::new(),
            judged: "",
        },
        shares("Sessions without crash", &|side| side.fares.crash_free_sessions(), true),
        shares("Users without crash", &|side| side.fares.crash_free_users(), true),
        shares("Adoption, last 24 hours", &|side| side.fares.adoption(), false),
        counts("Sessions", &|side| side.fares.sessions.all, false),
        counts("Crashed sessions", &|side| side.fares.sessions.crashed, false),
        counts("Users", &|side| side.fares.users.all, false),
        counts("Events in all", &|side| sum(side, |project| project.events), false),
        counts("New issues", &|side| sum(side, |project| project.new_issues), true),
        counts(
            "Issues that came back",
            &|side| sum(side, |project| project.regressions),
            true,
        ),
        counts("Commits", &|side| side.summary.commits, false),
        counts("Deploys", &|side| side.summary.deploys, false),
    ]
}

/// A difference of percents.
fn points(difference: f64) -> String {
    let rounded = (difference * 100.0).round() / 100.0;
    if rounded == 0.0 {
        "0".to_owned()
    } else {
        format!("{rounded:+} points")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_shares_are_points() {
        assert_eq!(
            [0.0, -0.001, 1.0, -12.345].map(points),
            ["0", "0", "+1 points", "-12.35 points"]
        );
    }
}
