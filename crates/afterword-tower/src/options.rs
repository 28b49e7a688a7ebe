//! What an application can choose.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How the layer behaves: a builder, and a table of an application's own settings file (TOML, JSON, …) through `serde`.
///
/// | name | default | what |
/// | --- | --- | --- |
/// | `repanic` | `false` | a panic goes on after it was captured, instead of being answered with 500 |
/// | `wait_for_delivery` | `false` | the answer to a panic (or its going on) waits until its report is delivered |
/// | `send_request` | `false` | an event has the request's headers and query, besides its method and path |
/// | `send_body` | `false` | an event has what the handler read of the request's body, if that is text, up to 64 KiB |
/// | `timeout` | 2 s | the longest that `wait_for_delivery` waits; `timeout_ms` in a settings file |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LayerOptions {
    pub(crate) repanic: bool,
    pub(crate) wait_for_delivery: bool,
    pub(crate) send_request: bool,
    pub(crate) send_body: bool,
    pub(crate) timeout_ms: u64,
}

impl Default for LayerOptions {
    fn default() -> LayerOptions {
        LayerOptions {
            repanic: false,
            wait_for_delivery: false,
            send_request: false,
            send_body: false,
            timeout_ms: 2_000,
        }
    }
}

impl LayerOptions {
    /// The defaults of the table above.
    pub fn new() -> LayerOptions {
        LayerOptions::default()
    }

    /// Whether a panic goes on after it was captured: for an application whose own layer, further out, answers it.
    pub fn repanic(mut self, repanic: bool) -> LayerOptions {
        self.repanic = repanic;
        self
    }

    /// Whether the answer to a panic waits until the client has flushed, at most for [`LayerOptions::timeout`]. Only that
    /// request waits: no thread of the runtime is blocked.
    pub fn wait_for_delivery(mut self, wait: bool) -> LayerOptions {
        self.wait_for_delivery = wait;
        self
    }

    /// Whether events have the request's headers and its query. Cookies, authorisation and what tells the client's
    /// address are left out, unless the client's `send_default_pii` is on.
    pub fn send_request(mut self, send: bool) -> LayerOptions {
        self.send_request = send;
        self
    }

    /// Whether events have the body of the request: as much of it as the handler has read, at most 64 KiB, and only JSON,
    /// forms and plain text without a content encoding. For bodies other than axum's see [`crate::RequestBodyLayer`].
    pub fn send_body(mut self, send: bool) -> LayerOptions {
        self.send_body = send;
        self
    }

    /// The longest that [`LayerOptions::wait_for_delivery`] waits, rounded to milliseconds.
    pub fn timeout(mut self, timeout: Duration) -> LayerOptions {
        self.timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_table() {
        let read: LayerOptions = serde_json::from_str("{}").unwrap();
        assert_eq!(read, LayerOptions::new());
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            serde_json::json!({
                "repanic": false, "wait_for_delivery": false, "send_request": false, "send_body": false,
                "timeout_ms": 2000,
            })
        );
    }

    #[test]
    fn a_settings_file_says_the_same_as_the_builder() {
        let read: LayerOptions = serde_json::from_str(
            r#"{ "repanic": true, "wait_for_delivery": true, "send_request": true, "send_body": true, "timeout_ms": 50 }"#,
        )
        .unwrap();
        let built = LayerOptions::new()
            .repanic(true)
            .wait_for_delivery(true)
            .send_request(true)
            .send_body(true)
            .timeout(Duration::from_millis(50));
        assert_eq!(read, built);
    }

    #[test]
    fn a_misspelt_option_is_an_error() {
        let error = serde_json::from_str::<LayerOptions>(r#"{ "send_bodies": true }"#).unwrap_err();
        assert!(error.to_string().contains("send_bodies"), "{error}");
    }
}
