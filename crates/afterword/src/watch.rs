//! Once a second, on the mirror's thread: a reporter that died is started again, while the app lives.

use std::time::{Duration, Instant};

use afterword_channel::RunState;

use crate::running::Running;
use crate::{passage, start, terminate};

/// The first pause before a new start; it doubles with each that follows.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A reporter that lived for so long did not die of its start.
const STEADY: Duration = Duration::from_secs(60);

/// What is known of the reporter's lives.
pub(crate) struct Watch {
    running: &'static Running,
    /// When the reporter was started, and when it was seen last.
    started: Instant,
    seen: Instant,
    pause: Duration,
    terminated_s: u32,
}

impl Watch {
    pub(crate) fn new(running: &'static Running) -> Watch {
        Watch {
            running,
            started: Instant::now(),
            seen: Instant::now(),
            pause: FIRST_PAUSE,
            terminated_s: 0,
        }
    }

    pub(crate) fn look(&mut self) {
        terminate::forget_after_a_while(self.running, &mut self.terminated_s);
        if !self.running.channel.is_closed() {
            self.seen = Instant::now();
            return;
        }
        if self.running.run.state() != RunState::Running {
            return;
        }
        let Some(program) = &self.running.program else { return };
        if self.seen.elapsed() < self.pause {
            return;
        }
        self.pause = next_pause(self.seen - self.started, self.pause);
        (self.started, self.seen) = (Instant::now(), Instant::now());
        log::warn!("the reporter is gone and is started again");
        let started =
            afterword_channel::pair()
                .map_err(|error| error.to_string())
                .and_then(|(channel, reporter_end)| {
                    start::reporter(program, &self.running.run, &self.running.memory, reporter_end)
                        .map_err(|error| error.to_string())?;
                    self.running.channel.replace(channel).map_err(|error| error.to_string())
                });
        match started {
            Ok(()) => passage::let_in(self.running),
            Err(error) => log::warn!("the reporter does not start: {error}"),
        }
    }
}

/// How long the next reporter must be gone before there is another, after one that lived for `lived`.
fn next_pause(lived: Duration, pause: Duration) -> Duration {
    if lived >= STEADY {
        FIRST_PAUSE
    } else {
        (pause * 2).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reporter_that_dies_of_its_start_is_started_ever_less_often() {
        let mut pause = FIRST_PAUSE;
        let mut pauses = Vec::new();
        for _ in 0..10 {
            pause = next_pause(Duration::ZERO, pause);
            pauses.push(pause.as_secs());
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(next_pause(Duration::from_secs(61), LONGEST_PAUSE), FIRST_PAUSE);
    }
}
