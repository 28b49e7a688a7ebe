//! From the fault to the report that a power cut does not lose.

use afterword_bench::app::Kind;
use afterword_bench::moments::Moment;

use crate::Bench;
use crate::scene::{Play, Scene};
use crate::table::{Row, Spread, Table, Unit};

/// With one thread, and with two hundred.
///
/// Ours is the time until the signal comes to the handler that was there before Afterword's: the reporter has answered,
/// which it does when the report is synced and in its place, and the app is free to die. The peer's is the time until its
/// reporter says that the dump is in its file, which is not synced. Both are also measured until the app is gone, as its
/// parent sees it.
pub(crate) fn dump(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    for (threads, most_ms) in [(1, 5.0), (200, 25.0)] {
        let ours = crashes(
            bench,
            &Play::ours(bench, Kind::NullWrite).threads(threads),
            Moment::Answered,
        )?;
        let peer = crashes(
            bench,
            &Play::peer(bench, Kind::NullWrite).threads(threads),
            Moment::Written,
        )?;
        let name = match threads {
            1 => "crash to dump durable, 1 thread".to_owned(),
            more => format!("crash to dump durable, {more} threads"),
        };
        table.add(
            Row::new(&name, Unit::Milliseconds, ours.written)
                .at_most(most_ms)
                .peer(peer.written)
                .note("the peer's is written, not synced"),
        );
        table.add(Row::new("    crash to the app's end", Unit::Milliseconds, ours.dead).peer(peer.dead));
    }
    Ok(())
}

struct Crashes {
    written: Spread,
    dead: Spread,
}

fn crashes(bench: &Bench, play: &Play, written: Moment) -> anyhow::Result<Crashes> {
    let taken = bench.medians(bench.runs, || {
        let mut scene = Scene::start(bench, play)?;
        let died = scene.go()?;
        let to_written = scene.between(Moment::Crashes, written)? / 1e6;
        let to_death = died.saturating_sub(scene.moment(Moment::Crashes)?) as f64 / 1e6;
        if written == Moment::Answered {
            scene.only_report()?;
        }
        scene.end()?;
        Ok((to_written, to_death))
    })?;
    let (written, dead) = taken.into_iter().unzip();
    Ok(Crashes {
        written: Spread::of(written)?,
        dead: Spread::of(dead)?,
    })
}
