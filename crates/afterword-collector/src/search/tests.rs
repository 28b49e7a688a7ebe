//! What searches mean, and what is wrong about others.

use super::terms::Field;
use super::*;

/// 2026-01-02T00:00:00Z
const NOW: i64 = 1_767_312_000_000;
const DAY: i64 = 86_400_000;

fn parse(text: &str) -> Result<Vec<Term>, Wrong> {
    Search::parse(text, Of::Issues, Some("me@example.com"), NOW).map(|search| search.terms)
}

fn one(text: &str) -> What {
    let mut terms = parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
    assert_eq!(terms.len(), 1, "{text}: {terms:?}");
    terms.remove(0).what
}

fn tag(keys: &[&str], values: &[&str]) -> What {
    What::Tag {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        values: values
            .iter()
            .map(|value| Pattern::new(value.split('*').map(str::to_owned).collect()))
            .collect(),
    }
}

fn text(text: &str) -> What {
    What::Text(vec![Pattern::new(text.split('*').map(str::to_owned).collect())])
}

#[test]
fn terms_and_what_they_mean() {
    let cases = [
        ("flush", text("flush")),
        ("\"could not open\"", text("could not open")),
        ("\"a \\\"b\\\" \\\\ c\"", text("a \"b\" \\ c")),
        ("std::vec::Vec", text("std::vec::Vec")),
        ("https://a.example/b?c:d", text("https://a.example/b?c:d")),
        ("Error:", text("Error:")),
        ("\"is:odd\"", text("is:odd")),
        ("release:editor@1.4.0", tag(&["release"], &["editor@1.4.0"])),
        ("release:\"a b\"", tag(&["release"], &["a b"])),
        ("release:1.*", tag(&["release"], &["1.*"])),
        ("url:*cart*", tag(&["url"], &["*cart*"])),
        ("url:**cart**", tag(&["url"], &["*cart*"])),
        (
            "level:[error, \"a, b\",fatal]",
            tag(&["level"], &["error", "a, b", "fatal"]),
        ),
        ("tags[is]:x", tag(&["is"], &["x"])),
        ("\"odd key\":x", tag(&["odd key"], &["x"])),
        ("user:17", tag(&["user.id", "user.email", "user.username"], &["17"])),
        ("user:id:17", tag(&["user.id"], &["17"])),
        ("user:[email:a@b, email:c@d]", tag(&["user.email"], &["a@b", "c@d"])),
        ("user.email:a@b", tag(&["user.email"], &["a@b"])),
        ("os:Linux", tag(&["os", "os.name"], &["Linux"])),
        ("has:release", What::Has(vec!["release".to_owned()])),
        ("is:unresolved", What::Is(vec![State::Unresolved])),
        ("is:[new, archived]", What::Is(vec![State::New, State::Ignored])),
        (
            "assigned:[me, none, ann@example.com]",
            What::Assigned(vec![
                Some("me@example.com".into()),
                None,
                Some("ann@example.com".into()),
            ]),
        ),
        ("message:\"not open\"", text("not open")),
        (
            "title:a*b",
            What::Title(vec![Pattern::new(vec!["a".into(), "b".into()])]),
        ),
        (
            "id:00000000000000000000000000000ABC",
            What::Event(vec!["00000000000000000000000000000abc".into()]),
        ),
        (
            "00000000-0000-0000-0000-000000000abc",
            What::EventOrTrace("00000000000000000000000000000abc".into()),
        ),
        (
            "issue:[EDITOR-WEB-3]",
            What::Issue(vec![IssueName::Short {
                project: "editor-web".into(),
                number: 3,
            }]),
        ),
        ("issue.id:17", What::Issue(vec![IssueName::Id(17)])),
        (
            "project:web*",
            What::Project(vec![Pattern::new(vec!["web".into(), String::new()])]),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(one(text), expected, "{text}");
    }
    assert_eq!(one("a\\*b"), What::Text(vec![Pattern::exactly("a*b")]));
    assert_eq!(one("C:\\new\\x"), tag(&["C"], &["\\new\\x"]));
    assert_eq!(parse("  ").unwrap(), []);
}

#[test]
fn terms_stand_side_by_side() {
    let terms = parse("!release:1.0 AND panicked \"at x\" !has:user.id").unwrap();
    let seen: Vec<(usize, bool)> = terms.iter().map(|term| (term.at, term.negated)).collect();
    assert_eq!(seen, [(1, true), (18, false), (27, false), (34, true)]);
    assert_eq!(terms[2].what, text("at x"));
}

#[test]
fn numbers_and_times() {
    let cases = [
        ("times_seen:>10", Field::Events, Some(11), None),
        ("times_seen:>=10", Field::Events, Some(10), None),
        ("users:<5", Field::Users, None, Some(4)),
        ("users:<=5", Field::Users, None, Some(5)),
        ("users:5", Field::Users, Some(5), Some(5)),
        ("firstSeen:-24h", Field::FirstSeen, Some(NOW - DAY), None),
        ("age:+7d", Field::FirstSeen, None, Some(NOW - 7 * DAY)),
        ("lastSeen:2026-01-01", Field::LastSeen, Some(NOW - DAY), Some(NOW - 1)),
        ("lastSeen:>2026-01-01", Field::LastSeen, Some(NOW), None),
        ("lastSeen:>=2026-01-01", Field::LastSeen, Some(NOW - DAY), None),
        ("timestamp:<2026-01-02T00:00:00", Field::Timestamp, None, Some(NOW - 1)),
        (
            "timestamp:<=2026-01-02T01:00:00+01:00",
            Field::Timestamp,
            None,
            Some(NOW + 999),
        ),
    ];
    for (text, field, from, to) in cases {
        assert_eq!(one(text), What::Within(field, Range { from, to }), "{text}");
    }
    let both = Range {
        from: Some(3),
        to: None,
    }
    .and(Range {
        from: Some(1),
        to: Some(9),
    });
    assert!(!both.contains(2) && both.contains(3) && both.contains(9) && !both.contains(10));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let long = "x".repeat(2001);
    let many = "a ".repeat(21);
    let values = format!("a:[{}]", "b,".repeat(51));
    let stars = "a*b*c*d*e*f";
    let cases: [(&str, usize, &str); 22] = [
        ("a is:odd", 3, "known are unresolved, resolved"),
        ("a OR b", 3, "key:[a, b]"),
        ("a \"b", 3, "does not end"),
        ("key:\"b", 5, "does not end"),
        ("key:[a, b", 5, "does not end"),
        ("key:[]", 5, "empty"),
        ("key:\"\"", 1, "!has:key"),
        ("times_seen:many", 1, "no number"),
        ("times_seen:[1, 2]", 1, "list"),
        ("firstSeen:yesterday", 1, "-24h"),
        ("firstSeen:-24x", 1, "no time"),
        ("firstSeen:-99999999999d", 1, "no time"),
        ("id:12", 1, "32 hexadecimal"),
        ("issue:x", 1, "EDITOR-3"),
        ("has:a*", 1, "not possible"),
        ("is:un*", 1, "not possible"),
        ("user:[id:1, email:b]", 1, "of one kind"),
        ("a\u{7}b", 2, "control"),
        (&long, 2001, "2000 characters"),
        (&many, 41, "20 terms"),
        (&values, 104, "50 values"),
        (stars, 10, "4 wildcards"),
    ];
    for (text, at, what) in cases {
        let wrong = parse(text).expect_err(text);
        assert!(wrong.at == at && wrong.what.contains(what), "{text}: {wrong}");
    }
    let nobody = Search::parse("assigned:me", Of::Issues, None, NOW).unwrap_err();
    assert!(nobody.what.contains("belongs to a person"), "{nobody}");
    for of_issues in ["is:unresolved", "assigned:me", "firstSeen:-1d", "times_seen:>1"] {
        let wrong = Search::parse(of_issues, Of::Events, Some("me"), NOW).unwrap_err();
        assert!(wrong.what.contains("not of events"), "{wrong}");
    }
}

/// Anything may be typed; each is understood or told apart, in little time.
#[test]
fn no_text_is_too_odd() {
    let pieces = [
        "a",
        ":",
        "!",
        "\"",
        "[",
        "]",
        ",",
        "*",
        "\\",
        " ",
        "is",
        "tags[",
        "ü",
        "\u{0}",
        "-",
        "24h",
        ">",
        "é\u{301}",
    ];
    for first in pieces {
        for second in pieces {
            for third in pieces {
                for text in [format!("{first}{second}{third}"), format!("k:{first}{second}{third}")] {
                    // Only that it returns counts.
                    let _ = parse(&text);
                }
            }
        }
    }
}

#[test]
fn patterns() {
    let pattern = |text: &str| Pattern::new(text.split('*').map(str::to_owned).collect());
    assert_eq!(pattern("50%_\\*X").like(), "50\\%\\_\\\\%x");
    assert_eq!((pattern("ab*").prefix(), pattern("a*b").prefix()), (Some("ab"), None));
    let cases = [
        ("web", "WEB", true),
        ("web", "webs", false),
        ("w*b", "web", true),
        ("w*b", "wb", true),
        ("w*b", "b", false),
        ("*e*", "web", true),
        ("a*a", "a", false),
        ("*a*b*", "xbxa", false),
    ];
    for (like, text, expected) in cases {
        assert_eq!(pattern(like).matches(text), expected, "{like} {text}");
    }
}
