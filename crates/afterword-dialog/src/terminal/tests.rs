use super::*;
use crate::message::Details;
use crate::sample;

fn asking(asked: &Asked, input: &str) -> (TerminalAnswer, String) {
    let mut output = Vec::new();
    let answer = ask(asked, input.as_bytes(), &mut output).unwrap();
    (answer, String::from_utf8(output).unwrap())
}

fn answered(decision: Decision, comment: Option<&str>, restart: bool) -> TerminalAnswer {
    TerminalAnswer::Answered {
        decision,
        comment: comment.map(str::to_owned),
        restart,
    }
}

#[test]
fn send_with_a_comment_and_a_restart() {
    let (answer, shown) = asking(&sample::asked(), "s\n  I pressed undo \ny\n");
    assert_eq!(answer, answered(Decision::Send, Some("I pressed undo"), true));
    insta::assert_snapshot!(shown);
}

#[test]
fn nothing_is_assumed_beyond_the_answer() {
    assert_eq!(
        asking(&sample::asked(), "SEND\n\n\n").0,
        answered(Decision::Send, None, false)
    );
    assert_eq!(
        asking(&sample::asked(), "d\n\n").0,
        answered(Decision::DontSend, None, false)
    );
    assert_eq!(asking(&sample::asked(), "s\n").0, answered(Decision::Send, None, false));
}

#[test]
fn an_app_that_cannot_restart_is_not_offered_to() {
    let asked = Asked {
        can_restart: false,
        ..sample::asked()
    };
    let (answer, shown) = asking(&asked, "d\ny\n");
    assert_eq!(answer, answered(Decision::DontSend, None, false));
    assert!(!shown.contains("Restart"), "{shown}");
}

#[test]
fn silence_and_nonsense_are_later() {
    for input in ["", "l\n", "Later\n", &"what?\n".repeat(50)] {
        assert_eq!(asking(&sample::asked(), input).0, TerminalAnswer::Later, "{input:?}");
    }
    assert_eq!(asking(&sample::asked(), "\ny\nyes\n\n").0, TerminalAnswer::Later);
}

#[test]
fn the_details_are_shown_and_then_it_asks_again() {
    let asked = Asked {
        details: Details {
            stack: Some(sample::stack()),
            ..sample::asked().details
        },
        ..sample::asked()
    };
    let (answer, shown) = asking(&asked, "v\nl\n");
    assert_eq!(answer, TerminalAnswer::Later);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_report_cannot_write_to_the_terminal_but_text() {
    let mut asked = sample::asked();
    let hostile = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}x\r\n";
    asked.headline = hostile.to_owned();
    asked.what_happened = hostile.to_owned();
    asked.app_name = hostile.to_owned();
    asked.server = hostile.to_owned();
    asked.release = Some(hostile.to_owned());
    asked.details.tags = vec![(hostile.to_owned(), hostile.to_owned())];
    asked.details.removed = vec![hostile.to_owned()];
    asked.details.files[0].name = hostile.to_owned();
    asked.details.breadcrumbs[0].message = hostile.to_owned();
    asked.details.stack = Some(sample::stack());
    if let Some(frames) = &mut asked.details.stack {
        frames[0].function = Some(hostile.to_owned());
        frames[2].module = Some(hostile.to_owned());
    }
    let (_, shown) = asking(&asked, "v\ns\nx\ny\n");
    let acting: String = shown
        .chars()
        .filter(|c| c.is_control() && *c != '\n' || *c == '\u{202e}')
        .collect();
    assert_eq!(acting, "");
    assert!(shown.contains("owned"));
}

#[test]
fn a_line_without_end_is_cut() {
    let endless = std::io::BufReader::new(std::io::repeat(b's'));
    let answer = ask(&sample::asked(), endless, std::io::sink()).unwrap();
    assert_eq!(answer, TerminalAnswer::Later);
}

#[test]
fn a_comment_is_as_long_as_the_wire_takes_and_without_escapes() {
    let long = format!("s\n\u{1b}[1m{}\n\n", "x".repeat(10_000));
    let (
        TerminalAnswer::Answered {
            comment: Some(comment), ..
        },
        _,
    ) = asking(&sample::asked(), &long)
    else {
        panic!("it was answered");
    };
    assert!(comment.starts_with("[1mxxx"));
    assert!(comment.chars().count() <= MAX_COMMENT_CHARS + 1);
}
