//! Quotas: how much of what may come in a window of time.
//!
//! A key may have one, for events; a project may have several, one a category (setting `quotas`):
//! `{"error": {"limit": 1000, "window_s": 3600}, "session": {"limit": 100000, "window_s": 86400}, "all": …}`.
//! A container of spans counts as so many spans, all else as one item. What comes while there is room in the window is
//! taken, so the last may go over.
//!
//! Windows are fixed, begin at multiples of their length since 1970, and are counted in the memory of each collector:
//! several on one database let through up to so many times as much, and a restart begins anew.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use afterword_protocol::rate_limits::{Category, LONGEST, Limit};
use lru::LruCache;
use serde::Deserialize;

/// How many windows are counted at a time; of more, the one that was asked for longest ago begins anew.
const MAX_WINDOWS: NonZeroUsize = NonZeroUsize::new(16_384).expect("more than none");

/// What an API that sets quotas may name, besides the categories.
const ALL: &str = "all";

/// So much in so much time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quota {
    of: Of,
    limit: u64,
    window_s: u64,
}

/// What a quota is about. A window is told from others by this and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    /// The events of a key.
    Key(i64),
    /// A category of a project, `None` for all.
    Project(i64, Option<Category>),
}

/// All windows of this collector.
#[derive(Debug)]
pub(crate) struct Quotas {
    windows: Mutex<LruCache<(Of, u64), Window>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Window {
    /// Which one it is, counted from 1970.
    number: u64,
    used: u64,
}

/// One thing that wants to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Want {
    pub(super) category: Category,
    pub(super) quantity: u64,
}

impl Quota {
    /// What the columns of a key say; `None` if there is no quota.
    pub(super) fn of_key(id: i64, events: Option<i64>, window_s: Option<i64>) -> Option<Self> {
        Self::new(Of::Key(id), events?, window_s?)
    }

    /// What the setting of a project says. What cannot be read is told to the log, and is no quota.
    pub(super) fn of_project(id: i64, setting: &str) -> Vec<Self> {
        #[derive(Deserialize)]
        struct Stated {
            limit: i64,
            window_s: i64,
        }
        let stated: BTreeMap<String, Stated> = match serde_json::from_str(setting) {
            Ok(stated) => stated,
            Err(error) => {
                tracing::warn!(project = id, %error, "the quotas of a project cannot be read and do not count");
                return Vec::new();
            }
        };
        let quotas = stated.into_iter().filter_map(|(name, stated)| {
            let category = Category::from_name(&name);
            if category.is_none() && name != ALL {
                tracing::warn!(project = id, name, "a quota is for a category that does not exist");
                return None;
            }
            Self::new(Of::Project(id, category), stated.limit, stated.window_s)
        });
        quotas.collect()
    }

    fn new(of: Of, limit: i64, window_s: i64) -> Option<Self> {
        Some(Self {
            of,
            limit: u64::try_from(limit).ok()?,
            window_s: u64::try_from(window_s).ok()?.clamp(1, LONGEST.as_secs()),
        })
    }

    /// What a sender is told to stop sending. Empty: everything.
    fn categories(&self) -> Vec<Category> {
        match self.of {
            Of::Key(_) => vec![Category::Default, Category::Error, Category::Security],
            Of::Project(_, category) => category.into_iter().collect(),
        }
    }

    fn covers(&self, category: Category) -> bool {
        let categories = self.categories();
        categories.is_empty() || categories.contains(&category)
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self.of {
            Of::Key(_) => ("key", "key_quota"),
            Of::Project(..) => ("project", "project_quota"),
        }
    }

    /// What a sender is told when it is used up.
    fn told(&self, now_ms: u64) -> Limit {
        let window_ms = self.window_s * 1000;
        let (scope, reason) = self.words();
        Limit {
            lasts: Duration::from_millis(window_ms - now_ms % window_ms),
            categories: self.categories(),
            scope,
            reason,
        }
    }
}

impl Quotas {
    pub(super) fn new() -> Self {
        Self {
            windows: Mutex::new(LruCache::new(MAX_WINDOWS)),
        }
    }

