//! What callers said of their traces: kept for as long as they may be handed on, the newest ones.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::baggage::Members;

/// Traces at the same time. Of an older one we say what we know ourselves.
const MOST: usize = 256;

static KNOWN: Mutex<VecDeque<(String, Members)>> = Mutex::new(VecDeque::new());

/// A caller that says nothing is remembered too: then nothing is ours to say.
pub(super) fn remember(trace_id: &str, said: Members) {
    let mut known = lock();
    known.retain(|(id, _)| id != trace_id);
    if known.len() >= MOST {
        known.pop_front();
    }
    known.push_back((trace_id.to_owned(), said));
}

/// What was said of a trace that others began.
pub(super) fn of(trace_id: &str) -> Option<Members> {
    let known = lock();
    let (_, said) = known.iter().rev().find(|(id, _)| id == trace_id)?;
    Some(said.clone())
}

fn lock() -> MutexGuard<'static, VecDeque<(String, Members)>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}
