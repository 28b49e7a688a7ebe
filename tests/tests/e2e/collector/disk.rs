//! A full disk: the data folder lies on a small file system of its own.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::load::Load;
use super::program::Program;

/// Of the data folder's file system: as much as a start and a small load take, and some.
const DISK_BYTES: u64 = 24 << 20;

#[test]
fn a_full_disk_refuses_and_keeps_and_goes_on_when_there_is_room() {
    let program = start_on_small_disk();
    // As it is seen by the collector.
    let data = PathBuf::from(format!("/proc/{}/root{}", program.id(), program.data().display()));
    assert!(data.join("afterword.db").exists());

    let mut account = Load::begin(&program, 2, 0..100).end();
    assert!(account.refused.is_empty(), "{:?}", account.refused);
    let ballast = data.join("ballast");
    fill(&ballast);
    let full = Load::begin(&program, 2, 100..300).end();
    assert!(!full.refused.is_empty(), "there was room for all of it");
    for (number, status) in &full.refused {
        assert_eq!(*status, 503, "{number}");
    }
    let large = LINE.repeat(10_000);
    let header = format!(
        "{{}}\n{{\"type\":\"event\"}}\n{{}}\n{{\"type\":\"attachment\",\"length\":{}}}\n",
        large.len()
    );
    let refused = program.post("envelope/").body(header + &large).send().unwrap();
    assert_eq!(refused.status(), 503);
    let after: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3600).contains(&after), "{after}");
    let said = refused.text().unwrap();
    assert!(
        !said.contains(data.to_str().unwrap()) && said.contains("detail"),
        "{said}"
    );
    // What is there can be read all the same.
    assert_eq!(
        program
            .get("projects/studio/paint/issues/")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        7
    );

    fs::remove_file(&ballast).unwrap();
    let again = Load::begin(&program, 2, 300..400).end();
    assert!(again.refused.is_empty(), "{:?}", again.refused);
    for more in [full, again] {
        account.add(more);
    }
    account.check_what_was_accepted(&program);
    assert!(!program.log().contains("set an envelope aside"), "{}", program.log());
}

/// Many of them make an envelope that is kept outside of the database.
const LINE: &str = "a line of something that is not of much use to anybody\n";

/// A collector whose data folder is a small file system of its own, which only it sees.
fn start_on_small_disk() -> Program {
    let script = format!("mount -t tmpfs -o size={DISK_BYTES} none \"$4\" && exec \"$@\"");
    let namespace: &[&str] = if rustix::process::geteuid().is_root() {
        &["--mount"]
    } else {
        &["--user", "--map-root-user", "--mount"]
    };
    Program::start_with(|command| {
        // `afterword-collector serve --data FOLDER`
        let data = command.get_args().nth(2).unwrap().to_owned();
        fs::create_dir_all(&data).unwrap();
        let mut inside = Command::new("unshare");
        inside.args(namespace).args(["sh", "-c", &script, "sh"]);
        inside.arg(command.get_program()).args(command.get_args());
        *command = inside;
    })
}

/// Writes until there is no room.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [1 << 20, 4096] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}
