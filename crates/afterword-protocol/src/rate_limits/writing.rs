//! The header as a server writes it.

use std::fmt;
use std::time::Duration;

use super::Category;

/// One limit that a sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// How long it lasts; told in whole seconds, rounded up, at least one.
    pub lasts: Duration,
    /// What it is about. Empty: everything.
    pub categories: Vec<Category>,
    /// What the limit is of: `key`, `project` or `organization`.
    pub scope: &'static str,
    /// Why, as a word of letters, digits and underscores.
    pub reason: &'static str,
}

impl Limit {
    /// The seconds that are told: never less than it lasts, never none.
    pub fn seconds(&self) -> u64 {
        let part = u64::from(self.lasts.subsec_nanos() > 0);
        self.lasts.as_secs().saturating_add(part).max(1)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.seconds())?;
        for (index, category) in self.categories.iter().enumerate() {
            let between = if index > 0 { ";" } else { "" };
            write!(f, "{between}{}", category.name())?;
        }
        write!(f, ":{}:{}", self.scope, self.reason)
    }
}

/// The value of `X-Sentry-Rate-Limits` for these limits, which [`super::RateLimits::update`] reads.
pub fn header(limits: &[Limit]) -> String {
    let words: Vec<String> = limits.iter().map(Limit::to_string).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::super::RateLimits;
    use super::*;

    fn limit(lasts: Duration, categories: &[Category]) -> Limit {
        Limit {
            lasts,
            categories: categories.to_vec(),
            scope: "key",
            reason: "key_quota",
        }
    }

    #[test]
    fn the_header_is_written_as_the_protocol_says() {
        let two = [
            limit(Duration::from_millis(1500), &[Category::Error, Category::Default]),
            limit(Duration::from_secs(60), &[]),
        ];
        assert_eq!(header(&two), "2:error;default:key:key_quota, 60::key:key_quota");
        assert_eq!(limit(Duration::ZERO, &[]).seconds(), 1);
        assert_eq!(header(&[]), "");
    }

    #[test]
    fn what_is_written_reads_back() {
        let all = [
            Category::Default,
            Category::Error,
            Category::Transaction,
            Category::Span,
            Category::Session,
            Category::Attachment,
            Category::Feedback,
            Category::Security,
        ];
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for category in all {
            assert_eq!(Category::from_name(category.name()), Some(category));
            let mut limits = RateLimits::default();
            let written = header(&[limit(Duration::from_secs(90), &[category])]);
            limits.update(429, Some(&written), None, now);
            for other in all {
                let until = limits.limited_until(other, now);
                assert_eq!(until.is_some(), other == category, "{written} {other:?}");
            }
        }
    }
}
