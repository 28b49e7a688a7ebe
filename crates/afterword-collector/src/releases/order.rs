//! Which of two releases is the newer: by their versions if both have one, else by their dates.
//!
//! A release is named `package@version+build`, `package@version` or `version`, as Sentry's are. A version is two to four
//! numbers with dots between (`1.4`, `1.4.0`, `1.4.0.17`), perhaps with a `v` before, a pre-release behind a `-` and a build
//! behind a `+`; it is compared by the rules of semver, and of two that are equal but for it the build decides. A single
//! number is no version: it may as well be a commit of which all digits happen to be decimal. Versions of different
//! packages do not compare.

use std::cmp::Ordering;

use semver::{BuildMetadata, Prerelease};

/// A longer name has no version in it. Sentry's bound for a release, in bytes.
const MAX_BYTES: usize = 250;

/// A release, as far as its place among others goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dated<'a> {
    /// Its whole name, with the package.
    pub(crate) version: &'a str,
    /// When it was released, else when it was first seen; milliseconds since 1970.
    pub(crate) at: i64,
}

/// A name taken apart. Ordered as versions of one package are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Semver<'a> {
    /// What is before the `@`.
    pub(crate) package: Option<&'a str>,
    /// Major, minor, patch and revision; those that are missing are 0.
    pub(crate) numbers: [u64; 4],
    /// A release comes after all of its pre-releases.
    pub(crate) pre: Prerelease,
    /// Compared as numbers where it is one. Without one comes first.
    pub(crate) build: BuildMetadata,
}

impl<'a> Semver<'a> {
    /// Takes a release's name apart; `None` if there is no version in it.
    pub(crate) fn parse(name: &'a str) -> Option<Self> {
        let name = name.trim();
        if name.len() > MAX_BYTES {
            return None;
        }
        let (package, version) = match name.rsplit_once('@') {
            Some((package, version)) if !package.is_empty() => (Some(package), version),
            Some((_, version)) => (None, version),
            None => (None, name),
        };
        let (rest, build) = split(version, '+');
        let (digits, pre) = split(rest, '-');
        let digits = digits.strip_prefix(['v', 'V']).unwrap_or(digits);
        let mut numbers = [0; 4];
        let mut count = 0;
        for part in digits.split('.') {
            // `parse` would take a sign.
            if !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *numbers.get_mut(count)? = part.parse().ok()?;
            count += 1;
        }
        (count >= 2).then_some(())?;
        Some(Self {
            package,
            numbers,
            pre: Prerelease::new(pre).ok()?,
            build: BuildMetadata::new(build).ok()?,
        })
    }
}

/// How a release stands to another: `Greater` if it is the newer. Meant for two: over more than two it is no order if some
/// have versions and others do not; see [`newest_first`].
pub(crate) fn compare(one: Dated<'_>, other: Dated<'_>) -> Ordering {
    if one.version == other.version {
        return Ordering::Equal;
    }
    match (Semver::parse(one.version), Semver::parse(other.version)) {
        (Some(a), Some(b)) if a.package == b.package => a.cmp(&b).then_with(|| one.at.cmp(&other.at)),
        _ => one.at.cmp(&other.at),
    }
}

/// Whether a release is newer than another.
pub(crate) fn is_newer(one: Dated<'_>, than: Dated<'_>) -> bool {
    compare(one, than) == Ordering::Greater
}

/// Sorts releases, the newest first: by their versions if all have one of the same package, else all by date.
pub(crate) fn newest_first<T>(releases: &mut [T], dated: impl Fn(&T) -> Dated<'_>) {
    let have_versions = {
        let mut parsed = releases.iter().map(|release| Semver::parse(dated(release).version));
        match parsed.next() {
            Some(Some(first)) => parsed.all(|other| other.is_some_and(|other| other.package == first.package)),
            _ => false,
        }
    };
    releases.sort_by(|a, b| {
        let (a, b) = (dated(a), dated(b));
        let by_date = || b.at.cmp(&a.at).then_with(|| b.version.cmp(a.version));
        if have_versions {
            let version = |release: Dated<'_>| {
                Semver::parse(release.version).map(|version| (version.numbers, version.pre, version.build))
            };
            version(b).cmp(&version(a)).then_with(by_date)
        } else {
            by_date()
        }
    });
}

