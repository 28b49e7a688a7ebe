//! From the crash to the dialog's first frame, on a screen that nobody sees, with OpenGL in software.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use afterword_bench::app::Kind;
use afterword_bench::moments::Moment;
use anyhow::{Context as _, bail};
use rustix::process::{Signal, kill_process};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Bench;
use crate::scene::{Play, Scene, parent, processes};
use crate::table::{Row, Spread, Table, Unit};

const PATIENCE: Duration = Duration::from_secs(30);

/// The first frame is when the dialog says so, after it was drawn: the reporter writes that moment down.
pub(crate) fn first_frame(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let screen = Screen::start()?;
    let play = Play {
        display: Some(screen.display.clone()),
        ..Play::ours(bench, Kind::NullWrite)
    };
    let taken = bench.medians(bench.runs.div_ceil(3), || shown(bench, &play))?;
    table.add(
        Row::new(
            "crash to the dialog's first frame",
            Unit::Milliseconds,
            Spread::of(taken)?,
        )
        .at_most(400.0)
        .note("Xvfb, OpenGL in software; the peer asks nobody"),
    );
    Ok(())
}

/// Milliseconds.
fn shown(bench: &Bench, play: &Play) -> anyhow::Result<f64> {
    let mut scene = Scene::start(bench, play)?;
    scene.go()?;
    let begun = Instant::now();
    let line = loop {
        let journal = scene.journal()?;
        if let Some(line) = journal.lines().find(|line| line.contains("asking in the window")) {
            break line.to_owned();
        }
        if journal.contains("not in the window") || begun.elapsed() > PATIENCE {
            bail!("no window:\n{journal}");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let time = line.split(' ').next().unwrap_or_default();
    let shown = OffsetDateTime::parse(time, &Rfc3339).with_context(|| format!("no time in {line:?}"))?;
    let crashed = OffsetDateTime::from_unix_timestamp_nanos(scene.moment(Moment::CrashesByClock)?.into())?;
    let reporter = scene.reporter()?.as_raw_pid() as u32;
    for dialog in processes().filter(|pid| parent(*pid) == Some(reporter)) {
        kill_process(dialog, Signal::KILL)?;
    }
    scene.end()?;
    Ok((shown - crashed).as_seconds_f64() * 1e3)
}

/// A screen of our own, at a number that the system chooses.
struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    fn start() -> anyhow::Result<Screen> {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x900x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb is needed: `cargo xtask test` installs it, or says how")?;
        let mut number = String::new();
        if let Some(output) = server.stdout.take() {
            BufReader::new(output).read_line(&mut number)?;
        }
        Ok(Screen {
            server,
            display: format!(":{}", number.trim()),
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}
