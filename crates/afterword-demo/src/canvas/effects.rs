//! The features that do not work. Each has one real bug, the kind its name in the menu promises.
//!
//! None of it is inlined or optimised away: what a value is, the compiler is kept from knowing
//! ([`black_box`](std::hint::black_box)), and what must fault does so in an instruction written here, since a debug build
//! would turn a null write or a division by zero in Rust into a panic.
#![expect(unsafe_code, reason = "crashing for real takes what safe Rust prevents")]

use std::hint::black_box;
use std::ptr;
use std::sync::mpsc;
use std::time::Duration;

use super::INKS;

/// A pixel, as red, green, blue and opacity.
type Pixel = u32;

const SHADOW: Pixel = 0x0000_0060;

/// Draws a shadow below the strokes, into a layer that was never made.
#[inline(never)]
pub(crate) fn drop_shadow() {
    let layer: *mut Pixel = black_box(ptr::null_mut());
    blend_pixel(layer, black_box(SHADOW));
    black_box(layer);
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn blend_pixel(layer: *mut Pixel, pixel: Pixel) {
    // SAFETY: `layer` is null: the write faults, nothing is changed, and the process ends.
    unsafe {
        std::arch::asm!("mov dword ptr [{layer}], {pixel:e}", layer = in(reg) layer, pixel = in(reg) pixel);
    }
}

#[cfg(target_arch = "aarch64")]
#[inline(never)]
fn blend_pixel(layer: *mut Pixel, pixel: Pixel) {
    // SAFETY: `layer` is null: the write faults, nothing is changed, and the process ends.
    unsafe {
        std::arch::asm!("str {pixel:w}, [{layer}]", layer = in(reg) layer, pixel = in(reg) pixel);
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(never)]
fn blend_pixel(layer: *mut Pixel, pixel: Pixel) {
    // SAFETY: `layer` is null: the write faults, nothing is changed, and the process ends.
    unsafe {
        libc::memset(layer.cast(), pixel.to_ne_bytes()[0].into(), size_of::<Pixel>());
    }
}

/// Writes the drawing to a file, and gives up when the checksum is another.
#[inline(never)]
pub(crate) fn save() {
    let (written, read_back) = black_box((0x5eed_u32, 0xdead_u32));
    if written != read_back {
        give_up();
    }
}

#[inline(never)]
fn give_up() {
    std::process::abort()
}

/// Fills an area with colour, on a thread of its own, since that takes long.
#[inline(never)]
pub(crate) fn flood_fill() {
    let filled = std::thread::Builder::new()
        .name("flood-fill".to_owned())
        .spawn(|| spread(black_box(0), black_box(0)));
    if let Ok(thread) = filled {
        // It does not come back.
        thread.join().map(black_box).ok();
    }
}

/// Fills a pixel and the pixels around it. Nobody looks whether they are filled already.
#[inline(never)]
#[expect(unconditional_recursion, reason = "this is the bug")]
fn spread(x: u32, y: u32) -> u32 {
    // On the stack, and used after the call: the call cannot become a jump.
    let row = black_box([x ^ y; 64]);
    let filled = spread(x.wrapping_add(1), y).wrapping_add(spread(x, y.wrapping_add(1)));
    filled.wrapping_add(row[black_box(0)])
}

/// Draws a line of dots. The dots are to be spaced evenly, and there are none.
#[inline(never)]
pub(crate) fn stipple() {
    black_box(spacing(black_box(120), black_box(0)));
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn spacing(length: i32, dots: i32) -> i32 {
    let quotient: i32;
    // SAFETY: changes only the registers named; with `dots` zero, it faults and the process ends.
    unsafe {
        std::arch::asm!(
            "cdq",
            "idiv {dots:e}",
            dots = in(reg) dots,
            inout("eax") length => quotient,
            out("edx") _,
        );
    }
    quotient
}

/// Other processors answer zero, or ask first.
#[cfg(not(target_arch = "x86_64"))]
#[inline(never)]
fn spacing(length: i32, dots: i32) -> i32 {
    if dots == 0 {
        // SAFETY: has no memory to be careful with.
        unsafe { libc::raise(libc::SIGFPE) };
    }
    length.checked_div(dots).unwrap_or(length)
}

/// Gives the last stroke the next colour. After the last colour there is none.
#[inline(never)]
pub(crate) fn recolour() {
    black_box(name_of_ink(black_box(INKS.len())));
}

#[inline(never)]
fn name_of_ink(ink: usize) -> &'static str {
    INKS[ink]
}

/// Makes a small picture of the drawing, on a thread of its own; the program gets over it when that fails.
#[inline(never)]
pub(crate) fn make_thumbnail() -> &'static str {
    let made = std::thread::Builder::new()
        .name("thumbnails".to_owned())
        .spawn(|| shrink(black_box((0, 0))));
    match made.map(std::thread::JoinHandle::join) {
        Ok(Ok(_)) => "The thumbnail was made. This crash did not happen.",
        Ok(Err(_)) => "A worker thread panicked. It was reported as an error, and the program goes on.",
        Err(_) => "No thread could be started for the thumbnail.",
    }
}

#[inline(never)]
fn shrink((width, height): (u32, u32)) -> u32 {
    assert!(width > 0 && height > 0, "a thumbnail of {width} × {height} has no size");
    width * height
}

/// Longer than what is taken for a hang.
const PRINTER_PATIENCE: Duration = Duration::from_secs(8);

/// Prints the drawing, and waits for the printer on the thread of the window.
#[inline(never)]
pub(crate) fn print() -> &'static str {
    // Kept, so that the printer is silent and not gone.
    let (_printer, answers) = mpsc::channel::<()>();
    wait_for_printer(&black_box(answers));
    "The window did not respond for 8 seconds. That was reported, and the program goes on."
}

#[inline(never)]
fn wait_for_printer(answers: &mpsc::Receiver<()>) {
    // There is none: it is the wait that is the bug.
    black_box(answers.recv_timeout(black_box(PRINTER_PATIENCE)).is_ok());
}
