//! The row of tabs: one stop of the keyboard, in which the arrows choose, as in the pattern for tabs of the ARIA practices.

use egui::accesskit::Role;
use egui::{
    EventFilter, Id, Key, Modifiers, Response, Sense, Stroke, StrokeKind, TextStyle, Ui, UiBuilder, WidgetInfo,
    WidgetText, vec2,
};

use crate::look::Tab;
use crate::theme::Palette;
use crate::view::parts;
use crate::words::{Text, Words};

pub(super) fn name(words: Words, tab: Tab) -> Text {
    match tab {
        Tab::Summary => words.summary(),
        Tab::Context => words.tab_context(),
        Tab::Breadcrumbs => words.breadcrumbs(),
        Tab::Modules => words.tab_modules(),
        Tab::Files => words.tab_files(),
        Tab::Bytes => words.tab_bytes(),
        Tab::Text => words.tab_text(),
    }
}

pub(super) fn bar(ui: &mut Ui, words: Words, chosen: &mut Tab) {
    let list = UiBuilder::new()
        .accessibility_role(Role::TabList)
        .accessibility_label(words.details().into_owned());
    ui.scope_builder(list, |ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        ui.horizontal_wrapped(|ui| {
            let before = *chosen;
            for tab in Tab::ALL {
                // The one that the arrows have just chosen may be behind this one: it must not give the focus away again.
                let response = one(
                    ui,
                    &name(words, tab),
                    tab,
                    tab == *chosen || tab == before,
                    tab == before,
                );
                if response.clicked() {
                    *chosen = tab;
                    response.request_focus();
                }
                if tab == before && response.has_focus() {
                    move_by_keys(ui, response.id, chosen);
                }
            }
        });
    });
}

fn id(tab: Tab) -> Id {
    Id::unique(("tab of the details", tab as u8))
}

/// The arrows go round; Home and End go to the ends.
fn move_by_keys(ui: &Ui, id_of_chosen: Id, chosen: &mut Tab) {
    let arrows = EventFilter {
        horizontal_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id_of_chosen, arrows));
    let count = Tab::ALL.len();
    let at = Tab::ALL.iter().position(|tab| tab == chosen).unwrap_or(0);
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let to = if pressed(Key::ArrowRight) {
        (at + 1) % count
    } else if pressed(Key::ArrowLeft) {
        (at + count - 1) % count
    } else if pressed(Key::Home) {
        0
    } else if pressed(Key::End) {
        count - 1
    } else {
        return;
    };
    *chosen = Tab::ALL[to];
    ui.memory_mut(|memory| memory.request_focus(id(*chosen)));
}

fn one(ui: &mut Ui, name: &str, tab: Tab, is_stop: bool, is_chosen: bool) -> Response {
    const PADDING: egui::Vec2 = vec2(8.0, 5.0);
    let text = WidgetText::from(name).into_galley(ui, None, ui.available_width(), TextStyle::Small);
    let (rect, _) = ui.allocate_exact_size(text.size() + 2.0 * PADDING, Sense::hover());
    let sense = if is_stop { Sense::click() } else { Sense::CLICK };
    let response = ui.interact(rect, id(tab), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Tab, true, name));
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_selected(is_chosen));

    let palette = Palette::of(ui);
    let painter = ui.painter();
    if is_chosen {
        painter.rect_filled(rect, 6.0, palette.selected);
    } else if response.hovered() {
        painter.rect_filled(rect, 6.0, palette.surface_hovered);
    }
    if response.has_focus() {
        painter.rect_stroke(rect, 6.0, Stroke::new(2.0, palette.accent), StrokeKind::Inside);
    }
    let ink = if is_chosen { palette.ink } else { palette.ink_soft };
    painter.galley(rect.min + PADDING, text, ink);
    parts::follow_focus(&response);
    response
}
