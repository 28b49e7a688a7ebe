//! The languages the dialog speaks, and which of them the desktop asks for.

use unic_langid::LanguageIdentifier;

/// Chooses the language against the desktop's, such as `de`: for tests, and for apps that have a choice of their
/// own and set it before they start the reporter.
const OVERRIDE: &str = "AFTERWORD_LANGUAGE";
/// Most wishes of a desktop that are looked at.
const MAX_WISHES: usize = 64;

/// A language with texts of its own, in `assets/locales`. All are written from left to right: the toolkit does not lay out
/// the other direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// For everybody whose language is not among these.
    #[default]
    English,
    /// Deutsch
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::English, Language::German];

    /// Its tag (BCP 47): the name of its folder, and what is kept with an answer.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
        }
    }

    /// What this process is asked to speak: by `AFTERWORD_LANGUAGE`, or by the desktop (on Linux `LANGUAGE`, `LC_ALL`,
    /// `LC_MESSAGES` and `LANG`, in this order).
    #[must_use]
    pub fn of_desktop() -> Language {
        let chosen = std::env::var(OVERRIDE).ok().filter(|chosen| !chosen.is_empty());
        Language::negotiate(chosen.into_iter().chain(sys_locale::get_locales()))
    }

    /// The first of these wishes, most wanted first, that we speak; English where there is none.
    #[must_use]
    pub fn negotiate(wishes: impl IntoIterator<Item = String>) -> Language {
        let mut wishes = wishes.into_iter().take(MAX_WISHES);
        wishes.find_map(|wish| Language::of_wish(&wish)).unwrap_or_default()
    }

    /// Takes any country of a language, since a neighbour's texts are better than foreign ones.
    fn of_wish(wish: &str) -> Option<Language> {
        // No language was asked for: that is how scripts have it.
        if wish == "C" || wish == "POSIX" {
            return Some(Language::English);
        }
        let wish: LanguageIdentifier = wish.parse().ok()?;
        let of_wish = |language: &Language| language.tag().split('-').next() == Some(wish.language.as_str());
        Language::ALL.into_iter().find(of_wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(wishes: &[&str]) -> Language {
        Language::negotiate(wishes.iter().map(|wish| (*wish).to_owned()))
    }

    #[test]
    fn the_first_wish_that_we_speak_counts() {
        for (wishes, expected) in [
            (&["de-DE"][..], Language::German),
            (&["de-AT", "en-US"], Language::German),
            (&["ru-RU", "de", "en"], Language::German),
        ] {
            assert_eq!(negotiated(wishes), expected, "{wishes:?}");
        }
    }

    #[test]
    fn without_a_language_of_ours_it_is_english() {
        for wishes in [
            &[][..],
            &["C", "de-DE"],
            &["POSIX"],
            &[""],
            &["not a language!"],
            &["nl-NL"],
            // Written from right to left.
            &["ar-EG"],
            &["he-IL"],
            &["fa-IR"],
            &["ur-PK"],
        ] {
            assert_eq!(negotiated(wishes), Language::English, "{wishes:?}");
        }
    }
}
