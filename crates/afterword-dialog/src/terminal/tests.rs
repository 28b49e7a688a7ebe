use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::*;
use crate::message::Details;
use crate::sample;

fn asking(asked: &Asked, input: &str) -> (TerminalAnswer, String) {
    let mut output = Vec::new();
    let answer = ask(asked, Language::English, input.as_bytes(), &mut output).unwrap();
    (answer, String::from_utf8(output).unwrap())
}

fn answered(decision: Decision, comment: Option<&str>, restart: bool) -> TerminalAnswer {
    TerminalAnswer::Answered(Given {
        comment: comment.map(str::to_owned),
        restart,
        ..Given::new(decision)
    })
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
    let (answer, shown) = asking(&asked, "d\nn\ny\n");
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
    asked.kind = ReportKind::Panic;
    asked.message = Some(hostile.to_owned());
    asked.app_name = hostile.to_owned();
    asked.server = Some(hostile.to_owned());
    asked.release = Some(hostile.to_owned());
    asked.details.tags = vec![(hostile.to_owned(), hostile.to_owned())];
    asked.details.removed = vec![hostile.to_owned()];
    asked.details.contexts = vec![(hostile.to_owned(), hostile.to_owned())];
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
    let answer = ask(&sample::asked(), Language::English, endless, std::io::sink()).unwrap();
    assert_eq!(answer, TerminalAnswer::Later);
}

#[test]
fn a_comment_is_as_long_as_the_wire_takes_and_without_escapes() {
    let long = format!("s\n\u{1b}[1m{}\n\n", "x".repeat(10_000));
    let (
        TerminalAnswer::Answered(Given {
            comment: Some(comment), ..
        }),
        _,
    ) = asking(&sample::asked(), &long)
    else {
        panic!("it was answered");
    };
    assert!(comment.starts_with("[1mxxx"));
    assert!(comment.chars().count() <= MAX_COMMENT_CHARS + 1);
}

/// A terminal's queue: what was typed and not yet read.
#[derive(Clone, Default)]
struct Keyboard(Rc<RefCell<VecDeque<u8>>>);

impl io::Read for Keyboard {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(into)
    }
}

#[test]
fn what_was_typed_before_a_question_is_no_answer_to_it() {
    let keyboard = Keyboard::default();
    let typed = |words: &str| keyboard.0.borrow_mut().extend(words.bytes());
    // The editor's own keys, which it did not live to read; then the answers, each with too much behind it.
    typed("s\nI own you\ny\n");
    let mut answers = ["s\ns\n", "I pressed undo\ny\n", "n\ny\n", "n\n"].into_iter();
    let discard = || {
        keyboard.0.borrow_mut().clear();
        typed(answers.next().unwrap());
    };
    // As a terminal does, a line at a time.
    let input = io::BufReader::with_capacity(1, keyboard.clone());
    let answer = ask_discarding(&sample::asked(), Language::English, input, io::sink(), discard).unwrap();
    assert_eq!(answer, answered(Decision::Send, Some("I pressed undo"), false));
}

/// It was once read as the next line.
#[test]
fn the_rest_of_a_long_line_is_no_answer() {
    let long = "x".repeat(MAX_LINE_BYTES as usize);
    assert_eq!(asking(&sample::asked(), &format!("{long}s\n")).0, TerminalAnswer::Later);
    assert_eq!(
        asking(&sample::asked(), &format!("s\n{long}\n\n")).0,
        asking(&sample::asked(), &format!("s\n{long}y\n\n")).0,
    );
    let padded = format!("s{}\n", " ".repeat(long.len()));
    assert_eq!(asking(&sample::asked(), &padded).0, TerminalAnswer::Later);
}

#[test]
fn looking_takes_no_tries() {
    let views = "v\n".repeat(3 * MAX_TRIES);
    assert_eq!(
        asking(&sample::asked(), &format!("{views}s\n")).0,
        answered(Decision::Send, None, false)
    );
    assert_eq!(asking(&sample::asked(), &"v\n".repeat(10_000)).0, TerminalAnswer::Later);
}

#[test]
fn always_is_asked_for_by_itself_and_not_assumed() {
    let (answer, shown) = asking(&sample::asked(), "d\ny\ny\n");
    let given = Given {
        restart: true,
        always: true,
        ..Given::new(Decision::DontSend)
    };
    assert_eq!(answer, TerminalAnswer::Answered(given));
    assert!(shown.contains("and those that wait"), "what it means is said: {shown}");
    for silence in ["s\n\n\n\n", "s\n\n\nwhat\n"] {
        assert_eq!(
            asking(&sample::asked(), silence).0,
            answered(Decision::Send, None, false)
        );
    }
}

#[test]
fn the_whole_report_is_shown_as_text_where_there_is_one() {
    assert!(!asking(&sample::asked(), "w\nc\nl\n").1.contains("[w]hole"));
    let folder = tempfile::tempdir().unwrap();
    let (_store, asked) = sample::stored(folder.path());
    let (answer, shown) = asking(&asked, "v\nw\nl\n");
    assert_eq!(answer, TerminalAnswer::Later);
    for said in [
        "[w]hole report",
        "\n{\n  \"contexts\": {\n    \"os\": {\n      \"name\": \"Debian\"\n",
        "minidump.dmp (100 KB): registers, stacks and modules at the moment of the crash",
        "In all 100 KB, before it is compressed.",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
}

#[test]
fn a_copy_is_saved_where_the_person_says() {
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = sample::stored(folder.path());
    let path = folder.path().join("copy.envelope");
    let (_, shown) = asking(&asked, &format!("c\n{0}\nc\n{0}\nl\n", path.display()));
    assert!(shown.contains(&format!("Saved as {}", path.display())), "{shown}");
    assert!(shown.contains("already; it was left as it is"), "{shown}");
    let outgoing = store.report(asked.report_id).unwrap().outgoing().unwrap();
    assert!(std::fs::read(&path).unwrap() == outgoing.report_body().unwrap());
}

#[test]
fn the_apps_pages_are_named_where_they_help() {
    let asked = Asked {
        privacy_url: Some("https://inkwell.example/privacy".to_owned()),
        update_url: Some("https://inkwell.example/download".to_owned()),
        ..sample::asked()
    };
    let (_, shown) = asking(&asked, "l\n");
    assert!(
        shown.contains("Privacy policy: https://inkwell.example/privacy\n"),
        "{shown}"
    );
    let sent = |is_fixed| ToDialog::Sent {
        event_id: "9f1c".to_owned(),
        url: None,
        known: Some(afterword_store::KnownCrash {
            is_fixed,
            ..afterword_store::KnownCrash::default()
        }),
    };
    let last = |asked: &Asked, is_fixed| lines_after(asked, &sent(is_fixed), Language::English).pop().unwrap();
    assert_eq!(
        last(&asked, true),
        "Get the new version: https://inkwell.example/download"
    );
    assert_eq!(last(&asked, false), "This crash is known.");
    let odd = Asked {
        update_url: Some("https://a/\u{1b}[2J".to_owned()),
        ..asked
    };
    assert!(!last(&odd, true).contains("https://"));
}
