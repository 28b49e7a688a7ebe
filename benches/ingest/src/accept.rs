//! Events: accepted in a second, and on their way to where they are seen.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::event::{ISSUES, Templates};
use crate::load::send;
use crate::server::{Server, folder};
use crate::table::{Table, Wanted};
use crate::{Bench, progress};

/// How long the digest may take to catch up.
const CATCH_UP: Duration = Duration::from_secs(600);

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let folder = folder(bench)?;
    let sync = sync(&folder.path().join("sync"))?;
    let server = Server::start(bench, folder.path())?;
    // Makes the issues, the releases, the tags: what the first of each costs is not what the rest does.
    send(&server, 0..2000, bench.connections)?;
    server.wait_until_visible(2000, CATCH_UP)?;

    progress("accept: the load");
    let begun = Instant::now();
    let sent = send(&server, 2000..2000 + bench.load, bench.connections)?;
    server.wait_until_visible(2000 + bench.load, CATCH_UP)?;
    let in_all = begun.elapsed();
    let ms = |wait: Duration| wait.as_secs_f64() * 1e3;

    let what = format!(
        "{} events of {} bytes, {ISSUES} issues, {} connections",
        bench.load,
        Templates::new().size(),
        bench.connections
    );
    table.row("accepted", sent.rate(), "events/s", Wanted::AtLeast(5000.0), &what);
    table.row(
        "answered after, p50",
        ms(sent.percentile(0.5)),
        "ms",
        Wanted::Nothing,
        "",
    );
    table.row(
        "answered after, p99",
        ms(sent.percentile(0.99)),
        "ms",
        Wanted::AtMost(50.0),
        "",
    );
    let rate = bench.load as f64 / in_all.as_secs_f64();
    table.row(
        "accepted, digested, visible",
        rate,
        "events/s",
        Wanted::AtLeast(2000.0),
        "the same load, until the last is in the issue list",
    );
    table.row(
        "memory at the most",
        server.memory("VmHWM")?,
        "MiB",
        Wanted::AtMost(150.0),
        "VmHWM after the load",
    );
    table.row(
        "for scale: the disk's syncs",
        sync,
        "/s",
        Wanted::Nothing,
        "4 KiB written and synced, one after the other",
    );
    server.collector.stop()?;
    Ok(())
}

/// How many times a second the disk writes four kilobytes and syncs them.
fn sync(path: &std::path::Path) -> anyhow::Result<f64> {
    let mut file = File::create(path)?;
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < Duration::from_secs(2) {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}
