//! Working out what a stored minidump says: the stack, and with it the event as it will be sent.

use afterword_store::{Report, ReportFile, ReportId, ReportKind, Store};
use afterword_symbols::{Limits, ProcessedCrash, Sources};
use serde_json::Value;

use crate::{Error, event, executable, masked};

/// A report with its stack worked out.
#[derive(Debug, Clone)]
pub struct Assembled {
    /// What the minidump says; none for an error, which has its stack in its event.
    pub crash: Option<ProcessedCrash>,
    /// The event, as it is in the report and on the wire.
    pub event: Value,
}

/// Works out the stack of a stored report and puts `stack.json` and `event.json` beside its minidump. Where that was done
/// before, it is only read. May be called in any process; takes as long as symbolication takes, which is bounded.
///
/// # Errors
/// [`Error::Symbols`] for a minidump that cannot be read, [`Error::NothingToAssemble`] where there is none, [`Error::Store`].
pub fn assemble(store: &Store, id: ReportId) -> Result<Assembled, Error> {
    let report = store.report(id)?;
    let info = report.info().map_err(|error| Error::Unreadable {
        id,
        why: crate::error::chain(error),
    })?;
    if info.kind == ReportKind::Error {
        return read_error(&report);
    }
    if let Some(done) = read_assembled(&report)? {
        return Ok(done);
    }
    let dump = report
        .read(ReportFile::Minidump)?
        .ok_or(Error::NothingToAssemble { id })?;
    let mut crash = afterword_symbols::process(&dump, &sources(), &Limits::default())?;
    if info.kind == ReportKind::Panic {
        event::leave_out_hook(&mut crash);
    }
    masked::mask_crash(&mut crash, &masked::homes());
    let event = event::event(info, &crash);
    put(&report, ReportFile::Stack, "the stack", &crash)?;
    put(&report, ReportFile::Event, "the event", &event)?;
    Ok(Assembled {
        crash: Some(crash),
        event,
    })
}

fn sources() -> Sources {
    Sources {
        held_files: executable::held().into_iter().collect(),
        ..masked::local_sources()
    }
}

fn put(report: &Report, file: ReportFile, what: &'static str, content: &impl serde::Serialize) -> Result<(), Error> {
    let json = serde_json::to_vec(content).map_err(|source| Error::Json { what, source })?;
    report.put(file, &json)?;
    Ok(())
}

/// What an earlier call left; a part that cannot be read any more is made again.
fn read_assembled(report: &Report) -> Result<Option<Assembled>, Error> {
    let (Some(stack), Some(event)) = (report.read(ReportFile::Stack)?, report.read(ReportFile::Event)?) else {
        return Ok(None);
    };
    Ok(serde_json::from_slice(&stack)
        .ok()
        .zip(serde_json::from_slice(&event).ok())
        .map(|(crash, event)| Assembled {
            crash: Some(crash),
            event,
        }))
}

fn read_error(report: &Report) -> Result<Assembled, Error> {
    let event = report
        .read(ReportFile::Event)?
        .and_then(|event| serde_json::from_slice(&event).ok())
        .unwrap_or(Value::Null);
    Ok(Assembled { crash: None, event })
}

/// The report's own words, for tests of the event.
#[cfg(test)]
pub(crate) fn info_for_tests() -> afterword_store::ReportInfo {
    use afterword_store::ReportInfo;
    let report_id = ReportId::random();
    ReportInfo {
        version: ReportInfo::VERSION,
        report_id,
        event_id: uuid::Uuid::from_u128(5),
        kind: ReportKind::Crash,
        dsn: "http://k@h/1".to_owned(),
        app_name: "App".to_owned(),
        release: Some("app@1.0.0".to_owned()),
        environment: Some("test".to_owned()),
        captured_at: time::OffsetDateTime::UNIX_EPOCH,
        reason: "SIGSEGV".to_owned(),
        signal: Some("SIGSEGV".to_owned()),
        address: Some(0),
        message: None,
        thread_name: None,
        event: serde_json::json!({ "tags": { "a": "b" } }),
        removed: Vec::new(),
        soft_errors: Vec::new(),
        policy: afterword_store::ConsentPolicy::Ask,
    }
}
