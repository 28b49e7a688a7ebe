//! The release tag of a crate.

/// How much of a commit's hash is told.
const COMMIT_CHARS: usize = 12;

/// `name@version`, and the first of `commits` that looks like one.
#[doc(hidden)]
#[must_use]
pub fn release_name(name: &str, version: &str, commits: [Option<&str>; 4]) -> String {
    let commit = commits
        .into_iter()
        .flatten()
        .map(str::trim)
        .find(|commit| commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
    match commit {
        Some(commit) => {
            // A version may have build metadata of its own.
            let joint = if version.contains('+') { '.' } else { '+' };
            format!("{name}@{version}{joint}{}", &commit[..commit.len().min(COMMIT_CHARS)])
        }
        None => format!("{name}@{version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_is_told_where_it_is_known() {
        let sha = Some("0123456789abcdef0123456789abcdef01234567");
        assert_eq!(release_name("a", "1.2.3", [None; 4]), "a@1.2.3");
        assert_eq!(
            release_name("a", "1.2.3", [None, Some("unknown"), sha, None]),
            "a@1.2.3+0123456789ab"
        );
        assert_eq!(
            release_name("a", "1.2.3+x", [sha, None, None, None]),
            "a@1.2.3+x.0123456789ab"
        );
        assert_eq!(crate::release_name!(), concat!("afterword@", env!("CARGO_PKG_VERSION")));
    }
}
