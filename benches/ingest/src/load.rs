//! Threads that send.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::event::Templates;
use crate::server::Server;

/// How long a server may say that it cannot store.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a load was like.
pub(crate) struct Sent {
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// How long each waited for its answer, the quickest first.
    pub(crate) waits: Vec<Duration>,
}

impl Sent {
    /// The wait that this share of all does not exceed.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let last = self.waits.len().saturating_sub(1);
        self.waits[((last as f64) * share).round() as usize]
    }

    pub(crate) fn rate(&self) -> f64 {
        self.waits.len() as f64 / self.took.as_secs_f64()
    }
}

/// Sends the events of these numbers over so many connections, each as fast as it is answered. Every one must be accepted.
pub(crate) fn send(server: &Server, numbers: Range<usize>, connections: usize) -> anyhow::Result<Sent> {
    let templates = Templates::new();
    let path = format!("/api/{}/envelope/?sentry_key={}", server.project, server.key);
    let write = |number: usize, body: &mut Vec<u8>| templates.write(number, body);
    send_each(server, &path, "", numbers, connections, &write)
}

/// The same with bodies of any kind.
pub(crate) fn send_each(
    server: &Server,
    path: &str,
    headers: &str,
    numbers: Range<usize>,
    connections: usize,
    write: &(impl Fn(usize, &mut Vec<u8>) + Sync),
) -> anyhow::Result<Sent> {
    let next = AtomicUsize::new(numbers.start);
    let sender = || -> anyhow::Result<Vec<Duration>> {
        let mut connection = server.connect()?;
        let mut waits = Vec::new();
        let mut body = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= numbers.end {
                return Ok(waits);
            }
            write(number, &mut body);
            let begun = Instant::now();
            let mut answer = connection.send("POST", path, headers, &body)?;
            // As clients do. It counts as a wait.
            while answer.status == 503 && begun.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_secs(1));
                answer = connection.send("POST", path, headers, &body)?;
            }
            waits.push(begun.elapsed());
            if answer.status != 200 {
                bail!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
            }
        }
    };
    let begun = Instant::now();
    let mut waits = Vec::new();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let senders: Vec<_> = (0..connections).map(|_| scope.spawn(sender)).collect();
        for sender in senders {
            let sent = sender.join().ok().context("a sender panicked")?;
            waits.extend(sent?);
        }
        Ok(())
    })?;
    let took = begun.elapsed();
    waits.sort_unstable();
    Ok(Sent { took, waits })
}
