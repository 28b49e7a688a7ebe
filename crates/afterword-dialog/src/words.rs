//! Every word the dialog says of its own, in one place, for the window and the terminal alike.
//!
//! What the person agreed to is what they read, so the texts have a version, kept with the answer. Change it when the
//! meaning of a sentence about sending changes.

use afterword_store::ReportKind;

use crate::text;

/// Version of the texts below, kept with each answer.
pub const TEXT_VERSION: u32 = 2;
/// Language of the texts below, kept with each answer (BCP 47).
pub const LOCALE: &str = "en";

pub(crate) const COMMENT_LABEL: &str = "What were you doing? (optional)";
pub(crate) const COMMENT_HINT: &str = "A few words help to find the cause.";
pub(crate) const DETAILS: &str = "What would be sent";
pub(crate) const SEND: &str = "Send report";
pub(crate) const DONT_SEND: &str = "Don’t send";
pub(crate) const CANCEL: &str = "Cancel";
pub(crate) const CLOSE: &str = "Close";
pub(crate) const COPY: &str = "Copy";
pub(crate) const COPIED: &str = "Copied";
pub(crate) const OPEN_PAGE: &str = "Open the report’s page";
pub(crate) const CONSENT: &str = "Nothing is sent unless you agree.";
pub(crate) const LATER: &str = "Close this window to be asked again at the next start.";

pub(crate) const SUMMARY: &str = "Summary";
pub(crate) const KEY_APP: &str = "Program";
pub(crate) const KEY_RELEASE: &str = "Version";
pub(crate) const KEY_WHAT: &str = "Kind";
pub(crate) const KEY_SERVER: &str = "Goes to";
pub(crate) const KEY_COMMENT: &str = "Your comment";
pub(crate) const NO_COMMENT: &str = "none";
pub(crate) const STACK: &str = "Where it happened";
pub(crate) const STACK_PENDING: &str = "Working out the stack…";
pub(crate) const STACK_EMPTY: &str = "The stack could not be worked out. The report is still useful.";
pub(crate) const TAGS: &str = "Tags";
pub(crate) const BREADCRUMBS: &str = "What led up to it";
pub(crate) const FILES: &str = "Files";
pub(crate) const FILES_MORE: &str =
    "They hold more than is listed here: the other threads, registers, and what the program noted about the system.";
pub(crate) const RAW: &str = "The whole report as text";
pub(crate) const REMOVED: &str = "Removed before it was stored";
pub(crate) const INLINED: &str = "inlined";
pub(crate) const UNKNOWN_FUNCTION: &str = "unknown function";

pub(crate) const SENDING: &str = "Sending the report";
pub(crate) const PREPARING: &str = "Preparing the report…";
pub(crate) const CANCELLING: &str = "Stopping…";
pub(crate) const SENDING_GOES_ON: &str = "You can close this window; sending goes on.";
pub(crate) const SENT: &str = "Sent. Thank you.";
pub(crate) const EVENT_ID: &str = "Event id";
pub(crate) const EVENT_ID_USE: &str = "Name this id if you write to the developers about it.";
pub(crate) const WAITING: &str = "The report could not be sent now";
pub(crate) const WAITING_NEXT: &str = "It is kept on this computer, and will be tried again later.";
pub(crate) const REFUSED: &str = "The server did not take the report";
pub(crate) const REFUSED_NEXT: &str = "It is kept on this computer, and will not be sent again by itself.";
pub(crate) const REFUSED_SILENT: &str = "It gave no reason.";
pub(crate) const CANCELLED: &str = "Sending was stopped";
pub(crate) const CANCELLED_NEXT: &str =
    "The report is kept on this computer; you will be asked again at the next start.";
pub(crate) const REPORTER_GONE: &str = "The program that sends reports has stopped.";

/// With the report's text, if it is there to be shown.
pub(crate) fn terminal_choices(raw: bool) -> &'static str {
    if raw {
        "[s]end the report, [d]on’t send, ask me [l]ater, [v]iew what would be sent, the [w]hole report as text:"
    } else {
        "[s]end the report, [d]on’t send, ask me [l]ater, [v]iew what would be sent:"
    }
}

pub(crate) fn terminal_again(raw: bool) -> &'static str {
    if raw {
        "Please answer with one of s, d, l, v or w."
    } else {
        "Please answer with one of s, d, l or v."
    }
}

pub(crate) fn not_saved(why: &str) -> String {
    format!("Your answer could not be saved, and nothing was sent: {why}. Please try again.")
}

pub(crate) fn kind(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Crash => "Crash",
        ReportKind::Panic => "Crash (the program found an error in itself)",
        ReportKind::Error => "Error (the program went on)",
        ReportKind::Hang => "Hang (the program did not respond, and went on)",
    }
}

pub(crate) fn restart(app_name: &str) -> String {
    format!("Restart {}", text::line(app_name, 40))
}

pub(crate) fn unknown_function_in(module: &str) -> String {
    format!("{UNKNOWN_FUNCTION} in {module}")
}

pub(crate) fn destination(server: &str) -> String {
    format!("Reports go to {server}.")
}

pub(crate) fn sending_to(server: &str) -> String {
    format!("To {server}")
}

pub(crate) fn progress(sent: &str, total: &str) -> String {
    format!("{sent} of {total}")
}

pub(crate) fn files_total(count: usize, total: &str) -> String {
    match count {
        1 => format!("1 file, {total}"),
        count => format!("{count} files, {total}"),
    }
}

pub(crate) fn more(count: usize) -> String {
    format!("and {count} more, sent as well but not listed here")
}

pub(crate) fn more_text(size: &str) -> String {
    format!("and {size} more, sent as well but not shown here")
}
