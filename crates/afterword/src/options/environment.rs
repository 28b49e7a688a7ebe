//! Settings from the environment, for what neither the builder nor the app's settings say.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};

use super::{Reporter, Settings};
use crate::InitError;

/// A variable of this process.
pub(crate) fn of_process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Where variables are looked up.
pub(super) struct Environment<'a>(pub(super) &'a dyn Fn(&str) -> Option<OsString>);

type Found<T> = Result<Option<T>, InitError>;

impl Settings {
    /// The same, with what they do not say taken from the environment. The store's root is looked up by the store.
    ///
    /// # Errors
    /// [`InitError::InvalidOption`], naming the variable.
    pub(super) fn or_from(mut self, environment: &Environment<'_>) -> Result<Settings, InitError> {
        let env = environment;
        fill(&mut self.dsn, || Ok(env.dsn()))?;
        fill(&mut self.release, || env.text("SENTRY_RELEASE"))?;
        fill(&mut self.environment, || env.text("SENTRY_ENVIRONMENT"))?;
        fill(&mut self.server_name, || env.text("SENTRY_SERVER_NAME"))?;
        fill(&mut self.sample_rate, || env.number("SENTRY_SAMPLE_RATE"))?;
        fill(&mut self.enable_tracing, || env.truth("SENTRY_ENABLE_TRACING"))?;
        fill(&mut self.traces_sample_rate, || env.number("SENTRY_TRACES_SAMPLE_RATE"))?;
        fill(&mut self.attach_stacktrace, || env.truth("SENTRY_ATTACH_STACKTRACE"))?;
        fill(&mut self.max_breadcrumbs, || env.number("SENTRY_MAX_BREADCRUMBS"))?;
        fill(&mut self.send_default_pii, || env.truth("SENTRY_SEND_DEFAULT_PII"))?;
        fill(&mut self.debug, || env.truth("SENTRY_DEBUG"))?;
        let transport = &mut self.transport;
        fill(&mut transport.delivery, || env.word("AFTERWORD_DELIVERY"))?;
        fill(&mut transport.timeout_ms, || env.number("AFTERWORD_TIMEOUT_MS"))?;
        fill(&mut transport.retries, || env.number("AFTERWORD_RETRIES"))?;
        fill(&mut transport.proxy, || env.text("AFTERWORD_PROXY"))?;
        fill(&mut transport.ca_certificate, || {
            Ok(env.path("AFTERWORD_CA_CERTIFICATE"))
        })?;
        fill(&mut self.consent, || env.word("AFTERWORD_CONSENT"))?;
        fill(&mut self.release_health, || env.truth("AFTERWORD_RELEASE_HEALTH"))?;
        fill(&mut self.reporter, || {
            Ok(env.path("AFTERWORD_REPORTER").map(Reporter::At))
        })?;
        fill(&mut self.deadline_ms, || env.number("AFTERWORD_DEADLINE_MS"))?;
        Ok(self)
    }
}

/// Looks only where nothing is said: a bad variable that does not count is nobody's trouble.
fn fill<T>(setting: &mut Option<T>, find: impl FnOnce() -> Found<T>) -> Result<(), InitError> {
    if setting.is_none() {
        *setting = find()?;
    }
    Ok(())
}

impl Environment<'_> {
    /// Empty means something for this one: off. Without a single valid character it is no DSN, and `init` says so.
    fn dsn(&self) -> Option<String> {
        (self.0)("SENTRY_DSN").map(|dsn| dsn.to_string_lossy().into_owned())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        (self.0)(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    fn text(&self, name: &'static str) -> Found<String> {
        let Some(value) = (self.0)(name) else { return Ok(None) };
        let text = value
            .into_string()
            .map_err(|value| invalid(name, format!("{value:?} is not UTF-8")))?;
        let text = text.trim();
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    fn number<T: FromStr>(&self, name: &'static str) -> Found<T> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse()
            .map(Some)
            .map_err(|_| invalid(name, format!("{text:?} is not a number that fits")))
    }

    fn truth(&self, name: &'static str) -> Found<bool> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(Some(true)),
            "0" | "false" | "no" | "off" => Ok(Some(false)),
            _ => Err(invalid(name, format!("{text:?} is neither true nor false"))),
        }
    }

    /// A word of an enumeration, as in a settings table.
    fn word<'de, T: Deserialize<'de>>(&self, name: &'static str) -> Found<T> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let word = text.to_ascii_lowercase();
        let reader: StrDeserializer<'_, WordError> = word.as_str().into_deserializer();
        T::deserialize(reader)
            .map(Some)
            .map_err(|error| invalid(name, error.to_string()))
    }
}

fn invalid(name: &'static str, why: String) -> InitError {
    InitError::InvalidOption {
        option: name.to_owned(),
        why,
    }
}
