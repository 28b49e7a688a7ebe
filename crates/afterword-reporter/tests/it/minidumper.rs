//! `--minidumper-socket`: minidumper's own client, crashing for real, and everybody else who may connect.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use afterword_reporter::assemble;
use afterword_store::{AppId, State, Store};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;

use crate::served::{PATIENCE, Served, died_of, finish};

const PING: u32 = 2;
const PONG: u32 = 3;

#[test]
fn a_crash_of_minidumpers_client_is_a_report() {
    let served = Served::start(&["--app", "paint", "--release", "paint@2.0", "--environment", "studio"]);
    assert_eq!(died_of(served.run_client("crash")), Some(libc::SIGSEGV));
    // The client died after it was answered: the report is there.
    let reports = served.reports();
    assert_eq!(reports.len(), 1, "{}", served.journal());
    assert_eq!(reports[0].state(), State::Waiting);
    let info = reports[0].info().unwrap();
    assert_eq!(info.signal.as_deref(), Some("SIGSEGV"));
    assert_eq!(info.address, Some(0));
    assert_eq!(info.app_name, "paint");
    assert_eq!(info.release.as_deref(), Some("paint@2.0"));
    assert_eq!(info.environment.as_deref(), Some("studio"));
    assert!(info.removed.iter().any(|words| words.contains("environment")));
    let assembled = assemble(&served.store(), reports[0].id()).unwrap();
    let crash = assembled.crash.unwrap();
    let top = &crash.crashed_thread().unwrap().frames[0];
    assert!(top.function.as_deref().unwrap().ends_with("fill_pixel"), "{top:?}");
    assert_eq!(assembled.event["exception"]["values"][0]["type"], "SIGSEGV");
}

#[test]
fn several_clients_at_once_and_one_after_another() {
    let served = Served::start(&[]);
    let idle = served.connect();
    let together: Vec<_> = (0..6).map(|_| served.client("crash")).collect();
    for client in together {
        assert_eq!(died_of(finish(client)), Some(libc::SIGSEGV));
    }
    assert_eq!(served.reports().len(), 6, "{}", served.journal());
    for count in 7..9 {
        assert_eq!(died_of(served.run_client("crash")), Some(libc::SIGSEGV));
        assert_eq!(served.reports().len(), count, "{}", served.journal());
    }
    assert!(idle.ping());
}

#[test]
fn a_dump_on_request_leaves_the_client_running() {
    let served = Served::start(&[]);
    assert_eq!(served.run_client("survive").code(), Some(0));
    assert_eq!(served.reports().len(), 2, "{}", served.journal());
}

#[test]
fn a_forked_child_is_refused_and_its_parent_stays_watched() {
    let served = Served::start(&[]);
    assert_eq!(died_of(served.run_client("forked-child")), Some(libc::SIGSEGV));
    assert_eq!(served.reports().len(), 1, "{}", served.journal());
    assert!(served.journal().contains("refused"));
    assert_eq!(died_of(served.run_client("crash")), Some(libc::SIGSEGV));
    assert_eq!(served.reports().len(), 2);
}

#[test]
fn clients_that_are_killed_end_nothing() {
    let served = Served::start(&[]);
    let mut waiting = served.client("wait");
    served.wait_for(&format!("process {} is a client", waiting.id()));
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    served.wait_for(&format!("process {} is a client no longer", waiting.id()));
    for _ in 0..20 {
        assert_eq!(died_of(served.run_client("vanish")), Some(libc::SIGKILL));
    }
    let before = served.reports().len();
    assert_eq!(died_of(served.run_client("crash")), Some(libc::SIGSEGV));
    assert_eq!(served.reports().len(), before + 1, "{}", served.journal());
}

