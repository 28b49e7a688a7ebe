//! What of a report is sent, file by file.

use afterword_store::{Report, ReportFile, ReportKind};

/// A file that may be sent.
pub(super) struct Part {
    pub(super) file: ReportFile,
    /// What it is, in words.
    pub(super) what: &'static str,
}

/// As `afterword_store::Outgoing` puts them together.
pub(super) const PARTS: [Part; 4] = [
    Part {
        file: ReportFile::Event,
        what: "the report's text: stack, tags, breadcrumbs, system",
    },
    Part {
        file: ReportFile::Minidump,
        what: "threads, stacks and registers",
    },
    Part {
        file: ReportFile::Stack,
        what: "the stacks of all threads as they were worked out",
    },
    Part {
        file: ReportFile::Envelope,
        what: "the error's report, exactly as it was captured",
    },
];

impl Part {
    /// An error is one finished envelope; a crash is made of its files.
    pub(super) fn is_sent(&self, kind: ReportKind) -> bool {
        (self.file == ReportFile::Envelope) == (kind == ReportKind::Error)
    }
}

/// What would be sent of a report now, with sizes. An event that is not there yet is made while it is sent, of unknown
/// size.
pub(super) fn of(report: &Report, kind: ReportKind) -> anyhow::Result<Vec<(&'static Part, Option<u64>)>> {
    let files = report.files()?;
    let sent = PARTS.iter().filter(|part| part.is_sent(kind)).filter_map(|part| {
        let stored = files.iter().find(|file| file.name == part.file.name());
        match stored {
            Some(file) => Some((part, Some(file.size_bytes))),
            None => (part.file == ReportFile::Event).then_some((part, None)),
        }
    });
    Ok(sent.collect())
}
