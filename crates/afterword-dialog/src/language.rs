//! The languages the dialog speaks, and which of them the desktop asks for.

use unic_langid::LanguageIdentifier;

/// Chooses the language against the desktop's, such as `de` or `pt-BR`: for tests, and for apps that have a choice of their
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
    /// Français
    French,
    /// Español
    Spanish,
    /// Português do Brasil
    BrazilianPortuguese,
    /// Italiano
    Italian,
    /// Polski
    Polish,
    /// Türkçe
    Turkish,
    /// Українська
    Ukrainian,
    /// 日本語
    Japanese,
    /// 한국어
    Korean,
    /// 简体中文
    SimplifiedChinese,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 12] = [
        Language::English,
        Language::German,
        Language::French,
        Language::Spanish,
        Language::BrazilianPortuguese,
        Language::Italian,
        Language::Polish,
        Language::Turkish,
        Language::Ukrainian,
        Language::Japanese,
        Language::Korean,
        Language::SimplifiedChinese,
    ];

    /// Its tag (BCP 47): the name of its folder, and what is kept with an answer.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
            Language::French => "fr",
            Language::Spanish => "es",
            Language::BrazilianPortuguese => "pt-BR",
            Language::Italian => "it",
            Language::Polish => "pl",
            Language::Turkish => "tr",
            Language::Ukrainian => "uk",
            Language::Japanese => "ja",
            Language::Korean => "ko",
            Language::SimplifiedChinese => "zh-CN",
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

    /// Takes any country of a language, since a neighbour's texts are better than foreign ones, but not traditional Chinese,
    /// which is another script.
    fn of_wish(wish: &str) -> Option<Language> {
        // No language was asked for: that is how scripts have it.
        if wish == "C" || wish == "POSIX" {
            return Some(Language::English);
        }
        // What follows a single letter says how numbers and dates are written, not which words are.
        let of_words: Vec<&str> = wish.split('-').take_while(|part| part.len() > 1).collect();
        let wish: LanguageIdentifier = of_words.join("-").parse().ok()?;
        let language = *Language::ALL
            .iter()
            .find(|language| language.tag().split('-').next() == Some(wish.language.as_str()))?;
        let traditional = match (&wish.script, &wish.region) {
            (Some(script), _) => script.as_str() != "Hans",
            (None, Some(region)) => matches!(region.as_str(), "TW" | "HK" | "MO"),
            (None, None) => false,
        };
        (language != Language::SimplifiedChinese || !traditional).then_some(language)
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
            (&["ru-RU", "uk-UA", "en"], Language::Ukrainian),
            (&["pt-PT"], Language::BrazilianPortuguese),
            (&["fr-CA"], Language::French),
            (&["ja"], Language::Japanese),
            (&["ja-JP-u-ca-japanese"], Language::Japanese),
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

    #[test]
    fn chinese_is_simplified_where_it_is_read() {
        for wish in ["zh", "zh-CN", "zh-SG", "zh-Hans", "zh-Hans-CN", "zh-Hans-HK"] {
            assert_eq!(negotiated(&[wish]), Language::SimplifiedChinese, "{wish}");
        }
        for wish in ["zh-TW", "zh-HK", "zh-MO", "zh-Hant", "zh-Hant-CN"] {
            assert_eq!(negotiated(&[wish]), Language::English, "{wish}");
        }
    }
}
