//! What rules found, written with the notes that it was made of.

use crate::alerts::firing::{self, Found, Mark};
use crate::alerts::{Alerts, work};
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::{Error, now_ms};

/// What is to be written.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) found: Vec<Found>,
    /// Rule and subject of bounds that are kept again.
    pub(super) kept: Vec<(i64, String)>,
}

impl Outcome {
    /// Rule and subject of bounds that are passed.
    pub(super) fn stands(&self) -> impl Iterator<Item = (i64, String)> {
        self.found
            .iter()
            .filter(|found| matches!(found.mark, Mark::Passed { .. }))
            .map(|found| (found.rule.id, found.subject.clone()))
    }
}

/// Writes what was found and takes the notes away that it was made of. `false`: another collector took them, and nothing was
/// written.
pub(super) async fn write(
    database: &Database,
    alerts: &Alerts,
    outcome: &Outcome,
    notes: &[i64],
) -> Result<bool, Error> {
    if outcome.found.is_empty() && outcome.kept.is_empty() && notes.is_empty() {
        return Ok(true);
    }
    let operation = "write what rules found";
    let now = now_ms();
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    if !work::take(&mut transaction, notes).await? {
        transaction.rollback().await.or_failed(operation)?;
        return Ok(false);
    }
    for (rule_id, subject) in &outcome.kept {
        firing::kept(&mut transaction, *rule_id, subject, now).await?;
    }
    let mut sends = false;
    for found in &outcome.found {
        sends |= firing::write(&mut transaction, found, now).await?;
    }
    transaction.commit().await.or_failed(operation)?;
    if sends {
        alerts.wake_sender();
    }
    Ok(true)
}
