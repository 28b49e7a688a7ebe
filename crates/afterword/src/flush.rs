//! Waiting for what was captured to arrive.

use std::fmt;
use std::time::Duration;

use afterword_channel::FlushState;
use afterword_store::{ItemKind, ItemKinds};

use crate::Delivery;
use crate::running::Running;

/// How a [`flush`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Flushed {
    done: bool,
    refused: bool,
    held: ItemKinds,
}

/// Waits until the server has what was captured before this call, or consent holds it back: no longer than `timeout`, and not
/// at all where nothing was captured since the last time, before `init`, with an empty DSN, and in a forked child.
///
/// What waits for its next try is tried at once, again and again until the timeout; what a server's rate limit holds is not.
/// With [`Delivery::Synchronous`] each capture has waited already, and this returns at once.
///
/// There is no need to call it before the program ends: what was captured is on the disk, and the reporter, which outlives the
/// program, sends it. Any thread may call it but a signal handler.
///
/// ```no_run
/// use std::time::Duration;
///
/// let flushed = afterword::flush(Duration::from_secs(2));
/// if !flushed.is_done() {
///     eprintln!("not now: {flushed}");
/// }
/// ```
pub fn flush(timeout: Duration) -> Flushed {
    let nothing = FlushState {
        done: true,
        ..FlushState::default()
    };
    Running::of_this_process()
        .map_or(nothing, |running| match running.outbox.delivery {
            Delivery::Synchronous => running.outbox.state_of_synchronous(),
            Delivery::Asynchronous => running.outbox.flush(running, timeout),
        })
        .into()
}

impl Flushed {
    /// Whether nothing is left to be sent: the server has given its answer, or consent holds back what is left. False when the
    /// timeout was over first.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Whether the server did not want something: it lies in the store with the server's words. Told once.
    pub fn is_refused(&self) -> bool {
        self.refused
    }

    /// The kinds of what was captured and is held back by consent. See the table in the documentation of [`Consent`].
    ///
    /// [`Consent`]: crate::Consent
    pub fn held(&self) -> impl Iterator<Item = ItemKind> + use<> {
        self.held.iter()
    }
}

impl From<FlushState> for Flushed {
    fn from(state: FlushState) -> Flushed {
        Flushed {
            done: state.done,
            refused: state.refused,
            held: ItemKinds::from_bits(state.held),
        }
    }
}

impl fmt::Display for Flushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.done {
            return f.write_str("not everything was sent in time; the rest is kept and sent later");
        }
        f.write_str(if self.refused {
            "everything was sent, and the server refused some of it"
        } else {
            "everything that may be sent was sent"
        })?;
        let held: Vec<&str> = self.held().map(ItemKind::name).collect();
        if held.is_empty() {
            return Ok(());
        }
        write!(f, "; held back for want of a consent: {}", held.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_in_words_what_is_held_back() {
        let mut held = ItemKinds::NONE;
        held.insert(ItemKind::Error);
        held.insert(ItemKind::Transaction);
        let flushed = Flushed {
            done: true,
            refused: false,
            held,
        };
        assert_eq!(
            flushed.to_string(),
            "everything that may be sent was sent; held back for want of a consent: error, transaction"
        );
        assert_eq!(
            flushed.held().collect::<Vec<_>>(),
            [ItemKind::Error, ItemKind::Transaction]
        );
    }

    #[test]
    fn without_init_there_is_nothing_to_wait_for() {
        assert!(flush(Duration::from_secs(60)).is_done());
    }
}
