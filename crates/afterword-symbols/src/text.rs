//! The result as text for people: what happened, the thread that crashed, then all the rest.
//!
//! Made to be read and pasted, not to be parsed: for programs there is the JSON.

use std::fmt::{self, Write};

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

impl ProcessedCrash {
    /// The crash as text for people, ending with a newline. Control characters in names are replaced.
    pub fn to_text(&self, options: &TextOptions) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = self.write_text(&mut text, options);
        text.chars()
            .map(|char| {
                if char.is_control() && char != '\n' {
                    '\u{fffd}'
                } else {
                    char
                }
            })
            .collect()
    }

    fn write_text(&self, out: &mut String, options: &TextOptions) -> fmt::Result {
        self.write_summary(out)?;
        if let Some(thread) = self.crashed_thread() {
            let word = if matches!(self.reason.name.as_str(), "none" | "DUMP_REQUESTED") {
                "asked for the dump"
            } else {
                "crashed"
            };
            write_thread(out, thread, word, options)?;
            if options.registers && !thread.registers.is_empty() {
                writeln!(out)?;
                write_registers(out, thread)?;
            }
        }
        if options.all_threads {
            for (_, thread) in self
                .threads
                .iter()
                .enumerate()
                .filter(|(index, _)| Some(*index) != self.crashing_thread)
            {
                write_thread(out, thread, "", options)?;
            }
        }
        if options.modules && !self.modules.is_empty() {
            writeln!(out, "\nModules")?;
            self.modules.iter().try_for_each(|module| write_module(out, module))?;
        }
        if !self.soft_errors.is_empty() {
            writeln!(out, "\nWhat could not be done")?;
            self.soft_errors
                .iter()
                .try_for_each(|error| writeln!(out, "  - {error}"))?;
        }
        Ok(())
    }

    fn write_summary(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "Signature  {}", self.signature)?;
        let at = self
            .reason
            .address
            .map(|address| format!(" at {address}"))
            .unwrap_or_default();
        writeln!(out, "Reason     {}{at}", self.reason.name)?;
        if let Some(frame) = self.top_app_frame() {
            writeln!(out, "In         {}{}", frame_name(frame), frame_place(frame))?;
        }
        let version = self.system.os_version.as_deref().unwrap_or_default();
        writeln!(out, "System     {} {version}", self.system.os)?;
        let info = self
            .system
            .cpu_info
            .as_deref()
            .map(|info| format!(", {info}"))
            .unwrap_or_default();
        writeln!(out, "Processor  {} × {}{info}", self.system.cpu_count, self.system.cpu)?;
        if let Some(id) = self.process_id {
            let uptime = self
                .process_uptime_s
                .map(|seconds| format!(", up for {seconds} s"))
                .unwrap_or_default();
            writeln!(out, "Process    {id}{uptime}")?;
        }
        Ok(())
    }
}

fn write_thread(out: &mut String, thread: &Thread, word: &str, options: &TextOptions) -> fmt::Result {
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
    writeln!(out, "\nThread {}{name}{word}", thread.id)?;
    let mut index = 0;
    while index < thread.frames.len() {
        let repeats = repeats_at(&thread.frames, index);
        write_frame(out, index, &thread.frames[index], options)?;
        index += 1;
        if repeats > MAX_REPEATS {
            writeln!(out, "        … {} more of the same", repeats - 1)?;
            index += repeats - 1;
        }
    }
    thread.note.iter().try_for_each(|note| writeln!(out, "   ({note})"))
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

fn write_frame(out: &mut String, index: usize, frame: &Frame, options: &TextOptions) -> fmt::Result {
    let mark = if frame.in_app { '▸' } else { ' ' };
    let inline = if frame.inline { "  [inlined]" } else { "" };
    let unsure = options.trust && matches!(frame.trust.as_str(), "scan" | "cfi_scan" | "frame_pointer");
    let trust = if unsure {
        format!("  [by {}]", frame.trust.replace('_', " "))
    } else {
        String::new()
    };
    write!(
        out,
        " {mark}{index:>3}  {}{}{inline}{trust}",
        frame_name(frame),
        frame_place(frame)
    )?;
    match &frame.module {
        Some(module) if frame.function.is_some() && !frame.inline => writeln!(out, "  ({module})"),
        _ => writeln!(out),
    }
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

fn write_registers(out: &mut String, thread: &Thread) -> fmt::Result {
    writeln!(out, "Registers")?;
    let wide = thread.registers.values().any(|value| value.0 > u64::from(u32::MAX));
    let digits = if wide { 16 } else { 8 };
    let mut registers: Vec<(&String, &HexAddr)> = thread.registers.iter().collect();
    registers.sort_by_key(|(name, _)| natural(name));
    for row in registers.chunks(4) {
        let row: Vec<String> = row
            .iter()
            .map(|(name, value)| format!("{name:>6} {:0digits$x}", value.0))
            .collect();
        writeln!(out, "{}", row.join(" "))?;
    }
    Ok(())
}

/// `r8` before `r10`, and names before numbered registers.
fn natural(name: &str) -> (String, u32) {
    let letters = name.trim_end_matches(|char: char| char.is_ascii_digit());
    match name[letters.len()..].parse() {
        Ok(number) => (format!("~{letters}"), number),
        Err(_) => (name.to_owned(), 0),
    }
}

fn write_module(out: &mut String, module: &Module) -> fmt::Result {
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
    writeln!(
        out,
        "  {:#014x}–{end:#014x}  {}  {id}{symbols}",
        module.base.0, module.path
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;

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
