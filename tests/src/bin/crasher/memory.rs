//! Touching memory that must not be touched.
#![expect(unsafe_code, reason = "crashing for real takes what safe Rust prevents")]

use std::hint::black_box;

/// An address at which nothing is mapped.
pub(crate) fn nowhere() -> *mut u32 {
    std::ptr::without_provenance_mut(0x0dea_dbee_f000)
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
