//! Names that become file names: the app's and the report's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Error;

/// Longest app id, in bytes.
const APP_ID_MAX_BYTES: usize = 64;

/// The folder name of an app in the store: 1 to 64 of `[A-Za-z0-9._-]`, not starting with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppId(String);

impl AppId {
    /// Takes a name that already fits.
    ///
    /// # Errors
    /// [`Error::BadAppId`] when it does not.
    pub fn new(name: &str) -> Result<AppId, Error> {
        let fits =
            !name.is_empty() && name.len() <= APP_ID_MAX_BYTES && !name.starts_with('.') && name.bytes().all(is_safe);
        if fits {
            Ok(AppId(name.to_owned()))
        } else {
            Err(Error::BadAppId {
                name: name.chars().take(100).collect(),
            })
        }
    }

    /// Makes an id of any name: what does not fit becomes `-`, what is too long is cut, nothing becomes `app`.
    #[must_use]
    pub fn from_name(name: &str) -> AppId {
        let safe: String = name
            .chars()
            .map(|c| if u8::try_from(c).is_ok_and(is_safe) { c } else { '-' })
            .skip_while(|c| *c == '.' || *c == '-')
            .take(APP_ID_MAX_BYTES)
            .collect();
        let safe = safe.trim_end_matches(['-', '.']);
        AppId(if safe.is_empty() {
            "app".to_owned()
        } else {
            safe.to_owned()
        })
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AppId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        AppId::new(text)
    }
}

impl TryFrom<String> for AppId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        AppId::new(&text)
    }
}

impl From<AppId> for String {
    fn from(id: AppId) -> String {
        id.0
    }
}

/// The local name of a report. It never leaves this machine; the server knows the event id.
///
/// Shown and stored with dashes; read with and without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReportId(Uuid);

impl ReportId {
    /// A new random id.
    #[must_use]
    pub fn random() -> ReportId {
        ReportId(Uuid::new_v4())
    }

    /// The id as a UUID.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for ReportId {
    fn from(id: Uuid) -> ReportId {
        ReportId(id)
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for ReportId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Uuid::try_parse(text).map(ReportId).map_err(|_| Error::BadReportId {
            text: text.chars().take(100).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_id_is_a_safe_file_name() {
        for good in ["a", "afterword-demo", "org.example.App_2", &"x".repeat(64)] {
            assert_eq!(AppId::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a\\b",
            "a b",
            "ä",
            "a\0",
            &"x".repeat(65),
        ] {
            assert!(AppId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn any_name_can_be_made_an_app_id() {
        for (name, id) in [
            ("Afterword Demo", "Afterword-Demo"),
            ("../../etc/passwd", "etc-passwd"),
            ("Zeichen für Ärger!", "Zeichen-f-r--rger"),
            ("", "app"),
            ("…", "app"),
        ] {
            assert_eq!(AppId::from_name(name).as_str(), id);
            assert!(AppId::new(AppId::from_name(name).as_str()).is_ok());
        }
        assert_eq!(AppId::from_name(&"y".repeat(500)).as_str().len(), 64);
    }

    #[test]
    fn an_app_id_from_json_is_checked_too() {
        assert!(serde_json::from_str::<AppId>("\"demo\"").is_ok());
        assert!(serde_json::from_str::<AppId>("\"../demo\"").is_err());
    }

    #[test]
    fn a_report_id_is_read_with_and_without_dashes() {
        let id = ReportId::random();
        assert_eq!(id.to_string().parse::<ReportId>().unwrap(), id);
        assert_eq!(id.uuid().simple().to_string().parse::<ReportId>().unwrap(), id);
        assert!("../x".parse::<ReportId>().is_err());
    }
}
