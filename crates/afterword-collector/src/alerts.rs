//! Alerts: rules say when somebody is to be told, and how.
//!
//! A rule has a *when* (a new issue, so many events in so long, …), an *if* (conditions on what happened), a *then* (where it
//! is sent) and a *how often*. What a rule found out is a firing, which is written once however many collectors work on the
//! database; each of its actions is a delivery, which is sent, tried again, and kept with the answer.
//!
//! - [`rule`]: a rule, and how it is read.
//! - `store`, `index`: rules as they are kept, and as they are found quickly.
//! - [`work`]: notes of what the digest did; [`engine`]: asks the rules about them, and about what only time tells.
//! - `telling`, `firing`: what is told, and how it is written once.
//! - [`history`]: what rules found, and what was sent.
//! - [`preview`]: what a rule would have sent.
//! - [`Alert`]: what there is to tell, as it is kept and as every message is made of it.
//! - [`Action`]: where it is told.
//! - [`delivery`]: sends what is to be told, by `slack`, `mail` and `webhook`, out through `outbound`.

mod action;
mod alert;
pub(crate) mod delivery;
pub(crate) mod engine;
mod firing;
pub(crate) mod history;
mod index;
pub(crate) mod mail;
mod outbound;
pub(crate) mod preview;
pub(crate) mod rule;
#[cfg(test)]
mod samples;
mod slack;
pub(crate) mod store;
mod telling;
mod text;
mod webhook;
pub(crate) mod work;

pub(crate) use action::Action;
pub(crate) use alert::{Alert, Kind, Lines};
pub(crate) use delivery::Sending;
pub(crate) use index::Alerts;
pub use mail::{MailServer, WrongMailServer};
pub(crate) use telling::span;

use std::sync::Arc;

use self::firing::{Found, Mark};
use self::index::Loaded;
use self::rule::Rule;
use self::store::Stored;
use self::telling::Teller;
use crate::error::OrFailed as _;
use crate::{App, Error, now_ms};

/// Has a test sent to each place where a rule tells; returns the id of what stands for it in the history.
pub(crate) async fn test(app: &App, stored: &Stored, rule: Rule) -> Result<i64, Error> {
    let operation = "write a test";
    let index = app.alerts.refresh(&app.database).await?;
    let now = now_ms();
    let teller = Teller {
        index: &index,
        url: &app.url,
        now,
    };
    let rule = Arc::new(Loaded::of(stored, rule, Vec::new()));
    let found = Found {
        alert: teller.test(&rule),
        rule,
        subject: "test".to_owned(),
        mark: Mark::Once(String::new()),
    };
    let mut transaction = app.database.write.begin().await.or_failed(operation)?;
    let firing = firing::test(&mut transaction, &found, now).await?;
    transaction.commit().await.or_failed(operation)?;
    app.alerts.wake_sender();
    Ok(firing)
}
