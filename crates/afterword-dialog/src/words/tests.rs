//! What the files of the languages must hold: each text, nothing else, and nothing that cannot be said.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use fluent_syntax::ast;

use super::*;
use catalogue::source;

mod drawn;
mod elsewhere;

/// Texts that may be alike in two languages: nothing in them is a word.
const WITHOUT_WORDS: &[&str] = &["decimal_mark", "pair", "file_line"];
/// Texts that are alike in English and another language by chance: the id and the language's tag.
const ALIKE: &[(&str, &str)] = &[
    ("key_app", "pl"),
    ("key_app", "tr"),
    ("key_release", "de"),
    ("key_release", "fr"),
    ("tab_bytes", "de"),
    ("tab_bytes", "es"),
    ("tab_bytes", "pt-BR"),
    ("tab_modules", "fr"),
];

/// Half as much again, as other languages need against English: words of letters with marks, which are higher too.
pub(crate) fn longer_by_half(text: &str) -> String {
    let more = text.chars().count().div_ceil(2);
    let words = " åĝéñ ðüşţ Ŵïħ".chars().cycle().take(more);
    format!("{text}{}", words.collect::<String>())
}

/// The texts in a file by their ids.
fn patterns(resource: &FluentResource, language: Language) -> BTreeMap<&str, &ast::Pattern<&str>> {
    let mut patterns = BTreeMap::new();
    for entry in resource.entries() {
        match entry {
            ast::Entry::Message(message) => {
                assert!(message.attributes.is_empty(), "{language:?}: {}", message.id.name);
                let pattern = message.value.as_ref().expect("a message says something");
                let twice = patterns.insert(message.id.name, pattern);
                assert!(twice.is_none(), "{language:?}: {} is there twice", message.id.name);
            }
            ast::Entry::Comment(_) | ast::Entry::GroupComment(_) | ast::Entry::ResourceComment(_) => {}
            other => panic!("{language:?}: {other:?}"),
        }
    }
    patterns
}

fn resource(language: Language) -> FluentResource {
    FluentResource::try_new(source(language).to_owned())
        .unwrap_or_else(|(_, errors)| panic!("{language:?}: {errors:?}"))
}

/// The variables that a text fills in, and the plural categories of each choice in it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Uses<'a> {
    variables: BTreeSet<&'a str>,
    choices: Vec<BTreeSet<&'a str>>,
}

impl<'a> Uses<'a> {
    fn of(pattern: &'a ast::Pattern<&'a str>) -> Uses<'a> {
        let mut uses = Uses::default();
        uses.take(pattern);
        uses
    }

    fn take(&mut self, pattern: &'a ast::Pattern<&'a str>) {
        for element in &pattern.elements {
            let ast::PatternElement::Placeable { expression } = element else {
                continue;
            };
            match expression {
                ast::Expression::Inline(ast::InlineExpression::VariableReference { id }) => {
                    self.variables.insert(id.name);
                }
                ast::Expression::Select {
                    selector: ast::InlineExpression::VariableReference { id },
                    variants,
                } => {
                    self.variables.insert(id.name);
                    let key = |variant: &ast::Variant<&'a str>| match variant.key {
                        ast::VariantKey::Identifier { name } | ast::VariantKey::NumberLiteral { value: name } => name,
                    };
                    self.choices.push(variants.iter().map(key).collect());
                    variants.iter().for_each(|variant| self.take(&variant.value));
                }
                other => panic!("what is this in a text: {other:?}"),
            }
        }
    }
}

/// The plural categories that a language tells apart.
fn plurals(language: Language) -> &'static [&'static str] {
    match language {
        Language::Polish | Language::Ukrainian => &["one", "few", "many", "other"],
        Language::Japanese | Language::Korean | Language::SimplifiedChinese => &["other"],
        _ => &["one", "other"],
    }
}

#[test]
fn each_text_is_in_each_language_and_no_other() {
    let wanted: BTreeSet<&str> = TEXTS.iter().map(|(id, _)| *id).collect();
    for language in Language::ALL {
        let resource = resource(language);
        let there: BTreeSet<&str> = patterns(&resource, language).into_keys().collect();
        let missing: Vec<_> = wanted.difference(&there).collect();
        let unused: Vec<_> = there.difference(&wanted).collect();
        assert!(
            missing.is_empty() && unused.is_empty(),
            "{language:?}: missing {missing:?}, unused {unused:?}"
        );
    }
}

