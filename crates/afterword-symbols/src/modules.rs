//! The modules of a dump, bounded and put back together.
//!
//! Every frame carries a copy of its module, so a module must be small: names are cut to what a file can be called, and a
//! debug record that is longer than any writer's is dropped.
//!
//! The writer makes a module of each run of mappings without a gap. Linkers leave gaps: between the read-only and the
//! executable part of what `lld` links (Rust's linker on Linux since 1.90) there is an unmapped page whenever the first part
//! happens to fill its last page. The executable then comes as two modules, and offsets into the second one mean nothing to
//! the file. (Seen in half of our own test executables.)

use minidump::system_info::Os;
use minidump::{MinidumpModule, MinidumpModuleList, Module};

use crate::signature::file_name;

/// The largest gap between two segments of one file: the largest page size that linkers align to.
const MAX_GAP_BYTES: u64 = 2 << 20;

/// The longest name a file can have, in bytes (Linux: `NAME_MAX`; Windows and macOS: 255 characters).
const MAX_FILE_NAME_BYTES: usize = 255;

/// The longest path (Linux: `PATH_MAX`).
const MAX_PATH_BYTES: usize = 4096;

/// A debug record is an id and a path.
const MAX_DEBUG_RECORD_BYTES: u32 = 64 + MAX_PATH_BYTES as u32;

/// The modules without what is too long to be carried around; what was done to them goes to `soft_errors`.
pub(crate) fn bounded(modules: MinidumpModuleList, soft_errors: &mut Vec<String>) -> MinidumpModuleList {
    let (mut names, mut records) = (0, 0);
    let bounded = modules.iter().cloned().map(|mut module| {
        if let Some(name) = shortened(&module.name) {
            module.name = name;
            names += 1;
        }
        if module.raw.cv_record.data_size > MAX_DEBUG_RECORD_BYTES && module.codeview_info.take().is_some() {
            records += 1;
        }
        module
    });
    let bounded: Vec<MinidumpModule> = bounded.collect();
    if names + records == 0 {
        return modules;
    }
    if names > 0 {
        soft_errors.push(format!("names of modules that no file can have were cut: {names}"));
    }
    if records > 0 {
        soft_errors.push(format!(
            "debug records of modules that are too long were not read: {records}"
        ));
    }
    MinidumpModuleList::from_modules(bounded)
}

/// A path cut to what a file can be called; `None` if it is short enough. The folder goes first.
fn shortened(path: &str) -> Option<String> {
    let file = file_name(path);
    if path.len() <= MAX_PATH_BYTES && file.len() <= MAX_FILE_NAME_BYTES {
        return None;
    }
    let folder = &path[..path.len() - file.len()];
    let folder = if folder.len() > MAX_PATH_BYTES - MAX_FILE_NAME_BYTES {
        ""
    } else {
        folder
    };
    Some(format!(
        "{folder}{}",
        &file[..file.floor_char_boundary(MAX_FILE_NAME_BYTES)]
    ))
}

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
    use minidump::CodeView;

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
    fn names_that_no_file_can_have_are_cut() {
        let table = [
            ("/opt/app".to_owned(), "/opt/app".to_owned()),
            (format!("/opt/{}", "é".repeat(200)), format!("/opt/{}", "é".repeat(127))),
            (format!("/{}/app", "a/".repeat(3000)), "app".to_owned()),
            ("b".repeat(1 << 20), "b".repeat(255)),
        ];
        for (name, expected) in table {
            let mut soft_errors = Vec::new();
            let modules = bounded(list(&[(0x1000, 0x1000, &name)]), &mut soft_errors);
            assert_eq!(seen(&modules)[0].2, expected);
            assert_eq!(soft_errors.is_empty(), name == expected, "{soft_errors:?}");
        }
    }

    #[test]
    fn a_debug_record_longer_than_any_is_not_carried_around() {
        for (size, kept) in [(100, true), (4160, true), (4161, false)] {
            let mut module = MinidumpModule::new(0x1000, 0x1000, "/opt/app");
            module.raw.cv_record.data_size = size;
            module.codeview_info = Some(CodeView::Unknown(vec![0; size as usize]));
            let mut soft_errors = Vec::new();
            let modules = bounded(MinidumpModuleList::from_modules(vec![module]), &mut soft_errors);
            assert_eq!(modules.iter().next().unwrap().codeview_info.is_some(), kept, "{size}");
            assert_eq!(soft_errors.is_empty(), kept);
        }
    }

    #[test]
    fn modules_at_the_end_of_the_address_space_do_no_harm() {
        let wild = [(u64::MAX - 10, u32::MAX, "/a"), (u64::MAX - 5, 3, "/a"), (0, 0, "/a")];
        assert_eq!(seen(&joined(list(&wild), Os::Linux)).len(), 3);
    }
}
