//! Alerts for tests of messages.

use super::{Alert, Kind};

/// A new issue, as it usually is.
pub(super) fn usual() -> Alert {
    Alert {
        rule: "New crashes".to_owned(),
        rule_id: 12,
        kind: Kind::NewIssue,
        headline: "A new issue in editor: SIGSEGV in draw_line".to_owned(),
        reasons: vec!["It was seen for the first time in editor@1.4.0.".to_owned()],
        organization: "acme".to_owned(),
        project: "editor".to_owned(),
        at: 1_767_323_045_000,
        url: "https://errors.example/issues/7/".to_owned(),
        issue_id: Some(7),
        short_id: Some("EDITOR-7".to_owned()),
        title: Some("SIGSEGV: SEGV_MAPERR at 0x10".to_owned()),
        place: Some("draw_line".to_owned()),
        event_id: Some("00000000000000000000000000000001".to_owned()),
        facts: vec![
            ("Release".to_owned(), "editor@1.4.0".to_owned()),
            ("Environment".to_owned(), "production".to_owned()),
            ("Users".to_owned(), "3".to_owned()),
        ],
        others: Vec::new(),
        is_test: false,
    }
}

/// A summary of three, about all projects.
pub(super) fn summary() -> Alert {
    let other = |number: i64| {
        (
            format!("A new issue in viewer: number {number}"),
            format!("https://errors.example/issues/{number}/"),
        )
    };
    Alert {
        project: String::new(),
        others: vec![other(8), other(9)],
        ..usual()
    }
}

/// One whose every text was written by somebody who means ill, and is too long.
pub(super) fn hostile() -> Alert {
    let text = "<!channel> <https://evil.example|Sign in> & </td><script>alert(1)</script>\r\nBcc: all@example.com\u{0}\u{202e}🌧";
    let long = |times| text.repeat(times);
    Alert {
        rule: long(2),
        headline: long(60),
        reasons: vec![long(1), String::new(), long(60)],
        organization: long(1),
        project: long(5),
        title: Some(long(60)),
        place: Some("`*_~".to_owned() + text),
        url: "https://errors.example/issues/7/?query=a|b>c&d=\"'<i>".to_owned(),
        facts: (0..30).map(|number| (format!("{number} {text}"), long(30))).collect(),
        others: (0..200)
            .map(|number| {
                (
                    format!("{number} {text}"),
                    format!("https://errors.example/?{number}|>&{text}"),
                )
            })
            .collect(),
        ..usual()
    }
}
