//! Connects, installs the crash handler as minidumper's own example does, and ends as it is told to.
#![expect(unsafe_code, reason = "crashing for real takes what safe Rust prevents")]
#![expect(clippy::unwrap_used, reason = "an example that cannot go on says so by panicking")]

use std::ffi::CString;
use std::hint::black_box;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crash_handler::{CrashContext, CrashEventResult, CrashHandler, make_crash_event};
use minidumper::{Client, SocketName};

pub(crate) fn run() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [socket, kind] = &arguments[..] else {
        panic!("minidumper-client SOCKET crash|forked-child|vanish|wait|survive|stuck");
    };
    let socket = PathBuf::from(socket);
    // Where Yama restricts ptrace to descendants. A program that knows the reporter's process id names that one alone.
    // SAFETY: plain numbers; where Yama is not there this fails and changes nothing.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY, 0, 0, 0) };
    let client = Client::with_name(SocketName::Path(&socket)).unwrap();
    client.send_message(7, "the brush is wet").unwrap();
    client.ping().unwrap();
    match kind.as_str() {
        "wait" => loop {
            std::thread::park();
        },
        "vanish" => vanish(&client),
        "survive" => survive(&client),
        "stuck" => stuck(&client, &socket.with_extension("fifo")),
        _ => {}
    }
    // SAFETY: the closure only sends and waits.
    let event = unsafe {
        make_crash_event(move |context: &CrashContext| {
            // Not handled: the program dies of its signal, as it would have without a handler.
            drop(client.request_dump(context));
            CrashEventResult::Handled(false)
        })
    };
    let _handler = CrashHandler::attach(event).unwrap();
    if kind == "forked-child" {
        fork_and_crash();
    }
    fill_pixel(black_box(std::ptr::null_mut()));
}

/// Not inlined, so that it is on the stack.
#[inline(never)]
fn fill_pixel(pixel: *mut u32) {
    // SAFETY: none: this is the crash. It is written as an instruction, since debug builds check writes through null.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov dword ptr [{}], 7", in(reg) pixel);
        #[cfg(not(target_arch = "x86_64"))]
        std::arch::asm!("str wzr, [{}]", in(reg) pixel);
    }
    black_box(pixel);
}

/// The child dies of a crash of its own; the parent goes on.
fn fork_and_crash() {
    // SAFETY: the child only crashes, the parent only waits for it.
    unsafe {
        match libc::fork() {
            0 => fill_pixel(std::ptr::null_mut()),
            child => {
                let mut status = 0;
                libc::waitpid(child, &raw mut status, 0);
                assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV);
            }
        }
    }
}

/// A dump is asked for, and the program goes on: such as for a hang.
fn survive(client: &Client) -> ! {
    for _ in 0..2 {
        client.request_dump(&here()).unwrap();
    }
    client.ping().unwrap();
    std::process::exit(0)
}

/// Asks for a dump on a thread, and is killed meanwhile.
fn vanish(client: &Client) -> ! {
    std::thread::scope(|scope| {
        scope.spawn(|| drop(client.request_dump(&here())));
        // SAFETY: it is this process alone.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    });
    unreachable!("SIGKILL was ignored")
}

/// Its main thread is in a system call that no debugger can stop it in: it waits for a child that was made with `vfork`, and
/// the child for somebody to open a FIFO.
fn stuck(client: &Client, fifo: &Path) -> ! {
    let fifo = CString::new(fifo.as_os_str().as_bytes()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let stat = || std::fs::read_to_string(format!("/proc/self/task/{}/stat", std::process::id())).unwrap();
            while !stat().contains(") D ") {
                std::thread::yield_now();
            }
            let asked = client.request_dump(&here());
            std::process::exit(if asked.is_ok() { 0 } else { 3 })
        });
        // SAFETY: each pointer is to something that lives on; the arrays end with a null pointer.
        unsafe {
            let mut actions: libc::posix_spawn_file_actions_t = std::mem::zeroed();
            libc::posix_spawn_file_actions_init(&raw mut actions);
            libc::posix_spawn_file_actions_addopen(&raw mut actions, 0, fifo.as_ptr(), libc::O_RDONLY, 0);
            let (program, none) = (c"/bin/true", [std::ptr::null_mut()]);
            let arguments = [program.as_ptr().cast_mut(), std::ptr::null_mut()];
            let mut pid = 0;
            libc::posix_spawn(
                &raw mut pid,
                program.as_ptr(),
                &raw const actions,
                std::ptr::null(),
                arguments.as_ptr(),
                none.as_ptr(),
            );
        }
    });
    unreachable!("the other thread ends the process")
}

/// This thread as a crash context without a signal.
fn here() -> CrashContext {
    // SAFETY: getcontext fills what it is given; all zeroes are valid for each field of a context.
    unsafe {
        let mut context: CrashContext = std::mem::zeroed();
        crash_context::crash_context_getcontext(&raw mut context.context);
        context.pid = libc::getpid();
        context.tid = libc::gettid();
        context
    }
}
