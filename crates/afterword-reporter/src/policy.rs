//! Who decides, as it is now: the app may change it while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use afterword_channel::Policy;
use afterword_store::{Applied, ConsentPolicy, SenderLock, Store, chain};

use crate::keep;

/// Shared by all threads of the reporter.
#[derive(Clone, Debug)]
pub(crate) struct CurrentPolicy(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    /// What the person chose, as it is on the disk, or else what the app says.
    kept: AtomicU8,
    /// What the app told and could not write: nothing counts that is less strict. `Always` restricts nothing.
    limit: AtomicU8,
}

impl CurrentPolicy {
    fn new(policy: Policy) -> CurrentPolicy {
        CurrentPolicy(Arc::new(Parts {
            kept: AtomicU8::new(policy as u8),
            limit: AtomicU8::new(Policy::Always as u8),
        }))
    }

    /// What the person chose at runtime, or else what the app says.
    pub(crate) fn of(store: &Store, said: Policy) -> CurrentPolicy {
        let policy = CurrentPolicy::new(said);
        policy.look(store);
        policy
    }

    /// Looks whether the person has chosen anew, in whichever process of the app. A choice that cannot be read is no consent:
    /// then the person is asked. Returns what counts now.
    pub(crate) fn look(&self, store: &Store) -> Policy {
        let before = self.get();
        self.read(store);
        self.log_change(before)
    }

    /// The app has told what the person chose. Where the disk says something else, that could not be written: the stricter of
    /// the two counts, until the app tells something else.
    pub(crate) fn restrict(&self, store: &Store, told: Policy) {
        let before = self.get();
        self.read(store);
        let kept = policy_of(&self.0.kept);
        let limit = if told.stricter(kept) == kept {
            Policy::Always
        } else {
            told
        };
        self.0.limit.store(limit as u8, Ordering::Release);
        self.log_change(before);
    }

    fn read(&self, store: &Store) {
        let kept = match store.consent() {
            Ok(Some(given)) => keep::wire(given.policy),
            Ok(None) => return,
            Err(error) => {
                let before = policy_of(&self.0.kept);
                if before == Policy::Always {
                    log::error!("the consent cannot be read: {}", chain(&error));
                }
                before.stricter(Policy::Ask)
            }
        };
        self.0.kept.store(kept as u8, Ordering::Release);
    }

    fn log_change(&self, before: Policy) -> Policy {
        let now = self.get();
        if now != before {
            log::info!("the consent policy is {now:?} now");
        }
        now
    }

    pub(crate) fn get(&self) -> Policy {
        policy_of(&self.0.kept).stricter(policy_of(&self.0.limit))
    }

    /// The same, as the store knows it.
    pub(crate) fn consent(&self) -> ConsentPolicy {
        keep::policy(self.get())
    }
}

fn policy_of(word: &AtomicU8) -> Policy {
    match word.load(Ordering::Acquire) {
        number if number == Policy::Always as u8 => Policy::Always,
        number if number == Policy::Never as u8 => Policy::Never,
        _ => Policy::Ask,
    }
}

/// Does with what is in the store what the policy says, as far as that can be done now: what a sender of another process has on
/// its way is held back at the next start.
pub(crate) fn apply(store: &Store, policy: ConsentPolicy) {
    let sender = match policy {
        ConsentPolicy::Ask => sender_lock(store),
        ConsentPolicy::Always | ConsentPolicy::Never => None,
    };
    match store.apply_consent(policy, sender.as_ref()) {
        Ok(applied) if applied == Applied::default() => {}
        Ok(applied) => log::info!(
            "under the policy {policy:?} {} are released, {} held back, {} deleted",
            applied.released,
            applied.held,
            applied.deleted
        ),
        Err(error) => log::error!("not everything is as the policy says: {}", chain(&error)),
    }
}

/// Whoever sends looks at the policy before each request, and is soon done.
fn sender_lock(store: &Store) -> Option<SenderLock> {
    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(20);
    for _ in 0..TRIES {
        match store.try_lock_sender() {
            Ok(Some(lock)) => return Some(lock),
            Ok(None) => std::thread::sleep(PAUSE),
            Err(error) => {
                log::warn!("{}", chain(&error));
                return None;
            }
        }
    }
    None
}
