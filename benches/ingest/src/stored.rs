//! Answers when there is much to look through.

use std::time::{Duration, Instant};

use crate::load::send;
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

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let Some(count) = bench.events else {
        progress("stored: left out, it is measured with --events 1000000");
        return Ok(());
    };
    let folder = folder(bench)?;
    let server = Server::start(bench, folder.path())?;
    let begun = Instant::now();
    let mut sent = 0;
    while sent < count {
        let next = (sent + PART).min(count);
        send(&server, sent..next, bench.connections)?;
        server.wait_until_visible(next, Duration::from_secs(600))?;
        sent = next;
        let rate = sent as f64 / begun.elapsed().as_secs_f64();
        progress(&format!("stored: {sent} events, {rate:.0}/s"));
    }
    let size: u64 = std::fs::read_dir(folder.path().join("data"))?
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .map(|metadata| metadata.len())
        .sum();
    let what = format!(
        "{count} events stored, {:.0} bytes each on the disk",
        size as f64 / count as f64
    );
    for (name, path) in QUESTIONS {
        ask(&server, name, path, &what, table)?;
    }
    let words = "VmHWM, filling and asking";
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
