//! Names and arguments as the system has them: mostly UTF-8, but it does not promise that.

#[cfg(unix)]
#[path = "os_text/unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "os_text/windows.rs"]
mod sys;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Text of the operating system. In JSON a string where it is Unicode, else the list of what it is made of: bytes, or units of
/// UTF-16 on Windows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Json", into = "Json")]
pub struct OsText(pub OsString);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Json {
    Text(String),
    Units(Vec<sys::Unit>),
}

impl OsText {
    /// As a path.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl From<Json> for OsText {
    fn from(json: Json) -> OsText {
        OsText(match json {
            Json::Text(text) => text.into(),
            Json::Units(units) => sys::from_units(units),
        })
    }
}

impl From<OsText> for Json {
    fn from(text: OsText) -> Json {
        match text.0.into_string() {
            Ok(text) => Json::Text(text),
            Err(other) => Json::Units(sys::to_units(&other)),
        }
    }
}

impl From<PathBuf> for OsText {
    fn from(path: PathBuf) -> OsText {
        OsText(path.into_os_string())
    }
}

impl From<OsString> for OsText {
    fn from(text: OsString) -> OsText {
        OsText(text)
    }
}

impl AsRef<OsStr> for OsText {
    fn as_ref(&self) -> &OsStr {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf8_comes_back_as_it_was() {
        for bytes in [&b"plain"[..], b"caf\xe9", b"\xff\xfe", b""] {
            let text = OsText(sys::from_units(
                bytes.iter().map(|byte| sys::Unit::from(*byte)).collect(),
            ));
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(serde_json::from_str::<OsText>(&json).unwrap(), text, "{json}");
        }
        assert_eq!(
            serde_json::to_string(&OsText::from(PathBuf::from("/a b"))).unwrap(),
            r#""/a b""#
        );
    }
}
