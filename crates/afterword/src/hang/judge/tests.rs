use super::*;

const MS: u64 = 1_000_000;
const BOUND: Duration = Duration::from_millis(1000);

/// A watcher that does as it is told, beside a main thread that is told what to do.
struct Watcher {
    judge: Judge,
    now: u64,
    wakes_at: u64,
    busy_since: u64,
    debugged: bool,
    looks: u32,
    reports: u32,
}

impl Watcher {
    /// It has slept, and the main thread begins to be busy now.
    fn of_busy() -> Watcher {
        let mut watcher = Watcher {
            judge: Judge::new(BOUND),
            now: 7 * MS,
            wakes_at: 0,
            busy_since: IDLE,
            debugged: false,
            looks: 0,
            reports: 0,
        };
        assert_eq!(watcher.judge.look(watcher.now, IDLE, || false), Next::Sleep);
        watcher.begin();
        watcher
    }

    fn begin(&mut self) {
        self.busy_since = self.now;
    }

    /// Looks when it was told to, for this time; whether it wants to look again.
    fn go_on(&mut self, ms: u64) -> bool {
        let end = self.now + ms * MS;
        while self.wakes_at <= end {
            self.now = self.now.max(self.wakes_at);
            self.looks += 1;
            match self.judge.look(self.now, self.busy_since, || self.debugged) {
                Next::Sleep => {
                    self.now = end;
                    self.wakes_at = end;
                    return false;
                }
                Next::LookAfter(time) => self.wakes_at = self.now + nanoseconds(time),
                Next::Report => self.reports += 1,
            }
        }
        self.now = end;
        true
    }
}

#[test]
fn a_hang_is_reported_at_its_bound_once_however_long_it_lasts() {
    let mut watcher = Watcher::of_busy();
    watcher.go_on(999);
    assert_eq!(watcher.reports, 0);
    assert!(!watcher.go_on(100_000), "there is nothing more to look at");
    assert_eq!(watcher.reports, 1);
    assert!(watcher.looks < 10, "{}", watcher.looks);

    watcher.busy_since = IDLE;
    watcher.go_on(500);
    watcher.begin();
    watcher.go_on(1500);
    assert_eq!(watcher.reports, 2, "another hang is another report");
}

#[test]
fn one_thing_after_the_other_is_no_hang() {
    let mut watcher = Watcher::of_busy();
    for _ in 0..100 {
        watcher.go_on(900);
        watcher.begin();
    }
    assert_eq!(watcher.reports, 0);
}

#[test]
fn nothing_is_looked_at_while_the_main_thread_waits() {
    let mut watcher = Watcher::of_busy();
    watcher.go_on(100);
    watcher.busy_since = IDLE;
    assert!(!watcher.go_on(1_000_000));
    assert_eq!((watcher.looks, watcher.reports), (2, 0));
}

#[test]
fn time_in_which_the_program_stood_still_does_not_count() {
    let mut watcher = Watcher::of_busy();
    watcher.go_on(400);
    watcher.now += 60_000 * MS;
    watcher.go_on(990);
    assert_eq!(watcher.reports, 0);
    watcher.go_on(20);
    assert_eq!(watcher.reports, 1, "it counts anew from there");
}

#[test]
fn a_program_stopped_before_its_watcher_woke_up_does_not_hang() {
    let mut watcher = Watcher::of_busy();
    watcher.now += 60_000 * MS;
    watcher.go_on(990);
    assert_eq!(watcher.reports, 0);
}

/// Each is late by less than what counts as standing still; together they are not half of the bound.
#[test]
fn a_stop_that_is_not_seen_is_shorter_than_half_of_the_bound() {
    for stopped_ms in [100, 249, 251, 400, 499] {
        let mut watcher = Watcher::of_busy();
        let Next::LookAfter(time) = watcher.judge.look(watcher.now, watcher.busy_since, || false) else {
            panic!("it has just begun");
        };
        assert_eq!(time, BOUND / LOOKS);
        watcher.now += nanoseconds(time) + stopped_ms * MS;
        watcher.go_on(499);
        assert_eq!(watcher.reports, 0, "{stopped_ms}");
    }
}

#[test]
fn nothing_hangs_while_it_is_debugged_and_it_counts_anew_afterwards() {
    let mut watcher = Watcher::of_busy();
    watcher.debugged = true;
    watcher.go_on(20_000);
    assert_eq!(watcher.reports, 0);
    watcher.debugged = false;
    watcher.go_on(2001);
    assert_eq!(watcher.reports, 1);
}
