//! What an application can choose: as a builder, as a table of its own settings file, and from the environment.

mod builder;
mod environment;
mod hooks;
mod resolved;
mod settings;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use settings::{Consent, CrashRules, Delivery, DropRule, RedactRule, Reporter, Secret, Secrets, Transport};

pub(crate) use environment::of_process;
pub(crate) use hooks::{Hooks, apply, apply_under_hub, is_under_hub, say_what_is_unsaid};
pub(crate) use resolved::{Resolved, Tracing};
pub(crate) use settings::Settings;

/// How Afterword is set up: a builder, and a table of an application's own settings file (TOML, JSON, YAML, …) through
/// `serde`.
///
/// What the builder says counts. What it does not say is looked for in the settings table that the builder began with, then
/// in the environment; then the default holds. A value that is none (a rate of 7, a misspelt word) is an error of
/// [`init`](Options::init) that names it and where it stands.
///
/// | setting, and the builder's method | in the environment | default | what |
/// | --- | --- | --- | --- |
/// | `dsn` | `SENTRY_DSN` | none | where reports go; empty turns everything off, whatever the environment says |
/// | `release` | `SENTRY_RELEASE` | none | release tag, see [`crate::release_name!`] |
/// | `environment` | `SENTRY_ENVIRONMENT` | `development` in debug builds, else `production` | environment tag |
/// | `server_name` | `SENTRY_SERVER_NAME` | none | a name of the computer; never looked up, since it names a person as often as not |
/// | `sample_rate` | `SENTRY_SAMPLE_RATE` | 1.0 | part of the errors and messages that are kept; decided before `before_send`; not for crashes |
/// | `enable_tracing` | `SENTRY_ENABLE_TRACING` | whether a rate or a sampler is given | `true` without a rate means all; `false` turns tracing off |
/// | `traces_sample_rate` | `SENTRY_TRACES_SAMPLE_RATE` | none | part of the transactions that are kept, where no caller has decided |
/// | `traces_sampler` | – | none | decides instead of the rate |
/// | `before_send` | – | none | changes or drops errors and messages; crashes follow `crash_rules` |
/// | `before_send_transaction` | – | none | changes or drops transactions |
/// | `before_breadcrumb` | – | none | changes or drops breadcrumbs; runs under the hub's lock: no calls of hubs in it |
/// | `attach_stacktrace` | `SENTRY_ATTACH_STACKTRACE` | `false` | a stack with plain messages too |
/// | `max_breadcrumbs` | `SENTRY_MAX_BREADCRUMBS` | 100 | how many breadcrumbs are kept (at most 112 in a crash report) |
/// | `send_default_pii` | `SENTRY_SEND_DEFAULT_PII` | `false` | lets integrations add what tells a person |
/// | `debug` | `SENTRY_DEBUG` | `false` | the client says what it does, on standard error |
/// | `transport.delivery` | `AFTERWORD_DELIVERY` | `asynchronous` | see [`Delivery`] |
/// | `transport.timeout_ms` | `AFTERWORD_TIMEOUT_MS` | 30 000 and 600 000 | the longest that a synchronous capture waits, and that a request takes |
/// | `transport.retries` | `AFTERWORD_RETRIES` | 2 | tries at once, before it is left for later |
/// | `transport.proxy` | `AFTERWORD_PROXY` | the system's | a proxy's URL, or `none` |
/// | `transport.ca_certificate` | `AFTERWORD_CA_CERTIFICATE` | none | PEM file of certificates that are trusted besides the system's |
/// | `consent` | `AFTERWORD_CONSENT` | `ask` | see [`Consent`] |
/// | `crash_rules` | – | none | see [`CrashRules`]; what it redacts is redacted in captured errors and transactions too |
/// | `secrets` | – | all are removed | which kinds of passwords, tokens and addresses stay in texts, see [`Secrets`] |
/// | `release_health` | `AFTERWORD_RELEASE_HEALTH` | `true` | a session for each run, if there is a release |
/// | `app_name` | – | the executable's name | what a person calls the program |
/// | `app_id` | – | `app_name`, made safe | the folder of its reports in the store |
/// | `privacy_url` | – | none | a page that says what becomes of reports, linked beside the question |
/// | `update_url` | – | none | a page with a newer version, linked after sending where the server knows the crash as fixed |
/// | `store` | `AFTERWORD_STORE` | the user's data folder | root of the store |
/// | `reporter` | `AFTERWORD_REPORTER` | `beside` | see [`Reporter`]; a path in the environment |
/// | `deadline_ms` | `AFTERWORD_DEADLINE_MS` | 10 000 | how long a crashing program waits for its report to be kept |
/// | `full_stacks` | – | `false` | keep stacks, registers and the memory around them as they are, with the data and text in them |
///
/// Yes and no in the environment are `1`, `true`, `yes`, `on` and `0`, `false`, `no`, `off`. A variable that is empty is
/// one that is not there, but for `SENTRY_DSN`, which turns everything off then.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Settings", into = "Settings")]
pub struct Options {
    pub(crate) settings: Settings,
    pub(crate) hooks: Hooks,
}

impl From<Settings> for Options {
    fn from(settings: Settings) -> Options {
        Options {
            settings,
            hooks: Hooks::default(),
        }
    }
}

impl From<Options> for Settings {
    fn from(options: Options) -> Settings {
        options.settings
    }
}
