//! The settings that are data. What is not said is `None`: somebody else may say it.

use std::path::PathBuf;

use afterword_store::ConsentPolicy;
use serde::{Deserialize, Serialize};

pub use afterword_channel::{CrashRules, DropRule, RedactRule, Secret, Secrets};

/// A table of [`Options`](crate::Options), without its hooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dsn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sample_rate: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enable_tracing: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) traces_sample_rate: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attach_stacktrace: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_breadcrumbs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) send_default_pii: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) debug: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) transport: Transport,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) consent: Option<Consent>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) crash_rules: CrashRules,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) secrets: Secrets,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) release_health: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) privacy_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reporter: Option<Reporter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deadline_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) full_stacks: Option<bool>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How what was captured gets to the server. What is not said is decided elsewhere: see the table of
/// [`Options`](crate::Options).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Transport {
    /// Whether a capture waits for the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// The longest a request takes, and a synchronous capture waits, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// How often a request is tried again at once, before it is left for later. At most 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// The proxy's URL; `none` for none, whatever the system says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// A file of certificates (PEM) that are trusted besides the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<PathBuf>,
}

/// Whether a capture waits for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// No: it is kept, and sent by the reporter.
    #[default]
    Asynchronous,
    /// Yes: a capture returns when the server has answered, when consent holds it back, or at the transport's timeout; then
    /// it is kept and sent later. For command lines and tests; never on a thread that draws.
    Synchronous,
}

/// What may be sent without asking. What the person chooses at runtime counts before it: see [`set_consent`](crate::set_consent).
///
/// | captured | `ask` | `always` | `never` |
/// | --- | --- | --- | --- |
/// | crash, panic, error, hang | waits for an answer | sent | not kept |
/// | transaction, session, feedback, client report, log, metric, check-in | held until a consent covers it | sent | not kept |
///
/// For what waits or is held, [`flush`](crate::flush) does not wait: it says which kinds they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Nothing: the person is asked for each report.
    #[default]
    Ask,
    /// Everything: the person has agreed to that in the application itself.
    Always,
    /// Nothing is kept and nothing is sent.
    Never,
}

impl From<Consent> for ConsentPolicy {
    fn from(consent: Consent) -> ConsentPolicy {
        match consent {
            Consent::Ask => ConsentPolicy::Ask,
            Consent::Always => ConsentPolicy::Always,
            Consent::Never => ConsentPolicy::Never,
        }
    }
}

/// Which program is the reporter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reporter {
    /// `afterword-reporter`, in the folder of the application's executable.
    #[default]
    Beside,
    /// The application's own executable, which calls `afterword_reporter::run_if_asked()` first in `main`.
    Itself,
    /// The program at this path.
    At(PathBuf),
}
