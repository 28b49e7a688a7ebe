//! What the reporter must know of the app: the part that may lie on a disk, and the part that may not.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::OsText;

/// What the app asks the person, per report: the wire form of the store's consent policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Ask, report by report.
    #[default]
    Ask,
    /// The person has agreed to all, beforehand.
    Always,
    /// Nothing is sent.
    Never,
}

impl Policy {
    /// Of two, the one under which less is sent.
    #[must_use]
    pub fn stricter(self, other: Policy) -> Policy {
        match (self, other) {
            (Policy::Never, _) | (_, Policy::Never) => Policy::Never,
            (Policy::Ask, _) | (_, Policy::Ask) => Policy::Ask,
            (Policy::Always, Policy::Always) => Policy::Always,
        }
    }

    /// Back from its number on the wire; one that is not known is no consent.
    pub(crate) fn from_number(number: u32) -> Policy {
        match number {
            1 => Policy::Always,
            2 => Policy::Never,
            _ => Policy::Ask,
        }
    }
}

/// What a report says of its app. It is in the run file, so that the next start can make a report of a run whose reporter
/// could not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The app's name, as a person knows it.
    pub app_name: String,
    /// Where to send to.
    pub dsn: String,
    /// Release tag.
    pub release: Option<String>,
    /// Environment tag.
    pub environment: Option<String>,
    /// Consent.
    pub policy: Policy,
    /// How many breadcrumbs a report has at the most, the newest.
    pub max_breadcrumbs: usize,
    /// Keep stacks and registers as they are, instead of sanitising them.
    pub full_stacks: bool,
    /// What a person has said that the computer is called, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Whether a session of each run is told, for the health of releases.
    #[serde(default)]
    pub release_health: bool,
    /// How to send.
    #[serde(default)]
    pub transport: TransportSettings,
    /// What to do with crashes before anybody sees them.
    #[serde(default)]
    pub rules: CrashRules,
    /// Which secrets are taken out of texts.
    #[serde(default, skip_serializing_if = "Secrets::is_default")]
    pub secrets: Secrets,
}

/// How the reporter sends what is the app's. What is not said is decided by the uploader.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransportSettings {
    /// The longest a request may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// How often a request is tried again at once, before it waits for a later time.
    pub retries: Option<u32>,
    /// The proxy's URL; `none` for none, whatever the system says.
    pub proxy: Option<String>,
    /// A file of certificates (PEM) that are trusted besides the system's.
    pub ca_certificate: Option<OsText>,
}

/// What the app wants done with crashes, of which it can decide nothing any more when they happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrashRules {
    /// Crashes of which no report is made. One rule that holds is enough.
    pub drop: Vec<DropRule>,
    /// What is taken out of texts.
    pub redact: Vec<RedactRule>,
}

/// Crashes to drop: all that is said here holds for them. A rule that says nothing holds for none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DropRule {
    /// A pattern of the signature, in which `*` stands for any text.
    pub signature: Option<String>,
    /// The same of the file name of a module on the crashed thread's stack.
    pub module: Option<String>,
}

/// Text to take out of messages, tags, contexts, extra, users, breadcrumbs and attached text files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactRule {
    /// What it finds, in words for the person who is asked: `customer number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A regular expression.
    pub pattern: String,
    /// What stands there instead; if it is not said, `[removed: …]` with the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
}

impl RedactRule {
    /// What stands where it has found something.
    #[must_use]
    pub fn mark(&self) -> Cow<'_, str> {
        match (&self.with, &self.name) {
            (Some(with), _) => Cow::Borrowed(with),
            (None, Some(name)) => Cow::Owned(format!("[removed: {name}]")),
            (None, None) => Cow::Borrowed("[redacted]"),
        }
    }
}

/// What is known by its shape, or by the name before it, as nobody's business, and taken out of the same texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// In a URL before its host, or said to be one: `password=…`.
    Password,
    /// But for the one that the app says is its user's, in `user.email`.
    Email,
    /// Keys of Amazon, Google and Azure.
    CloudKey,
    /// Tokens and keys of services (GitHub, GitLab, Slack, Stripe and others), or said to be one: `api_key: …`, `?token=…`.
    AccessToken,
    /// JSON web tokens.
    WebToken,
    /// In PEM.
    PrivateKey,
    /// What follows `Authorization:`, `Bearer` and `Cookie:`.
    Authorization,
}

impl Secret {
    /// All kinds.
    pub const ALL: [Secret; 7] = [
        Secret::Password,
        Secret::Email,
        Secret::CloudKey,
        Secret::AccessToken,
        Secret::WebToken,
        Secret::PrivateKey,
        Secret::Authorization,
    ];
}

/// Which secrets are taken out of texts: all, where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Secrets {
    /// None are.
    pub off: bool,
    /// These are not.
    pub keep: Vec<Secret>,
}

impl Secrets {
    fn is_default(&self) -> bool {
        *self == Secrets::default()
    }
}

/// Where a person can go from the question: pages of the app's own, `http` or `https`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Links {
    /// What becomes of reports: the privacy policy.
    pub privacy: Option<String>,
    /// Where a newer version is.
    pub update: Option<String>,
}

/// All that the reporter must know of the app. It is in the private memory, before anything else starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The run this is.
    pub run_id: Uuid,
    /// The store's root folder; the reporter opens it itself.
    pub store_root: OsText,
    /// The app's id in the store.
    pub app_id: String,
    /// What a report says of the app.
    #[serde(flatten)]
    pub identity: Identity,
    /// What is shown beside the question.
    #[serde(default)]
    pub links: Links,
    /// The executable, for a restart.
    pub executable: OsText,
    /// Whether it can be started again: false where its arguments were too long to be told.
    pub can_restart: bool,
    /// Its arguments without the first, for a restart. They stay in memory.
    pub arguments: Vec<OsText>,
    /// Its working folder, for a restart.
    pub working_folder: OsText,
    /// The terminal on the app's standard error, if there is one: the place to ask where no window can be shown.
    pub terminal: Option<OsText>,
}
