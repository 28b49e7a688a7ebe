//! Mail: by SMTP, through the server that the owner of the collector named.
//!
//! The server is named with `serve --mail smtp[s]://user:password@host:port?from=…`, or else on a page (the setting `mail` of
//! project 0). The one of the command line may be anywhere; the one of the page, like any address that a page takes, is not
//! connected to in a private network unless that is allowed (see `outbound`). Certificates are those of the system, or of
//! `SSL_CERT_FILE`.

mod message;
mod server;
mod smtp;

use std::time::{Duration, Instant};

use lettre::Address;
use lettre::message::Mailbox;
use serde_json::{Value, json};

use super::Alert;
use super::delivery::{self, Message, Outcome, Verdict};
use super::outbound::{Guard, Limits};
use crate::api::Failure;
use crate::settings::{self, ALL_PROJECTS};
use crate::{App, Error};

pub use server::{MailServer, WrongMailServer};
pub(crate) use server::{SETTING, Security};

/// How long writing to them may take until no other is begun. With the last, shorter than a collector has a delivery.
const MOST_TIME: Duration = Duration::from_secs(90);

/// Where the server was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    CommandLine,
    Page,
}

/// The server that mail goes through, if there is one.
pub(crate) async fn server(app: &App) -> Result<Option<(MailServer, Named)>, Error> {
    if let Some(server) = app.sending.mail() {
        return Ok(Some((server.clone(), Named::CommandLine)));
    }
    let server = settings::get(&app.database, ALL_PROJECTS, SETTING).await?;
    Ok(server.map(|server| (server, Named::Page)))
}

/// Keeps a server that was named on a page, with the password from before if none is given and nothing changed that it is for:
/// nobody can have it sent elsewhere. What waits for a mail server is tried at once.
pub(crate) async fn keep(app: &App, mut server: MailServer) -> Result<MailServer, Failure> {
    may_change(app)?;
    let before: Option<MailServer> = settings::get(&app.database, ALL_PROJECTS, SETTING).await?;
    let whom = |server: &MailServer| (server.host.clone(), server.port, server.security, server.user.clone());
    if server.user.is_some()
        && server.password.is_none()
        && let Some(before) = before.filter(|before| whom(before) == whom(&server))
    {
        server.password = before.password;
    }
    server.check().map_err(|wrong| Failure::Wrong(wrong.to_string()))?;
    settings::set(&app.database, ALL_PROJECTS, SETTING, &server).await?;
    delivery::try_mail_now(app).await?;
    Ok(server)
}

/// Forgets it.
pub(crate) async fn forget(app: &App) -> Result<(), Failure> {
    may_change(app)?;
    Ok(settings::remove(&app.database, ALL_PROJECTS, SETTING).await?)
}

fn may_change(app: &App) -> Result<(), Failure> {
    if app.sending.mail().is_some() {
        let words = "The mail server is the one of the command line (--mail, AFTERWORD_MAIL): change it there";
        return Err(Failure::Conflict(words.to_owned()));
    }
    Ok(())
}

/// Sends a message to each address that does not have it. Returns what became of it, and what was sent.
pub(super) async fn send(
    app: &App,
    to: &[String],
    message: &Message<'_>,
    limits: Limits,
) -> Result<(Outcome, Value), Error> {
    let Some((server, named)) = server(app).await? else {
        let words = "there is no mail server: name one in the settings, or start the collector with --mail";
        return Ok((Outcome::again(words), Value::Null));
    };
    let text = message::text(message.alert);
    let sent = json!({
        "to": to,
        "from": server.from,
        "subject": message::subject(message.alert),
        "text": text,
    });
    let everywhere = Guard::everywhere();
    let guard = match named {
        Named::CommandLine => &everywhere,
        Named::Page => app.sending.guard(),
    };
    let way = smtp::Way {
        server: &server,
        guard,
        limits,
        ours: host(&app.url),
    };
    Ok((to_each(&way, to, message, &text).await, sent))
}

/// One after the other, each in a message of its own: nobody sees who else is told. A rule has no more than
/// [`super::rule::MAX_ADDRESSES`] in an action.
async fn to_each(way: &smtp::Way<'_>, to: &[String], message: &Message<'_>, text: &str) -> Outcome {
    let mut reached = message.reached.clone();
    // What became of the others, the worst first: as long as one may still get it, it is tried again.
    let (mut again, mut refused, mut last) = (None, None, None);
    let begun = Instant::now();
    for (number, address) in to.iter().enumerate() {
        if reached.contains(address) {
            continue;
        }
        // A server this slow takes the others at the next try: until then we have the delivery for ourselves.
        if begun.elapsed() > MOST_TIME {
            let outcome = Outcome::again(format!("the mail server took longer than {} s", MOST_TIME.as_secs()));
            again.get_or_insert((address, outcome));
            break;
        }
        let outcome = match address.parse::<Address>() {
            Ok(parsed) => match message::build(way, parsed, number, message, text) {
                Ok(built) => way.send(&built).await,
                Err(words) => Outcome::refused(words),
            },
            Err(_) => Outcome::refused("this is no address"),
        };
        match outcome.verdict {
            Verdict::Sent => {
                reached.push(address.clone());
                last = Some(outcome);
            }
            Verdict::Again(_) => {
                let is_answered = outcome.status.is_some();
                again.get_or_insert((address, outcome));
                if !is_answered {
                    // The server is not there: it is not for the others either.
                    break;
                }
            }
            Verdict::Refused => {
                refused.get_or_insert((address, outcome));
            }
        }
    }
    let mut outcome = match again.or(refused) {
        Some((_, outcome)) if to.len() == 1 => outcome,
        Some((address, outcome)) => {
            let answer = format!(
                "{} of {} have it; {address}: {}",
                reached.len(),
                to.len(),
                outcome.answer
            );
            Outcome { answer, ..outcome }
        }
        None => last.unwrap_or_else(|| Outcome::refused("there is no address to send it to")),
    };
    outcome.reached = reached;
    outcome
}

/// Sends a message that says that mail works.
pub(crate) async fn test(app: &App, to: &str, alert: &Alert, id: &str) -> Result<Outcome, Error> {
    let message = Message {
        id,
        alert,
        reached: Vec::new(),
    };
    let to = [to.to_owned()];
    Ok(send(app, &to, &message, Limits::default()).await?.0)
}

/// Of an address of the web the host, for what a message is named by.
fn host(url: &str) -> String {
    let url = url::Url::parse(url).ok();
    let host = url.as_ref().and_then(url::Url::host_str);
    host.filter(|host| !host.starts_with('['))
        .unwrap_or("localhost")
        .to_owned()
}

/// One mailbox, with or without a name.
pub(crate) fn mailbox(text: &str) -> Option<Mailbox> {
    let is_short = text.len() <= 320 && !text.contains(char::is_control);
    text.parse().ok().filter(|_| is_short)
}

#[cfg(test)]
mod tests;
