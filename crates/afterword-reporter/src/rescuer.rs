//! The rescuer: a reporter that a crash handler starts as its child, because the one that should have answered is gone or
//! silent. It captures at once, answers, and then does all that the reporter would have done.

use std::ffi::OsString;
use std::fs::File;
use std::sync::Arc;

use afterword_channel::layout::Occasion;
use afterword_channel::{CaptureStatus, Hello, Identity, Policy, PrivateView, RunView};
use afterword_store::{AppId, ReportId, ReportKind, Store};
use time::OffsetDateTime;

use crate::app::App;
use crate::ask::{self, Shell, Watched};
use crate::endings::{self, Run};
use crate::errands::{Errand, Errands};
use crate::error::chain;
use crate::keep::Kept;
use crate::policy::CurrentPolicy;
use crate::{Error, capture, detach, executable, journal};

/// The rescuer's life, from the crash until the last errand after the app's end.
///
/// # Errors
/// As the reporter's.
pub(crate) fn run(arguments: &[OsString], shells: Vec<Box<dyn Shell>>) -> Result<(), Error> {
    let [run_file, memory] = detach::inherited(arguments)?;
    let attributes = detach::detach();
    detach::leave_standard_streams();
    let run = RunView::new(File::from(run_file))?;
    let memory = PrivateView::from_inherited(memory)?;
    let app = App::of(&run)?;
    let hello = memory.hello()?;
    let store = Store::open(hello.store_root.as_path(), &AppId::new(&hello.app_id)?)?;
    journal::open(&store.log_folder(), hello.run_id);
    log::warn!("the crash handler had no answer of its reporter and has started this one");
    // Before the report can be seen: another start of the app must not ask about it too.
    let asker = store.try_lock_asker().ok().flatten();
    let policy = CurrentPolicy::of(&store, hello.identity.policy);
    let kept = keep(&hello, &policy, &run, &memory, &store);
    let status = match &kept {
        Ok(_) => CaptureStatus::Kept,
        Err(Error::Never) => CaptureStatus::Unwanted,
        Err(error) => {
            log::error!("no report: {}", chain(error));
            CaptureStatus::Failed
        }
    };
    run.set_answer(Occasion::Crash, memory.rescue_request()?, status)?;
    let watched = Watched {
        hello: hello.clone(),
        pid: run.app_pid()?,
        attributes,
    };
    let errands = Errands::start(store.clone(), watched, policy.clone(), None, shells, Arc::default());
    errands.crashed();
    app.wait_for_its_end(&run)?;
    let ended = Run {
        id: hello.run_id,
        view: &run,
        reported: kept.ok().flatten(),
        ended_at: Some(OffsetDateTime::now_utc()),
        policy: policy.consent(),
    };
    let crash = endings::settle(&store, &ended);
    errands.add(Errand::AppGone {
        crash,
        asker,
        documents: ask::documents(&memory),
    });
    errands.finish();
    log::info!("done");
    Ok(())
}

fn keep(
    hello: &Hello,
    policy: &CurrentPolicy,
    run: &RunView,
    memory: &PrivateView,
    store: &Store,
) -> Result<Option<ReportId>, Error> {
    let policy = policy.get();
    if policy == Policy::Never {
        return Err(Error::Never);
    }
    let app = Identity {
        policy,
        ..hello.identity.clone()
    };
    executable::hold(run.app_pid()?);
    let mut dump = capture::capture(memory, Occasion::Crash)?;
    dump.soft_errors
        .push("the reporter was gone or silent: another one was started by the crash handler".to_owned());
    Kept::new(&app, run, dump, ReportKind::Crash)?.store(store)
}