    /// Counts one thing against all quotas that cover it, if all of them have room. Otherwise it counts against none, and
    /// the sender is to be told these.
    pub(super) fn take(&self, quotas: &[Quota], want: Want, now_ms: u64) -> Result<(), Vec<Limit>> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut used_up = Vec::new();
        let covering = || quotas.iter().filter(|quota| quota.covers(want.category));
        for quota in covering() {
            let number = now_ms / 1000 / quota.window_s;
            let window = windows.get_or_insert_mut((quota.of, quota.window_s), Window::default);
            if window.number != number {
                *window = Window { number, used: 0 };
            }
            if window.used >= quota.limit {
                used_up.push(quota.told(now_ms));
            }
        }
        if !used_up.is_empty() {
            return Err(used_up);
        }
        for quota in covering() {
            if let Some(window) = windows.get_mut(&(quota.of, quota.window_s)) {
                window.used = window.used.saturating_add(want.quantity);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn want(category: Category, quantity: u64) -> Want {
        Want { category, quantity }
    }

    const ERROR: Want = want(Category::Error, 1);
    /// The begin of a minute.
    const MINUTE_MS: u64 = 60_000 * 28_333_334;

    #[test]
    fn a_window_is_used_up_and_another_begins() {
        let quotas = Quotas::new();
        let key = [Quota::of_key(1, Some(2), Some(60)).unwrap()];
        let take = |at_ms: u64| quotas.take(&key, ERROR, MINUTE_MS + at_ms);
        assert_eq!(take(1_000), Ok(()));
        assert_eq!(take(2_000), Ok(()));
        let told = take(45_500).unwrap_err();
        assert_eq!(told[0].to_string(), "15:default;error;security:key:key_quota");
        assert!(take(59_999).is_err());
        assert_eq!(take(60_000), Ok(()));
    }

    #[test]
    fn others_are_not_touched() {
        let quotas = Quotas::new();
        let one = [Quota::of_key(1, Some(1), Some(60)).unwrap()];
        let other = [Quota::of_key(2, Some(1), Some(60)).unwrap()];
        assert!(quotas.take(&one, ERROR, MINUTE_MS).is_ok());
        assert!(quotas.take(&one, ERROR, MINUTE_MS).is_err());
        assert!(quotas.take(&other, ERROR, MINUTE_MS).is_ok());
        assert!(quotas.take(&one, want(Category::Session, 1), MINUTE_MS).is_ok());
        assert!(quotas.take(&[], ERROR, MINUTE_MS).is_ok());
    }

    #[test]
    fn what_one_refuses_counts_against_no_other() {
        let quotas = Quotas::new();
        let both = Quota::of_project(
            1,
            r#"{"error": {"limit": 1, "window_s": 60}, "all": {"limit": 2, "window_s": 3600}}"#,
        );
        assert_eq!(both.len(), 2);
        assert!(quotas.take(&both, ERROR, MINUTE_MS).is_ok());
        assert!(quotas.take(&both, ERROR, MINUTE_MS).is_err());
        assert!(quotas.take(&both, want(Category::Session, 1), MINUTE_MS).is_ok());
        let told = quotas.take(&both, want(Category::Session, 1), MINUTE_MS).unwrap_err();
        assert!(told[0].categories.is_empty(), "{told:?}");
    }

    #[test]
    fn the_last_may_go_over() {
        let quotas = Quotas::new();
        let spans = Quota::of_project(1, r#"{"span": {"limit": 1000, "window_s": 60}}"#);
        let container = want(Category::Span, 800);
        assert!(quotas.take(&spans, container, MINUTE_MS).is_ok());
        assert!(quotas.take(&spans, container, MINUTE_MS).is_ok());
        assert!(quotas.take(&spans, container, MINUTE_MS).is_err());
    }

    #[test]
    fn what_is_stated_may_be_none() {
        assert_eq!(Quota::of_key(1, None, Some(60)), None);
        assert_eq!(Quota::of_key(1, Some(5), None), None);
        assert_eq!(Quota::of_key(1, Some(-5), Some(60)), None);
        assert_eq!(Quota::of_key(1, Some(0), Some(0)).unwrap().window_s, 1);
        assert_eq!(Quota::of_key(1, Some(5), Some(i64::MAX)).unwrap().window_s, 86_400);
        assert_eq!(Quota::of_project(1, "nonsense"), []);
        assert_eq!(Quota::of_project(1, r#"{"soup": {"limit": 1, "window_s": 1}}"#), []);
    }
}
