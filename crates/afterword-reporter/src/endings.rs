//! How a run ended, once its process is gone, and what is made of that: a report of what its crash handler salvaged, the
//! record of an abnormal end, or nothing; and the end of its session. Done by the run's own reporter, or by that of a later start.

use afterword_channel::{Identity, Origin, RunState, RunView};
use afterword_store::{AbnormalEnd, ConsentPolicy, EnvelopeClass, ReportId, ReportKind, Store};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::chain;
use crate::keep::Kept;
use crate::secrets::Redactor;
use crate::session::{End, Session, started_at};
use crate::{Error, capture, keep, outbox};

/// A run whose process is gone.
pub(crate) struct Run<'a> {
    pub(crate) id: Uuid,
    pub(crate) view: &'a RunView,
    /// The report of what ended it, where its reporter has made one.
    pub(crate) reported: Option<ReportId>,
    /// When it ended, where somebody watched.
    pub(crate) ended_at: Option<OffsetDateTime>,
    /// Who decides about what it has captured.
    pub(crate) policy: ConsentPolicy,
}

/// Whose the report of a run is.
enum Reported {
    /// This process has made it, and asks about it.
    Here(ReportId),
    /// Another process has, and does.
    Elsewhere,
    /// There is none.
    Not,
}

/// Makes of an ended run what there is to make, and removes it. Returns the report of what ended it, if this process is to
/// ask about it. A run whose report cannot be kept (the disk is full) stays for the next start.
pub(crate) fn settle(store: &Store, run: &Run<'_>) -> Option<ReportId> {
    // A reporter that was stopped may come back to a run that has long been settled.
    let is_settled = run.reported.is_none() && !store.has_run(run.id);
    if is_settled {
        return None;
    }
    let reported = match report_of(store, run) {
        Ok(reported) => reported,
        Err(error @ Error::Store(_)) => {
            log::error!("run {} stays for the next start: {}", run.id, chain(&error));
            return None;
        }
        // It would not be better then.
        Err(error) => {
            log::error!("run {}: no report of it can be made: {}", run.id, chain(&error));
            Reported::Not
        }
    };
    let end = End::of(run.view, !matches!(reported, Reported::Not));
    let report = match reported {
        Reported::Here(id) => Some(id),
        Reported::Elsewhere => None,
        Reported::Not => {
            note_abnormal_end(store, run);
            None
        }
    };
    if let Err(error) = end_run(store, run, end) {
        log::warn!("run {} stays for the next start: {}", run.id, chain(&error));
    }
    report
}

/// The last of a run: drains its outbox, then tells the end of its session and removes it, in one step. Where the outbox cannot be
/// drained (the disk is full), that stays for the next start, and nothing else: all that the rest could tell has been told.
fn end_run(store: &Store, run: &Run<'_>, end: End) -> Result<(), Error> {
    let app = run.view.identity().ok().flatten().unwrap_or_default();
    let session = Session::of(&app, run.view);
    let envelope = session.map(|session| session.end(end, run.ended_at, OffsetDateTime::now_utc()));
    match outbox::drain(store, run.id, &app, &Redactor::of(&app), run.policy, true) {
        Ok(_) => {
            if !store.end_run(run.id, run.policy, envelope.as_deref())? {
                log::info!("run {} has been settled by another process", run.id);
            }
        }
        Err(error) => {
            log::error!(
                "the outbox of run {} stays for the next start: {}",
                run.id,
                chain(&error)
            );
            if let Some(envelope) = envelope {
                store.put_envelope(run.policy, EnvelopeClass::Session, &envelope)?;
            }
            store.reduce_run_to_outbox(run.id)?;
        }
    }
    Ok(())
}

/// The report that there is, or one of what was salvaged.
fn report_of(store: &Store, run: &Run<'_>) -> Result<Reported, Error> {
    if let Some(id) = run.reported {
        return Ok(Reported::Here(id));
    }
    // Another process (a rescuer) may have made it.
    let id = ReportId::from(run.id);
    if store.report(id).is_ok() {
        return Ok(Reported::Elsewhere);
    }
    let Some(salvage) = run.view.salvage()? else {
        return Ok(Reported::Not);
    };
    // The person chose that nothing is kept, since it ran or while it did.
    if run.policy == ConsentPolicy::Never {
        return Ok(Reported::Not);
    }
    let app = Identity {
        policy: keep::wire(run.policy),
        ..run.view.identity()?.unwrap_or_default()
    };
    let dump = capture::salvaged(salvage)?;
    let made = Kept::new(&app, run.view, dump, ReportKind::Crash)?.store(store)?;
    Ok(made.map_or(Reported::Elsewhere, Reported::Here))
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
