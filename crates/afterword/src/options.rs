//! What an application can choose.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How Afterword is set up: a builder, and a table of an application's own settings file (TOML, JSON, …) through `serde`.
///
/// | name | default | what |
/// | --- | --- | --- |
/// | `dsn` | `""` | where reports go; empty turns everything off |
/// | `app_name` | the executable's name | what a person calls the program |
/// | `app_id` | `app_name`, made safe | the folder of its reports in the store |
/// | `release` | none | release tag, see [`crate::release_name!`] |
/// | `environment` | `development` in debug builds, else `production` | environment tag |
/// | `consent` | `ask` | see [`Consent`] |
/// | `store` | the user's data folder | root of the store |
/// | `reporter` | `beside` | see [`Reporter`] |
/// | `deadline_ms` | 10 000 | how long a crashing program waits for its report to be kept |
/// | `max_breadcrumbs` | 100 | how many breadcrumbs are kept (at most 112 in a crash report) |
/// | `attach_stacktrace` | `false` | a stack with plain messages too |
/// | `full_stacks` | `false` | keep stacks, registers and the memory around them as they are, with the data and text in them |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    pub(crate) dsn: String,
    pub(crate) app_name: Option<String>,
    pub(crate) app_id: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) consent: Consent,
    pub(crate) store: Option<PathBuf>,
    pub(crate) reporter: Reporter,
    pub(crate) deadline_ms: u64,
    pub(crate) max_breadcrumbs: usize,
    pub(crate) attach_stacktrace: bool,
    pub(crate) full_stacks: bool,
}

/// What may be sent without asking.
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

impl Default for Options {
    fn default() -> Options {
        Options {
            dsn: String::new(),
            app_name: None,
            app_id: None,
            release: None,
            environment: None,
            consent: Consent::default(),
            store: None,
            reporter: Reporter::default(),
            deadline_ms: 10_000,
            max_breadcrumbs: 100,
            attach_stacktrace: false,
            full_stacks: false,
        }
    }
}

impl Options {
    /// The defaults, with reports going to `dsn`. An empty one turns everything off.
    pub fn new(dsn: impl Into<String>) -> Options {
        Options {
            dsn: dsn.into(),
            ..Options::default()
        }
    }

    /// What a person calls the program.
    #[must_use]
    pub fn app_name(mut self, name: impl Into<String>) -> Options {
        self.app_name = Some(name.into());
        self
    }

    /// The folder of its reports in the store: letters, digits, `.`, `_` and `-`; anything else is replaced.
    #[must_use]
    pub fn app_id(mut self, id: impl Into<String>) -> Options {
        self.app_id = Some(id.into());
        self
    }

    /// The release tag, such as `paintbox@1.4.0`.
    #[must_use]
    pub fn release(mut self, release: impl Into<String>) -> Options {
        self.release = Some(release.into());
        self
    }

    /// The environment tag, such as `production`.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Options {
        self.environment = Some(environment.into());
        self
    }

    /// What may be sent without asking.
    #[must_use]
    pub fn consent(mut self, consent: Consent) -> Options {
        self.consent = consent;
        self
    }

    /// The root folder of the store.
    #[must_use]
    pub fn store(mut self, folder: impl Into<PathBuf>) -> Options {
        self.store = Some(folder.into());
        self
    }

    /// Which program is the reporter.
    #[must_use]
    pub fn reporter(mut self, reporter: Reporter) -> Options {
        self.reporter = reporter;
        self
    }

    /// How long, in milliseconds, a crashing program waits for its report to be kept. At most 60 000.
    #[must_use]
    pub fn deadline_ms(mut self, deadline_ms: u64) -> Options {
        self.deadline_ms = deadline_ms;
        self
    }

    /// How many breadcrumbs are kept.
    #[must_use]
    pub fn max_breadcrumbs(mut self, count: usize) -> Options {
        self.max_breadcrumbs = count;
        self
    }

    /// Attach a stack to plain messages too.
    #[must_use]
    pub fn attach_stacktrace(mut self, attach: bool) -> Options {
        self.attach_stacktrace = attach;
        self
    }

    /// Keep stacks, registers and the memory around them as they are: debuggers show more, and whatever the program held there
    /// (text, keys, documents) is in the report. Otherwise addresses and small numbers alone stay, which is all that working
    /// out the stack takes. What names the user in paths is masked in either case.
    #[must_use]
    pub fn full_stacks(mut self, full: bool) -> Options {
        self.full_stacks = full;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_and_a_settings_table_say_the_same() {
        let built = Options::new("http://k@h/1")
            .app_name("Paintbox")
            .consent(Consent::Always)
            .reporter(Reporter::Itself)
            .deadline_ms(500);
        let read: Options = serde_json::from_str(
            r#"{ "dsn": "http://k@h/1", "app_name": "Paintbox", "consent": "always", "reporter": "itself", "deadline_ms": 500 }"#,
        )
        .unwrap();
        assert_eq!(built, read);
        let path: Options = serde_json::from_str(r#"{ "reporter": { "at": "/opt/r" } }"#).unwrap();
        assert_eq!(path.reporter, Reporter::At("/opt/r".into()));
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let error = serde_json::from_str::<Options>(r#"{ "relaese": "a@1" }"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("relaese") && error.contains("release"), "{error}");
    }
}
