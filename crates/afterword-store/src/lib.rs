//! Crash reports and envelopes on disk: their states, the consent that moves them, and how long they are kept.
//! Nothing here knows a network or a window; and nobody else knows this layout.
//!
//! ```text
//! <root>/<app>/
//!   lock                        taken for the moment of a state move, by any process
//!   sender.lock                 held by the one process that sends
//!   asker.lock                  held by the one process that asks
//!   runs/<run id>/              one run of the app: its run file (afterword-channel) and its [`outbox`]
//!   reports/new/<report id>/    being written; nobody reads it
//!   reports/waiting/…           complete, and asking for an answer
//!   reports/sending/…           the person (or the policy) said yes
//!   reports/sent/…              a small record of what was sent and where to find it
//!   reports/refused/…           the server said no; kept, with its words
//!   reports/deleted/…           on its way out, seen by nobody
//!   envelopes/held|queued|refused/<uuid>.envelope
//!   log/                        what the reporter did, one file a run
//!   state/rate-limits.json      what the server asked us to wait for
//!   state/consent.json          what the person chose at runtime
//!   state/queue.json            how often sending the queue has failed in a row
//!   state/losses.json           what was dropped, counted, to be told to the server
//! ```
//!
//! Folders are 0700 and files 0600 where the system knows such modes. On Windows they are as private as the folder that they
//! are made in: the default root is in the user's profile, whose access list names the user, the administrators and the
//! system; a root that an app chooses elsewhere is as open as that place.
//!
//! # The life of a report
//!
//! ```text
//!                     answer: Send                     recorded 2xx
//!   new ──► waiting ───────────────► sending ───────────────────────► sent (record only)
//!    │         │                      ▲   │ 4xx
//!    │         │ answer: Don't send   │   └──────────► refused
//!    │         ▼                      └── retry ───────────┘
//!    │      deleted
//!    └── policy `always` ─────────────► sending ──── consent withdrawn ───► waiting
//! ```
//!
//! A state is a folder and a move is a rename, so that a report is in exactly one state whenever a process is killed.
//! [`Store::begin_report`] makes the folder in `new`; [`NewReport::commit`] writes `report.json`, syncs files and folder,
//! renames it into `waiting` and syncs the parents: when it has returned, a power cut does not lose the report. The first
//! move takes no lock (nobody else knows the report yet, and the crashed program is waiting for us); every later one
//! takes `<app>/lock`, for a bounded time.
//!
//! The dialog writes the answer with [`Store::put_answer`] and may die right after; whoever comes next carries it out with
//! [`Store::settle`], which may be called any number of times. Until the server has the report, [`Store::withdraw`] takes a
//! consent back, the policy's as well as the person's. The uploader asks [`Store::release`] for a
//! [`ReleasedReport`], records the server's 2xx with [`ReleasedReport::record`] before it does anything else, and ends with
//! [`ReleasedReport::finish_sent`]: a sender that was killed finds the record and finishes without sending again.
//!
//! # The gate
//!
//! [`ReleasedReport`] and [`ReleasedEnvelope`] are the only types an uploader accepts and only this crate makes them:
//! their fields are private and [`Store::release`] looks at the answer on the disk, not at the folder alone. A report that
//! was put into `sending` by hand is refused. What each kind of item may do under each policy is one table: [`consent`].
//!
//! # What is read back is not trusted
//!
//! Every file has a bound ([`ReportFile::max_bytes`]), only regular files are opened, a `report.json` must name its own
//! folder, and a report that cannot be read is listed with its error: hidden data is worse than an ugly line.

mod ids;
mod info;

pub mod consent;

mod error;

mod disk;
mod store;

mod new_report;
mod outgoing;
mod report;

mod gate;
mod settle;

mod ends;
mod envelopes;
mod given;
mod limits;
mod losses;
pub mod outbox;
mod retention;

/// What a lost item counts as.
pub use afterword_protocol::Category;
pub use consent::{ConsentPolicy, EnvelopeClass, ItemKind, ItemKinds, Placed};
pub use ends::AbnormalEnd;
pub use envelopes::ReleasedEnvelope;
pub use error::{Error, chain};
pub use gate::ReleasedReport;
pub use given::{Applied, GivenConsent};
pub use ids::{AppId, ReportId};
pub use info::{Answer, Decision, Delivery, KnownCrash, ReportFile, ReportInfo, ReportKind, State};
pub use losses::{Loss, LossReason};
pub use new_report::NewReport;
pub use outbox::{Clean, Drain, Drained, OutboxWriter};
pub use outgoing::{Choices, Outgoing, Part, PartKind};
pub use report::{Report, StoredFile};
pub use retention::Retention;
pub use settle::Settled;
pub use store::{AskerLock, STORE_VARIABLE, SenderLock, Store};
