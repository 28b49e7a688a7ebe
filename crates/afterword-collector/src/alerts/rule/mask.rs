//! Secrets of actions, as they are shown: a few digits of their hash tell one from another, and the mask that comes back with
//! a change stands for the secret that is kept.

use url::Url;

use super::super::Action;
use super::read::{Wrong, wrong};
use crate::blobs::sha256_hex;

/// What stands in a secret's place.
const DOTS: &str = "••••";

/// An action as it is shown.
pub(crate) fn masked(action: &Action) -> Action {
    match action {
        Action::Slack { url } => Action::Slack { url: mask_url(url) },
        Action::Email { to } => Action::Email { to: to.clone() },
        Action::Webhook { url, secret } => Action::Webhook {
            url: url.clone(),
            secret: mask(secret),
        },
    }
}

fn mask(secret: &str) -> String {
    let hash = sha256_hex(secret.as_bytes());
    format!("{DOTS}{}", hash.get(..4).unwrap_or_default())
}

fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

/// Who knows the path of a Slack webhook may post there.
fn mask_url(url: &str) -> String {
    let origin = Url::parse(url).map(|url| url.origin().ascii_serialization());
    format!("{}/{}", origin.unwrap_or_default(), mask(url))
}

/// Puts what is kept (`before`) where its mask stands.
pub(super) fn restore(path: &str, action: Action, before: &[Action]) -> Result<Action, Wrong> {
    let unknown = |field: &str| {
        wrong(
            format!("{path}.{field}"),
            "it stands for a secret that this rule does not have for that server",
            "give the secret itself",
        )
    };
    match action {
        Action::Slack { url } if url.contains(DOTS) => {
            let known = before.iter().find_map(|action| match action {
                Action::Slack { url: known } if mask_url(known) == url => Some(known.clone()),
                _ => None,
            });
            Ok(Action::Slack {
                url: known.ok_or_else(|| unknown("url"))?,
            })
        }
        Action::Webhook { url, secret } if secret.contains(DOTS) => {
            let known = before.iter().find_map(|action| match action {
                // What is signed with it elsewhere could be shown to the receiver who knows it.
                Action::Webhook {
                    secret: known,
                    url: there,
                } if mask(known) == secret && origin(there) == origin(&url) => Some(known.clone()),
                _ => None,
            });
            Ok(Action::Webhook {
                url,
                secret: known.ok_or_else(|| unknown("secret"))?,
            })
        }
        action => Ok(action),
    }
}

/// Whether this is a mask, which is checked when it is known what it stands for.
pub(super) fn is_mask(text: &str) -> bool {
    text.contains(DOTS)
}
