//! What was done to issues, as the address of the page after it says it (`?done=resolved:3`), and in words.

use crate::pages::words::count;

/// `{}` stands for `3 issues`.
const WORDS: [(&str, &str); 8] = [
    ("resolved", "Resolved {}."),
    (
        "resolved-next",
        "Resolved {} in the next release: events of a newer one open it again.",
    ),
    (
        "resolved-latest",
        "Resolved {} in the newest release: events of a newer one open it again.",
    ),
    ("ignored", "Ignored {}."),
    ("opened", "Opened {} again."),
    ("assigned", "Assigned {}."),
    ("merged", "Merged {} into one."),
    ("deleted", "Deleted {} with all events."),
];

/// For the address.
pub(super) fn value(what: &str, issues: usize) -> String {
    format!("{what}:{issues}")
}

/// In words, if it is something that is done here.
pub(super) fn words(done: &str) -> Option<String> {
    let (what, issues) = done.split_once(':')?;
    let issues: u16 = issues.parse().ok()?;
    let (_, words) = WORDS.iter().find(|(known, _)| *known == what)?;
    Some(words.replace("{}", &count(i64::from(issues), "issue")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_done_here_is_said() {
        assert_eq!(words(&value("resolved", 3)).as_deref(), Some("Resolved 3 issues."));
        assert_eq!(words("merged:2").as_deref(), Some("Merged 2 issues into one."));
        for other in [
            "",
            "resolved",
            "resolved:",
            "resolved:x",
            "resolved:-1",
            "hacked:3",
            "<b>:3",
        ] {
            assert_eq!(words(other), None, "{other}");
        }
    }
}
