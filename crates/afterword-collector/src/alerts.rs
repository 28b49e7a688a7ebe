//! Alerts: rules say when somebody is to be told, and how.
//!
//! A rule has a *when* (a new issue, so many events in so long, …), an *if* (conditions on what happened), a *then* (where it
//! is sent) and a *how often*. What a rule found out is a firing, which is written once however many collectors work on the
//! database; each of its actions is a delivery, which is sent, tried again, and kept with the answer.
//!
//! - [`Alert`]: what there is to tell, as it is kept and as every message is made of it.
//! - [`Action`]: where it is told.
//! - [`delivery`]: sends what is to be told, by `slack`, `mail` and `webhook`, out through `outbound`.

mod action;
mod alert;
pub(crate) mod delivery;
pub(crate) mod mail;
mod outbound;
#[cfg(test)]
mod samples;
mod slack;
mod text;
mod webhook;

pub(crate) use action::Action;
pub(crate) use alert::{Alert, Kind, Lines};
pub(crate) use delivery::Sending;
pub use mail::{MailServer, WrongMailServer};
