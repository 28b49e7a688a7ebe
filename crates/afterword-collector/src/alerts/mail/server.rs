//! The server that mail goes through, as it is named and kept.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::mailbox;

/// The name of the setting.
pub(crate) const SETTING: &str = "mail";

/// The longest user and password.
const MAX_CREDENTIAL: usize = 512;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Security {
    /// TLS from the second word on; a server that does not offer it gets nothing.
    Starttls,
    /// TLS from the first byte on.
    Tls,
    /// None: for a server on this machine, or in a network that is trusted.
    None,
}

/// A server of SMTP, with what it is told. Read from `smtp[s]://user:password@host:port?from=…`, where `from` is an address or
/// `Name <address>`; `smtps` is TLS, `smtp` is STARTTLS, or none for a server on this machine; `&security=none` or
/// `&security=starttls` says which.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) from: String,
}

/// What is wrong about it, in words for who named it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongMailServer(&'static str);

impl MailServer {
    /// Whether it can be used at all.
    ///
    /// # Errors
    /// If something about it cannot be.
    pub(crate) fn check(&self) -> Result<(), WrongMailServer> {
        let is_good =
            |text: &String| !text.is_empty() && text.len() <= MAX_CREDENTIAL && !text.contains(char::is_control);
        let wrong = |words| Err(WrongMailServer(words));
        if self.host.parse::<IpAddr>().is_err() && Host::parse(&self.host).is_err() {
            return wrong("the host is none: write a name or an address, without a port");
        }
        if self.port == 0 {
            return wrong("the port is none: it is usually 587 (STARTTLS), 465 (TLS) or 25");
        }
        if self.user.is_some() != self.password.is_some() {
            return wrong("user and password belong together: give both, or none");
        }
        if ![&self.user, &self.password].into_iter().flatten().all(is_good) {
            return wrong("user and password are at most 512 bytes, without control characters");
        }
        if mailbox(&self.from).is_none() {
            return wrong("the sender is none: write an address, or Name <address>");
        }
        Ok(())
    }
}

impl FromStr for MailServer {
    type Err = WrongMailServer;

    fn from_str(text: &str) -> Result<Self, WrongMailServer> {
        let wrong = WrongMailServer("write it as smtp[s]://user:password@host:port?from=ADDRESS");
        let url = Url::parse(text).map_err(|_| wrong.clone())?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_tls = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(wrong),
        };
        let (mut from, mut security) = (None, None);
        for (name, value) in url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("from", value) => from = Some(value.to_owned()),
                ("security", "none") if !is_tls => security = Some(Security::None),
                ("security", "starttls") if !is_tls => security = Some(Security::Starttls),
                _ => return Err(wrong),
            }
        }
        let security = security.unwrap_or(match () {
            () if is_tls => Security::Tls,
            () if is_here(&host) => Security::None,
            () => Security::Starttls,
        });
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
        let user = (!url.username().is_empty()).then(|| decoded(url.username()));
        let server = Self {
            host,
            port: url.port().unwrap_or(if is_tls { 465 } else { 587 }),
            security,
            user: user.transpose().map_err(|_| wrong.clone())?,
            password: url.password().map(decoded).transpose().map_err(|_| wrong)?,
            from: from.ok_or(WrongMailServer("it needs a sender: add ?from=ADDRESS"))?,
        };
        server.check()?;
        Ok(server)
    }
}

/// Whether it is this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailServer")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        let read = |text: &str| text.parse::<MailServer>();
        let server =
            read("smtps://anna%40example.com:p%C3%A4ss%2Fword@mail.example?from=Afterword%20%3Ca@example.com%3E");
        let expected = MailServer {
            host: "mail.example".to_owned(),
            port: 465,
            security: Security::Tls,
            user: Some("anna@example.com".to_owned()),
            password: Some("päss/word".to_owned()),
            from: "Afterword <a@example.com>".to_owned(),
        };
        assert_eq!(server, Ok(expected));
        let of = |text: &str| read(text).map(|server| (server.host, server.port, server.security));
        let security = |text: &str| of(text).unwrap().2;
        assert_eq!(
            of("smtp://mail.example?from=a@example.com"),
            Ok(("mail.example".to_owned(), 587, Security::Starttls))
        );
        assert_eq!(
            of("smtp://[::1]:25?from=a@b.example"),
            Ok(("::1".to_owned(), 25, Security::None))
        );
        assert_eq!(security("smtp://localhost?from=a@b.example"), Security::None);
        assert_eq!(security("smtp://127.0.0.1:1?from=a@b.example"), Security::None);
        assert_eq!(
            security("smtp://10.0.0.1?from=a@b.example&security=none"),
            Security::None
        );
        assert_eq!(security("smtp://10.0.0.1?from=a@b.example"), Security::Starttls);
        assert_eq!(
            security("smtp://localhost?from=a@b.example&security=starttls"),
            Security::Starttls
        );
    }

    #[test]
    fn what_is_none_is_told() {
        for (text, part) in [
            ("", "smtp[s]://"),
            ("mail.example", "smtp[s]://"),
            ("https://mail.example?from=a@b.example", "smtp[s]://"),
            ("smtp://mail.example", "sender"),
            ("smtp://mail.example?from=nobody", "sender"),
            ("smtp://mail.example?from=a@b.example%0d%0aBcc:c@d.example", "sender"),
            ("smtp://?from=a@b.example", "host"),
            ("smtp://mail.example:0?from=a@b.example", "port"),
            ("smtp://anna@mail.example?from=a@b.example", "belong together"),
            ("smtp://anna:x%00@mail.example?from=a@b.example", "control"),
            ("smtps://mail.example?from=a@b.example&security=none", "smtp[s]://"),
            ("smtp://mail.example?from=a@b.example&tls=no", "smtp[s]://"),
        ] {
            let error = text.parse::<MailServer>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_password_is_not_shown() {
        let server: MailServer = "smtp://anna:secret@mail.example?from=a@b.example".parse().unwrap();
        let shown = format!("{server:?}");
        assert!(
            shown.contains("mail.example") && !shown.contains("secret") && !shown.contains("anna"),
            "{shown}"
        );
    }
}
