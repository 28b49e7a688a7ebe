//! Names of functions, trimmed to what stays the same between builds.

/// Names longer than this are cut before anything else is done with them: demangled generics have no bound.
const MAX_NAME_BYTES: usize = 4096;

/// Compilers append these to functions they split or clone.
const COMPILER_SUFFIXES: &[&str] = &[
    ".llvm.",
    ".cold",
    ".part.",
    ".constprop.",
    ".isra.",
    ".lto_priv.",
    "@plt",
    "@@",
];

/// What glibc calls its functions where it calls them itself: `__GI___libc_free` is `__libc_free`.
const GLIBC_INTERNAL: &str = "__GI_";

/// The name without return type, arguments, generic arguments, numbers of closures, and what compilers append.
///
/// `void ns::Map<int>::insert(int, char) const` → `ns::Map::insert`;
/// `<app::Shape as core::fmt::Debug>::fmt::h0123456789abcdef` → `<app::Shape as core::fmt::Debug>::fmt`.
pub fn trim(name: &str) -> String {
    let mut name = &name[..name.floor_char_boundary(MAX_NAME_BYTES)];
    for suffix in COMPILER_SUFFIXES {
        if let Some(at) = name.find(suffix).filter(|at| *at > 0) {
            name = &name[..at];
        }
    }
    let name = name.trim();
    trim_path(without_rust_hash(name.strip_prefix(GLIBC_INTERNAL).unwrap_or(name)), 0)
}

fn without_rust_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((rest, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => rest,
        _ => name,
    }
}

/// Names within names (`<<A as B>::C as D>::f`) are trimmed this deep, and kept as they are below.
const MAX_DEPTH: usize = 8;

/// Trims a path; inside the angle brackets of `<A as B>` (`depth` above 0) a space means no return type.
fn trim_path(name: &str, depth: usize) -> String {
    if depth == MAX_DEPTH {
        return name.to_owned();
    }
    let outermost = depth == 0;
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let (eaten, keep) = match first {
            '<' if keeps_brackets(&out, rest) => kept_brackets(rest, depth),
            '<' => {
                let end = group_end(rest, '<', '>');
                while out.ends_with("::") {
                    out.truncate(out.len() - 2);
                }
                (end, String::new())
            }
            '(' if rest.starts_with("(anonymous namespace)") => (21, "(anonymous namespace)".to_owned()),
            '(' if outermost && !out.is_empty() => (arguments_end(rest), String::new()),
            '{' => {
                let end = group_end(rest, '{', '}');
                (end, braces(&rest[..end]))
            }
            '`' => {
                let end = rest.find('\'').map_or(rest.len(), |at| at + 1);
                (end, rest[..end].to_owned())
            }
            ' ' if outermost => {
                // What came before was a return type, or a word such as `static`.
                out.clear();
                (1, String::new())
            }
            'o' if starts_operator(&out, rest) => {
                let end = operator_end(rest);
                (end, rest[..end].to_owned())
            }
            other => (other.len_utf8(), other.to_string()),
        };
        out.push_str(&keep);
        rest = &rest[eaten..];
    }
    out
}

/// `<A as B>` and `<impl A for B>` name the function; `<T>` behind a name does not.
fn keeps_brackets(out: &str, rest: &str) -> bool {
    out.is_empty() || rest.starts_with("<impl ") || out.ends_with([' ', '&'])
}

fn kept_brackets(rest: &str, depth: usize) -> (usize, String) {
    let end = group_end(rest, '<', '>');
    let inner = rest[1..end].strip_suffix('>').unwrap_or(&rest[1..end]);
    (end, format!("<{}>", trim_path(inner, depth + 1)))
}

/// `{{closure}}` and `{closure#3}` → `{closure}`; `{lambda(int)#1}` → `{lambda}`.
fn braces(group: &str) -> String {
    let inner = group.trim_matches(['{', '}']);
    let inner = inner.split(['#', '(']).next().unwrap_or(inner);
    format!("{{{inner}}}")
}

/// How many bytes the arguments take; with them goes what follows (`const`, `[clone]`), unless the path goes on.
fn arguments_end(rest: &str) -> usize {
    let end = group_end(rest, '(', ')');
    let behind = rest[end..].strip_prefix(" const").unwrap_or(&rest[end..]);
    if behind.starts_with("::") {
        rest.len() - behind.len()
    } else {
        rest.len()
    }
}

fn starts_operator(out: &str, rest: &str) -> bool {
    let boundary = !out.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    boundary
        && rest
            .strip_prefix("operator")
            .is_some_and(|tail| !tail.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

/// `operator()`, `operator<<`, `operator new[]`, `operator bool`: up to the arguments.
fn operator_end(rest: &str) -> usize {
    const WORD: usize = "operator".len();
    let from = if rest[WORD..].starts_with("()") { WORD + 2 } else { WORD };
    rest[from..].find('(').map_or(rest.len(), |at| from + at)
}

/// The byte behind the group that `rest` begins with. `->` closes nothing; a group that is not closed takes all.
pub(super) fn group_end(rest: &str, open: char, close: char) -> usize {
    let mut depth = 0usize;
    let mut previous = '\0';
    for (at, char) in rest.char_indices() {
        if char == open {
            depth += 1;
        } else if char == close && !(char == '>' && previous == '-') {
            depth -= 1;
            if depth == 0 {
                return at + char.len_utf8();
            }
        }
        previous = char;
    }
    rest.len()
}
