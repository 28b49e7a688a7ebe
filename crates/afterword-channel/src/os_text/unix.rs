//! Bytes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What the text is made of.
pub(super) type Unit = u8;

pub(super) fn to_units(text: &OsStr) -> Vec<Unit> {
    text.as_bytes().to_vec()
}

pub(super) fn from_units(units: Vec<Unit>) -> OsString {
    OsString::from_vec(units)
}
