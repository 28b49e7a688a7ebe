//! `reports consent`: what people have agreed to, app by app, and taking it back.

use std::fmt::Write;

use afterword_store::{Answer, ConsentPolicy, Decision, GivenConsent, Report, Store};
use anyhow::{Context, anyhow};
use serde::Serialize;
use time::OffsetDateTime;

use super::find::Stores;
use super::minute;
use crate::args::ConsentCommand;
use crate::failure::{Failure, Result};
use crate::terminal;

/// What was decided about one app.
#[derive(Serialize)]
struct Shown<'a> {
    app: &'a str,
    /// What counts for all its reports; null where the app decides, which asks unless it says otherwise.
    policy: Option<ConsentPolicy>,
    #[serde(with = "time::serde::rfc3339::option")]
    given_at: Option<OffsetDateTime>,
    text_version: Option<u32>,
    locale: Option<String>,
    reports: Vec<Answered>,
}

/// What was decided about one report.
#[derive(Serialize)]
struct Answered {
    id: String,
    state: &'static str,
    #[serde(flatten)]
    answer: Answer,
}

/// What taking it back came to.
#[derive(Serialize)]
struct Withdrawn<'a> {
    app: &'a str,
    /// How many reports and envelopes are not sent now.
    held: usize,
}

pub(super) fn run(stores: &Stores, command: &ConsentCommand) -> Result {
    match command {
        ConsentCommand::Show { json } => show(stores, *json)?,
        ConsentCommand::Withdraw { yes, json } => withdraw(stores, *yes, *json)?,
    }
    if stores.unread().is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(anyhow!("{}", stores.unread().join("\n"))))
}

fn show(stores: &Stores, json: bool) -> Result {
    let shown = stores.opened().iter().map(of).collect::<anyhow::Result<Vec<_>>>()?;
    if json {
        return terminal::print_json(&shown);
    }
    if shown.is_empty() {
        return terminal::print(&format!("No app has reports in {}.\n", stores.root.display()));
    }
    let mut text = String::new();
    for app in &shown {
        // Writing into a string does not fail.
        let _ = describe(&mut text, app);
    }
    terminal::print(&text)
}

fn of(store: &Store) -> anyhow::Result<Shown<'_>> {
    let given = store
        .consent()
        .with_context(|| format!("the choice for {} cannot be read, and counts as none", store.app()))?;
    let answered = |report: &Report| {
        let answer = report.answer().ok().flatten()?;
        Some(Answered {
            id: report.id().to_string(),
            state: report.state().name(),
            answer,
        })
    };
    Ok(Shown {
        app: store.app().as_str(),
        policy: given.as_ref().map(|given| given.policy),
        given_at: given.as_ref().map(|given| given.given_at),
        text_version: given.as_ref().and_then(|given| given.text_version),
        locale: given.and_then(|given| given.locale),
        reports: store.reports()?.iter().filter_map(answered).collect(),
    })
}

fn describe(text: &mut String, app: &Shown<'_>) -> std::fmt::Result {
    writeln!(text, "{}", app.app)?;
    let means = match app.policy {
        None => "no choice was made: the app decides, and asks unless it says otherwise",
        Some(ConsentPolicy::Ask) => "asked before anything is sent",
        Some(ConsentPolicy::Always) => "everything is sent without asking",
        Some(ConsentPolicy::Never) => "nothing is kept and nothing is sent",
    };
    write!(text, "  Policy  {means}")?;
    if let Some(at) = app.given_at {
        write!(text, "; chosen {} UTC", minute(at))?;
    }
    writeln!(text, "{}", read(app.text_version, app.locale.as_deref()))?;
    for report in &app.reports {
        let answer = &report.answer;
        let decision = match answer.decision {
            Decision::Send => "send",
            Decision::DontSend => "don't send",
        };
        let id = report.id.get(..8).unwrap_or(&report.id);
        write!(
            text,
            "  {id}  {decision}, answered {} UTC{}; {}",
            minute(answer.answered_at),
            read(Some(answer.text_version), Some(&answer.locale)),
            report.state
        )?;
        if !answer.left_out.is_empty() {
            write!(text, "; left out: {}", terminal::line(&answer.left_out.join(", ")))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// In which words it was asked, if that is known.
fn read(text_version: Option<u32>, locale: Option<&str>) -> String {
    match (text_version, locale) {
        (Some(version), Some(locale)) => format!(" (words of version {version}, {})", terminal::line(locale)),
        _ => String::new(),
    }
}

fn withdraw(stores: &Stores, yes: bool, json: bool) -> Result {
    let apps: Vec<&str> = stores.opened().iter().map(|store| store.app().as_str()).collect();
    if apps.is_empty() {
        if json {
            return terminal::print_json(&[(); 0]);
        }
        return terminal::print(&format!("No app has reports in {}.\n", stores.root.display()));
    }
    let question = format!(
        "Take back what was agreed to for {}? Nothing of it is sent without asking again.",
        apps.join(", ")
    );
    if !yes && !terminal::confirm(&question)? {
        return Err(Failure::Declined("Nothing was taken back.".to_owned()));
    }
    let mut withdrawn = Vec::new();
    for store in stores.opened() {
        let held = take_back(store)
            .with_context(|| format!("not all that was agreed to for {} could be taken back", store.app()))?;
        withdrawn.push(Withdrawn {
            app: store.app().as_str(),
            held,
        });
    }
    if json {
        return terminal::print_json(&withdrawn);
    }
    let mut text = String::new();
    for Withdrawn { app, held } in &withdrawn {
        let _ = writeln!(text, "{app}: it asks from now on; held back: {held}");
    }
    terminal::print(&text)
}

fn take_back(store: &Store) -> anyhow::Result<usize> {
    let given = GivenConsent {
        policy: ConsentPolicy::Ask,
        given_at: OffsetDateTime::now_utc(),
        text_version: None,
        locale: None,
    };
    // Whoever sends looks at the choice before each request.
    let sender = store.try_lock_sender()?;
    Ok(store.withdraw_consent(&given, sender.as_ref())?.held)
}
