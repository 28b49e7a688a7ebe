//! Text wherever a program has text, to be looked for in what a crash leaves behind.
//!
//! What `CRASHER_CANARY` holds (four bytes) is put into memory and registers, each time with four letters that tell the
//! place. It comes from outside, so that it is not in the executable, whose code may be in a report.
#![expect(unsafe_code, reason = "registers are filled by hand")]

use std::hint::black_box;
use std::io::Read;

/// Fills memory, the registers of another thread and its own, and crashes.
#[inline(never)]
pub(crate) fn crash() {
    let on_stack = black_box(stack_of("Stck"));
    let _in_heap = black_box(heap());
    let _ready = other_thread();
    crash_with(unit("Regs"), unit("Vect"));
    black_box(on_stack);
}

/// The same, but crashes only once standard input is closed.
#[inline(never)]
pub(crate) fn crash_when_told() {
    let on_stack = black_box(stack_of("Stck"));
    let _in_heap = black_box(heap());
    let _ready = other_thread();
    let mut nothing = Vec::new();
    std::io::stdin()
        .read_to_end(&mut nothing)
        .expect("standard input can be read");
    crash_with(unit("Regs"), unit("Vect"));
    black_box(on_stack);
}

/// The canary and the place, as a word.
fn unit(place: &str) -> u64 {
    let canary = std::env::var("CRASHER_CANARY").expect("CRASHER_CANARY is set");
    let bytes: Vec<u8> = canary.bytes().chain(place.bytes()).collect();
    u64::from_le_bytes(bytes.try_into().expect("the canary has four bytes"))
}

/// The words, in both forms: UTF-8, and UTF-16 in the second half.
fn stack_of(place: &str) -> [u64; 96] {
    let utf8 = unit(place);
    let mut units = utf8.to_le_bytes().map(u16::from).into_iter().cycle();
    std::array::from_fn(|index| {
        if index < 32 {
            utf8
        } else {
            (0..4).fold(0, |word, at| word | u64::from(units.next().unwrap_or(0)) << (16 * at))
        }
    })
}

fn heap() -> (String, Vec<u16>) {
    let text = String::from_utf8_lossy(&unit("Heap").to_le_bytes()).repeat(1000);
    let units = text.encode_utf16().collect();
    (text, units)
}

/// A thread with canaries on its stack and in its registers, waiting when this returns.
fn other_thread() -> std::thread::JoinHandle<()> {
    let (ready, is_ready) = std::sync::mpsc::channel();
    let (general, vectors) = (unit("ORgs"), unit("OVec"));
    let thread = std::thread::spawn(move || {
        let on_stack = black_box(stack_of("OStk"));
        // SAFETY: it has no arguments and cannot fail.
        ready.send(unsafe { libc::gettid() }).expect("somebody waits");
        wait_with(general, vectors);
        black_box(on_stack);
    });
    let tid = is_ready.recv().expect("the thread is there");
    let state = || std::fs::read_to_string(format!("/proc/self/task/{tid}/stat")).expect("the thread is there");
    while !state().contains(") S ") {
        std::thread::yield_now();
    }
    thread
}

/// `rbx` and `rbp` cannot be named as operands; the one is filled by hand, the other is left to the frames.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn crash_with(general: u64, vectors: u64) {
    use std::arch::x86_64::_mm_set1_epi64x;
    // SAFETY: none: this is the crash.
    unsafe {
        let v = _mm_set1_epi64x(vectors.cast_signed());
        std::arch::asm!(
            "mov rbx, rax", "ud2",
            in("rax") general, in("rcx") general, in("rdx") general, in("rsi") general, in("rdi") general,
            in("r8") general, in("r9") general, in("r10") general, in("r11") general, in("r12") general,
            in("r13") general, in("r14") general, in("r15") general,
            in("xmm0") v, in("xmm1") v, in("xmm2") v, in("xmm3") v, in("xmm4") v, in("xmm5") v, in("xmm6") v,
            in("xmm7") v, in("xmm8") v, in("xmm9") v, in("xmm10") v, in("xmm11") v, in("xmm12") v, in("xmm13") v,
            in("xmm14") v, in("xmm15") v,
            options(noreturn)
        );
    }
}

/// Waits for ever in `pause`, which leaves all other registers as they are.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn wait_with(general: u64, vectors: u64) {
    use std::arch::x86_64::_mm_set1_epi64x;
    // SAFETY: the call has no arguments, and what it changes is said.
    unsafe {
        let v = _mm_set1_epi64x(vectors.cast_signed());
        std::arch::asm!(
            "2: mov eax, {pause}", "syscall", "jmp 2b",
            pause = const libc::SYS_pause,
            in("rdx") general, in("rsi") general, in("rdi") general,
            in("r8") general, in("r9") general, in("r10") general, in("r12") general, in("r13") general,
            in("r14") general, in("r15") general,
            in("xmm0") v, in("xmm1") v, in("xmm2") v, in("xmm3") v, in("xmm4") v, in("xmm5") v, in("xmm6") v,
            in("xmm7") v, in("xmm8") v, in("xmm9") v, in("xmm10") v, in("xmm11") v, in("xmm12") v, in("xmm13") v,
            in("xmm14") v, in("xmm15") v,
            options(noreturn)
        );
    }
}

/// Elsewhere the compiler may put them into registers, or not.
#[cfg(not(target_arch = "x86_64"))]
#[inline(never)]
fn crash_with(general: u64, vectors: u64) {
    black_box((general, vectors));
    std::process::abort();
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(never)]
fn wait_with(general: u64, vectors: u64) {
    loop {
        black_box((general, vectors));
        std::thread::park();
    }
}
