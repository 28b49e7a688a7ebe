//! How often a password may be wrong: by address, by account, and by both. In memory, so that a restart forgets it; bounded,
//! so that inventing addresses and accounts costs nothing.
//!
//! A try is counted before the password is looked at, and given back if it was right: many that come at once are counted
//! like many that come in turn.

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

/// Failed sign-ins, and such that are not decided yet.
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
    /// Counts a try, unless there were too many.
    ///
    /// # Errors
    /// How long to wait before the next one.
    pub(crate) fn take(&self, from: IpAddr, account: &str) -> Result<(), Duration> {
        self.take_at(from, account, Instant::now())
    }

    /// Forgets the failures of this account from this address, and gives the others their try back.
    pub(crate) fn succeeded(&self, from: IpAddr, account: &str) {
        let mut failures = self.lock();
        for key in keys(from, account) {
            if matches!(key, Key::Both(..)) {
                failures.pop(&key);
            } else if let Some((_, count)) = failures.get_mut(&key) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// The password was not looked at after all.
    pub(crate) fn give_back(&self, from: IpAddr, account: &str) {
        let mut failures = self.lock();
        for key in keys(from, account) {
            if let Some((_, count)) = failures.get_mut(&key) {
                *count = count.saturating_sub(1);
            }
        }
    }

    fn take_at(&self, from: IpAddr, account: &str, now: Instant) -> Result<(), Duration> {
        let mut failures = self.lock();
        let keys = keys(from, account);
        let waits = keys.iter().filter_map(|key| {
            let (since, count) = *failures.get(key)?;
            let passed = now.saturating_duration_since(since);
            (count >= key.most() && passed < WINDOW).then(|| WINDOW - passed)
        });
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for key in keys {
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
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<Key, (Instant, u32)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a try counts for. Everybody behind a proxy on this machine that does not say who asks has the machine's own address:
/// that one is bounded with an account only.
fn keys(from: IpAddr, account: &str) -> Vec<Key> {
    let account = cut(account);
    let mut keys = vec![Key::Both(from, account.clone()), Key::Account(account)];
    if !from.to_canonical().is_loopback() {
        keys.push(Key::Address(from));
    }
    keys
}

fn cut(account: &str) -> String {
    account.chars().take(super::MAX_EMAIL_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn failures_are_bounded_by_account_and_address_and_time() {
        let attempts = Attempts::default();
        let start = Instant::now();
        let take = |from, account: &str, at| attempts.take_at(from, account, at);
        for _ in 0..OF_BOTH {
            take(HERE, "anna", start).unwrap();
        }
        let later = start + Duration::from_secs(60);
        assert_eq!(take(HERE, "anna", later), Err(WINDOW - Duration::from_secs(60)));
        assert_eq!(take(THERE, "anna", start), Ok(()), "her own address is another");
        assert_eq!(take(HERE, "bert", start), Ok(()));
        assert_eq!(take(HERE, "anna", start + WINDOW), Ok(()), "the window has ended");

        let attempts = Attempts::default();
        for number in 0..OF_ADDRESS {
            attempts.take_at(HERE, &format!("guess {number}"), start).unwrap();
        }
        assert!(attempts.take_at(HERE, "bert", start).is_err(), "of the address");
        for number in 0..OF_ACCOUNT {
            let from = IpAddr::from((0xc000_0300 + number).to_be_bytes());
            attempts.take_at(from, "carl", start).unwrap();
        }
        assert!(attempts.take_at(THERE, "carl", start).is_err(), "of the account");
    }

    #[test]
    fn a_right_password_gives_its_try_back() {
        let attempts = Attempts::default();
        for number in 0..OF_ADDRESS * 3 {
            let account = format!("person {}", number % 60);
            attempts.take(HERE, &account).unwrap();
            attempts.succeeded(HERE, &account);
        }
        for _ in 0..OF_BOTH {
            attempts.take(HERE, "anna").unwrap();
        }
        attempts.take(HERE, "anna").unwrap_err();
        attempts.succeeded(HERE, "anna");
        attempts.take(HERE, "anna").unwrap();
    }

    #[test]
    fn the_address_of_a_proxy_locks_nobody_out() {
        let attempts = Attempts::default();
        let proxy = IpAddr::from([127, 0, 0, 1]);
        for number in 0..OF_ADDRESS * 4 {
            attempts.take(proxy, &format!("guess {number}")).unwrap();
        }
        attempts.take(proxy, "anna").unwrap();
    }

    #[test]
    fn inventing_accounts_costs_a_bounded_memory() {
        let attempts = Attempts::default();
        for number in 0..20_000_u32 {
            attempts
                .take(IpAddr::from(number.to_be_bytes()), &number.to_string())
                .unwrap();
        }
        assert!(attempts.lock().len() <= ENTRIES.get());
    }
}
