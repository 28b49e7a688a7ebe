//! What goes wrong around a crash: with the reporter, with the disk, with what the system allows.
#![expect(unsafe_code, reason = "signals to the reporter are C")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};

/// What is done in the app right before its end.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// The reporter is killed.
    KillReporter,
    /// The reporter is killed, and another one has come.
    RestartReporter,
    /// The reporter is stopped, and stays so.
    StopReporter,
    /// The reporter is stopped, and goes on after a while.
    SlowReporter,
    /// This process and its children may run no other program, as in a sandbox.
    DenyExec,
    /// This process and its children may not look at another one, as in a sandbox.
    DenyPtrace,
}

impl Fault {
    pub(crate) fn happen(self) {
        match self {
            Fault::KillReporter => while signal_reporter(libc::SIGKILL).is_some() {},
            Fault::RestartReporter => {
                let first = signal_reporter(libc::SIGKILL);
                while reporter().is_none_or(|pid| Some(pid) == first) {
                    std::thread::sleep(Duration::from_millis(10));
                }
                // The app has put the new channel in its place once the mirror's thread has come by again.
                std::thread::sleep(Duration::from_millis(1500));
            }
            Fault::StopReporter => {
                signal_reporter(libc::SIGSTOP);
            }
            Fault::SlowReporter => {
                signal_reporter(libc::SIGSTOP);
                std::thread::spawn(|| {
                    std::thread::sleep(Duration::from_millis(700));
                    signal_reporter(libc::SIGCONT);
                });
            }
            Fault::DenyExec => deny(&[libc::SYS_execve, libc::SYS_execveat], libc::EPERM),
            Fault::DenyPtrace => deny(&[libc::SYS_ptrace, libc::SYS_process_vm_readv], libc::EPERM),
        }
    }
}

/// What is wrong with the reporter from its beginning, as `CRASHER_REPORTER` says: `no-ptrace`, `no-memory` (it cannot read
/// another process's at all), `no-space`.
#[cfg(feature = "itself")]
pub(crate) fn of_reporter() {
    match std::env::var("CRASHER_REPORTER").as_deref() {
        Ok("no-ptrace") => deny(&[libc::SYS_ptrace], libc::EPERM),
        Ok("no-memory") => deny(&[libc::SYS_ptrace, libc::SYS_process_vm_readv], libc::EPERM),
        Ok("no-space") => deny(&[libc::SYS_fsync, libc::SYS_fdatasync], libc::ENOSPC),
        _ => {}
    }
}

/// Lets the kernel answer these system calls with an error, in this process and what it starts.
fn deny(calls: &[i64], errno: i32) {
    let rules: BTreeMap<i64, Vec<_>> = calls.iter().map(|call| (*call, Vec::new())).collect();
    let architecture = std::env::consts::ARCH.try_into().expect("a known architecture");
    let denied = SeccompAction::Errno(errno as u32);
    let filter: BpfProgram = SeccompFilter::new(rules, SeccompAction::Allow, denied, architecture)
        .and_then(TryInto::try_into)
        .expect("a filter");
    apply_filter_all_threads(&filter).expect("the filter is taken");
}

/// Sends a signal to the reporter, if there is one; its process id.
fn signal_reporter(signal: i32) -> Option<i32> {
    let pid = reporter()?;
    // SAFETY: it is our own reporter; nobody else has this run's file open.
    (unsafe { libc::kill(pid, signal) } == 0).then_some(pid)
}

/// The process that has our run file open besides us.
fn reporter() -> Option<i32> {
    let ours = open_files("self")
        .find(|target| target.ends_with("run"))
        .expect("the run file is open");
    std::fs::read_dir("/proc").expect("/proc").flatten().find_map(|entry| {
        let name = entry.file_name();
        let pid: i32 = name.to_str()?.parse().ok()?;
        let is_other = pid != std::process::id() as i32;
        (is_other && open_files(name.to_str()?).any(|target| target == ours)).then_some(pid)
    })
}

fn open_files(process: &str) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(format!("/proc/{process}/fd"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
}
