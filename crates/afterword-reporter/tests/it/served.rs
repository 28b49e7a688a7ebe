//! A reporter that serves a socket, minidumper's own client, and connections that are no client.

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use afterword_store::{AppId, Report, Store};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketType, connect, recv, send, socket};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The reporter, serving, with a store of its own.
pub(crate) struct Served {
    pub(crate) folder: TempDir,
    process: Child,
}

impl Served {
    pub(crate) fn start(options: &[&str]) -> Served {
        Served::start_in(tempfile::tempdir().unwrap(), options)
    }

    /// Starts it and waits until the socket is there.
    pub(crate) fn start_in(folder: TempDir, options: &[&str]) -> Served {
        let mut process = Served::command(&folder).args(options).spawn().unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let served = Served { folder, process };
        assert_eq!(line, format!("serving {}\n", served.socket().display()));
        served
    }

    /// The program, with the arguments for a folder.
    pub(crate) fn command(folder: &TempDir) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_afterword-reporter"));
        command
            .arg("--minidumper-socket")
            .arg(folder.path().join("paint.sock"))
            .arg("--store")
            .arg(folder.path().join("store"))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("paint.sock")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.folder.path().join("store"), &AppId::new("paint").unwrap()).unwrap()
    }

    pub(crate) fn reports(&self) -> Vec<Report> {
        self.store().reports().unwrap()
    }

    pub(crate) fn journal(&self) -> String {
        let log = self.store().log_folder();
        let entries = std::fs::read_dir(log).unwrap();
        entries
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect()
    }

    /// Waits for words in the journal.
    pub(crate) fn wait_for(&self, words: &str) {
        self.wait_until(words, || self.journal().contains(words));
    }

    /// Waits for a state.
    pub(crate) fn wait_until(&self, what: &str, reached: impl Fn() -> bool) {
        let start = Instant::now();
        while !reached() {
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain for {what:?}: {}",
                self.journal()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// minidumper's own client.
    pub(crate) fn client(&self, kind: &str) -> Child {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_afterword-reporter"))
            .with_file_name("examples")
            .join("minidumper-client");
        assert!(
            program.is_file(),
            "{} is not built: name no single target to cargo, so that it builds the examples too",
            program.display()
        );
        Command::new(program).arg(self.socket()).arg(kind).spawn().unwrap()
    }

    /// Runs a client, which must come to its end.
    pub(crate) fn run_client(&self, kind: &str) -> ExitStatus {
        finish(self.client(kind))
    }

    /// A client that is this process, and can say anything.
    pub(crate) fn connect(&self) -> Connection {
        let socket = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
        connect(&socket, &SocketAddrUnix::new(self.socket()).unwrap()).unwrap();
        Connection(socket)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.process.id() as i32).unwrap(), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// Ends it with a signal. Returns how it ended, and what it leaves.
    pub(crate) fn end(mut self, signal: Signal) -> (ExitStatus, TempDir) {
        self.signal(signal);
        let ended = self.process.wait().unwrap();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        (ended, folder)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Waits for the end of a client, which nothing may keep from it.
pub(crate) fn finish(mut client: Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(ended) = client.try_wait().unwrap() {
            return ended;
        }
        if start.elapsed() > PATIENCE {
            client.kill().unwrap();
            client.wait().unwrap();
            panic!("a client waits for ever");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn died_of(ended: ExitStatus) -> Option<i32> {
    ended.signal()
}

/// A connection of this process.
pub(crate) struct Connection(OwnedFd);

impl Connection {
    /// Sends a packet. Whether the other end still takes it.
    pub(crate) fn send(&self, packet: &[u8]) -> bool {
        send(&self.0, packet, SendFlags::NOSIGNAL).is_ok()
    }

    /// The header of a message, and what is said to follow.
    pub(crate) fn say(&self, kind: u32, said_bytes: u32, body: &[u8]) -> bool {
        self.send(&[&kind.to_ne_bytes(), &said_bytes.to_ne_bytes(), body].concat())
    }

    /// The kind of the next answer, waited for; none when the connection is closed.
    pub(crate) fn hear(&self) -> Option<u32> {
        let mut packet = [0; 64];
        match recv(&self.0, &mut packet, RecvFlags::empty()) {
            Ok((_, 8)) => Some(u32::from_ne_bytes(packet[..4].try_into().unwrap())),
            Ok((_, 0)) | Err(rustix::io::Errno::CONNRESET) => None,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn ping(&self) -> bool {
        self.say(2, 0, &[]) && self.hear() == Some(3)
    }
}
