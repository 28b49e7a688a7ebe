//! `AFTERWORD_REPORTER=<path> cargo bench --manifest-path benches/transport/Cargo.toml`
//!
//! The time from the call of a capture to its return, with the client of each library as it sets one up by itself; both send to
//! a server on this machine that answers 200. The SDK's transport has a queue of thirty and drops what comes then, so that the
//! captures come in bursts of twenty, and each library has sent what it has before the next burst.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use afterword::{Consent, Options, Reporter, Transport};
use criterion::{BenchmarkGroup, Criterion, SamplingMode, measurement::WallTime};
use flate2::read::GzDecoder;
use sentry::{Client, ClientOptions, Hub, Level, Scope};

const BURST: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(30);

fn main() {
    let port = serve();
    let dsn = format!("http://key@127.0.0.1:{port}/1");
    let store = tempfile::tempdir().expect("a folder for the store");
    let reporter = std::env::var_os("AFTERWORD_REPORTER").expect("AFTERWORD_REPORTER names the reporter");
    let guard = Options::new(dsn.clone())
        .app_name("Bench")
        .store(store.path())
        .consent(Consent::Always)
        .reporter(Reporter::At(reporter.into()))
        .release("bench@1")
        .release_health(false)
        .transport(Transport::default())
        .init()
        .expect("the options are right");
    let ours = hub(Hub::main().client().expect("a client"));
    let options = sentry::apply_defaults(ClientOptions::new().dsn(&dsn).release("bench@1"));
    let theirs = hub(Arc::new(Client::with_options(options)));

    let mut criterion = Criterion::default().configure_from_args();
    type Capture = fn(&Hub);
    let captures: [(&str, Capture); 2] = [("message", message), ("error with a stack", error)];
    for (name, capture) in captures {
        let mut group = criterion.benchmark_group(name);
        group
            .sample_size(20)
            .sampling_mode(SamplingMode::Flat)
            .warm_up_time(Duration::from_secs(2))
            .measurement_time(Duration::from_secs(15));
        measure(&mut group, "sentry", &theirs, capture, || {
            theirs.client().expect("a client").flush(Some(PATIENCE));
        });
        measure(&mut group, "afterword", &ours, capture, || {
            assert!(afterword::flush(PATIENCE).is_done());
        });
        group.finish();
    }
    criterion.final_summary();
    drop(guard);
}

fn hub(client: Arc<Client>) -> Hub {
    Hub::new(Some(client), Arc::new(Scope::default()))
}

fn message(hub: &Hub) {
    hub.capture_message("the palette is empty", Level::Error);
}

fn error(hub: &Hub) {
    let mut event = sentry::event_from_error(&std::io::Error::other("the palette is empty"));
    for exception in &mut event.exception.values {
        exception.stacktrace = sentry::integrations::backtrace::current_stacktrace();
    }
    hub.capture_event(event);
}

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, hub: &Hub, capture: fn(&Hub), settle: impl Fn()) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|count| {
            let mut taken = Duration::ZERO;
            let mut left = count;
            while left > 0 {
                let burst = left.min(BURST);
                let start = Instant::now();
                for _ in 0..burst {
                    capture(hub);
                }
                taken += start.elapsed();
                settle();
                left -= burst;
            }
            taken
        });
    });
}

/// A server that takes everything.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || take(&stream));
        }
    });
    port
}

fn take(stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = Vec::new();
        reader.by_ref().take(length).read_to_end(&mut body).ok()?;
        let answer = format!("{{\"id\":\"{}\"}}", event_id(&body).unwrap_or_default());
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
        let answer = format!("{head} {}\r\n\r\n{answer}", answer.len());
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

/// What the header of an envelope says, compressed or not.
fn event_id(body: &[u8]) -> Option<String> {
    let mut header = String::new();
    if body.starts_with(&[0x1f, 0x8b]) {
        BufReader::new(GzDecoder::new(body)).read_line(&mut header).ok()?;
    } else {
        BufReader::new(body).read_line(&mut header).ok()?;
    }
    let (_, after) = header.split_once("\"event_id\":\"")?;
    after.split('"').next().map(str::to_owned)
}
