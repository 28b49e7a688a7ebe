//! Sending what the store releases, for a person who watches and for nobody.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use afterword_channel::{Identity, Policy, TransportSettings};
use afterword_dialog::ToDialog;
use afterword_store::{Report, ReportId, SenderLock, State, Store};
pub use afterword_upload::NoProgress;
use afterword_upload::{Options, Outcome, Progress, Uploader, is_due};
use time::OffsetDateTime;

use crate::ask::Conversation;
use crate::assemble::assemble;
use crate::error::chain;
use crate::policy::CurrentPolicy;
use crate::{keep, rules};

/// How long the queue is left alone when the store cannot be used.
const AFTER_A_FAILURE: Duration = Duration::from_secs(60);

/// What the server is told of us.
pub fn client_name() -> &'static str {
    concat!("afterword/", env!("CARGO_PKG_VERSION"))
}

/// The uploader of an app.
pub(crate) fn uploader_of(transport: &TransportSettings) -> Uploader {
    let mut options = Options::new(client_name());
    if let Some(timeout_ms) = transport.timeout_ms {
        options = options.timeout(Duration::from_millis(timeout_ms));
    }
    if let Some(retries) = transport.retries {
        options = options.retries(retries);
    }
    if let Some(proxy) = &transport.proxy {
        options = options.proxy(proxy);
    }
    if let Some(file) = &transport.ca_certificate {
        options = options.ca_certificate(file.as_path());
    }
    Uploader::new(options)
}

/// Sends one report that a person has just agreed to, and shows how far it is. Returns what to show at the end.
pub(crate) fn report(
    store: &Store,
    uploader: &Uploader,
    id: ReportId,
    shell: &mut dyn Conversation,
    cancelled: &dyn Fn() -> bool,
    sender: Option<&SenderLock>,
) -> ToDialog {
    let watched = Watched {
        shell: RefCell::new(shell),
        cancelled,
        shown: Cell::new(0),
    };
    let sent = match sender {
        Some(lock) => uploader.send_report_locked(store, lock, id, &watched),
        // Another process is sending: in turn.
        None => uploader.send_report(store, id, &watched),
    };
    match sent {
        Ok(outcome) => {
            log_outcome(id, &outcome);
            match outcome {
                Outcome::Sent(delivery) => ToDialog::Sent {
                    event_id: delivery.event_id.unwrap_or_default(),
                    url: None,
                    known: delivery.known,
                },
                Outcome::Later { why, .. } => ToDialog::Waiting { why },
                Outcome::Refused { words, .. } => ToDialog::Refused { why: words },
                Outcome::Cancelled => ToDialog::Cancelled,
            }
        }
        Err(error) => {
            log::error!("report {id}: {}", chain(&error));
            ToDialog::Waiting { why: error.to_string() }
        }
    }
}

/// What rests on a consent given beforehand that is given no more is to be asked about instead.
pub(crate) fn withdraw_what_is_not_covered(store: &Store, policy: Policy) {
    if policy == Policy::Always {
        return;
    }
    for report in store.reports().unwrap_or_default() {
        let accepted = report.delivery().unwrap_or_default().report_accepted_at.is_some();
        if report.state() == State::Sending
            && rests_on_policy(&report)
            && !accepted
            && let Err(error) = store.withdraw(report.id())
        {
            log::error!("report {}: {}", report.id(), chain(&error));
        }
    }
}

/// Sends all reports that may be sent and whose time has come, with nobody watching; what the app wants dropped is dropped.
/// Returns when to try again what is left. The policy may change meanwhile: what rests on it goes only as long as it allows.
pub(crate) fn reports(
    store: &Store,
    uploader: &Uploader,
    app: &Identity,
    policy: &CurrentPolicy,
) -> Option<OffsetDateTime> {
    withdraw_what_is_not_covered(store, policy.look(store));
    let now = OffsetDateTime::now_utc();
    let mut retry_at: Option<OffsetDateTime> = None;
    let mut again = |at: OffsetDateTime| retry_at = Some(retry_at.map_or(at, |earlier| earlier.min(at)));
    let reports = store.reports().unwrap_or_else(|error| {
        log::error!("{}", chain(&error));
        Vec::new()
    });
    for report in reports.iter().filter(|report| report.state() == State::Sending) {
        let delivery = report.delivery().unwrap_or_default();
        let is_free = rests_on_policy(report) && delivery.report_accepted_at.is_none();
        let allowed = Allowed {
            store,
            policy: is_free.then_some(policy),
        };
        if !is_due(&delivery, now) {
            again(delivery.next_attempt_at.unwrap_or(now));
            continue;
        }
        if is_free && rules::drop_report(store, report.id(), &app.rules) {
            continue;
        }
        if allowed.cancelled() {
            // To be asked about from then on.
            again(now);
            continue;
        }
        // An odd dump goes without its stack, and must not end the thread, at each start anew.
        match catch_unwind(AssertUnwindSafe(|| assemble(store, report.id()))) {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => log::debug!("report {}: {}", report.id(), chain(&error)),
            Err(_) => log::error!("report {}: working out the stack panicked", report.id()),
        }
        match uploader.send_report(store, report.id(), &allowed) {
            Ok(outcome) => {
                log_outcome(report.id(), &outcome);
                if let Outcome::Later { retry_at, .. } = outcome {
                    again(retry_at);
                }
            }
            Err(error) => log::error!("report {}: {}", report.id(), chain(&error)),
        }
    }
    retry_at
}

