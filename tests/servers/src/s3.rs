//! A store that speaks S3: `moto`, which keeps objects in memory.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Process;
use crate::process::wait_for;

/// `moto_server` with one bucket, on a free port.
#[derive(Debug)]
pub struct S3 {
    _process: Process,
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    _folder: TempDir,
}

impl S3 {
    /// The bucket that is there.
    pub const BUCKET: &str = "afterword";

    /// Starts it. `program` is `moto_server`.
    ///
    /// # Errors
    /// When it does not start, with what it said.
    pub fn start(program: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("s3-").tempdir()?;
        let log = folder.path().join("log");
        let output = File::create(&log)?;
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        let mut process = Process::spawn(&mut command)?;
        let address = wait_for("moto", || {
            let said = fs::read_to_string(&log)?;
            if let Some(status) = process.child().try_wait()? {
                return Err(io::Error::other(format!("moto has ended ({status}): {said}")));
            }
            let line = said.lines().find_map(|line| line.split_once("Running on http://"));
            Ok(line.map(|(_, address)| address.trim().to_owned()))
        })?;
        let store = Self {
            _process: process,
            address,
            _folder: folder,
        };
        store.request("PUT", &format!("/{}", Self::BUCKET))?;
        Ok(store)
    }

    /// The variables by which a client of S3 finds it.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT", format!("http://{}", self.address)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }

    /// The names of the objects in the bucket, a thousand at the most.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn objects(&self) -> io::Result<Vec<String>> {
        let listing = self.request("GET", &format!("/{}", Self::BUCKET))?;
        let names = listing.split("<Key>").skip(1);
        Ok(names
            .filter_map(|rest| rest.split_once("</Key>"))
            .map(|(name, _)| name.to_owned())
            .collect())
    }

    fn request(&self, method: &str, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        if answer.starts_with("HTTP/1.1 200") {
            Ok(answer)
        } else {
            Err(io::Error::other(format!("{method} {path}: {answer}")))
        }
    }
}
