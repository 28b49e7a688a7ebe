//! Minidumps, with the symbols of what crashed.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::load::send_each;
use crate::server::{Server, folder};
use crate::table::{Table, Wanted};
use crate::{Bench, progress};

/// Dumps that are measured.
const COUNT: usize = 500;

/// Dumps before them: the symbols are read, and their caches made.
const WARM: usize = 20;

const BOUNDARY: &str = "a-boundary-that-no-dump-contains";

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let Some((dump, program)) = &bench.dump else {
        progress("dumps: left out, there is no --dump");
        return Ok(());
    };
    let dump = std::fs::read(dump).with_context(|| format!("{} cannot be read", dump.display()))?;
    let folder = folder(bench)?;
    let server = Server::start(bench, folder.path())?;
    let mut upload = Command::new(&bench.sentry_cli);
    upload.args([
        "debug-files",
        "upload",
        "--wait",
        "--org",
        "studio",
        "--project",
        "paint",
    ]);
    upload
        .arg(program)
        .env("SENTRY_URL", &server.url)
        .env("SENTRY_AUTH_TOKEN", &server.token);
    let uploaded = upload.output().context("sentry-cli does not start")?;
    ensure!(uploaded.status.success(), "the symbols were not uploaded: {uploaded:?}");

    let path = format!("/api/{}/minidump/?sentry_key={}", server.project, server.key);
    let headers = format!("Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n");
    let write = |number: usize, body: &mut Vec<u8>| {
        body.clear();
        let fields = [
            ("sentry", r#"{"release":"editor@1.0.0"}"#.to_owned()),
            ("run", number.to_string()),
        ];
        for (name, value) in fields {
            let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let file = "name=\"upload_file_minidump\"; filename=\"crash.dmp\"";
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {file}\r\n\r\n");
        body.extend_from_slice(part.as_bytes());
        body.extend_from_slice(&dump);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    };
    send_each(&server, &path, &headers, 0..WARM, 2, &write)?;
    server.wait_until_visible(WARM, Duration::from_secs(120))?;
    let begun = Instant::now();
    send_each(&server, &path, &headers, WARM..WARM + COUNT, 4, &write)?;
    server.wait_until_visible(WARM + COUNT, Duration::from_secs(300))?;
    let rate = COUNT as f64 / begun.elapsed().as_secs_f64();

    // That they were digested with the symbols.
    let mut connection = server.connect()?;
    let (issues, _) = server.get(&mut connection, "/api/0/projects/studio/paint/issues/")?;
    let title = issues[0]["title"].as_str().unwrap_or_default();
    let words = format!("{COUNT} of {} bytes with warm symbols: {title}", dump.len());
    table.row("minidumps, visible", rate, "/s", Wanted::AtLeast(50.0), &words);
    table.row(
        "memory at the most, dumps",
        server.memory("VmHWM")?,
        "MiB",
        Wanted::AtMost(150.0),
        "VmHWM",
    );
    server.collector.stop()?;
    Ok(())
}
