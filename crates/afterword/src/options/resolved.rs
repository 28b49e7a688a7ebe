//! What holds, once everybody has been asked and every value has been looked at.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use afterword_channel::{Links, TransportSettings};
use regex::RegexBuilder;
use sentry::types::{Dsn, ParseDsnError};

use super::environment::Environment;
use super::{Consent, CrashRules, Delivery, Hooks, Options, RedactRule, Reporter, Secret, Secrets, Settings};
use crate::InitError;

/// The longest that a crashing program may be made to wait.
const MAX_DEADLINE_MS: u64 = 60_000;
const DEFAULT_DEADLINE_MS: u64 = 10_000;
const DEFAULT_TIMEOUT_MS: u64 = 30_000;
const MAX_TIMEOUT_MS: u64 = 3_600_000;
const MAX_RETRIES: u32 = 10;
const DEFAULT_BREADCRUMBS: usize = 100;
/// Rules are kept in each run file.
const MAX_RULES: usize = 50;
const MAX_RULE_BYTES: usize = 4096;
const MAX_NAME_BYTES: usize = 100;
const MAX_PAGE_BYTES: usize = 2000;
/// A pattern that takes more, once compiled, the reporter would leave out.
const MAX_EXPRESSION_BYTES: usize = 1024 * 1024;

/// Options of which every value counts.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    /// None: everything is off.
    pub(crate) dsn: Option<Dsn>,
    pub(crate) app_name: Option<String>,
    pub(crate) app_id: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) environment: String,
    pub(crate) server_name: Option<String>,
    pub(crate) sample_rate: f32,
    pub(crate) tracing: Tracing,
    pub(crate) attach_stacktrace: bool,
    pub(crate) max_breadcrumbs: usize,
    pub(crate) send_default_pii: bool,
    pub(crate) debug: bool,
    pub(crate) delivery: Delivery,
    pub(crate) timeout: Duration,
    /// What of the transport is the reporter's.
    pub(crate) transport: TransportSettings,
    pub(crate) consent: Consent,
    pub(crate) crash_rules: CrashRules,
    pub(crate) secrets: Secrets,
    pub(crate) release_health: bool,
    pub(crate) links: Links,
    pub(crate) store: Option<PathBuf>,
    pub(crate) reporter: Reporter,
    pub(crate) deadline_ms: u64,
    pub(crate) full_stacks: bool,
    pub(crate) hooks: Hooks,
}

/// Whether there are transactions, and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tracing {
    Off,
    Rate(f32),
    Sampler,
}

impl Options {
    /// Asks everybody, in the order of precedence.
    ///
    /// # Errors
    /// [`InitError::InvalidDsn`], [`InitError::InvalidOption`]. Nothing is looked at when the DSN is empty: what is off
    /// cannot be wrong.
    pub(crate) fn resolve(self, environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Resolved, InitError> {
        let Options { settings, hooks } = self;
        let is_off = |dsn: &Option<String>| dsn.as_deref().is_some_and(|dsn| dsn.trim().is_empty());
        let settings = if is_off(&settings.dsn) {
            Settings::default()
        } else {
            settings.or_from(&Environment(environment))?
        };
        let dsn = parse_dsn(settings.dsn.as_deref().unwrap_or_default())?;
        let transport = settings.transport;
        let timeout_ms = within("transport.timeout_ms", transport.timeout_ms, 1..=MAX_TIMEOUT_MS)?;
        Ok(Resolved {
            dsn,
            tracing: tracing(
                settings.enable_tracing,
                rate("traces_sample_rate", settings.traces_sample_rate)?,
                hooks.traces_sampler.is_some(),
            ),
            app_name: settings.app_name,
            app_id: settings.app_id,
            release: settings.release.filter(|release| !release.trim().is_empty()),
            environment: settings.environment.unwrap_or_else(default_environment),
            server_name: settings.server_name,
            sample_rate: rate("sample_rate", settings.sample_rate)?.unwrap_or(1.0),
            attach_stacktrace: settings.attach_stacktrace.unwrap_or(false),
            max_breadcrumbs: settings.max_breadcrumbs.unwrap_or(DEFAULT_BREADCRUMBS),
            send_default_pii: settings.send_default_pii.unwrap_or(false),
            debug: settings.debug.unwrap_or(false),
            delivery: transport.delivery.unwrap_or_default(),
            timeout: Duration::from_millis(timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS)),
            transport: TransportSettings {
                timeout_ms,
                retries: within("transport.retries", transport.retries, 0..=MAX_RETRIES)?,
                proxy: transport.proxy,
                ca_certificate: transport
                    .ca_certificate
                    .map(|path| std::path::absolute(&path).unwrap_or(path).into()),
            },
            consent: settings.consent.unwrap_or_default(),
            crash_rules: checked(settings.crash_rules)?,
            // Each once: they are kept in each run file.
            secrets: Secrets {
                off: settings.secrets.off,
                keep: Secret::ALL
                    .into_iter()
                    .filter(|kind| settings.secrets.keep.contains(kind))
                    .collect(),
            },
            release_health: settings.release_health.unwrap_or(true),
            links: Links {
                privacy: page("privacy_url", settings.privacy_url)?,
                update: page("update_url", settings.update_url)?,
            },
            store: settings.store,
            reporter: settings.reporter.unwrap_or_default(),
            deadline_ms: settings.deadline_ms.unwrap_or(DEFAULT_DEADLINE_MS).min(MAX_DEADLINE_MS),
            full_stacks: settings.full_stacks.unwrap_or(false),
            hooks,
        })
    }
}