#[test]
fn each_text_fills_in_the_same_in_each_language() {
    for language in Language::ALL {
        let resource = resource(language);
        for (id, pattern) in patterns(&resource, language) {
            let (_, variables) = TEXTS.iter().find(|(known, _)| *known == id).unwrap();
            let uses = Uses::of(pattern);
            let wanted: BTreeSet<&str> = variables.iter().copied().collect();
            assert_eq!(uses.variables, wanted, "{language:?}: {id}");
            let categories: BTreeSet<&str> = plurals(language).iter().copied().collect();
            for choice in uses.choices {
                assert_eq!(choice, categories, "{language:?}: {id}");
            }
            if wanted.contains("count") && categories.len() > 1 {
                assert!(
                    pattern.elements.len() == 1,
                    "{language:?}: {id} is one choice of whole texts"
                );
            }
        }
    }
}

#[test]
fn each_text_can_be_said() {
    for language in Language::ALL {
        for (id, variables) in TEXTS {
            for count in [0_u64, 1, 2, 4, 5, 11, 12, 21, 22, 25, 100, 1_000_000] {
                let values: Vec<(&'static str, FluentValue<'_>)> = variables
                    .iter()
                    .map(|variable| match *variable {
                        "count" => ("count", FluentValue::from(count)),
                        "times" => ("times", FluentValue::from(7_u64)),
                        variable => (variable, FluentValue::from(format!("«{variable}»"))),
                    })
                    .collect();
                let text = Catalogue::of(language).text(id, &values).unwrap();
                for variable in *variables {
                    let filled = match *variable {
                        "count" => count.to_string(),
                        "times" => "7".to_owned(),
                        variable => format!("«{variable}»"),
                    };
                    // One thing may be said in words.
                    let said = text.contains(&filled) || (*variable == "count" && count == 1);
                    assert!(said, "{language:?}: {id}: {text}");
                }
                if !variables.contains(&"count") {
                    break;
                }
            }
        }
    }
}

#[test]
fn each_text_is_translated() {
    let english = resource(Language::English);
    let english = patterns(&english, Language::English);
    let mut alike = Vec::new();
    for language in Language::ALL
        .into_iter()
        .filter(|language| *language != Language::English)
    {
        let resource = resource(language);
        for (id, pattern) in patterns(&resource, language) {
            let may_be_alike = WITHOUT_WORDS.contains(&id) || id.starts_with("size_");
            if !may_be_alike && pattern == english[id] {
                alike.push((id.to_owned(), language.tag()));
            }
        }
    }
    let known: Vec<_> = ALIKE.iter().map(|(id, tag)| ((*id).to_owned(), *tag)).collect();
    alike.sort();
    assert_eq!(alike, known, "texts that are as in English");
}

/// Straight quotes and three dots are not what a typesetter would take; what acts instead of being read, and what is written
/// from right to left, is not laid out.
#[test]
fn the_texts_are_set_as_text_is() {
    for language in Language::ALL {
        for line in source(language).lines().filter(|line| !line.starts_with('#')) {
            for odd in ["...", "'", "\"", "  =", "=  "] {
                assert!(!line.contains(odd), "{language:?}: {line}");
            }
            assert!(!line.ends_with(' '), "{language:?}: {line}");
            let from_right =
                |c: char| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
            assert!(
                !line.contains(|c| text::acts(c) || from_right(c)),
                "{language:?}: {line}"
            );
        }
    }
}

#[test]
fn plurals_are_those_of_the_language() {
    assert_eq!(Words::of(Language::English).size(1), "1 byte");
    assert_eq!(Words::of(Language::English).size(2), "2 bytes");
    let polish = [1, 2, 5, 12, 22, 25].map(|count| Words::of(Language::Polish).size(count));
    assert_eq!(
        polish,
        ["1 bajt", "2 bajty", "5 bajtów", "12 bajtów", "22 bajty", "25 bajtów"]
    );
    let ukrainian = [1, 2, 5, 11, 21, 22].map(|count| Words::of(Language::Ukrainian).size(count));
    assert_eq!(
        ukrainian,
        ["1 байт", "2 байти", "5 байтів", "11 байтів", "21 байт", "22 байти"]
    );
    assert_eq!(Words::of(Language::Japanese).size(1), "1 バイト");
}

