//! Processes and their terminals, as `libproc` tells them.
#![expect(unsafe_code, reason = "libproc is C")]

use std::mem::MaybeUninit;

use rustix::process::{Pid, getsid};

use super::Stat;

/// Jobs are small; of a larger one this many are looked at.
const MAX_MEMBERS: usize = 1024;

pub(super) fn stat(pid: u32) -> Option<Stat> {
    let pid = i32::try_from(pid).ok()?;
    let length = size_of::<libc::proc_bsdinfo>() as libc::c_int;
    let mut information = MaybeUninit::<libc::proc_bsdinfo>::zeroed();
    // SAFETY: the structure has the length that is given; zeroes are valid for it.
    let information = unsafe {
        let filled = libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, information.as_mut_ptr().cast(), length);
        if filled != length {
            return None;
        }
        information.assume_init()
    };
    Some(Stat {
        is_over: information.pbi_status == libc::SZOMB,
        group: information.pbi_pgid as i32,
        session: getsid(Pid::from_raw(pid)).map_or(0, |session| session.as_raw_pid()),
        foreground: information.e_tpgid as i32,
    })
}

/// The processes of a group.
pub(super) fn of_group(group: i32) -> Vec<Stat> {
    let mut pids = [0_i32; MAX_MEMBERS];
    // SAFETY: the buffer has the length, in bytes, that is given.
    let count = unsafe { libc::proc_listpgrppids(group, pids.as_mut_ptr().cast(), size_of_val(&pids) as libc::c_int) };
    let count = usize::try_from(count).unwrap_or(0).min(MAX_MEMBERS);
    pids[..count]
        .iter()
        .filter_map(|pid| stat(u32::try_from(*pid).ok()?))
        .collect()
}
