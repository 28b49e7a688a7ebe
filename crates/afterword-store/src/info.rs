//! What a report consists of: its files and the three small JSON records about it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{ConsentPolicy, ReportId};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Most bytes of `report.json`.
pub(crate) const REPORT_JSON_MAX_BYTES: u64 = 4 * MIB;
/// Most bytes of `answer.json` and of `delivery.json`.
pub(crate) const RECORD_MAX_BYTES: u64 = 256 * KIB;

/// Where a report is in its life. Each is a folder; see the crate's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Being written.
    New,
    /// Complete, without a carried-out answer.
    Waiting,
    /// To be sent: the person or the policy said so.
    Sending,
    /// Accepted by the server; only a record is left.
    Sent,
    /// Refused by the server; kept, with its words.
    Refused,
}

impl State {
    /// All states a finished report can be in.
    pub(crate) const LISTED: [State; 4] = [State::Waiting, State::Sending, State::Refused, State::Sent];

    /// The folder's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::New => "new",
            State::Waiting => "waiting",
            State::Sending => "sending",
            State::Sent => "sent",
            State::Refused => "refused",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What happened to the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportKind {
    /// A signal or exception ended it; there is a minidump.
    Crash,
    /// A panic ended it.
    Panic,
    /// It went on; there is an envelope.
    Error,
    /// It did not respond, and went on; there is a minidump.
    Hang,
}

/// A payload file of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportFile {
    /// The scrubbed minidump.
    Minidump,
    /// The assembled Sentry event, JSON.
    Event,
    /// The processed stack, JSON; opaque to the store.
    Stack,
    /// For [`ReportKind::Error`]: the envelope exactly as it will be sent.
    Envelope,
}

impl ReportFile {
    /// Every payload file.
    pub const ALL: [ReportFile; 4] = [
        ReportFile::Minidump,
        ReportFile::Event,
        ReportFile::Stack,
        ReportFile::Envelope,
    ];

    /// Its file name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReportFile::Minidump => "minidump.dmp",
            ReportFile::Event => "event.json",
            ReportFile::Stack => "stack.json",
            ReportFile::Envelope => "envelope",
        }
    }

    /// Most bytes it may have, when written and when read.
    #[must_use]
    pub fn max_bytes(self) -> u64 {
        match self {
            ReportFile::Minidump => 256 * MIB,
            ReportFile::Event => 16 * MIB,
            ReportFile::Stack => 64 * MIB,
            ReportFile::Envelope => 200 * MIB,
        }
    }
}

/// `report.json`: what is known of a report without opening its payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportInfo {
    /// [`ReportInfo::VERSION`] for what this crate writes.
    pub version: u32,
    /// Names the folder it lies in.
    pub report_id: ReportId,
    /// What the server will know it by.
    pub event_id: Uuid,
    /// What happened.
    pub kind: ReportKind,
    /// Where it will go.
    pub dsn: String,
    /// The app's name for people.
    pub app_name: String,
    /// The app's release.
    pub release: Option<String>,
    /// Such as `production`.
    pub environment: Option<String>,
    /// When it happened, UTC, RFC 3339.
    #[serde(with = "time::serde::rfc3339")]
    pub captured_at: OffsetDateTime,
    /// In a word: `SIGSEGV`, `panic`, `error`.
    pub reason: String,
    /// The signal's name, where one ended the app.
    pub signal: Option<String>,
    /// The address that was touched.
    pub address: Option<u64>,
    /// The panic's or error's message.
    pub message: Option<String>,
    /// The thread it happened on.
    pub thread_name: Option<String>,
    /// A part of the Sentry event: scope, tags, contexts, breadcrumbs as mirrored before the crash. `null` once sent.
    pub event: serde_json::Value,
    /// What was scrubbed, in words.
    pub removed: Vec<String>,
    /// What could not be done while capturing, in words.
    pub soft_errors: Vec<String>,
    /// Who decides whether it is sent.
    #[serde(default)]
    pub policy: ConsentPolicy,
}

impl ReportInfo {
    /// The version this crate writes and the newest it reads.
    pub const VERSION: u32 = 1;
}

/// What the person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Send it.
    Send,
    /// Do not send it: it is deleted.
    DontSend,
}

