//! A real browser in front of the pages: Debian's Chromium by Playwright, with `tests/clients/browser`.
//!
//! A word on the console, a violation of the content security policy, a request to somebody else, a shift of what is read, a
//! page that is too large or wider than its window, and what axe calls serious end the test.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::clients::{installed, source};
use crate::collector::program::Program;

/// The collector of somebody who has done nothing yet, which may send alerts to this machine.
fn untouched() -> Program {
    Program::start_untouched(|command| {
        command.arg("--allow-private-webhooks");
    })
}

#[test]
fn a_person_goes_the_whole_way() {
    let program = untouched();
    let mut paths = vec![installed("python/bin")];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let mut node = Command::new("node");
    node.arg(source("browser/journey.cjs"))
        .env("NODE_PATH", installed("node/node_modules"))
        .env("PATH", std::env::join_paths(paths).unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(shots) = std::env::var_os("AFTERWORD_TEST_SHOTS") {
        node.env("SHOTS", shots);
    }
    let mut node = node.spawn().unwrap();
    let asked = json!({ "url": program.url }).to_string();
    node.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        program.log()
    );
}
