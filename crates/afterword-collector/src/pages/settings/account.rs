//! The account of whoever looks: name, password, the browsers they are signed in with.

use std::net::SocketAddr;

use askama::Template;
use axum::Router;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};

use super::{About, DONE, Side, to};
use crate::access::{By, User};
use crate::accounts::{check_password, people, sign_in};
use crate::pages::account::let_in;
use crate::pages::frame::Frame;
use crate::pages::posted::{Fields, Posted};
use crate::pages::said::Said;
use crate::pages::words::When;
use crate::pages::{Failure, number, render};
use crate::{App, accounts, api, now_ms};

const HERE: &str = "/settings/account/";

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings/account/", get(show))
        .route("/settings/account/name", post(rename))
        .route("/settings/account/password", post(change_password))
        .route("/settings/account/sign-ins/{sign_in}/end", post(end))
}

#[derive(Template)]
#[template(path = "settings/account.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    /// `None` on this machine, where nobody has an account, and for a token of nobody's.
    user: Option<User>,
    is_nobody: bool,
    browsers: Vec<Browser>,
}

struct Browser {
    id: i64,
    /// As it names itself.
    client: String,
    since: When,
    seen: When,
    is_this: bool,
}

async fn show(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    let said = Said::done(&frame, DONE);
    page(&app, frame, said).await
}

async fn page(app: &App, frame: Frame, said: Said) -> Result<Response, Failure> {
    let user = frame.who.user().cloned();
    let now = now_ms();
    let this = match frame.who.by() {
        By::SignIn { id, .. } => Some(*id),
        By::Here | By::Token(_) => None,
    };
    let browsers = match &user {
        Some(user) => sign_in::list(&app.database, user.id, now).await?,
        None => Vec::new(),
    };
    let browser = |open: sign_in::Open| Browser {
        id: open.id,
        client: open.client,
        since: When::of(open.created_at, now),
        seen: When::of(open.seen_at, now),
        is_this: this == Some(open.id),
    };
    let page = Page {
        side: Side::new(app, &frame, About::Neither).await?,
        is_nobody: user.is_none() && people::is_nobody(&app.database).await?,
        user,
        browsers: browsers.into_iter().map(browser).collect(),
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

/// Who is signed in: a token changes nobody's account.
fn signed_in(frame: &Frame) -> Result<User, Failure> {
    match (frame.who.by(), frame.who.user()) {
        (By::SignIn { .. }, Some(user)) => Ok(user.clone()),
        _ => Err(Failure::Forbidden("This is for who is signed in.".to_owned())),
    }
}

async fn rename(State(app): State<App>, Posted { frame, fields }: Posted) -> Result<Response, Failure> {
    let user = signed_in(&frame)?;
    people::set_name(&app.database, user.id, &accounts::name(fields.get("name"))).await?;
    Ok(to(HERE, "saved"))
}

/// Ends all sign-ins, and makes one for this browser.
async fn change_password(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Posted { frame, fields }: Posted,
) -> Result<Response, Failure> {
    let user = signed_in(&frame)?;
    match new_password(&app, from, &user, &fields).await {
        Ok(()) => {
            tracing::info!(user = user.id, "a password was changed");
            Ok(let_in(&app, &headers, &user, &format!("{HERE}?done=password")).await?.0)
        }
        Err(failure) => {
            let failure = match failure {
                api::Failure::Unauthorized(_) => api::Failure::Wrong("The present password is another".to_owned()),
                failure => failure,
            };
            page(&app, frame, Said::of("password", Fields::default(), failure)?).await
        }
    }
}

async fn new_password(app: &App, from: SocketAddr, user: &User, fields: &Fields) -> Result<(), api::Failure> {
    let (present, new) = (fields.get("password"), fields.get("new_password"));
    check_password(new, &user.email)?;
    app.accounts
        .check(&app.database, from.ip(), &user.email, present)
        .await?;
    let hash = app.accounts.hashing.hash(new.to_owned()).await?;
    people::set_password(&app.database, user.id, &hash).await?;
    Ok(())
}

async fn end(
    State(app): State<App>,
    Path(sign_in): Path<String>,
    Posted { frame, .. }: Posted,
) -> Result<Response, Failure> {
    let user = signed_in(&frame)?;
    if !sign_in::end_of(&app.database, user.id, number(&sign_in)?).await? {
        return Err(Failure::NotFound);
    }
    Ok(to(HERE, "ended"))
}
