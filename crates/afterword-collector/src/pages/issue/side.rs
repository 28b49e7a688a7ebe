//! What stands beside the story of an event: its files, what its client said of the machine and the user.

use super::spread::search_url;
use crate::event::Event;
use crate::pages::room::{Room, short, weight};
use crate::pages::words::{When, size};
use crate::queries::{Attachment, Feedback};

/// Fields of a group, and how long they are, in characters.
const MAX_FIELDS: usize = 40;
const MAX_KEY: usize = 60;
const MAX_VALUE: usize = 400;

/// The longest comment, in characters.
const MAX_COMMENT: usize = 2000;

/// A group of fields.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: String,
    /// Name, value, and where others with the same are listed.
    pub(super) fields: Vec<(String, String, Option<String>)>,
    /// Fields that are not shown.
    pub(super) more: usize,
}

/// A file of the event.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) what: String,
    pub(super) size: String,
    pub(super) url: String,
}

/// What a person wrote.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) message: String,
    pub(super) from: Option<String>,
    pub(super) when: When,
    pub(super) url: Option<String>,
}

/// Tags, user, contexts, and what else the client said, in a bounded room; and how many groups there are besides.
/// Tags that `is_shown` elsewhere are left out.
pub(super) fn sections(
    event: &Event,
    project: &str,
    is_shown: impl Fn(&str, &str) -> bool,
    mut room: Room,
) -> (Vec<Section>, usize) {
    let section = |title: &str, fields: &[(String, String)], tags: bool| {
        let shown = fields.iter().take(MAX_FIELDS).map(|(key, value)| {
            let url = (tags && key.len() + value.len() < 250).then(|| search_url(key, value, project));
            (short(key, MAX_KEY), short(value, MAX_VALUE), url)
        });
        Section {
            title: short(title, MAX_KEY),
            fields: shown.collect(),
            more: fields.len().saturating_sub(MAX_FIELDS),
        }
    };
    let named = |name: &str, value: &Option<String>| value.clone().map(|value| (name.to_owned(), value));
    let about = [
        named("environment", &event.environment),
        named("transaction", &event.transaction),
        named("logger", &event.logger),
        named("server", &event.server_name),
        Some(("platform".to_owned(), event.platform.clone())),
        named("client", &event.sdk),
    ];
    let tags = event.tags.iter().filter(|(key, value)| !is_shown(key, value));
    let tags: Vec<(String, String)> = tags.cloned().collect();
    let mut sections = vec![section("User", &event.user, false), section("More tags", &tags, true)];
    // Of our own context, what is said above is not said again.
    let is_new = |context: &crate::event::Section, field: &(String, String)| {
        context.name != "afterword" || !["signature", "reason", "address", "soft_errors"].contains(&field.0.as_str())
    };
    let contexts = event.contexts.iter();
    sections.extend(contexts.map(|context| {
        let fields = context.fields.iter().filter(|field| is_new(context, field));
        section(&title_case(&context.name), &fields.cloned().collect::<Vec<_>>(), false)
    }));
    sections.push(section("Extra", &event.extra, false));
    sections.push(section(
        "Event",
        &about.into_iter().flatten().collect::<Vec<_>>(),
        false,
    ));
    sections.retain(|section| !section.fields.is_empty());
    room.fit(sections, |section| {
        let fields = section.fields.iter();
        let fields = fields.map(|(key, value, url)| {
            60 + weight(key) + weight(value) + url.as_deref().map_or(0, |url| 20 + weight(url))
        });
        140 + weight(&section.title) + fields.sum::<usize>()
    })
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

/// What people wrote, as far as there is room.
pub(super) fn comments(list: &[Feedback], issue: i64, link: bool, mut room: Room, now: i64) -> (Vec<Comment>, usize) {
    room.fit(list.iter().map(|one| comment(one, issue, link, now)), |comment| {
        350 + weight(&comment.message) + comment.from.as_deref().map_or(0, weight)
    })
}

fn comment(feedback: &Feedback, issue: i64, link: bool, now: i64) -> Comment {
    let from = [feedback.name.as_deref(), feedback.email.as_deref()];
    let from: Vec<String> = from.into_iter().flatten().map(|text| short(text, 120)).collect();
    let url = feedback
        .event_id
        .as_ref()
        .filter(|_| link)
        .map(|id| format!("/issues/{issue}/events/{id}/"));
    Comment {
        message: short(&feedback.message, MAX_COMMENT),
        from: Some(from.join(", ")).filter(|from| !from.is_empty()),
        when: When::of(feedback.received_at, now),
        url,
    }
}

/// The files that fit, and how many there are besides.
pub(super) fn files(attachments: &[Attachment], event_url: &str, mut room: Room) -> (Vec<File>, usize) {
    room.fit(
        attachments.iter().map(|attachment| file(attachment, event_url)),
        |file| 150 + weight(&file.name) + weight(&file.what) + file.url.len(),
    )
}

fn file(attachment: &Attachment, event_url: &str) -> File {
    let kind = attachment.content_type.as_deref();
    File {
        name: short(&attachment.name, 120),
        what: match attachment.kind.as_str() {
            "event.minidump" => "minidump".to_owned(),
            "event.attachment" => short(kind.unwrap_or("attachment"), 60),
            kind => short(kind, 60),
        },
        size: size(attachment.size_bytes),
        url: format!("{event_url}attachments/{}", attachment.id),
    }
}
