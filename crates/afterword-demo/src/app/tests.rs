use egui::accesskit::{Role, Toggled};
use egui::{Modifiers, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::*;
use crate::canvas::INKS;

fn window() -> Harness<'static, PaintApp> {
    let app = PaintApp::new(&egui::Context::default());
    let mut harness = Harness::builder()
        .with_size(vec2(960.0, 640.0))
        .build_ui_state(|ui, app: &mut PaintApp| app.view(ui), app);
    harness.run();
    harness
}

fn draw(harness: &mut Harness<'_, PaintApp>) {
    harness.drag_at(pos2(200.0, 200.0));
    harness.step();
    for i in 1..20 {
        harness.hover_at(pos2(200.0 + 10.0 * i as f32, 200.0 + 5.0 * i as f32));
        harness.step();
    }
    harness.drop_at(pos2(400.0, 300.0));
    harness.run();
}

/// The end of a gesture in one frame, as a slow frame sees it.
fn draw_at_once(harness: &mut Harness<'_, PaintApp>, path: &[egui::Pos2]) {
    harness.drag_at(path[0]);
    harness.step();
    let last = path[path.len() - 1];
    let moves = path[1..].iter().copied().map(Event::PointerMoved);
    let release = Event::PointerButton {
        pos: last,
        button: PointerButton::Primary,
        pressed: false,
        modifiers: Modifiers::NONE,
    };
    harness.input_mut().events.extend(moves.chain([release]));
    harness.run();
}

fn strokes(harness: &Harness<'_, PaintApp>) -> usize {
    harness.state().drawing.strokes().count()
}

#[test]
fn the_mouse_draws_in_the_colour_chosen_and_undo_takes_it_back() {
    let mut harness = window();
    harness.get_by_role_and_label(Role::RadioButton, "green").click();
    harness.run();
    let green = harness.get_by_role_and_label(Role::RadioButton, "green");
    assert_eq!(green.accesskit_node().toggled(), Some(Toggled::True));
    draw(&mut harness);
    draw(&mut harness);
    let first = harness.state().drawing.strokes().next().unwrap().clone();
    assert_eq!((INKS[first.ink.0], strokes(&harness)), ("green", 2));
    assert!(first.points.len() >= 20, "{first:?}");
    assert!(harness.query_by_label("2 strokes").is_some());

    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run();
    assert_eq!(strokes(&harness), 1);
    harness.get_by_label("Clear").click();
    harness.run();
    assert_eq!(strokes(&harness), 0);
    harness.get_by_label("Undo").click();
    harness.run();
    assert_eq!(strokes(&harness), 1);
}

#[test]
fn the_crash_menu_has_every_kind_and_says_what_it_does() {
    let mut harness = window();
    harness.get_by_label("Crash").click();
    harness.run();
    for kind in CrashKind::ALL {
        let label = format!("{}\n{}", kind.title(), kind.describe());
        assert!(harness.query_by_label(&label).is_some(), "{label}");
    }
}

#[test]
fn a_crash_that_is_survived_leaves_a_note_until_it_is_read() {
    let mut harness = window();
    harness.get_by_label("Crash").click();
    harness.run();
    harness.get_by_label_contains("Panic on a thread").click();
    harness.run();
    assert!(harness.query_by_label_contains("the program goes on").is_some());
    draw(&mut harness);
    assert_eq!(strokes(&harness), 1);
    harness.get_by_label("OK").click();
    harness.run();
    assert!(harness.query_by_label("OK").is_none());
}

#[test]
fn nothing_of_a_stroke_is_lost_when_frames_are_slow() {
    let mut harness = window();
    harness.hover_at(pos2(700.0, 100.0));
    draw_at_once(&mut harness, &[pos2(200.0, 200.0)]);
    draw_at_once(
        &mut harness,
        &[pos2(200.0, 200.0), pos2(300.0, 300.0), pos2(400.0, 200.0)],
    );
    let lengths: Vec<usize> = harness
        .state()
        .drawing
        .strokes()
        .map(|stroke| stroke.points.len())
        .collect();
    assert_eq!(lengths, [1, 3], "a dot, and a line through all its points");
}
