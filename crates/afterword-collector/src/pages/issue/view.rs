//! One issue with one of its events.

use askama::Template;

use super::stack::StackView;
use crate::api::{raw, short_id};
use crate::event::{Breadcrumb, Event, Module, Thread};
use crate::pages::frame::Frame;
use crate::pages::words::{When, count, level_class, size, time_of_day};
use crate::queries::{Attachment, Feedback, Issue, StoredEvent};

/// All that the page is made of.
pub(super) struct Shown {
    pub(super) issue: Issue,
    pub(super) event: StoredEvent,
    pub(super) older: Option<String>,
    pub(super) newer: Option<String>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) feedback: Vec<Feedback>,
    pub(super) other_feedback: Vec<Feedback>,
}

/// The page at `/issues/{id}/` and below.
#[derive(Template)]
#[template(path = "issue/page.html")]
pub(super) struct Page {
    frame: Frame,
    short_id: String,
    project: String,
    title: String,
    level: String,
    level_class: &'static str,
    message: Option<String>,
    glance: Vec<Fact>,
    comments: Vec<Comment>,
    other_comments: Vec<Comment>,
    stack: StackView,
    stack_title: String,
    causes: Vec<Cause>,
    threads: Vec<ThreadView>,
    registers: Vec<(String, String)>,
    modules: Vec<Module>,
    breadcrumbs: Vec<Crumb>,
    sections: Vec<Section>,
    attachments: Vec<File>,
    older_url: Option<String>,
    newer_url: Option<String>,
    event_url: String,
    event_id: String,
    occurred: When,
    received: When,
    signature: Option<String>,
    grouped_by: &'static str,
}

/// A label and what it is.
struct Fact {
    label: &'static str,
    value: String,
    detail: Option<String>,
    /// Names of code and numbers of machines.
    code: bool,
    /// Takes more room than others.
    wide: bool,
    title: String,
}

/// What a person wrote.
struct Comment {
    message: String,
    from: Option<String>,
    when: When,
    url: Option<String>,
}

/// An exception that led to the one on top.
struct Cause {
    title: String,
    stack: StackView,
}

struct ThreadView {
    name: String,
    stack: StackView,
}

struct Crumb {
    time: String,
    category: String,
    level_class: &'static str,
    message: String,
    data: Vec<(String, String)>,
}

/// A group of fields at the side.
struct Section {
    title: String,
    fields: Vec<(String, String)>,
}

struct File {
    name: String,
    what: String,
    size: String,
    url: String,
}

/// Makes the page.
pub(super) fn page(frame: Frame, shown: &Shown, now: i64) -> Page {
    let (issue, stored) = (&shown.issue, &shown.event);
    let event = Event::read(&raw(&stored.shown()));
    let event_url = format!("/issues/{}/events/{}/", issue.id, stored.event_id);
    let beside = |id: &Option<String>| id.as_ref().map(|id| format!("/issues/{}/events/{id}/", issue.id));
    let comments = |list: &[Feedback], link: bool| list.iter().map(|one| comment(one, issue.id, link, now)).collect();
    Page {
        frame,
        short_id: short_id(issue),
        project: format!("{}/{}", issue.organization, issue.project),
        title: stored.title.clone(),
        level_class: level_class(&event.level),
        message: message(&event, &stored.title),
        glance: glance(issue, stored, &event, now),
        comments: comments(&shown.feedback, false),
        other_comments: comments(&shown.other_feedback, true),
        stack: StackView::main(event.main_stack()),
        stack_title: stack_title(&event),
        causes: causes(&event),
        threads: threads(&event),
        registers: event.registers().to_vec(),
        breadcrumbs: event.breadcrumbs.iter().map(crumb).collect(),
        sections: sections(&event),
        attachments: shown
            .attachments
            .iter()
            .map(|attachment| file(attachment, &event_url))
            .collect(),
        older_url: beside(&shown.older),
        newer_url: beside(&shown.newer),
        event_url,
        event_id: stored.event_id.clone(),
        occurred: When::of(stored.occurred_at, now),
        received: When::of(stored.received_at, now),
        signature: issue.signature.clone(),
        grouped_by: match issue.grouped_by.as_str() {
            "fingerprint" => "the fingerprint the application gives them",
            "signature" => "the signature of their stack",
            "stack" => "their type and stack",
            _ => "their words",
        },
        level: level(&event),
        modules: event.modules,
    }
}

