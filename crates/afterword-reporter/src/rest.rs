//! Giving back what only the start needed, before the long wait beside the app.
#![expect(unsafe_code, reason = "madvise is raw")]

use std::path::Path;

use rustix::mm::{Advice, madvise};

/// Lets go of the pages of this program's first segment: the dynamic linker has read all of its relocations (most of a
/// megabyte), and nobody reads them again. The segment is only ever read, from the program's file: what is touched later (its
/// constants) comes back from the system's cache.
pub(crate) fn give_back() {
    let Ok(executable) = std::env::current_exe() else {
        return;
    };
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let Some((start, length)) = maps.lines().find_map(|line| first_segment(line, &executable)) else {
        return;
    };
    // SAFETY: the range is one mapping of a file, private and never writable: what is dropped is as it is in the file.
    let given = unsafe { madvise(std::ptr::without_provenance_mut(start), length, Advice::LinuxDontNeed) };
    if let Err(error) = given {
        log::debug!("the first segment stays in memory: {error}");
    }
}

/// Address and length, from a line of `/proc/<pid>/maps`, if that is the program's beginning and only for reading. What lies
/// further on has been relocated: there, memory and file are not the same.
fn first_segment(line: &str, executable: &Path) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (range, rights, offset) = (fields.next()?, fields.next()?, fields.next()?);
    let is_it = rights == "r--p" && u64::from_str_radix(offset, 16) == Ok(0);
    // Device and inode stand before the path, which may have spaces in it.
    let path = &line[line.find('/')?..];
    let (start, end) = range.split_once('-')?;
    let start = usize::from_str_radix(start, 16).ok()?;
    let length = usize::from_str_radix(end, 16).ok()?.checked_sub(start)?;
    (is_it && Path::new(path) == executable).then_some((start, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_programs_beginning_is_given_back() {
        let executable = Path::new("/opt/my app/reporter");
        let of = |line: &str| first_segment(line, executable);
        let first = "55b0e6a00000-55b0e6ee9000 r--p 00000000 fe:00 123    /opt/my app/reporter";
        assert_eq!(of(first), Some((0x55b0_e6a0_0000, 0x4e_9000)));
        for other in [
            "55b0e6ee9000-55b0e7de7000 r-xp 004e8000 fe:00 123    /opt/my app/reporter",
            "55b0e7de8000-55b0e7e5b000 r--p 013e6000 fe:00 123    /opt/my app/reporter",
            "55b0e6a00000-55b0e6ee9000 rw-p 00000000 fe:00 123    /opt/my app/reporter",
            "7f0000000000-7f0000028000 r--p 00000000 fe:00 124    /usr/lib/libc.so.6",
            "7ffe26500000-7ffe26521000 r--p 00000000 00:00 0",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_given_back_comes_back() {
        static WORDS: &str = "a constant in the first segment";
        let before = WORDS.to_owned();
        give_back();
        assert_eq!(std::hint::black_box(WORDS), before);
    }
}
