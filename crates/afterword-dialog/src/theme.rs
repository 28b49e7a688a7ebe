//! The window's own colours and sizes, light and dark.
//!
//! Restrained on purpose: two grounds, two inks, one accent that marks only the keyboard's focus and the progress. No
//! button is coloured, since a coloured one would be the recommended one.

use egui::style::{Selection, WidgetVisuals, Widgets};
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Theme, Visuals, vec2};

/// Least space at the left and right of a page, in points.
const SIDE: f32 = 28.0;
/// Widest a page gets, in points: longer lines are hard to read. What is left over is space at both sides.
const MAX_PAGE_WIDTH: f32 = 680.0;

/// Space around the page in a window of `width`, in points.
pub(crate) fn page_margin(width: f32) -> Margin {
    Margin {
        top: 26,
        bottom: 18,
        ..sides(width)
    }
}

/// Space around the row of buttons in a window of `width`, in points.
pub(crate) fn footer_margin(width: f32) -> Margin {
    Margin {
        top: 16,
        bottom: 16,
        ..sides(width)
    }
}

/// Margins are kept in bytes, hence the bound on very wide windows, where the page grows again.
fn sides(width: f32) -> Margin {
    let side = ((width - MAX_PAGE_WIDTH) / 2.0).clamp(SIDE, f32::from(i8::MAX));
    Margin::symmetric(side as i8, 0)
}

/// Height of a button, in points.
pub(crate) const BUTTON_HEIGHT: f32 = 40.0;
const RADIUS: CornerRadius = CornerRadius::same(6);

/// The colours of one theme. Contrast of every text on every ground it stands on is at least 4.5 to 1, of borders and
/// marks that tell what can be used at least 3 to 1 (WCAG 2.2, AA).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    /// The page.
    pub(crate) ground: Color32,
    /// The strip with the buttons.
    pub(crate) footer: Color32,
    /// Text fields, buttons and cards.
    pub(crate) surface: Color32,
    /// A button under the pointer.
    pub(crate) surface_hovered: Color32,
    /// A button being pressed.
    pub(crate) surface_pressed: Color32,
    /// Text.
    pub(crate) ink: Color32,
    /// Text that matters less.
    pub(crate) ink_soft: Color32,
    /// Lines that only separate.
    pub(crate) hairline: Color32,
    /// Lines around what can be used.
    pub(crate) border: Color32,
    /// Focus, progress, links.
    pub(crate) accent: Color32,
    /// Ground of selected text.
    pub(crate) selected: Color32,
    /// The mark of success.
    pub(crate) good: Color32,
    /// The mark of failure.
    pub(crate) bad: Color32,
}

pub(crate) const LIGHT: Palette = Palette {
    ground: Color32::from_rgb(0xfa, 0xfa, 0xfb),
    footer: Color32::from_rgb(0xf1, 0xf2, 0xf5),
    surface: Color32::from_rgb(0xff, 0xff, 0xff),
    surface_hovered: Color32::from_rgb(0xf4, 0xf6, 0xfa),
    surface_pressed: Color32::from_rgb(0xe8, 0xec, 0xf4),
    ink: Color32::from_rgb(0x1a, 0x1d, 0x24),
    ink_soft: Color32::from_rgb(0x52, 0x58, 0x65),
    hairline: Color32::from_rgb(0xdd, 0xdf, 0xe5),
    border: Color32::from_rgb(0x84, 0x8b, 0x99),
    accent: Color32::from_rgb(0x2b, 0x5b, 0xc7),
    selected: Color32::from_rgb(0xcf, 0xde, 0xfb),
    good: Color32::from_rgb(0x1f, 0x73, 0x48),
    bad: Color32::from_rgb(0xb0, 0x38, 0x22),
};

pub(crate) const DARK: Palette = Palette {
    ground: Color32::from_rgb(0x1e, 0x20, 0x25),
    footer: Color32::from_rgb(0x18, 0x1a, 0x1e),
    surface: Color32::from_rgb(0x29, 0x2c, 0x33),
    surface_hovered: Color32::from_rgb(0x32, 0x36, 0x3e),
    surface_pressed: Color32::from_rgb(0x3a, 0x3f, 0x49),
    ink: Color32::from_rgb(0xed, 0xee, 0xf1),
    ink_soft: Color32::from_rgb(0xae, 0xb4, 0xc0),
    hairline: Color32::from_rgb(0x34, 0x38, 0x41),
    border: Color32::from_rgb(0x7f, 0x87, 0x96),
    accent: Color32::from_rgb(0x8c, 0xb2, 0xff),
    selected: Color32::from_rgb(0x2f, 0x4a, 0x7d),
    good: Color32::from_rgb(0x7d, 0xcf, 0x9f),
    bad: Color32::from_rgb(0xff, 0x9d, 0x8c),
};