/// `answer.json`: the answer, and the evidence of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Send or not.
    pub decision: Decision,
    /// What the person wrote; sent as feedback.
    pub comment: Option<String>,
    /// How to reach the person.
    pub email: Option<String>,
    /// Whether the app was to be started again.
    pub restart: bool,
    /// When, UTC, RFC 3339.
    #[serde(with = "time::serde::rfc3339")]
    pub answered_at: OffsetDateTime,
    /// Which wording of the question was answered.
    pub text_version: u32,
    /// In which language.
    pub locale: String,
    /// When the question was put, if it is known. A comment has this time on the wire, since what is shown of it before the
    /// answer is what is sent.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub asked_at: Option<OffsetDateTime>,
    /// The parts that were shown and go, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// The parts that the person left out, by name: they never go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Whether it was to be done with later reports too, without asking.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always: bool,
}

impl Answer {
    /// The plain answer: no comment, everything as it is, this once.
    #[must_use]
    pub fn new(decision: Decision, answered_at: OffsetDateTime, text_version: u32, locale: &str) -> Answer {
        Answer {
            decision,
            comment: None,
            email: None,
            restart: false,
            answered_at,
            text_version,
            locale: locale.to_owned(),
            asked_at: None,
            items: Vec::new(),
            left_out: Vec::new(),
            always: false,
        }
    }
}

/// `delivery.json`: how sending went so far. Absent before the first attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// Attempts so far.
    pub attempts: u32,
    /// Not before.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_attempt_at: Option<OffsetDateTime>,
    /// Why the last attempt failed, in words.
    pub last_error: Option<String>,
    /// When the server's 2xx for the report was recorded: from then on it is never sent again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub report_accepted_at: Option<OffsetDateTime>,
    /// The same for the comment.
    #[serde(with = "time::serde::rfc3339::option")]
    pub feedback_accepted_at: Option<OffsetDateTime>,
    /// Bytes of the requests' bodies as they went over the wire, of what was accepted.
    pub bytes_sent: u64,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// What the server said when it refused.
    pub server_words: Option<String>,
    /// The event id the server answered with.
    pub event_id: Option<String>,
    /// What the server knows of the crash, if it said so soon after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownCrash>,
}

/// What a server knows of a crash that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownCrash {
    /// What its developers call it: `EDITOR-3`.
    pub short_id: String,
    /// Nobody had it before.
    pub is_new: bool,
    /// It is fixed, or taken to be.
    pub is_fixed: bool,
    /// The release in which it is fixed, if that is known.
    pub fixed_in: Option<String>,
    /// A release that is newer than the one that crashed.
    pub newer_release: Option<String>,
}

impl KnownCrash {
    /// What of it helps whoever sent the report, as a sentence; `None` if it is new.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        // `editor@1.4.2` is how developers call it.
        let version = |release: &String| release.rsplit('@').next().unwrap_or_default().to_owned();
        let newer = self.newer_release.as_ref().map(version);
        match (&self.fixed_in, self.is_fixed) {
            (Some(release), _) => Some(format!("This crash is known and fixed in {}.", version(release))),
            (None, true) => Some(match newer {
                Some(newer) => format!("This crash is known and fixed. The newest version is {newer}."),
                None => "This crash is known and fixed in a version to come.".to_owned(),
            }),
            (None, false) if !self.is_new => Some("This crash is known.".to_owned()),
            (None, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_a_sentence() {
        let text = |text: &str| Some(text.to_owned());
        let known = |is_new, is_fixed, fixed_in: Option<&str>, newer: Option<&str>| {
            KnownCrash {
                short_id: "EDITOR-3".to_owned(),
                is_new,
                is_fixed,
                fixed_in: fixed_in.map(str::to_owned),
                newer_release: newer.map(str::to_owned),
            }
            .sentence()
        };
        assert_eq!(known(true, false, None, None), None);
        assert_eq!(known(false, false, None, None), text("This crash is known."));
        let fixed = known(false, true, Some("editor@1.4.2"), Some("editor@1.5.0"));
        assert_eq!(fixed, text("This crash is known and fixed in 1.4.2."));
        let newer = known(false, true, None, Some("1.5.0"));
        assert_eq!(
            newer,
            text("This crash is known and fixed. The newest version is 1.5.0.")
        );
        assert!(known(false, true, None, None).is_some());
    }
}
