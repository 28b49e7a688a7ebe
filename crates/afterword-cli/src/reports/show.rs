//! `reports show`: one report, with all that would be sent.

use std::fmt::Write;

use afterword_store::{Answer, Delivery, Report, ReportFile, ReportInfo, ReportKind, State, StoredFile};
use afterword_symbols::{Limits, ProcessedCrash, TextOptions};
use anyhow::Context;
use serde::Serialize;
use serde_json::Value;

use super::find::Found;
use super::{minute, parts, program, server, what};
use crate::failure::{Result, chain};
use crate::terminal::{self, line};

/// Breadcrumbs shown, the last ones.
const BREADCRUMBS: usize = 20;
/// Longest tag or breadcrumb shown, in characters.
const TEXT_CHARS: usize = 200;

/// A report as JSON. What is not there is null.
#[derive(Serialize)]
struct Shown<'a> {
    id: String,
    app: &'a str,
    state: &'static str,
    folder: String,
    #[serde(flatten)]
    info: &'a ReportInfo,
    files: Vec<File>,
    answer: Option<Answer>,
    delivery: Delivery,
    stack: Option<ProcessedCrash>,
}

#[derive(Serialize)]
struct File {
    name: String,
    size_bytes: u64,
}

pub(super) fn run(found: &Found, json: bool) -> Result {
    let report = &found.report;
    let info = report
        .info()
        .map_err(|error| anyhow::anyhow!("{}", chain(error)))
        .with_context(|| {
            format!(
                "report {} cannot be read; delete it with `afterword reports delete {}`",
                report.id(),
                found.short_id()
            )
        })?;
    if json {
        return terminal::print_json(&Shown {
            id: report.id().to_string(),
            app: found.store.app().as_str(),
            state: report.state().name(),
            folder: report.folder().display().to_string(),
            info,
            files: report
                .files()?
                .into_iter()
                .map(|StoredFile { name, size_bytes }| File { name, size_bytes })
                .collect(),
            answer: report.answer()?,
            delivery: report.delivery()?,
            stack: stack(report).ok().flatten(),
        });
    }
    terminal::print(&text(found, info)?)
}

/// The stack as it was worked out, or worked out now, without keeping it. None where there is no minidump.
fn stack(report: &Report) -> anyhow::Result<Option<ProcessedCrash>> {
    if let Some(stack) = report.read(ReportFile::Stack)?
        && let Ok(crash) = serde_json::from_slice(&stack)
    {
        return Ok(Some(crash));
    }
    let Some(dump) = report.read(ReportFile::Minidump)? else {
        return Ok(None);
    };
    let sources = afterword_reporter::local_sources();
    Ok(Some(afterword_symbols::process(&dump, &sources, &Limits::default())?))
}

fn text(found: &Found, info: &ReportInfo) -> Result<String> {
    let report = &found.report;
    let mut out = String::new();
    // Writing into a string does not fail.
    let _ = head(&mut out, found, info);
    let _ = delivery(&mut out, &report.answer()?, &report.delivery()?);
    match stack(report) {
        Ok(Some(crash)) => {
            let _ = write!(out, "\n{}", crash.to_text(&TextOptions::brief()));
        }
        Ok(None) => {}
        Err(error) => {
            let _ = writeln!(out, "\nThe stack cannot be worked out: {}", line(&format!("{error:#}")));
        }
    }
    let _ = trail(&mut out, info);
    let _ = files(&mut out, &report.files()?, info);
    let _ = next(&mut out, found);
    Ok(out)
}

fn head(out: &mut String, found: &Found, info: &ReportInfo) -> std::fmt::Result {
    let report = &found.report;
    writeln!(out, "Report       {}", report.id())?;
    writeln!(out, "What         {}", what(info))?;
    writeln!(out, "Program      {}", program(info))?;
    if let Some(environment) = &info.environment {
        writeln!(out, "Environment  {}", line(environment))?;
    }
    writeln!(out, "When         {} UTC", minute(info.captured_at))?;
    if let Some(thread) = &info.thread_name {
        writeln!(out, "Thread       {}", line(thread))?;
    }
    if let Some(address) = info.address {
        writeln!(out, "Address      {address:#x}")?;
    }
    let means = match report.state() {
        State::New => "still being written",
        State::Waiting => "on this machine only; nobody agreed to sending it yet",
        State::Sending => "agreed to; sent as soon as the server can be reached",
        State::Refused => "the server did not take it",
        State::Sent => "the server has it",
    };
    writeln!(out, "State        {}: {means}", report.state())?;
    writeln!(out, "Goes to      {}", server(info))?;
    writeln!(out, "Folder       {}", line(&report.folder().display().to_string()))
}

