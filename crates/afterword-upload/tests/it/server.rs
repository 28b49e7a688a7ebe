//! A small HTTP/1.1 server: one thread, a list of replies, and everything that was received.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use afterword_protocol::{Envelope, Limits};
use flate2::read::GzDecoder;

/// How one request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Reads the request and answers.
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Answers after the request's head, without reading its body, and closes.
    Early { status: u16, body: &'static str },
    /// Reads the request and names the envelope that came, as a server of ours does.
    Echo,
    /// Reads the request's head, and its body only after a while, as over a slow line; then as [`Reply::Echo`].
    Slow(Duration),
    /// Reads the request, waits twice at [`Server::gate`], and answers `{}`.
    AtGate,
    /// Reads the request and closes without an answer.
    HangUp,
    /// Reads the request and never answers.
    Hang,
    /// Reads the request's head and nothing more, and keeps the connection.
    HangInBody,
    /// Answers with a head that promises a long body, and then a byte now and then.
    Dribble,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Reply {
        Reply::Answer {
            status,
            headers: vec![],
            body: body.as_bytes().to_vec(),
        }
    }

    pub(crate) fn ok() -> Reply {
        Reply::json(200, r#"{"id":"9ec79c33ec9942ab8353589fcb2e04dc"}"#)
    }

    pub(crate) fn with_header(self, name: &'static str, value: &str) -> Reply {
        let Reply::Answer {
            status,
            mut headers,
            body,
        } = self
        else {
            panic!("{self:?} has no headers")
        };
        headers.push((name, value.to_owned()));
        Reply::Answer { status, headers, body }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self
            .headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str());
        let value = found.next();
        assert!(found.next().is_none(), "{name} is there twice");
        value
    }

    /// The body, decompressed.
    pub(crate) fn unzipped(&self) -> Vec<u8> {
        assert_eq!(self.header("content-encoding"), Some("gzip"));
        let mut bytes = Vec::new();
        GzDecoder::new(self.body.as_slice()).read_to_end(&mut bytes).unwrap();
        bytes
    }

    pub(crate) fn envelope(&self) -> Envelope {
        Envelope::parse(&self.unzipped(), &Limits::default()).unwrap()
    }
}

/// Serves until the test ends; requests beyond the replies are recorded and hung up on.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    /// Where [`Reply::AtGate`] meets its test: when the request is there, and before the answer.
    pub(crate) gate: Arc<Barrier>,
}

impl Server {
    pub(crate) fn start(replies: impl IntoIterator<Item = Reply>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let mut replies: Vec<Reply> = replies.into_iter().collect();
        replies.reverse();
        let log = Arc::clone(&received);
        let gate = Arc::new(Barrier::new(2));
        let own_gate = Arc::clone(&gate);
        thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                let reply = replies.pop().unwrap_or(Reply::HangUp);
                // A client that gave up is no failure of the server.
                if let Ok(Some(stream)) = serve(stream.unwrap(), &reply, &log, &own_gate) {
                    kept.push(stream);
                }
            }
        });
        Server {
            address,
            received,
            gate,
        }
    }

    pub(crate) fn dsn(&self) -> String {
        format!("http://public@{}/some/path/42", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.received().len()
    }
}

/// Returns the connection if it is to be kept open.
fn serve(
    stream: TcpStream,
    reply: &Reply,
    log: &Mutex<Vec<Received>>,
    gate: &Barrier,
) -> std::io::Result<Option<TcpStream>> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut received = head(&mut reader)?;
    if let Reply::Slow(pause) = reply {
        thread::sleep(*pause);
    }
    if matches!(reply, Reply::Early { .. } | Reply::HangInBody) {
        log.lock().unwrap().push(received.clone());
    } else {
        let length = received.header("content-length").unwrap().parse().unwrap();
        received.body = vec![0; length];
        reader.read_exact(&mut received.body)?;
        log.lock().unwrap().push(received.clone());
    }
    let mut stream = stream;
    match reply {
        Reply::Answer { status, headers, body } => answer(&mut stream, *status, headers, body)?,
        Reply::Echo | Reply::Slow(_) => {
            let id = received.envelope().header.event_id.unwrap().simple();
            answer(&mut stream, 200, &[], format!("{{\"id\":\"{id}\"}}").as_bytes())?;
        }
        Reply::Early { status, body } => {
            answer(&mut stream, *status, &[], body.as_bytes())?;
            // Closing with unread data resets the connection; a server lets the client read the answer first.
            stream.shutdown(std::net::Shutdown::Write)?;
            return Ok(Some(stream));
        }
        Reply::AtGate => {
            gate.wait();
            gate.wait();
            answer(&mut stream, 200, &[], b"{}")?;
        }
        Reply::HangUp => {}
        Reply::Hang | Reply::HangInBody => return Ok(Some(stream)),
        Reply::Dribble => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
            thread::spawn(move || {
                while stream.write_all(b" ").is_ok() {
                    thread::sleep(Duration::from_millis(100));
                }
            });
        }
    }
    Ok(None)
}

fn head(reader: &mut impl BufRead) -> std::io::Result<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut lines = lines.into_iter();
    let line = lines.next().unwrap_or_default();
    let headers = lines
        .filter_map(|line| {
            line.split_once(": ")
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        })
        .collect();
    Ok(Received {
        line,
        headers,
        body: Vec::new(),
    })
}

fn answer(stream: &mut TcpStream, status: u16, headers: &[(&str, String)], body: &[u8]) -> std::io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(head.as_bytes())?;
    stream.write_all(b"\r\n")?;
    stream.write_all(body)
}

/// A server that keeps its connections, as servers do: each has a thread, and is served until its client closes it.
pub(crate) struct Keeping {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
}

impl Keeping {
    /// `reply` says how the request of a number, counted from 0, is answered: [`Reply::Answer`], [`Reply::Echo`] or
    /// [`Reply::HangUp`].
    pub(crate) fn start(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Keeping {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let keeping = Keeping {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            connections: Arc::default(),
        };
        let (received, connections) = (Arc::clone(&keeping.received), Arc::clone(&keeping.connections));
        let reply: Arc<Answering> = Arc::new(reply);
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (received, reply) = (Arc::clone(&received), Arc::clone(&reply));
                thread::spawn(move || {
                    // Ends when the client closes the connection.
                    serve_all(stream.unwrap(), &received, &*reply).ok();
                });
            }
        });
        keeping
    }

    pub(crate) fn dsn(&self) -> String {
        format!("http://public@{}/42", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

type Answering = dyn Fn(usize) -> Reply + Send + Sync;

/// Serves one connection, of any kind.
pub(crate) fn serve_all(
    stream: impl Read + Write,
    log: &Mutex<Vec<Received>>,
    reply: &Answering,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut received = head(&mut stream)?;
        if received.line.is_empty() {
            return Ok(());
        }
        let length = received.header("content-length").unwrap().parse().unwrap();
        received.body = vec![0; length];
        stream.read_exact(&mut received.body)?;
        let number = {
            let mut log = log.lock().unwrap();
            log.push(received.clone());
            log.len() - 1
        };
        let (status, headers, body) = match reply(number) {
            Reply::Answer { status, headers, body } => (status, headers, body),
            Reply::Echo => {
                let id = received.envelope().header.event_id.map(|id| id.simple().to_string());
                (200, vec![], serde_json::json!({ "id": id }).to_string().into_bytes())
            }
            _ => return Ok(()),
        };
        let mut answer = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        answer.push_str("\r\n");
        let mut answer = answer.into_bytes();
        answer.extend(body);
        stream.get_mut().write_all(&answer)?;
        stream.get_mut().flush()?;
    }
}
