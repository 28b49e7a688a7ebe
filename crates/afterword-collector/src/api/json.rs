//! Issues and events as JSON.

use super::asked::time;
use crate::event::Event;
use crate::issues::state::{Detail, substatus_shown};
use crate::queries::lists::{EventLine, Tags};
use crate::queries::{Attachment, Feedback, Issue, StoredEvent};
use crate::{App, lenient};
use serde_json::{Value, json};

/// An issue: Sentry's fields, and our `signature` and `groupedBy`.
pub(super) fn issue(app: &App, issue: &Issue) -> Value {
    let detail = Detail::read(issue.status_detail.as_deref());
    json!({
        "id": issue.id.to_string(),
        "shortId": short_id(issue),
        "title": issue.title,
        "culprit": issue.culprit,
        "signature": issue.signature,
        "groupedBy": issue.grouped_by,
        "level": issue.level,
        "platform": issue.platform,
        "type": "error",
        "status": issue.status,
        "statusDetails": detail.shown(),
        "substatus": substatus_shown(&issue.status, &issue.substatus, &detail),
        "assignedTo": issue.assigned_to.as_ref().map(|name| json!({ "type": "user", "name": name, "email": name })),
        "count": issue.event_count.to_string(),
        "userCount": issue.user_count,
        "firstSeen": time(issue.first_seen),
        "lastSeen": time(issue.last_seen),
        "firstRelease": issue.first_release.as_ref().map(|version| json!({ "version": version })),
        "lastRelease": issue.release.as_ref().map(|version| json!({ "version": version })),
        "permalink": format!("{}/issues/{}/", app.url, issue.id),
        "project": { "id": issue.project_id.to_string(), "slug": issue.project },
        "metadata": {
            "type": issue.kind,
            "value": issue.value,
            "function": issue.function,
            "filename": issue.filename,
        },
    })
}

/// An event in a list.
pub(super) fn event_line(event: &EventLine, tags: &Tags) -> Value {
    let tag = |key: &str| tags.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    let user = ["id", "email", "username"].map(|field| (field, tag(&format!("user.{field}"))));
    let has_user = user.iter().any(|(_, value)| value.is_some());
    json!({
        "id": event.event_id,
        "eventID": event.event_id,
        "groupID": event.issue_id.to_string(),
        "projectID": event.project_id.to_string(),
        "event.type": "error",
        "title": event.title,
        "level": event.level,
        "platform": event.platform,
        "release": event.release.as_ref().map(|version| json!({ "version": version })),
        "environment": event.environment,
        "user": has_user.then(|| user.into_iter().collect::<std::collections::BTreeMap<_, _>>()),
        "tags": tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Value>(),
        "dateCreated": time(event.occurred_at),
        "dateReceived": time(event.received_at),
    })
}

/// An event: Sentry's fields in the shapes they came in, and our `feedback`, `attachments` and `raw`.
pub(super) fn event(app: &App, stored: &StoredEvent, attachments: &[Attachment], feedback: &[Feedback]) -> Value {
    let raw = raw(&stored.shown());
    let event = Event::read(&raw);
    let field = |name: &str| raw.get(name).cloned().unwrap_or(Value::Null);
    let culprit = event.culprit();
    let top = event.top_frame().map(|frame| {
        json!({
            "function": frame.short_name(), "file": frame.file, "absPath": frame.path,
            "line": frame.line.as_deref().map(number),
        })
    });
    json!({
        "id": stored.event_id,
        "eventID": stored.event_id,
        "groupID": stored.issue_id.to_string(),
        "permalink": format!("{}/issues/{}/events/{}/", app.url, stored.issue_id, stored.event_id),
        "title": stored.title,
        "message": event.message.unwrap_or_default(),
        "level": event.level,
        "platform": event.platform,
        "dateCreated": time(stored.occurred_at),
        "dateReceived": time(stored.received_at),
        "release": event.release.map(|version| json!({ "version": version })),
        "environment": event.environment,
        "culprit": culprit,
        "topFrame": top,
        "tags": event.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Value>(),
        "contexts": field("contexts"),
        "user": field("user"),
        "breadcrumbs": field("breadcrumbs"),
        "exception": field("exception"),
        "threads": field("threads"),
        "errors": field("errors"),
        "feedback": feedback.iter().map(|feedback| json!({
            "message": feedback.message, "email": feedback.email, "name": feedback.name,
            "dateCreated": time(feedback.received_at),
        })).collect::<Value>(),
        "attachments": attachments.iter().map(attachment).collect::<Value>(),
        "raw": self::raw(&stored.raw()),
    })
}

/// A file of an event.
pub(super) fn attachment(attachment: &Attachment) -> Value {
    json!({
        "id": attachment.id.to_string(), "name": attachment.name, "type": attachment.kind,
        "mimetype": attachment.content_type, "size": attachment.size_bytes, "sha256": attachment.sha256,
    })
}

/// `EDITOR-3`: what people call an issue.
pub(crate) fn short_id(issue: &Issue) -> String {
    format!("{}-{}", issue.project.to_uppercase(), issue.number)
}

/// The payload as JSON. It was JSON when it was digested.
pub(crate) fn raw(bytes: &[u8]) -> Value {
    lenient::parse(bytes).unwrap_or(Value::Null)
}

/// A line number as a number, if it is one.
fn number(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number))
}
