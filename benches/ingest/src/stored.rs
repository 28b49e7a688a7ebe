//! Answers when there is much to look through.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::event::Beside;
use crate::load::{send, send_each};
use crate::server::{Server, folder};
use crate::table::{Table, Wanted};
use crate::{Bench, progress};

/// Events that are sent before the digest is waited for: the inbox stays small.
const PART: usize = 50_000;

/// How often each is asked.
const TIMES: usize = 21;

/// What is asked.
const QUESTIONS: &[(&str, &str)] = &[
    ("issue list", "issues/?query="),
    (
        "issues of a tag and a release",
        "issues/?query=renderer:vulkan+release:editor@1.3.0",
    ),
    ("issues with a word", "issues/?query=canvas"),
    ("issues of a user", "issues/?query=user.id:user-77"),
    ("events of a tag", "events/?query=brush:brush-3"),
    ("events by hour", "stats/"),
];

/// What a person opens. The trace is that of event 1.
const PAGES: &[(&str, &str)] = &[
    ("page: issues", "/"),
    (
        "page: issues of a search",
        "/?query=renderer:vulkan+release:editor@1.3.0",
    ),
    ("page: an issue", "/issues/1/"),
    ("page: events of an issue", "/issues/1/events/"),
    ("page: feedback", "/feedback/"),
    ("page: releases", "/releases/"),
    ("page: a release", "/releases/studio/editor@1.3.0/"),
    ("page: two releases", "/compare/studio/?a=editor@1.2.0&b=editor@1.3.0"),
    ("page: releases, of 90 days", "/releases/?period=90d"),
    (
        "page: a release, of 90 days",
        "/releases/studio/editor@1.3.0/?period=90d",
    ),
    (
        "page: two releases, of 90 days",
        "/compare/studio/?a=editor@1.2.0&b=editor@1.3.0&period=90d",
    ),
    ("page: performance", "/performance/"),
    (
        "page: a transaction",
        "/performance/transaction/?project=paint&name=paint",
    ),
    ("page: a trace", "/traces/00000000000000000000000000000001/"),
    ("page: alerts", "/alerts/"),
    ("page: settings", "/settings/"),
    ("page: a project", "/settings/studio/paint/"),
    ("page: symbols", "/settings/studio/paint/symbols/"),
    ("page: the server", "/settings/server/"),
];

/// The most that a page may send.
const MAX_PAGE_BYTES: usize = 150 << 10;

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let Some(count) = bench.events else {
        progress("stored: left out, it is measured with --events 1000000");
        return Ok(());
    };
    let own = folder(bench)?;
    let folder = bench.stored.as_deref().unwrap_or(own.path());
    std::fs::create_dir_all(folder)?;
    let server = Server::start(bench, folder)?;
    let kept = server.visible(&mut server.connect()?)?;
    let is_filled = kept >= count;
    if !is_filled {
        // What is there of a part that was not finished comes a second time, which changes nothing.
        fill(&server, bench, kept / PART * PART..count)?;
    }
    let size: u64 = std::fs::read_dir(folder.join("data"))?
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .map(|metadata| metadata.len())
        .sum();
    let stored = server.visible(&mut server.connect()?)?;
    let what = format!(
        "{stored} events stored, {:.0} bytes each on the disk",
        size as f64 / stored as f64
    );
    for (name, path) in QUESTIONS {
        ask(&server, name, path, &what, table)?;
    }
    for (name, path) in PAGES {
        open(&server, name, path, &what, table)?;
    }
    let words = if is_filled {
        "VmHWM, asking"
    } else {
        "VmHWM, filling and asking"
    };
    table.row(
        "memory at the most, then",
        server.memory("VmHWM")?,
        "MiB",
        Wanted::AtMost(150.0),
        words,
    );
    server.collector.stop()?;
    Ok(())
}

fn fill(server: &Server, bench: &Bench, numbers: Range<usize>) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut sent = numbers.start;
    while sent < numbers.end {
        let next = (sent + PART).min(numbers.end);
        send(server, sent..next, bench.connections)?;
        server.wait_until_visible(next, Duration::from_secs(600))?;
        let beside = Beside::new();
        let path = format!("/api/{}/envelope/?sentry_key={}", server.project, server.key);
        let write = |number: usize, body: &mut Vec<u8>| beside.write(number, body);
        send_each(server, &path, "", sent / 10..next / 10, bench.connections, &write)?;
        sent = next;
        let rate = (sent - numbers.start) as f64 / begun.elapsed().as_secs_f64();
        progress(&format!("stored: {sent} events, {rate:.0}/s"));
    }
    Ok(())
}

fn open(server: &Server, name: &str, path: &str, what: &str, table: &mut Table) -> anyhow::Result<()> {
    let mut connection = server.connect()?;
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..TIMES {
        let (page, took) = match server.page(&mut connection, path) {
            Ok(answered) => answered,
            Err(error) => {
                table.missing(name, &error.to_string());
                return Ok(());
            }
        };
        bytes = page.len();
        times.push(took.as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let large = if bytes > MAX_PAGE_BYTES {
        ", more than a page may send"
    } else {
        ""
    };
    let words = format!("{what}; {bytes} bytes{large}; at the most {:.1}", times[TIMES - 1]);
    table.row(name, times[TIMES / 2], "ms", Wanted::AtMost(100.0), &words);
    Ok(())
}

fn ask(server: &Server, name: &str, path: &str, what: &str, table: &mut Table) -> anyhow::Result<()> {
    let path = format!("/api/0/projects/studio/paint/{path}");
    let mut connection = server.connect()?;
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..TIMES {
        let (answer, took) = match server.get(&mut connection, &path) {
            Ok(answered) => answered,
            Err(error) => {
                table.missing(name, &error.to_string());
                return Ok(());
            }
        };
        found = answer.as_array().map_or(0, Vec::len);
        times.push(took.as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let words = format!("{what}; {found} in the answer; at the most {:.1}", times[TIMES - 1]);
    table.row(name, times[TIMES / 2], "ms", Wanted::AtMost(100.0), &words);
    Ok(())
}
