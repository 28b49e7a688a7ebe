//! The second net: the reporter is gone or silent, so the crash handler starts another one, a *rescuer*, as its child.
//!
//! `fork` is no way here: it runs handlers that the app registered, takes the allocator's locks and copies the page tables of
//! a process of any size. `clone` with shared memory does nothing of that, and the child only calls `exec`.
#![expect(unsafe_code, reason = "clone and exec in a signal handler are raw")]

use std::cell::UnsafeCell;
use std::ffi::{CString, c_char, c_int, c_void};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::time::Instant;

use afterword_channel::layout::Occasion;
use afterword_channel::{CaptureStatus, PrivateMemory, RESCUER_ARGUMENT, RunFile};

use crate::running::Running;
use crate::start::Program;

const STACK_BYTES: usize = 64 * 1024;
/// Between two looks whether the rescuer has answered.
const LOOK_MS: c_int = 5;

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// Everything that the start of a rescuer needs, made beforehand.
#[derive(Debug)]
pub(crate) struct Rescuer {
    program: Option<RawFd>,
    path: CString,
    arguments: [CString; 4],
    inherited: [RawFd; 2],
}

impl Rescuer {
    /// None where the program's path cannot be handed to the system.
    pub(crate) fn new(program: &Program, run: &RunFile, memory: &PrivateMemory) -> Option<Rescuer> {
        let inherited = [run.file().as_raw_fd(), memory.file().as_raw_fd()];
        let text = |text: String| CString::new(text).ok();
        Some(Rescuer {
            program: program.open().map(AsRawFd::as_raw_fd),
            path: CString::new(program.path().as_os_str().as_bytes()).ok()?,
            arguments: [
                text("afterword-reporter".to_owned())?,
                text(RESCUER_ARGUMENT.to_owned())?,
                text(inherited[0].to_string())?,
                text(inherited[1].to_string())?,
            ],
            inherited,
        })
    }
}

/// The rescuer's stack until it has called `exec`. One crash, one rescuer: nobody else uses it.
#[repr(align(16))]
struct Stack(UnsafeCell<[u8; STACK_BYTES]>);

// SAFETY: only the one thread that crashed first hands it to its child.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; STACK_BYTES]));

/// Starts a rescuer and waits for its answer, until `until`; or for the reporter's to the `first` request, which may only have
/// been slow. None when it cannot be started, dies, or is too slow. Allocates nothing, takes no lock; for the crash handler,
/// once.
pub(crate) fn rescue(running: &'static Running, first: u32, until: Instant) -> Option<CaptureStatus> {
    let rescuer = running.rescuer.as_ref()?;
    let request = running.next_request();
    running.memory.set_rescue_request(request);
    // SAFETY: the stack is static and used once; the child shares our memory, but only reads `rescuer`, which is never
    // dropped. An app that waits for its children does not meet one that could not `exec`; a rescuer is its child like any
    // other, and the app is at its end.
    let child = unsafe {
        let top = STACK.0.get().cast::<u8>().add(STACK_BYTES);
        // A signal of the app must not run the app's handler in the child, which shares its memory.
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let child = libc::clone(
            start,
            top.cast(),
            libc::CLONE_VM,
            ptr::from_ref(rescuer).cast_mut().cast(),
        );
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        child
    };
    if child <= 0 {
        return None;
    }
    // Where Yama restricts ptrace: a child may look at its parent only if it is let in.
    // SAFETY: plain numbers.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, child as libc::c_ulong, 0, 0, 0) };
    loop {
        if let Some(status) = running.run.answer(Occasion::Crash, request) {
            return Some(status);
        }
        if running.run.answer(Occasion::Crash, first) == Some(CaptureStatus::Kept) {
            return Some(CaptureStatus::Kept);
        }
        // SAFETY: no pointers but null; both are async-signal-safe.
        let ended = unsafe { libc::waitpid(child, ptr::null_mut(), libc::WNOHANG | libc::__WALL) } != 0;
        if ended {
            return running.run.answer(Occasion::Crash, request);
        }
        if Instant::now() >= until {
            return None;
        }
        // SAFETY: as above.
        unsafe { libc::poll(ptr::null_mut(), 0, LOOK_MS) };
    }
}

/// The child, until it is another program. It shares our memory and has descriptors of its own.
extern "C" fn start(rescuer: *mut c_void) -> c_int {
    // SAFETY: `rescue` hands over a `Rescuer` that is never dropped; everything called here is async-signal-safe; the arrays
    // end with null; a garbled environment is an EFAULT of the kernel.
    unsafe {
        let rescuer = &*rescuer.cast::<Rescuer>();
        // It waits for processes of its own; what the app ignores would be ignored after `exec`, too.
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        for fd in rescuer.inherited {
            libc::fcntl(fd, libc::F_SETFD, 0);
        }
        let [name, argument, run, memory] = &rescuer.arguments;
        let arguments = [
            name.as_ptr(),
            argument.as_ptr(),
            run.as_ptr(),
            memory.as_ptr(),
            ptr::null(),
        ];
        let none = [ptr::null()];
        for environment in [environ, none.as_ptr()] {
            if let Some(program) = rescuer.program {
                libc::syscall(
                    libc::SYS_execveat,
                    program,
                    c"".as_ptr(),
                    arguments.as_ptr(),
                    environment,
                    libc::AT_EMPTY_PATH,
                );
            }
            libc::execve(rescuer.path.as_ptr(), arguments.as_ptr(), environment);
        }
        libc::_exit(127)
    }
}