fn default_environment() -> String {
    let name = if cfg!(debug_assertions) {
        "development"
    } else {
        "production"
    };
    name.to_owned()
}

fn tracing(enable: Option<bool>, rate: Option<f32>, has_sampler: bool) -> Tracing {
    match (enable, rate) {
        (Some(false), _) => Tracing::Off,
        _ if has_sampler => Tracing::Sampler,
        (_, Some(rate)) => Tracing::Rate(rate),
        (Some(true), None) => Tracing::Rate(1.0),
        (None, None) => Tracing::Off,
    }
}

fn rate(option: &str, rate: Option<f32>) -> Result<Option<f32>, InitError> {
    match rate {
        // A number that is none is in no range.
        Some(rate) if !(0.0..=1.0).contains(&rate) => Err(invalid(option, format!("{rate} is not between 0 and 1"))),
        rate => Ok(rate),
    }
}

fn within<T: PartialOrd + std::fmt::Display>(
    option: &str,
    number: Option<T>,
    range: std::ops::RangeInclusive<T>,
) -> Result<Option<T>, InitError> {
    match number {
        Some(number) if !range.contains(&number) => Err(invalid(
            option,
            format!("{number} is not between {} and {}", range.start(), range.end()),
        )),
        number => Ok(number),
    }
}

/// A page that a browser can be sent to.
fn page(option: &str, url: Option<String>) -> Result<Option<String>, InitError> {
    let Some(url) = url else { return Ok(None) };
    let url = url.trim();
    if url.is_empty() {
        return Ok(None);
    }
    let lower = url.to_ascii_lowercase();
    let place = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let has_host = place.is_some_and(|place| place.starts_with(|char: char| char.is_alphanumeric() || char == '['));
    let is_plain = !url.contains(|char: char| char.is_whitespace() || char.is_control());
    if !has_host || !is_plain || url.len() > MAX_PAGE_BYTES {
        let why =
            format!("{url:?} is no URL that begins with https:// or http://, of {MAX_PAGE_BYTES} bytes at the most");
        return Err(invalid(option, why));
    }
    Ok(Some(url.to_owned()))
}

/// Rules that the reporter can apply: few, short, and each says something.
fn checked(rules: CrashRules) -> Result<CrashRules, InitError> {
    let texts = rules
        .drop
        .iter()
        .flat_map(|rule| [&rule.signature, &rule.module])
        .flatten()
        .chain(rules.redact.iter().flat_map(|rule| {
            let said = [&rule.name, &rule.with].into_iter().flatten();
            said.chain([&rule.pattern])
        }));
    if rules.drop.len() + rules.redact.len() > MAX_RULES || texts.map(String::len).sum::<usize>() > MAX_RULE_BYTES {
        return Err(invalid(
            "crash_rules",
            format!("there may be {MAX_RULES} rules, of {MAX_RULE_BYTES} bytes in all"),
        ));
    }
    let is_empty = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if rules
        .drop
        .iter()
        .any(|rule| is_empty(&rule.signature) && is_empty(&rule.module))
    {
        return Err(invalid(
            "crash_rules.drop",
            "a rule names neither a signature nor a module".to_owned(),
        ));
    }
    for (index, rule) in rules.redact.iter().enumerate() {
        check_redaction(index, rule)?;
    }
    Ok(rules)
}

/// A rule is told by its name, or by its place where it has none.
fn check_redaction(index: usize, rule: &RedactRule) -> Result<(), InitError> {
    let told = match &rule.name {
        Some(name) => format!("rule {name:?}"),
        None => format!("rule {}", index + 1),
    };
    let wrong = |why: String| Err(invalid("crash_rules.redact", format!("{told}: {why}")));
    let name = rule.name.as_deref();
    if name.is_some_and(|name| name.trim().is_empty() || name.len() > MAX_NAME_BYTES) {
        return wrong(format!("its name is empty, or longer than {MAX_NAME_BYTES} bytes"));
    }
    if rule.pattern.is_empty() {
        return wrong("its pattern is empty".to_owned());
    }
    let built = RegexBuilder::new(&rule.pattern)
        .size_limit(MAX_EXPRESSION_BYTES)
        .build();
    built.map(|_| ()).or_else(|error| wrong(error.to_string()))
}

fn invalid(option: &str, why: String) -> InitError {
    InitError::InvalidOption {
        option: option.to_owned(),
        why,
    }
}

fn parse_dsn(dsn: &str) -> Result<Option<Dsn>, InitError> {
    let dsn = dsn.trim();
    if dsn.is_empty() {
        return Ok(None);
    }
    Dsn::from_str(dsn).map(Some).map_err(|error| InitError::InvalidDsn {
        dsn: without_secret(dsn),
        why: in_words(&error).to_owned(),
    })
}

fn in_words(error: &ParseDsnError) -> &'static str {
    match error {
        ParseDsnError::InvalidUrl => "it is not a URL",
        ParseDsnError::InvalidScheme => "its scheme is neither http nor https",
        ParseDsnError::NoUsername => "the public key before the @ is missing",
        ParseDsnError::NoProjectId => "the project after the host is missing",
        ParseDsnError::InvalidProjectId(_) => "the project after the host cannot be read",
    }
}

fn without_secret(dsn: &str) -> String {
    match dsn.split_once('@') {
        Some((before, after)) => match before.rsplit_once(':') {
            Some((scheme_and_key, secret)) if !secret.starts_with("//") => format!("{scheme_and_key}:…@{after}"),
            _ => dsn.to_owned(),
        },
        None => dsn.to_owned(),
    }
}