/// A text before and behind the first of this character; what is behind is empty if there is none.
fn split(text: &str, at: char) -> (&str, &str) {
    text.split_once(at).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(version: &str, at: i64) -> Dated<'_> {
        Dated { version, at }
    }

    #[test]
    fn versions_decide_whatever_the_date() {
        // Each is older than the next.
        let rising = [
            "app@0.9",
            "app@1.0.0-alpha",
            "app@1.0.0-alpha.2",
            "app@1.0.0-alpha.10",
            "app@1.0.0-rc.1",
            "app@1.0.0",
            "app@v1.0.0+9",
            "app@1.0+10",
            "app@1.0.0.1",
            "app@1.0.1",
            "app@1.2",
            "app@1.10.0",
            "app@2.0.0-0",
            "app@2.0.0",
            "app@20260102.1",
        ];
        for (older, newer) in rising.iter().zip(&rising[1..]) {
            assert!(is_newer(at(newer, 1), at(older, 2)), "{older} {newer}");
            assert!(!is_newer(at(older, 2), at(newer, 1)), "{older} {newer}");
        }
        assert!(is_newer(at("1.1", 1), at("1.0", 2)), "without a package");
        assert!(
            is_newer(at("@org/app@1.1.0", 1), at("@org/app@1.0.0", 2)),
            "a package with an @"
        );
    }

    #[test]
    fn where_versions_do_not_compare_the_date_decides() {
        let pairs = [
            ("9f3c1e2", "01ab77d"),
            ("app@1.0.0", "tool@2.0.0"),
            ("app@1.0.0", "2.0.0"),
            ("app@1.0.0", "app@nightly"),
            ("1234567", "7654321"),
            ("app@1.0.0-01", "app@2.0.0-01"),
            ("1.+2", "1.3"),
            ("1.2.3.4.5", "1.3"),
            ("1..2", "2.0"),
        ];
        for (one, other) in pairs {
            assert_eq!(compare(at(one, 2), at(other, 1)), Ordering::Greater, "{one} {other}");
            assert_eq!(compare(at(one, 1), at(other, 2)), Ordering::Less, "{one} {other}");
            assert_eq!(compare(at(one, 1), at(other, 1)), Ordering::Equal, "{one} {other}");
        }
        assert_eq!(compare(at("x", 1), at("x", 2)), Ordering::Equal, "the same release");
        assert_eq!(
            compare(at("a@1.0", 1), at("a@1.0.0", 2)),
            Ordering::Less,
            "the same version twice"
        );
        let huge = format!("{}.1", "9".repeat(30));
        assert_eq!(Semver::parse(&huge), None);
        assert_eq!(Semver::parse(&format!("1.{}", "0".repeat(300))), None);
    }

    #[test]
    fn a_list_is_sorted_by_one_rule() {
        let sorted = |names: &[(&'static str, i64)]| {
            let mut list = names.to_vec();
            newest_first(&mut list, |(version, at)| Dated { version, at: *at });
            list.into_iter().map(|(version, _)| version).collect::<Vec<_>>()
        };
        assert_eq!(
            sorted(&[("a@1.0.0", 3), ("a@1.10.0", 1), ("a@1.9.0", 2)]),
            ["a@1.10.0", "a@1.9.0", "a@1.0.0"]
        );
        assert_eq!(
            sorted(&[("a@1.0.0", 3), ("a@1.10.0", 1), ("nightly", 2)]),
            ["a@1.0.0", "nightly", "a@1.10.0"]
        );
        assert_eq!(sorted(&[("a@1.0.0", 1), ("b@0.1.0", 2)]), ["b@0.1.0", "a@1.0.0"]);
        assert_eq!(sorted(&[]), Vec::<&str>::new());
    }
}