/// What became of the queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// How many are still there.
    pub(crate) left: usize,
    /// Whether a server did not want some of it.
    pub(crate) refused: bool,
    /// When to try again what is left.
    pub(crate) retry_at: Option<OffsetDateTime>,
}

/// Sends the queue: what the app has captured, and what else is no report.
pub(crate) fn queue(store: &Store, uploader: &Uploader, policy: &CurrentPolicy) -> Queue {
    match uploader.send_queued_while(store, &|| keep::policy(policy.look(store)), &NoProgress) {
        Ok(outcome) => {
            if outcome.sent + outcome.refused + outcome.discarded > 0 {
                log::info!(
                    "of the queue {} were sent, {} refused, {} discarded by the server; {} are left",
                    outcome.sent,
                    outcome.refused,
                    outcome.discarded,
                    outcome.left
                );
            }
            let retry_at = outcome.later.map(|(why, at)| {
                log::info!("{} envelopes wait: {why}", outcome.left);
                at
            });
            Queue {
                left: outcome.left,
                refused: outcome.refused > 0,
                retry_at,
            }
        }
        Err(error) => {
            log::error!("{}", chain(&error));
            Queue {
                left: 1,
                refused: false,
                retry_at: Some(OffsetDateTime::now_utc() + AFTER_A_FAILURE),
            }
        }
    }
}

/// Nobody watches; and what rests on the policy goes only while that is `always`.
struct Allowed<'a> {
    store: &'a Store,
    /// None for what does not rest on it.
    policy: Option<&'a CurrentPolicy>,
}

impl Progress for Allowed<'_> {
    fn sent(&self, sent_bytes: u64, total_bytes: u64) {
        NoProgress.sent(sent_bytes, total_bytes);
    }

    fn cancelled(&self) -> bool {
        self.policy
            .is_some_and(|policy| policy.look(self.store) != Policy::Always)
    }
}

/// Whether nobody was asked about it.
fn rests_on_policy(report: &Report) -> bool {
    report.answer().is_ok_and(|answer| answer.is_none())
}

fn log_outcome(id: ReportId, outcome: &Outcome) {
    match outcome {
        Outcome::Sent(delivery) => log::info!(
            "report {id} was sent, {} bytes; the server calls it {}",
            delivery.bytes_sent,
            delivery.event_id.as_deref().unwrap_or("nothing")
        ),
        Outcome::Later { why, retry_at } => log::info!("report {id} stays until {retry_at}: {why}"),
        Outcome::Refused { status, words } => log::warn!("report {id} was refused with {status}: {words}"),
        Outcome::Cancelled => log::info!("report {id} stays: sending was stopped"),
    }
}

/// Progress into a shell, no more often than each hundredth.
struct Watched<'a> {
    shell: RefCell<&'a mut dyn Conversation>,
    cancelled: &'a dyn Fn() -> bool,
    shown: Cell<u64>,
}

impl Progress for Watched<'_> {
    fn sent(&self, sent_bytes: u64, total_bytes: u64) {
        let step = (total_bytes / 100).max(1);
        if sent_bytes == total_bytes || sent_bytes >= self.shown.get() + step || self.shown.get() == 0 {
            self.shown.set(sent_bytes.max(1));
            self.shell.borrow_mut().tell(&ToDialog::Progress {
                sent_bytes,
                total_bytes,
            });
        }
    }

    fn cancelled(&self) -> bool {
        (self.cancelled)()
    }
}

#[cfg(test)]
mod tests {
    use afterword_store::{AppId, ConsentPolicy, GivenConsent};

    use super::*;

    #[test]
    fn what_rests_on_a_consent_stops_on_its_way_when_that_is_taken_back() {
        let root = tempfile::tempdir().unwrap();
        let store = &Store::open(root.path(), &AppId::new("demo").unwrap()).unwrap();
        let policy = &CurrentPolicy::of(store, Policy::Always);
        let by_policy = Allowed {
            store,
            policy: Some(policy),
        };
        let answered = Allowed { store, policy: None };
        assert!(!by_policy.cancelled());
        for (given, stops) in [
            (ConsentPolicy::Ask, true),
            (ConsentPolicy::Never, true),
            (ConsentPolicy::Always, false),
        ] {
            let given = GivenConsent {
                policy: given,
                given_at: OffsetDateTime::now_utc(),
                text_version: None,
                locale: None,
            };
            store.put_consent(&given).unwrap();
            assert_eq!(by_policy.cancelled(), stops, "{given:?}");
            assert!(!answered.cancelled(), "a person has agreed to it");
        }
        // Told and not written: it counts until something else is told.
        policy.restrict(store, Policy::Ask);
        assert!(by_policy.cancelled());
        policy.restrict(store, Policy::Always);
        assert!(!by_policy.cancelled());
    }
}
