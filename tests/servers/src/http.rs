//! The least of HTTP that a load needs: requests one after the other over a connection that stays open.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// The longest answer that is read. Longer ones are an error.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// A connection to a server on this computer.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    address: String,
    request: Vec<u8>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects to `127.0.0.1:PORT`, with or without `http://` before it.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn open(address: &str) -> io::Result<Self> {
        let address = address.trim_start_matches("http://");
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.set_write_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self {
            stream: BufReader::new(stream),
            address: address.to_owned(),
            request: Vec::new(),
        })
    }

    /// Sends a request and waits for its answer. `headers` are lines that each end with `\r\n`.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no answer with a length. The connection is of no use then.
    pub fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
        self.request.clear();
        write!(
            self.request,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.address,
            body.len()
        )?;
        self.request.extend_from_slice(body);
        self.stream.get_mut().write_all(&self.request)?;
        self.read_answer()
    }

    fn read_answer(&mut self) -> io::Result<Answer> {
        let mut line = String::new();
        let malformed = |line: &str| io::Error::new(io::ErrorKind::InvalidData, format!("not an answer: {line:?}"));
        self.stream.read_line(&mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| malformed(&line))?;
        let mut length = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().ok()
                }
                Some(_) => {}
                None if line == "\r\n" => break,
                None => return Err(malformed(&line)),
            }
        }
        let length = length.filter(|length| *length <= MAX_ANSWER_BYTES);
        let mut body = vec![0; length.ok_or_else(|| malformed("no length"))?];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, body })
    }
}