/// What happened in one look.
fn glance(issue: &Issue, stored: &StoredEvent, event: &Event, now: i64) -> Vec<Fact> {
    let plain = |label, value: Option<String>| value.map(|value| fact(label, value, false));
    let code = |label, value: Option<String>| value.map(|value| fact(label, value, true));
    let occurred = When::of(stored.occurred_at, now);
    let reason = event
        .is_native_crash()
        .then(|| event.reason().map(str::to_owned))
        .flatten();
    let place = event.top_frame().and_then(|frame| {
        let path = frame.path.as_ref().or(frame.package.as_ref());
        Some(Fact {
            detail: frame.origin(),
            title: path.cloned().unwrap_or_default(),
            ..fact("Where", frame.label()?, true)
        })
    });
    let seen = Fact {
        detail: users(issue),
        ..fact("Seen", count(issue.event_count, "time"), false)
    };
    let when = Fact {
        title: occurred.absolute,
        ..fact("When", occurred.relative, false)
    };
    let facts = [
        code("Reason", reason),
        code("Address", event.fault_address().map(str::to_owned)),
        place,
        code("Release", event.release.clone()),
        plain("System", system(event)),
        Some(when),
        Some(seen),
    ];
    let mut facts: Vec<Fact> = facts.into_iter().flatten().collect();
    // There are four to a row: with more than that, the longest gets the room that would stay empty.
    if facts.len() > 4 {
        facts
            .iter_mut()
            .filter(|fact| fact.label == "Where")
            .for_each(|fact| fact.wide = true);
    }
    facts
}

fn fact(label: &'static str, value: String, code: bool) -> Fact {
    Fact {
        label,
        value,
        detail: None,
        code,
        wide: false,
        title: String::new(),
    }
}

fn users(issue: &Issue) -> Option<String> {
    (issue.user_count > 0).then(|| format!("by {}", count(issue.user_count, "user")))
}

/// `Linux 6.1, x86_64`
fn system(event: &Event) -> Option<String> {
    let name = event.context("os", "name")?;
    let version = event
        .context("os", "version")
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    let arch = event
        .context("device", "arch")
        .map(|arch| format!(", {arch}"))
        .unwrap_or_default();
    Some(format!("{name}{version}{arch}"))
}

/// `fatal, not handled`
fn level(event: &Event) -> String {
    let unhandled = event
        .exception()
        .is_some_and(|exception| exception.handled == Some(false));
    if unhandled {
        format!("{}, not handled", event.level)
    } else {
        event.level.clone()
    }
}

/// What the title does not say of the words that came.
fn message(event: &Event, title: &str) -> Option<String> {
    let value = event.exception().and_then(|exception| exception.value.as_deref());
    let text = value.or(event.message.as_deref())?.trim();
    let said = title.contains(text) || event.reason().is_some_and(|reason| text.starts_with(reason));
    (!said).then(|| text.to_owned())
}

fn stack_title(event: &Event) -> String {
    let thread = event.crashed_thread().and_then(thread_name);
    match (event.is_native_crash(), thread) {
        (true, Some(thread)) => format!("Stack of the thread that crashed, {thread}"),
        (true, None) => "Stack of the thread that crashed".to_owned(),
        (false, Some(thread)) => format!("Stack of {thread}"),
        (false, None) => "Stack".to_owned(),
    }
}

