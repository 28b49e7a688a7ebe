//! Attached files of text: logs, settings.
//!
//! A file is text if it has no zero byte and few control characters at its beginning, or says by its first bytes that it is
//! UTF-16. What is compressed, a picture or another file of bytes is not looked into, and neither is a minidump, which has
//! been scrubbed.

use super::event::Cleaner;

/// How much of a file says what it is, in bytes.
const LOOK_BYTES: usize = 64 * 1024;
/// What files begin with that may have no zero byte, and are no text: PDF, gzip, Zstandard, PNG, JPEG, zip.
const MAGIC: [&[u8]; 6] = [
    b"%PDF",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
];

/// How a file writes its letters.
enum Letters {
    Utf8,
    /// A byte each, as older programs on Windows have it; so nothing is lost of what is neither.
    Latin1,
    Utf16 {
        big: bool,
    },
}

/// The file without what is found in it; none where nothing is.
pub(super) fn clean(bytes: &[u8], cleaner: &mut Cleaner<'_>) -> Option<Vec<u8>> {
    let (letters, before) = read(bytes)?;
    let mut text = before.clone();
    cleaner.file(&mut text);
    (text != before).then(|| write(&text, &letters))
}

fn read(bytes: &[u8]) -> Option<(Letters, String)> {
    for (mark, big) in [(b"\xff\xfe", false), (b"\xfe\xff", true)] {
        if bytes.starts_with(mark) {
            let (units, _) = bytes.as_chunks::<2>();
            let units: Vec<u16> = units
                .iter()
                .map(|unit| {
                    if big {
                        u16::from_be_bytes(*unit)
                    } else {
                        u16::from_le_bytes(*unit)
                    }
                })
                .collect();
            return Some((Letters::Utf16 { big }, String::from_utf16_lossy(&units)));
        }
    }
    let look = &bytes[..bytes.len().min(LOOK_BYTES)];
    let odd = |byte: &&u8| **byte < b' ' && !b"\t\n\r\x0c\x1b".contains(*byte);
    let is_text = !MAGIC.iter().any(|magic| bytes.starts_with(magic))
        && !look.contains(&0)
        && look.iter().filter(odd).count() * 50 <= look.len();
    is_text.then(|| match str::from_utf8(bytes) {
        Ok(text) => (Letters::Utf8, text.to_owned()),
        Err(_) => (Letters::Latin1, bytes.iter().map(|byte| char::from(*byte)).collect()),
    })
}

fn write(text: &str, letters: &Letters) -> Vec<u8> {
    match letters {
        Letters::Utf8 => text.as_bytes().to_vec(),
        // What the app wants to stand there may have other letters.
        Letters::Latin1 => text
            .chars()
            .map(|char| u8::try_from(u32::from(char)).unwrap_or(b'?'))
            .collect(),
        Letters::Utf16 { big } => text
            .encode_utf16()
            .flat_map(|unit| if *big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect(),
    }
}
