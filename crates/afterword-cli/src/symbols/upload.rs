//! `symbols upload`: finds debug files, asks the server what it is missing, and sends that.

use std::time::{Duration, Instant};

use afterword_upload::{Assembled, ChunkLimits, DebugFiles, Destination};
use anyhow::{Context, anyhow};
use serde::Serialize;

use super::found::{self, Found, Passed};
use crate::args::SymbolsUpload;
use crate::failure::{Failure, Result};
use crate::terminal::{self, Progress};

/// Files asked about in one request.
const FILES: usize = 32;

/// How often the server is asked whether it is done, and how long without any progress.
const POLL: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(600);

/// How often chunks of a file are sent that the server still says it is missing.
const MAX_ROUNDS: usize = 3;

/// What became of a file, as JSON.
#[derive(Serialize)]
struct Told {
    file: String,
    debug_ids: Vec<String>,
    /// `sources` for what was made of source files.
    kind: &'static str,
    sha1: String,
    size_bytes: u64,
    /// `present`, `uploaded` or `refused`.
    outcome: &'static str,
    why: Option<String>,
}

pub(super) fn run(wanted: &SymbolsUpload) -> Result {
    let options = wanted.transport.options();
    let destination = Destination {
        url: wanted.url.clone(),
        organization: wanted.org.clone(),
        project: wanted.project.clone(),
        token: wanted.auth_token.clone(),
    };
    let mut server = DebugFiles::new(&options, destination).map_err(|error| Failure::Usage(error.to_string()))?;
    let limits = server.limits().with_context(|| {
        format!(
            "cannot upload to {}: look at --url, --org and the token",
            terminal::line(&wanted.url)
        )
    })?;
    let progress = Progress::new();
    let (mut files, passed) = found::find(&wanted.paths, limits.chunk_bytes, limits.file_bytes, &progress)?;
    if wanted.include_sources {
        add_sources(&mut files, &limits, &progress)?;
    }
    drop(progress);
    say_passed(&passed);
    if files.is_empty() {
        return Err(Failure::Failed(anyhow!(
            "there is no debug file in {}; `afterword symbols check FILE` says what a file is good for",
            wanted
                .paths
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    let mut told = Vec::new();
    for files in files.chunks(FILES) {
        told.extend(upload(&mut server, &limits, files)?);
    }
    tell(wanted, &told)
}

fn add_sources(files: &mut Vec<Found>, limits: &ChunkLimits, progress: &Progress) -> anyhow::Result<()> {
    let mut made = Vec::new();
    for file in files.iter().filter(|file| file.has_debug()) {
        progress.show(&format!("Collecting the sources of {}…", file.path.display()));
        made.extend(found::sources_of(file, limits.chunk_bytes)?);
    }
    files.extend(made);
    Ok(())
}

fn say_passed(passed: &Passed) {
    for (path, words) in &passed.unreadable {
        terminal::say(&format!("note: {} was passed over: {words}", path.display()));
    }
    for path in &passed.without_id {
        terminal::say(&format!(
            "note: {} was passed over: it has no id that a crash could name (link with -Wl,--build-id)",
            path.display()
        ));
    }
    for path in &passed.too_large {
        terminal::say(&format!(
            "note: {} was passed over: the server does not take files of this size",
            path.display()
        ));
    }
}

/// Sends what is missing of some files and waits until the server has them.
fn upload(server: &mut DebugFiles<'_>, limits: &ChunkLimits, files: &[Found]) -> anyhow::Result<Vec<Told>> {
    let progress = Progress::new();
    let stopped = "the upload stopped; start it again, and it goes on from here";
    let mut outcomes: Vec<Option<(&'static str, Option<String>)>> = vec![None; files.len()];
    let mut sent = vec![0; files.len()];
    let mut moved_at = Instant::now();
    loop {
        let open: Vec<usize> = (0..files.len()).filter(|index| outcomes[*index].is_none()).collect();
        if open.is_empty() {
            break;
        }
        let asked: Vec<_> = open.iter().map(|index| files[*index].chunks.clone()).collect();
        let answers = server.assemble(&asked).context(stopped)?;
        let mut waits = false;
        for (index, answer) in open.into_iter().zip(answers) {
            match answer {
                Assembled::Ok if sent[index] == 0 => outcomes[index] = Some(("present", None)),
                Assembled::Ok => outcomes[index] = Some(("uploaded", None)),
                Assembled::Refused(words) => outcomes[index] = Some(("refused", Some(words))),
                Assembled::Working => waits = true,
                Assembled::Missing(missing) => {
                    if sent[index] == MAX_ROUNDS {
                        let words = "the server does not keep what it is sent".to_owned();
                        outcomes[index] = Some(("refused", Some(words)));
                        continue;
                    }
                    send(server, limits, &files[index], &missing, &progress).context(stopped)?;
                    sent[index] += 1;
                    moved_at = Instant::now();
                }
            }
        }
        if waits {
            progress.show("The server reads them…");
            if moved_at.elapsed() > PATIENCE {
                return Err(anyhow!(
                    "the server has all of it and is not done: ask again later, it may be by then"
                ));
            }
            std::thread::sleep(POLL);
        }
    }
    let told = files.iter().zip(outcomes).map(|(file, outcome)| {
        let (outcome, why) = outcome.unwrap_or(("refused", None));
        Told {
            file: file.path.display().to_string(),
            debug_ids: file.objects.iter().map(|object| object.debug_id.clone()).collect(),
            kind: file
                .objects
                .first()
                .map_or("", |object| if object.kind == "src" { "sources" } else { object.kind }),
            sha1: file.chunks.sha1.clone(),
            size_bytes: file.size_bytes,
            outcome,
            why,
        }
    });
    Ok(told.collect())
}

/// Sends the missing chunks of a file, as many at once as the server takes.
fn send(
    server: &mut DebugFiles<'_>,
    limits: &ChunkLimits,
    file: &Found,
    missing: &[String],
    progress: &Progress,
) -> anyhow::Result<()> {
    let all = file.chunks.chunks.iter().enumerate();
    let wanted: Vec<(usize, &String)> = all.filter(|(_, sha1)| missing.contains(sha1)).collect();
    let of_request = (limits.request_bytes / limits.chunk_bytes).clamp(1, limits.chunks.max(1));
    let mut done = 0;
    for request in wanted.chunks(of_request) {
        let percent = done * 100 / wanted.len();
        let size = terminal::size(file.size_bytes);
        progress.show(&format!("Sending {} ({size}): {percent} %", file.chunks.name));
        let chunks: Vec<(&str, &[u8])> = request
            .iter()
            .map(|(index, sha1)| (sha1.as_str(), file.chunk(*index, limits.chunk_bytes)))
            .collect();
        server.send(limits, &chunks)?;
        done += request.len();
    }
    Ok(())
}

fn tell(wanted: &SymbolsUpload, told: &[Told]) -> Result {
    if wanted.json {
        terminal::print_json(&told)?;
    } else {
        let mut text = String::new();
        for file in told {
            let sources = if file.kind == "sources" { " (sources)" } else { "" };
            let why = file.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            text += &terminal::line(&format!(
                "{:<8}  {:>8}  {}{sources}{why}",
                file.outcome,
                terminal::size(file.size_bytes),
                file.file
            ));
            text.push('\n');
        }
        terminal::print(&text)?;
    }
    let count = |outcome: &str| told.iter().filter(|file| file.outcome == outcome).count();
    let refused = count("refused");
    if refused > 0 {
        return Err(Failure::Failed(anyhow!(
            "the server refused {refused} of {} files",
            told.len()
        )));
    }
    if !wanted.json {
        terminal::say(&format!(
            "Uploaded {} of {} files; the server had the others.",
            count("uploaded"),
            told.len()
        ));
    }
    Ok(())
}
