//! The window drawn in software: what it looks like, what it loads, and that it sleeps.

use std::path::Path;
use std::time::Duration;

use afterword_dialog::{FromDialog, Shell};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};

use crate::stage::{PATIENCE, Running, asked, dialog, display, lines, shown, states, wait_for};

/// Parts of the names of libraries that speak to a graphics card, or act for one.
const DRIVERS: &[&str] = &[
    "libGL",
    "libEGL",
    "libGLES",
    "libOpenGL",
    "libglapi",
    "libvulkan",
    "libgbm",
    "libdrm",
    "libgallium",
    "_dri.so",
    "libLLVM",
];

#[test]
fn no_library_of_a_graphics_driver_is_loaded() {
    let (_server, display) = display();
    let loaded = |shell| {
        let mut command = dialog(shell);
        command.env("DISPLAY", &display);
        let shown = shown(command, asked());
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", shown.process.0.id())).unwrap();
        let mut found: Vec<String> = maps
            .lines()
            .filter(|line| DRIVERS.iter().any(|driver| line.contains(driver)))
            .map(str::to_owned)
            .collect();
        found.dedup();
        found
    };
    assert_eq!(loaded(Shell::Software), Vec::<String>::new());
    assert_ne!(loaded(Shell::Eframe), Vec::<String>::new(), "the look would see them");
}

/// How often the threads of a process have been put on a processor. Those in which the bus to the screen reader does what
/// takes long (crate `blocking`) are left out: they look twice a second whether there is something to do.
fn wakeups(pid: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let read = |thread: &Path, file: &str| std::fs::read_to_string(thread.join(file)).unwrap_or_default();
    threads
        .map(|thread| thread.unwrap().path())
        .filter(|thread| !read(thread, "comm").starts_with("blocking-"))
        .map(|thread| {
            read(&thread, "status")
                .lines()
                .filter_map(|line| line.split_once("ctxt_switches:"))
                .filter_map(|(_, count)| count.trim().parse::<u64>().ok())
                .sum::<u64>()
        })
        .sum()
}

#[test]
fn it_sleeps_while_nothing_happens() {
    let (_server, display) = display();
    let mut command = dialog(Shell::Software);
    command.env("DISPLAY", &display);
    let shown = shown(command, asked());
    let pid = shown.process.0.id();
    wait_for("a second without waking up", || {
        let before = wakeups(pid);
        std::thread::sleep(Duration::from_secs(1));
        (wakeups(pid) == before).then_some(())
    });
}

/// The pixels of a screen, three bytes each.
fn screen(display: &str) -> Vec<[u8; 3]> {
    let (connection, number) = x11rb::connect(Some(display)).unwrap();
    let root = &connection.setup().roots[number];
    let (width, height) = (root.width_in_pixels, root.height_in_pixels);
    let image = connection
        .get_image(ImageFormat::Z_PIXMAP, root.root, 0, 0, width, height, u32::MAX)
        .unwrap()
        .reply()
        .unwrap();
    image
        .data
        .chunks_exact(4)
        .map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect()
}

/// A state on a screen of its own, as big as the other is.
fn on_screen(shell: Shell, state: &str, theme: &str, scale: &str) -> (Running, Running, String) {
    let (server, name) = display();
    let mut command = states();
    command
        .args([state, theme, shell.name()])
        .env("DISPLAY", &name)
        .env("WINIT_X11_SCALE_FACTOR", scale);
    let mut dialog = Running(command.spawn().unwrap());
    assert_eq!(lines(&mut dialog.0).recv_timeout(PATIENCE), Ok(FromDialog::Shown));
    (dialog, server, name)
}

/// Of all pixels, the part that anybody could tell apart, in thousandths.
fn differing(one: &[[u8; 3]], other: &[[u8; 3]]) -> usize {
    let far = |(a, b): (&[u8; 3], &[u8; 3])| std::iter::zip(a, b).any(|(a, b)| a.abs_diff(*b) > 12);
    std::iter::zip(one, other).filter(|pixels| far(*pixels)).count() * 1000 / one.len()
}

#[test]
fn it_looks_like_the_window_with_opengl() {
    for (state, theme, scale) in [("details", "light", "1"), ("asking", "dark", "1.5")] {
        let (_dialog, _server, with_gl) = on_screen(Shell::Eframe, state, theme, scale);
        let (_other, _server_of_other, in_software) = on_screen(Shell::Software, state, theme, scale);
        // A dark window is on a black screen: it must be bright where there is text.
        let bright = |screen: &[[u8; 3]]| screen.iter().filter(|pixel| pixel[1] > 150).count();
        wait_for("two pictures that look alike", || {
            let (reference, picture) = (screen(&with_gl), screen(&in_software));
            (bright(&reference) > 1000 && differing(&reference, &picture) == 0).then_some(())
        });
    }
}