/// A capture that does not come to an end: the client waits no longer than our own apps do, and nobody else waits at all.
#[test]
fn a_client_that_cannot_be_stopped_blocks_nobody() {
    let served = Served::start(&[]);
    let fifo = served.socket().with_extension("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let mut stuck = served.client("stuck");
    served.wait_for(&format!("process {} asks for a dump", stuck.id()));
    assert_eq!(died_of(served.run_client("crash")), Some(libc::SIGSEGV));
    assert_eq!(served.reports().len(), 1, "{}", served.journal());
    assert!(stuck.try_wait().unwrap().is_none(), "it was not stuck");
    assert_eq!(finish(stuck).code(), Some(3));
    assert!(served.journal().contains("takes too long"));
    // Its child waits for this.
    drop(std::fs::File::options().write(true).open(fifo).unwrap());
    assert_eq!(died_of(served.run_client("crash")), Some(libc::SIGSEGV));
    assert_eq!(served.reports().len(), 2, "{}", served.journal());
}

/// The peer's server makes room for as many bytes as a header says, up to 4 GiB, and ends at a crash of the wrong size.
#[test]
fn garbage_ends_its_own_connection_and_nothing_else() {
    let served = Served::start(&[]);
    let good = served.connect();
    assert!(good.ping());
    let context_bytes = size_of::<crash_context::CrashContext>() as u32;
    for (kind, said_bytes, body) in [
        (0, u32::MAX, &b"x"[..]),
        (0, context_bytes, b"x"),
        (0, 0, b""),
        (0, 1, b"x"),
        (PING, 1, b""),
        (5, u32::MAX, b""),
        (5, 0, b"xyz"),
        (u32::MAX, 7, b""),
    ] {
        let bad = served.connect();
        assert!(bad.say(kind, said_bytes, body));
        assert_eq!(bad.hear(), None, "kind {kind}, {said_bytes} bytes");
    }
    for packet in [&b"x"[..], b"1234567", &[0; 65_536], &[255; 100_000]] {
        let bad = served.connect();
        assert!(bad.send(packet));
        assert_eq!(bad.hear(), None);
    }
    // A crash of another process than the one that is connected: refused, and the connection stays.
    let mut body = vec![0; context_bytes as usize];
    body[context_bytes as usize - 8..].copy_from_slice(&[1; 8]);
    let liar = served.connect();
    assert!(liar.say(0, context_bytes, &body));
    assert_eq!(liar.hear(), Some(PONG));
    assert!(liar.ping());
    assert!(good.ping());
    assert!(served.reports().is_empty());
    let peak_kb = status(served.pid(), "VmHWM:");
    assert!(peak_kb < 200_000, "{peak_kb} kB");
}

#[test]
fn messages_of_the_clients_own_are_let_go() {
    let served = Served::start(&[]);
    let client = served.connect();
    for (kind, bytes) in [(1, 0), (3, 8), (4, 100), (9, 65_536), (u32::MAX, 150_000)] {
        assert!(client.say(kind, bytes, &vec![b'x'; bytes as usize]));
    }
    assert!(client.ping());
}

/// One that asks and never reads is put off; nobody waits for it.
#[test]
fn a_client_that_reads_nothing_blocks_nobody() {
    let served = Served::start(&[]);
    let deaf = served.connect();
    let other = served.connect();
    let mut pings = 0;
    while deaf.say(PING, 0, &[]) {
        pings += 1;
        assert!(pings < 1_000_000, "it is served for ever");
    }
    assert!(other.ping());
    assert_eq!(died_of(served.run_client("crash")), Some(libc::SIGSEGV));
    assert_eq!(served.reports().len(), 1, "{}", served.journal());
}

#[test]
fn one_too_many_is_turned_away() {
    let served = Served::start(&[]);
    let clients: Vec<_> = (0..256).map(|_| served.connect()).collect();
    assert!(clients.iter().all(|client| client.ping()));
    assert_eq!(served.connect().hear(), None);
    let mut clients = clients;
    clients.pop();
    served.wait_for("is a client no longer");
    assert!(served.connect().ping());
}

#[test]
fn at_rest_nothing_wakes_up() {
    let served = Served::start(&["--dsn", "http://key@127.0.0.1:9/1"]);
    let clients = [served.connect(), served.connect()];
    assert!(clients.iter().all(|client| client.ping()));
    let rest = |served: &Served| {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", served.pid())).unwrap();
        let mut switches: Vec<(String, u64)> = tasks
            .map(|task| {
                let task = task.unwrap().file_name().into_string().unwrap();
                let path = format!("/proc/{}/task/{task}/status", served.pid());
                (
                    task,
                    field(&std::fs::read_to_string(path).unwrap(), "voluntary_ctxt_switches:"),
                )
            })
            .collect();
        switches.sort();
        switches
    };
    // The start is over when two looks are the same; from then on all are.
    let start = Instant::now();
    let mut before = rest(&served);
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = rest(&served);
        if now == before {
            break;
        }
        before = now;
        assert!(start.elapsed() < PATIENCE, "it never rests: {before:?}");
    }
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(rest(&served), before);
    assert!(clients.iter().all(|client| client.ping()));
    // A switch is counted when it goes back to sleep.
    let start = Instant::now();
    while rest(&served) == before {
        assert!(start.elapsed() < PATIENCE, "what is looked at does not count wake-ups");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn it_ends_when_asked_to_and_leaves_no_socket() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let served = Served::start(&[]);
        let client = served.connect();
        assert!(client.ping());
        let mode = std::fs::metadata(served.socket()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (ended, folder) = served.end(signal);
        assert_eq!(ended.code(), Some(0));
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(client.hear(), None);
    }
}

/// What was asked for before is done first.
#[test]
fn it_ends_only_when_nobody_waits_for_a_dump() {
    let served = Served::start(&[]);
    let client = served.connect();
    assert!(client.ping());
    served.signal(Signal::STOP);
    let bytes = size_of::<crash_context::CrashContext>();
    let mut body = vec![0; bytes];
    let own = (std::process::id() as i32).to_ne_bytes();
    body[bytes - 8..bytes - 4].copy_from_slice(&own);
    body[bytes - 4..].copy_from_slice(&own);
    assert!(client.say(0, bytes as u32, &body));
    served.signal(Signal::TERM);
    served.signal(Signal::CONT);
    // Nothing can be kept of a context without a stack pointer; what counts is the answer.
    assert_eq!(client.hear(), Some(PONG));
    assert_eq!(client.hear(), None);
    assert_eq!(served.wait().code(), Some(0));
}

#[test]
fn a_consent_given_beforehand_sends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (dsn, received) = http_server(folder.path().join("store"));
    let served = Served::start_in(folder, &["--dsn", &dsn, "--consent", "always"]);
    assert_eq!(died_of(served.run_client("crash")), Some(libc::SIGSEGV));
    let sent = received.recv_timeout(PATIENCE).unwrap();
    assert!(sent.starts_with("POST /api/1/envelope/"), "{sent}");
    served.wait_until("it is sent", || served.reports()[0].state() == State::Sent);
}

