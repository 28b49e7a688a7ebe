//! How long things are kept, and what kills leave behind.
//!
//! One thing that cannot be deleted, or that somebody else has put there, keeps nothing else: the rest is done, and the
//! first error told at the end.

use std::path::Path;
use std::time::Duration;

use afterword_protocol::Category;
use time::OffsetDateTime;

use crate::envelopes::is_sent;
use crate::error::chain;
use crate::gate::reduce_to_record;
use crate::{Decision, Error, Loss, LossReason, Report, ReportId, ReportKind, State, Store, disk};

/// What is still being written is younger.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

/// How much is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Most reports, in all states.
    pub max_reports: usize,
    /// Oldest report and envelope.
    pub max_age: Duration,
    /// Most bytes of reports, in all states; and of envelopes.
    pub max_bytes: u64,
    /// Most envelopes, held, queued and refused. Many: an app that reports all it does for hours without a network has
    /// thousands, and they are small.
    pub max_envelopes: usize,
}

/// Most records of abnormal ends.
const MAX_ENDS: usize = 100;

impl Default for Retention {
    fn default() -> Self {
        Retention {
            max_reports: 30,
            max_age: Duration::from_secs(90 * 24 * 60 * 60),
            max_bytes: 256 * 1024 * 1024,
            max_envelopes: 20_000,
        }
    }
}

/// Something that can go, as the policy sees it.
#[derive(Clone, Copy, Debug)]
struct Kept<K> {
    key: K,
    /// What goes first: the smaller.
    rank: u8,
    captured_at: OffsetDateTime,
    size_bytes: u64,
}

/// Which ones go: those too old, then the oldest of the lowest rank until number and bytes fit. A capture time in the
/// future (the clock was set back since) is not old.
fn surplus<K: Copy>(
    mut kept: Vec<Kept<K>>,
    max_count: usize,
    max_bytes: u64,
    max_age: Duration,
    now: OffsetDateTime,
) -> Vec<K> {
    kept.sort_by_key(|one| (one.rank, one.captured_at));
    // Wider than a size: a few sparse files have more bytes than a disk.
    let mut bytes: u128 = kept.iter().map(|one| u128::from(one.size_bytes)).sum();
    let mut count = kept.len();
    let mut gone = Vec::new();
    let mut young = Vec::new();
    for one in kept {
        if now - one.captured_at > max_age {
            count -= 1;
            bytes -= u128::from(one.size_bytes);
            gone.push(one.key);
        } else {
            young.push(one);
        }
    }
    for one in young {
        if count <= max_count && bytes <= u128::from(max_bytes) {
            break;
        }
        count -= 1;
        bytes -= u128::from(one.size_bytes);
        gone.push(one.key);
    }
    gone
}

/// The first error, for the caller; all of them, for the log.
#[derive(Default)]
struct Failures {
    first: Option<Error>,
}

impl Failures {
    /// What there is, if there was no error.
    fn note<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(done) => Some(done),
            Err(error) => {
                log::warn!("while tidying up: {}", chain(&error));
                self.first.get_or_insert(error);
                None
            }
        }
    }
}

impl Store {
    /// Deletes what is too old or too much: records of sent reports first, then refused, then waiting errors, then waiting
    /// crashes and panics, those with a consent last, the oldest first each time. Removes what killed processes left
    /// behind. Returns the reports deleted. What was deleted before a server had it, or refused it, is counted as a loss
    /// right after: killed in between, it is gone uncounted.
    ///
    /// # Errors
    /// The first thing that could not be done; the rest is done all the same.
    pub fn retain(&self, limits: &Retention, now: OffsetDateTime) -> Result<Vec<ReportId>, Error> {
        let _lock = self.lock()?;
        let mut failures = Failures::default();
        self.sweep(now, &mut failures);
        let reports = failures.note(self.reports()).unwrap_or_default();
        let kept = reports.iter().map(weigh).collect();
        let gone = surplus(kept, limits.max_reports, limits.max_bytes, limits.max_age, now);
        let mut losses = Vec::new();
        for (state, id) in &gone {
            let is_lost = reports.iter().any(|report| report.id() == *id && is_unsent(report));
            let deleted = failures.note(self.discard(*state, *id)).is_some();
            if is_lost && (deleted || self.locate(*id).is_err()) {
                losses.push(Loss {
                    reason: LossReason::CacheOverflow,
                    category: Category::Error,
                    quantity: 1,
                });
            }
        }
        self.retain_envelopes(limits, now, &mut losses, &mut failures);
        failures.note(self.count_losses_locked(&losses));
        self.retain_ends(limits, now, &mut failures);
        match failures.first {
            Some(error) => Err(error),
            None => Ok(gone.into_iter().map(|(_, id)| id).collect()),
        }
    }

