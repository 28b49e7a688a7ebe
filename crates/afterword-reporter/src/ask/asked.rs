//! The question: facts about what happened, and what would be sent. The dialog puts them into words.

use afterword_channel::Links;
use afterword_dialog::{Asked, BreadcrumbLine, Details, FileLine, FrameLine};
use afterword_store::{Report, ReportFile, ReportId, ReportInfo, ReportKind, Store};
use sentry_types::Dsn;
use serde_json::Value;

use crate::assemble::Assembled;

/// The question about a report, with the details that are known before the stack is. `restart`: if the app can be started
/// again, the documents that it had open.
pub(super) fn question(
    store: &Store,
    report: &Report,
    info: &ReportInfo,
    links: &Links,
    restart: Option<&[String]>,
) -> Asked {
    Asked {
        store_root: store.folder().parent().unwrap_or(store.folder()).to_owned(),
        app: store.app().as_str().to_owned(),
        report_id: report.id(),
        app_name: info.app_name.clone(),
        kind: info.kind,
        signal: info.signal.clone(),
        address: info.address,
        message: info.message.clone(),
        server: server(&info.dsn),
        release: info.release.clone(),
        privacy_url: links.privacy.clone(),
        update_url: links.update.clone(),
        can_restart: restart.is_some(),
        documents: restart.unwrap_or_default().to_vec(),
        details: details(store, report.id(), info, None),
    }
}

/// All that would be sent, with the stack once it is worked out.
pub(super) fn details(store: &Store, id: ReportId, info: &ReportInfo, assembled: Option<&Assembled>) -> Details {
    let event = assembled.map_or(&info.event, |assembled| &assembled.event);
    let (raw_event, left_out_bytes) = whole_report(store, id, info.kind).unzip();
    Details {
        stack: assembled
            .map(frames)
            .or_else(|| (info.kind == ReportKind::Error).then(|| frames_of_event(&info.event))),
        tags: tags(event),
        breadcrumbs: breadcrumbs(event),
        files: files(store, id),
        removed: info.removed.clone(),
        raw_event,
        raw_left_out_bytes: left_out_bytes.unwrap_or_default(),
    }
}

/// The event as it will be sent, as text, and how many bytes of it are left out; of an error, the whole envelope.
fn whole_report(store: &Store, id: ReportId, kind: ReportKind) -> Option<(String, u64)> {
    let file = match kind {
        ReportKind::Error => ReportFile::Envelope,
        ReportKind::Crash | ReportKind::Panic | ReportKind::Hang => ReportFile::Event,
    };
    let bytes = store.report(id).ok()?.read(file).ok()??;
    Some(afterword_dialog::text::whole_report(&bytes))
}

fn server(dsn: &str) -> Option<String> {
    dsn.parse::<Dsn>().ok().map(|dsn| dsn.host().to_owned())
}

fn frames(assembled: &Assembled) -> Vec<FrameLine> {
    let Some(crash) = &assembled.crash else {
        return frames_of_event(&assembled.event);
    };
    crash.crashed_thread().map_or_else(Vec::new, |thread| {
        thread
            .frames
            .iter()
            .map(|frame| FrameLine {
                function: frame.function.clone(),
                file: frame.file.clone(),
                line: frame.line,
                module: frame.module.clone(),
                in_app: frame.in_app,
                inline: frame.inline,
            })
            .collect()
    })
}

/// The frames of an error that the SDK captured: the wire has the outermost first.
fn frames_of_event(event: &Value) -> Vec<FrameLine> {
    let text = |frame: &Value, field: &str| frame[field].as_str().map(str::to_owned);
    event["exception"]["values"]
        .as_array()
        .and_then(|exceptions| exceptions.last()?["stacktrace"]["frames"].as_array())
        .map_or_else(Vec::new, |frames| {
            frames
                .iter()
                .rev()
                .map(|frame| FrameLine {
                    function: text(frame, "function"),
                    file: text(frame, "abs_path").or_else(|| text(frame, "filename")),
                    line: frame["lineno"].as_u64().and_then(|line| u32::try_from(line).ok()),
                    module: text(frame, "package"),
                    in_app: frame["in_app"].as_bool().unwrap_or(false),
                    inline: false,
                })
                .collect()
        })
}

fn tags(event: &Value) -> Vec<(String, String)> {
    event["tags"].as_object().map_or_else(Vec::new, |tags| {
        tags.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
    })
}

fn breadcrumbs(event: &Value) -> Vec<BreadcrumbLine> {
    // The SDK writes a plain list or an object with `values`.
    let list = event["breadcrumbs"]["values"]
        .as_array()
        .or_else(|| event["breadcrumbs"].as_array());
    list.map_or_else(Vec::new, |list| {
        list.iter()
            .map(|breadcrumb| BreadcrumbLine {
                time: time_of_day(&breadcrumb["timestamp"]),
                category: plain(&breadcrumb["category"]),
                level: plain(&breadcrumb["level"]),
                message: plain(&breadcrumb["message"]),
            })
            .collect()
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `14:03:22` of a timestamp in seconds or RFC 3339, UTC.
fn time_of_day(timestamp: &Value) -> String {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    let at = match timestamp {
        Value::Number(seconds) => seconds
            .as_f64()
            .and_then(|s| OffsetDateTime::from_unix_timestamp(s as i64).ok()),
        Value::String(text) => OffsetDateTime::parse(text, &Rfc3339).ok(),
        _ => None,
    };
    at.map_or_else(String::new, |at| {
        format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
    })
}

/// Names of the files of a report that are sent.
const SENT_FILES: [&str; 4] = ["minidump.dmp", "event.json", "stack.json", "envelope"];

/// The files that would go with it, as they are now: the person's answer is not one of them.
fn files(store: &Store, id: ReportId) -> Vec<FileLine> {
    let files = store.report(id).and_then(|report| report.files()).unwrap_or_default();
    files
        .into_iter()
        .filter(|file| SENT_FILES.contains(&file.name.as_str()))
        .map(|file| FileLine {
            size_bytes: file.size_bytes,
            name: file.name,
        })
        .collect()
}