fn thread_name(thread: &Thread) -> Option<String> {
    match (&thread.name, &thread.id) {
        (Some(name), Some(id)) => Some(format!("“{name}” ({id})")),
        (Some(name), None) => Some(format!("“{name}”")),
        (None, Some(id)) => Some(id.clone()),
        (None, None) => None,
    }
}

/// The exceptions below the one on top, the nearest first.
fn causes(event: &Event) -> Vec<Cause> {
    let below = event.exceptions.iter().rev().skip(1);
    below
        .map(|exception| {
            let words = [exception.kind.as_deref(), exception.value.as_deref()];
            let title = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
            Cause {
                title,
                stack: StackView::other(&exception.stack),
            }
        })
        .filter(|cause| !cause.title.is_empty() || !cause.stack.is_empty())
        .collect()
}

/// All threads but the one whose stack is shown already.
fn threads(event: &Event) -> Vec<ThreadView> {
    let shown = event.crashed_thread().map(std::ptr::from_ref);
    let others = event
        .threads
        .iter()
        .filter(|thread| shown != Some(std::ptr::from_ref(*thread)));
    others
        .map(|thread| ThreadView {
            name: thread_name(thread).unwrap_or_else(|| "without a name".to_owned()),
            stack: StackView::other(&thread.stack),
        })
        .collect()
}

fn crumb(crumb: &Breadcrumb) -> Crumb {
    Crumb {
        time: crumb.at.map(time_of_day).unwrap_or_default(),
        category: crumb.category.clone().unwrap_or_default(),
        level_class: level_class(&crumb.level),
        message: crumb.message.clone().unwrap_or_default(),
        data: crumb.data.clone(),
    }
}

/// Tags, user, contexts, and what else the client said.
fn sections(event: &Event) -> Vec<Section> {
    let section = |title: &str, fields: &[(String, String)]| Section {
        title: title.to_owned(),
        fields: fields.to_vec(),
    };
    let named = |name: &str, value: &Option<String>| value.clone().map(|value| (name.to_owned(), value));
    let about = [
        named("environment", &event.environment),
        named("transaction", &event.transaction),
        named("server", &event.server_name),
        Some(("platform".to_owned(), event.platform.clone())),
        named("client", &event.sdk),
    ];
    let mut sections = vec![section("Tags", &event.tags), section("User", &event.user)];
    sections.extend(
        event
            .contexts
            .iter()
            .map(|context| section(&title_case(&context.name), &context.fields)),
    );
    sections.push(section("Extra", &event.extra));
    sections.push(section("Event", &about.into_iter().flatten().collect::<Vec<_>>()));
    sections.retain(|section| !section.fields.is_empty());
    sections
}

/// `os` is `OS`; `some_name` is `Some name`.
fn title_case(name: &str) -> String {
    if ["os", "gpu", "cpu"].contains(&name) {
        return name.to_uppercase();
    }
    let name = name.replace('_', " ");
    let mut chars = name.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

fn comment(feedback: &Feedback, issue: i64, link: bool, now: i64) -> Comment {
    let from = [feedback.name.as_deref(), feedback.email.as_deref()];
    let from = from.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let url = feedback
        .event_id
        .as_ref()
        .filter(|_| link)
        .map(|id| format!("/issues/{issue}/events/{id}/"));
    Comment {
        message: feedback.message.clone(),
        from: Some(from).filter(|from| !from.is_empty()),
        when: When::of(feedback.received_at, now),
        url,
    }
}

fn file(attachment: &Attachment, event_url: &str) -> File {
    File {
        name: attachment.name.clone(),
        what: match attachment.kind.as_str() {
            "event.minidump" => "minidump".to_owned(),
            "event.attachment" => attachment
                .content_type
                .clone()
                .unwrap_or_else(|| "attachment".to_owned()),
            kind => kind.to_owned(),
        },
        size: size(attachment.size_bytes),
        url: format!("{event_url}attachments/{}", attachment.id),
    }
}
