//! How often a password may be wrong: by address, by account, and by both. In memory, so that a restart forgets it; bounded,
//! so that inventing addresses and accounts costs nothing.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

/// Failures are counted for so long after the first of them.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Of one account from one address; a person who mistypes.
const OF_BOTH: u32 = 10;
/// From one address; many may share one.
const OF_ADDRESS: u32 = 50;
/// Of one account from everywhere: higher, since whoever reaches it locks out its person.
const OF_ACCOUNT: u32 = 100;

const ENTRIES: NonZeroUsize = NonZeroUsize::new(10_000).expect("is not zero");

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Both(IpAddr, String),
    Address(IpAddr),
    Account(String),
}

impl Key {
    fn most(&self) -> u32 {
        match self {
            Self::Both(..) => OF_BOTH,
            Self::Address(_) => OF_ADDRESS,
            Self::Account(_) => OF_ACCOUNT,
        }
    }
}

/// Failed sign-ins.
#[derive(Debug)]
pub(crate) struct Attempts {
    failures: Mutex<LruCache<Key, (Instant, u32)>>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            // Unbounded, so that it takes memory only as it fills; bounded where it is filled.
            failures: Mutex::new(LruCache::unbounded()),
        }
    }
}

impl Attempts {
    /// How long to wait before the next try, if it has to.
    pub(crate) fn wait(&self, from: IpAddr, account: &str) -> Option<Duration> {
        self.wait_at(from, account, Instant::now())
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, from: IpAddr, account: &str) {
        self.failed_at(from, account, Instant::now());
    }

    /// Forgets the failures of this account from this address.
    pub(crate) fn succeeded(&self, from: IpAddr, account: &str) {
        self.lock().pop(&Key::Both(from, cut(account)));
    }

    fn wait_at(&self, from: IpAddr, account: &str, now: Instant) -> Option<Duration> {
        let mut failures = self.lock();
        let waits = keys(from, account).into_iter().filter_map(|key| {
            let (since, count) = *failures.get(&key)?;
            let passed = now.saturating_duration_since(since);
            (count >= key.most() && passed < WINDOW).then(|| WINDOW - passed)
        });
        waits.max()
    }

    fn failed_at(&self, from: IpAddr, account: &str, now: Instant) {
        let mut failures = self.lock();
        for key in keys(from, account) {
            match failures.get_mut(&key) {
                Some((since, count)) if now.saturating_duration_since(*since) < WINDOW => *count += 1,
                _ => {
                    failures.put(key, (now, 1));
                }
            }
        }
        while failures.len() > ENTRIES.get() {
            failures.pop_lru();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<Key, (Instant, u32)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(from: IpAddr, account: &str) -> [Key; 3] {
    let account = cut(account);
    [
        Key::Both(from, account.clone()),
        Key::Address(from),
        Key::Account(account),
    ]
}

fn cut(account: &str) -> String {
    account.chars().take(super::MAX_EMAIL_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_bounded_by_account_and_address_and_time() {
        let attempts = Attempts::default();
        let [here, there]: [IpAddr; 2] = [[127, 0, 0, 1].into(), [192, 0, 2, 1].into()];
        let start = Instant::now();
        for _ in 0..OF_BOTH {
            assert_eq!(attempts.wait_at(here, "anna", start), None);
            attempts.failed_at(here, "anna", start);
        }
        assert_eq!(
            attempts.wait_at(here, "anna", start + Duration::from_secs(60)),
            Some(WINDOW - Duration::from_secs(60))
        );
        assert_eq!(
            attempts.wait_at(there, "anna", start),
            None,
            "her own address is another"
        );
        assert_eq!(attempts.wait_at(here, "bert", start), None);
        assert_eq!(attempts.wait_at(here, "anna", start + WINDOW), None);
        attempts.succeeded(here, "anna");
        assert_eq!(attempts.wait_at(here, "anna", start), None);

        for number in 0..OF_ADDRESS {
            attempts.failed_at(here, &format!("guess {number}"), start);
        }
        assert!(attempts.wait_at(here, "bert", start).is_some(), "of the address");
        for number in 0..OF_ACCOUNT {
            attempts.failed_at(IpAddr::from(number.to_be_bytes()), "carl", start);
        }
        assert!(attempts.wait_at(there, "carl", start).is_some(), "of the account");
    }

    #[test]
    fn inventing_accounts_costs_a_bounded_memory() {
        let attempts = Attempts::default();
        for number in 0..20_000_u32 {
            attempts.failed(IpAddr::from(number.to_be_bytes()), &number.to_string());
        }
        assert!(attempts.lock().len() <= ENTRIES.get());
    }
}
