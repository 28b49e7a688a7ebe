//! The whole way without a window: crash, answer, and a look at what the collector has.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use afterword_store::{Decision, Delivery, ReportFile, ReportId, State, Store};
use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::arguments::{Arguments, Choice, has_display};
use crate::collected::Api;
use crate::crash::CrashKind;
use crate::given::{Given, Note, VARIABLE};
use crate::report::{Outcome, TopFrame, tell};
use crate::supervisor::Supervisor;

/// How long the app may take to die, and its reporter to finish.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// What a collector has accepted it shows within this time, when it has nothing else to do.
const DIGESTED: Duration = Duration::from_millis(500);

/// Runs it and prints what came of it.
///
/// # Errors
/// When the collector does not have the report that it should have, or has one that it should not have.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if !arguments.headless && !has_display() {
        tell("There is no display: crashing without a window, with the answer given. See --help.");
    }
    let supervisor = Supervisor::start(arguments)?;
    let note = supervisor.path("asked.json");
    let given = supervisor.path("answer.json");
    std::fs::write(
        &given,
        serde_json::to_vec(&Given {
            decision: match arguments.answer {
                Choice::Send => Decision::Send,
                Choice::DontSend => Decision::DontSend,
            },
            comment: arguments.comment.clone(),
            note: note.clone(),
        })?,
    )?;
    let mut app = supervisor.start_app(|command| {
        command
            .args(["--headless", "--crash", arguments.crash.name()])
            .env(VARIABLE, &given);
    })?;
    let ended = wait_for_end(&mut app)?;
    tell(&format!("The app ended: {ended}."));
    let store = supervisor.store()?;
    if arguments.crash == CrashKind::CleanExit {
        return clean_exit(&supervisor, &store, ended, arguments.json);
    }
    let asked = wait_for("the reporter's question", || Ok(std::fs::read(&note).ok()))?;
    let asked: Note = serde_json::from_slice(&asked).context("the reporter's question cannot be read")?;
    let outcome = match arguments.answer {
        Choice::Send => sent(&supervisor, &store, asked, arguments)?,
        Choice::DontSend => not_sent(&supervisor, &store, asked)?,
    };
    outcome.print(arguments.json)
}

/// The report reached the server: recorded by the store, and, where we may ask, shown by the server.
fn sent(supervisor: &Supervisor, store: &Store, asked: Note, arguments: &Arguments) -> anyhow::Result<Outcome> {
    let id: ReportId = asked.report_id.parse().context("the report's id")?;
    let delivery = wait_for("the report to be sent", || delivered(store, id))?;
    let event_id = delivery.event_id.clone().unwrap_or(asked.event_id);
    let local = Outcome {
        event_id: Some(event_id.clone()),
        report_id: Some(asked.report_id),
        issue_title: Some(asked.title),
        signature: asked.signature,
        signal: asked.signal,
        top_frame: asked.top_frame,
        release: Some(afterword::release_name!().to_owned()),
        comment: arguments.comment.clone(),
        dump_bytes: asked.dump_bytes,
        bytes_sent: delivery.bytes_sent,
        ..Outcome::default()
    };
    let Some(api) = &supervisor.api else {
        tell("The server accepted it. Whether it shows it cannot be asked without its --token.");
        return Ok(local);
    };
    shown(api, &event_id, local)
}

/// What the collector shows of the event, which must be what was sent.
fn shown(api: &Api, event_id: &str, local: Outcome) -> anyhow::Result<Outcome> {
    let event = match &local.comment {
        Some(_) => api.event_with_feedback(event_id)?,
        None => api.event(event_id)?,
    };
    let issue = api.issue(&event)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let release = text(&event["release"]["version"]);
    let comment = text(&event["feedback"][0]["message"]);
    ensure!(release == local.release, "the collector shows the release {release:?}");
    ensure!(comment == local.comment, "the collector shows the comment {comment:?}");
    let has_dump = event["attachments"].as_array().is_some_and(|attachments| {
        attachments.iter().any(|attachment| {
            let is_dump = match attachment["type"].as_str() {
                Some("event.minidump") => true,
                // As a minidump, a server would make a crash of a hang.
                _ => attachment["name"] == ReportFile::Minidump.name(),
            };
            is_dump && attachment["size"] == local.dump_bytes
        })
    });
    ensure!(
        has_dump || local.dump_bytes == 0,
        "the collector does not have the minidump"
    );
    Ok(Outcome {
        issue_title: text(&issue["title"]),
        signature: text(&issue["signature"]),
        signal: text(&crash(&event)["mechanism"]["meta"]["signal"]["name"]),
        top_frame: top_frame(&event),
        dashboard_url: text(&issue["permalink"]),
        release,
        comment,
        ..local
    })
}

