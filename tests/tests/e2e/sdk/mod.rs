//! What Afterword gives its clients beside crash reports, through a real app, a real reporter and a real server.

mod capture;
mod options;
mod scope;
mod traces;

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::process::{Scene, program, quiet};
use crate::stub::Stub;

/// An app of a test's own, and the server that it reports to.
pub(crate) struct App {
    pub(crate) scene: Scene,
    pub(crate) stub: Stub,
}

impl App {
    pub(crate) fn new() -> App {
        App {
            scene: Scene::new(),
            stub: Stub::start(),
        }
    }

    /// `more` settings over those that every test has: everything is sent, and no sessions are told.
    pub(crate) fn settings(&self, more: Value) -> Value {
        let mut settings = json!({
            "dsn": self.stub.dsn, "app_name": "Crasher", "release": "sdk@1.0.0", "environment": "test",
            "store": self.scene.store_root(), "consent": "always", "release_health": false,
        });
        for (key, value) in more.as_object().unwrap() {
            if value.is_null() {
                settings.as_object_mut().unwrap().remove(key);
            } else {
                settings[key] = value.clone();
            }
        }
        settings
    }

    pub(crate) fn command(&self, more: Value, acts: &[&str]) -> Command {
        program("afterword-reporter");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sdk"));
        command.arg("--options").arg(self.settings(more).to_string()).args(acts);
        for variable in ["SENTRY_DSN", "SENTRY_RELEASE", "SENTRY_ENVIRONMENT", "SENTRY_DEBUG"] {
            command.env_remove(variable);
        }
        quiet(&mut command);
        command
    }

    /// Runs the app until it and its reporter have ended.
    pub(crate) fn run(&self, more: Value, acts: &[&str]) -> Output {
        self.run_command(&mut self.command(more, acts))
    }

    pub(crate) fn run_command(&self, command: &mut Command) -> Output {
        let output = self.scene.run(command);
        assert!(output.status.success(), "{output:?}");
        output
    }
}

/// The texts of the exceptions of an event, the outermost last.
pub(crate) fn exceptions(event: &Value) -> Vec<(&str, &str)> {
    event["exception"]["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|exception| {
            (
                exception["type"].as_str().unwrap(),
                exception["value"].as_str().unwrap(),
            )
        })
        .collect()
}
