//! Looked up in this very executable.

use std::path::PathBuf;

use object::Object;

use super::*;

#[inline(never)]
fn a_known_function() -> u32 {
    line!()
}

/// This executable, its build, and how far into it [`a_known_function`] is.
fn this_executable() -> (PathBuf, Build, ModuleOffset) {
    let path = std::env::current_exe().unwrap().canonicalize().unwrap();
    let mapped = MappedFile::open(&path).unwrap();
    let id = mapped
        .parse()
        .unwrap()
        .object
        .build_id()
        .unwrap()
        .expect("linked with a build id")
        .to_vec();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let first = maps
        .lines()
        .find(|line| line.ends_with(path.to_str().unwrap()))
        .unwrap();
    let base = u64::from_str_radix(first.split('-').next().unwrap(), 16).unwrap();
    let function = a_known_function as fn() -> u32 as usize as u64;
    (path, Build { id: elf::hex(&id) }, ModuleOffset(function - base))
}

fn assert_found(found: &[Found]) {
    let [function] = found else { panic!("{found:?}") };
    let name = crate::demangle::demangle(function.function.as_deref().unwrap());
    assert_eq!(name, "afterword_symbols::local::tests::a_known_function");
    assert!(function.file.as_deref().unwrap().ends_with("src/local/tests.rs"));
    assert!((a_known_function() - 1..=a_known_function() + 1).contains(&function.line.unwrap()));
}

#[test]
fn a_function_of_this_executable_is_found() {
    let (path, build, offset) = this_executable();
    let slots = Slots::default();
    let module = LocalModule::open(&path, &build, Places::default(), &slots);
    assert_eq!(module.state, SymbolState::Loaded);
    assert!(module.covers(offset));
    assert_found(&module.functions_at(offset));
    for beyond in [ModuleOffset(0), ModuleOffset(1 << 40), ModuleOffset(u64::MAX)] {
        assert!(!module.covers(beyond));
        assert_eq!(module.functions_at(beyond), []);
    }
}

#[test]
fn debug_information_is_found_by_build_id_without_the_executable() {
    let (path, build, offset) = this_executable();
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(".build-id").join(&build.id[..2]);
    std::fs::create_dir_all(&folder).unwrap();
    let debug = folder.join(format!("{}.debug", &build.id[2..]));
    std::os::unix::fs::symlink(&path, &debug).unwrap();

    let slots = Slots::default();
    let roots = [root.path().join("nothing here"), root.path().to_owned()];
    let places = Places {
        debug_roots: &roots,
        ..Places::default()
    };
    let module = LocalModule::open(&root.path().join("gone"), &build, places, &slots);
    assert_eq!(
        (module.state, module.file.as_ref()),
        (SymbolState::Loaded, Some(&debug))
    );
    assert_found(&module.functions_at(offset));
}

#[test]
fn a_file_that_was_replaced_is_found_where_it_is_held_open() {
    let (path, build, offset) = this_executable();
    let folder = tempfile::tempdir().unwrap();
    let replaced = folder.path().join("app");
    std::fs::copy("/bin/true", &replaced).unwrap();
    for (at, held, found) in [
        (&replaced, vec!["/bin/true".into(), path.clone()], true),
        (&folder.path().join("gone"), vec![path.clone()], true),
        (&replaced, vec!["/bin/true".into()], false),
    ] {
        let slots = Slots::default();
        let places = Places {
            held: &held,
            ..Places::default()
        };
        let module = LocalModule::open(at, &build, places, &slots);
        assert_eq!(module.is_usable(), found);
        if found {
            assert_found(&module.functions_at(offset));
        }
    }
}

#[test]
fn only_the_very_build_is_used() {
    let (path, build, offset) = this_executable();
    let slots = Slots::default();
    let other = Build {
        id: build.id.replace(['0', '1', '2', '3'], "f"),
    };
    let module = LocalModule::open(&path, &other, Places::default(), &slots);
    assert_eq!(module.state, SymbolState::Mismatched);
    assert!(!module.is_usable());
    assert!(!module.covers(offset));
    assert_eq!(module.functions_at(offset), []);
}

#[test]
fn what_is_no_file_is_not_opened() {
    let slots = Slots::default();
    let build = Build { id: "00".to_owned() };
    for path in ["/dev/zero", "/proc/self", "/nonexistent/file", "/bin/true/below"] {
        let module = LocalModule::open(Path::new(path), &build, Places::default(), &slots);
        assert_eq!(module.state, SymbolState::Missing, "{path}");
    }
}
