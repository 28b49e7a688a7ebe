//! An event's stack as plain text, to be put into a mail or a chat.

use super::stack;
use crate::event::Event;
use crate::pages::room::{short, weight};
use crate::queries::StoredEvent;

/// What the page brings along to be copied, and what is sent as a text, in bytes of a page.
pub(super) const ON_PAGE_BYTES: usize = 6 << 10;
pub(super) const ALONE_BYTES: usize = 140 << 10;

/// Title, reason, release and the frames, newest first; what is too much is said to be.
pub(super) fn text(stored: &StoredEvent, event: &Event, url: &str, most_bytes: usize) -> String {
    let mut lines = vec![stored.title.clone()];
    let reason = event.exception().and_then(|exception| exception.value.clone());
    let reason = reason.or_else(|| event.message.clone());
    lines.extend(
        reason
            .filter(|reason| !stored.title.contains(reason))
            .map(|reason| short(&reason, 600)),
    );
    let facts = [
        ("Release", event.release.as_deref()),
        ("Reason", event.reason()),
        ("Address", event.fault_address()),
    ];
    for (name, value) in facts {
        lines.extend(value.map(|value| format!("{name}: {}", short(value, 120))));
    }
    lines.push(url.to_owned());
    lines.push(String::new());
    let stack = event.main_stack();
    let frames = stack::views(stack, stack.top_frame());
    let mut bytes: usize = lines.iter().map(|line| weight(line) + 1).sum();
    let all = frames.len();
    for (number, frame) in frames.iter().enumerate() {
        let line = format!("{number:>3}  {}", frame.text());
        bytes += weight(&line) + 1;
        if bytes > most_bytes {
            lines.push(format!("     {} more frames", all - number + stack.left_out));
            break;
        }
        lines.push(line);
    }
    if all == 0 {
        lines.push("This event came without a stack.".to_owned());
    }
    for exception in event.exceptions.iter().rev().skip(1).take(5) {
        let words = [exception.kind.as_deref(), exception.value.as_deref()];
        let words = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
        lines.push(format!("Caused by: {}", short(&words, 200)));
    }
    lines.push(String::new());
    lines.join("\n")
}
