//! `reports send`: the person's consent on the command line, and then what the reporter would do.
//!
//! The answer goes through the store as the window's does: written, carried out, and only then the gate opens.

use std::fmt::Write;

use afterword_dialog::MAX_COMMENT_CHARS;
use afterword_store::{Answer, Decision, Delivery, KnownCrash, ReportInfo, Settled, State, Store};
use afterword_upload::{Outcome, Uploader};
use anyhow::{Context, anyhow};
use serde::Serialize;
use time::OffsetDateTime;

use super::find::Found;
use super::{minute, parts, program, server, what};
use crate::args::{Send, Transport};
use crate::failure::{Failure, Result, chain};
use crate::terminal::{self, Progress};

/// Which wording of the question below was answered; counts up when its meaning changes.
const TEXT_VERSION: u32 = 2;

/// What became of it, as JSON.
#[derive(Serialize)]
struct Told {
    id: String,
    outcome: &'static str,
    event_id: Option<String>,
    bytes_sent: u64,
    /// What the server knows of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<KnownCrash>,
    /// Why it is not sent.
    why: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    retry_at: Option<OffsetDateTime>,
}

/// What the person says beside the report; sent under the same consent.
struct Said {
    comment: Option<String>,
    email: Option<String>,
    /// What the person has left out in an earlier answer stays left out.
    left_out: Vec<String>,
}

pub(super) fn run(found: &Found, wanted: &Send) -> Result {
    let report = &found.report;
    let said = said(found, wanted)?;
    let info = report.info().map_err(|error| {
        anyhow!(
            "report {} cannot be sent: {}; delete it with `afterword reports delete {}`",
            report.id(),
            chain(error),
            found.short_id()
        )
    })?;
    if report.state() == State::Sent {
        return already_sent(found, wanted);
    }
    // What is sent is complete before anybody agrees to it.
    if let Err(error) = assemble(found) {
        terminal::say(&format!(
            "note: the stack could not be worked out, the report is sent without: {error:#}"
        ));
    }
    if !wanted.yes && !agreed(found, info, &said)? {
        return Err(Failure::Declined(format!(
            "Report {} was not sent and stays as it was.",
            found.short_id()
        )));
    }
    consent(found, said).with_context(|| {
        format!(
            "your answer about report {} could not be kept, nothing was sent",
            report.id()
        )
    })?;
    let outcome = upload(&found.store, found, &wanted.transport)?;
    tell(found, wanted, outcome)
}

/// The comment given now or, without one, what was said in an earlier answer.
fn said(found: &Found, wanted: &Send) -> Result<Said> {
    let chars = wanted.comment.as_deref().map_or(0, |comment| comment.chars().count());
    if chars > MAX_COMMENT_CHARS {
        return Err(Failure::Usage(format!(
            "the comment has {chars} characters, and a server takes {MAX_COMMENT_CHARS}; say it shorter"
        )));
    }
    let before = found.report.answer()?;
    let (comment, email, left_out) = before.map_or_else(Default::default, |answer| {
        (answer.comment, answer.email, answer.left_out)
    });
    let comment = wanted.comment.clone().or(comment);
    Ok(Said {
        comment: comment.filter(|comment| !comment.trim().is_empty()),
        email,
        left_out,
    })
}

/// Works the stack out and makes the event, where that was not done yet.
fn assemble(found: &Found) -> anyhow::Result<()> {
    let progress = Progress::new();
    progress.show("Working out the stack…");
    afterword_reporter::assemble(&found.store, found.report.id())?;
    Ok(())
}

