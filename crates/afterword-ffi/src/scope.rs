//! The scope: what every report says. Each is in crash reports when the call returns.
#![expect(unsafe_code, reason = "what a pointer of C points to is not known to the compiler")]

use std::borrow::Cow;
use std::ffi::c_char;

use afterword::sentry::protocol::{Context, User};
use serde_json::Value;

use crate::capture::level_of;
use crate::life::must_be_on;
use crate::options::{needed, read_json};
use crate::outcome::{AfterwordResult, Failure, outcome};
use crate::text::{text, text_n};

/// A fingerprint has a handful of parts.
const MAX_FINGERPRINT_PARTS: usize = 64;
const MAX_TAG_CHARACTERS: usize = 200;

/// Sets a tag. Of key and value 200 characters count, as servers take them; a longer one is cut, and ends with "…".
///
/// # Safety
/// The texts are NULL or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_set_tag(key: *const c_char, value: *const c_char) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        // SAFETY: as promised.
        let (key, value) = unsafe { (needed(key, "the key")?, needed(value, "the value")?) };
        afterword::set_tag(&tag_text(key), tag_text(value));
        Ok(())
    })
}

/// Sets a tag, from texts with lengths in bytes. A NUL in them is shown as ␀. The rest is as for `afterword_set_tag`.
///
/// # Safety
/// The texts are NULL or as long as said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_set_tag_n(
    key: *const c_char,
    key_bytes: usize,
    value: *const c_char,
    value_bytes: usize,
) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        // SAFETY: as promised.
        let texts = unsafe { text_n(key, key_bytes).zip(text_n(value, value_bytes)) };
        let (key, value) = texts.ok_or_else(|| Failure::invalid("the key or the value is NULL"))?;
        afterword::set_tag(&tag_text(key), tag_text(value));
        Ok(())
    })
}

/// A tag that is longer is dropped by servers, and would push all others out of a crash report.
fn tag_text(text: Cow<'_, str>) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(MAX_TAG_CHARACTERS).collect();
    if characters.next().is_some() {
        short.pop();
        short.push('…');
    }
    short
}

/// Removes a tag.
///
/// # Safety
/// `key` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_remove_tag(key: *const c_char) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        // SAFETY: as promised.
        let key = unsafe { needed(key, "the key")? };
        afterword::remove_tag(&tag_text(key));
        Ok(())
    })
}

/// Sets who uses the program. What is NULL is not said; with nothing but NULL there is no user any more.
///
/// # Safety
/// The texts are NULL or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_set_user(
    id: *const c_char,
    email: *const c_char,
    username: *const c_char,
) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        // SAFETY: as promised.
        let [id, email, username] = unsafe { [text(id), text(email), text(username)] };
        let is_said = id.is_some() || email.is_some() || username.is_some();
        afterword::set_user(is_said.then(|| User {
            id: id.map(Cow::into_owned),
            email: email.map(Cow::into_owned),
            username: username.map(Cow::into_owned),
            ..User::default()
        }));
        Ok(())
    })
}

/// Sets a context to an object of JSON. With NULL in its place the context is removed.
///
/// # Safety
/// The texts are NULL or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_set_context_json(key: *const c_char, json: *const c_char) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        // SAFETY: as promised.
        let key = unsafe { needed(key, "the key")? };
        if json.is_null() {
            afterword::configure_scope(|scope| scope.remove_context(&key));
            return Ok(());
        }
        // SAFETY: as promised.
        match unsafe { read_json(json)? } {
            Value::Object(fields) => afterword::set_context(&key, Context::Other(fields.into_iter().collect())),
            _ => return Err(Failure::invalid("a context is an object")),
        }
        Ok(())
    })
}

/// Sets an extra value, to any JSON. With NULL in its place the value is removed.
///
/// # Safety
/// The texts are NULL or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_set_extra_json(key: *const c_char, json: *const c_char) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        // SAFETY: as promised.
        let key = unsafe { needed(key, "the key")? };
        if json.is_null() {
            afterword::configure_scope(|scope| scope.remove_extra(&key));
            return Ok(());
        }
        // SAFETY: as promised.
        afterword::set_extra(&key, unsafe { read_json(json)? });
        Ok(())
    })
}

/// Sets the level of what is captured from now on: one of `afterword_level_t`. A crash is always fatal.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_set_level(level: i32) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        afterword::set_level(Some(level_of(level)?));
        Ok(())
    })
}

/// Sets by what events are grouped: `count` texts, 64 at the most. With none it is left to the server again.
///
/// # Safety
/// `parts` is NULL or points to `count` pointers, each NULL or to a text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_set_fingerprint(parts: *const *const c_char, count: usize) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        if count > MAX_FINGERPRINT_PARTS {
            return Err(Failure::invalid(format!("a fingerprint of {count} parts is too long")));
        }
        if count > 0 && parts.is_null() {
            return Err(Failure::invalid("the parts are NULL"));
        }
        // SAFETY: as promised, for as many as there are.
        let parts = unsafe {
            (0..count)
                .map(|at| needed(*parts.add(at), "a part"))
                .collect::<Result<Vec<_>, _>>()?
        };
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        afterword::set_fingerprint((!parts.is_empty()).then_some(&parts[..]));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_as_long_as_servers_take_it() {
        let fits = "ü".repeat(200);
        assert_eq!(tag_text(fits.as_str().into()), fits);
        assert_eq!(tag_text((fits + "ü").into()), "ü".repeat(199) + "…");
    }
}
