//! The reporter while nothing happens: what it holds, and that it does not wake up.

use std::fs;
use std::thread;
use std::time::Duration;

use afterword_bench::app::Kind;
use anyhow::Context as _;
use rustix::process::Pid;

use crate::scene::{Play, Scene};
use crate::table::{Row, Spread, Table, Unit};
use crate::{Bench, progress};

const WATCHED: Duration = Duration::from_secs(10);
const RUNS: u32 = 3;

/// The shipped build of ours (the `dist` profile), and the release build of the peer.
pub(crate) fn reporter(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let ours = Play {
        reporter: Some(bench.programs.dist_reporter.clone()),
        ..Play::ours(bench, Kind::End)
    };
    let ours = at_rest(bench, &ours)?;
    let peer = at_rest(bench, &Play::peer(bench, Kind::End))?;
    table.add(
        Row::new("reporter at rest holds (PSS)", Unit::Mebibytes, ours.held)
            .at_most(4.0)
            .peer(peer.held),
    );
    table.add(Row::new("    of that its own, not of files", Unit::Mebibytes, ours.anonymous).peer(peer.anonymous));
    table.add(
        Row::new("reporter at rest wakes up in 10 s", Unit::Times, ours.woken)
            .at_most(0.0)
            .peer(peer.woken),
    );
    Ok(())
}

struct AtRest {
    held: Spread,
    anonymous: Spread,
    woken: Spread,
}

fn at_rest(bench: &Bench, play: &Play) -> anyhow::Result<AtRest> {
    let (mut held, mut anonymous, mut woken) = (Vec::new(), Vec::new(), Vec::new());
    for run in 1..=bench.runs.min(RUNS) {
        let scene = Scene::start(bench, play)?;
        let reporter = scene.reporter()?;
        progress(&format!(
            "  watching process {reporter} for {} s, {run}",
            WATCHED.as_secs()
        ));
        let before = switches(reporter)?;
        thread::sleep(WATCHED);
        woken.push((switches(reporter)? - before) as f64);
        held.push(proportional(reporter, "Pss:")? / 1024.0);
        anonymous.push(proportional(reporter, "Pss_Anon:")? / 1024.0);
        scene.end()?;
    }
    Ok(AtRest {
        held: Spread::of(held)?,
        anonymous: Spread::of(anonymous)?,
        woken: Spread::of(woken)?,
    })
}

/// How often its threads have been put on a processor and taken off it, of their own will or not.
fn switches(pid: Pid) -> anyhow::Result<u64> {
    let mut all = 0;
    for thread in fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid()))? {
        let status = fs::read_to_string(thread?.path().join("status"))?;
        all += status
            .lines()
            .filter(|line| line.contains("ctxt_switches:"))
            .filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok())
            .sum::<u64>();
    }
    Ok(all)
}

/// Kibibytes, each shared page divided among those who share it.
fn proportional(pid: Pid, name: &str) -> anyhow::Result<f64> {
    let path = format!("/proc/{}/smaps_rollup", pid.as_raw_pid());
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("{path} has no {name}"))
}
