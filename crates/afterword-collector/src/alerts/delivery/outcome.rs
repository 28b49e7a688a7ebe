//! What became of a try.

use std::time::Duration;

use crate::alerts::text;

/// How much of what the other side said is kept, in units of UTF-16.
const MAX_ANSWER: usize = 4096;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing: it is there.
    Sent,
    /// To be tried again; not before this has passed, if the other side said so.
    Again(Option<Duration>),
    /// Nothing: it would be refused again.
    Refused,
}

/// What became of a try, in words that say what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// Of HTTP or SMTP, if there was an answer.
    pub(crate) status: Option<u16>,
    /// One line, of bounded length.
    pub(crate) answer: String,
    /// Of several addresses those that have it now.
    pub(crate) reached: Vec<String>,
}

impl Outcome {
    fn new(verdict: Verdict, words: impl ToString) -> Self {
        Self {
            verdict,
            status: None,
            answer: text::cut(&text::one_line(&words.to_string()), MAX_ANSWER),
            reached: Vec::new(),
        }
    }

    pub(crate) fn sent(words: impl ToString) -> Self {
        Self::new(Verdict::Sent, words)
    }

    pub(crate) fn again(words: impl ToString) -> Self {
        Self::new(Verdict::Again(None), words)
    }

    pub(crate) fn refused(words: impl ToString) -> Self {
        Self::new(Verdict::Refused, words)
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// If it is to be tried again: not before this has passed.
    pub(crate) fn after(mut self, after: Option<Duration>) -> Self {
        if let Verdict::Again(when) = &mut self.verdict {
            *when = after;
        }
        self
    }
}
