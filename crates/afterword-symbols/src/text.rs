//! The result as text for people: what happened, the thread that crashed, then all the rest.
//!
//! Made to be read and pasted, not to be parsed: for programs there is the JSON.

use std::fmt;

use crate::{Frame, HexAddr, Module, ProcessedCrash, SymbolState, Thread, signature};

/// Runs of the same frame longer than this are shortened: a stack overflow is told by one line, not by a thousand.
const MAX_REPEATS: usize = 3;

/// Names longer than this are written without their generic arguments.
const MAX_NAME_CHARS: usize = 100;

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextOptions {
    /// The threads that did not crash.
    pub all_threads: bool,
    /// The registers of the thread that crashed.
    pub registers: bool,
    /// The list of modules.
    pub modules: bool,
    /// How each frame was found, for frames that are not certain.
    pub trust: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        TextOptions {
            all_threads: true,
            registers: true,
            modules: true,
            trust: true,
        }
    }
}

impl TextOptions {
    /// Only what happened and the stack of the thread that crashed.
    pub fn brief() -> TextOptions {
        TextOptions {
            all_threads: false,
            registers: false,
            modules: false,
            trust: true,
        }
    }
}

/// Text of whole lines. What is written as one line stays one, whatever is in it.
#[derive(Default)]
struct Lines {
    written: String,
}

impl Lines {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        let line = line.to_string();
        self.written.extend(
            line.chars()
                .map(|char| if is_forging(char) { '\u{fffd}' } else { char }),
        );
        self.written.push('\n');
    }
}