/// Shows what would be sent and where to, and asks.
fn agreed(found: &Found, info: &ReportInfo, said: &Said) -> Result<bool> {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = writeln!(
        text,
        "{} in {}, {} UTC",
        what(info),
        program(info),
        minute(info.captured_at)
    );
    for (part, size_bytes) in parts::of(&found.report, info.kind)? {
        if said.left_out.iter().any(|name| name == part.file.name()) {
            let _ = writeln!(text, "  left out  {}", part.file.name());
            continue;
        }
        let size = size_bytes.map_or_else(String::new, terminal::size);
        let _ = writeln!(text, "  {size:>8}  {:<14}  {}", part.file.name(), part.what);
    }
    match &said.comment {
        Some(comment) => {
            let _ = writeln!(text, "Your comment:");
            for line in comment.trim().lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        None => text.push_str("No comment; --comment TEXT adds one.\n"),
    }
    if let (Some(_), Some(email)) = (&said.comment, &said.email) {
        let _ = writeln!(text, "Your address: {}", terminal::line(email));
    }
    if found.report.state() == State::Refused
        && let Some(words) = found.report.delivery()?.server_words
    {
        let _ = writeln!(text, "The server refused it before: {}", terminal::line(&words));
    }
    let _ = writeln!(text, "More of it: afterword reports show {}", found.short_id());
    terminal::say(&text);
    terminal::confirm(&format!("Send report {} to {}?", found.short_id(), server(info)))
}

/// Keeps the answer and carries it out: the report is in `sending` after this, or where it was before.
fn consent(found: &Found, said: Said) -> anyhow::Result<()> {
    let (store, id) = (&found.store, found.report.id());
    let answer = Answer {
        comment: said.comment,
        email: said.email,
        left_out: said.left_out,
        ..Answer::new(Decision::Send, OffsetDateTime::now_utc(), TEXT_VERSION, "en")
    };
    if found.report.state() == State::Refused {
        answer_refused(found, &answer)?;
    } else {
        store.put_answer(id, &answer)?;
    }
    match store.settle(id)? {
        Settled::Sending(_) => Ok(()),
        Settled::Deleted(_) | Settled::Unanswered => Err(anyhow!("another program answered at the same time")),
    }
}

/// The store takes no answer for a refused report, so it is answered in `sending`; without the answer it goes back, and
/// meanwhile nobody sends it.
fn answer_refused(found: &Found, answer: &Answer) -> anyhow::Result<()> {
    let (store, id) = (&found.store, found.report.id());
    let _nobody_sends = store
        .try_lock_sender()?
        .context("reports are being sent just now; try again in a moment")?;
    let refused = found.report.delivery()?;
    store.retry_refused(id)?;
    let Err(error) = store.put_answer(id, answer) else {
        return Ok(());
    };
    store
        .release(id)
        .and_then(|report| report.finish_refused(&refused))
        .with_context(|| format!("{}; and the report could not be put back", chain(&error)))?;
    Err(error.into())
}

fn upload(store: &Store, found: &Found, transport: &Transport) -> anyhow::Result<Outcome> {
    let progress = OnLine(Progress::new());
    let options = transport.options();
    Uploader::new(options)
        .send_report(store, found.report.id(), &progress)
        .with_context(|| format!("report {} was not sent and stays on this machine", found.report.id()))
}

struct OnLine(Progress);

impl afterword_upload::Progress for OnLine {
    fn sent(&self, sent_bytes: u64, total_bytes: u64) {
        let percent = (sent_bytes.saturating_mul(100)).checked_div(total_bytes).unwrap_or(100);
        self.0
            .show(&format!("Sending… {percent} % of {}", terminal::size(total_bytes)));
    }

    /// Ctrl-C ends the program; the report stays in `sending`.
    fn cancelled(&self) -> bool {
        false
    }
}

fn already_sent(found: &Found, wanted: &Send) -> Result {
    let delivery = found.report.delivery()?;
    let at = delivery.report_accepted_at.map(|at| format!(" on {} UTC", minute(at)));
    terminal::say(&format!(
        "Report {} was sent{} already.",
        found.short_id(),
        at.unwrap_or_default()
    ));
    told(found, wanted, "sent", Some(&delivery), None, None)
}

fn tell(found: &Found, wanted: &Send, outcome: Outcome) -> Result {
    let id = found.short_id();
    match outcome {
        Outcome::Sent(delivery) => {
            if let Some(words) = &delivery.server_words {
                terminal::say(&format!(
                    "note: the report arrived, but the server did not take the comment: {words}"
                ));
            }
            told(found, wanted, "sent", Some(&delivery), None, None)
        }
        Outcome::Later { why, retry_at } => {
            told(found, wanted, "later", None, Some(&why), Some(retry_at))?;
            Err(Failure::Failed(anyhow!(
                "report {id} was not sent: {why}\nIt is kept, and is tried again when the app starts after {} UTC; \
                 to try now: afterword reports send {id}",
                minute(retry_at)
            )))
        }
        Outcome::Refused { status, words } => {
            told(found, wanted, "refused", None, Some(&words), None)?;
            let words = if words.is_empty() {
                "it gave no reason".to_owned()
            } else {
                words
            };
            Err(Failure::Failed(anyhow!(
                "the server refused report {id} ({status}): {words}\nIt is kept and not sent again by itself; \
                 `afterword reports send {id}` tries again, `afterword reports delete {id}` deletes it"
            )))
        }
        Outcome::Cancelled => Err(Failure::Failed(anyhow!("sending report {id} was stopped; it is kept"))),
    }
}

/// The result on standard output: JSON where asked for, else a line where it is sent.
fn told(
    found: &Found,
    wanted: &Send,
    outcome: &'static str,
    delivery: Option<&Delivery>,
    why: Option<&str>,
    retry_at: Option<OffsetDateTime>,
) -> Result {
    let event_id = delivery.and_then(|delivery| delivery.event_id.clone());
    let bytes_sent = delivery.map_or(0, |delivery| delivery.bytes_sent);
    if wanted.json {
        return terminal::print_json(&Told {
            id: found.report.id().to_string(),
            outcome,
            event_id,
            bytes_sent,
            known: delivery.and_then(|delivery| delivery.known.clone()),
            why: why.map(str::to_owned),
            retry_at,
        });
    }
    match event_id {
        Some(event_id) => {
            let known = delivery.and_then(|delivery| delivery.known.as_ref()?.sentence());
            let known = known
                .map(|known| format!("{}\n", terminal::line(&known)))
                .unwrap_or_default();
            terminal::print(&format!(
                "Sent {}. The server knows it as event {}.\n{known}",
                terminal::size(bytes_sent),
                terminal::line(&event_id)
            ))
        }
        None => Ok(()),
    }
}
