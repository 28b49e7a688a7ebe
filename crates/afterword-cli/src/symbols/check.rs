//! `symbols check`: the objects in files, and what is missing for good stacks.

use std::fmt::Write;

use afterword_symbols::caches::{CacheFile, ObjectInfo, objects};
use anyhow::Context;
use serde::Serialize;

use crate::args::SymbolsCheck;
use crate::failure::Result;
use crate::terminal;

/// One object of a file, as JSON.
#[derive(Serialize)]
struct Told {
    file: String,
    format: &'static str,
    kind: &'static str,
    arch: &'static str,
    debug_id: String,
    code_id: Option<String>,
    features: Vec<&'static str>,
}

pub(super) fn run(wanted: &SymbolsCheck) -> Result {
    let mut told = Vec::new();
    let mut text = String::new();
    for file in &wanted.files {
        let named = || format!("{} is of no use as a debug file", file.display());
        let bytes = CacheFile::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        let found = objects(bytes.bytes()).with_context(named)?;
        // Writing into a string does not fail.
        let _ = writeln!(text, "{}", terminal::line(&file.display().to_string()));
        for object in found {
            let _ = write!(text, "{}", words(&object));
            told.push(Told {
                file: file.display().to_string(),
                format: object.format,
                kind: object.kind,
                arch: object.arch,
                debug_id: object.debug_id,
                code_id: object.code_id,
                features: object.features,
            });
        }
    }
    if wanted.json {
        terminal::print_json(&told)
    } else {
        terminal::print(&text)
    }
}

fn words(object: &ObjectInfo) -> String {
    let mut text = format!(
        "  {} {} for {}\n  debug id  {}\n",
        object.format, object.kind, object.arch, object.debug_id
    );
    if let Some(code_id) = &object.code_id {
        let _ = writeln!(text, "  code id   {}", terminal::line(code_id));
    }
    let features = if object.features.is_empty() {
        "nothing".to_owned()
    } else {
        object.features.join(", ")
    };
    let _ = writeln!(text, "  has       {features}");
    if let Some(advice) = advice(object) {
        let _ = writeln!(text, "  note      {advice}");
    }
    text
}

/// What to do next, where a stack would be without something.
fn advice(object: &ObjectInfo) -> Option<&'static str> {
    let is_nil = object.debug_id.bytes().all(|byte| matches!(byte, b'0' | b'-'));
    if is_nil {
        return Some("it has no id that a crash could name; link with a build id (-Wl,--build-id)");
    }
    match (
        object.has("debug"),
        object.has("symtab"),
        object.has("unwind"),
        object.has("sources"),
    ) {
        (_, _, _, true) | (true, _, true, _) => None,
        (true, _, false, _) => Some("callers are found by the program itself: upload that, too"),
        (false, true, _, _) => Some("names only; lines are in the file that has the debug information"),
        (false, false, true, _) => Some("it finds callers; names are in the file that has the debug information"),
        (false, false, false, false) => Some("there is nothing in it that would help with a crash"),
    }
}
