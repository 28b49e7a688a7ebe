//! What a server knows of a crash that it has just taken: whether others had it, and whether it is fixed. Only a server that
//! says it can be asked is asked, only for what it was sent, with the key it was sent with; and nothing depends on its answer.

use std::convert::Infallible;
use std::thread;
use std::time::{Duration, Instant};

use afterword_protocol::{Dsn, auth};
use afterword_store::KnownCrash;
use serde_json::Value;
use uuid::Uuid;

use crate::answer::{Answer, clean};
use crate::transport::{Line, Request};
use crate::{Options, Progress};

/// How long whoever waits for the end of sending waits for this, at most.
const PATIENCE: Duration = Duration::from_secs(4);
/// Before the second question, as the server is not done with the report at once; before each further one twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(150);
/// How often it is looked whether to give up meanwhile.
const LOOK: Duration = Duration::from_millis(50);
/// The longest text that is kept, in characters.
const MAX_CHARS: usize = 250;

/// Gives up when its time is over.
struct Until<'a> {
    progress: &'a dyn Progress,
    end: Instant,
}

impl Progress for Until<'_> {
    fn sent(&self, _sent_bytes: u64, _total_bytes: u64) {}

    fn cancelled(&self) -> bool {
        self.progress.cancelled() || Instant::now() >= self.end
    }
}

/// Asks until the server knows, does not answer, or the time is over.
pub(crate) fn ask(
    options: &Options,
    line: &mut Line<'_>,
    dsn: &Dsn,
    event_id: Uuid,
    progress: &dyn Progress,
) -> Option<KnownCrash> {
    let url = dsn
        .envelope_api_url()
        .join(&format!("../events/{}/known/", event_id.simple()))
        .ok()?;
    let request = Request {
        url,
        auth: auth::header(dsn, &options.client),
        body: None,
    };
    let until = Until {
        progress,
        end: Instant::now() + PATIENCE,
    };
    let mut pause = FIRST_PAUSE;
    while !until.cancelled() {
        let Ok(asked) = line.post(&request, &until, || Ok::<(), Infallible>(()));
        match asked.ok().as_ref().map(read)? {
            Said::Known(known) => return Some(known),
            Said::Nothing => return None,
            Said::Pending => {}
        }
        let end = Instant::now() + pause;
        while Instant::now() < end && !until.cancelled() {
            thread::sleep(LOOK);
        }
        pause *= 2;
    }
    None
}

/// What an answer says.
#[derive(Debug, PartialEq)]
enum Said {
    Known(KnownCrash),
    Pending,
    Nothing,
}

fn read(answer: &Answer) -> Said {
    let body = answer.body.as_deref().filter(|_| answer.status == 200);
    let Some(body) = body.and_then(|body| serde_json::from_slice::<Value>(body).ok()) else {
        return Said::Nothing;
    };
    let issue = &body["issue"];
    let text = |value: &Value| {
        value
            .as_str()
            .map(|text| clean(text, MAX_CHARS))
            .filter(|text| !text.is_empty())
    };
    match (body["state"].as_str(), text(&issue["shortId"])) {
        (Some("pending"), _) => Said::Pending,
        (Some("known"), Some(short_id)) => Said::Known(KnownCrash {
            short_id,
            is_new: issue["isNew"].as_bool().unwrap_or(false),
            is_fixed: issue["status"] == "resolved",
            fixed_in: text(&issue["fixedIn"]["version"]),
            newer_release: text(&issue["newerRelease"]["version"]),
        }),
        _ => Said::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> Said {
        read(&Answer {
            status,
            body: Some(body.as_bytes().to_vec()),
            ..Answer::default()
        })
    }

    #[test]
    fn only_what_makes_sense_is_taken() {
        assert_eq!(said(200, r#"{"state":"pending"}"#), Said::Pending);
        let known = said(
            200,
            r#"{"state":"known","issue":{"shortId":"EDITOR-3\u001b","status":"resolved","isNew":false,
                "fixedIn":{"version":"editor@1.4.2"},"newerRelease":null}}"#,
        );
        let expected = KnownCrash {
            short_id: "EDITOR-3".to_owned(),
            is_new: false,
            is_fixed: true,
            fixed_in: Some("editor@1.4.2".to_owned()),
            newer_release: None,
        };
        assert_eq!(known, Said::Known(expected));
        for (status, body) in [
            (404, r#"{"state":"pending"}"#),
            (200, "<html>"),
            (200, "{}"),
            (200, r#"{"state":"known"}"#),
            (200, r#"{"state":"known","issue":{"shortId":5}}"#),
        ] {
            assert_eq!(said(status, body), Said::Nothing, "{body}");
        }
    }
}
