//! Who is sending: the public key of a DSN, in the four places a client may put it.
//!
//! | where | form |
//! | --- | --- |
//! | `X-Sentry-Auth` | `Sentry sentry_key=…, sentry_version=7, sentry_client=…` |
//! | `Authorization` | the same, or `Basic` with the key as user |
//! | query | `sentry_key=…&sentry_version=7&sentry_client=…` |
//! | envelope header | `dsn` |
//!
//! A request may use several of them; [`agree`] says whether they name the same key. A secret key, where a client
//! still sends one, is ignored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use crate::Dsn;

/// The version of the protocol that this project speaks.
pub const VERSION: &str = "7";

/// A public key is 32 hexadecimal digits in practice; longer ones than this are no keys.
const MAX_KEY_BYTES: usize = 128;

/// What a request says of its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// The DSN's public key.
    pub public_key: String,
    /// The protocol's version as the client stated it, usually `7`.
    pub version: Option<String>,
    /// The client's name and version, for example `sentry.python/2.75`.
    pub client: Option<String>,
}

/// What is wrong with credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The value is of another scheme, for example `Bearer`.
    #[error("credentials are not of the scheme {expected}")]
    Scheme {
        /// The scheme that was looked for.
        expected: &'static str,
    },
    /// There is no `sentry_key`.
    #[error("credentials name no key")]
    NoKey,
    /// The key cannot be one: too long, or with bytes that no key has.
    #[error("credentials name a key that cannot be one")]
    BadKey,
    /// Basic credentials that are no Base64 of `user:password`.
    #[error("basic credentials are malformed")]
    Basic,
    /// Two places name two keys.
    #[error("credentials of one request name different keys")]
    Disagree,
}

/// The value of `X-Sentry-Auth` for a DSN; `client` is a name and version such as `afterword/0.1.0`.
pub fn header(dsn: &Dsn, client: &str) -> String {
    let key = dsn.public_key();
    format!("Sentry sentry_key={key}, sentry_version={VERSION}, sentry_client={client}")
}

/// Reads `X-Sentry-Auth`, or an `Authorization` of the scheme `Sentry`.
///
/// # Errors
/// [`AuthError::Scheme`], [`AuthError::NoKey`], [`AuthError::BadKey`].
pub fn from_header(value: &str) -> Result<Auth, AuthError> {
    let fields = after_scheme(value, "Sentry")?;
    let fields = fields.split(',').filter_map(|field| field.split_once('='));
    collect(fields.map(|(name, value)| (name.trim(), value.trim())))
}

/// Reads the query of a URL, without its `?`; fields of other names are passed over.
///
/// # Errors
/// [`AuthError::NoKey`], [`AuthError::BadKey`].
pub fn from_query(query: &str) -> Result<Auth, AuthError> {
    collect(form_urlencoded::parse(query.as_bytes()))
}

/// Reads an `Authorization` of the scheme `Basic`: the user is the key, the password is ignored.
///
/// # Errors
/// [`AuthError::Scheme`], [`AuthError::Basic`], [`AuthError::NoKey`], [`AuthError::BadKey`].
pub fn from_basic(value: &str) -> Result<Auth, AuthError> {
    let encoded = after_scheme(value, "Basic")?;
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| AuthError::Basic)?;
    let decoded = String::from_utf8(decoded).map_err(|_| AuthError::Basic)?;
    let user = decoded.split_once(':').map_or(decoded.as_str(), |(user, _)| user);
    collect([("sentry_key", user)])
}

/// The one key that all of these name, `None` if there are none.
///
/// # Errors
/// [`AuthError::Disagree`] if they name more than one.
pub fn agree<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Option<&'a str>, AuthError> {
    let mut keys = keys.into_iter();
    let first = keys.next();
    if keys.any(|key| Some(key) != first) {
        return Err(AuthError::Disagree);
    }
    Ok(first)
}

/// What follows the scheme, whose case does not count.
fn after_scheme<'a>(value: &'a str, expected: &'static str) -> Result<&'a str, AuthError> {
    match value.trim_start().split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(expected) => Ok(rest),
        _ => Err(AuthError::Scheme { expected }),
    }
}

