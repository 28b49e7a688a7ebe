//! The modules of a process, as `/proc/<pid>/maps` lists them.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html>: a line is
//! `<start>-<end> <permissions> <offset> <device> <inode> <path>`, numbers in hexadecimal but the inode.
//!
//! Everything here but [`Module::parse_all`] works without an allocation or a lock: the salvage runs it in a signal handler.

use std::ops::Range;

/// The longest path that is kept whole; of a longer one its beginning.
const PATH_BYTES: usize = 512;

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line<'a> {
    start: u64,
    end: u64,
    executable: bool,
    offset: u64,
    inode: u64,
    path: &'a [u8],
}

impl Line<'_> {
    fn parse(line: &[u8]) -> Option<Line<'_>> {
        let mut fields = Fields(line);
        let range = fields.next()?;
        let dash = range.iter().position(|byte| *byte == b'-')?;
        let (start, end) = (number(&range[..dash], 16)?, number(&range[dash + 1..], 16)?);
        let executable = *fields.next()?.get(2)? == b'x';
        let offset = number(fields.next()?, 16)?;
        fields.next()?;
        let inode = number(fields.next()?, 10)?;
        (start < end).then_some(Line {
            start,
            end,
            executable,
            offset,
            inode,
            path: fields.rest(),
        })
    }
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let field = self.rest();
        let end = field.iter().position(|byte| *byte == b' ').unwrap_or(field.len());
        let (field, rest) = field.split_at(end);
        self.0 = rest;
        (!field.is_empty()).then_some(field)
    }

    /// A path may have spaces in it.
    fn rest(&mut self) -> &'a [u8] {
        self.0.trim_ascii_start()
    }
}

fn number(digits: &[u8], radix: u64) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = char::from(*digit).to_digit(radix as u32)?;
        number.checked_mul(radix)?.checked_add(u64::from(digit))
    })
}

/// A file with code in it, as it lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// Where its first byte lies.
    pub base: u64,
    /// Behind its last byte.
    pub end: u64,
    /// Its code.
    pub code: (u64, u64),
    /// The file's inode; 0 for the kernel's own (`[vdso]`).
    pub inode: u64,
    /// The file's path, ` (deleted)` behind it where it has been replaced.
    pub path: &'a [u8],
}

/// Puts the lines of a file together: [`Collector::line`] for each, [`Collector::finish`] at the end. What is given to
/// `found` has code; files that are only read (a document, say) are not.
#[derive(Debug)]
pub struct Collector {
    base: u64,
    end: u64,
    code: (u64, u64),
    inode: u64,
    path: [u8; PATH_BYTES],
    path_length: usize,
}

impl Default for Collector {
    fn default() -> Collector {
        Collector::new()
    }
}

impl Collector {
    /// With nothing seen yet.
    pub const fn new() -> Collector {
        Collector {
            base: 0,
            end: 0,
            code: (0, 0),
            inode: 0,
            path: [0; PATH_BYTES],
            path_length: 0,
        }
    }

    /// Takes the next line, without its end. What is no line is skipped.
    pub fn line(&mut self, line: &[u8], found: impl FnMut(Mapping<'_>)) {
        let Some(line) = Line::parse(line) else { return };
        let path = &line.path[..line.path.len().min(PATH_BYTES)];
        let goes_on = self.path_length > 0
            && path == &self.path[..self.path_length]
            && line.inode == self.inode
            // A file can be loaded twice.
            && (line.offset > 0 || line.start < self.end);
        if !goes_on {
            // Zeroed memory behind a file's data belongs to it; stacks and heaps do not.
            if path.is_empty() {
                return;
            }
            self.finish(found);
            self.base = line.start;
            self.code = (0, 0);
            self.inode = line.inode;
            self.path_length = path.len();
            self.path[..path.len()].copy_from_slice(path);
        }
        self.end = line.end;
        if line.executable {
            self.code = (if self.code.1 == 0 { line.start } else { self.code.0 }, line.end);
        }
    }

    /// The last file.
    pub fn finish(&mut self, mut found: impl FnMut(Mapping<'_>)) {
        let is_file = self.path.first() == Some(&b'/') && self.inode != 0;
        let path = &self.path[..self.path_length];
        if self.code.1 > 0 && (is_file || path == b"[vdso]") {
            found(Mapping {
                base: self.base,
                end: self.end,
                code: self.code,
                inode: self.inode,
                path,
            });
        }
        self.path_length = 0;
        self.code = (0, 0);
    }
}

/// A line of the salvaged modules: `<base> <end> <code start> <code end> <inode> <path>`, numbers in hexadecimal. Returns its
/// length, or none where `into` is too short.
pub fn write_line(mapping: &Mapping<'_>, into: &mut [u8]) -> Option<usize> {
    let mut at = 0;
    for number in [mapping.base, mapping.end, mapping.code.0, mapping.code.1, mapping.inode] {
        let digits = (64 - number.leading_zeros()).div_ceil(4).max(1) as usize;
        for digit in 0..digits {
            let value = (number >> (4 * (digits - 1 - digit)) & 0xf) as usize;
            *into.get_mut(at + digit)? = b"0123456789abcdef"[value];
        }
        *into.get_mut(at + digits)? = b' ';
        at += digits + 1;
    }
    for byte in mapping.path {
        // A line is a line.
        *into.get_mut(at)? = if *byte == b'\n' { b'?' } else { *byte };
        at += 1;
    }
    *into.get_mut(at)? = b'\n';
    Some(at + 1)
}

/// A module, read back from the salvaged modules or collected from the lines of `/proc/<pid>/maps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Where it lies.
    pub range: Range<u64>,
    /// Its code.
    pub code: Range<u64>,
    /// The file's inode.
    pub inode: u64,
    /// The file's path; lossy where it is not UTF-8.
    pub path: String,
}

impl From<Mapping<'_>> for Module {
    fn from(mapping: Mapping<'_>) -> Module {
        Module {
            range: mapping.base..mapping.end,
            code: mapping.code.0..mapping.code.1,
            inode: mapping.inode,
            path: String::from_utf8_lossy(mapping.path).into_owned(),
        }
    }
}

