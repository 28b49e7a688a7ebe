//! Lines of source around a place, from a source bundle: a zip archive of the files that a debug file names.

use std::collections::HashMap;
use std::io::{Seek, Write};

use symbolic_debuginfo::Object;
use symbolic_debuginfo::sourcebundle::{SourceBundle, SourceBundleWriter};

use super::{AnyError, CacheFile, MAX_SOURCE_BYTES, guarded, options, with_object};
use crate::Error;
use crate::elsewhere::SourceLines;

/// Lines shown before and after the one of a frame.
const CONTEXT_LINES: usize = 5;

/// A longer line is cut: it is generated code.
const MAX_LINE_BYTES: usize = 500;

/// Source files unpacked for one dump and module.
const MAX_FILES: usize = 64;

/// The lines at these places (path and line, from 1), as far as the bundle has the file.
pub(super) fn lines_at(bundle: &CacheFile, places: &[(String, u32)]) -> HashMap<(String, u32), SourceLines> {
    let read = || {
        let bundle = SourceBundle::parse_with_opts(bundle.bytes(), options())?;
        let session = bundle.debug_session()?;
        let mut files: HashMap<&str, Option<String>> = HashMap::new();
        let mut found = HashMap::new();
        for (path, line) in places {
            if files.len() == MAX_FILES && !files.contains_key(path.as_str()) {
                continue;
            }
            let text = files.entry(path).or_insert_with(|| {
                let source = session.source_by_path(path).ok().flatten()?;
                Some(source.contents()?.to_owned())
            });
            if let Some(lines) = text.as_deref().and_then(|text| around(text, *line)) {
                found.insert((path.clone(), *line), lines);
            }
        }
        Ok(found)
    };
    // A bundle that cannot be read is as good as none: what it is for is shown without it.
    guarded(read).unwrap_or_default()
}

fn around(text: &str, line: u32) -> Option<SourceLines> {
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    let first = at.saturating_sub(CONTEXT_LINES);
    let cut = |line: &str| line[..line.floor_char_boundary(MAX_LINE_BYTES)].to_owned();
    let mut lines = text.lines().skip(first).map(cut);
    let before: Vec<String> = lines.by_ref().take(at - first).collect();
    let line = lines.next()?;
    Some(SourceLines {
        before,
        line,
        after: lines.take(CONTEXT_LINES).collect(),
    })
}

/// Writes a bundle of the source files that an object names and that are on this machine; false if there are none.
///
/// # Errors
/// If the file or the object cannot be read, or the bundle not be written.
pub fn write_source_bundle(file: &[u8], index: usize, name: &str, out: impl Write + Seek) -> Result<bool, Error> {
    with_object("source bundle", file, index, |object: &Object<'_>| {
        let writer = SourceBundleWriter::start(out)?;
        // Generated code names files that never were, and the standard library's are on no machine but its builder's.
        let wanted = |file: &symbolic_debuginfo::FileEntry<'_>,
                      _: &Option<symbolic_debuginfo::sourcebundle::SourceFileDescriptor<'_>>| {
            let path = file.abs_path_str();
            std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= MAX_SOURCE_BYTES as u64)
        };
        Ok::<bool, AnyError>(writer.write_object_with_filter(object, name, wanted)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_neighbours_as_far_as_there_are_any() {
        let text: String = (1..=20).map(|line| format!("line {line}\n")).collect();
        let at = |line| around(&text, line);
        let middle = at(10).unwrap();
        assert_eq!((middle.before[0].as_str(), middle.line.as_str()), ("line 5", "line 10"));
        assert_eq!((middle.before.len(), middle.after.len()), (5, 5));
        let first = at(1).unwrap();
        assert_eq!((first.before.len(), first.after.len()), (0, 5));
        let last = at(20).unwrap();
        assert_eq!((last.before.len(), last.after.len()), (5, 0));
        assert_eq!((at(0), at(21)), (None, None));
        assert_eq!(around(&"é".repeat(1000), 1).unwrap().line.len(), MAX_LINE_BYTES);
    }
}
