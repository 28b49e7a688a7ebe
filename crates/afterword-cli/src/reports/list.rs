//! `reports list`: a table, or an array.

use afterword_store::AbnormalEnd;
use anyhow::anyhow;
use serde::Serialize;
use time::OffsetDateTime;

use super::find::{Found, Reports, Stores};
use super::{minute, what};
use crate::failure::{Failure, Result, chain};
use crate::terminal;

/// Most characters of what happened.
const WHAT_CHARS: usize = 56;
const APP_CHARS: usize = 24;

/// # Errors
/// What could be read is listed all the same.
pub(super) fn run(stores: &Stores, json: bool) -> Result {
    let Reports { found, unread } = stores.reports();
    if json {
        let entries: Vec<Entry<'_>> = found.iter().map(Entry::of).collect();
        terminal::print_json(&entries)?;
    } else if !found.is_empty() {
        let rows: Vec<[String; 6]> = found.iter().map(row).collect();
        let table = terminal::table(["ID", "WHEN (UTC)", "APP", "STATE", "SIZE", "WHAT"], &rows, &[4]);
        terminal::print(&table)?;
    } else if unread.is_empty() {
        terminal::print(&format!(
            "No reports in {}.\n\n\
             When an app that embeds Afterword crashes, its report waits there until you answer.\n\
             Reports that are kept elsewhere are listed with --store DIR.\n",
            stores.root.display()
        ))?;
    }
    if !json && let Some(words) = abnormal_ends(&stores.abnormal_ends()) {
        terminal::print(&words)?;
    }
    if unread.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(anyhow!(
        "{}\nThe folder has to belong to you and to be writable; another place is named with --store DIR",
        unread.join("\n")
    )))
}

/// A line about runs that nobody ended, if there were any.
fn abnormal_ends(ends: &[AbnormalEnd]) -> Option<String> {
    let newest = ends.first()?;
    let of = newest
        .release
        .as_deref()
        .map_or(String::new(), |release| format!(" ({release})"));
    let runs = if ends.len() == 1 {
        "1 run".to_owned()
    } else {
        format!("{} runs", ends.len())
    };
    Some(
        terminal::line(&format!(
            "{runs} ended without an exit or a crash: killed, or the computer lost its power; the last was seen at {}{of}.",
            minute(newest.found_at)
        )) + "\n",
    )
}

fn row(found: &Found) -> [String; 6] {
    let report = &found.report;
    let what = match report.info() {
        Ok(info) => what(info),
        Err(error) => terminal::line(&format!("cannot be read: {}", chain(error))),
    };
    [
        found.short_id(),
        minute(report.captured_at()),
        terminal::shorten(found.store.app().as_str(), APP_CHARS),
        report.state().to_string(),
        terminal::size(size_bytes(found)),
        terminal::shorten(&what, WHAT_CHARS),
    ]
}

/// All files of a report together. One that has just been moved or deleted has none.
fn size_bytes(found: &Found) -> u64 {
    let files = found.report.files().unwrap_or_default();
    files.iter().map(|file| file.size_bytes).sum()
}

/// A report in the array. What is not known is null.
#[derive(Serialize)]
struct Entry<'a> {
    id: String,
    app: &'a str,
    state: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    captured_at: OffsetDateTime,
    kind: Option<afterword_store::ReportKind>,
    reason: Option<&'a str>,
    message: Option<&'a str>,
    app_name: Option<&'a str>,
    release: Option<&'a str>,
    event_id: Option<String>,
    size_bytes: u64,
    folder: String,
    /// Why `report.json` cannot be read.
    error: Option<String>,
}

impl Entry<'_> {
    fn of(found: &Found) -> Entry<'_> {
        let report = &found.report;
        let info = report.info().ok();
        Entry {
            id: report.id().to_string(),
            app: found.store.app().as_str(),
            state: report.state().name(),
            captured_at: report.captured_at(),
            kind: info.map(|info| info.kind),
            reason: info.map(|info| info.reason.as_str()),
            message: info.and_then(|info| info.message.as_deref()),
            app_name: info.map(|info| info.app_name.as_str()),
            release: info.and_then(|info| info.release.as_deref()),
            event_id: info.map(|info| info.event_id.simple().to_string()),
            size_bytes: size_bytes(found),
            folder: report.folder().display().to_string(),
            error: report.info().err().map(|error| chain(error)),
        }
    }
}
