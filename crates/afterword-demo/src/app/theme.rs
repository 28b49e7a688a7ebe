//! Colours and sizes, light and dark.

use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Theme, Visuals, vec2};

use crate::canvas::{INKS, Ink};

/// The colours of one theme.
pub(super) struct Palette {
    /// Around the paper.
    pub(super) desk: Color32,
    /// What is drawn on.
    pub(super) paper: Color32,
    /// The toolbar and menus.
    pub(super) surface: Color32,
    pub(super) hovered: Color32,
    pub(super) ink: Color32,
    pub(super) soft: Color32,
    pub(super) hairline: Color32,
    pub(super) accent: Color32,
    /// The colours to draw with, as in [`INKS`].
    pub(super) inks: [Color32; INKS.len()],
}

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

const LIGHT: Palette = Palette {
    desk: rgb(0xeceef2),
    paper: rgb(0xffffff),
    surface: rgb(0xffffff),
    hovered: rgb(0xeff1f6),
    ink: rgb(0x1a1d24),
    soft: rgb(0x5c6370),
    hairline: rgb(0xd9dce4),
    accent: rgb(0x2b5bc7),
    inks: [
        rgb(0x1f2430),
        rgb(0xd6453d),
        rgb(0xe8833a),
        rgb(0xe9b93c),
        rgb(0x4a9e5c),
        rgb(0x2a9d9a),
        rgb(0x3f72d8),
        rgb(0x8a5cc9),
    ],
};

const DARK: Palette = Palette {
    desk: rgb(0x17191d),
    paper: rgb(0x23262c),
    surface: rgb(0x2d3138),
    hovered: rgb(0x393e47),
    ink: rgb(0xedeef1),
    soft: rgb(0xa7aebb),
    hairline: rgb(0x3a3f49),
    accent: rgb(0x8cb2ff),
    inks: [
        rgb(0xf0f1f4),
        rgb(0xf0736a),
        rgb(0xf5a05c),
        rgb(0xf2cf66),
        rgb(0x74c785),
        rgb(0x5cc8c4),
        rgb(0x7aa5f7),
        rgb(0xb48cf0),
    ],
};

impl Palette {
    /// The one that `ui` is drawn with.
    pub(super) fn of(ui: &egui::Ui) -> &'static Palette {
        if ui.visuals().dark_mode { &DARK } else { &LIGHT }
    }

    /// The colour to draw with.
    pub(super) fn ink(&self, ink: Ink) -> Color32 {
        self.inks.get(ink.0).copied().unwrap_or(self.ink)
    }
}

/// Gives the context our looks; whether light or dark follows the system.
pub(super) fn install(ctx: &egui::Context) {
    ctx.options_mut(|options| options.fallback_theme = Theme::Light);
    ctx.set_visuals_of(Theme::Light, visuals(&LIGHT, Visuals::light()));
    ctx.set_visuals_of(Theme::Dark, visuals(&DARK, Visuals::dark()));
    ctx.all_styles_mut(|style| {
        for (text, size) in [
            (TextStyle::Body, 14.5),
            (TextStyle::Button, 14.5),
            (TextStyle::Small, 12.5),
        ] {
            style
                .text_styles
                .insert(text, FontId::new(size, FontFamily::Proportional));
        }
        style.spacing.button_padding = vec2(10.0, 6.0);
        style.spacing.item_spacing = vec2(6.0, 4.0);
        style.spacing.menu_margin = Margin::same(6);
    });
}

/// A soft shadow below what floats.
pub(super) fn shadow() -> Shadow {
    Shadow {
        offset: [0, 4],
        blur: 18,
        spread: 0,
        color: Color32::from_black_alpha(38),
    }
}

fn visuals(p: &Palette, base: Visuals) -> Visuals {
    let mut visuals = Visuals {
        panel_fill: p.desk,
        window_fill: p.surface,
        window_stroke: Stroke::new(1.0, p.hairline),
        window_corner_radius: CornerRadius::same(10),
        menu_corner_radius: CornerRadius::same(10),
        popup_shadow: shadow(),
        weak_text_color: Some(p.soft),
        ..base
    };
    visuals.selection.stroke = Stroke::new(2.0, p.accent);
    let widgets = &mut visuals.widgets;
    for (widget, fill) in [
        (&mut widgets.noninteractive, p.surface),
        (&mut widgets.inactive, Color32::TRANSPARENT),
        (&mut widgets.hovered, p.hovered),
        (&mut widgets.active, p.hovered),
        (&mut widgets.open, p.hovered),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::NONE;
        widget.corner_radius = CornerRadius::same(6);
        widget.fg_stroke = Stroke::new(1.5, p.ink);
        widget.expansion = 0.0;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, p.hairline);
    visuals
}
