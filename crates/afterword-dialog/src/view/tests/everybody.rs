//! Each page in each language, and in one whose texts are longer by half: nothing is cut, nothing lies over something else,
//! and whoever cannot see it is told what each control is.

use std::sync::{Arc, LazyLock};

use afterword_store::{Decision, KnownCrash};
use egui::accesskit::{Live, Role};
use egui::epaint::RectShape;
use egui::{Color32, Key, Rect, Shape, TextStyle, Theme};
use egui_kittest::kittest::AccessKitNode;
use egui_system_font_provider::SystemFontProvider;

use super::*;
use crate::message::ToDialog;
use crate::theme::Palette;
use crate::words::Words;

/// Which of the controls a person can do something with.
const CONTROLS: &[Role] = &[
    Role::Button,
    Role::CheckBox,
    Role::DisclosureTriangle,
    Role::Link,
    Role::MultilineTextInput,
    Role::Tab,
];

/// All languages, and the longer one.
fn all_words() -> impl Iterator<Item = Words> {
    Language::ALL.into_iter().map(Words::of).chain([Words::LONGER])
}

/// Each page that there is.
fn pages(words: Words) -> Vec<(&'static str, State)> {
    let state = || {
        let mut state = State::new(with_stack(), words.language());
        state.words = words;
        state
    };
    let sending = || {
        let mut state = state();
        state.answered(Decision::Send);
        state
    };
    let after = |message| {
        let mut state = sending();
        state.apply(message);
        state
    };
    let progress = || {
        after(ToDialog::Progress {
            sent_bytes: 312_480,
            total_bytes: 1_249_920,
        })
    };
    let sent = ToDialog::Sent {
        event_id: "9f1c2ab47d0e4b6f8a35c1d2e07f6b90".to_owned(),
        url: Some("https://crashes.example.org/issues/1/".to_owned()),
        known: Some(KnownCrash {
            is_fixed: true,
            ..KnownCrash::default()
        }),
    };
    let why = "connection refused (os error 111)".to_owned();
    let mut not_saved = state();
    not_saved.not_saved(&why);
    let at = |tab| {
        let mut details = state();
        details.open_details(true);
        details.open_tab(tab);
        crate::preview::lay_out(&mut details);
        details
    };
    let mut copied = after(sent.clone());
    copied.copied = true;
    let mut alone = sending();
    alone.reporter_gone();
    let mut cancelling = progress();
    if let crate::state::Phase::Sending { cancelling, .. } = &mut cancelling.phase {
        *cancelling = true;
    }
    vec![
        ("asking", state()),
        ("not saved", not_saved),
        ("details", at(crate::Tab::Summary)),
        ("details, context", at(crate::Tab::Context)),
        ("details, modules", at(crate::Tab::Modules)),
        ("details, attachments", at(crate::Tab::Files)),
        ("preparing", sending()),
        ("progress", progress()),
        ("cancelling", cancelling),
        ("sent", after(sent)),
        ("copied", copied),
        ("waiting", after(ToDialog::Waiting { why: why.clone() })),
        ("alone", alone),
        ("refused", after(ToDialog::Refused { why })),
        (
            "refused without a word",
            after(ToDialog::Refused { why: String::new() }),
        ),
        ("cancelled", after(ToDialog::Cancelled)),
    ]
}

/// With the fonts of the system, which are looked for once.
fn shown(words: Words, width: f32, pixels_per_point: f32) -> Harness<'static, Seen> {
    static FONTS: LazyLock<Arc<SystemFontProvider>> = LazyLock::new(|| Arc::new(SystemFontProvider::new()));
    let ui = |ui: &mut egui::Ui, seen: &mut Seen| drop(view(ui, &mut seen.state));
    let seen = Seen {
        state: State::new(sample::asked(), words.language()),
        actions: Vec::new(),
    };
    Harness::builder()
        .with_size([width, 2_400.0])
        .with_pixels_per_point(pixels_per_point)
        .with_step_dt(STEP_SECONDS)
        .with_context_setup(|ctx| {
            theme::install(ctx);
            ctx.add_font_provider(FONTS.clone());
        })
        .build_ui_state(ui, seen)
}

