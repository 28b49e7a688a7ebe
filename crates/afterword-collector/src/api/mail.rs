//! The server that mail goes through: one for the whole collector, for who owns all organisations.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::Given;
use super::{Answer, Failure};
use crate::access::{Scope, Who};
use crate::alerts::delivery::{Outcome, Verdict};
use crate::alerts::mail::{self, Named, Security};
use crate::alerts::{Alert, Kind, MailServer};
use crate::{App, now_ms};

/// Stands for a password that is not shown.
const MASK: &str = "********";

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show, set, remove))
        .routes(routes!(test))
}

/// A mail server that is to be used.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    /// A name or an address.
    host: String,
    /// Usually 587 with STARTTLS, 465 with TLS.
    port: u16,
    /// `none` only for a server in a network that is trusted.
    security: Security,
    /// With a password, or not at all.
    user: Option<String>,
    /// Left out, `null` or as it was shown: the one that is kept, if host, port, security and user are the same.
    password: Option<String>,
    /// Who mail is from: an address, or `Name <address>`.
    from: String,
}

/// Where a message that says that mail works is to go.
#[derive(Deserialize, ToSchema)]
struct To {
    /// An address; the asker's own if it is left out.
    to: Option<String>,
}

/// The mail server, without its password; `null` if there is none.
#[utoipa::path(get, path = "/api/0/mail/", tag = "mail",
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn show(who: Who, State(app): State<App>) -> Answer {
    who.everything(&app, Scope::OrgAdmin).await?;
    let server = mail::server(&app).await?;
    Ok(Json(
        server.map_or(Value::Null, |(server, named)| json_of(&server, named)),
    ))
}

/// Names the mail server. What waits for one is sent.
#[utoipa::path(put, path = "/api/0/mail/", tag = "mail", request_body = Wanted,
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn set(who: Who, State(app): State<App>, Given(wanted): Given<Wanted>) -> Answer {
    who.everything(&app, Scope::OrgAdmin).await?;
    let wanted = MailServer {
        host: wanted.host.trim().to_owned(),
        port: wanted.port,
        security: wanted.security,
        user: wanted.user.filter(|user| !user.is_empty()),
        password: wanted
            .password
            .filter(|password| !password.is_empty() && password != MASK),
        from: wanted.from.trim().to_owned(),
    };
    let kept = mail::keep(&app, wanted).await?;
    tracing::info!(server = ?kept, by = who.actor(), "the mail server was named");
    Ok(Json(json_of(&kept, Named::Page)))
}

/// Forgets the mail server.
#[utoipa::path(delete, path = "/api/0/mail/", tag = "mail",
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn remove(who: Who, State(app): State<App>) -> Result<StatusCode, Failure> {
    who.everything(&app, Scope::OrgAdmin).await?;
    mail::forget(&app).await?;
    tracing::info!(by = who.actor(), "the mail server was forgotten");
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message that says that mail works, once, and answers with what the server said.
#[utoipa::path(post, path = "/api/0/mail/test/", tag = "mail", request_body = To,
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn test(who: Who, State(app): State<App>, Given(to): Given<To>) -> Answer {
    who.everything(&app, Scope::OrgAdmin).await?;
    let own = who.user().map(|user| user.email.clone());
    let to = to.to.filter(|to| !to.is_empty()).or(own);
    let to = to.ok_or_else(|| Failure::Wrong("Invalid to: name an address".to_owned()))?;
    let outcome = try_out(&app, &who, &to).await?;
    match outcome.verdict {
        Verdict::Sent => Ok(Json(
            json!({ "to": to, "status": outcome.status, "answer": outcome.answer }),
        )),
        Verdict::Again(_) | Verdict::Refused => Err(Failure::Wrong(format!("Not sent: {}", outcome.answer))),
    }
}

/// Sends a message that says that mail works.
pub(crate) async fn try_out(app: &App, who: &Who, to: &str) -> Result<Outcome, Failure> {
    let now = now_ms();
    let alert = Alert {
        rule: "Test of the mail server".to_owned(),
        rule_id: 0,
        kind: Kind::Queue,
        headline: "Mail from this collector arrives".to_owned(),
        reasons: vec![format!("{} asked for this message.", who.actor())],
        organization: "this collector".to_owned(),
        project: String::new(),
        at: now,
        url: format!("{}/", app.url),
        issue_id: None,
        short_id: None,
        title: None,
        place: None,
        event_id: None,
        facts: Vec::new(),
        others: Vec::new(),
        is_test: true,
    };
    Ok(mail::test(app, to, &alert, &format!("{now:x}-test")).await?)
}

fn json_of(server: &MailServer, named: Named) -> Value {
    json!({
        "host": server.host,
        "port": server.port,
        "security": server.security,
        "user": server.user,
        "password": server.password.as_ref().map(|_| MASK),
        "from": server.from,
        "namedBy": match named {
            Named::CommandLine => "command line",
            Named::Page => "settings",
        },
    })
}
