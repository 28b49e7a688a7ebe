//! From a raw dump and the run file to a report in the store, synced.

use afterword_channel::{Identity, Policy, RunView};
use afterword_store::{ConsentPolicy, Error as StoreError, ReportFile, ReportId, ReportInfo, ReportKind, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::capture::{RawDump, signal_name};
use crate::error::chain;
use crate::secrets::Redactor;
use crate::{Error, masked, scrub};

/// A panic that ends in an abort does so at once; the dump may take a while.
const PANIC_AGE_S: u32 = 60;

/// A scrubbed dump and all that belongs to it: what the store gets, or what waits for the verdict on a panic.
#[derive(Debug)]
pub(crate) struct Kept {
    info: ReportInfo,
    minidump: Vec<u8>,
}

impl Kept {
    /// Scrubs the dump and adds what the run file says: scope, breadcrumbs, panic, without the secrets in them. A run has one
    /// report of what ended it, under the run's id: whichever process makes it first has made it. A hang does not end it, and
    /// has an id of its own.
    ///
    /// # Errors
    /// [`Error::Scrub`]; what the run file cannot tell is a soft error in the report.
    pub(crate) fn new(app: &Identity, run: &RunView, mut dump: RawDump, kind: ReportKind) -> Result<Kept, Error> {
        let report_id = match kind {
            // The app goes on, and may hang again.
            ReportKind::Hang => ReportId::random(),
            _ => ReportId::from(run.run_id()?),
        };
        let event = partial_event(run, app.max_breadcrumbs, &mut dump.soft_errors);
        // The note counts if it is of the thread that crashed, and of now: a panic of another thread, or of this one that was
        // survived, is not the reason.
        let panic = soft(run.panic_note(), &mut dump.soft_errors)
            .flatten()
            .filter(|note| note.tid == dump.tid && note.age_s.is_some_and(|age| age <= PANIC_AGE_S));
        let is_abort = signal_name(dump.exception.signal) == Some("SIGABRT");
        let panic = panic.filter(|_| kind == ReportKind::Panic || is_abort);
        let mut kept = Kept::without_run(app, report_id, dump, kind)?;
        kept.info.event = event;
        let (message, thread_name) = panic.map(|note| (note.message, note.thread_name)).unzip();
        let mut texts = [message, thread_name.filter(|name| !name.is_empty())];
        let removed = Redactor::of(app).report(&mut kept.info.event, &mut texts);
        [kept.info.message, kept.info.thread_name] = texts;
        kept.info.removed.extend(removed);
        Ok(kept)
    }

    /// Scrubs the dump, for a report of which no run file says anything.
    ///
    /// # Errors
    /// [`Error::Scrub`].
    pub(crate) fn without_run(
        app: &Identity,
        report_id: ReportId,
        dump: RawDump,
        kind: ReportKind,
    ) -> Result<Kept, Error> {
        let exception = dump.exception;
        let scrubbed = scrub::scrub(dump.bytes, app.full_stacks)?;
        let signal = signal_name(exception.signal);
        let homes = masked::homes();
        let masked = |error: &String| homes.mask_text(error).into_owned();
        Ok(Kept {
            info: ReportInfo {
                version: ReportInfo::VERSION,
                report_id,
                event_id: Uuid::new_v4(),
                kind,
                dsn: app.dsn.clone(),
                app_name: app.app_name.clone(),
                release: app.release.clone(),
                environment: app.environment.clone(),
                captured_at: dump.captured_at,
                reason: match (kind, signal) {
                    (ReportKind::Panic, _) => "panic".to_owned(),
                    (ReportKind::Hang, _) => "hang".to_owned(),
                    (_, Some(signal)) => signal.to_owned(),
                    (_, None) => "crash".to_owned(),
                },
                signal: signal.map(str::to_owned),
                address: exception.address,
                message: None,
                thread_name: None,
                event: json!({}),
                removed: scrubbed.removed,
                soft_errors: dump.soft_errors.iter().map(masked).collect(),
                policy: policy(app.policy),
            },
            minidump: scrubbed.bytes,
        })
    }

    /// What happened, in words, where the dump does not say it.
    pub(crate) fn set_message(&mut self, words: String) {
        self.info.message = Some(words);
    }

    /// Puts it into the store. When this returns, a power cut does not lose it. None where another process has made the
    /// report of this run meanwhile: that one asks about it, too.
    ///
    /// # Errors
    /// [`Error::Store`], naming what could not be written.
    pub(crate) fn store(&self, store: &Store) -> Result<Option<ReportId>, Error> {
        let made = store.begin_report(self.info.report_id).and_then(|report| {
            report.write(ReportFile::Minidump, &self.minidump)?;
            report.commit(&self.info)
        });
        let report = match made {
            Err(StoreError::Exists { id }) => {
                log::info!("report {id} has been made by another process");
                return Ok(None);
            }
            made => made?,
        };
        log::info!(
            "report {}: {}, minidump of {} bytes",
            report.id(),
            self.info.reason,
            self.minidump.len()
        );
        Ok(Some(report.id()))
    }
}

pub(crate) fn policy(policy: Policy) -> ConsentPolicy {
    match policy {
        Policy::Ask => ConsentPolicy::Ask,
        Policy::Always => ConsentPolicy::Always,
        Policy::Never => ConsentPolicy::Never,
    }
}

/// Back again.
pub(crate) fn wire(policy: ConsentPolicy) -> Policy {
    match policy {
        ConsentPolicy::Ask => Policy::Ask,
        ConsentPolicy::Always => Policy::Always,
        ConsentPolicy::Never => Policy::Never,
    }
}

/// The scope as a partial Sentry event, with the breadcrumbs in it.
fn partial_event(run: &RunView, max_breadcrumbs: usize, soft_errors: &mut Vec<String>) -> Value {
    let mut event = soft(run.scope(), soft_errors)
        .flatten()
        .and_then(|scope| match serde_json::from_slice(&scope) {
            Ok(Value::Object(fields)) => Some(fields),
            Ok(_) | Err(_) => {
                soft_errors.push("the scope in the run file is not a JSON object".to_owned());
                None
            }
        })
        .unwrap_or_default();
    let breadcrumbs: Vec<Value> = soft(run.breadcrumbs(), soft_errors)
        .unwrap_or_default()
        .iter()
        .filter_map(|breadcrumb| serde_json::from_slice(breadcrumb).ok())
        .collect();
    let breadcrumbs = &breadcrumbs[breadcrumbs.len().saturating_sub(max_breadcrumbs)..];
    if !breadcrumbs.is_empty() {
        event.insert("breadcrumbs".to_owned(), json!({ "values": breadcrumbs }));
    }
    Value::Object(event)
}

fn soft<T>(result: Result<T, afterword_channel::Error>, soft_errors: &mut Vec<String>) -> Option<T> {
    result.map_err(|error| soft_errors.push(chain(&error))).ok()
}
