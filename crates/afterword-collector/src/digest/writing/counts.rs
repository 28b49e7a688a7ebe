//! Figures by the hour, summed up over a batch before they are written.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, AssertSqlSafe};

use crate::Error;
use crate::database::{chunks, placeholders};
use crate::digest::items::{AttachmentMeta, Contents};
use crate::error::OrFailed as _;
use crate::inbox::Claimed;

/// Milliseconds of an hour.
pub(super) const HOUR_MS: i64 = 3_600_000;

/// What a batch adds.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// By issue and hour.
    pub(super) issue_hours: BTreeMap<(i64, i64), i64>,
    /// By tag and hour.
    pub(super) tag_hours: BTreeMap<(i64, i64), i64>,
    /// By project, hour and category: accepted.
    accepted: BTreeMap<(i64, i64, &'static str), i64>,
}

impl Counts {
    /// Counts an event that is new.
    pub(super) fn add_event(&mut self, project_id: i64, received_at: i64) {
        self.add(project_id, received_at, "error", 1);
    }

    /// Counts everything else of an envelope.
    pub(super) fn add_contents(&mut self, claimed: &Claimed, contents: &Contents, files: &[(AttachmentMeta, String)]) {
        let mut add = |category, count: usize| {
            self.add(
                claimed.project_id,
                claimed.received_at,
                category,
                i64::try_from(count).unwrap_or(i64::MAX),
            );
        };
        add("attachment", files.len());
        add("feedback", contents.feedback.len());
        add("transaction", usize::from(contents.transaction.is_some()));
        add("span", contents.spans.len());
        add("session", contents.sessions.len());
    }

    fn add(&mut self, project_id: i64, received_at: i64, category: &'static str, count: i64) {
        if count > 0 {
            let key = (project_id, received_at.div_euclid(HOUR_MS), category);
            *self.accepted.entry(key).or_default() += count;
        }
    }

    /// Without what was accepted: for an event that was counted when it came.
    pub(super) fn without_accepted(mut self) -> Self {
        self.accepted.clear();
        self
    }

    pub(super) async fn write(self, connection: &mut AnyConnection) -> Result<(), Error> {
        hours(connection, "issue_hours", "issue_id", &self.issue_hours).await?;
        hours(connection, "tag_hours", "tag_id", &self.tag_hours).await?;
        let rows: Vec<_> = self.accepted.into_iter().collect();
        for rows in chunks(&rows, 5) {
            let text = format!(
                "INSERT INTO project_hours (project_id, hour, category, outcome, quantity) VALUES {}
                 ON CONFLICT (project_id, hour, category, outcome)
                 DO UPDATE SET quantity = project_hours.quantity + excluded.quantity",
                placeholders(connection, rows.len(), 5)
            );
            let mut query = sqlx::query(AssertSqlSafe(text));
            for ((project_id, hour, category), quantity) in rows {
                query = query
                    .bind(*project_id)
                    .bind(*hour)
                    .bind(*category)
                    .bind("accepted")
                    .bind(*quantity);
            }
            query
                .execute(&mut *connection)
                .await
                .or_failed("count what was accepted")?;
        }
        Ok(())
    }
}

async fn hours(
    connection: &mut AnyConnection,
    table: &str,
    column: &str,
    added: &BTreeMap<(i64, i64), i64>,
) -> Result<(), Error> {
    let rows: Vec<_> = added.iter().collect();
    for rows in chunks(&rows, 3) {
        let text = format!(
            "INSERT INTO {table} ({column}, hour, events) VALUES {}
             ON CONFLICT ({column}, hour) DO UPDATE SET events = {table}.events + excluded.events",
            placeholders(connection, rows.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for ((id, hour), events) in rows {
            query = query.bind(*id).bind(*hour).bind(**events);
        }
        query
            .execute(&mut *connection)
            .await
            .or_failed("count events by the hour")?;
    }
    Ok(())
}
