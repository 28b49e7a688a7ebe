//! Tokens that are known by their shape: their makers gave them prefixes so that they are found where they should not be.
//!
//! One automaton for all of them, which goes over a text once, whatever is in it (`regex-automata`; no backtracking). What has
//! no prefix (a key of 32 hexadecimal digits) looks like an id, and is found by the name before it only (`named`).
//!
//! A shape is decided after a bounded number of bytes, however long it may become then: one that waits for something at its
//! end (JSON web tokens do, for their dots) would have the rest of a text looked at again after each find. Those have a finder
//! by hand.

use std::ops::Range;
use std::sync::OnceLock;

use afterword_channel::Secret;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;

/// Each is a whole word.
const SHAPES: &[(&str, Secret)] = &[
    // Amazon: ids of access keys, lasting and of a session. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
    ("(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}", Secret::CloudKey),
    // Google: API keys, OAuth's client secrets and tokens.
    ("AIza[0-9A-Za-z_-]{35}", Secret::CloudKey),
    ("GOCSPX-[0-9A-Za-z_-]{28}", Secret::CloudKey),
    (r"ya29\.[0-9A-Za-z_-]{20,}", Secret::CloudKey),
    // Azure: secrets of applications.
    (r"[0-9A-Za-z_~.]{3}[0-9]Q~[0-9A-Za-z_~.-]{31,34}", Secret::CloudKey),
    // GitHub. <https://github.blog/engineering/behind-githubs-new-authentication-token-formats/>
    ("gh[pousr]_[0-9A-Za-z]{36,}", Secret::AccessToken),
    ("github_pat_[0-9A-Za-z_]{22,}", Secret::AccessToken),
    // GitLab. <https://docs.gitlab.com/security/tokens/>
    (
        "gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[0-9A-Za-z_.-]{20,}",
        Secret::AccessToken,
    ),
    // Slack: tokens, and the addresses of webhooks, which are all that it takes to write there.
    ("xox[abeoprs]-[0-9A-Za-z-]{10,}", Secret::AccessToken),
    ("xapp-[0-9]-[0-9A-Za-z-]{10,}", Secret::AccessToken),
    ("hooks\\.slack\\.com/services/[0-9A-Za-z_/-]{20,}", Secret::AccessToken),
    // Stripe.
    ("[rs]k_(?:live|test)_[0-9A-Za-z]{16,}", Secret::AccessToken),
    ("whsec_[0-9A-Za-z+/=]{24,}", Secret::AccessToken),
    // Registries of packages.
    ("npm_[0-9A-Za-z]{36}", Secret::AccessToken),
    ("pypi-AgEI[0-9A-Za-z_-]{50,}", Secret::AccessToken),
    // Others that people have in programs.
    (r"SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}", Secret::AccessToken),
    ("sk-(?:proj|svcacct|admin|ant)-[0-9A-Za-z_-]{20,}", Secret::AccessToken),
    ("hf_[0-9A-Za-z]{34}", Secret::AccessToken),
    ("do[opr]_v1_[0-9a-f]{64}", Secret::AccessToken),
    ("sntrys_[0-9A-Za-z+/=_-]{40,}", Secret::AccessToken),
    ("sntryu_[0-9a-f]{64}", Secret::AccessToken),
    // What a header says, without the header's name.
    ("(?i:bearer) {1,8}[0-9A-Za-z._~+/-]{16,}=*", Secret::Authorization),
];

/// What stands in each of them. In a short text this is looked for first: most texts have nothing of it, and while an app that
/// crashed waits there need be no automaton.
const TELLTALES: &[&str] = &[
    "AKIA",
    "ASIA",
    "ABIA",
    "ACCA",
    "AIza",
    "GOCSPX-",
    "ya29.",
    "Q~",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gloas-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "glptt-",
    "glft-",
    "glimt-",
    "glagent-",
    "glsoat-",
    "glffct-",
    "xox",
    "xapp-",
    "hooks.slack.com/",
    "k_live_",
    "k_test_",
    "whsec_",
    "npm_",
    "pypi-AgEI",
    "SG.",
    "sk-",
    "hf_",
    "_v1_",
    "sntrys_",
    "sntryu_",
    "earer ",
    "EARER ",
];
/// A longer text is given to the automaton at once.
const SHORT_BYTES: usize = 16 * 1024;

