//! What a process has and is: its executable, its end, its descriptors, its children.
#![expect(unsafe_code, reason = "fork, kill, atexit and the limits are C")]

use crate::memory;

/// Crashes after `main` has returned, and after what was registered later has run.
pub(crate) fn crash_at_exit() {
    extern "C" fn destroy() {
        memory::fill_pixel(std::ptr::null_mut());
    }
    // SAFETY: the function is one; what it does is the crash.
    assert_eq!(unsafe { libc::atexit(destroy) }, 0);
}

/// No file can be opened any more.
pub(crate) fn use_up_descriptors() {
    // SAFETY: plain numbers and a structure of the system.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_cur.min(256);
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit), 0);
        while libc::dup(libc::STDIN_FILENO) >= 0 {}
    }
}

/// Another file takes the place of the running executable, as when a package is updated. For a crasher that was copied.
pub(crate) fn update() {
    let executable = std::env::current_exe().expect("the executable has a path");
    let next = executable.with_extension("new");
    std::fs::write(&next, "the next version").expect("there is room beside the executable");
    std::fs::rename(&next, &executable).expect("the executable can be replaced");
}

pub(crate) fn fork_and_crash() {
    // SAFETY: the child only crashes; the parent only waits for it.
    unsafe {
        match libc::fork() {
            0 => memory::fill_pixel(std::ptr::null_mut()),
            child => {
                let mut status = 0;
                libc::waitpid(child, &raw mut status, 0);
                assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV);
            }
        }
    }
}

pub(crate) fn terminate_itself() {
    // SAFETY: no pointers.
    unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
    loop {
        std::thread::park();
    }
}
