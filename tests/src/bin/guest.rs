//! A program that embeds Afterword and lives in ways that a library may not expect: what the tests look at while it lives.
//!
//! `guest WAY STORE`. Its reporter is `afterword-reporter`, beside it.
#![expect(unsafe_code, reason = "fork, waitpid and signals are C")]

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use afterword::sentry::Breadcrumb;
use afterword::{Guard, InitError, Options};
use clap::{Parser, ValueEnum};

#[derive(Parser)]
struct Arguments {
    way: Way,
    store: PathBuf,
    #[arg(long, default_value = "Crasher")]
    app: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Waits for whichever child ends, until there is none: its own alone may be met.
    WaitForAnyChild,
    /// The same, with SIGCHLD ignored.
    IgnoreChildren,
    /// Calls `init` a second time, and crashes.
    InitTwice,
    /// Calls `init` in a forked child, which then crashes, and so does the parent.
    InitInChild,
    /// Becomes itself by `exec`, calls `init` there, and crashes.
    InitAfterExec,
    /// A breadcrumb of a megabyte, and a crash.
    HugeBreadcrumb,
    /// Ignores Ctrl-C and the terminal's end, waits until its standard input is closed, and crashes.
    CrashWhenTold,
    /// Closes every descriptor above standard error, and crashes.
    CloseEverything,
    /// Opens and closes its own run file, as a backup would, and then is as the one that crashes when told.
    CloseRunFile,
    /// Loses its stack, and crashes.
    LoseStack,
    /// Returns from `main` while another thread crashes.
    EndWhileCrashing,
    /// Closes every descriptor above standard error, opens files of its own in their places, and crashes.
    ReuseNumbers,
    /// SIGTERM, which a handler of the app takes, that calls whoever was there before it; then it ends by itself.
    TerminatedWithHandler,
    /// `exec` of another program.
    BecomeAnother,
}

fn main() {
    let arguments = Arguments::parse();
    if arguments.way == Way::InitAfterExec && std::env::var_os("GUEST_AGAIN").is_none() {
        let _guard = init(&arguments).expect("it is the first");
        let error = Command::new("/proc/self/exe")
            .args(std::env::args_os().skip(1))
            .env("GUEST_AGAIN", "1")
            .exec();
        panic!("exec: {error}");
    }
    if arguments.way == Way::IgnoreChildren {
        // SAFETY: plain numbers.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    }
    let guard = init(&arguments).expect("it is the first");
    add("pressed the button");
    live(&arguments);
    drop(guard);
}

fn init(arguments: &Arguments) -> Result<Guard, InitError> {
    Options::new("http://key@127.0.0.1:9/1")
        .app_name(&arguments.app)
        .release("crasher@1.2.3")
        .store(&arguments.store)
        .init()
}

fn add(message: &str) {
    afterword::add_breadcrumb(Breadcrumb {
        message: Some(message.to_owned()),
        ..Breadcrumb::default()
    });
}

fn live(arguments: &Arguments) {
    match arguments.way {
        Way::WaitForAnyChild => assert_eq!(children_met(), 1),
        Way::IgnoreChildren => assert_eq!(children_met(), 0),
        Way::InitTwice => {
            assert!(matches!(init(arguments), Err(InitError::AlreadyInitialised)));
            fall();
        }
        Way::InitInChild => {
            // SAFETY: the child only tries `init` and crashes.
            let child = unsafe { libc::fork() };
            if child == 0 {
                assert!(matches!(init(arguments), Err(InitError::AlreadyInitialised)));
                fall();
            }
            // SAFETY: our own child.
            unsafe { libc::waitpid(child, null_mut(), 0) };
            fall();
        }
        Way::HugeBreadcrumb => {
            add(&"x".repeat(1 << 20));
            fall();
        }
        Way::CloseRunFile => {
            let runs = arguments.store.join(&arguments.app).join("runs");
            for run in std::fs::read_dir(runs).expect("runs").flatten() {
                drop(std::fs::read(run.path().join("run")));
            }
            std::io::stdin().read_to_end(&mut Vec::new()).expect("standard input");
            fall();
        }
        Way::CrashWhenTold => {
            for signal in [libc::SIGINT, libc::SIGHUP] {
                // SAFETY: plain numbers.
                unsafe { libc::signal(signal, libc::SIG_IGN) };
            }
            std::io::stdin().read_to_end(&mut Vec::new()).expect("standard input");
            fall();
        }
        Way::CloseEverything => {
            // SAFETY: nothing here uses them any more.
            unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
            fall();
        }
        Way::LoseStack => lose_stack(),
        Way::EndWhileCrashing => {
            std::thread::spawn(fall);
            // The run file says so when the handler has begun.
            let runs = arguments.store.join(&arguments.app).join("runs");
            let is_crashing = || {
                let run = std::fs::read_dir(&runs).ok()?.flatten().next()?.path().join("run");
                let file = std::fs::read(run).ok()?;
                (file.get(256..260)? == 3_u32.to_le_bytes()).then_some(())
            };
            while is_crashing().is_none() {
                std::thread::yield_now();
            }
        }
        Way::ReuseNumbers => {
            // SAFETY: nothing here uses them any more.
            unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
            for number in 0..16 {
                let document = arguments.store.join(format!("document-{number}"));
                std::mem::forget(std::fs::File::create(document).expect("a document"));
            }
            fall();
        }
        Way::TerminatedWithHandler => terminate_with_a_handler(),
        Way::BecomeAnother => {
            let error = Command::new("sleep").arg("0.3").exec();
            panic!("sleep cannot be run: {error}");
        }
        Way::InitAfterExec => fall(),
    }
}

/// Starts a child, and counts the children that `waitpid(-1)` meets until there is none.
fn children_met() -> usize {
    // SAFETY: the child ends at once.
    if unsafe { libc::fork() } == 0 {
        // SAFETY: as above.
        unsafe { libc::_exit(0) };
    }
    let mut met = 0;
    // SAFETY: no pointers but null.
    while unsafe { libc::waitpid(-1, null_mut(), 0) } > 0 {
        met += 1;
    }
    met
}

#[inline(never)]
fn fall() {
    let nowhere: *mut u32 = std::ptr::without_provenance_mut(std::hint::black_box(8));
    // SAFETY: none: this is the crash.
    unsafe { nowhere.write_volatile(7) };
}

/// A fault with a stack pointer that points nowhere.
#[inline(never)]
fn lose_stack() {
    // SAFETY: none: this is the crash. Nothing comes after it.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov rsp, 0x12345000", "mov dword ptr [8], 7", options(noreturn));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("mov x1, #0x5000", "mov sp, x1", "str wzr, [x0]", in("x0") 8, options(noreturn));
    }
}

/// As signal libraries do: the handler that was there before is called from the new one.
fn terminate_with_a_handler() {
    static BEFORE: AtomicUsize = AtomicUsize::new(0);
    static CALLED: AtomicBool = AtomicBool::new(false);
    extern "C" fn on_signal(signal: libc::c_int) {
        let before = BEFORE.load(Ordering::SeqCst);
        if before != libc::SIG_DFL {
            // SAFETY: it was installed as a handler of this form.
            let before: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(before) };
            before(signal);
        }
        CALLED.store(true, Ordering::SeqCst);
    }
    // SAFETY: the handler calls only what a handler may call.
    unsafe {
        let before = libc::signal(libc::SIGTERM, on_signal as *const () as libc::sighandler_t);
        BEFORE.store(before, Ordering::SeqCst);
        libc::raise(libc::SIGTERM);
    }
    assert!(CALLED.load(Ordering::SeqCst));
    std::process::exit(3);
}
