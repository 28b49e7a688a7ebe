//! A server that knows nothing but Sentry's protocol, and does what a test wants: it takes, refuses, limits, hangs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::process::wait_for;

/// What it does with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    Takes,
    /// Answers with a status, and does not take it.
    Says(u16),
    /// 429, for so many seconds.
    Limits(u32),
    /// 429, for an hour, and for errors alone.
    LimitsErrors,
    /// Reads it and never answers, until told otherwise.
    Hangs,
}

#[derive(Default)]
struct Taken {
    /// How often each event came that was taken: by its message, or the transaction's name.
    events: BTreeMap<String, u32>,
    /// All items that were taken, by their type.
    items: Vec<(String, Value)>,
    requests: usize,
}

struct Shared {
    manner: Mutex<Manner>,
    changed: Condvar,
    taken: Mutex<Taken>,
    closed: AtomicBool,
}

pub(crate) struct Stub {
    shared: Arc<Shared>,
    port: u16,
}

impl Stub {
    pub(crate) fn start(manner: Manner) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            changed: Condvar::new(),
            taken: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let accepting = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepting.closed.load(Ordering::SeqCst) {
                    return;
                }
                let shared = accepting.clone();
                std::thread::spawn(move || shared.serve(&stream));
            }
        });
        Stub { shared, port }
    }

    pub(crate) fn dsn(&self) -> String {
        format!("http://key@127.0.0.1:{}/1", self.port)
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
        self.shared.changed.notify_all();
    }

    /// How often each was taken.
    pub(crate) fn events(&self) -> BTreeMap<String, u32> {
        self.shared.taken.lock().unwrap().events.clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.events().into_keys().collect()
    }

    pub(crate) fn items(&self, kind: &str) -> Vec<Value> {
        let taken = self.shared.taken.lock().unwrap();
        let items = taken.items.iter().filter(|(item, _)| item == kind);
        items.map(|(_, value)| value.clone()).collect()
    }

    /// How many requests have come, whatever became of them.
    pub(crate) fn requests(&self) -> usize {
        self.shared.taken.lock().unwrap().requests
    }

    pub(crate) fn wait_for_requests(&self, count: usize) {
        wait_for("a request", || (self.requests() >= count).then_some(()));
    }

    pub(crate) fn wait_for_events(&self, count: usize) {
        wait_for("the events", || (self.events().len() >= count).then_some(()));
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.behave(Manner::Says(503));
        // So that the listener looks.
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

impl Shared {
    /// One connection, kept alive.
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut stream = stream;
        while let Some(body) = read_request(&mut reader) {
            self.taken.lock().unwrap().requests += 1;
            let manner = self.manner();
            let id = if manner == Manner::Takes {
                self.take(&body)
            } else {
                None
            };
            let (status, headers, answer) = match manner {
                Manner::Takes => (200, String::new(), serde_json::json!({ "id": id }).to_string()),
                Manner::Says(status) => (status, String::new(), r#"{"detail":"no"}"#.to_owned()),
                Manner::Limits(seconds) => (
                    429,
                    format!(
                        "X-Sentry-Rate-Limits: {seconds}:error;transaction:organization\r\nRetry-After: {seconds}\r\n"
                    ),
                    "{}".to_owned(),
                ),
                Manner::LimitsErrors => (
                    429,
                    "X-Sentry-Rate-Limits: 3600:error:organization\r\n".to_owned(),
                    "{}".to_owned(),
                ),
                Manner::Hangs => unreachable!("it is waited until it is another"),
            };
            let length = answer.len();
            // In one piece: with several, each would wait for the acknowledgement of the one before.
            let answer = format!(
                "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{answer}"
            );
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn manner(&self) -> Manner {
        let manner = self.manner.lock().unwrap();
        *self
            .changed
            .wait_while(manner, |manner| *manner == Manner::Hangs)
            .unwrap()
    }

    /// Notes an envelope, strictly by the protocol. Returns the event's id.
    fn take(&self, body: &[u8]) -> Option<String> {
        let mut envelope = Vec::new();
        GzDecoder::new(body).read_to_end(&mut envelope).unwrap();
        let mut rest = &envelope[..];
        let header: Value = serde_json::from_slice(line(&mut rest)).unwrap();
        let mut taken = self.taken.lock().unwrap();
        while !rest.is_empty() {
            let item: Value = serde_json::from_slice(line(&mut rest)).unwrap();
            let payload = match item["length"].as_u64() {
                Some(length) => {
                    let (payload, after) = rest.split_at(length as usize);
                    rest = after.strip_prefix(b"\n").unwrap_or(after);
                    payload
                }
                None => line(&mut rest),
            };
            let kind = item["type"].as_str().unwrap().to_owned();
            let value: Value = serde_json::from_slice(payload).unwrap_or_default();
            if let Some(name) = name_of(&kind, &value) {
                *taken.events.entry(name).or_default() += 1;
            }
            taken.items.push((kind, value));
        }
        header["event_id"].as_str().map(str::to_owned)
    }
}

fn name_of(kind: &str, value: &Value) -> Option<String> {
    let exception = value.pointer("/exception/values/0/value");
    match kind {
        "event" => value["message"].as_str().or(exception.and_then(Value::as_str)),
        "transaction" => value["transaction"].as_str(),
        _ => None,
    }
    .map(str::to_owned)
}

fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (line, after) = rest.split_at(end);
    *rest = after.strip_prefix(b"\n").unwrap_or(after);
    line
}

/// The body of the next request; none at the end.
fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// Longer than any server here takes, and shorter than a test's patience.
pub(crate) const LONG: u64 = Duration::from_secs(50).as_millis() as u64;
