//! The question: facts about what happened, and what would be sent. The dialog puts them into words.

use afterword_channel::Links;
use afterword_dialog::{Asked, BreadcrumbLine, Details, FrameLine, ModuleLine};
use afterword_store::{Report, ReportId, ReportInfo, ReportKind, Store};
use sentry_types::Dsn;
use serde_json::Value;
use time::OffsetDateTime;

use super::streams;
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
        asked_at: OffsetDateTime::now_utc(),
        details: details(store, report.id(), info, None),
    }
}

/// All that would be sent, with the stack once it is worked out.
pub(super) fn details(store: &Store, id: ReportId, info: &ReportInfo, assembled: Option<&Assembled>) -> Details {
    let event = assembled.map_or(&info.event, |assembled| &assembled.event);
    Details {
        stack: assembled
            .map(frames)
            .or_else(|| (info.kind == ReportKind::Error).then(|| frames_of_event(&info.event))),
        tags: tags(event),
        breadcrumbs: breadcrumbs(event),
        contexts: contexts(event),
        modules: modules(event),
        streams: store.report(id).map(|report| streams::of(&report)).unwrap_or_default(),
        removed: info.removed.clone(),
    }
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

/// What else the event says: contexts, user, request and extra values, each as `os.version`. What is a list stays one.
fn contexts(event: &Value) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    flatten("", &event["contexts"], 0, &mut pairs);
    for field in ["user", "request", "extra"] {
        flatten(field, &event[field], 0, &mut pairs);
    }
    for field in ["environment", "server_name", "transaction", "level"] {
        flatten(field, &event[field], 0, &mut pairs);
    }
    pairs
}

fn flatten(path: &str, value: &Value, depth: usize, pairs: &mut Vec<(String, String)>) {
    const MAX_DEPTH: usize = 4;
    const MAX_PAIRS: usize = 1000;
    match value {
        _ if pairs.len() >= MAX_PAIRS => {}
        Value::Null => {}
        Value::Object(fields) if depth < MAX_DEPTH => {
            for (name, value) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(&path, value, depth + 1, pairs);
            }
        }
        value => pairs.push((path.to_owned(), plain(value))),
    }
}

/// The modules that the event names.
fn modules(event: &Value) -> Vec<ModuleLine> {
    const MAX_MODULES: usize = 5000;
    let number = |value: &Value| match value {
        Value::String(text) => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        value => value.as_u64(),
    };
    let images = event["debug_meta"]["images"].as_array();
    images
        .into_iter()
        .flatten()
        .take(MAX_MODULES)
        .map(|image| ModuleLine {
            path: plain(&image["code_file"]),
            debug_id: image["debug_id"].as_str().map(str::to_owned),
            address: number(&image["image_addr"]),
            size_bytes: number(&image["image_size"]),
        })
        .collect()
}

/// `14:03:22` of a timestamp in seconds or RFC 3339, UTC.
fn time_of_day(timestamp: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn contexts_and_modules_are_those_of_the_event() {
        let event = json!({
            "contexts": { "os": { "name": "Debian", "build": null }, "app": { "deep": { "a": { "b": { "c": 1 } } } } },
            "user": { "id": "a1b2" },
            "extra": { "list": [1, 2] },
            "debug_meta": { "images": [
                { "code_file": "/usr/bin/app", "debug_id": "AB", "image_addr": "0x1000", "image_size": 512 },
                { "code_file": "odd", "image_addr": "elsewhere" },
            ] },
        });
        let pairs = contexts(&event);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        for expected in [
            pair("os.name", "Debian"),
            pair("app.deep.a.b", "{\"c\":1}"),
            pair("user.id", "a1b2"),
            pair("extra.list", "[1,2]"),
        ] {
            assert!(pairs.contains(&expected), "{expected:?}: {pairs:?}");
        }
        assert_eq!(pairs.len(), 4, "what is null is not there");
        let modules = modules(&event);
        assert_eq!((modules[0].address, modules[0].size_bytes), (Some(0x1000), Some(512)));
        assert_eq!((modules[1].path.as_str(), modules[1].address), ("odd", None));
    }
}
