//! What earlier runs left: answers that nobody carried out, runs that nobody cleaned up, reports that wait.

use std::time::Duration;

use afterword_channel::{Identity, Liveness, Origin, RunState, RunView};
use afterword_store::{AskerLock, ReportId, Retention, State, Store};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app;
use crate::endings::{self, Run};
use crate::error::chain;
use crate::outbox;
use crate::policy::{self, CurrentPolicy};
use crate::secrets::Redactor;

const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Carries out answers, removes runs whose process is gone, and keeps the store within its bounds. Nothing here fails the
/// run: what cannot be done now is done at the next start.
pub(crate) fn clean_up(store: &Store, own_run: Uuid, app_pid: u32, app: &Identity, policy: &CurrentPolicy) {
    for report in store.reports().unwrap_or_default() {
        if matches!(report.state(), State::Waiting | State::Sending)
            && let Err(error) = store.settle(report.id())
        {
            log::warn!("report {}: {}", report.id(), chain(&error));
        }
    }
    policy::apply(store, policy.consent());
    match store.runs() {
        Ok(runs) => {
            for (id, folder) in runs.into_iter().filter(|(id, _)| *id != own_run) {
                settle_if_over(store, id, &folder, app_pid, app, policy);
            }
        }
        Err(error) => log::warn!("{}", chain(&error)),
    }
    match store.retain(&Retention::default(), OffsetDateTime::now_utc()) {
        Ok(removed) if removed.is_empty() => {}
        Ok(removed) => log::info!("{} old reports were removed", removed.len()),
        Err(error) => log::warn!("{}", chain(&error)),
    }
}

/// Makes of a run whose process is gone what there is to make. A folder without a run file that can be read is removed, but
/// only after a day: another process may be making it right now, or be of a newer version.
fn settle_if_over(
    store: &Store,
    id: Uuid,
    folder: &std::path::Path,
    app_pid: u32,
    app: &Identity,
    policy: &CurrentPolicy,
) {
    let look = |view: RunView| Ok((view.origin()?, view.liveness()?, view));
    match RunView::open(folder).and_then(look) {
        // A home on a network: whether another computer's process lives cannot be seen from here.
        Ok((Origin::OtherHost, ..)) | Ok((Origin::ThisBoot, Liveness::Alive, _)) => {}
        // A lock is lost by any close of its file; a mapping stays as long as the program.
        Ok((Origin::ThisBoot, _, view)) if app::maps_run(&view) => {}
        Ok((origin, _, view)) => {
            // The same process, and another program by now: `exec` ended that run, and well. Not so if the process is a
            // younger one: in a sandbox, each start has the same number.
            if origin == Origin::ThisBoot
                && view.app_pid().is_ok_and(|pid| pid == app_pid)
                && app::has_begun_before(app_pid, view.started_ms().unwrap_or(0))
                && matches!(view.state(), Ok(RunState::Starting | RunState::Running))
                && let Err(error) = view.set_state(RunState::CleanExit)
            {
                log::debug!("run {id}: {}", chain(&error));
            }
            let run = Run {
                id,
                view: &view,
                reported: None,
                ended_at: None,
                policy: policy.consent(),
            };
            if let Some(report) = endings::settle(store, &run) {
                log::info!("run {id} has left report {report}");
            }
        }
        Err(error) => {
            log::debug!("run {id}: {}", chain(&error));
            let age = std::fs::metadata(folder)
                .and_then(|metadata| metadata.modified())
                .ok()
                .and_then(|modified| modified.elapsed().ok());
            let is_old = age.is_some_and(|age| age.as_secs() > 24 * 3600);
            // What is left of a run that was settled on a full disk; or the outbox of one that lives and could have no file.
            // Whose rules hold is not known: those of the app as it is now do.
            match outbox::drain(store, id, app, &Redactor::of(app), policy.consent(), is_old) {
                Ok(_) if is_old => {
                    if let Err(error) = store.remove_run(id) {
                        log::warn!("run {id}: {}", chain(&error));
                    }
                }
                Ok(_) => {}
                Err(error) => log::warn!("run {id}: {}", chain(&error)),
            }
        }
    }
}

/// The newest report that waits for an answer.
pub(crate) fn newest_waiting(store: &Store) -> Option<ReportId> {
    let reports = store.reports().unwrap_or_default();
    reports
        .iter()
        .find(|report| report.state() == State::Waiting && report.info().is_ok())
        .map(afterword_store::Report::id)
}

/// The right to ask. None while another process of this app asks; where the lock itself fails, asking comes first.
pub(crate) fn asker_lock(store: &Store) -> Option<Option<AskerLock>> {
    for _ in 0..LOCK_TRIES {
        match store.try_lock_asker() {
            Ok(Some(lock)) => return Some(Some(lock)),
            // Whoever only looks whether somebody asks holds it for a moment.
            Ok(None) => std::thread::sleep(LOCK_PAUSE),
            Err(error) => {
                log::warn!("{}", chain(&error));
                return Some(None);
            }
        }
    }
    None
}