/// The width that a text has in one line, in points.
fn width_of(harness: &Harness<'_, Seen>, text: &str) -> f32 {
    let font = TextStyle::Button.resolve(&harness.ctx.style_of(egui::Theme::Light));
    harness
        .ctx
        .fonts_mut(|fonts| fonts.layout_no_wrap(text.to_owned(), font, Color32::BLACK).size().x)
}

fn name(node: &AccessKitNode<'_>) -> String {
    node.label().or_else(|| node.value()).unwrap_or_default()
}

fn assert_whole(harness: &Harness<'_, Seen>, width: f32, page: &str) {
    let mut controls: Vec<(String, Rect)> = Vec::new();
    let mut texts: Vec<(String, Rect)> = Vec::new();
    for node in harness.root().children_recursive() {
        let role = node.accesskit_node().role();
        let is_control = CONTROLS.contains(&role);
        if !is_control && !matches!(role, Role::Label | Role::Heading) {
            continue;
        }
        let (name, rect) = (name(&node.accesskit_node()), node.rect());
        let inside = rect.left() >= 0.0 && rect.right() <= width + 0.5;
        assert!(inside, "{page}: {name:?} is cut: {rect:?}");
        assert!(
            !is_control || !name.trim().is_empty(),
            "{page}: a {role:?} without a name"
        );
        if role == Role::Button {
            let needed = width_of(harness, &name);
            assert!(
                needed <= rect.width(),
                "{page}: {name:?} needs {needed} of {}",
                rect.width()
            );
        }
        if is_control { &mut controls } else { &mut texts }.push((name, rect));
    }
    assert!(controls.len() + texts.len() > 2, "{page}: {controls:?} {texts:?}");
    for (index, (name, rect)) in controls.iter().enumerate() {
        for (other, beside) in controls[index + 1..].iter().chain(&texts) {
            let over = rect.shrink(1.0).intersect(beside.shrink(1.0));
            // The name of a control may be a node of its own, in it.
            assert!(
                !over.is_positive() || name == other,
                "{page}: {name:?} {rect:?} lies over {other:?} {beside:?}"
            );
        }
    }
}

/// The windows at 200 % have half as many points on the same screen, and the pixels of a point are other ones.
#[test]
fn each_page_is_whole_in_each_language() {
    let narrow = all_words().map(|words| (words, 320.0, 2.0));
    for (words, width, pixels_per_point) in narrow.chain([(Words::LONGER, 520.0, 1.0)]) {
        let mut harness = shown(words, width, pixels_per_point);
        for (page, state) in pages(words) {
            harness.state_mut().state = state;
            harness.run_steps(2);
            assert_whole(&harness, width, &format!("{words:?}, {width} points wide, {page}"));
        }
    }
}

#[test]
fn a_label_that_would_be_cut_has_the_buttons_below_each_other() {
    for (words, width, below) in [
        (Words::LONGER, 320.0, true),
        (Words::LONGER, 520.0, false),
        (Words::ENGLISH, 320.0, false),
    ] {
        let mut harness = shown(words, width, 1.0);
        harness.state_mut().state.words = words;
        harness.run_steps(3);
        let rect = |label: &str| {
            harness
                .get_all_by_role(Role::Button)
                .find(|node| name(&node.accesskit_node()) == label)
                .unwrap()
                .rect()
        };
        let (send, dont) = (rect(&words.send()), rect(&words.dont_send()));
        assert_eq!(send.size(), dont.size());
        assert_eq!(
            send.top() > dont.bottom(),
            below,
            "{words:?} {width}: {send:?} {dont:?}"
        );
    }
}

/// The frames in a drawing that are as strong as a focus must be.
fn rings(shape: &Shape, accent: Color32) -> Vec<Rect> {
    match shape {
        Shape::Vec(shapes) => shapes.iter().flat_map(|shape| rings(shape, accent)).collect(),
        Shape::Rect(RectShape { rect, stroke, .. }) if stroke.color == accent && stroke.width >= 2.0 => vec![*rect],
        _ => Vec::new(),
    }
}

