//! How much of a page something may take. What clients send can be of any size, pages are not: each part has so many bytes,
//! and says how much of it there is besides.

/// What is left, in bytes of the page.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Room {
    pub(super) const fn of(bytes: usize) -> Self {
        Self(bytes)
    }

    /// Takes so many bytes if they are left. Once something does not fit, nothing does any more: what is shown has no gaps.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        self.0 = self.0.saturating_sub(bytes);
        self.0 > 0
    }

    /// Those that fit, in their order, and how many do not.
    pub(super) fn fit<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        weight: impl Fn(&T) -> usize,
    ) -> (Vec<T>, usize) {
        let mut left_out = 0;
        let mut fit = Vec::new();
        for item in items {
            if left_out == 0 && self.take(weight(&item)) {
                fit.push(item);
            } else {
                left_out += 1;
            }
        }
        (fit, left_out)
    }
}

/// What a text takes at most once it is escaped, with a place for a line to break behind each `::`.
pub(super) fn weight(text: &str) -> usize {
    let of = |byte: u8| match byte {
        b'<' | b'>' | b'&' | b'"' | b'\'' => 5,
        b':' => 4,
        _ => 1,
    };
    text.bytes().map(of).sum()
}

/// A text that takes at most so many bytes of the page; `…` says that there was more.
pub(super) fn fitting(text: &str, bytes: usize) -> String {
    let mut left = bytes;
    for (at, char) in text.char_indices() {
        let end = at + char.len_utf8();
        match left.checked_sub(weight(&text[at..end])) {
            Some(rest) => left = rest,
            None => return format!("{}…", &text[..at]),
        }
    }
    text.to_owned()
}

/// A text of at most so many characters; `…` says that there was more.
pub(super) fn short(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_what_it_may() {
        assert_eq!(fitting("canvas", 6), "canvas");
        assert_eq!(fitting("canvas", 5), "canva…");
        assert_eq!(fitting("<b>ü", 13), "<b>ü", "as it is sent: &lt;b&gt;ü");
        assert_eq!(fitting("<b>ü", 12), "<b>…");
        assert_eq!(fitting("<b>", 4), "…");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut room = Room::of(10);
        let texts = ["abc", "<", "ab", "a"];
        let (fit, left_out) = room.fit(texts, |text| weight(text));
        assert_eq!(
            (fit, left_out),
            (vec!["abc", "<"], 2),
            "nothing after what does not fit"
        );
        assert!(!room.take(1));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(short("äöü", 3), "äöü");
        assert_eq!(short("äöüß", 3), "äöü…");
    }
}
