//! The texts of one language, read from the file that is built in.

use std::borrow::Cow;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::language::Language;

/// The texts of a language.
pub(super) struct Catalogue(FluentBundle<FluentResource>);

impl Catalogue {
    /// That of a language, read when it is first asked for.
    pub(super) fn of(language: Language) -> &'static Catalogue {
        static READ: [OnceLock<Catalogue>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
        READ[language as usize].get_or_init(|| Catalogue::read(language))
    }

    fn read(language: Language) -> Catalogue {
        let locale = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // The marks around what is filled in are for mixed directions, and no font draws them.
        bundle.set_use_isolating(false);
        let resource = FluentResource::try_new(source(language).to_owned()).unwrap_or_else(|(understood, errors)| {
            log::error!("texts in {language:?} that are not understood: {errors:?}");
            understood
        });
        bundle.add_resource_overriding(resource);
        Catalogue(bundle)
    }

    /// A text with its variables filled in; `None` when there is no such text, or a variable is missing.
    pub(super) fn text(
        &'static self,
        id: &str,
        variables: &[(&'static str, FluentValue<'_>)],
    ) -> Option<Cow<'static, str>> {
        let pattern = self.0.get_message(id)?.value()?;
        let arguments: FluentArgs<'_> = variables.iter().cloned().collect();
        let mut errors = Vec::new();
        let text = self.0.format_pattern(pattern, Some(&arguments), &mut errors);
        if errors.is_empty() {
            Some(text)
        } else {
            log::error!("{id}: {errors:?}");
            None
        }
    }
}

/// The file of a language.
pub(super) fn source(language: Language) -> &'static str {
    macro_rules! file {
        ($tag:literal) => {
            include_str!(concat!("../../../../assets/locales/", $tag, "/dialog.ftl"))
        };
    }
    match language {
        Language::English => file!("en"),
        Language::German => file!("de"),
        Language::French => file!("fr"),
        Language::Spanish => file!("es"),
        Language::BrazilianPortuguese => file!("pt-BR"),
        Language::Italian => file!("it"),
        Language::Polish => file!("pl"),
        Language::Turkish => file!("tr"),
        Language::Ukrainian => file!("uk"),
        Language::Japanese => file!("ja"),
        Language::Korean => file!("ko"),
        Language::SimplifiedChinese => file!("zh-CN"),
    }
}
