//! `afterword symbols …`: what files are good for. The upload is tested with a server, in the package `tests`.

use crate::{afterword, fixture};

#[test]
fn a_breakpad_file_is_described() {
    let name = "symbols/test_app.pdb/5A9832E5287241C1838ED98914E9B7FF1/test_app.sym";
    let Some(file) = fixture(name) else { return };
    let file = file.to_str().unwrap();
    let text = afterword(&["symbols", "check", file]);
    assert!(text.ok().contains("breakpad dbg for x86"), "{}", text.stdout);
    assert!(
        text.stdout.contains("debug id  5a9832e5-2872-41c1-838e-d98914e9b7ff-1"),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout.contains("has       symtab, debug, unwind"),
        "{}",
        text.stdout
    );
    let json = afterword(&["symbols", "check", file, "--json"]).json();
    assert_eq!(json[0]["format"], "breakpad");
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_is_described_and_what_is_none_is_told() {
    let program = std::env::current_exe().unwrap();
    let json = afterword(&["symbols", "check", program.to_str().unwrap(), "--json"]).json();
    assert_eq!(json[0]["format"], "elf");
    assert!(
        json[0]["features"]
            .as_array()
            .unwrap()
            .iter()
            .any(|feature| feature == "unwind")
    );

    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let ran = afterword(&["symbols", "check", manual]);
    assert!(ran.failed(1).contains("is of no use as a debug file"), "{}", ran.stderr);
}

#[test]
fn without_a_server_the_upload_says_what_to_look_at() {
    let arguments = [
        "--url",
        "http://127.0.0.1:9",
        "--org",
        "o",
        "--project",
        "p",
        "--auth-token",
        "secret-token",
    ];
    let ran = afterword(&[&["symbols", "upload", "."], &arguments[..]].concat());
    assert!(
        ran.failed(1).contains("look at --url, --org and the token"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("secret-token"));
    let wrong = afterword(&[
        "symbols",
        "upload",
        ".",
        "--url",
        "crashes",
        "--org",
        "o",
        "--project",
        "p",
        "--auth-token",
        "t",
    ]);
    assert!(wrong.failed(2).contains("write it as https://HOST"), "{}", wrong.stderr);
}
