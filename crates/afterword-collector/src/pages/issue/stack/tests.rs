use serde_json::{Value, json};

use super::*;
use crate::event::Whole;

const LARGE: usize = 100_000;

fn view(frames: Vec<Value>) -> StackView {
    let whole = Whole::read(&json!({"stacktrace": {"frames": frames}}));
    StackView::main(whole.event.main_stack(), Room::of(LARGE), false)
}

fn app(function: &str) -> Value {
    json!({"function": function, "in_app": true})
}

fn system(function: &str) -> Value {
    json!({"function": function, "in_app": false})
}

#[test]
fn recursion_is_one_line_and_long_stacks_are_cut() {
    let same = json!({"function": "down", "filename": "a.rs", "lineno": 1, "in_app": true});
    let stack = view([vec![app("main")], vec![same; 900]].concat());
    assert_eq!(
        (stack.runs.len(), stack.runs[0].frames[0].times, stack.more),
        (1, 900, 0)
    );
    let frames = (0..1500).map(|line| json!({"function": "f", "filename": "a.rs", "lineno": line + 1, "in_app": true}));
    let stack = view(frames.collect());
    let shown = stack.runs[0].frames.len();
    assert!((100..300).contains(&shown), "{shown}");
    assert_eq!(stack.more, 1500 - shown);
    assert_eq!(stack.runs[0].frames[0].place.as_deref(), Some("a.rs:1500"));
}

#[test]
fn what_was_not_even_read_is_counted() {
    let frames = (0..3000).map(|line| json!({"function": "f", "filename": "a.rs", "lineno": line + 1, "in_app": true}));
    let stack = view(frames.collect());
    assert_eq!(stack.runs[0].frames.len() + stack.more, 3000);
}

#[test]
fn what_is_not_the_applications_is_folded() {
    let frames = vec![
        system("_start"),
        system("__libc_start_main"),
        app("main"),
        system("call_once"),
        app("canvas::flush"),
        system("memcpy"),
        system("raise"),
    ];
    let stack = view(frames.clone());
    let runs: Vec<(bool, usize)> = stack.runs.iter().map(|run| (run.folded, run.frames.len())).collect();
    assert_eq!(
        runs,
        [(true, 2), (false, 1), (false, 1), (false, 1), (true, 2)],
        "one is not folded"
    );
    assert!(stack.folds);
    let whole = Whole::read(&json!({"stacktrace": {"frames": frames}}));
    let full = StackView::main(whole.event.main_stack(), Room::of(LARGE), true);
    assert!(!full.folds && full.runs.iter().all(|run| !run.folded));
    let none = view((0..20).map(|at| system(&format!("f{at}"))).collect());
    let runs: Vec<(bool, usize)> = none.runs.iter().map(|run| (run.folded, run.frames.len())).collect();
    assert_eq!(
        runs,
        [(false, 12), (true, 8)],
        "nothing is known to be the application's"
    );
}

#[test]
fn the_top_frame_is_marked_once() {
    let stack = view(vec![
        json!({"function": "main", "in_app": true}),
        json!({"function": "canvas::flush", "in_app": true}),
        json!({"function": "memcpy", "in_app": false, "trust": "scan"}),
    ]);
    let frames = stack.runs.iter().flat_map(|run| &run.frames);
    let marks: Vec<(bool, bool)> = frames.clone().map(|frame| (frame.in_app, frame.top)).collect();
    assert_eq!(marks, [(false, false), (true, true), (true, false)]);
    let doubts: Vec<bool> = frames.map(|frame| frame.doubt.is_some()).collect();
    assert_eq!(doubts, [true, false, false]);
}

#[test]
fn lines_of_source_have_their_numbers() {
    let stack = view(vec![json!({
        "function": "f", "in_app": true, "lineno": 10, "context_line": "    boom();",
        "pre_context": ["fn f() {", "    let a = 1;"], "post_context": ["}"],
    })]);
    let lines = &stack.runs[0].frames[0].lines;
    let numbers: Vec<(&str, bool)> = lines
        .iter()
        .map(|(number, _, is_it)| (number.as_str(), *is_it))
        .collect();
    assert_eq!(numbers, [("8", false), ("9", false), ("10", true), ("11", false)]);
    assert_eq!(lines[2].1, "    boom();");
}
