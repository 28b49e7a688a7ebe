//! A load on one collector or several, and the account of it: what was answered with 200 is there, once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use afterword_servers::Connection;
use serde_json::{Value, json};

use super::program::Program;
use crate::process::{wait_for, wait_for_or};

/// Issues that the events of a load make.
const ISSUES: usize = 7;

/// Envelopes that are being sent over several connections, each with a number of its own.
pub(crate) struct Load {
    shared: Arc<Shared>,
    senders: Vec<JoinHandle<()>>,
}

struct Shared {
    key: String,
    project: String,
    numbers: Range<usize>,
    next: AtomicUsize,
    /// The addresses that are sent to, in turn.
    targets: Mutex<Vec<String>>,
    account: Mutex<Account>,
}

/// What became of the numbers.
#[derive(Debug, Default, Clone)]
pub(crate) struct Account {
    /// Answered with 200.
    pub(crate) accepted: BTreeSet<usize>,
    /// Answered with another status.
    pub(crate) refused: BTreeMap<usize, u16>,
    /// Sent, and never answered: there or not.
    pub(crate) unanswered: BTreeSet<usize>,
}

/// What an envelope of a load holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Event,
    /// An event with an attachment, large enough to be kept outside of the database.
    Large,
    Transaction,
    Session,
}

impl Load {
    /// Begins to send.
    pub(crate) fn begin(program: &Program, connections: usize, numbers: Range<usize>) -> Load {
        let (key, project) = program.key_and_project();
        let shared = Arc::new(Shared {
            key: key.to_owned(),
            project: project.to_owned(),
            next: AtomicUsize::new(numbers.start),
            numbers,
            targets: Mutex::new(vec![program.url.clone()]),
            account: Mutex::default(),
        });
        let senders = (0..connections)
            .map(|index| {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || shared.send(index))
            })
            .collect();
        Load { shared, senders }
    }

    /// Sends there from now on.
    pub(crate) fn aim(&self, targets: &[&str]) {
        *self.shared.targets.lock().unwrap() = targets.iter().map(|target| (*target).to_owned()).collect();
    }

    /// Waits until so many are accepted.
    pub(crate) fn wait_for_accepted(&self, count: usize) {
        wait_for("a part of the load", || {
            (self.shared.account.lock().unwrap().accepted.len() >= count).then_some(())
        });
    }

    /// Waits until all is sent.
    pub(crate) fn end(self) -> Account {
        for sender in self.senders {
            sender.join().unwrap();
        }
        self.shared.account.lock().unwrap().clone()
    }
}

impl Shared {
    fn send(&self, index: usize) {
        let mut connection = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.numbers.end {
                return;
            }
            let body = envelope(number);
            // Whether what was not answered was accepted, a client cannot know. Some send it again; of what is counted
            // and has no id by which it could be looked up, all do.
            let again = kind(number) == Kind::Session || number.is_multiple_of(2);
            loop {
                let answer = self.post(index, &mut connection, &body);
                let mut account = self.account.lock().unwrap();
                match answer {
                    Some(200) => {
                        account.accepted.insert(number);
                    }
                    Some(status) => {
                        account.refused.insert(number, status);
                    }
                    None if again => continue,
                    None => {
                        account.unanswered.insert(number);
                    }
                }
                break;
            }
        }
    }

    /// The status, or nothing if the connection broke after the request was begun.
    fn post(&self, index: usize, connection: &mut Option<Connection>, body: &[u8]) -> Option<u16> {
        let mut open = connection.take().unwrap_or_else(|| {
            wait_for("a collector that listens", || {
                let targets = self.targets.lock().unwrap();
                let target = targets[index % targets.len()].clone();
                drop(targets);
                Connection::open(&target).ok()
            })
        });
        let path = format!("/api/{}/envelope/?sentry_key={}", self.project, self.key);
        let answer = open.send("POST", &path, "", body).ok()?;
        *connection = Some(open);
        Some(answer.status)
    }
}

fn kind(number: usize) -> Kind {
    match number % 10 {
        7 => Kind::Large,
        8 => Kind::Transaction,
        9 => Kind::Session,
        _ => Kind::Event,
    }
}

fn event_id(number: usize) -> String {
    format!("{:032x}", number + 1)
}

