//! The server that mail of alerts goes through: named, forgotten, and tried out. For who owns everything.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::server::owned;
use super::{About, DONE, Side, to};
use crate::alerts::MailServer;
use crate::alerts::delivery::Verdict;
use crate::alerts::mail::{self, Named, Security};
use crate::pages::frame::Frame;
use crate::pages::posted::{Fields, Posted};
use crate::pages::said::Said;
use crate::pages::{Failure, render};
use crate::{App, api};

const HERE: &str = "/settings/mail/";

/// How a connection can be protected: as the form says it, and in words.
const SECURITIES: [(&str, Security, &str); 3] = [
    ("starttls", Security::Starttls, "STARTTLS, usually port 587"),
    ("tls", Security::Tls, "TLS from the start, usually port 465"),
    ("none", Security::None, "None: only within a network that you trust"),
];

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/settings/mail/", get(show).post(change))
}

#[derive(Template)]
#[template(path = "settings/mail.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    /// As it is kept; empty texts if there is none.
    host: String,
    port: String,
    security: Security,
    user: String,
    from: String,
    has_server: bool,
    has_password: bool,
    /// By the command line: it is changed there.
    is_fixed: bool,
    /// Where a test would go.
    own: String,
}

async fn show(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    owned(&app, &frame).await?;
    let said = Said::done(&frame, DONE);
    page(&app, frame, said).await
}

async fn page(app: &App, frame: Frame, said: Said) -> Result<Response, Failure> {
    let found = mail::server(app).await?;
    let is_fixed = matches!(found, Some((_, Named::CommandLine)));
    let server = found.map(|(server, _)| server);
    let kept = server.as_ref();
    let page = Page {
        side: Side::new(app, &frame, About::Neither).await?,
        host: kept.map(|server| server.host.clone()).unwrap_or_default(),
        port: kept.map_or_else(|| "587".to_owned(), |server| server.port.to_string()),
        security: kept.map_or(Security::Starttls, |server| server.security),
        user: kept.and_then(|server| server.user.clone()).unwrap_or_default(),
        from: kept.map(|server| server.from.clone()).unwrap_or_default(),
        has_server: kept.is_some(),
        has_password: kept.is_some_and(|server| server.password.is_some()),
        is_fixed,
        own: frame.who.user().map(|user| user.email.clone()).unwrap_or_default(),
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

async fn change(State(app): State<App>, Posted { frame, fields }: Posted) -> Result<Response, Failure> {
    owned(&app, &frame).await?;
    let part = fields.get("part").to_owned();
    let changed = match part.as_str() {
        "server" => keep(&app, &frame, &fields).await.map(|()| "saved"),
        "forget" => mail::forget(&app).await.map(|()| "mail-forgotten"),
        "test" => test(&app, &frame, &fields).await.map(|()| "mail-sent"),
        _ => return Err(Failure::NotFound),
    };
    let taken = changed.map(|done| to(HERE, done));
    Said::answered(taken, &part, fields, |said| page(&app, frame, said)).await
}

async fn keep(app: &App, frame: &Frame, fields: &Fields) -> Result<(), api::Failure> {
    let text = |name: &str| fields.get(name).trim().to_owned();
    let given = |name: &str| Some(fields.get(name).to_owned()).filter(|text| !text.is_empty());
    let security = SECURITIES.iter().find(|(name, ..)| *name == fields.get("security"));
    let port = text("port");
    let wanted = MailServer {
        host: text("host"),
        port: port.parse().map_err(|_| api::Failure::wrong("port", &port))?,
        security: security
            .ok_or_else(|| api::Failure::wrong("security", fields.get("security")))?
            .1,
        user: Some(text("user")).filter(|user| !user.is_empty()),
        password: given("password"),
        from: text("from"),
    };
    let kept = mail::keep(app, wanted).await?;
    tracing::info!(server = ?kept, by = frame.who.actor(), "the mail server was named");
    Ok(())
}

async fn test(app: &App, frame: &Frame, fields: &Fields) -> Result<(), api::Failure> {
    let outcome = api::mail::try_out(app, &frame.who, fields.get("to").trim()).await?;
    match outcome.verdict {
        Verdict::Sent => Ok(()),
        Verdict::Again(_) | Verdict::Refused => Err(api::Failure::Wrong(format!("Not sent: {}", outcome.answer))),
    }
}
