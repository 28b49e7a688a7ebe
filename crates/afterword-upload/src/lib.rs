//! Sends what the store releases: HTTP, retries, rate limits, progress. The only crate of the app's side that knows HTTP;
//! it is linked into the reporter and the command line, never into an app.
//!
//! # The way of a report
//!
//! [`Uploader::send_report`] takes the sender's lock, asks the store to release the report (that is the gate for consent:
//! without it there is nothing to send) and then:
//!
//! 1. looks at the rate limits kept on the disk, and does not even connect while one holds;
//! 2. makes the body: what the store lays out ([`Outgoing`](afterword_store::Outgoing)), without what the person left out;
//!    compressed by gzip;
//! 3. records the attempt and the time of the next one, asks for the consent once more, and posts it to the DSN's
//!    `…/api/{project}/envelope/`: where nothing can be recorded, nothing is sent;
//! 4. **records a 2xx on the disk before anything else**: whoever is killed after that never sends the report again;
//! 5. sends the comment, if there is one, as an envelope of its own; records that too;
//! 6. asks a server that says it can tell (`X-Afterword-Known`) what is known of the crash, for a few seconds at most, and
//!    keeps that with the record;
//! 7. finishes: the record stays, the payload is deleted. What fails from 4 on makes nothing unsent.
//!
//! # What an answer means
//!
//! | answer | means | the report |
//! | --- | --- | --- |
//! | 2xx with JSON whose `id` is the event's (with any object, if there is no event) | accepted | sent |
//! | 2xx with anything else | somebody else answered (a captive portal, a proxy's page) | later |
//! | 3xx | the same; redirects are not followed, a report goes where the DSN says or nowhere | later |
//! | 429 | not now; how long is kept on the disk, for all processes | later |
//! | 407, 408, 425 and 5xx | not now; `Retry-After` is heeded | later |
//! | other 4xx | refused; the server's words are kept | refused |
//! | none (no network, time out, hang-up) | not now | later |
//!
//! A network that failed and a 5xx that names no time are tried again at once, [`Options::retries`](struct@Options) times,
//! and count as one attempt. *Later* follows [`backoff`], whose next time is recorded with the report; [`is_due`] says whether it has come.
//!
//! # Debug files
//!
//! [`DebugFiles`] brings symbols to a server, for the command line: no store, no consent, since nothing of a person is in
//! them.
//!
//! # Bounds
//!
//! Connecting, standing still and the whole request each have a limit in time ([`Options`]), answers have one in size.
//! Requests run on a thread of its own with a small runtime, one for a report and its comment and one for a pass over the
//! queue, so that connections are kept in between. It is left behind where a name server hangs, and a caller inside another
//! runtime does not matter; the caller's thread reports progress and can cancel at any moment.

mod backoff;
mod error;
mod options;

mod answer;
mod known;
mod transport;

mod debug_files;
mod losses;
mod queue;
mod report;
mod uploader;

pub use backoff::{backoff, is_due};
pub use debug_files::{Assembled, ChunkLimits, DebugFiles, DebugFilesError, Destination, FileChunks};
pub use error::Error;
pub use options::{Options, Proxy};
pub use queue::QueueOutcome;
pub use uploader::{NoProgress, Outcome, Progress, Uploader};
