//! Times, sizes and numbers as people read them.

use axum::http::HeaderValue;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

const DATE_AND_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]:[second] UTC");
const TIME_OF_DAY: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]:[second].[subsecond digits:3]");

/// A moment, three times.
#[derive(Debug, Default)]
pub(super) struct When {
    /// `5 minutes ago`
    pub(super) relative: String,
    /// `2 Jan 2026, 03:04:05 UTC`
    pub(super) absolute: String,
    /// RFC 3339, for `<time datetime>`.
    pub(super) machine: String,
}

impl When {
    /// Of milliseconds since 1970.
    pub(super) fn of(at: i64, now: i64) -> Self {
        let moment = moment(at);
        let format = |moment: OffsetDateTime| moment.format(DATE_AND_TIME).ok();
        Self {
            relative: relative(now.saturating_sub(at)),
            absolute: moment.and_then(format).unwrap_or_default(),
            machine: moment
                .and_then(|moment| moment.format(&Rfc3339).ok())
                .unwrap_or_default(),
        }
    }
}

/// `03:04:05.678` of milliseconds since 1970.
pub(super) fn time_of_day(at: i64) -> String {
    moment(at)
        .and_then(|moment| moment.format(TIME_OF_DAY).ok())
        .unwrap_or_default()
}

/// `just now` to `3 years ago`.
fn relative(ago_ms: i64) -> String {
    const UNITS: [(i64, &str); 6] = [
        (365 * 86_400, "year"),
        (30 * 86_400, "month"),
        (7 * 86_400, "week"),
        (86_400, "day"),
        (3600, "hour"),
        (60, "minute"),
    ];
    let seconds = ago_ms / 1000;
    match UNITS.iter().find(|(unit, _)| seconds >= *unit) {
        None => "just now".to_owned(),
        Some((unit, name)) => count(seconds / unit, name) + " ago",
    }
}

/// `1 event`, `1,234 events`.
pub(super) fn count(number: i64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// `1,234,567`
pub(super) fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `512 bytes`, `12.3 KB`, `4.5 MB`, `6.7 GB`, by 1024.
pub(super) fn size(bytes: i64) -> String {
    if bytes < 1024 {
        return count(bytes, "byte");
    }
    let (unit, name) = match bytes {
        ..0x10_0000 => (10, "KB"),
        0x10_0000..0x4000_0000 => (20, "MB"),
        _ => (30, "GB"),
    };
    let tenths = bytes.saturating_mul(10) >> unit;
    format!("{}.{} {name}", grouped(tenths / 10), tenths % 10)
}

/// The class of a level: unknown ones look like none in particular.
pub(super) fn level_class(level: &str) -> &'static str {
    match level {
        "fatal" => "fatal",
        "error" => "error",
        "warning" => "warning",
        _ => "quiet",
    }
}

/// `Content-Disposition` for a file to be saved. The name came from a client: only what is harmless in any file system
/// is kept.
pub(super) fn save_as(name: &str) -> HeaderValue {
    let harmless = |char: char| char.is_ascii_alphanumeric() || "-_. ".contains(char);
    let name: String = name
        .chars()
        .map(|char| if harmless(char) { char } else { '_' })
        .take(100)
        .collect();
    let name = name.trim_matches(['.', ' ']);
    let name = if name.is_empty() { "attachment" } else { name };
    let value = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    value.unwrap_or(HeaderValue::from_static("attachment"))
}

fn moment(at: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_words() {
        let second = 1000;
        let cases = [
            (-5 * second, "just now"),
            (59 * second, "just now"),
            (60 * second, "1 minute ago"),
            (3599 * second, "59 minutes ago"),
            (2 * 3600 * second, "2 hours ago"),
            (86_400 * second, "1 day ago"),
            (20 * 86_400 * second, "2 weeks ago"),
            (45 * 86_400 * second, "1 month ago"),
            (800 * 86_400 * second, "2 years ago"),
        ];
        for (ago, words) in cases {
            assert_eq!(relative(ago), words);
        }
        let when = When::of(1_767_323_045_678, 1_767_323_045_678);
        assert_eq!(when.absolute, "2 Jan 2026, 03:04:05 UTC");
        assert_eq!(when.machine, "2026-01-02T03:04:05.678Z");
        assert_eq!(time_of_day(1_767_323_045_678), "03:04:05.678");
        assert_eq!(When::of(i64::MAX, 0).absolute, "");
    }

    #[test]
    fn numbers_are_told_in_words() {
        assert_eq!(
            [0, 999, 1000, 1_234_567, -1234].map(grouped),
            ["0", "999", "1,000", "1,234,567", "-1,234"]
        );
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(1023), "1,023 bytes");
        assert_eq!(size(1024), "1.0 KB");
        assert_eq!(size(1_300_000), "1.2 MB");
        assert_eq!(size((1 << 30) - 1), "1,023.9 MB");
        assert_eq!(size(3 << 30), "3.0 GB");
    }

    #[test]
    fn a_file_is_saved_under_a_harmless_name() {
        let cases = [
            ("minidump.dmp", "minidump.dmp"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("a\"; filename=\"b.exe", "a__ filename__b.exe"),
            ("\u{202e}gpj.exe\r\nX: y", "_gpj.exe__X_ y"),
            ("...", "attachment"),
        ];
        for (name, saved) in cases {
            assert_eq!(save_as(name), format!("attachment; filename=\"{saved}\"").as_str());
        }
    }
}