/// Whether a character does something to the lines around it: controls, other ends of lines, and what overrides the
/// direction of writing (Unicode Standard Annex 9, section 2).
fn is_forging(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

impl ProcessedCrash {
    /// The crash as text for people, ending with a newline. Nothing in a name can begin a line of its own, move the cursor or
    /// turn the direction of writing: such characters are replaced.
    pub fn to_text(&self, options: &TextOptions) -> String {
        let mut text = Lines::default();
        self.write_text(&mut text, options);
        text.written
    }

    fn write_text(&self, out: &mut Lines, options: &TextOptions) {
        self.write_summary(out);
        if let Some(thread) = self.crashed_thread() {
            let word = if matches!(self.reason.name.as_str(), "none" | "DUMP_REQUESTED") {
                "asked for the dump"
            } else {
                "crashed"
            };
            write_thread(out, thread, word, options);
            if options.registers && !thread.registers.is_empty() {
                out.line(format_args!(""));
                write_registers(out, thread);
            }
        }
        if options.all_threads {
            for (_, thread) in self
                .threads
                .iter()
                .enumerate()
                .filter(|(index, _)| Some(*index) != self.crashing_thread)
            {
                write_thread(out, thread, "", options);
            }
        }
        if options.modules && !self.modules.is_empty() {
            out.line(format_args!(""));
            out.line(format_args!("Modules"));
            self.modules.iter().for_each(|module| write_module(out, module));
        }
        if !self.soft_errors.is_empty() {
            out.line(format_args!(""));
            out.line(format_args!("What could not be done"));
            self.soft_errors
                .iter()
                .for_each(|error| out.line(format_args!("  - {error}")));
        }
    }

    fn write_summary(&self, out: &mut Lines) {
        out.line(format_args!("Signature  {}", self.signature));
        let at = self
            .reason
            .address
            .map(|address| format!(" at {address}"))
            .unwrap_or_default();
        out.line(format_args!("Reason     {}{at}", self.reason.name));
        if let Some(frame) = self.top_app_frame() {
            out.line(format_args!("In         {}{}", frame_name(frame), frame_place(frame)));
        }
        let version = self.system.os_version.as_deref().unwrap_or_default();
        out.line(format_args!("System     {} {version}", self.system.os));
        let info = self
            .system
            .cpu_info
            .as_deref()
            .map(|info| format!(", {info}"))
            .unwrap_or_default();
        out.line(format_args!(
            "Processor  {} × {}{info}",
            self.system.cpu_count, self.system.cpu
        ));
        if let Some(id) = self.process_id {
            let uptime = self
                .process_uptime_s
                .map(|seconds| format!(", up for {seconds} s"))
                .unwrap_or_default();
            out.line(format_args!("Process    {id}{uptime}"));
        }
    }
}

fn write_thread(out: &mut Lines, thread: &Thread, word: &str, options: &TextOptions) {
    let name = thread
        .name
        .as_deref()
        .map(|name| format!(" \"{name}\""))
        .unwrap_or_default();
    let word = if word.is_empty() {
        String::new()
    } else {
        format!(" {word}")
    };
    out.line(format_args!(""));
    out.line(format_args!("Thread {}{name}{word}", thread.id));
    let mut index = 0;
    while index < thread.frames.len() {
        let repeats = repeats_at(&thread.frames, index);
        write_frame(out, index, &thread.frames[index], options);
        index += 1;
        if repeats > MAX_REPEATS {
            out.line(format_args!("        … {} more of the same", repeats - 1));
            index += repeats - 1;
        }
    }
    if let Some(note) = &thread.note {
        out.line(format_args!("   ({note})"));
    }
}

/// How many frames from `index` on are calls of the same function from the same place.
fn repeats_at(frames: &[Frame], index: usize) -> usize {
    let first = &frames[index];
    let same = |frame: &&Frame| {
        frame.function.is_some()
            && frame.function == first.function
            && frame.line == first.line
            && frame.inline == first.inline
    };
    frames[index..].iter().take_while(same).count()
}

fn write_frame(out: &mut Lines, index: usize, frame: &Frame, options: &TextOptions) {
    let mark = if frame.in_app { '▸' } else { ' ' };
    let inline = if frame.inline { "  [inlined]" } else { "" };
    let unsure = options.trust && matches!(frame.trust.as_str(), "scan" | "cfi_scan" | "frame_pointer");
    let trust = if unsure {
        format!("  [by {}]", frame.trust.replace('_', " "))
    } else {
        String::new()
    };
    let module = match &frame.module {
        Some(module) if frame.function.is_some() && !frame.inline => format!("  ({module})"),
        _ => String::new(),
    };
    let (name, place) = (frame_name(frame), frame_place(frame));
    out.line(format_args!(" {mark}{index:>3}  {name}{place}{inline}{trust}{module}"));
}

fn frame_name(frame: &Frame) -> String {
    match (&frame.function, &frame.module) {
        (Some(function), _) if function.chars().count() > MAX_NAME_CHARS => signature::trim(function),
        (Some(function), _) => function.clone(),
        (None, Some(module)) => format!("{module} + {}", frame.module_offset.unwrap_or_default()),
        (None, None) => frame.instruction.to_string(),
    }
}

fn frame_place(frame: &Frame) -> String {
    match (frame.file.as_deref().map(short_path), frame.line) {
        (Some(file), Some(line)) => format!("  at {file}:{line}"),
        (Some(file), None) => format!("  at {file}"),
        _ => String::new(),
    }
}

/// `/rustc/<40 digits>/library/std/src/rt.rs` → `library/std/src/rt.rs`.
fn short_path(file: &str) -> &str {
    let library = file.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/'));
    library.map_or(file, |(_, within)| within)
}

fn write_registers(out: &mut Lines, thread: &Thread) {
    out.line(format_args!("Registers"));
    let wide = thread.registers.values().any(|value| value.0 > u64::from(u32::MAX));
    let digits = if wide { 16 } else { 8 };
    let mut registers: Vec<(&String, &HexAddr)> = thread.registers.iter().collect();
    registers.sort_by_key(|(name, _)| natural(name));
    for row in registers.chunks(4) {
        let row: Vec<String> = row
            .iter()
            .map(|(name, value)| format!("{name:>6} {:0digits$x}", value.0))
            .collect();
        out.line(format_args!("{}", row.join(" ")));
    }
}

/// `r8` before `r10`, and names before numbered registers.
fn natural(name: &str) -> (String, u32) {
    let letters = name.trim_end_matches(|char: char| char.is_ascii_digit());
    match name[letters.len()..].parse() {
        Ok(number) => (format!("~{letters}"), number),
        Err(_) => (name.to_owned(), 0),
    }
}

fn write_module(out: &mut Lines, module: &Module) {
    let end = module.base.0.saturating_add(module.size);
    let id = module
        .code_id
        .as_deref()
        .or(module.debug_id.as_deref())
        .unwrap_or("no id");
    let symbols = match module.symbols {
        SymbolState::NotNeeded => "",
        SymbolState::Loaded => "  symbols",
        SymbolState::NamesOnly => "  names only",
        SymbolState::Missing => "  no symbols",
        SymbolState::Mismatched => "  another build here",
        SymbolState::Unreadable => "  symbols unreadable",
    };
    let (start, path) = (module.base.0, &module.path);
    out.line(format_args!("  {start:#014x}–{end:#014x}  {path}  {id}{symbols}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reason, System};

    fn frame(function: &str, line: u32) -> Frame {
        Frame {
            function: Some(function.to_owned()),
            file: Some("src/main.rs".to_owned()),
            line: Some(line),
            module: Some("paint".to_owned()),
            trust: "cfi".to_owned(),
            in_app: true,
            ..Frame::default()
        }
    }

    fn overflow() -> ProcessedCrash {
        let deep = std::iter::repeat_n(frame("paint::fill", 12), 1000);
        let frames = deep.chain([frame("paint::main", 3)]).collect();
        let thread = Thread {
            id: 7,
            name: Some("ma\u{1b}[31min".to_owned()),
            frames,
            ..Thread::default()
        };
        let reason = Reason {
            name: "SIGSEGV / SEGV_ACCERR".to_owned(),
            ..Reason::default()
        };
        ProcessedCrash {
            threads: vec![thread],
            crashing_thread: Some(0),
            reason,
            ..ProcessedCrash::default()
        }
    }

    #[test]
    fn a_stack_overflow_takes_three_lines() {
        let text = overflow().to_text(&TextOptions::brief());
        assert!(
            text.contains("  0  paint::fill  at src/main.rs:12  (paint)\n        … 999 more of the same\n"),
            "{text}"
        );
        assert!(text.contains("1000  paint::main  at src/main.rs:3"), "{text}");
        assert!(text.lines().count() < 15);
    }

    #[test]
    fn names_cannot_reach_the_terminal() {
        let text = overflow().to_text(&TextOptions::default());
        assert!(!text.contains('\u{1b}'));
        assert!(text.contains("Thread 7 \"ma\u{fffd}[31min\" crashed"));
    }

    #[test]
    fn names_cannot_forge_lines() {
        let evil = "a\n  0  forged::frame  at src/main.rs:1\r\u{202e}b\u{2066}c\u{61c}d\u{2028}e\u{7}";
        let evil_frame = Frame {
            function: Some(evil.to_owned()),
            file: Some(evil.to_owned()),
            module: Some(evil.to_owned()),
            trust: evil.to_owned(),
            ..frame("", 1)
        };
        let nameless = Frame {
            function: None,
            ..evil_frame.clone()
        };
        let crash = |evil: &str, frames: Vec<Frame>| ProcessedCrash {
            signature: evil.to_owned(),
            reason: Reason {
                name: evil.to_owned(),
                ..Reason::default()
            },
            system: System {
                os: evil.to_owned(),
                os_version: Some(evil.to_owned()),
                cpu: evil.to_owned(),
                cpu_info: Some(evil.to_owned()),
                ..System::default()
            },
            crashing_thread: Some(0),
            threads: vec![Thread {
                name: Some(evil.to_owned()),
                note: Some(evil.to_owned()),
                registers: [(evil.to_owned(), HexAddr(1))].into(),
                frames,
                ..Thread::default()
            }],
            modules: vec![Module {
                path: evil.to_owned(),
                code_id: Some(evil.to_owned()),
                ..Module::default()
            }],
            soft_errors: vec![evil.to_owned()],
            ..ProcessedCrash::default()
        };
        let plain = crash("plain", vec![frame("plain", 1), frame("main", 2)]).to_text(&TextOptions::default());
        let forged = crash(evil, vec![evil_frame, nameless]).to_text(&TextOptions::default());
        assert_eq!(forged.lines().count(), plain.lines().count(), "{forged}");
        assert!(
            !forged.chars().any(|char| is_forging(char) && char != '\n'),
            "{forged:?}"
        );
    }

    #[test]
    fn what_only_fills_the_line_is_left_out() {
        let mut library = frame(&format!("std::run::<{}>", "app::T, ".repeat(30)), 9);
        library.file = Some("/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/rt.rs".to_owned());
        assert_eq!(
            format!("{}{}", frame_name(&library), frame_place(&library)),
            "std::run  at library/std/src/rt.rs:9"
        );
    }

    #[test]
    fn nothing_at_all_is_text_too() {
        assert!(
            ProcessedCrash::default()
                .to_text(&TextOptions::default())
                .ends_with('\n')
        );
    }
}
