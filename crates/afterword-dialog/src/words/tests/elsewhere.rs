//! That nothing is said anywhere else: code that shows something holds no words of its own.

use std::fs;
use std::path::{Path, PathBuf};

/// Names in the code that nobody reads.
const NAMES: &[&str] = &[
    "afterword comment",
    "body",
    "details",
    "bytes",
    "error",
    "event",
    "fatal",
    "footer",
    "minidump.dmp",
    "Stream",
    "tab of the details",
    "the height of the buttons' strip is known only now",
    "warning",
    "whose bytes",
];
/// What is typed in a terminal.
const TYPED: &[&str] = &[
    "s",
    "send",
    "d",
    "don't send",
    "don’t send",
    "dont send",
    "l",
    "later",
    "v",
    "view",
    "w",
    "whole",
    "c",
    "copy",
];

/// The files that show something, without their tests.
fn files() -> Vec<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![
        sources.join("terminal.rs"),
        sources.join("view.rs"),
        sources.join("state.rs"),
    ];
    let folders = [sources.join("view"), sources.join("view/details")];
    for entry in folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()) {
        let path = entry.unwrap().path();
        if path.is_file() && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files
}

/// The texts between quotes in a source, without comments and tests.
fn literals(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    let mut found = Vec::new();
    for line in lines {
        let mut inside: Option<String> = None;
        let mut chars = line.chars();
        while let Some(char) = chars.next() {
            match (&mut inside, char) {
                (None, '"') => inside = Some(String::new()),
                (Some(_), '"') => found.extend(inside.take()),
                (Some(text), '\\') => text.extend(chars.next().filter(|escaped| !escaped.is_ascii_alphanumeric())),
                (Some(text), char) => text.push(char),
                (None, _) => {}
            }
        }
    }
    found
}

/// Whether there is a word in it, beside what is filled in.
fn has_words(literal: &str) -> bool {
    let mut outside = String::new();
    let mut depth = 0_u32;
    for char in literal.chars() {
        match char {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            char if depth == 0 => outside.push(char),
            _ => {}
        }
    }
    outside.contains(char::is_alphabetic)
}

#[test]
fn what_shows_something_holds_no_words() {
    let mut seen = 0;
    for file in files() {
        let source = fs::read_to_string(&file).unwrap();
        for literal in literals(&source) {
            seen += 1;
            let known = NAMES.contains(&literal.as_str()) || TYPED.contains(&literal.as_str());
            let link = literal.ends_with("://");
            assert!(
                known || link || !has_words(&literal),
                "{}: {literal:?} is not among the texts",
                file.display()
            );
        }
    }
    assert!(seen > 30, "{seen} texts between quotes are too few to be all");
}

#[test]
fn words_between_quotes_are_noticed() {
    let source = "ui.label(\"Hello \\\"you\\\"\"); // \"not this\"\nformat!(\"{name} {}\")";
    assert_eq!(literals(source), ["Hello \"you\"", "{name} {}"]);
    assert!(has_words("{count} files"));
    assert!(!has_words("{name}: {} · {value:#x}"));
}