#[test]
fn what_was_removed_is_said_in_the_language() {
    let german = Words::of(Language::German);
    for (what, said) in [
        ("environment variables", "Umgebungsvariablen"),
        ("passwords in texts (3)", "Passwörter in Texten (3)"),
        ("Kundennummern in texts (12)", "Kundennummern in Texten (12)"),
        (
            "what this program wants taken out of texts (1)",
            "was dieses Programm aus Texten entfernen lässt (1)",
        ),
        (
            "what is longer than 16384 bytes in a text",
            "was in einem Text länger als 16,3 kB ist",
        ),
        // What is not ours is as it was.
        ("something new", "something new"),
        ("something (new)", "something (new)"),
        ("something in texts (new)", "something in texts (new)"),
    ] {
        assert_eq!(german.removed_words(what), said);
    }
}

#[test]
fn sizes_are_short_and_never_overstated() {
    let said = |bytes| Words::ENGLISH.size(bytes);
    assert_eq!(said(0), "0 bytes");
    assert_eq!(said(999), "999 bytes");
    assert_eq!(said(1_000), "1 KB");
    assert_eq!(said(24_560), "24.5 KB");
    assert_eq!(said(999_999), "999 KB");
    assert_eq!(said(1_250_000), "1.2 MB");
    assert_eq!(said(u64::MAX), "18446744073 GB");
    assert_eq!(Words::of(Language::German).size(24_560), "24,5 kB");
    assert_eq!(Words::of(Language::French).size(24_560), "24,5 ko");
}

#[test]
fn what_happened_is_told_as_far_as_it_is_known() {
    let asked = crate::sample::asked();
    let said = |kind, signal: Option<&str>, address, message: Option<&str>| {
        let asked = Asked {
            kind,
            signal: signal.map(str::to_owned),
            address,
            message: message.map(str::to_owned),
            ..asked.clone()
        };
        Words::ENGLISH.what_happened(&asked).into_owned()
    };
    use ReportKind::{Crash, Error, Hang, Panic};
    for (said, expected) in [
        (
            said(Crash, Some("SIGSEGV"), Some(0x18), None),
            "does not belong to it (address\u{a0}0x18).",
        ),
        (said(Crash, Some("SIGBUS"), None, None), "does not belong to it."),
        (
            said(Crash, Some("SIGFPE"), Some(1), None),
            "such as a division by zero.",
        ),
        (
            said(Crash, Some("SIGILL"), Some(0x40), None),
            "cannot be carried out (address\u{a0}0x40).",
        ),
        (said(Crash, Some("SIGABRT"), None, None), "and gave up."),
        (
            said(Crash, Some("SIGABRT"), None, Some("no ink")),
            "could not recover from: no ink",
        ),
        (said(Crash, None, None, None), "because of an error inside."),
        (
            said(Panic, Some("SIGABRT"), None, Some("no ink")),
            "could not recover from: no ink",
        ),
        (said(Error, None, None, None), "something failed inside."),
        (
            said(Error, None, None, Some("no ink")),
            "something failed inside: no ink",
        ),
        (said(Hang, None, None, None), "did not respond for a while."),
    ] {
        assert!(said.ends_with(expected), "{said}");
    }
}

#[test]
fn what_is_known_is_a_sentence() {
    let known = |is_new, is_fixed, fixed_in: Option<&str>, newer: Option<&str>| {
        let known = KnownCrash {
            short_id: "EDITOR-3".to_owned(),
            is_new,
            is_fixed,
            fixed_in: fixed_in.map(str::to_owned),
            newer_release: newer.map(str::to_owned),
        };
        Words::ENGLISH.known_crash(&known)
    };
    assert_eq!(known(true, false, None, None), None);
    assert_eq!(known(false, false, None, None).as_deref(), Some("This crash is known."));
    let fixed = known(false, true, Some("editor@1.4.2"), Some("editor@1.5.0"));
    assert_eq!(fixed.as_deref(), Some("This crash is known and fixed in 1.4.2."));
    let newer = known(false, true, None, Some("1.5.0\u{1b}"));
    assert_eq!(
        newer.as_deref(),
        Some("This crash is known and fixed. The newest version is 1.5.0.")
    );
    assert!(known(false, true, None, None).is_some());
}

#[test]
fn yes_is_yes_in_the_language_and_everywhere() {
    let german = Words::of(Language::German);
    for typed in ["y", "YES", "j", "Ja"] {
        assert!(german.is_yes(typed), "{typed}");
    }
    for typed in ["", " ", "n", "nein", "jein", "j ja"] {
        assert!(!german.is_yes(typed), "{typed}");
    }
    assert!(!Words::ENGLISH.is_yes("ja"));
}
