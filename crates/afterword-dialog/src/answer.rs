//! Writing the answer down: the one thing the dialog does to a report. *Always do this* is a choice for the app besides.

use afterword_store::{Answer, AppId, ConsentPolicy, Decision, GivenConsent, Store};
use time::OffsetDateTime;

use crate::language::Language;
use crate::message::Asked;
use crate::{Error, words};

/// What the person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Send or don't.
    pub decision: Decision,
    /// What they wrote, if anything.
    pub comment: Option<String>,
    /// Whether the app is to be started again.
    pub restart: bool,
    /// Names of the parts that they left out.
    pub left_out: Vec<String>,
    /// Whether it is to be done with all later reports of the app too, without asking.
    pub always: bool,
}

impl Given {
    /// The plain answer: no comment, everything as it is, this once.
    #[must_use]
    pub fn new(decision: Decision) -> Given {
        Given {
            decision,
            comment: None,
            restart: false,
            left_out: Vec::new(),
            always: false,
        }
    }
}

/// Puts the answer into the store, synced, before anything is said about it. What it allows or forbids is carried out by
/// the reporter, or at the next start. With it is kept what was read: the version of the texts and their language.
///
/// # Errors
/// [`Error::Answer`]; then there is no answer, and the report is asked about again.
pub fn save_answer(asked: &Asked, language: Language, given: &Given, now: OffsetDateTime) -> Result<(), Error> {
    let answer = Answer {
        comment: given.comment.clone(),
        restart: given.restart,
        asked_at: Some(asked.asked_at),
        left_out: given.left_out.clone(),
        always: given.always,
        ..Answer::new(given.decision, now, words::TEXT_VERSION, language.tag())
    };
    AppId::new(&asked.app)
        .and_then(|app| Store::open(&asked.store_root, &app))
        .and_then(|store| put(&store, asked, answer))
        .map_err(|source| Error::Answer {
            report_id: asked.report_id,
            source,
        })
}

fn put(store: &Store, asked: &Asked, mut answer: Answer) -> Result<(), afterword_store::Error> {
    if answer.decision == Decision::Send {
        answer.items = items(store, asked, &answer);
    }
    if !answer.always {
        return store.put_answer(asked.report_id, &answer);
    }
    // The choice for all comes first, so that an answer that is there is wholly there; without the answer it is undone.
    let before = store.consent();
    store.put_consent(&GivenConsent {
        policy: match answer.decision {
            Decision::Send => ConsentPolicy::Always,
            Decision::DontSend => ConsentPolicy::Never,
        },
        given_at: answer.answered_at,
        text_version: Some(answer.text_version),
        locale: Some(answer.locale.clone()),
    })?;
    store.put_answer(asked.report_id, &answer).inspect_err(|_| {
        let undone = match before {
            Ok(Some(before)) => store.put_consent(&before),
            // One that could not be read was none.
            Ok(None) | Err(_) => store.forget_consent(),
        };
        if let Err(error) = undone {
            log::error!(
                "a choice is kept whose answer is not: {}",
                afterword_store::chain(&error)
            );
        }
    })
}

/// What goes, by name, as it is now.
fn items(store: &Store, asked: &Asked, answer: &Answer) -> Vec<String> {
    let outgoing = store.report(asked.report_id).and_then(|report| report.outgoing());
    match outgoing {
        Ok(mut outgoing) => {
            outgoing.choose(&answer.into());
            let going = outgoing.parts().filter(|part| part.goes());
            going.map(|part| part.name().to_owned()).collect()
        }
        Err(error) => {
            log::warn!("what goes cannot be noted: {}", afterword_store::chain(&error));
            Vec::new()
        }
    }
}
