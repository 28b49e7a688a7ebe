//! `/api/{id}/security/` and `/api/{id}/csp-report/`: what browsers report of a page's own rules. Accepted and counted;
//! nothing is made of it.

use afterword_protocol::envelope::kind;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use uuid::Uuid;

use super::body::Limit;
use super::building::{Building, header_of};
use super::incoming::Incoming;
use super::sender::Sender;
use super::taking::take;
use super::{Category, Refusal, answer_json};
use crate::App;

pub(super) async fn security(
    State(app): State<App>,
    Path(project): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let sender = Sender::of(&app, &parts, Some(&project)).await?;
    let limit = Limit::of_event();
    let taking = async {
        let incoming = Incoming::of(&parts.headers, body, limit, limit)?;
        let report = app.ingest.budget.read(incoming, limit).await?;
        if report.trim_ascii().is_empty() {
            return Err(Refusal::Malformed("the body is empty".to_owned()));
        }
        let mut building = Building::new(app.ingest.budget.held(Limit::of_envelope()))?;
        building.push(&header_of(kind::SECURITY), &report)?;
        take(&app, &sender, building.finish(Uuid::new_v4())).await
    };
    let taken = sender.count(&app, Category::Security, taking.await)?.or_limited()?;
    Ok(answer_json("{}", &taken))
}