static AUTOMATON: OnceLock<Option<Regex>> = OnceLock::new();

fn build() -> Option<Regex> {
    let patterns: Vec<String> = SHAPES.iter().map(|(shape, _)| format!(r"\b(?:{shape})")).collect();
    let built = Regex::builder()
        // Built when it is first needed, while an app that crashed waits, and kept small.
        .configure(
            Config::new()
                .nfa_size_limit(Some(1 << 20))
                .hybrid_cache_capacity(512 * 1024),
        )
        .syntax(syntax::Config::new().unicode(false).utf8(true))
        .build_many(&patterns);
    built
        .inspect_err(|error| log::error!("no tokens are looked for: {error}"))
        .ok()
}

pub(super) fn find(text: &str, add: &mut impl FnMut(Range<usize>, Secret)) {
    let has_none = || !TELLTALES.iter().any(|telltale| text.contains(telltale));
    if AUTOMATON.get().is_none() && text.len() <= SHORT_BYTES && has_none() {
        return;
    }
    let Some(automaton) = AUTOMATON.get_or_init(build) else {
        return;
    };
    for found in automaton.find_iter(text) {
        let kind = SHAPES[found.pattern().as_usize()].1;
        let mut range = found.range();
        if kind == Secret::Authorization {
            let word = text[range.clone()].find(' ').unwrap_or(0);
            range.start += word
                + text[range.start + word..range.end]
                    .bytes()
                    .take_while(|byte| *byte == b' ')
                    .count();
            if !text[range.clone()].bytes().any(|byte| byte.is_ascii_digit()) {
                continue;
            }
        }
        add(range, kind);
    }
}

/// JSON web tokens, signed (three parts, of which the last may be empty) and encrypted (five): parts of base64 with dots between
/// them, of which the first begins as all JSON does in base64.
pub(super) fn find_web_tokens(text: &str, add: &mut impl FnMut(Range<usize>, Secret)) {
    const MOST_PARTS: usize = 5;
    const PART_BYTES: usize = 8;
    let bytes = text.as_bytes();
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let part = |at: usize| bytes[at..].iter().take_while(|byte| is_base64(byte)).count();
    let mut from = 0;
    while let Some(at) = text[from..].find("eyJ") {
        let start = from + at;
        // Whatever begins within the first part ends where that does, and is none if this is none.
        let mut end = start + part(start);
        from = end;
        let is_word = start > 0 && bytes[start - 1].is_ascii_alphanumeric();
        if is_word || end - start < PART_BYTES || bytes.get(end) != Some(&b'.') || part(end + 1) < PART_BYTES {
            continue;
        }
        for _ in 1..MOST_PARTS {
            if bytes.get(end) != Some(&b'.') {
                break;
            }
            end += 1 + part(end + 1);
        }
        // A full stop behind it.
        end -= usize::from(bytes[end - 1] == b'.');
        from = end;
        add(start..end, Secret::WebToken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_automaton_can_be_built() {
        assert!(build().is_some());
    }

    /// Each shape as text: what is before its first class, group or number.
    #[test]
    fn each_shape_has_a_telltale() {
        let told = |text: &str| TELLTALES.iter().any(|telltale| text.contains(telltale));
        for text in crate::secrets::tests::examples::shaped() {
            assert!(told(&text), "{text}");
        }
        for (shape, _) in SHAPES {
            let alternatives = shape.trim_start_matches("(?:").split(')').next().unwrap_or_default();
            if shape.starts_with("(?:") {
                assert!(alternatives.split('|').all(told), "{shape}");
            }
        }
        let kinds = [
            "pat", "oas", "dt", "rt", "cbt", "ptt", "ft", "imt", "agent", "soat", "ffct",
        ];
        assert!(kinds.iter().all(|kind| told(&format!("gl{kind}-"))));
        assert!("pousr".chars().all(|kind| told(&format!("gh{kind}_"))));
    }
}
