//! `afterword reports …`: what crashed on this machine, and what becomes of it.

mod find;
mod parts;

mod list;
mod show;

mod consent;
mod delete;
mod send;

use afterword_store::{ReportInfo, ReportKind};
use time::OffsetDateTime;
use time::macros::format_description;

pub(crate) use find::IdPrefix;

use crate::args::{ReportsCommand, Whose};
use crate::failure::Result;
use crate::terminal;
use find::Stores;

pub(crate) fn run(whose: &Whose, command: ReportsCommand) -> Result {
    let stores = Stores::open(whose)?;
    match command {
        ReportsCommand::List { json } => list::run(&stores, json),
        ReportsCommand::Show { id, json } => show::run(&stores.find(&id)?, json),
        ReportsCommand::Send(wanted) => send::run(&stores.find(&wanted.id)?, &wanted),
        ReportsCommand::Consent { command } => consent::run(&stores, &command),
        ReportsCommand::Delete { id, yes } => delete::run(&stores.find(&id)?, yes),
    }
}

/// What happened, in half a line.
fn what(info: &ReportInfo) -> String {
    let what = match (info.kind, &info.message) {
        (ReportKind::Crash, None) => info.reason.clone(),
        (ReportKind::Crash, Some(message)) => format!("{}: {message}", info.reason),
        (ReportKind::Panic, Some(message)) => format!("panic: {message}"),
        (ReportKind::Error, Some(message)) => format!("error: {message}"),
        (ReportKind::Hang, Some(message)) => format!("hang: {message}"),
        (ReportKind::Panic, None) => "panic".to_owned(),
        (ReportKind::Hang, None) => "hang".to_owned(),
        (ReportKind::Error, None) => "error".to_owned(),
    };
    terminal::line(&what)
}

/// Which program, for people.
fn program(info: &ReportInfo) -> String {
    let name = terminal::line(&info.app_name);
    match &info.release {
        Some(release) => format!("{name} ({})", terminal::line(release)),
        None => name,
    }
}

/// The host that a report goes to.
fn server(info: &ReportInfo) -> String {
    match info.dsn.parse::<afterword_protocol::Dsn>() {
        Ok(dsn) => terminal::line(&format!("{}:{}", dsn.host(), dsn.port())),
        Err(_) => "nowhere: its DSN is wrong".to_owned(),
    }
}

/// A time for people, to the minute, UTC.
fn minute(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC)
        .format(format_description!("[year]-[month]-[day] [hour]:[minute]"))
        .unwrap_or_default()
}