    /// Finishes what was cut short: deletions, reductions of sent reports, withdrawals, reports that were never committed.
    fn sweep(&self, now: OffsetDateTime, failures: &mut Failures) {
        let entries = |folder: &Path, failures: &mut Failures| failures.note(disk::list(folder)).unwrap_or_default();
        let folder = self.deleted_folder();
        for entry in entries(&folder, failures) {
            failures.note(disk::delete_entry(&folder.join(entry.name), &entry.metadata));
        }
        for state in [State::Sent, State::Sending] {
            for entry in entries(&self.state_folder(state), failures) {
                let Some(id) = entry.name.parse::<ReportId>().ok().filter(|_| entry.metadata.is_dir()) else {
                    continue;
                };
                failures.note(match state {
                    State::Sent => reduce_to_record(&self.report_folder(State::Sent, id), id),
                    _ => self.finish_withdrawal(state, id),
                });
            }
        }
        let folder = self.state_folder(State::New);
        for entry in entries(&folder, failures) {
            let changed = disk::modified(&entry.metadata).unwrap_or(now);
            if now - changed > ABANDONED_AFTER && entry.metadata.is_dir() {
                failures.note(disk::delete_folder(&folder.join(entry.name)));
            }
        }
    }

    fn retain_ends(&self, limits: &Retention, now: OffsetDateTime, failures: &mut Failures) {
        let folder = self.ends_folder();
        let ends = failures.note(disk::list(&folder)).unwrap_or_default();
        let kept = ends.iter().enumerate().map(|(key, entry)| Kept {
            key,
            rank: 0,
            captured_at: disk::modified(&entry.metadata).unwrap_or(now),
            size_bytes: entry.metadata.len(),
        });
        for key in surplus(kept.collect(), MAX_ENDS, u64::MAX, limits.max_age, now) {
            failures.note(disk::delete_entry(&folder.join(&ends[key].name), &ends[key].metadata));
        }
    }

    fn retain_envelopes(
        &self,
        limits: &Retention,
        now: OffsetDateTime,
        losses: &mut Vec<Loss>,
        failures: &mut Failures,
    ) {
        let mut found = Vec::new();
        let mut kept = Vec::new();
        for (rank, folder) in [(0, "refused"), (1, "held"), (2, "queued")] {
            let folder = self.envelope_folder(folder);
            for entry in failures.note(disk::list(&folder)).unwrap_or_default() {
                let path = folder.join(&entry.name);
                let captured_at = disk::modified(&entry.metadata).unwrap_or(now);
                if is_sent(&entry.name) {
                    failures.note(disk::delete_entry(&path, &entry.metadata));
                    continue;
                }
                if disk::is_temporary(&entry.name) && now - captured_at < ABANDONED_AFTER {
                    continue;
                }
                kept.push(Kept {
                    key: found.len(),
                    rank,
                    captured_at,
                    size_bytes: entry.metadata.len(),
                });
                // What a server refused was counted then.
                let is_unsent = rank > 0 && !disk::is_temporary(&entry.name);
                found.push((path, entry.metadata, is_unsent));
            }
        }
        for index in surplus(kept, limits.max_envelopes, limits.max_bytes, limits.max_age, now) {
            let (path, metadata, is_unsent) = &found[index];
            let lost = match is_unsent {
                true => Loss::of_file(LossReason::CacheOverflow, path),
                false => Vec::new(),
            };
            if failures.note(disk::delete_entry(path, metadata)).is_some() {
                losses.extend(lost);
            }
        }
    }
}

/// Whether a server might still have got it: it neither has nor has refused it, and nobody said *Don't send*.
fn is_unsent(report: &Report) -> bool {
    matches!(report.state(), State::Waiting | State::Sending)
        && !report
            .delivery()
            .is_ok_and(|delivery| delivery.report_accepted_at.is_some())
        && !matches!(report.answer(), Ok(Some(answer)) if answer.decision == Decision::DontSend)
}

fn weigh(report: &Report) -> Kept<(State, ReportId)> {
    let is_error = report
        .info()
        .is_ok_and(|info| matches!(info.kind, ReportKind::Error | ReportKind::Hang));
    // An answer that was not carried out yet is a consent as well; one that says no goes when it is settled.
    let consented = || matches!(report.answer(), Ok(Some(_)));
    let rank = match report.state() {
        State::Sent => 0,
        State::Refused => 1,
        State::Sending => 4,
        State::New | State::Waiting if consented() => 4,
        // A program that reports errors all day must not cost its one crash.
        State::New | State::Waiting => 2 + u8::from(!is_error),
    };
    let files = report.files().unwrap_or_default();
    Kept {
        key: (report.state(), report.id()),
        rank,
        captured_at: report.captured_at(),
        size_bytes: files.iter().map(|file| file.size_bytes).sum(),
    }
}
