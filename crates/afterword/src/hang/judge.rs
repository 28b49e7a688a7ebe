//! Whether the main thread hangs: a function of marks and times, with a memory.

use std::time::Duration;

use super::marks::IDLE;

/// The watcher looks so often within the bound.
const LOOKS: u32 = 4;

/// What the watcher remembers between two looks. Times are nanoseconds of the marks' clock.
#[derive(Debug)]
pub(super) struct Judge {
    bound: Duration,
    /// No time before this one counts: nobody was looking then, or the whole program stood still.
    counts_from: u64,
    asked: Asked,
    /// The beginning of the last hang.
    reported: u64,
}

/// What the watcher was told to do last.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// To sleep until there is a mark.
    Sleep,
    /// To be back at this time.
    BackAt(u64),
    Report,
}

/// What the watcher does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Sleep until there is another mark.
    Sleep,
    /// Look again after this time.
    LookAfter(Duration),
    /// It hangs: report that, then look again.
    Report,
}

impl Judge {
    pub(super) fn new(bound: Duration) -> Judge {
        Judge {
            bound,
            counts_from: 0,
            asked: Asked::Sleep,
            reported: IDLE,
        }
    }

    /// The watcher is up at `now`, and the main thread is busy since `busy_since`. Whether there is an excuse (a debugger, say) is
    /// only asked for what would be a hang otherwise.
    pub(super) fn look(&mut self, now: u64, busy_since: u64, is_excused: impl FnOnce() -> bool) -> Next {
        match self.asked {
            // How long it took to wake up is nobody's fault.
            Asked::Sleep => self.counts_from = now,
            // Nobody is that late: it was the whole program that stood still, or it got no processor time.
            Asked::BackAt(then) if now.saturating_sub(then) > nanoseconds(self.pause()) => self.counts_from = now,
            Asked::BackAt(_) | Asked::Report => {}
        }
        if busy_since == IDLE || busy_since == self.reported {
            self.asked = Asked::Sleep;
            return Next::Sleep;
        }
        let lasts = Duration::from_nanos(now.saturating_sub(busy_since.max(self.counts_from)));
        if lasts < self.bound {
            return self.look_after(now, self.bound - lasts);
        }
        if is_excused() {
            self.counts_from = now;
            return self.look_after(now, self.bound);
        }
        self.reported = busy_since;
        self.asked = Asked::Report;
        Next::Report
    }

    /// Never for long at once: only who sleeps for a short time sees that something took long.
    fn look_after(&mut self, now: u64, time: Duration) -> Next {
        let time = time.min(self.pause());
        self.asked = Asked::BackAt(now.saturating_add(nanoseconds(time)));
        Next::LookAfter(time)
    }

    fn pause(&self) -> Duration {
        self.bound / LOOKS
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
