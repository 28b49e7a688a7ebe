//! Where homes are told on Unix.
#![expect(unsafe_code, reason = "getpwuid_r is C")]

use std::ffi::{CStr, OsStr};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Lists of users that are longer are read up to here; the users of one machine are few.
const MAX_LIST_BYTES: u64 = 256 * 1024;
const MAX_ENTRY_BYTES: usize = 16 * 1024;

/// The home that the environment names.
pub(super) fn given() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

/// The home that the list of users on this machine names.
pub(super) fn listed() -> Option<PathBuf> {
    let mut list = Vec::new();
    let file = std::fs::File::open("/etc/passwd").ok()?;
    file.take(MAX_LIST_BYTES).read_to_end(&mut list).ok()?;
    home_in(&list, rustix::process::getuid().as_raw())
}

/// The home in a list of lines `<name>:<password>:<uid>:<gid>:<who>:<home>:<shell>` (passwd(5)).
fn home_in(list: &[u8], uid: u32) -> Option<PathBuf> {
    let uid = uid.to_string();
    list.split(|byte| *byte == b'\n').find_map(|line| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        match fields[..] {
            [_, _, of, _, _, home, ..] if of == uid.as_bytes() => Some(PathBuf::from(OsStr::from_bytes(home))),
            _ => None,
        }
    })
}

/// The home that the system names, wherever its users are listed. May wait for a server.
pub(super) fn asked() -> Option<PathBuf> {
    let mut buffer = vec![0_u8; MAX_ENTRY_BYTES];
    let mut entry = std::mem::MaybeUninit::<libc::passwd>::uninit();
    let mut found = std::ptr::null_mut();
    // SAFETY: the buffer has the length that is given; both outputs live until the call returns.
    let error = unsafe {
        libc::getpwuid_r(
            rustix::process::getuid().as_raw(),
            entry.as_mut_ptr(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            &mut found,
        )
    };
    if error != 0 || found.is_null() {
        return None;
    }
    // SAFETY: an entry was found, so it is filled in; its strings end with NUL and lie in the buffer, which is still there.
    let home = unsafe {
        let directory = entry.assume_init_ref().pw_dir;
        if directory.is_null() {
            return None;
        }
        CStr::from_ptr(directory)
    };
    Some(PathBuf::from(OsStr::from_bytes(home.to_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_user_counts_and_torn_lines_do_no_harm() {
        let list = b"root:x:0:0:root:/root:/bin/bash\nann:x:100:1:Ann,,,:/home/ann:/bin/sh\nx:x:10\n\n:::\nb:x:7:7::/b";
        assert_eq!(home_in(list, 100), Some(PathBuf::from("/home/ann")));
        assert_eq!(home_in(list, 7), Some(PathBuf::from("/b")));
        assert_eq!(home_in(list, 10), None);
        assert_eq!(home_in(b"", 0), None);
    }

    #[test]
    fn the_system_and_the_list_agree_on_this_user() {
        let (listed, asked) = (listed(), asked());
        assert!(listed.is_none() || asked == listed, "{listed:?} {asked:?}");
    }
}
