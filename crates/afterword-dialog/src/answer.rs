//! Writing the answer down: the one thing the dialog does to a report.

use afterword_store::{Answer, AppId, Decision, Store};
use time::OffsetDateTime;

use crate::language::Language;
use crate::message::Asked;
use crate::{Error, words};

/// Puts the answer into the store, synced, before anything is said about it. What it allows or forbids is carried out by
/// the reporter, or at the next start. With it is kept what was read: the version of the texts and their language.
///
/// # Errors
/// [`Error::Answer`]; then there is no answer, and the report is asked about again.
pub fn save_answer(
    asked: &Asked,
    language: Language,
    decision: Decision,
    comment: Option<String>,
    restart: bool,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let answer = Answer {
        comment,
        restart,
        ..Answer::new(decision, now, words::TEXT_VERSION, language.tag())
    };
    AppId::new(&asked.app)
        .and_then(|app| Store::open(&asked.store_root, &app))
        .and_then(|store| store.put_answer(asked.report_id, &answer))
        .map_err(|source| Error::Answer {
            report_id: asked.report_id,
            source,
        })
}
