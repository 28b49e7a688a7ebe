//! The system's fonts, for what our own cannot write.

use std::sync::{Arc, OnceLock};

use egui::epaint::text::{FallbackRequest, FontInsert, FontProvider};
use egui_system_font_provider::SystemFontProvider;

use crate::language::Language;

/// Looks for a font of the system when a glyph is missing, and not before: listing those that are installed takes longer
/// than all the rest of the first frame, and most dialogs need none of them.
///
/// Shared between contexts, so that it is done once.
pub(crate) struct WhenMissing {
    language: Language,
    found: OnceLock<SystemFontProvider>,
}

impl WhenMissing {
    /// For texts of a language: Chinese and Japanese write the same letters differently.
    pub(crate) fn new(language: Language) -> Arc<WhenMissing> {
        Arc::new(WhenMissing {
            language,
            found: OnceLock::new(),
        })
    }
}

impl FontProvider for WhenMissing {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let find = || SystemFontProvider::new().with_locale(Some(self.language.tag()));
        self.found.get_or_init(find).font_for(request)
    }
}