fn envelope(number: usize) -> Vec<u8> {
    let id = event_id(number);
    let seconds = 1_795_000_000 + number;
    let issue = number % ISSUES;
    let event = json!({
        "level": "error", "platform": "native", "release": "load@1.0.0", "environment": "test", "timestamp": seconds,
        "tags": {"number": number.to_string()}, "user": {"id": format!("user-{}", number % 50)},
        "exception": {"values": [{
            "type": format!("Failure{issue}"), "value": format!("the load broke {number}"),
            "stacktrace": {"frames": [{"function": format!("load_{issue}"), "filename": "load.rs", "in_app": true}]},
        }]},
    });
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let session = json!({
        "sid": id, "started": now.as_secs(), "status": "exited", "seq": 0, "init": true,
        "attrs": {"release": "load@1.0.0", "environment": "test"},
    });
    let transaction = json!({
        "type": "transaction", "transaction": "load", "start_timestamp": seconds, "timestamp": seconds + 1,
        "contexts": {"trace": {"trace_id": id, "span_id": &id[16..], "op": "load"}},
    });
    let items = match kind(number) {
        Kind::Event => format!("{{\"type\":\"event\"}}\n{event}\n"),
        Kind::Transaction => format!("{{\"type\":\"transaction\"}}\n{transaction}\n"),
        Kind::Session => return format!("{{}}\n{{\"type\":\"session\"}}\n{session}\n").into_bytes(),
        Kind::Large => {
            let text: String = (0..20_000).map(|line| format!("{number} {line}\n")).collect();
            format!(
                "{{\"type\":\"event\"}}\n{event}\n{{\"type\":\"attachment\",\"filename\":\"log\",\"length\":{}}}\n{text}\n",
                text.len()
            )
        }
    };
    format!("{{\"event_id\":\"{id}\"}}\n{items}").into_bytes()
}

impl Account {
    /// That of another load, of other numbers.
    pub(crate) fn add(&mut self, other: Account) {
        self.accepted.extend(other.accepted);
        self.refused.extend(other.refused);
        self.unanswered.extend(other.unanswered);
    }

    /// Nothing was refused; what was accepted is there, once; what was not answered may be there, once.
    pub(crate) fn check(&self, program: &Program) {
        assert!(self.refused.is_empty(), "{:?}", self.refused);
        self.check_what_was_accepted(program);
    }

    /// The same, where some may have been refused: they are not there.
    pub(crate) fn check_what_was_accepted(&self, program: &Program) {
        let mut present: Vec<usize> = Vec::new();
        for number in self
            .accepted
            .iter()
            .copied()
            .filter(|number| kind(*number) != Kind::Session)
        {
            let event = program.event(&event_id(number));
            self.check_one(number, &event);
            present.push(number);
        }
        // What was digested stays digested, and the inbox is worked off in order: what is not there now is not coming.
        for number in self.unanswered.iter().chain(self.refused.keys()).copied() {
            if kind(number) == Kind::Session {
                continue;
            }
            let path = format!("projects/studio/paint/events/{}/", event_id(number));
            if let Some(event) = program.get(&path) {
                assert!(!self.refused.contains_key(&number), "{number} was refused");
                self.check_one(number, &event);
                present.push(number);
            }
        }
        let mut expected = BTreeMap::new();
        for number in present.iter().filter(|number| kind(**number) != Kind::Transaction) {
            *expected.entry(format!("Failure{}", number % ISSUES)).or_insert(0_u64) += 1;
        }
        let counts = || -> BTreeMap<String, u64> {
            let issues = program.issues();
            let pair = |issue: &Value| {
                let title = issue["title"].as_str().unwrap();
                let name = title.split(':').next().unwrap().to_owned();
                (name, issue["count"].as_str().unwrap().parse().unwrap())
            };
            let counts: BTreeMap<String, u64> = issues.iter().map(pair).collect();
            assert_eq!(counts.len(), issues.len(), "two issues of a kind: {issues:#?}");
            counts
        };
        assert_eq!(counts(), expected);

        let sessions = self
            .accepted
            .iter()
            .filter(|number| kind(**number) == Kind::Session)
            .count() as u64;
        let path = "organizations/studio/sessions/?field=sum(session)&query=release:load@1.0.0&statsPeriod=1d";
        let sum = |answer: &Value| {
            answer["groups"][0]["totals"]["sum(session)"]
                .as_u64()
                .unwrap_or_default()
        };
        wait_for_or(
            || format!("{sessions} sessions; there are {}", sum(&program.get(path).unwrap())),
            || (sum(&program.get(path).unwrap()) == sessions).then_some(()),
        );
    }

    fn check_one(&self, number: usize, event: &Value) {
        match kind(number) {
            Kind::Event | Kind::Large => {
                assert_eq!(event["raw"]["tags"]["number"], number.to_string());
                let attachments = event["attachments"].as_array().unwrap().len();
                assert_eq!(
                    attachments,
                    usize::from(kind(number) == Kind::Large),
                    "{number}: {event:#}"
                );
            }
            Kind::Transaction => assert_eq!(event["title"], "load"),
            Kind::Session => unreachable!("a session is no event"),
        }
    }
}
