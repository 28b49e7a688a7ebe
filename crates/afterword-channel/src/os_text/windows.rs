//! Units of UTF-16, surrogates without their other half among them.

use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::{OsStrExt, OsStringExt};

/// What the text is made of.
pub(super) type Unit = u16;

pub(super) fn to_units(text: &OsStr) -> Vec<Unit> {
    text.encode_wide().collect()
}

pub(super) fn from_units(units: Vec<Unit>) -> OsString {
    OsString::from_wide(&units)
}
