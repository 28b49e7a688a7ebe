//! Touching memory that must not be touched.
#![expect(unsafe_code, reason = "crashing for real takes what safe Rust prevents")]

use std::hint::black_box;

/// An address at which nothing is mapped.
pub(crate) fn nowhere<T>() -> *mut T {
    std::ptr::without_provenance_mut(0x0dea_dbee_f000)
}

/// An address that no address can be: the processor does not say which it was.
pub(crate) fn far_out<T>() -> *mut T {
    std::ptr::without_provenance_mut(0xdead_beef_dead_bee0)
}

#[inline(never)]
pub(crate) fn fill_pixel(pixel: *mut u32) {
    // SAFETY: none: this is the crash. The instruction is written here, since debug builds check writes through null.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov dword ptr [{}], 7", in(reg) pixel);
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("str wzr, [{}]", in(reg) pixel);
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        libc::memset(pixel.cast(), 7, 4);
    }
    black_box(pixel);
}

#[inline(never)]
pub(crate) fn read_pixel(pixel: *const u32) -> u32 {
    // SAFETY: none: this is the crash.
    black_box(unsafe { pixel.read_volatile() })
}

/// Calls code that is not there.
#[inline(never)]
pub(crate) fn call_nowhere() {
    // SAFETY: none: this is the crash.
    let draw = unsafe { std::mem::transmute::<*mut (), extern "C" fn() -> u32>(nowhere()) };
    black_box(black_box(draw)());
}

/// Calls what is there and is no code.
#[inline(never)]
pub(crate) fn call_data() {
    static PALETTE: [u64; 8] = [0x9090_9090_9090_9090; 8];
    let palette = std::ptr::from_ref(black_box(&PALETTE));
    // SAFETY: none: this is the crash.
    let draw = unsafe { std::mem::transmute::<*const [u64; 8], extern "C" fn() -> u32>(palette) };
    black_box(draw());
}

/// Where the file is mapped that gets shorter.
const CANVAS: usize = 0x1234_5000_0000;

/// Reads from a mapped file that was cut short meanwhile.
#[inline(never)]
pub(crate) fn read_cut_file() {
    // SAFETY: plain system calls; nothing is mapped at the address, which the system checks. The read is the crash.
    unsafe {
        let file = libc::memfd_create(c"canvas".as_ptr(), 0);
        assert_eq!(libc::ftruncate(file, 4096), 0);
        let canvas = libc::mmap(
            std::ptr::without_provenance_mut(CANVAS),
            4096,
            libc::PROT_READ,
            libc::MAP_SHARED | libc::MAP_FIXED_NOREPLACE,
            file,
            0,
        );
        assert_eq!(canvas.addr(), CANVAS);
        assert_eq!(libc::ftruncate(file, 0), 0);
        read_pixel(canvas.cast());
    }
}

/// Calls itself until the stack is used up.
#[inline(never)]
pub(crate) fn dig(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    if depth == u64::MAX {
        0
    } else {
        dig(depth + 1) + room[(depth % 64) as usize]
    }
}