/// By keyboard alone one sees where one is, in each theme.
#[test]
fn the_focus_is_seen_on_each_control() {
    let palettes = [
        (Theme::Light, false, theme::LIGHT),
        (Theme::Dark, false, theme::DARK),
        (Theme::Light, true, theme::CLEAR_LIGHT),
        (Theme::Dark, true, theme::CLEAR_DARK),
    ];
    for (theme, more_contrast, Palette { accent, .. }) in palettes {
        let mut harness = shown(Words::ENGLISH, 520.0, 1.0);
        harness.ctx.set_theme(theme);
        if more_contrast {
            theme::install_more_contrast(&harness.ctx);
        }
        for (page, state) in pages(Words::ENGLISH) {
            harness.state_mut().state = state;
            harness.run_steps(3);
            let node = |node: egui_kittest::Node<'_>| (name(&node.accesskit_node()), node.rect(), node.is_focused());
            let usable = |node: &egui_kittest::Node<'_>| {
                let access = node.accesskit_node();
                // Of the tabs only the chosen one is a stop of the keyboard.
                let is_stop = access.role() != Role::Tab || access.is_selected() == Some(true);
                CONTROLS.contains(&access.role()) && !access.is_disabled() && is_stop
            };
            let count = harness.root().children_recursive().filter(usable).count();
            let mut met = Vec::new();
            for _ in 0..count {
                harness.key_press(Key::Tab);
                harness.run_steps(2);
                let focused = harness
                    .root()
                    .children_recursive()
                    .filter(usable)
                    .map(node)
                    .find(|(_, _, is)| *is);
                let (name, rect, _) =
                    focused.unwrap_or_else(|| panic!("{page}: the keyboard is nowhere after {met:?}"));
                let shapes = harness.output().shapes.iter();
                let rings: Vec<Rect> = shapes.flat_map(|clipped| rings(&clipped.shape, accent)).collect();
                let around = rings.iter().any(|ring| rect.expand(6.0).contains_rect(*ring));
                assert!(around, "{page}: {name:?} has the focus and does not show it: {rings:?}");
                met.push((rect.top(), name));
            }
            // In the order in which it is read.
            assert!(met.is_sorted_by(|a, b| a.0 <= b.0), "{page}: {met:?}");
            harness.key_press(Key::Escape);
            harness.run_steps(2);
        }
    }
}

/// What changes by itself is said aloud: each page has something that is.
#[test]
fn what_happens_is_announced() {
    let mut harness = shown(Words::ENGLISH, 520.0, 1.0);
    for (page, state) in pages(Words::ENGLISH) {
        harness.state_mut().state = state;
        harness.run_steps(2);
        let aloud = |live| {
            let nodes = harness.root().children_recursive();
            let said = nodes.filter(|node| {
                let node = node.accesskit_node();
                matches!(node.role(), Role::Label | Role::Heading) && node.live() == live
            });
            said.map(|node| name(&node.accesskit_node())).collect::<Vec<_>>()
        };
        assert!(!aloud(Live::Polite).is_empty(), "{page}");
        let at_once = aloud(Live::Assertive);
        assert_eq!(at_once.len(), usize::from(page == "not saved"), "{page}: {at_once:?}");
        let says = |text: &str| aloud(Live::Polite).iter().any(|said| said == text);
        match page {
            "preparing" => assert!(says(words::preparing())),
            "cancelling" => assert!(says(words::cancelling())),
            _ => {}
        }
    }
}

/// The spinner, and nothing else, moves; for whom it may not, the page rests.
#[test]
fn where_nothing_may_move_each_page_rests() {
    for less_motion in [false, true] {
        let mut harness = shown(Words::ENGLISH, 520.0, 1.0);
        if less_motion {
            theme::install_less_motion(&harness.ctx);
        }
        for (page, state) in pages(Words::ENGLISH) {
            harness.state_mut().state = state;
            harness.run_steps(4);
            let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
            let spins = !less_motion && matches!(page, "preparing" | "cancelling");
            assert_eq!(delay.is_zero(), spins, "{page}, less motion: {less_motion}");
        }
    }
}
