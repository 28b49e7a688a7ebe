//! How long things are kept, and what kills leave behind.

use std::time::Duration;

use time::OffsetDateTime;

use crate::gate::reduce_to_record;
use crate::{Error, Report, ReportId, State, Store, disk};

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
    /// Most envelopes, held, queued and refused.
    pub max_envelopes: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            max_reports: 30,
            max_age: Duration::from_secs(90 * 24 * 60 * 60),
            max_bytes: 256 * 1024 * 1024,
            max_envelopes: 1000,
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
    let (mut count, mut bytes) = (kept.len(), kept.iter().map(|one| one.size_bytes).sum::<u64>());
    let mut gone = Vec::new();
    let mut young = Vec::new();
    for one in kept {
        if now - one.captured_at > max_age {
            count -= 1;
            bytes -= one.size_bytes;
            gone.push(one.key);
        } else {
            young.push(one);
        }
    }
    for one in young {
        if count <= max_count && bytes <= max_bytes {
            break;
        }
        count -= 1;
        bytes -= one.size_bytes;
        gone.push(one.key);
    }
    gone
}

impl Store {
    /// Deletes what is too old or too much: records of sent reports first, then refused, then waiting ones, those with a
    /// consent last, the oldest first each time. Removes what killed processes left behind. Returns the reports deleted.
    ///
    /// # Errors
    /// The first thing that could not be deleted; what comes after it is kept until the next time.
    pub fn retain(&self, limits: &Retention, now: OffsetDateTime) -> Result<Vec<ReportId>, Error> {
        let _lock = self.lock()?;
        self.sweep(now)?;
        let kept = self.reports()?.iter().map(weigh).collect();
        let gone = surplus(kept, limits.max_reports, limits.max_bytes, limits.max_age, now);
        for (state, id) in &gone {
            self.discard(*state, *id)?;
        }
        self.retain_envelopes(limits, now)?;
        Ok(gone.into_iter().map(|(_, id)| id).collect())
    }

    /// Finishes what was cut short: deletions, reductions of sent reports, withdrawals, reports that were never committed.
    fn sweep(&self, now: OffsetDateTime) -> Result<(), Error> {
        for entry in disk::list(&self.deleted_folder())? {
            disk::delete_folder(&self.deleted_folder().join(entry.name))?;
        }
        for entry in disk::list(&self.state_folder(State::Sent))? {
            if let Ok(id) = entry.name.parse::<ReportId>() {
                reduce_to_record(&self.report_folder(State::Sent, id), id)?;
            }
        }
        for entry in disk::list(&self.state_folder(State::Sending))? {
            if let Ok(id) = entry.name.parse::<ReportId>() {
                self.finish_withdrawal(State::Sending, id)?;
            }
        }
        for entry in disk::list(&self.state_folder(State::New))? {
            let changed = entry.metadata.modified().map_or(now, OffsetDateTime::from);
            if now - changed > ABANDONED_AFTER && entry.metadata.is_dir() {
                disk::delete_folder(&self.state_folder(State::New).join(entry.name))?;
            }
        }
        Ok(())
    }

    fn retain_envelopes(&self, limits: &Retention, now: OffsetDateTime) -> Result<(), Error> {
        let mut paths = Vec::new();
        let mut kept = Vec::new();
        for (rank, folder) in [(0, "refused"), (1, "held"), (2, "queued")] {
            for entry in disk::list(&self.envelope_folder(folder))? {
                let captured_at = entry.metadata.modified().map_or(now, OffsetDateTime::from);
                if disk::is_temporary(&entry.name) && now - captured_at < ABANDONED_AFTER {
                    continue;
                }
                kept.push(Kept {
                    key: paths.len(),
                    rank,
                    captured_at,
                    size_bytes: entry.metadata.len(),
                });
                paths.push(self.envelope_folder(folder).join(entry.name));
            }
        }
        for index in surplus(kept, limits.max_envelopes, limits.max_bytes, limits.max_age, now) {
            disk::delete_file(&paths[index])?;
        }
        Ok(())
    }
}

fn weigh(report: &Report) -> Kept<(State, ReportId)> {
    let rank = match report.state() {
        State::Sent => 0,
        State::Refused => 1,
        State::New | State::Waiting => 2,
        State::Sending => 3,
    };
    // An answer that was not carried out yet is a consent as well; one that says no goes when it is settled.
    let consented = rank == 2 && matches!(report.answer(), Ok(Some(_)));
    let files = report.files().unwrap_or_default();
    Kept {
        key: (report.state(), report.id()),
        rank: if consented { 3 } else { rank },
        captured_at: report.captured_at(),
        size_bytes: files.iter().map(|file| file.size_bytes).sum(),
    }
}