fn delivery(out: &mut String, answer: &Option<Answer>, delivery: &Delivery) -> std::fmt::Result {
    if let Some(comment) = answer.as_ref().and_then(|answer| answer.comment.as_deref()) {
        writeln!(out, "Comment      {}", line(comment))?;
    }
    if let Some(at) = delivery.report_accepted_at {
        writeln!(
            out,
            "Accepted     {} UTC, {} sent",
            minute(at),
            terminal::size(delivery.bytes_sent)
        )?;
    }
    if let Some(event_id) = &delivery.event_id {
        writeln!(out, "Event id     {}", line(event_id))?;
    }
    if let Some(known) = &delivery.known {
        let sentence = known.sentence().unwrap_or_else(|| "This crash is new.".to_owned());
        writeln!(out, "Known        {} ({})", line(&sentence), line(&known.short_id))?;
    }
    if let Some(error) = &delivery.last_error {
        writeln!(out, "Last try     {} (of {})", line(error), delivery.attempts)?;
    }
    if let Some(words) = &delivery.server_words {
        writeln!(out, "Server said  {}", line(words))?;
    }
    if let Some(at) = delivery.next_attempt_at {
        writeln!(out, "Next try     {} UTC", minute(at))?;
    }
    Ok(())
}

/// Tags and breadcrumbs, as mirrored before the crash.
fn trail(out: &mut String, info: &ReportInfo) -> std::fmt::Result {
    let tags = tags(&info.event["tags"]);
    if !tags.is_empty() {
        writeln!(out, "\nTags")?;
        let width = tags
            .iter()
            .map(|(key, _)| key.chars().count())
            .max()
            .unwrap_or(0)
            .min(30);
        for (key, value) in tags {
            writeln!(out, "  {key:<width$}  {value}")?;
        }
    }
    let breadcrumbs = &info.event["breadcrumbs"];
    let Some(breadcrumbs) = breadcrumbs.as_array().or_else(|| breadcrumbs["values"].as_array()) else {
        return Ok(());
    };
    if breadcrumbs.is_empty() {
        return Ok(());
    }
    let earlier = breadcrumbs.len().saturating_sub(BREADCRUMBS);
    writeln!(out, "\nWhat led up to it")?;
    if earlier > 0 {
        writeln!(out, "  … {earlier} earlier")?;
    }
    for breadcrumb in &breadcrumbs[earlier..] {
        let category = short(&breadcrumb["category"]);
        writeln!(out, "  {:<10}  {}", category, short(&breadcrumb["message"]))?;
    }
    Ok(())
}

/// Sentry's two shapes of tags: an object, or pairs.
fn tags(tags: &Value) -> Vec<(String, String)> {
    match tags {
        Value::Object(tags) => tags.iter().map(|(key, value)| (line(key), short(value))).collect(),
        Value::Array(tags) => tags.iter().map(|pair| (short(&pair[0]), short(&pair[1]))).collect(),
        _ => Vec::new(),
    }
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => line(text),
        other => line(&other.to_string()),
    };
    terminal::shorten(&text, TEXT_CHARS)
}

fn files(out: &mut String, files: &[StoredFile], info: &ReportInfo) -> std::fmt::Result {
    writeln!(out, "\nFiles")?;
    for file in files {
        writeln!(
            out,
            "  {:>8}  {:<14}  {}",
            terminal::size(file.size_bytes),
            line(&file.name),
            meaning(&file.name, info.kind)
        )?;
    }
    for (title, lines) in [
        ("Removed before it was stored", &info.removed),
        ("What could not be done", &info.soft_errors),
    ] {
        if !lines.is_empty() {
            writeln!(out, "\n{title}")?;
            lines
                .iter()
                .try_for_each(|words| writeln!(out, "  - {}", line(words)))?;
        }
    }
    Ok(())
}

/// What a file of a report is, and whether it leaves this machine.
fn meaning(file: &str, kind: ReportKind) -> String {
    if let Some(part) = parts::PARTS.iter().find(|part| part.file.name() == file) {
        let where_to = if part.is_sent(kind) { "sent" } else { "stays here" };
        return format!("{}; {where_to}", part.what);
    }
    match file {
        "report.json" => "what is known of it; stays here".to_owned(),
        "answer.json" => "your answer; the comment is sent".to_owned(),
        "delivery.json" => "how sending went; stays here".to_owned(),
        _ => String::new(),
    }
}

fn next(out: &mut String, found: &Found) -> std::fmt::Result {
    let id = found.short_id();
    match found.report.state() {
        State::Waiting => writeln!(
            out,
            "\nSend it with `afterword reports send {id}`, or delete it with `afterword reports delete {id}`."
        ),
        State::Sending | State::Refused => writeln!(out, "\nTry again with `afterword reports send {id}`."),
        State::New | State::Sent => Ok(()),
    }
}
