//! That each letter of each text is drawn: by the fonts that are built in, or by one of the system.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{FontFamily, FontId, TextStyle};
use egui_system_font_provider::SystemFontProvider;

use super::*;
use crate::theme;

/// Those of the letters that no font can draw.
fn not_drawn(language: Language, letters: &BTreeSet<char>) -> Vec<char> {
    let ctx = egui::Context::default();
    theme::install(&ctx);
    ctx.add_font_provider(Arc::new(SystemFontProvider::new().with_locale(Some(language.tag()))));
    let mut missing = Vec::new();
    let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
        let fonts = [
            TextStyle::Body.resolve(ui.style()),
            FontId::new(13.0, FontFamily::Monospace),
        ];
        ui.fonts_mut(|known| {
            let mut drawn = |c: &char| fonts.iter().all(|font| known.has_glyph(font, *c));
            missing = letters.iter().copied().filter(|c| !drawn(c)).collect();
        });
    });
    output.textures_delta.clear();
    missing
}

#[test]
fn each_letter_of_each_language_is_drawn() {
    for language in Language::ALL {
        let letters = source(language)
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::chars)
            .collect();
        let missing = not_drawn(language, &letters);
        assert!(
            missing.is_empty(),
            "{language:?}: no font for {missing:?}; run the tests with `cargo xtask test`"
        );
    }
}

/// The look-up can tell: a letter that nobody has defined has no glyph.
#[test]
fn a_letter_without_a_font_is_noticed() {
    let letters = BTreeSet::from(['a', '\u{10fffd}']);
    assert_eq!(not_drawn(Language::English, &letters), ['\u{10fffd}']);
}