/// For whom the light theme is not clear enough: every text at least 7 to 1 (WCAG 2.2, AAA), every line that tells something
/// 4.5 to 1.
pub(crate) const CLEAR_LIGHT: Palette = Palette {
    ground: Color32::WHITE,
    footer: Color32::WHITE,
    surface: Color32::WHITE,
    surface_hovered: Color32::from_rgb(0xee, 0xf2, 0xfb),
    surface_pressed: Color32::from_rgb(0xdc, 0xe5, 0xf7),
    ink: Color32::BLACK,
    ink_soft: Color32::from_rgb(0x24, 0x28, 0x30),
    hairline: Color32::from_rgb(0x5c, 0x62, 0x6e),
    border: Color32::BLACK,
    accent: Color32::from_rgb(0x08, 0x35, 0x8f),
    selected: Color32::from_rgb(0xcf, 0xde, 0xfb),
    good: Color32::from_rgb(0x0a, 0x4a, 0x29),
    bad: Color32::from_rgb(0x7c, 0x1a, 0x0a),
};

/// The same of the dark theme.
pub(crate) const CLEAR_DARK: Palette = Palette {
    ground: Color32::BLACK,
    footer: Color32::BLACK,
    surface: Color32::BLACK,
    surface_hovered: Color32::from_rgb(0x1c, 0x21, 0x2b),
    surface_pressed: Color32::from_rgb(0x2a, 0x31, 0x3f),
    ink: Color32::WHITE,
    ink_soft: Color32::from_rgb(0xe2, 0xe5, 0xea),
    hairline: Color32::from_rgb(0x9a, 0xa1, 0xae),
    border: Color32::WHITE,
    accent: Color32::from_rgb(0xb4, 0xcd, 0xff),
    selected: Color32::from_rgb(0x24, 0x3d, 0x70),
    good: Color32::from_rgb(0xa6, 0xe8, 0xc2),
    bad: Color32::from_rgb(0xff, 0xc0, 0xb5),
};

impl Palette {
    /// The palette of the theme the `Ui` is drawn in.
    pub(crate) fn of(ui: &egui::Ui) -> Palette {
        match (ui.visuals().dark_mode, Needs::of(ui).more_contrast) {
            (false, false) => LIGHT,
            (true, false) => DARK,
            (false, true) => CLEAR_LIGHT,
            (true, true) => CLEAR_DARK,
        }
    }
}

/// What the person needs beside light or dark; kept in the context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    more_contrast: bool,
    /// Nothing moves by itself.
    pub(crate) less_motion: bool,
}

impl Needs {
    /// Those of whoever the `Ui` is drawn for.
    pub(crate) fn of(ui: &egui::Ui) -> Needs {
        ui.data(|data| data.get_temp(egui::Id::NULL)).unwrap_or_default()
    }

    fn change(ctx: &egui::Context, change: impl FnOnce(&mut Needs)) {
        ctx.data_mut(|data| change(data.get_temp_mut_or_default(egui::Id::NULL)));
    }
}

/// Has both themes drawn with more contrast.
pub(crate) fn install_more_contrast(ctx: &egui::Context) {
    Needs::change(ctx, |needs| needs.more_contrast = true);
    ctx.set_visuals_of(Theme::Light, visuals(&CLEAR_LIGHT, Visuals::light()));
    ctx.set_visuals_of(Theme::Dark, visuals(&CLEAR_DARK, Visuals::dark()));
}

/// Stops what moves by itself: the spinner and the cursor.
pub(crate) fn install_less_motion(ctx: &egui::Context) {
    Needs::change(ctx, |needs| needs.less_motion = true);
    ctx.all_styles_mut(|style| style.visuals.text_cursor.blink = false);
}

/// Gives the context the dialog's looks in both themes; which one is shown follows the system.
///
/// Call once before the first frame, in any shell.
pub fn install(ctx: &egui::Context) {
    ctx.options_mut(|options| options.fallback_theme = Theme::Light);
    ctx.set_visuals_of(Theme::Light, visuals(&LIGHT, Visuals::light()));
    ctx.set_visuals_of(Theme::Dark, visuals(&DARK, Visuals::dark()));
    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Heading, FontId::new(23.0, FontFamily::Proportional)),
            (TextStyle::Body, FontId::new(15.0, FontFamily::Proportional)),
            (TextStyle::Button, FontId::new(15.0, FontFamily::Proportional)),
            (TextStyle::Small, FontId::new(13.0, FontFamily::Proportional)),
            (TextStyle::Monospace, FontId::new(13.0, FontFamily::Monospace)),
        ]
        .into();
        style.spacing.item_spacing = vec2(8.0, 6.0);
        style.spacing.button_padding = vec2(12.0, 8.0);
        style.spacing.interact_size = vec2(40.0, 26.0);
        style.spacing.icon_width = 18.0;
        style.spacing.icon_width_inner = 10.0;
        style.spacing.icon_spacing = 10.0;
        style.spacing.indent = 20.0;
        // Nothing moves but the spinner: a calm window, and one that is laid out in one go.
        style.animation_time = 0.0;
        style.scroll_animation = egui::style::ScrollAnimation::none();
    });
}