impl Module {
    /// The modules in the text of `/proc/<pid>/maps`.
    pub fn of_maps(text: &[u8]) -> Vec<Module> {
        let mut modules = Vec::new();
        let mut collector = Collector::new();
        for line in text.split(|byte| *byte == b'\n') {
            collector.line(line, |mapping| modules.push(Module::from(mapping)));
        }
        collector.finish(|mapping| modules.push(Module::from(mapping)));
        modules
    }

    /// The salvaged modules. A line that is none is skipped.
    pub fn parse_all(text: &[u8]) -> Vec<Module> {
        text.split(|byte| *byte == b'\n').filter_map(Module::parse).collect()
    }

    fn parse(line: &[u8]) -> Option<Module> {
        let mut fields = Fields(line);
        let mut next = || number(fields.next()?, 16);
        let (base, end, code_start, code_end, inode) = (next()?, next()?, next()?, next()?, next()?);
        let code = code_start..code_end;
        (base <= code.start && code.start < code.end && code.end <= end).then(|| Module {
            range: base..end,
            code,
            inode,
            path: String::from_utf8_lossy(fields.rest()).into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &[u8] = b"\
55d0c0000000-55d0c0002000 r--p 00000000 fe:00 77                         /opt/my app/paint
55d0c0002000-55d0c0004000 r-xp 00002000 fe:00 77                         /opt/my app/paint
55d0c0004000-55d0c0005000 rw-p 00004000 fe:00 77                         /opt/my app/paint
55d0c0005000-55d0c0006000 rw-p 00000000 00:00 0
55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000001000 r--p 00000000 fe:00 80                         /home/ada/letter.odt
7f0000100000-7f0000101000 rwxp 00000000 00:00 0
7f0000200000-7f0000228000 r--p 00000000 fe:00 81                         /usr/lib/libc.so.6
7f0000228000-7f0000300000 r-xp 00028000 fe:00 81                         /usr/lib/libc.so.6 (deleted)
7fff00000000-7fff00021000 rw-p 00000000 00:00 0                          [stack]
7fff00100000-7fff00102000 r-xp 00000000 00:00 0                          [vdso]
";

    #[test]
    fn only_files_with_code_are_modules() {
        let modules = Module::of_maps(MAPS);
        let names: Vec<&str> = modules.iter().map(|module| module.path.as_str()).collect();
        assert_eq!(names, ["/opt/my app/paint", "/usr/lib/libc.so.6 (deleted)", "[vdso]"]);
        assert_eq!(modules[0].range, 0x55d0_c000_0000..0x55d0_c000_5000);
        assert_eq!(modules[0].code, 0x55d0_c000_2000..0x55d0_c000_4000);
        assert_eq!(modules[0].inode, 77);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn our_own_modules_are_what_the_loader_says() {
        let maps = std::fs::read("/proc/self/maps").unwrap();
        let modules = Module::of_maps(&maps);
        let here = our_own_modules_are_what_the_loader_says as *const () as u64;
        let own = modules.iter().find(|module| module.code.contains(&here)).unwrap();
        assert_eq!(own.path, std::env::current_exe().unwrap().to_str().unwrap());
        let in_libc = libc::getpid as *const () as u64;
        assert!(
            modules
                .iter()
                .any(|module| module.code.contains(&in_libc) && module.path.contains("libc"))
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut text = Vec::new();
        for module in Module::of_maps(MAPS) {
            let mut line = [0; 600];
            let mapping = Mapping {
                base: module.range.start,
                end: module.range.end,
                code: (module.code.start, module.code.end),
                inode: module.inode,
                path: module.path.as_bytes(),
            };
            let length = write_line(&mapping, &mut line).unwrap();
            text.extend_from_slice(&line[..length]);
            assert_eq!(write_line(&mapping, &mut line[..length - 1]), None);
        }
        assert_eq!(Module::parse_all(&text), Module::of_maps(MAPS));
    }

    #[test]
    fn what_is_no_line_is_skipped() {
        for text in [
            &b""[..],
            b"\n\n",
            b"x-y r-xp 0 0 0 /a",
            b"2-1 r-xp 0 0:0 1 /a",
            b"1-2 r-xp 0 0:0 1",
            b"ffffffffffffffffff-0",
        ] {
            assert_eq!(Module::of_maps(text), [], "{text:?}");
            assert_eq!(Module::parse_all(text), [], "{text:?}");
        }
        assert_eq!(
            Module::parse_all(b"9 8 7 6 5 /a\n1 9 2 8 5 /a"),
            Module::parse_all(b"1 9 2 8 5 /a")
        );
    }
}
