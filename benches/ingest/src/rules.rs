//! What alert rules cost the digest: the same load with and without them, in turns, so that both meet the same machine; and how
//! long after an event a rule fires while all of them are asked.

use std::time::{Duration, Instant};

use afterword_servers::Connection;
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::load::send;
use crate::server::{Server, folder};
use crate::table::{Table, Wanted};
use crate::{Bench, progress};

/// How long the digest may take to catch up.
const CATCH_UP: Duration = Duration::from_secs(600);

/// Turns of each.
const TURNS: usize = 2;

/// Issues that are sent one after the other to see when a rule fires for them.
const LAGS: usize = 10;
const RULES: &str = "/api/0/organizations/studio/alert-rules/";

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let Some(count) = bench.rules else {
        progress("rules: left out, they are measured with --rules 1000");
        return Ok(());
    };
    let mut rates = [0.0_f64; 2];
    let mut lags: Vec<Duration> = Vec::new();
    for turn in 0..TURNS {
        for (place, rules) in [0, count].into_iter().enumerate() {
            progress(&format!("rules: turn {}, {rules} rules", turn + 1));
            let (rate, told) = rate(bench, rules)?;
            rates[place] += rate / TURNS as f64;
            if rules > 0 {
                lags.extend(told);
            }
        }
    }
    let [without, with] = rates;
    let words = format!("{TURNS} turns of {} events each", bench.load);
    table.row(
        "digested without rules",
        without,
        "events/s",
        Wanted::AtLeast(2000.0),
        &words,
    );
    let name = format!("digested with {count} rules");
    table.row(&name, with, "events/s", Wanted::AtLeast(2000.0), &words);
    table.row(
        "with rules, of that without",
        100.0 * with / without,
        "%",
        Wanted::AtLeast(90.0),
        "",
    );
    let slowest = lags.iter().max().map_or(0.0, Duration::as_secs_f64);
    table.row(
        "from an event to its alert, at most",
        slowest,
        "s",
        Wanted::AtMost(10.0),
        &format!("{} new issues, {count} rules", lags.len()),
    );
    Ok(())
}

/// Events a second, from the first request to the last event in the issue list; and how long it takes then until a rule fires.
fn rate(bench: &Bench, rules: usize) -> anyhow::Result<(f64, Vec<Duration>)> {
    let folder = folder(bench)?;
    let server = Server::start(bench, folder.path())?;
    let mut connection = server.connect()?;
    for number in 0..rules {
        make(&server, &mut connection, &rule(number))?;
    }
    send(&server, 0..2000, bench.connections)?;
    server.wait_until_visible(2000, CATCH_UP)?;
    let begun = Instant::now();
    send(&server, 2000..2000 + bench.load, bench.connections)?;
    server.wait_until_visible(2000 + bench.load, CATCH_UP)?;
    let took = begun.elapsed();
    let told = lags(&server, &mut connection)?;
    server.collector.stop()?;
    Ok((bench.load as f64 / took.as_secs_f64(), told))
}

/// Makes a rule; returns its id.
fn make(server: &Server, connection: &mut Connection, rule: &Value) -> anyhow::Result<String> {
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
        server.token
    );
    let answer = connection.send("POST", RULES, &headers, rule.to_string().as_bytes())?;
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status == 201, "{}: {text}", answer.status);
    let made: Value = serde_json::from_slice(&answer.body)?;
    Ok(made["id"].as_str().context("a rule has an id")?.to_owned())
}

/// How long it takes from sending an event of a new issue until a rule fired for it.
fn lags(server: &Server, connection: &mut Connection) -> anyhow::Result<Vec<Duration>> {
    let watch = json!({
        "name": "watch", "project": "paint", "when": { "kind": "new-issue" },
        "then": [{ "kind": "email", "to": ["nobody@example.com"] }],
    });
    let watch = make(server, connection, &watch)?;
    let path = format!("/api/{}/envelope/?sentry_key={}", server.project, server.key);
    let mut lags = Vec::new();
    for number in 0..LAGS {
        let letter = char::from(b'a' + u8::try_from(number)?);
        let event = json!({ "message": "watch", "fingerprint": [format!("watch {letter}")] });
        let id = format!("{:032x}", number as u128 + (2 << 100));
        let body = format!("{{\"event_id\":\"{id}\"}}\n{{\"type\":\"event\"}}\n{event}\n");
        let begun = Instant::now();
        let answer = connection.send("POST", &path, "", body.as_bytes())?;
        ensure!(answer.status == 200, "{}", answer.status);
        loop {
            let (fired, _) = server.get(connection, &format!("{RULES}{watch}/history/"))?;
            if fired.as_array().is_some_and(|fired| fired.len() > number) {
                break;
            }
            ensure!(begun.elapsed() < CATCH_UP, "no rule fired for a new issue");
            std::thread::sleep(Duration::from_millis(20));
        }
        lags.push(begun.elapsed());
        // The next one comes at another moment of what rules are asked.
        std::thread::sleep(Duration::from_millis(700));
    }
    Ok(lags)
}

/// Rules of several kinds, some that fire, told in summaries that are never due.
fn rule(number: usize) -> Value {
    let says = |of: &str, value: String| json!([{ "of": of, "how": "is", "value": value }]);
    let counted = |kind: &str, more_than: usize, per: &str| json!({ "kind": kind, "moreThan": more_than, "windowSeconds": 3600, "per": per });
    let release = format!("editor@1.{}.0", number % 5);
    let (when, conditions) = match number % 9 {
        0 => (json!({ "kind": "new-issue" }), says("release", release)),
        1 => (
            counted("events", 100, "issue"),
            json!([{ "of": "tag", "key": "brush", "how": "is", "value": format!("brush-{number}") }]),
        ),
        2 => (counted("users", 50, "issue"), says("release", release)),
        3 => (
            counted("events", 100_000, "all"),
            says("environment", "production".to_owned()),
        ),
        4 => (
            counted("events", 1000, "all"),
            json!([{ "of": "server", "how": "contains", "value": format!("host-{number}") }]),
        ),
        5 => (json!({ "kind": "regression" }), json!([])),
        6 => (
            json!({ "kind": "crash-free", "of": "sessions", "belowPercent": 99, "atLeast": 100, "windowSeconds": 86_400 }),
            says("release", release),
        ),
        7 => (
            json!({ "kind": "duration", "transaction": format!("GET /{number}*"), "p95AboveMs": 1000, "atLeast": 100,
                "windowSeconds": 30 * 86_400 }),
            json!([]),
        ),
        _ => (counted("events", 1000 + number, "issue"), json!([])),
    };
    json!({
        "name": format!("rule {number}"), "project": "paint", "when": when, "if": conditions,
        "then": [{ "kind": "email", "to": ["nobody@example.com"] }],
        "howOften": { "cooldownSeconds": 86_400, "summarySeconds": 86_400 },
    })
}
