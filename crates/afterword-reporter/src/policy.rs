//! Who decides, as it is now: the app may change it while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use afterword_channel::Policy;
use afterword_store::{Applied, ConsentPolicy, SenderLock, Store, chain};

use crate::keep;

/// Shared by all threads of the reporter.
#[derive(Clone, Debug)]
pub(crate) struct CurrentPolicy(Arc<AtomicU8>);

impl CurrentPolicy {
    pub(crate) fn new(policy: Policy) -> CurrentPolicy {
        CurrentPolicy(Arc::new(AtomicU8::new(policy as u8)))
    }

    /// What the person chose at runtime, or else what the app says.
    pub(crate) fn of(store: &Store, said: Policy) -> CurrentPolicy {
        let policy = CurrentPolicy::new(said);
        policy.look(store);
        policy
    }

    /// Looks whether the person has chosen anew. A choice that cannot be read is no consent: then the person is asked.
    pub(crate) fn look(&self, store: &Store) {
        let policy = match store.consent() {
            Ok(Some(given)) => match given.policy {
                ConsentPolicy::Ask => Policy::Ask,
                ConsentPolicy::Always => Policy::Always,
                ConsentPolicy::Never => Policy::Never,
            },
            Ok(None) => return,
            Err(_) if self.get() == Policy::Never => return,
            Err(error) => {
                log::error!("the consent cannot be read: {}", chain(&error));
                Policy::Ask
            }
        };
        if self.get() != policy {
            log::info!("the consent policy is {policy:?} now");
        }
        self.0.store(policy as u8, Ordering::Release);
    }

    pub(crate) fn get(&self) -> Policy {
        match self.0.load(Ordering::Acquire) {
            number if number == Policy::Always as u8 => Policy::Always,
            number if number == Policy::Never as u8 => Policy::Never,
            _ => Policy::Ask,
        }
    }

    /// The same, as the store knows it.
    pub(crate) fn consent(&self) -> ConsentPolicy {
        keep::policy(self.get())
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
