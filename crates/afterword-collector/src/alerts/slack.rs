//! A message for Slack: blocks, and a text for where blocks are not shown (notifications, other programs that take Slack's
//! webhooks). Limits: <https://docs.slack.dev/reference/block-kit/blocks>; escapes:
//! <https://docs.slack.dev/messaging/formatting-message-text>.

use serde_json::{Value, json};

use super::text::{cut_mapped, heading, one_line};
use super::{Alert, Lines};
use crate::api::time;

/// In characters, of what is escaped.
const MAX_HEADER: usize = 150;
const MAX_SECTION: usize = 3000;
const MAX_FIELD: usize = 2000;
const MAX_URL: usize = 3000;
/// Of the text beside the blocks.
const MAX_TEXT: usize = 3000;

/// Of a section.
const MAX_FIELDS: usize = 10;

/// Reasons, facts and others that are told.
const MAX_REASONS: usize = 10;
const MAX_FACTS: usize = 20;
const MAX_OTHERS: usize = 40;

/// What is posted.
pub(super) fn message(alert: &Alert) -> Value {
    let mut blocks = vec![json!({ "type": "header", "text": plain(&heading(alert), MAX_HEADER) })];
    blocks.push(section(&what(alert)));
    for facts in alert.facts[..alert.facts.len().min(MAX_FACTS)].chunks(MAX_FIELDS) {
        let fields: Vec<Value> = facts.iter().map(|(name, value)| field(name, value)).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    blocks.extend(others(&alert.others).iter().map(|lines| section(lines)));
    blocks.push(json!({ "type": "context", "elements": [marked(&context(alert))] }));
    if let Some(url) = address(&alert.url) {
        let text = if alert.issue_id.is_some() {
            "Open the issue"
        } else {
            "Open"
        };
        let button = json!({ "type": "button", "text": plain(text, 75), "url": url, "style": "primary" });
        blocks.push(json!({ "type": "actions", "elements": [button] }));
    }
    let test = if alert.is_test { "Test: " } else { "" };
    let text = format!("{test}{}", alert.headline);
    json!({ "text": escaped(&one_line(&text), MAX_TEXT), "blocks": blocks, "unfurl_links": false })
}

/// Headline, the issue's title and place, and the reasons.
fn what(alert: &Alert) -> String {
    let mut text = format!("*{}*", escaped(&one_line(&alert.headline), 1000));
    // Reasons at the end may have no room any more.
    let mut line = |line: String| {
        if text.encode_utf16().count() + line.encode_utf16().count() < MAX_SECTION {
            text.push('\n');
            text.push_str(&line);
        }
    };
    if let Some(title) = &alert.title {
        line(code(title, 500));
    }
    if let Some(place) = &alert.place {
        line(format!("in {}", code(place, 300)));
    }
    for reason in alert.reasons.iter().take(MAX_REASONS) {
        line(escaped(&one_line(reason), 500));
    }
    text
}

fn field(name: &str, value: &str) -> Value {
    let (name, value) = (
        escaped(&one_line(name), 200),
        escaped(&one_line(value), MAX_FIELD - 300),
    );
    marked(&format!("*{name}*\n{value}"))
}

/// Sections of the others' lines: each as long as a section may be.
fn others(others: &Lines) -> Vec<String> {
    let mut sections = Vec::new();
    let mut text = String::new();
    let mut add = |line: String| {
        if text.encode_utf16().count() + line.encode_utf16().count() + 1 > MAX_SECTION {
            sections.push(std::mem::take(&mut text));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    };
    for (headline, url) in others.iter().take(MAX_OTHERS) {
        let headline = escaped(&one_line(headline), 300);
        match address(url).filter(|url| url.len() < 1000) {
            Some(url) => add(format!("• <{}|{headline}>", escaped(&url, 2000))),
            None => add(format!("• {headline}")),
        }
    }
    if others.len() > MAX_OTHERS {
        add(format!("… and {} more", others.len() - MAX_OTHERS));
    }
    if !text.is_empty() {
        sections.push(text);
    }
    sections
}

fn context(alert: &Alert) -> String {
    let at = time(alert.at).unwrap_or_default();
    let (rule, organization) = (one_line(&alert.rule), one_line(&alert.organization));
    let mut text = format!("Rule “{}” of {}", escaped(&rule, 300), escaped(&organization, 100));
    if let Some(short_id) = &alert.short_id {
        text.push_str(&format!(" · {}", escaped(&one_line(short_id), 100)));
    }
    format!("{text} · {at}")
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": marked(text) })
}

/// With Slack's marks; names and addresses in it become no links by themselves.
fn marked(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

fn plain(text: &str, max: usize) -> Value {
    json!({ "type": "plain_text", "text": escaped(text, max), "emoji": false })
}

/// As Slack wants it: nothing in it is a link, a mention, or the end of one.
fn escaped(text: &str, max: usize) -> String {
    cut_mapped(text, max, |char, out| match char {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        char => out.push(char),
    })
}

/// As code, where no other mark counts.
fn code(text: &str, max: usize) -> String {
    let text = one_line(text).replace('`', "'");
    match text.as_str() {
        "" => "–".to_owned(),
        text => format!("`{}`", escaped(text, max)),
    }
}

/// An address that Slack takes: one of the web, with nothing in it that ends a link.
fn address(url: &str) -> Option<String> {
    let url = url::Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let url = url.as_str().replace('|', "%7C").replace('>', "%3E").replace('<', "%3C");
    (url.len() <= MAX_URL).then_some(url)
}

#[cfg(test)]
mod tests;
