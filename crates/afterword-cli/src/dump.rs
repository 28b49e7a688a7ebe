//! `afterword dump show`: a minidump as text or JSON.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use afterword_symbols::{Limits, ProcessedCrash, Sources, SymbolState, TextOptions};
use anyhow::{Context, anyhow};

use crate::args::{DumpCommand, DumpShow};
use crate::failure::{Failure, Result, chain};
use crate::terminal;

pub(crate) fn run(command: DumpCommand) -> Result {
    let DumpCommand::Show(wanted) = command;
    if let Some(missing) = wanted.symbols.iter().find(|folder| !folder.is_dir()) {
        return Err(Failure::Usage(format!(
            "--symbols {}: there is no such folder",
            missing.display()
        )));
    }
    let limits = Limits::default();
    let dump = read(&wanted.file, limits.dump_bytes)?;
    let sources = Sources {
        breakpad_dirs: wanted.symbols.clone(),
        local_files: !wanted.no_local,
        ..afterword_reporter::local_sources()
    };
    let crash =
        afterword_symbols::process(&dump, &sources, &limits).map_err(|error| not_read(&wanted.file, &dump, &error))?;
    if wanted.json {
        return terminal::print_json(&crash);
    }
    let options = if wanted.brief {
        TextOptions::brief()
    } else {
        TextOptions::default()
    };
    terminal::print(&crash.to_text(&options))?;
    advise(&wanted, &crash);
    Ok(())
}

/// Reads a file, but no more of it than a dump may have.
fn read(path: &Path, max_bytes: usize) -> Result<Vec<u8>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open the minidump {name}"))?;
    let metadata = file.metadata().with_context(|| format!("cannot look at {name}"))?;
    if metadata.is_dir() {
        Err(anyhow!(
            "{name} is a folder; name the minidump in it, such as {name}/minidump.dmp"
        ))?;
    }
    if metadata.len() > max_bytes as u64 {
        let (size, most) = (terminal::size(metadata.len()), terminal::size(max_bytes as u64));
        Err(anyhow!(
            "{name} has {size}, more than the {most} that are read of a minidump"
        ))?;
    }
    let mut dump = Vec::new();
    // A pipe or a growing file has no size to believe.
    let bound = max_bytes as u64 + 1;
    file.take(bound)
        .read_to_end(&mut dump)
        .with_context(|| format!("cannot read the minidump {name}"))?;
    Ok(dump)
}

/// Why a file cannot be read as a minidump, and what it may be instead.
fn not_read(path: &Path, dump: &[u8], error: &afterword_symbols::Error) -> anyhow::Error {
    let name = path.display();
    match dump {
        [] => anyhow!("{name} is empty: it was not written to its end; look for another copy"),
        [b'M', b'D', b'M', b'P', ..] | [b'P', b'M', b'D', b'M', ..] => anyhow!(
            "{name} is a damaged minidump: {}\nLook for another copy of it, or for the app's other crashes with `afterword reports list`.",
            chain(error)
        ),
        [0x7f, b'E', b'L', b'F', ..] => anyhow!("{name} is not a minidump but an ELF file: a program or a core dump"),
        _ => anyhow!("{name} is not a minidump: it does not begin with MDMP"),
    }
}

/// Says what would make the result better.
fn advise(wanted: &DumpShow, crash: &ProcessedCrash) {
    let unnamed: Vec<&str> = crash
        .modules
        .iter()
        .filter(|module| module.in_app && matches!(module.symbols, SymbolState::Missing | SymbolState::Mismatched))
        .map(|module| module.name.as_str())
        .collect();
    if let Some((first, others)) = unnamed.split_first() {
        let more = match others.len() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        let local = if wanted.no_local {
            ", or leave --no-local away"
        } else {
            ""
        };
        terminal::say(&format!(
            "\nnote: no symbols were found for {first}{more}; say where they are with --symbols DIR{local}"
        ));
    }
}
