//! What an app says of the transport reaches the reporter that sends.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener};

use afterword_store::State;

use crate::process::{Scene, journals};

#[test]
fn a_certificate_file_that_cannot_be_read_loses_nothing_and_is_named() {
    let mut scene = Scene::new();
    // Nobody listens there, and nobody is asked: without the certificates nothing is sent.
    scene.dsn = Some("https://key@localhost:9/1".to_owned());
    let file = scene.folder.path().join("root.pem");
    let mut crasher = scene.crasher("null-write");
    crasher.args(["--consent", "always"]);
    scene.run(crasher.env("AFTERWORD_CA_CERTIFICATE", &file));
    let report = scene.report_in(State::Sending);
    let why = report.delivery().unwrap().last_error.unwrap();
    let expected = format!("the certificate file {} cannot be used", file.display());
    assert!(why.starts_with(&expected), "{why}");
    assert!(journals(&scene.store()).concat().contains(&expected));
}

#[test]
fn a_crash_goes_through_the_proxy_that_the_app_names() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        stream
            .write_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // To its end: an answer to a client that is cut off while it sends may not be heard.
        std::io::copy(&mut reader, &mut std::io::sink()).ok();
        line
    });
    let mut scene = Scene::new();
    // A name that nobody can look up: only a proxy leads there.
    scene.dsn = Some("http://key@collector.invalid/1".to_owned());
    let mut crasher = scene.crasher("null-write");
    crasher.args(["--consent", "always"]);
    // Nothing but the crash.
    crasher.env("AFTERWORD_RELEASE_HEALTH", "false");
    scene.run(crasher.env("AFTERWORD_PROXY", format!("http://{address}")));
    assert_eq!(
        asked.join().unwrap(),
        "POST http://collector.invalid/api/1/envelope/ HTTP/1.1\r\n"
    );
    scene.report_in(State::Refused);
}
