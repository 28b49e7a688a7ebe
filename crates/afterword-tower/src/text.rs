//! Text from outside, bounded.

use std::borrow::Cow;

/// `text` itself, or its beginning with a mark, when it is longer than `limit` bytes.
pub(crate) fn bounded(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(limit);
    Cow::Owned(format!("{}… [cut, {} bytes in all]", &text[..end], text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(bounded("ärger", 6), "ärger");
        assert_eq!(bounded("ärger", 1), "… [cut, 6 bytes in all]");
        assert_eq!(bounded("ärger", 2), "ä… [cut, 6 bytes in all]");
    }
}
