//! What the digest did that rules may care about: a note for each batch, written in the transaction of the batch, so that
//! neither is there without the other. Whoever takes the note away in the transaction that writes what became of it is the
//! one that fired.

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::Alerts;
use super::index::Wants;
use crate::database::{Database, Query};
use crate::error::OrFailed as _;
use crate::{Error, now_ms};

/// The most notes that are looked at together: some ten thousand events.
const MOST: i64 = 40;

/// A note of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    #[serde(default)]
    pub(crate) issues: Vec<Touched>,
    /// An envelope that was set aside: project, and the id of its row.
    #[serde(default)]
    pub(crate) set_aside: Option<(i64, i64)>,
}

/// What it did to an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Touched {
    pub(crate) issue: i64,
    pub(crate) project: i64,
    /// It was made.
    pub(crate) new: bool,
    /// It came back: the id of what was noted of that.
    pub(crate) regression: Option<i64>,
    /// The rows of its new events, in their order.
    pub(crate) rows: Vec<i64>,
}

/// A note that waits.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) id: i64,
    pub(super) note: Note,
}

/// Leaves a note of what rules want to know of these issues. `false` if that is nothing.
pub(crate) async fn note(
    connection: &mut AnyConnection,
    alerts: &Alerts,
    touched: Vec<Touched>,
) -> Result<bool, Error> {
    let mut issues = touched;
    issues.retain(|touched| match alerts.wants(touched.project) {
        Wants::Everything => true,
        Wants::Some { new, regressions } => touched.new && new || touched.regression.is_some() && regressions,
    });
    if issues.is_empty() {
        return Ok(false);
    }
    let note = Note {
        issues,
        set_aside: None,
    };
    write(connection, &note).await?;
    Ok(true)
}

/// Leaves a note of an envelope that was set aside.
pub(crate) async fn note_set_aside(connection: &mut AnyConnection, project_id: i64, row: i64) -> Result<(), Error> {
    let note = Note {
        set_aside: Some((project_id, row)),
        ..Note::default()
    };
    write(connection, &note).await
}

async fn write(connection: &mut AnyConnection, note: &Note) -> Result<(), Error> {
    let operation = "leave a note for rules";
    let text = serde_json::to_string(note).map_err(|source| Error::Setting {
        name: "note".to_owned(),
        source,
    })?;
    sqlx::query("INSERT INTO alert_work (note, noted_at) VALUES ($1, $2)")
        .bind(text)
        .bind(now_ms())
        .execute(connection)
        .await
        .or_failed(operation)?;
    Ok(())
}

/// The oldest notes that wait, and whether there may be more.
pub(super) async fn waiting(database: &Database) -> Result<(Vec<Waiting>, bool), Error> {
    let rows: Vec<(i64, String)> = sqlx::query_as("SELECT id, note FROM alert_work ORDER BY id LIMIT $1")
        .bind(MOST)
        .fetch_all(&database.read)
        .await
        .or_failed("read notes for rules")?;
    let more = i64::try_from(rows.len()).is_ok_and(|count| count == MOST);
    let waiting = rows.into_iter().map(|(id, note)| Waiting {
        id,
        note: serde_json::from_str(&note).unwrap_or_else(|error| {
            tracing::error!(id, %error, "a note for rules cannot be read");
            Note::default()
        }),
    });
    Ok((waiting.collect(), more))
}

/// Takes notes away. `false` if another collector took some of them.
pub(super) async fn take(connection: &mut AnyConnection, ids: &[i64]) -> Result<bool, Error> {
    if ids.is_empty() {
        return Ok(true);
    }
    let mut query = Query::new("DELETE FROM alert_work WHERE ");
    query.bind_in("id", ids.iter().copied());
    let taken = query.execute_on(connection, "take notes for rules").await?;
    Ok(usize::try_from(taken.rows_affected()).is_ok_and(|taken| taken == ids.len()))
}
