//! The header in `include/` is the one that the sources give.

use std::path::Path;

/// Set, to have it written anew.
const UPDATE: &str = "AFTERWORD_UPDATE_HEADER";

#[test]
fn the_header_is_up_to_date() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = tempfile::NamedTempFile::new().unwrap();
    let config = cbindgen::Config::from_file(package.join("cbindgen.toml")).unwrap();
    let bindings = cbindgen::Builder::new()
        .with_crate(package)
        .with_config(config)
        .generate()
        .unwrap();
    bindings.write_to_file(made.path());
    let made = std::fs::read_to_string(made.path()).unwrap();
    let header = package.join("include/afterword.h");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&header, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&header).unwrap_or_default();
    assert!(
        kept == made,
        "include/afterword.h is not up to date: run this test with {UPDATE}=1"
    );
}
