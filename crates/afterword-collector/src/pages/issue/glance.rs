//! What happened in one look.

use super::look::Look;
use super::spread::search_url;
use crate::event::{Event, Thread};
use crate::pages::room::short;
use crate::pages::words::{When, count};
use crate::queries::Issue;

/// A label and what it is.
#[derive(Debug, Default)]
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) detail: Option<String>,
    /// Names of code and numbers of machines.
    pub(super) code: bool,
    /// Takes more room than others.
    pub(super) wide: bool,
    pub(super) title: String,
    pub(super) url: Option<String>,
}

/// What happened, where, in what, and how often.
pub(super) fn facts(look: &Look) -> Vec<Fact> {
    let (issue, event) = (&look.issue, &look.whole.event);
    let code = |label, value: Option<&str>| value.map(|value| fact(label, value, true));
    let reason = event.is_native_crash().then(|| event.reason()).flatten();
    let place = event.top_frame().and_then(|frame| {
        let path = frame.path.as_ref().or(frame.package.as_ref());
        Some(Fact {
            detail: frame.origin().map(|origin| short(&origin, 200)),
            title: path.map_or(String::new(), |path| short(path, 240)),
            ..fact("Where", &frame.label()?, true)
        })
    });
    let release = event.release.as_deref().map(|release| Fact {
        url: Some(search_url("release", release, &look.project.slug)),
        detail: event.environment.as_deref().map(|environment| short(environment, 80)),
        ..fact("Release", release, true)
    });
    let system = system(event).map(|system| fact("System", &system, false));
    let occurred = When::of(look.stored.occurred_at, look.now);
    let when = Fact {
        detail: Some(occurred.absolute),
        ..fact("This event", &occurred.relative, false)
    };
    let seen = Fact {
        detail: Some(whom(issue)),
        ..fact("Seen", &count(issue.event_count, "time"), false)
    };
    let facts = [
        code("Reason", reason),
        code("Address", event.fault_address()),
        place,
        release,
        system,
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

fn fact(label: &'static str, value: &str, code: bool) -> Fact {
    Fact {
        label,
        value: short(value, 300),
        code,
        ..Fact::default()
    }
}

fn whom(issue: &Issue) -> String {
    if issue.user_count > 0 {
        format!("by {}", count(issue.user_count, "user"))
    } else {
        "by users that are not named".to_owned()
    }
}

/// `Linux 6.1, x86_64`
fn system(event: &Event) -> Option<String> {
    let name = event.context("os", "name")?;
    let version = event
        .context("os", "version")
        .map_or(String::new(), |version| format!(" {version}"));
    let arch = event
        .context("device", "arch")
        .map_or(String::new(), |arch| format!(", {arch}"));
    Some(format!("{name}{version}{arch}"))
}

/// `fatal, not handled`
pub(super) fn level(event: &Event) -> String {
    let level = short(&event.level, 40);
    let unhandled = event
        .exception()
        .is_some_and(|exception| exception.handled == Some(false));
    if unhandled {
        format!("{level}, not handled")
    } else {
        level
    }
}

/// What the title does not say of the words that came.
pub(super) fn message(event: &Event, title: &str) -> Option<String> {
    let value = event.exception().and_then(|exception| exception.value.as_deref());
    let text = value.or(event.message.as_deref())?.trim();
    let said = title.contains(text) || event.reason().is_some_and(|reason| text.starts_with(reason));
    (!said).then(|| short(text, 2000))
}

/// Whose stack it is.
pub(super) fn stack_title(event: &Event) -> String {
    let thread = event.crashed_thread().and_then(thread_name);
    match (event.is_native_crash(), thread) {
        (true, Some(thread)) => format!("Stack of the thread that crashed, {thread}"),
        (true, None) => "Stack of the thread that crashed".to_owned(),
        (false, Some(thread)) => format!("Stack of {thread}"),
        (false, None) => "Stack".to_owned(),
    }
}

fn thread_name(thread: &Thread) -> Option<String> {
    let name = thread.name.as_deref().map(|name| short(name, 80));
    let id = thread.id.as_deref().map(|id| short(id, 24));
    match (name, id) {
        (Some(name), Some(id)) => Some(format!("“{name}” ({id})")),
        (Some(name), None) => Some(format!("“{name}”")),
        (None, Some(id)) => Some(id),
        (None, None) => None,
    }
}
