//! What the application pays while nothing is wrong: `init`, and breadcrumbs.

use afterword_bench::app::{BREADCRUMBS, Kind};
use afterword_bench::moments::Moment;
use tempfile::TempDir;

use crate::Bench;
use crate::scene::{Play, Scene};
use crate::table::{Row, Spread, Table, Unit};

/// The time from the call of `init` to its return, in a process whose store has been there before.
pub(crate) fn init(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let ours = blocked(bench, &Play::ours(bench, Kind::End))?;
    let peer = blocked(bench, &Play::peer(bench, Kind::End))?;
    table.add(
        Row::new("init blocks", Unit::Milliseconds, ours)
            .at_most(1.0)
            .peer(peer),
    );
    Ok(())
}

fn blocked(bench: &Bench, play: &Play) -> anyhow::Result<Spread> {
    let mut folder: Option<TempDir> = None;
    let taken = bench.medians(bench.runs, || {
        let scene = match folder.take() {
            Some(folder) => Scene::start_in(folder, play)?,
            None => Scene::start(bench, play)?,
        };
        let took = scene.between(Moment::InitBegins, Moment::InitReturned)? / 1e6;
        folder = Some(scene.end()?);
        Ok(took)
    })?;
    Spread::of(taken)
}

/// What a breadcrumb costs beyond what it costs with the SDK alone: whole loops in processes of their own.
pub(crate) fn breadcrumbs(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let runs = bench.runs.div_ceil(3);
    let plain = each(bench, runs, &Play::ours(bench, Kind::PlainBreadcrumbs))?;
    let ours = each(bench, runs, &Play::ours(bench, Kind::Breadcrumbs))?;
    let peer_plain = each(bench, runs, &Play::peer(bench, Kind::PlainBreadcrumbs))?;
    let peer = each(bench, runs, &Play::peer(bench, Kind::Breadcrumbs))?;
    table.add(
        Row::new(
            "a breadcrumb costs more than the SDK's own",
            Unit::Microseconds,
            ours.less(&plain),
        )
        .at_most(1.0)
        .peer(peer.less(&peer_plain)),
    );
    table.add(Row::new("    the SDK's own", Unit::Microseconds, plain).peer(peer_plain));
    Ok(())
}

/// Microseconds.
fn each(bench: &Bench, runs: u32, play: &Play) -> anyhow::Result<Spread> {
    let taken = bench.medians(runs, || {
        let mut scene = Scene::start(bench, play)?;
        scene.go()?;
        let took = scene.moment(Moment::BreadcrumbsTook)? as f64 / f64::from(BREADCRUMBS) / 1e3;
        scene.end()?;
        Ok(took)
    })?;
    Spread::of(taken)
}
