//! One transaction by its name: over time, how its durations spread, slow examples.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::{duration, trace_url};
use crate::pages::chart::{Bucket, Ink, Mark, OverTime, Picture, Series, Spread, Unit};
use crate::pages::frame::Frame;
use crate::pages::period::{self, Narrow, Period};
use crate::pages::words::{When, count, grouped};
use crate::pages::{Failure, render};
use crate::performance::HOUR_MS;
use crate::performance::lines::{Line, percentiles_ms};
use crate::performance::reading::{self, Example, Figures, Named};
use crate::{App, now_ms};

/// Slow ones that are shown, and bars of the histogram.
const EXAMPLES: i64 = 10;
const PARTS: u16 = 32;

#[derive(Template)]
#[template(path = "performance/transaction.html")]
struct Page {
    frame: Frame,
    narrow: Narrow,
    period: &'static str,
    list_url: String,
    name: String,
    op: String,
    project: String,
    facts: Vec<(&'static str, String, String)>,
    charts: Vec<Picture>,
    examples: Vec<Slow>,
}

struct Slow {
    url: String,
    trace: String,
    duration: String,
    status: String,
    failed: bool,
    release: String,
    environment: String,
    when: When,
}

/// `/performance/transaction/?project=&name=`
pub(super) async fn page(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    let now = now_ms();
    let name = frame
        .query
        .iter()
        .find(|(key, _)| key == "name")
        .map(|(_, name)| name.clone());
    let name = name.ok_or(Failure::NotFound)?;
    let project = frame.chosen.clone().ok_or(Failure::NotFound)?;
    let period = Period::asked(&frame, now)?;
    let filter = period.filter(&[project.id], &period::environments(&frame), &[]);
    let narrow = Narrow::of(&app, &frame, &filter.projects, &period).await?;
    let series = reading::series(&app.database, &filter, Some(&name), period.step_ms / HOUR_MS).await?;
    let slowest = reading::slowest(&app.database, &filter, &name, EXAMPLES).await?;
    let mut all = Figures::default();
    for figures in &series {
        all.merge(figures);
    }
    if all.transactions == 0 && !reading::is_known(&app.database, project.id, &name).await? {
        return Err(Failure::NotFound);
    }
    let (from, until) = reading::hours(&filter);
    let line = Line::new(
        Named {
            figures: all,
            ..Named::default()
        },
        until - from,
    );
    let page = Page {
        narrow,
        period: period.words,
        list_url: frame.to("/performance/"),
        op: reading::op(&app.database, &filter, &name).await?.unwrap_or_default(),
        project: frame.name_of(&project),
        facts: facts(&line),
        charts: charts(&series, &line, &period),
        examples: slowest.iter().map(|example| Slow::of(example, now)).collect(),
        name,
        frame,
    };
    Ok(render(&page).into_response())
}

fn facts(line: &Line) -> Vec<(&'static str, String, String)> {
    let [p50, p75, p95, p99] = line.percentiles_ms;
    let figures = &line.named.figures;
    vec![
        (
            "Rate",
            Unit::Rate.say(line.rate),
            count(figures.transactions, "transaction"),
        ),
        ("p50", duration(p50), format!("p75 {}", duration(p75))),
        ("p95", duration(p95), format!("p99 {}", duration(p99))),
        (
            "Failed",
            Unit::Percent.say(line.failure_rate * 100.0),
            format!("{} of {}", grouped(figures.failed), grouped(figures.transactions)),
        ),
    ]
}

fn charts(series: &[Figures], all: &Line, period: &Period) -> Vec<Picture> {
    let told: Vec<[Option<f64>; 4]> = series.iter().map(percentiles_ms).collect();
    let percentile = |index: usize| told.iter().map(|values| values[index].map(|ms| ms * 1000.0)).collect();
    let line = |name, ink, values| Series { name, ink, values };
    let chart = |id, title, unit, series| OverTime {
        id,
        title,
        unit,
        start_ms: period.start,
        step_ms: period.step_ms,
        from_zero: true,
        series,
        marks: Vec::new(),
    };
    #[expect(clippy::cast_precision_loss, reason = "counts that are drawn")]
    let counts = |count: fn(&Figures) -> i64| series.iter().map(|figures| Some(count(figures) as f64)).collect();
    let durations = chart(
        "durations",
        "How long they took",
        Unit::Duration,
        vec![
            line("p50", Ink::Main, percentile(0)),
            line("p75", Ink::Second, percentile(1)),
            line("p95", Ink::Bad, percentile(2)),
        ],
    );
    let rate = chart(
        "rate",
        if period.step_ms == HOUR_MS {
            "How many an hour"
        } else {
            "How many a day"
        },
        Unit::Count,
        vec![
            line(
                "good",
                Ink::Main,
                counts(|figures| figures.transactions - figures.failed),
            ),
            line("failed", Ink::Bad, counts(|figures| figures.failed)),
        ],
    );
    let labels: Vec<(f64, String)> = [("p50", 0), ("p95", 2)]
        .into_iter()
        .filter_map(|(name, index)| {
            let ms = all.percentiles_ms[index]?;
            Some((ms * 1000.0, format!("{name} {}", duration(Some(ms)))))
        })
        .collect();
    let spread = Spread {
        id: "spread",
        title: "How the durations spread",
        unit: Unit::Duration,
        counted: "Transactions",
        buckets: all
            .named
            .figures
            .durations
            .parts(PARTS)
            .into_iter()
            .map(|(from, to, count)| Bucket { from, to, count })
            .collect(),
        marks: labels.iter().map(|(at, label)| Mark { at: *at, label }).collect(),
    };
    vec![durations.lines(), rate.bars(), spread.bars()]
}

impl Slow {
    fn of(example: &Example, now: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a duration that is told in a few digits")]
        let took = (example.ended_us - example.started_us) as f64;
        Self {
            url: format!("{}#s-{}", trace_url(&example.trace_id), example.span_id),
            trace: example.trace_id.chars().take(8).collect(),
            duration: Unit::Duration.say(took),
            status: example.status.clone().unwrap_or_default(),
            failed: crate::performance::is_failure(example.status.as_deref()),
            release: example.release.clone().unwrap_or_default(),
            environment: example.environment.clone().unwrap_or_default(),
            when: When::of(example.ended_us.div_euclid(1000), now),
        }
    }
}
