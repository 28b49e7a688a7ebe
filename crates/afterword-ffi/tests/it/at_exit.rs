//! Calls from what `exit` calls, when the thread's own variables are gone.

use std::path::Path;
use std::process::Command;

#[test]
fn a_call_that_is_too_late_does_nothing_and_panics_nowhere() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Beside the test program.
    let libraries = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let compiled = Command::new("cc")
        .args(["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(package.join("include"))
        .arg(package.join("tests/it/at_exit.c"))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(&libraries)
        .arg(format!("-Wl,-rpath,{}", libraries.display()))
        .arg("-lafterword_ffi")
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    for work in ["nothing", "capture"] {
        let output = Command::new(&program)
            .arg(folder.path().join("store"))
            .arg(work)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{work}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{work}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "1 1 1 1 1 1 1 1 0 \"\"\n",
            "{work}: `AFTERWORD_OFF` each time, no id and nothing held back"
        );
    }
}
