//! The table of what answers mean.

use super::*;

/// An arbitrary moment, in seconds since 1970.
const NOW: u64 = 1_700_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn after(status: u16, header: Option<&str>, retry_after: Option<&str>) -> RateLimits {
    let mut limits = RateLimits::default();
    limits.update(status, header, retry_after, at(NOW));
    limits
}

/// How many seconds from `NOW` a category is limited, 0 for not at all.
fn left(limits: &RateLimits, category: Category) -> u64 {
    limits
        .limited_until(category, at(NOW))
        .map_or(0, |until| until.duration_since(at(NOW)).unwrap().as_secs())
}

/// Status, `X-Sentry-Rate-Limits`, `Retry-After`, and for how many seconds that limits which category.
type Case<'a> = (u16, Option<&'a str>, Option<&'a str>, &'a [(Category, u64)]);

#[test]
fn what_answers_mean() {
    use Category::{Attachment, Error, Feedback, Session, Transaction};
    #[rustfmt::skip]
    let cases: &[Case] = &[
        // No words, no limit, except for a 429.
        (200, None, None, &[(Error, 0)]),
        (200, None, Some("30"), &[(Error, 0)]),
        (503, None, Some("30"), &[(Error, 0)]),
        (429, None, None, &[(Error, 60), (Session, 60)]),
        (429, None, Some("30"), &[(Error, 30), (Session, 30)]),
        (429, None, Some("soon"), &[(Error, 60)]),
        (429, None, Some("-5"), &[(Error, 60)]),
        (429, None, Some("Tue, 14 Nov 2023 22:15:00 GMT"), &[(Error, 100)]),
        (429, None, Some("Tue, 14 Nov 2000 22:15:00 GMT"), &[(Error, 0)]),
        // The header counts with any status, and then it alone.
        (200, Some("60:error:organization"), None, &[(Error, 60), (Session, 0)]),
        (200, Some("60::organization"), None, &[(Error, 60), (Attachment, 60)]),
        (200, Some("60"), None, &[(Error, 60), (Session, 60)]),
        (429, Some("10:error:key"), Some("99"), &[(Error, 10), (Session, 0)]),
        (200, Some("60:error;attachment:key:reason:ns, 120:transaction:key"), None,
            &[(Error, 60), (Attachment, 60), (Transaction, 120), (Session, 0)]),
        (200, Some(" 5 : error ; session : key ,, 7:feedback"), None, &[(Error, 5), (Session, 5), (Feedback, 7)]),
        (200, Some("9:user_report_v2"), None, &[(Feedback, 9)]),
        (200, Some("1.5:error"), None, &[(Error, 2)]),
        // Only unknown categories: passed over, which is not the same as all.
        (200, Some("60:metric_bucket;profile:key"), None, &[(Error, 0)]),
        (429, Some("60:metric_bucket:key"), None, &[(Error, 0)]),
        (200, Some("60:profile;error:key"), None, &[(Error, 60)]),
        // The longest of several, in either order.
        (200, Some("60:error, 10:error"), None, &[(Error, 60)]),
        (200, Some("10:error, 60:error"), None, &[(Error, 60)]),
        (200, Some("10:error, 60::organization"), None, &[(Error, 60), (Session, 60)]),
        (200, Some("60:error, 10::organization"), None, &[(Error, 60), (Session, 10)]),
        // What cannot be read.
        (200, Some("x:error, 20:session"), None, &[(Error, 0), (Session, 20)]),
        (200, Some("-1:error, NaN:error"), None, &[(Error, 0)]),
        (429, Some("rubbish"), None, &[(Error, 60)]),
        (429, Some(""), Some("7"), &[(Error, 7)]),
        // At, below and above the longest.
        (200, Some("86399:error"), None, &[(Error, 86_399)]),
        (200, Some("86400:error"), None, &[(Error, 86_400)]),
        (200, Some("86401:error"), None, &[(Error, 86_400)]),
        (200, Some("1e300:error"), None, &[(Error, 86_400)]),
        (429, None, Some("inf"), &[(Error, 86_400)]),
        (429, None, Some("Tue, 14 Nov 2099 22:15:00 GMT"), &[(Error, 86_400)]),
    ];
    for (status, header, retry_after, expected) in cases {
        let limits = after(*status, *header, *retry_after);
        for (category, seconds) in *expected {
            let is = left(&limits, *category);
            assert_eq!(is, *seconds, "{status} {header:?} {retry_after:?} {category:?}");
        }
    }
}

#[test]
fn a_later_answer_never_shortens_a_limit() {
    let mut limits = after(200, Some("60:error"), None);
    limits.update(200, Some("5:error"), None, at(NOW + 10));
    assert_eq!(left(&limits, Category::Error), 60);
    limits.update(200, Some("100:error"), None, at(NOW + 10));
    assert_eq!(left(&limits, Category::Error), 110);
}

#[test]
fn a_limit_ends() {
    let limits = after(429, None, Some("60"));
    assert!(limits.limited_until(Category::Error, at(NOW + 59)).is_some());
    assert_eq!(limits.limited_until(Category::Error, at(NOW + 60)), None);
    assert_eq!(limits.limited_until(Category::Error, at(NOW + 61)), None);
}

#[test]
fn a_clock_that_was_set_back_does_not_silence_for_years() {
    let limits = after(429, None, Some("86400"));
    assert!(limits.limited_until(Category::Error, at(NOW)).is_some());
    assert_eq!(limits.limited_until(Category::Error, at(NOW - 1_000_000)), None);
}

#[test]
fn limits_are_kept_between_runs() {
    let limits = after(200, Some("60:error;feedback, 5::key"), None);
    let text = serde_json::to_string(&limits).unwrap();
    assert_eq!(
        text,
        r#"{"all":1700000005,"only":{"error":1700000060,"feedback":1700000060}}"#
    );
    assert_eq!(serde_json::from_str::<RateLimits>(&text).unwrap(), limits);
    assert_eq!(serde_json::from_str::<RateLimits>("{}").unwrap(), RateLimits::default());
}

#[test]
fn items_count_as_categories() {
    assert_eq!(Category::of_item("event"), Some(Category::Error));
    assert_eq!(Category::of_item("sessions"), Some(Category::Session));
    assert_eq!(Category::of_item("user_report"), Some(Category::Feedback));
    assert_eq!(Category::of_item("client_report"), None);
}
