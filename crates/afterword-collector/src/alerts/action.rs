//! Where an alert is told.

use serde::{Deserialize, Serialize};

/// One of the *then*s of a rule, as it is kept: with its secrets, which pages and the API show only in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Action {
    /// An incoming webhook of Slack, or of what speaks like it.
    Slack {
        /// `https://hooks.slack.com/services/…`
        url: String,
    },
    /// Mail to these addresses, each its own.
    Email {
        /// At least one.
        to: Vec<String>,
    },
    /// JSON by POST, signed.
    Webhook {
        /// `https://…`
        url: String,
        /// The key of the signature.
        secret: String,
    },
}
