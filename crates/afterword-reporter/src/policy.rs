//! Who decides, as it is now: the app may change it while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use afterword_channel::Policy;
use afterword_store::ConsentPolicy;

use crate::keep;

/// Shared by all threads of the reporter.
#[derive(Clone, Debug)]
pub(crate) struct CurrentPolicy(Arc<AtomicU8>);

impl CurrentPolicy {
    pub(crate) fn new(policy: Policy) -> CurrentPolicy {
        CurrentPolicy(Arc::new(AtomicU8::new(policy as u8)))
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
