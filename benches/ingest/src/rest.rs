//! The start, and the memory of a collector that has nothing to do.

use std::time::Duration;

use crate::Bench;
use crate::load::send;
use crate::server::{Server, folder};
use crate::table::{Table, Wanted};

/// Starts that are measured.
const STARTS: usize = 11;

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let folder = folder(bench)?;
    let server = Server::start(bench, folder.path())?;
    // Not an empty one.
    send(&server, 0..2000, bench.connections)?;
    server.wait_until_visible(2000, Duration::from_secs(60))?;
    server.collector.stop()?;

    let mut starts = Vec::new();
    let mut at_rest = 0.0;
    for _ in 0..STARTS {
        let server = Server::start(bench, folder.path())?;
        starts.push(server.collector.ready_after.as_secs_f64() * 1e3);
        at_rest = server.memory("VmRSS")?;
        server.collector.stop()?;
    }
    starts.sort_by(f64::total_cmp);
    let words = format!(
        "median of {STARTS} starts on a used folder ({:.0}–{:.0})",
        starts[0],
        starts[STARTS - 1]
    );
    table.row(
        "start to ready",
        starts[STARTS / 2],
        "ms",
        Wanted::AtMost(200.0),
        &words,
    );
    table.row(
        "memory at rest",
        at_rest,
        "MiB",
        Wanted::AtMost(40.0),
        "VmRSS when ready",
    );
    Ok(())
}
