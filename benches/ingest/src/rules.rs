//! What alert rules cost the digest: the same load with and without them, in turns, so that both meet the same machine.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};

use crate::load::send;
use crate::server::{Server, folder};
use crate::table::{Table, Wanted};
use crate::{Bench, progress};

/// How long the digest may take to catch up.
const CATCH_UP: Duration = Duration::from_secs(600);

/// Turns of each.
const TURNS: usize = 2;

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let Some(count) = bench.rules else {
        progress("rules: left out, they are measured with --rules 1000");
        return Ok(());
    };
    let mut rates = [0.0_f64; 2];
    for turn in 0..TURNS {
        for (place, rules) in [0, count].into_iter().enumerate() {
            progress(&format!("rules: turn {}, {rules} rules", turn + 1));
            rates[place] += rate(bench, rules)? / TURNS as f64;
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
    Ok(())
}

/// Events a second, from the first request to the last event in the issue list.
fn rate(bench: &Bench, rules: usize) -> anyhow::Result<f64> {
    let folder = folder(bench)?;
    let server = Server::start(bench, folder.path())?;
    let mut connection = server.connect()?;
    for number in 0..rules {
        let headers = format!(
            "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
            server.token
        );
        let body = rule(number).to_string();
        let path = "/api/0/organizations/studio/alert-rules/";
        let answer = connection.send("POST", path, &headers, body.as_bytes())?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == 201, "{}: {text}", answer.status);
    }
    send(&server, 0..2000, bench.connections)?;
    server.wait_until_visible(2000, CATCH_UP)?;
    let begun = Instant::now();
    send(&server, 2000..2000 + bench.load, bench.connections)?;
    server.wait_until_visible(2000 + bench.load, CATCH_UP)?;
    let took = begun.elapsed();
    server.collector.stop()?;
    Ok(bench.load as f64 / took.as_secs_f64())
}

/// Rules of several kinds, some that fire, told in summaries that are never due.
fn rule(number: usize) -> Value {
    let says = |of: &str, value: String| json!([{ "of": of, "how": "is", "value": value }]);
    let counted = |kind: &str, more_than: usize, per: &str| json!({ "kind": kind, "moreThan": more_than, "windowSeconds": 3600, "per": per });
    let release = format!("editor@1.{}.0", number % 5);
    let (when, conditions) = match number % 5 {
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
        _ => (counted("events", 1000 + number, "issue"), json!([])),
    };
    json!({
        "name": format!("rule {number}"), "project": "paint", "when": when, "if": conditions,
        "then": [{ "kind": "email", "to": ["nobody@example.com"] }],
        "howOften": { "cooldownSeconds": 86_400, "summarySeconds": 86_400 },
    })
}