/// Picks our fields out of all. Of a field that is there twice, the last counts.
fn collect<K: AsRef<str>, V: AsRef<str>>(fields: impl IntoIterator<Item = (K, V)>) -> Result<Auth, AuthError> {
    let (mut key, mut version, mut client) = (None, None, None);
    for (name, value) in fields {
        let field = match name.as_ref() {
            "sentry_key" => &mut key,
            "sentry_version" => &mut version,
            "sentry_client" => &mut client,
            _ => continue,
        };
        *field = Some(value.as_ref().to_owned());
    }
    let public_key = key.filter(|key| !key.is_empty()).ok_or(AuthError::NoKey)?;
    if public_key.len() > MAX_KEY_BYTES || !public_key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AuthError::BadKey);
    }
    Ok(Auth {
        public_key,
        version,
        client,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(key: &str, version: Option<&str>, client: Option<&str>) -> Auth {
        Auth {
            public_key: key.into(),
            version: version.map(Into::into),
            client: client.map(Into::into),
        }
    }

    #[test]
    fn our_own_header_reads_back() {
        let dsn: Dsn = "https://abc123:secret@example.com/path/42".parse().unwrap();
        let value = header(&dsn, "afterword/0.1.0");
        assert_eq!(
            value,
            "Sentry sentry_key=abc123, sentry_version=7, sentry_client=afterword/0.1.0"
        );
        assert_eq!(
            from_header(&value).unwrap(),
            auth("abc123", Some("7"), Some("afterword/0.1.0"))
        );
    }

    #[test]
    fn headers_are_read_as_clients_write_them() {
        let cases = [
            ("Sentry sentry_key=k", Ok(auth("k", None, None))),
            (
                "sentry sentry_version=7,sentry_key=k,sentry_secret=s",
                Ok(auth("k", Some("7"), None)),
            ),
            (
                "  Sentry  sentry_key = k , junk, sentry_client=a=b",
                Ok(auth("k", None, Some("a=b"))),
            ),
            ("Sentry sentry_version=7", Err(AuthError::NoKey)),
            ("Sentry sentry_key=", Err(AuthError::NoKey)),
            ("Sentry sentry_key=a b", Err(AuthError::BadKey)),
            ("Bearer abc", Err(AuthError::Scheme { expected: "Sentry" })),
            ("", Err(AuthError::Scheme { expected: "Sentry" })),
        ];
        for (value, expected) in cases {
            assert_eq!(from_header(value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_key_has_a_longest_length() {
        for (length, taken) in [(127, true), (128, true), (129, false)] {
            let value = format!("Sentry sentry_key={}", "k".repeat(length));
            assert_eq!(from_header(&value).is_ok(), taken, "{length}");
        }
    }

    #[test]
    fn a_query_is_decoded_and_other_fields_passed_over() {
        let query = "a=b&sentry_key=k&sentry_version=7&sentry_client=sentry.javascript.node%2F11.12.0";
        let expected = auth("k", Some("7"), Some("sentry.javascript.node/11.12.0"));
        assert_eq!(from_query(query).unwrap(), expected);
        assert_eq!(from_query(""), Err(AuthError::NoKey));
        assert_eq!(from_query("sentry_key=%00"), Err(AuthError::BadKey));
    }

    #[test]
    fn basic_credentials_carry_the_key_as_user() {
        let basic = |text: &str| from_basic(&format!("Basic {}", STANDARD.encode(text)));
        assert_eq!(basic("k:"), Ok(auth("k", None, None)));
        assert_eq!(basic("k:pass:word"), Ok(auth("k", None, None)));
        assert_eq!(basic("k"), Ok(auth("k", None, None)));
        assert_eq!(basic(":pass"), Err(AuthError::NoKey));
        assert_eq!(from_basic("Basic ***"), Err(AuthError::Basic));
        assert_eq!(from_basic("Bearer aa"), Err(AuthError::Scheme { expected: "Basic" }));
    }

    #[test]
    fn those_present_must_agree() {
        assert_eq!(agree([]), Ok(None));
        assert_eq!(agree(["a"]), Ok(Some("a")));
        assert_eq!(agree(["a", "a", "a"]), Ok(Some("a")));
        assert_eq!(agree(["a", "a", "b"]), Err(AuthError::Disagree));
    }
}
