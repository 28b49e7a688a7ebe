//! Everything the window shows, and what changes it. No I/O here: a shell feeds in messages and carries out actions.

use std::path::PathBuf;

use afterword_store::{Decision, KnownCrash};

use crate::answer::Given;
use crate::guard::Guard;
use crate::language::Language;
use crate::look::{Look, Tab};
use crate::message::{Asked, ToDialog};
use crate::shown::{shown, shown_details};
use crate::text;
use crate::words::Words;

/// Longest comment, in characters: what a feedback item on the wire may hold.
pub const MAX_COMMENT_CHARS: usize = 4_096;
/// Most entries of each list in the details that are shown; what is left out is counted.
pub(crate) const MAX_LISTED: usize = 250;

/// What the window shows.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) words: Words,
    pub(crate) asked: Asked,
    pub(crate) comment: String,
    pub(crate) restart: bool,
    pub(crate) details_open: bool,
    pub(crate) phase: Phase,
    pub(crate) copied: bool,
    /// Whether it is to be done with later reports too.
    pub(crate) always: bool,
    /// What is looked at in the details.
    pub(crate) look: Look,
    /// Why the answer that was given could not be saved: it is asked for again.
    pub(crate) not_saved: Option<String>,
    /// Presses come too early to be answers.
    pub(crate) guard: Guard,
    /// The reporter has gone: what is sent now is sent by the next one.
    pub(crate) alone: bool,
    /// What the page in view would like to be tall, in points, as last laid out.
    pub(crate) wanted_height: f32,
    /// Height of the buttons' row and what stands beside it, as last laid out.
    pub(crate) footer_height: Option<f32>,
}

/// Where the conversation with the person is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// The question is open.
    Asking,
    /// Agreed; the bytes are on their way.
    Sending {
        /// Bytes the server has taken so far.
        sent_bytes: u64,
        /// Bytes in all; 0 while not yet known.
        total_bytes: u64,
        /// Cancel was pressed and is being carried out.
        cancelling: bool,
    },
    /// The server has it.
    Sent {
        /// The id to name when asking about it.
        event_id: String,
        /// The report's page.
        url: Option<String>,
        /// What the server knows of it.
        known: Option<KnownCrash>,
    },
    /// It could not be sent now; it is kept and tried again later.
    Waiting {
        /// What failed, in technical words, or empty.
        why: String,
    },
    /// It is agreed to, and there is nobody to send it now: the reporter has gone.
    Alone,
    /// The server refused it.
    Refused {
        /// The server's words, or empty.
        why: String,
    },
    /// Stopped by the person.
    Cancelled,
    /// Nothing more to show; the window closes.
    Done,
}

/// What the person did in this frame, for the shell to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Nothing that leaves the window.
    None,
    /// The question is answered.
    Answer(Given),
    /// Save what would be sent in a file.
    SaveCopy(PathBuf),
    /// Stop sending.
    Cancel,
    /// Close the window; before an answer: ask again later.
    Close,
}

impl State {
    /// The question in a language, unanswered, nothing ticked. All text in `asked` is made fit to be shown.
    pub fn new(asked: Asked, language: Language) -> State {
        let asked = shown(asked);
        let words = Words::of(language);
        State {
            words,
            always: false,
            look: Look::default(),
            not_saved: None,
            guard: Guard::default(),
            asked,
            comment: String::new(),
            restart: false,
            details_open: false,
            phase: Phase::Asking,
            copied: false,
            alone: false,
            wanted_height: 0.0,
            footer_height: None,
        }
    }

    /// Takes in a message. What comes too late or out of turn changes nothing: no message can make an answer.
    pub fn apply(&mut self, message: ToDialog) {
        match message {
            ToDialog::Show(_) => {}
            ToDialog::Details(details) => {
                self.asked.details = shown_details(*details);
            }
            outcome => self.apply_outcome(outcome),
        }
    }

    /// The answer has been saved: on with sending, or the end.
    pub fn answered(&mut self, decision: Decision) {
        self.not_saved = None;
        // The second click of a double click is not meant for what stands there now.
        self.guard.restart();
        self.phase = match decision {
            Decision::Send if self.alone => Phase::Alone,
            Decision::Send => Phase::Sending {
                sent_bytes: 0,
                total_bytes: 0,
                cancelling: false,
            },
            _ => Phase::Done,
        };
    }

    /// The answer could not be saved: the question stays, with all that was written, and says why.
    pub fn not_saved(&mut self, why: &str) {
        self.not_saved = Some(text::line(why, 200));
    }

    /// The reporter has gone away; no further message will come.
    pub fn reporter_gone(&mut self) {
        self.alone = true;
        if matches!(self.phase, Phase::Sending { .. }) {
            self.phase = Phase::Alone;
        }
    }

    /// Where the conversation is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The language it speaks.
    pub fn language(&self) -> Language {
        self.words.language()
    }

    /// What happened, in a line: the window's title.
    pub fn headline(&self) -> String {
        self.words.headline(&self.asked).into_owned()
    }

    /// The question, as it is shown.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// Whether the details are unfolded.
    pub fn details_open(&self) -> bool {
        self.details_open
    }

    /// Unfolds or folds the details.
    pub fn open_details(&mut self, open: bool) {
        self.details_open = open;
    }

    /// Which part of the details is in view.
    pub fn tab(&self) -> Tab {
        self.look.tab
    }

    /// Brings a part of the details into view.
    pub fn open_tab(&mut self, tab: Tab) {
        self.look.tab = tab;
    }

    /// Asks where a copy is to go, as the button does.
    pub fn ask_where_to_copy(&mut self) {
        self.look.copying.open = true;
    }

    /// How tall the page in view would like to be, in points; 0 before it was laid out.
    pub fn wanted_height(&self) -> f32 {
        self.wanted_height
    }

    /// The answer with this decision, as an action.
    pub(crate) fn answer(&self, decision: Decision) -> Action {
        let comment = self.comment.trim();
        Action::Answer(Given {
            decision,
            comment: (!comment.is_empty()).then(|| comment.to_owned()),
            restart: self.restart && self.asked.can_restart,
            left_out: self.look.left_out.clone(),
            always: self.always,
        })
    }

    fn apply_outcome(&mut self, message: ToDialog) {
        let Phase::Sending { cancelling, .. } = self.phase else {
            return;
        };
        self.phase = match message {
            ToDialog::Progress {
                sent_bytes,
                total_bytes,
            } => Phase::Sending {
                sent_bytes,
                total_bytes,
                cancelling,
            },
            ToDialog::Sent { event_id, url, known } => Phase::Sent {
                event_id: text::line(&event_id, 64),
                url: url.filter(|url| is_web(url)),
                known,
            },
            ToDialog::Waiting { why } => Phase::Waiting {
                why: text::line(&why, 400),
            },
            ToDialog::Refused { why } => Phase::Refused {
                why: text::block(&why, 2_000),
            },
            ToDialog::Cancelled => Phase::Cancelled,
            ToDialog::Show(_) | ToDialog::Details(_) => return,
        };
    }
}

/// A link from outside is opened only if it leads to a web page.
fn is_web(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && url.len() < 2_000 && !url.contains(char::is_control)
}
