//! The windows in turn: what keeps the one with OpenGL from appearing brings the one that is drawn in software, and what
//! keeps both leaves the report where it is.

use std::path::Path;
use std::process::Command;

use afterword_store::State;

use crate::process::{Scene, journals, wait_for};
use crate::screen::Screen;

const OPENGL: &[&str] = &["libEGL.so.1", "libEGL.so", "libGL.so.1", "libGL.so", "libGLX.so.0"];
const KEYBOARD: &[&str] = &["libxkbcommon.so.0", "libxkbcommon.so"];
const IN_SOFTWARE: &str = "asking in the window drawn in software";

/// In place of libraries, files that are none: they cannot be opened, as ones that are not installed.
fn without<'a>(libraries: &[&str], scene: &Scene, command: &'a mut Command) -> &'a mut Command {
    let folder = stand_ins(scene);
    for library in libraries {
        std::fs::write(folder.join(library), "").unwrap();
    }
    command.env("LD_LIBRARY_PATH", folder)
}

/// In place of libraries, one that is never done loading.
fn hanging<'a>(libraries: &[&str], scene: &Scene, command: &'a mut Command) -> &'a mut Command {
    let folder = stand_ins(scene);
    let source = folder.join("hangs.c");
    std::fs::write(
        &source,
        "#include <unistd.h>\n__attribute__((constructor)) static void hang(void) { for (;;) pause(); }\n",
    )
    .unwrap();
    let built = folder.join(libraries[0]);
    let compiler = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&built, &source])
        .status();
    assert!(compiler.unwrap().success());
    for library in &libraries[1..] {
        std::fs::copy(&built, folder.join(library)).unwrap();
    }
    command.env("LD_LIBRARY_PATH", folder)
}

fn stand_ins(scene: &Scene) -> std::path::PathBuf {
    let folder = scene.folder.path().join("libraries");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn journal(scene: &Scene) -> String {
    journals(&scene.store()).concat()
}

/// A person answers in the window drawn in software: *Don't send*.
fn is_answered_in_software(screen: &Screen, scene: &Scene) {
    screen.dialog(scene);
    assert!(journal(scene).contains(IN_SOFTWARE), "{}", journal(scene));
    screen.keys(&["Tab", "Tab", "Tab", "Tab", "Tab", "space"]);
    scene.wait_for_reporter();
    assert!(scene.store().reports().unwrap().is_empty());
}

#[test]
fn without_opengl_the_window_is_drawn_in_software() {
    let screen = Screen::start();
    let scene = Scene::new();
    let mut crasher = scene.crasher("null-write");
    scene.run_app(without(OPENGL, &scene, &mut crasher).env("DISPLAY", &screen.display));
    is_answered_in_software(&screen, &scene);
    assert!(journal(&scene).contains("not in the window: it ended before it appeared"));
}

#[test]
fn a_driver_that_hangs_is_given_up_and_the_window_is_drawn_in_software() {
    let screen = Screen::start();
    let scene = Scene::new();
    let mut crasher = scene.crasher("null-write");
    hanging(OPENGL, &scene, &mut crasher)
        .env("DISPLAY", &screen.display)
        .env("AFTERWORD_TEST_FIRST_FRAME_MS", "1200");
    scene.run_app(&mut crasher);
    is_answered_in_software(&screen, &scene);
    assert!(journal(&scene).contains("not in the window: it did not appear within 1.2 s"));
}

#[test]
fn the_window_to_begin_with_can_be_named() {
    let screen = Screen::start();
    let scene = Scene::new();
    let mut crasher = scene.crasher("null-write");
    scene.run_app(
        crasher
            .env("DISPLAY", &screen.display)
            .env("AFTERWORD_DIALOG", "software"),
    );
    is_answered_in_software(&screen, &scene);
    assert!(!journal(&scene).contains("not in the window"), "{}", journal(&scene));
}

/// Both windows need it: there is nowhere to ask, and the reporter ends.
#[test]
fn without_the_library_for_keyboards_the_report_waits() {
    let screen = Screen::start();
    let scene = Scene::new();
    let mut crasher = scene.crasher("null-write");
    scene.run(without(KEYBOARD, &scene, &mut crasher).env("DISPLAY", &screen.display));
    assert_eq!(scene.report_in(State::Waiting).answer().unwrap(), None);
    let journal = journal(&scene);
    assert!(
        journal.contains("not in the window drawn in software: it ended"),
        "{journal}"
    );
    assert!(journal.contains("there is nowhere to ask"), "{journal}");
}

/// The process of the window, by the store it was started for.
fn window_process(app_folder: &Path) -> Option<u32> {
    let is_window = |pid: u32| {
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let is_dialog = arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == b"--afterword-dialog");
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mark = format!("AFTERWORD_TEST_SCENE={}", app_folder.display());
        is_dialog
            && environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == mark.as_bytes())
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .find(|pid| is_window(*pid))
}

#[test]
fn a_display_that_dies_with_the_window_open_leaves_the_report() {
    for begin_with in ["eframe", "software"] {
        let screen = Screen::start();
        let scene = Scene::new();
        let mut crasher = scene.crasher("null-write");
        crasher
            .env("DISPLAY", &screen.display)
            .env("AFTERWORD_DIALOG", begin_with)
            .env("AFTERWORD_TEST_SCENE", scene.folder.path());
        scene.run_app(&mut crasher);
        screen.dialog(&scene);
        assert!(window_process(scene.folder.path()).is_some(), "the window is there");
        drop(screen);
        scene.wait_for_reporter();
        let report = scene.report_in(State::Waiting);
        assert_eq!(report.answer().unwrap(), None, "{begin_with}: nobody has answered");
        wait_for("the end of the window", || {
            window_process(scene.folder.path()).is_none().then_some(())
        });
    }
}

#[test]
fn with_wrong_displays_only_the_report_waits() {
    let scene = Scene::new();
    let mut crasher = scene.crasher("null-write");
    crasher
        .env("DISPLAY", ":9999")
        .env("WAYLAND_DISPLAY", "no-compositor-is-called-this");
    scene.run(&mut crasher);
    scene.report_in(State::Waiting);
    let journal = journal(&scene);
    assert!(journal.contains("not in the window: it ended"), "{journal}");
    assert!(
        journal.contains("not in the window drawn in software: it ended"),
        "{journal}"
    );
}
