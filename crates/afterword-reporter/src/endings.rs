//! How a run ended, once its process is gone, and what is made of that: a report of what its crash handler salvaged, the
//! record of an abnormal end, or nothing. Done by the run's own reporter, or by that of a later start.

use afterword_channel::{Origin, RunState, RunView};
use afterword_store::{AbnormalEnd, ReportId, ReportKind, Store};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::chain;
use crate::keep::Kept;
use crate::{Error, capture};

/// A run whose process is gone.
pub(crate) struct Run<'a> {
    pub(crate) id: Uuid,
    pub(crate) view: &'a RunView,
    /// The report of what ended it, where its reporter has made one.
    pub(crate) reported: Option<ReportId>,
}

/// Makes of an ended run what there is to make, and removes it. Returns the report of what ended it. A run whose report
/// cannot be kept (the disk is full) stays for the next start.
pub(crate) fn settle(store: &Store, run: &Run<'_>) -> Option<ReportId> {
    let report = report_of(store, run).unwrap_or_else(|error| {
        log::error!(
            "run {} stays for the next start, no report of it can be made: {}",
            run.id,
            chain(&error)
        );
        None
    });
    match report {
        Some(_) => {}
        None if matches!(run.view.salvage(), Ok(Some(_))) => return None,
        None => note_abnormal_end(store, run),
    }
    if let Err(error) = store.remove_run(run.id) {
        log::warn!("run {}: {}", run.id, chain(&error));
    }
    report
}

/// The report that there is, or one of what was salvaged.
fn report_of(store: &Store, run: &Run<'_>) -> Result<Option<ReportId>, Error> {
    if let Some(id) = run.reported {
        return Ok(Some(id));
    }
    // Another process (a rescuer) may have made it.
    let id = ReportId::from(run.id);
    if store.report(id).is_ok() {
        return Ok(Some(id));
    }
    let Some(salvage) = run.view.salvage()? else {
        return Ok(None);
    };
    let app = run.view.identity()?.unwrap_or_default();
    let dump = capture::salvaged(salvage)?;
    Kept::new(&app, run.view, dump, ReportKind::Crash)?
        .store(store)
        .map(Some)
}

/// A run that nobody ended: neither an exit, nor a crash, nor a signal that tells a program to end.
fn note_abnormal_end(store: &Store, run: &Run<'_>) {
    let state = run.view.state().unwrap_or(RunState::Starting);
    if matches!(state, RunState::CleanExit | RunState::Terminated) {
        return;
    }
    log::warn!("run {} ended abnormally, its last state was {state:?}", run.id);
    let end = AbnormalEnd {
        run_id: run.id,
        started_at: started_at(run.view),
        found_at: OffsetDateTime::now_utc(),
        release: run.view.identity().ok().flatten().and_then(|app| app.release),
        before_boot: run.view.origin().is_ok_and(|origin| origin == Origin::EarlierBoot),
        crashing: state == RunState::Crashing,
    };
    if let Err(error) = store.put_abnormal_end(&end) {
        log::warn!("{}", chain(&error));
    }
}

fn started_at(run: &RunView) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(run.started_ms().ok()?) * 1_000_000).ok()
}
