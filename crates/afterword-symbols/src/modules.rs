//! The modules of a dump, put back together.
//!
//! The writer makes a module of each run of mappings without a gap. Linkers leave gaps: between the read-only and the
//! executable part of what `lld` links (Rust's linker on Linux since 1.90) there is an unmapped page whenever the first part
//! happens to fill its last page. The executable then comes as two modules, and offsets into the second one mean nothing to
//! the file. (Seen in half of our own test executables.)

use minidump::system_info::Os;
use minidump::{MinidumpModule, MinidumpModuleList, Module};

/// The largest gap between two segments of one file: the largest page size that linkers align to.
const MAX_GAP_BYTES: u64 = 2 << 20;

/// The modules with the pieces of each file joined, in the order of their first pieces.
pub(crate) fn joined(modules: MinidumpModuleList, os: Os) -> MinidumpModuleList {
    if !matches!(os, Os::Linux | Os::Android) {
        return modules;
    }
    let mut by_base: Vec<(usize, MinidumpModule)> = modules.iter().cloned().enumerate().collect();
    by_base.sort_by_key(|(_, module)| module.base_address());
    let mut joined: Vec<(usize, MinidumpModule)> = Vec::with_capacity(by_base.len());
    for (index, module) in by_base {
        match joined
            .last_mut()
            .and_then(|(first, last)| Some((first, join(last, &module)?, last)))
        {
            Some((first, size, last)) => {
                *first = index.min(*first);
                last.raw.size_of_image = size;
            }
            None => joined.push((index, module)),
        }
    }
    joined.sort_by_key(|(index, _)| *index);
    MinidumpModuleList::from_modules(joined.into_iter().map(|(_, module)| module).collect())
}

/// The size of both together, if `next` is another piece of `last`.
fn join(last: &MinidumpModule, next: &MinidumpModule) -> Option<u32> {
    let same = last.name == next.name && last.name.starts_with('/') && last.code_identifier() == next.code_identifier();
    let gap = next
        .base_address()
        .checked_sub(last.base_address().checked_add(last.size())?)?;
    let size = next.base_address().checked_add(next.size())? - last.base_address();
    if same && gap <= MAX_GAP_BYTES {
        u32::try_from(size).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(modules: &[(u64, u32, &str)]) -> MinidumpModuleList {
        MinidumpModuleList::from_modules(
            modules
                .iter()
                .map(|(base, size, name)| MinidumpModule::new(*base, *size, name))
                .collect(),
        )
    }

    fn seen(modules: &MinidumpModuleList) -> Vec<(u64, u64, String)> {
        modules
            .iter()
            .map(|module| (module.base_address(), module.size(), module.name.clone()))
            .collect()
    }

    #[test]
    fn an_executable_in_two_pieces_is_one_module_again() {
        // As minidump-writer lists them: the piece with the entry point first.
        let split = list(&[
            (0x50_4000, 0x1000, "/opt/app"),
            (0x7000_0000, 0x2000, "/lib/libc.so.6"),
            (0x50_0000, 0x3000, "/opt/app"),
        ]);
        let joined = joined(split, Os::Linux);
        assert_eq!(
            seen(&joined),
            [
                (0x50_0000, 0x5000, "/opt/app".to_owned()),
                (0x7000_0000, 0x2000, "/lib/libc.so.6".to_owned())
            ]
        );
        assert_eq!(joined.module_at_address(0x50_4123).unwrap().base_address(), 0x50_0000);
    }

    #[test]
    fn a_library_that_is_there_twice_stays_two() {
        let twice = [(0x7000_0000, 0x1000, "/lib/a.so"), (0x7100_0000, 0x1000, "/lib/a.so")];
        assert_eq!(seen(&joined(list(&twice), Os::Linux)).len(), 2);
        let others = [
            (0x1000, 0x1000, "/lib/a.so"),
            (0x2000, 0x1000, "/lib/b.so"),
            (0x3000, 0x1000, "/lib/a.so"),
        ];
        assert_eq!(seen(&joined(list(&others), Os::Linux)).len(), 3);
    }

    #[test]
    fn modules_at_the_end_of_the_address_space_do_no_harm() {
        let wild = [(u64::MAX - 10, u32::MAX, "/a"), (u64::MAX - 5, 3, "/a"), (0, 0, "/a")];
        assert_eq!(seen(&joined(list(&wild), Os::Linux)).len(), 3);
    }
}
