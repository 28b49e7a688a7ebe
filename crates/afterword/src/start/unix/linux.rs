//! A grandchild on Linux, by `clone` in the way of `posix_spawn`: the children share our memory, and this thread waits until
//! they have become another program. A `fork`, and then another one, would copy the page tables of a process of any size, for
//! `init` to wait for.
#![expect(unsafe_code, reason = "clone and exec are raw")]

use std::ffi::{CString, OsString, c_char, c_int, c_void};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use afterword_channel::{REPORTER_ARGUMENT, RunFile};

use super::{Inherited, Program};

const STACK_BYTES: usize = 64 * 1024;
/// Shared memory, and the parent waits.
const LIKE_SPAWN: c_int = libc::CLONE_VM | libc::CLONE_VFORK;

/// All that the children need, made beforehand: they may not allocate.
struct Start<'a> {
    program: Option<RawFd>,
    path: CString,
    arguments: Pointers,
    environment: Pointers,
    inherited: Inherited,
    nowhere: RawFd,
    run: &'a RunFile,
    grandchilds_stack: *mut c_void,
    /// What went wrong in the children; 0 for nothing.
    failed: AtomicI32,
}

/// Strings as `exec` takes them.
struct Pointers {
    pointers: Vec<*const c_char>,
    _strings: Vec<CString>,
}

impl Pointers {
    fn of(strings: impl Iterator<Item = Vec<u8>>) -> Pointers {
        // What has a null byte in it came from no system call, and can go to none.
        let strings: Vec<CString> = strings.filter_map(|string| CString::new(string).ok()).collect();
        let pointers = strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]);
        Pointers {
            pointers: pointers.collect(),
            _strings: strings,
        }
    }

    fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

/// Starts it; its process id is in the run file then.
pub(super) fn grandchild(program: &Program, inherited: Inherited, run: &RunFile) -> io::Result<()> {
    let nowhere = nowhere()?;
    let mut stacks = [Stack::new(), Stack::new()];
    let [own, grandchilds] = stacks.each_mut().map(Stack::top);
    let words = ["afterword-reporter", REPORTER_ARGUMENT].map(|word| word.as_bytes().to_vec());
    let numbers = inherited.map(|fd| fd.to_string().into_bytes());
    let variable = |(name, value): (OsString, OsString)| [name.into_vec(), value.into_vec()].join(&b'=');
    let start = Start {
        program: program.open().map(AsRawFd::as_raw_fd),
        path: CString::new(program.path().as_os_str().as_bytes())?,
        arguments: Pointers::of(words.into_iter().chain(numbers)),
        environment: Pointers::of(std::env::vars_os().map(variable)),
        inherited,
        nowhere: nowhere.as_raw_fd(),
        run,
        grandchilds_stack: grandchilds,
        failed: AtomicI32::new(0),
    };
    without_signals(|| {
        // SAFETY: the stack is long enough and only the child's; what it is handed lives until this call has returned, which
        // is after the child's end. Without an exit signal, an app that waits for its children does not meet it.
        let child = unsafe { libc::clone(child, own, LIKE_SPAWN, ptr::from_ref(&start).cast_mut().cast()) };
        if child == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: our own child; no status is asked for.
        while unsafe { libc::waitpid(child, ptr::null_mut(), libc::__WALL) } == -1
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
        Ok(())
    })?;
    match start.failed.load(Ordering::Acquire) {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// The child in between. Its end leaves the grandchild to whoever collects the processes that have nobody.
extern "C" fn child(start: *mut c_void) -> c_int {
    // SAFETY: a `Start` that lives until this process has ended; async-signal-safe calls alone.
    unsafe {
        let shared = &*start.cast::<Start<'_>>();
        if libc::clone(grandchilds_beginning, shared.grandchilds_stack, LIKE_SPAWN, start) == -1 {
            shared.failed.store(*libc::__errno_location(), Ordering::Release);
        }
        libc::_exit(0)
    }
}

/// The grandchild, until it is the reporter.
extern "C" fn grandchilds_beginning(start: *mut c_void) -> c_int {
    // SAFETY: as above; the arrays end with null. The descriptors and the handlers of signals are this process's own.
    unsafe {
        let start = &*start.cast::<Start<'_>>();
        start.run.set_reporter_pid(libc::getpid() as u32);
        // The reporter waits for processes of its own. What the app ignores would be ignored after `exec`, too.
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        for standard in 0..=2 {
            libc::dup2(start.nowhere, standard);
        }
        for fd in start.inherited {
            libc::fcntl(fd, libc::F_SETFD, 0);
        }
        let (arguments, environment) = (start.arguments.as_ptr(), start.environment.as_ptr());
        match start.program {
            Some(program) => {
                let here = c"".as_ptr();
                libc::syscall(
                    libc::SYS_execveat,
                    program,
                    here,
                    arguments,
                    environment,
                    libc::AT_EMPTY_PATH,
                );
            }
            None => {
                libc::execve(start.path.as_ptr(), arguments, environment);
            }
        }
        start.failed.store(*libc::__errno_location(), Ordering::Release);
        libc::_exit(127)
    }
}

/// Calls `with` while every signal is blocked: a handler of the app that ran in a child would do so in the app's memory. The
/// reporter, which inherits that, unblocks them.
fn without_signals<T>(with: impl FnOnce() -> T) -> T {
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are initialised before they are read: `all` by sigfillset, `before` by pthread_sigmask.
    unsafe {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    let result = with();
    // SAFETY: as above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    result
}

/// `/dev/null`, above the standard streams, whose places it will take.
fn nowhere() -> io::Result<File> {
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    Ok(File::from(rustix::io::fcntl_dupfd_cloexec(&nowhere, 3)?))
}

struct Stack(Box<[MaybeUninit<u8>]>);

impl Stack {
    fn new() -> Stack {
        Stack(Box::new_uninit_slice(STACK_BYTES))
    }

    /// Its end, where a stack begins; aligned as a call needs it.
    fn top(&mut self) -> *mut c_void {
        let end = self.0.as_mut_ptr_range().end;
        end.wrapping_sub(end.addr() % 16).cast()
    }
}