/// Without a consent and without a display the report stays, and nothing is sent.
#[test]
fn without_a_consent_the_report_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (dsn, received) = http_server(folder.path().join("store"));
    let served = Served::start_in(folder, &["--dsn", &dsn]);
    assert_eq!(died_of(served.run_client("crash")), Some(libc::SIGSEGV));
    served.wait_for("waits: there is nowhere to ask");
    assert_eq!(served.reports()[0].state(), State::Waiting);
    assert!(received.try_recv().is_err());
}

#[test]
fn one_that_was_killed_is_followed_by_another() {
    let (_, folder) = Served::start(&[]).end(Signal::KILL);
    assert!(folder.path().join("paint.sock").exists());
    let second = Served::start_in(folder, &[]);
    let third = Served::command(&second.folder).output().unwrap();
    assert_eq!(third.status.code(), Some(1));
    assert_eq!(died_of(second.run_client("crash")), Some(libc::SIGSEGV));
    assert_eq!(second.reports().len(), 1, "{}", second.journal());
}

#[test]
fn wrong_options_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let output = Served::command(&folder)
        .arg("--relase=1")
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("--relase") && words.contains("--help"), "{words}");
}

/// A server that takes the only report of a store, on a free port: its DSN, and the head of each request.
fn http_server(store_root: PathBuf) -> (String, Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let dsn = format!("http://key@{}/1", listener.local_addr().unwrap());
    let (heads, received) = channel();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = BufReader::new(connection.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert_ne!(connection.read_line(&mut head).unwrap(), 0);
            }
            let field = |line: &str| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok();
            let bytes: usize = head.lines().find_map(field).unwrap();
            connection.read_exact(&mut vec![0; bytes]).unwrap();
            let store = Store::open(&store_root, &AppId::new("paint").unwrap()).unwrap();
            let event_id = store.reports().unwrap()[0].info().unwrap().event_id;
            let body = format!("{{\"id\":\"{}\"}}", event_id.simple());
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            connection.get_mut().write_all(answer.as_bytes()).unwrap();
            heads.send(head).unwrap();
        }
    });
    (dsn, received)
}

#[test]
fn help_helps_beside_other_options() {
    let folder = tempfile::tempdir().unwrap();
    for option in ["--help", "-h"] {
        let output = Served::command(&folder).arg(option).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("--minidumper-socket PATH")
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn status(pid: u32, name: &str) -> u64 {
    field(&std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap(), name)
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
