//! Text from C: read within bounds, and made UTF-8 whatever it is.
#![expect(unsafe_code, reason = "what a pointer of C points to is not known to the compiler")]

use std::borrow::Cow;
use std::ffi::{c_char, c_void};

/// So many bytes of a text count. What is longer is cut, and ends with "…".
pub const MAX_TEXT_BYTES: usize = 65536;

/// The text, lossily; none for NULL.
///
/// # Safety
/// `text` is NULL, or what it points to can be read up to a NUL.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<Cow<'a, str>> {
    if text.is_null() {
        return None;
    }
    // SAFETY: it can be read up to its end.
    let (bytes, is_cut) = unsafe { bytes(text) };
    Some(of_bytes(bytes, is_cut))
}

/// The same of a text with a length, which may have NULs in it: they are shown as ␀.
///
/// # Safety
/// `text` is NULL, or `length` bytes can be read there.
pub(crate) unsafe fn text_n<'a>(text: *const c_char, length: usize) -> Option<Cow<'a, str>> {
    if text.is_null() {
        return None;
    }
    // SAFETY: so many bytes can be read.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length.min(MAX_TEXT_BYTES + 1)) };
    let text = if bytes.len() > MAX_TEXT_BYTES {
        of_bytes(whole_characters(bytes), true)
    } else {
        of_bytes(bytes, false)
    };
    Some(if text.contains('\0') {
        Cow::Owned(text.replace('\0', "␀"))
    } else {
        text
    })
}

/// What is of no use when it is cut: a path, JSON. None where it is longer than what counts.
///
/// # Safety
/// As for [`text`], and not NULL.
pub(crate) unsafe fn whole<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: it can be read up to its end.
    let (bytes, is_cut) = unsafe { bytes(text) };
    (!is_cut).then_some(bytes)
}

/// Up to the NUL, or as much as counts, and whether there is more.
unsafe fn bytes<'a>(text: *const c_char) -> (&'a [u8], bool) {
    let text = text.cast::<u8>();
    // SAFETY: no byte behind a NUL is touched, and those before can be read.
    unsafe {
        let length = (0..=MAX_TEXT_BYTES).find(|at| *text.add(*at) == 0);
        match length {
            Some(length) => (std::slice::from_raw_parts(text, length), false),
            None => (
                whole_characters(std::slice::from_raw_parts(text, MAX_TEXT_BYTES + 1)),
                true,
            ),
        }
    }
}

/// Without the last byte, and without the character that it would have cut in two.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    let is_inside = |at: &usize| bytes[*at] & 0xc0 == 0x80;
    let last = bytes.len() - 1;
    // A character has three of these at the most; what has more is no UTF-8.
    let end = (last.saturating_sub(3)..=last).rev().find(|at| !is_inside(at));
    &bytes[..end.unwrap_or(last)]
}

fn of_bytes(bytes: &[u8], is_cut: bool) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    if is_cut { text + "…" } else { text }
}

/// Copies a text and a NUL to where C wants it. False where that is NULL or too small: nothing is written then.
///
/// # Safety
/// `to` is NULL, or `size` bytes can be written there.
pub(crate) unsafe fn copy(text: &str, to: *mut c_char, size: usize) -> bool {
    if to.is_null() || size <= text.len() {
        return false;
    }
    // SAFETY: the text and its NUL fit; what is C's cannot overlap with a text of ours.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast::<c_void>(), to.cast(), text.len());
        *to.add(text.len()) = 0;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    fn read(bytes: &[u8]) -> String {
        let text = CString::new(bytes).unwrap();
        // SAFETY: it ends with a NUL.
        unsafe { super::text(text.as_ptr()) }.unwrap().into_owned()
    }

    fn read_n(bytes: &[u8]) -> String {
        // SAFETY: so many bytes are there.
        unsafe { text_n(bytes.as_ptr().cast(), bytes.len()) }
            .unwrap()
            .into_owned()
    }

    #[test]
    fn null_is_no_text() {
        // SAFETY: NULL may be given.
        unsafe {
            assert_eq!(text(std::ptr::null()), None);
            assert_eq!(text_n(std::ptr::null(), 7), None);
        }
    }

    #[test]
    fn broken_utf_8_is_replaced() {
        for read in [read, read_n] {
            assert_eq!(read(b"a\xffb"), "a\u{fffd}b");
            assert_eq!(read("ü".as_bytes()), "ü");
            assert_eq!(read(b""), "");
        }
        assert_eq!(read_n(b"a\0b"), "a␀b");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_marked() {
        for read in [read, read_n] {
            let fits = "x".repeat(MAX_TEXT_BYTES);
            assert_eq!(read(fits.as_bytes()), fits);
            let cut = read("x".repeat(10_000_000).as_bytes());
            assert_eq!(cut, fits.clone() + "…");
            // Three bytes each: the last one does not fit.
            let cut = read("€".repeat(MAX_TEXT_BYTES).as_bytes());
            assert_eq!(cut, "€".repeat(MAX_TEXT_BYTES / 3) + "…");
            let no_text = read(&[0x80; MAX_TEXT_BYTES + 7]);
            assert!(no_text.ends_with("\u{fffd}…"));
        }
    }

    /// Behind the NUL there may be nothing.
    #[test]
    fn nothing_is_read_behind_the_end() {
        let page = vec![b'a', 0].into_boxed_slice();
        // SAFETY: it ends with a NUL, which is the last byte there is.
        assert_eq!(unsafe { text(page.as_ptr().cast()) }.unwrap(), "a");
    }

    #[test]
    fn a_text_is_copied_where_it_fits() {
        let mut to = [b'?'; 4];
        // SAFETY: so many bytes can be written.
        unsafe {
            assert!(!copy("abcd", to.as_mut_ptr().cast(), 4));
            assert_eq!(&to, b"????");
            assert!(copy("abc", to.as_mut_ptr().cast(), 4));
            assert_eq!(&to, b"abc\0");
            assert!(!copy("abc", std::ptr::null_mut(), 4));
        }
    }
}
