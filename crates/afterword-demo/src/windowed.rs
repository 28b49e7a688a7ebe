//! The demo with a display: the drawing program in a window, and the page of each new issue in the browser.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use afterword_store::{State, Store};

use crate::arguments::Arguments;
use crate::report::say;
use crate::supervisor::Supervisor;

const POLL: Duration = Duration::from_millis(250);
/// Nothing of the app may be there for so long before the demo ends: between its end and the dialog there is a moment.
const QUIET: Duration = Duration::from_secs(3);

/// Runs it until the drawing program and its dialogs are closed; after a report was sent, until Ctrl-C.
///
/// # Errors
/// What could not be started.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let interrupted = watch_ctrl_c()?;
    let supervisor = Supervisor::start(arguments)?;
    if let Some(pages) = supervisor.pages() {
        say(&format!("The collector of this demo: {pages}"));
    }
    say("The drawing program opens now. Draw something, then choose a crash from its menu.");
    // A restarted app is not this child: the end is seen in the store. This one is only collected when it has died.
    let mut first = supervisor.start_app(|_| {})?;
    let store = supervisor.store()?;
    let mut seen = HashSet::new();
    let mut last_busy = Instant::now();
    while last_busy.elapsed() < QUIET && !interrupted.load(Ordering::Relaxed) {
        if is_busy(&store)? {
            last_busy = Instant::now();
        }
        first.try_wait()?;
        open_new_issues(&supervisor, &mut seen);
        std::thread::sleep(POLL);
    }
    if interrupted.load(Ordering::Relaxed) && first.try_wait()?.is_none() {
        first.kill()?;
        first.wait()?;
    }
    let waiting = store
        .reports()?
        .iter()
        .filter(|report| report.state() == State::Waiting)
        .count();
    if waiting > 0 {
        say("A report was left for later. In this demo there is no later: it is deleted with the temporary folder.");
    }
    if !seen.is_empty() && !interrupted.load(Ordering::Relaxed) {
        say("The collector keeps running, so that you can look around. Press Ctrl-C to end the demo.");
        while !interrupted.load(Ordering::Relaxed) {
            std::thread::sleep(POLL);
        }
    }
    Ok(())
}

/// An app runs, a dialog is open, or a report is being sent.
fn is_busy(store: &Store) -> anyhow::Result<bool> {
    Ok(store.try_lock_asker()?.is_none()
        || !store.runs()?.is_empty()
        || store
            .reports()?
            .iter()
            .any(|report| report.state() == State::Sending && report.delivery().is_ok_and(|d| d.attempts == 0)))
}

fn open_new_issues(supervisor: &Supervisor, seen: &mut HashSet<String>) {
    let Some(api) = &supervisor.api else { return };
    // The collector may be busy; the next look is a quarter of a second away.
    for issue in api.issues().unwrap_or_default() {
        let (Some(page), Some(count)) = (issue["permalink"].as_str(), issue["count"].as_str()) else {
            continue;
        };
        if seen.insert(format!("{page} {count}")) {
            say(&format!(
                "{} is at {page}",
                issue["title"].as_str().unwrap_or("The issue")
            ));
            if let Err(error) = open::that_detached(page) {
                say(&format!("Open that page in your browser ({error})."));
            }
        }
    }
}

/// Set when Ctrl-C is pressed, so that the temporary folder is removed then too.
fn watch_ctrl_c() -> anyhow::Result<Arc<AtomicBool>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let pressed = Arc::new(AtomicBool::new(false));
    let flag = pressed.clone();
    std::thread::spawn(move || {
        // Where the signal cannot be caught it ends the demo, as it would have.
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            flag.store(true, Ordering::Relaxed);
        }
    });
    Ok(pressed)
}
