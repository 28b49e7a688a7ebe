//! Other processes: children, and the reporter.
#![expect(unsafe_code, reason = "fork and kill are C")]

use crate::memory;

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

/// The reporter is the process whose arguments name the one descriptor that is our socket's other end; here: the only
/// `afterword-reporter` that has our run file open.
pub(crate) fn kill_reporter() {
    let ours = std::fs::read_dir("/proc/self/fd")
        .expect("/proc")
        .flatten()
        .find_map(|entry| {
            let target = std::fs::read_link(entry.path()).ok()?;
            target.ends_with("run").then_some(target)
        });
    let ours = ours.expect("the run file is open");
    loop {
        let reporter = std::fs::read_dir("/proc").expect("/proc").flatten().find_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            if pid == std::process::id() as i32 {
                return None;
            }
            let has_it = std::fs::read_dir(entry.path().join("fd"))
                .ok()?
                .flatten()
                .any(|fd| std::fs::read_link(fd.path()).is_ok_and(|target| target == ours));
            has_it.then_some(pid)
        });
        match reporter {
            // SAFETY: it is our own reporter; nobody else has this run's file open.
            Some(pid) => unsafe {
                libc::kill(pid, libc::SIGKILL);
            },
            None => return,
        }
    }
}
