//! How large a report is on the wire.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use afterword_bench::app::Kind;
use afterword_bench::moments::Moment;
use anyhow::{Context as _, ensure};

use crate::Bench;
use crate::scene::{Play, Scene};
use crate::table::{Row, Spread, Table, Unit};

const KIB: f64 = 1024.0;

/// The body of the request with the report, as it goes over the wire (gzip). The peer's is its envelope as its transport is
/// given it, which the SDK sends as it is.
pub(crate) fn sizes(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let cases = [
        ("report as sent, 1 thread", Kind::NullWrite, 1),
        ("report as sent, stack overflow of 8 MiB", Kind::StackOverflow, 1),
        ("report as sent, 200 threads", Kind::NullWrite, 200),
    ];
    for (name, kind, threads) in cases {
        let ours = sent(bench, &Play::ours(bench, kind).threads(threads))?;
        let peer = weighed(bench, &Play::peer(bench, kind).threads(threads))?;
        table.add(Row::new(name, Unit::Kibibytes, ours).at_most(64.0).peer(peer));
    }
    Ok(())
}

/// Sizes hardly differ from run to run.
fn runs(bench: &Bench) -> u32 {
    bench.runs.min(3)
}

fn sent(bench: &Bench, play: &Play) -> anyhow::Result<Spread> {
    let server = Server::start()?;
    let play = Play {
        dsn: server.dsn.clone(),
        ..play.clone()
    };
    let sizes = (0..runs(bench)).map(|_| {
        let mut scene = Scene::start(bench, &play)?;
        scene.go()?;
        let bytes = server.next_body()?;
        scene.only_report()?;
        scene.end()?;
        Ok(bytes as f64 / KIB)
    });
    Spread::of(sizes.collect::<anyhow::Result<_>>()?)
}

fn weighed(bench: &Bench, play: &Play) -> anyhow::Result<Spread> {
    let sizes = (0..runs(bench)).map(|_| {
        let mut scene = Scene::start(bench, play)?;
        scene.go()?;
        let moments = scene.moments;
        scene.end()?;
        let bytes = moments
            .get(Moment::EnvelopeBytes)
            .context("the peer has sent nothing")?;
        Ok(bytes as f64 / KIB)
    });
    Spread::of(sizes.collect::<anyhow::Result<_>>()?)
}

/// Takes everything, and tells how long the bodies were.
struct Server {
    dsn: String,
    bodies: Receiver<u64>,
}

impl Server {
    fn start() -> anyhow::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let dsn = format!("http://key@{}/2", listener.local_addr()?);
        let (told, bodies) = channel();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // A connection that makes no sense tells nothing: the measure then waits in vain, and says so.
                drop(answer(connection, &told));
            }
        });
        Ok(Server { dsn, bodies })
    }

    fn next_body(&self) -> anyhow::Result<u64> {
        self.bodies
            .recv_timeout(Duration::from_secs(60))
            .context("no report was sent")
    }
}

fn answer(connection: TcpStream, told: &Sender<u64>) -> anyhow::Result<()> {
    let mut answering = connection.try_clone()?;
    let mut connection = BufReader::new(connection);
    let mut length = None;
    loop {
        let mut line = String::new();
        ensure!(connection.read_line(&mut line)? > 0, "no end of the head");
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(said) = line.strip_prefix("content-length:") {
            length = Some(said.trim().parse::<u64>()?);
        }
    }
    let length = length.context("no length")?;
    std::io::copy(&mut connection.take(length), &mut std::io::sink())?;
    answering.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
    )?;
    told.send(length)?;
    Ok(())
}