fn visuals(p: &Palette, base: Visuals) -> Visuals {
    let focus = Stroke::new(2.0, p.accent);
    let border = Stroke::new(1.0, p.border);
    let hairline = Stroke::new(1.0, p.hairline);
    Visuals {
        weak_text_color: Some(p.ink_soft),
        selection: Selection {
            bg_fill: p.selected,
            stroke: Stroke::new(2.0, p.accent),
        },
        hyperlink_color: p.accent,
        faint_bg_color: p.footer,
        extreme_bg_color: p.surface,
        text_edit_bg_color: Some(p.surface),
        code_bg_color: p.surface,
        warn_fg_color: p.bad,
        error_fg_color: p.bad,
        window_fill: p.ground,
        window_stroke: hairline,
        panel_fill: p.ground,
        indent_has_left_vline: false,
        widgets: Widgets {
            noninteractive: widget(p.ground, hairline, p.ink),
            inactive: widget(p.surface, border, p.ink),
            hovered: widget(p.surface_hovered, Stroke::new(1.0, p.ink_soft), p.ink),
            active: widget(p.surface_pressed, focus, p.ink),
            open: widget(p.surface, border, p.ink),
        },
        ..base
    }
}

fn widget(fill: Color32, outline: Stroke, ink: Color32) -> WidgetVisuals {
    WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: outline,
        corner_radius: RADIUS,
        fg_stroke: Stroke::new(1.5, ink),
        expansion: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.2.
    fn luminance(color: Color32) -> f64 {
        let channel = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(color.r()) + 0.7152 * channel(color.g()) + 0.0722 * channel(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn contrast_is_computed_as_the_guidelines_do() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
        assert!((contrast(Color32::from_rgb(0x77, 0x77, 0x77), Color32::WHITE) - 4.48).abs() < 0.01);
    }

    #[test]
    fn every_text_can_be_read_on_every_ground_it_stands_on() {
        for (name, p, of_text, of_lines) in [
            ("light", LIGHT, 4.5, 3.0),
            ("dark", DARK, 4.5, 3.0),
            ("clear light", CLEAR_LIGHT, 7.0, 4.5),
            ("clear dark", CLEAR_DARK, 7.0, 4.5),
        ] {
            let grounds = [
                ("ground", p.ground),
                ("footer", p.footer),
                ("surface", p.surface),
                ("surface_hovered", p.surface_hovered),
            ];
            let inks = [
                ("ink", p.ink),
                ("ink_soft", p.ink_soft),
                ("accent", p.accent),
                ("good", p.good),
                ("bad", p.bad),
            ];
            for (on, ground) in grounds.into_iter().chain([("surface_pressed", p.surface_pressed)]) {
                for (what, ink) in inks {
                    let ratio = contrast(ink, ground);
                    assert!(ratio >= of_text, "{name}: {what} on {on} is {ratio:.2}");
                }
            }
            assert!(contrast(p.ink, p.selected) >= of_text, "{name}: selected text");
            for (on, ground) in grounds {
                for (what, line) in [("border", p.border), ("focus", p.accent)] {
                    let ratio = contrast(line, ground);
                    assert!(ratio >= of_lines, "{name}: {what} on {on} is {ratio:.2}");
                }
            }
        }
    }

    /// What egui draws by itself has the same colours as what we do.
    #[test]
    fn more_contrast_and_less_motion_reach_all_that_is_drawn() {
        for (theme, usual, clear) in [(Theme::Light, LIGHT, CLEAR_LIGHT), (Theme::Dark, DARK, CLEAR_DARK)] {
            let seen = |ctx: &egui::Context| {
                let mut seen = None;
                let draw = |ui: &mut egui::Ui| {
                    let visuals = ui.visuals();
                    seen = Some((
                        Palette::of(ui).ink,
                        visuals.widgets.inactive.fg_stroke.color,
                        visuals.text_cursor.blink,
                    ));
                };
                ctx.run_ui(egui::RawInput::default(), draw).textures_delta.clear();
                seen.unwrap()
            };
            let ctx = egui::Context::default();
            install(&ctx);
            ctx.set_theme(theme);
            assert_eq!(seen(&ctx), (usual.ink, usual.ink, true));
            install_more_contrast(&ctx);
            install_less_motion(&ctx);
            assert_eq!(seen(&ctx), (clear.ink, clear.ink, false));
        }
    }
}