/// The exception that the event is about.
fn crash(event: &Value) -> &Value {
    event["exception"]["values"]
        .as_array()
        .and_then(|values| values.last())
        .unwrap_or(&Value::Null)
}

/// The frame that the collector shows first, with the whole path of its file.
fn top_frame(event: &Value) -> Option<TopFrame> {
    let top = &event["topFrame"];
    let shown: TopFrame = serde_json::from_value(top.clone()).ok()?;
    let path = top["absPath"].as_str().map(str::to_owned);
    Some(TopFrame {
        file: path.or(shown.file),
        ..shown
    })
}

/// The report is gone from the store, and the server has nothing.
fn not_sent(supervisor: &Supervisor, store: &Store, asked: Note) -> anyhow::Result<Outcome> {
    wait_for("the report to be deleted", || {
        Ok(store.reports()?.is_empty().then_some(()))
    })?;
    has_nothing(supervisor, store, Some(&asked.event_id))?;
    Ok(Outcome {
        report_id: Some(asked.report_id),
        signature: asked.signature,
        signal: asked.signal,
        top_frame: asked.top_frame,
        release: Some(afterword::release_name!().to_owned()),
        dump_bytes: asked.dump_bytes,
        ..Outcome::default()
    })
}

fn clean_exit(supervisor: &Supervisor, store: &Store, ended: ExitStatus, json: bool) -> anyhow::Result<()> {
    ensure!(ended.success(), "the app did not end cleanly");
    wait_for("the reporter to end", || Ok(store.runs()?.is_empty().then_some(())))?;
    ensure!(store.reports()?.is_empty(), "there is a report of a clean exit");
    has_nothing(supervisor, store, None)?;
    Outcome {
        release: Some(afterword::release_name!().to_owned()),
        ..Outcome::default()
    }
    .print(json)
}

/// Nothing was sent: not by the time the reporter has ended, and nothing of it turns up while the collector digests. A server
/// that is not ours may have issues of its own.
fn has_nothing(supervisor: &Supervisor, store: &Store, event_id: Option<&str>) -> anyhow::Result<()> {
    wait_for("the reporter to end", || Ok((!is_reporting(store)?).then_some(())))?;
    let Some(api) = &supervisor.api else { return Ok(()) };
    let looking = Instant::now();
    while looking.elapsed() < DIGESTED {
        if let Some(event_id) = event_id {
            ensure!(!api.has_event(event_id)?, "the collector has the event {event_id}");
        }
        if supervisor.pages().is_some() {
            let issues = api.issues()?;
            ensure!(issues.is_empty(), "the collector has something: {}", issues[0]["title"]);
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// Whether a reporter of the app is still at work: its journal ends with its last word.
fn is_reporting(store: &Store) -> anyhow::Result<bool> {
    for entry in std::fs::read_dir(store.log_folder())? {
        if !std::fs::read_to_string(entry?.path())?.trim_end().ends_with("done") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn delivered(store: &Store, id: ReportId) -> anyhow::Result<Option<Delivery>> {
    let report = store.report(id)?;
    match report.state() {
        State::Sent => Ok(Some(report.delivery()?)),
        State::Refused => bail!(
            "the server refused the report: {}",
            report.delivery()?.server_words.unwrap_or_default()
        ),
        State::Sending => match report.delivery()?.last_error {
            Some(why) => bail!("the report could not be sent and stays: {why}"),
            None => Ok(None),
        },
        State::New | State::Waiting => Ok(None),
    }
}

fn wait_for_end(app: &mut Child) -> anyhow::Result<ExitStatus> {
    let ended = wait_for("the app to end", || Ok(app.try_wait()?));
    if ended.is_err() {
        app.kill().context("the app does not end")?;
    }
    ended
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(start.elapsed() < PATIENCE, "waited {} s for {what}", PATIENCE.as_secs());
        std::thread::sleep(POLL);
    }
}
