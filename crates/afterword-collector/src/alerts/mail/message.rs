//! What a mail says: a subject, and the same in text and in HTML.

use askama::Template;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message as Built};

use super::smtp::Way;
use super::{host, mailbox};
use crate::alerts::delivery::Message;
use crate::alerts::text::{cut, heading, kind, one_line};
use crate::alerts::{Alert, Lines};
use crate::api::time;

/// In characters. Longer subjects are cut by who shows them, too.
const MAX_SUBJECT: usize = 180;
const MAX_TEXT: usize = 1000;

/// Lines of each kind that are told.
const MAX_LINES: usize = 50;

/// One line that says which project, and what happened there.
pub(super) fn subject(alert: &Alert) -> String {
    let test = if alert.is_test { "[Test] " } else { "" };
    let what = match alert.others.len() {
        0 => one_line(&alert.headline),
        _ => heading(&Alert {
            is_test: false,
            ..alert.clone()
        }),
    };
    cut(&format!("{test}{what}"), MAX_SUBJECT)
}

/// What both forms show, each text in one line and of bounded length.
#[derive(Template)]
#[template(path = "mail/alert.html")]
struct Shown {
    heading: String,
    kind: &'static str,
    headline: String,
    title: Option<String>,
    place: Option<String>,
    reasons: Vec<String>,
    facts: Lines,
    others: Lines,
    more: usize,
    url: Option<String>,
    rule: String,
    organization: String,
    at: String,
    is_test: bool,
}

impl Shown {
    fn new(alert: &Alert) -> Self {
        let text = |text: &str| cut(&one_line(text), MAX_TEXT);
        let is_said = |text: &String| !text.is_empty();
        let lines = |lines: &Lines| -> Lines {
            let lines = lines.iter().take(MAX_LINES);
            lines.map(|(a, b)| (text(a), text(b))).collect()
        };
        let others = alert.others.iter().take(MAX_LINES);
        Self {
            heading: heading(alert),
            kind: kind(alert.kind),
            headline: text(&alert.headline),
            title: alert.title.as_deref().map(text).filter(is_said),
            place: alert.place.as_deref().map(text).filter(is_said),
            reasons: alert
                .reasons
                .iter()
                .take(MAX_LINES)
                .map(|line| text(line))
                .filter(is_said)
                .collect(),
            facts: lines(&alert.facts),
            others: others
                .map(|(headline, url)| (text(headline), link(url).unwrap_or_default()))
                .collect(),
            more: alert.others.len().saturating_sub(MAX_LINES),
            url: link(&alert.url),
            rule: text(&alert.rule),
            organization: text(&alert.organization),
            at: time(alert.at).unwrap_or_default(),
            is_test: alert.is_test,
        }
    }
}

/// An address of the web, encoded: nothing else becomes a link.
fn link(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.as_str().len() <= 2000).then(|| url.to_string())
}

/// For who reads text.
pub(super) fn text(alert: &Alert) -> String {
    let shown = Shown::new(alert);
    let mut out = String::new();
    let mut line = |line: &str| {
        out.push_str(line);
        out.push('\n');
    };
    if shown.is_test {
        line("This is a test: nothing happened.\n");
    }
    line(&shown.headline);
    if let Some(title) = &shown.title {
        line(&format!("\n{title}"));
    }
    if let Some(place) = &shown.place {
        line(&format!("in {place}"));
    }
    if !shown.reasons.is_empty() {
        line("");
    }
    for reason in &shown.reasons {
        line(reason);
    }
    if !shown.facts.is_empty() {
        line("");
    }
    for (name, value) in &shown.facts {
        line(&format!("{name}: {value}"));
    }
    if let Some(url) = &shown.url {
        line(&format!("\n{url}"));
    }
    if !shown.others.is_empty() {
        line("\nAnd these:");
    }
    for (headline, url) in &shown.others {
        line(&format!("\n- {headline}\n  {url}"));
    }
    if shown.more > 0 {
        line(&format!("\n… and {} more.", shown.more));
    }
    line(&format!(
        "\n-- \nRule “{}” of {}, {}",
        shown.rule, shown.organization, shown.at
    ));
    out
}

/// For who reads HTML.
fn html(alert: &Alert) -> Result<String, askama::Error> {
    Shown::new(alert).render()
}

/// The whole message to an address, the one of this number.
///
/// # Errors
/// In words, if something about it cannot be written.
pub(super) fn build(
    way: &Way<'_>,
    to: Address,
    number: usize,
    message: &Message<'_>,
    text: &str,
) -> Result<Built, String> {
    let from: Mailbox = mailbox(&way.server.from).ok_or("the sender in the settings of mail is none")?;
    let html = html(message.alert).map_err(|error| error.to_string())?;
    let raw = |name: &'static str, value: String| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
    let ours = host(&format!("http://{}", way.ours));
    Built::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(subject(message.alert))
        .date_now()
        .message_id(Some(format!("<{}-{number}@{ours}>", message.id)))
        // No vacation notice answers it, and readers can sort it.
        .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
        .raw_header(raw("List-Id", format!("Afterword <alerts.{ours}>")))
        .raw_header(raw("X-Afterword-Delivery", message.id.to_owned()))
        .multipart(MultiPart::alternative_plain_html(text.to_owned(), html))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::samples;

    #[test]
    fn as_text_and_as_html() {
        insta::assert_snapshot!("text", text(&samples::usual()));
        insta::assert_snapshot!("summary_text", text(&samples::summary()));
        insta::assert_snapshot!("html", html(&samples::usual()).unwrap());
        insta::assert_snapshot!("summary_html", html(&samples::summary()).unwrap());
    }

    #[test]
    fn subjects() {
        let of = |alert: Alert| subject(&alert);
        assert_eq!(of(samples::usual()), "A new issue in editor: SIGSEGV in draw_line");
        assert_eq!(of(samples::summary()), "New issue and 2 more");
        let test = Alert {
            is_test: true,
            ..samples::usual()
        };
        assert!(of(test).starts_with("[Test] A new issue"));
        let hostile = of(samples::hostile());
        assert!(!hostile.contains(char::is_control) && hostile.encode_utf16().count() <= MAX_SUBJECT);
    }

    #[test]
    fn what_means_ill_is_text() {
        let alert = samples::hostile();
        let html = html(&alert).unwrap();
        assert!(
            !html.contains("<script") && !html.contains("<i>") && !html.contains("<!channel"),
            "{html}"
        );
        assert!(!html.contains('\u{202e}') && !html.contains('\0'));
        assert!(html.len() < 400_000, "{}", html.len());
        let bad = Alert {
            url: "javascript:alert(1)".to_owned(),
            others: vec![("other".to_owned(), "data:text/html,x".to_owned())],
            ..samples::usual()
        };
        let html = super::html(&bad).unwrap();
        assert!(!html.contains("javascript:") && !html.contains("data:"), "{html}");
        assert!(!text(&bad).contains("javascript:"));
    }

    #[test]
    fn nothing_loads_from_elsewhere() {
        let html = html(&samples::summary()).unwrap();
        for part in ["<img", "url(", "@import", "<link", "src="] {
            assert!(!html.contains(part), "{part}: {html}");
        }
    }
}
