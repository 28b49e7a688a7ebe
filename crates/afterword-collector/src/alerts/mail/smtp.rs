//! One message to one address: a connection, all of it within a time.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{self, response::Response};

use super::{MailServer, Security};
use crate::alerts::delivery::Outcome;
use crate::alerts::outbound::{Guard, Limits, Private};
use crate::error::chain;

/// To whom, through which server, and how.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) server: &'a MailServer,
    pub(super) guard: &'a Guard,
    pub(super) limits: Limits,
    /// Our own host.
    pub(super) ours: String,
}

/// Why it was not taken.
enum Failed {
    Resolving(Box<dyn std::error::Error + Send + Sync>),
    Smtp(smtp::Error),
}

impl From<smtp::Error> for Failed {
    fn from(error: smtp::Error) -> Self {
        Self::Smtp(error)
    }
}

impl Way<'_> {
    /// Servers of SMTP look at what they get before they answer: they have twice as long as others.
    fn whole(&self) -> Duration {
        self.limits.whole * 2
    }

    /// Sends it, and says what became of it.
    pub(super) async fn send(&self, message: &lettre::Message) -> Outcome {
        match tokio::time::timeout(self.whole(), self.try_send(message)).await {
            Ok(Ok((response, mut connection))) => {
                // It has the message, and whether it says goodbye changes nothing.
                let _ = tokio::time::timeout(self.limits.connect, connection.abort()).await;
                let said: Vec<&str> = response.message().collect();
                Outcome::sent(said.join(" ")).with_status(response.code().into())
            }
            Ok(Err(failed)) => judged(&failed),
            Err(_) => {
                let seconds = self.whole().as_secs_f32();
                Outcome::again(format!("the mail server did not finish within {seconds} s"))
            }
        }
    }

    async fn try_send(&self, message: &lettre::Message) -> Result<(Response, AsyncSmtpConnection), Failed> {
        let MailServer {
            host, port, security, ..
        } = self.server;
        let addresses = self.guard.addresses(host, *port).await.map_err(Failed::Resolving)?;
        let hello = match self.ours.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(self.ours.clone()),
        };
        // The name that the certificate has to be for is the one that was given, whatever address it led to.
        let tls = || TlsParameters::new(host.clone());
        let at_once = match security {
            Security::Tls => Some(tls()?),
            Security::Starttls | Security::None => None,
        };
        let connect = Some(self.limits.connect);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(&addresses[..], connect, &hello, at_once, None).await?;
        if let Security::Starttls = security {
            connection.starttls(tls()?, &hello).await?;
        }
        if let (Some(user), Some(password)) = (&self.server.user, &self.server.password) {
            let credentials = Credentials::new(user.clone(), password.clone());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await?;
        }
        let response = connection.send(message.envelope(), &message.formatted()).await?;
        Ok((response, connection))
    }
}

/// What a failure means. Answers of 4xx are for now, those of 5xx for good, unless they are about who we are: that is changed
/// in the settings, and what waits is sent then.
fn judged(failed: &Failed) -> Outcome {
    let error = match failed {
        Failed::Resolving(error) => {
            let is_private = error.downcast_ref::<Private>().is_some();
            let words = chain(&**error);
            return if is_private {
                Outcome::refused(words)
            } else {
                Outcome::again(words)
            };
        }
        Failed::Smtp(error) => error,
    };
    let Some(code) = error.status().map(u16::from) else {
        return Outcome::again(chain(error));
    };
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    let outcome = match code {
        530 | 534 | 535 | 538 => Outcome::again(format!(
            "the mail server does not take user and password: change them in the settings of mail. It said: {said}"
        )),
        500.. => Outcome::refused(format!("the mail server refuses it: {said}")),
        _ => Outcome::again(said),
    };
    outcome.with_status(code)
}
