//! A server of one answer: reads whole requests, keeps them, and answers each with the same.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// A request: its head in lower case, and its body as it came.
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Receiver<Request>,
}

impl Server {
    /// Ends with the test's process.
    pub(crate) fn start(status: &'static str, body: &'static str) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), status, body, &sender);
            }
        });
        Server { address, requests }
    }

    pub(crate) fn dsn(&self) -> String {
        format!("http://key@{}/1", self.address)
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

fn serve(stream: TcpStream, status: &str, body: &str, seen: &Sender<Request>) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut input = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if input.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut received = vec![0; length.unwrap()];
    input.read_exact(&mut received).unwrap();
    // Before the answer: who has the answer finds the request.
    seen.send(Request { head, body: received }).ok();
    let length = body.len();
    write!(
        input.get_mut(),
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
}
